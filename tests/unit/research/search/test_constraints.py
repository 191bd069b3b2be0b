"""Constraints of parameter sets: what a text may have, functions, lists, and errors."""

import numpy as np
import pytest

import btcore as bt
from btcore.research.search.constraints import make_constraints

NAMES = ["short_period", "long_period", "kind", "allow_short"]
PARAMS = {"short_period": 5, "long_period": 20, "kind": "sma", "allow_short": True}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("short_period < long_period", True),
        ("  long_period <= short_period * 4\n", True),
        ("short_period >= long_period", False),
        ("2 < short_period < 6 < long_period", True),
        ("2 < short_period < 5", False),
        ("long_period / short_period == 4.0", True),
        ("long_period % 3 == 2 and long_period // 3 == 6", True),
        ("-short_period + +long_period - 15 == 0", True),
        ("kind == 'sma' and not allow_short", False),
        ("kind != 'sma' or (allow_short and short_period > 4)", True),
        ("allow_short", True),
        ("not allow_short", False),
        ("kind == None or True", True),
    ],
)
def test_texts(text, kept):
    assert make_constraints(text, NAMES)(PARAMS) is kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (lambda each: each["short_period"] == 5, True),
        (lambda each: np.bool_(each["short_period"] > 5), False),
        (["short_period > 1", lambda each: each["kind"] == "sma"], True),
        (("short_period > 1", "long_period > 99"), False),
    ],
)
def test_functions_and_lists(given, kept):
    assert make_constraints(given, NAMES)(PARAMS) is kept


@pytest.mark.parametrize("given", [None, [], ()])
def test_no_constraints(given):
    assert make_constraints(given, NAMES) is None


def test_a_function_cannot_change_a_parameter_set():
    params = dict(PARAMS)
    assert make_constraints(lambda each: each.pop("kind") == "sma", NAMES)(params)
    assert params == PARAMS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "shrt_period < 5",
            r"'shrt_period' is no parameter \(did you mean 'short_period'\?\); params has short_p",
        ),
        ("short_period < ", "is not an expression: invalid syntax"),
        ("", "'' is not an expression"),
        ("a = 5", "is not an expression"),
        ("short_period < 5; long_period > 5", "is not an expression"),
        ("max(short_period, 5) < 9", r"'max\(short_period, 5\)' is not allowed"),
        (
            "short_period(5) < 9",
            r"'short_period\(5\)' is not allowed in a constraint, only names of parameters",
        ),
        ("kind.upper() == 'SMA'", r"'kind.upper\(\)' is not allowed"),
        ("short_period.real < 5", "'short_period.real' is not allowed"),
        ("kind[0] == 's'", r"'kind\[0\]' is not allowed"),
        ("kind in ('sma', 'ema')", "is not allowed"),
        ("[short_period][0] < 5", "is not allowed"),
        ("(lambda: True)()", "is not allowed"),
        ("short_period if allow_short else long_period", "is not allowed"),
        ("short_period ** long_period ** long_period > 1", "is not allowed"),
        ("short_period << long_period > 1", "is not allowed"),
        ("f'{kind}' == 'sma'", "is not allowed"),
        ("(short_period := 5) < 9", "is not allowed"),
        ("short_period < 5j", "'5j' is not allowed"),
        ("kind is None", "is not allowed"),
        ("__import__('os') == 1", r"__import__\(.*os.*\). is not allowed"),
        ("not " * 300 + "allow_short", "1211 characters are more than 1000"),
        ("(" * 400 + "1" + ")" * 400 + " < 2", "is not an expression"),
    ],
)
def test_anything_else_in_a_text_is_refused_before_a_run(text, message):
    with pytest.raises(bt.ConfigError, match=f"^constraints: .*{message}"):
        make_constraints(text, NAMES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("short_period + long_period", r"gives 25 for \{'short_period': 5, .*, not True or False"),
        ("short_period / (long_period - 20) > 1", "ZeroDivisionError: division by zero"),
        ("kind * 1000000000 == kind", "TypeError: 'sma' is not a number"),
        ("kind % long_period == ''", "TypeError: 'sma' is not a number"),
        ("kind < short_period", "TypeError"),
        ("-kind == 5", "TypeError: 'sma' is not a number"),
    ],
)
def test_a_text_that_fails_says_for_which_set(text, message):
    with pytest.raises(bt.ConfigError, match=f"^constraints: .*{message}"):
        make_constraints(text, NAMES)(PARAMS)


def test_functions_that_fail_or_give_no_truth():
    def forgot_to_return(each):
        each["short_period"] < each["long_period"]  # noqa: B015

    with pytest.raises(bt.ConfigError, match=r"^constraints\[1\]: forgot_to_return gives None for \{'short"):
        make_constraints(["short_period > 0", forgot_to_return], NAMES)(PARAMS)
    with pytest.raises(
        bt.ConfigError, match=r"^constraints: <lambda> fails for \{'short.*KeyError: 'long'"
    ) as error:
        make_constraints(lambda each: each["long"] > 1, NAMES)(PARAMS)
    assert isinstance(error.value.__cause__, KeyError)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "constraints: 5 is not a text, a function or a list of these"),
        ({"a": 1}, "constraints: {'a': 1} is not a text"),
        (["short_period > 1", 5], r"constraints\[1\]: 5 is not a text or a function"),
        (["short_period > 1", "period > 1"], r"constraints\[1\]: 'period' is no parameter"),
    ],
)
def test_what_is_no_constraint_is_refused(given, message):
    with pytest.raises(bt.ConfigError, match=f"^{message}"):
        make_constraints(given, NAMES)
