"""A function that `bt.compiled` refuses: the error names it, the file, the line, and what is allowed."""

import re
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import btcore as bt

HERE = Path(__file__)
STATE = {"last": 0, "mean": 0.0, "long": False, "seen": np.zeros(3)}


class Thing:
    size = 3


thing, table = Thing(), {"a": 1}


def helper(event: Any) -> Any:
    return event.close


@numba.njit  # type: ignore[untyped-decorator]
def compiled_helper(event: Any) -> Any:
    return event.clsoe  # in a helper


def unknown_field(state: Any, event: Any, account: Any) -> None:
    state.mean = event.clos  # here


def unknown_state(state: Any, event: Any, account: Any) -> None:
    state.maen = 1.0  # here


def unknown_method(state: Any, event: Any, account: Any) -> None:
    account.order_targett(event.symbol, 1.0)  # here


def other_kind(state: Any, event: Any, account: Any) -> None:
    state.mean = event.bid  # here


def symbol_name(state: Any, event: Any, account: Any) -> None:
    account.buy("AAPL", 1.0)  # here


def unknown_side(state: Any, event: Any, account: Any) -> None:
    account.send(event.symbol, "byu", 1.0)  # here


def unknown_lifetime(state: Any, event: Any, account: Any) -> None:
    account.send(event.symbol, "buy", 1.0, time_in_force="IOCC")  # here


def unknown_term(state: Any, event: Any, account: Any) -> None:
    account.buy(event.symbol, 1.0, limt=3.0)  # here


def no_quantity(state: Any, event: Any, account: Any) -> None:
    account.buy(event.symbol)  # here


def sets_parameter(state: Any, event: Any, account: Any) -> None:
    state.period = 3  # here


def sets_event(state: Any, event: Any, account: Any) -> None:
    event.close = 3.0  # here


def sets_account(state: Any, event: Any, account: Any) -> None:
    account.cash = 3.0  # here


def cuts_off(state: Any, event: Any, account: Any) -> None:
    state.last = event.close  # here


def sets_text(state: Any, event: Any, account: Any) -> None:
    state.mean = "long"  # here


def sets_array(state: Any, event: Any, account: Any) -> None:
    state.seen = 3.0  # here


def python_object(state: Any, event: Any, account: Any) -> None:
    state.last = thing.size  # here


def python_dict(state: Any, event: Any, account: Any) -> None:
    state.last = table["a"]  # here


def python_function(state: Any, event: Any, account: Any) -> None:
    state.mean = helper(event)  # here


def fault_in_helper(state: Any, event: Any, account: Any) -> None:
    state.mean = compiled_helper(event)


def undefined(state: Any, event: Any, account: Any) -> None:
    state.mean = event.close + thingg  # type: ignore[name-defined]  # noqa: F821  # here


def adds_text(state: Any, event: Any, account: Any) -> None:
    state.mean = event.close + "a"  # here


def two_types(state: Any, event: Any, account: Any) -> None:
    value = 1 if event.close > 1.0 else "a"
    account.buy(event.symbol, value)


def imports(state: Any, event: Any, account: Any) -> None:
    import math  # here

    state.mean = math.sqrt(event.close)


def opens_file(state: Any, event: Any, account: Any) -> None:
    with open("x") as file:  # noqa: PTH123
        file.write("x")


def formats(state: Any, event: Any, account: Any) -> None:
    print(f"{event.close:.2f}")  # here


def returns(state: Any, event: Any, account: Any) -> int:
    return 0


def yields(state: Any, event: Any, account: Any) -> Any:
    yield 1


ALLOWED = "; compiled code has numbers, arrays, its three arguments, and functions of btcore.jit, math, numpy"
CASES = [
    (unknown_field, "event.clos: there is no such field, only timestamp, open, .*; did you mean 'close'?"),
    (unknown_state, "state.maen: there is no such field, only period, last, .*; did you mean 'mean'?"),
    (unknown_method, "account.order_targett: .* only cash, equity, .*; did you mean 'order_target'?"),
    (other_kind, "event.bid: a field of quotes, and the events of this strategy are bars; choose .* events="),
    (symbol_name, "account.buy: a symbol is its number .*, not 'AAPL'; event.symbol is that of the event"),
    (unknown_side, "account.send: side: 'byu' is not buy, sell; did you mean 'buy'?"),
    (unknown_lifetime, "account.send: time_in_force: 'IOCC' is not GTC, .*; did you mean 'IOC'?"),
    (unknown_term, "account.buy: got an unexpected keyword argument 'limt'"),
    (no_quantity, "account.buy: missing a required argument: 'quantity'"),
    (sets_parameter, "state.period is a parameter, which cannot be set; state= declares fields that can"),
    (sets_event, "event.close cannot be set; a strategy sets fields of its state"),
    (sets_account, "account.cash cannot be set; a strategy sets fields of its state"),
    (cuts_off, "state.last starts as a whole number or a flag, and the decimal number .* such as 0.0"),
    (sets_text, "state.mean is a number, float64, and is set to a text"),
    (sets_array, r"state.seen is an array: set its elements, state.seen\[i\] or state.seen\[:\]"),
    (python_object, r"thing is a Python object of type .*\.Thing, which compiled code cannot use" + ALLOWED),
    (python_dict, "table is a Python object of type dict, which compiled code cannot use" + ALLOWED),
    (python_function, "helper is a function of Python; decorate it with @numba.njit" + ALLOWED),
    (undefined, "the name 'thingg' is not defined" + ALLOWED),
    (adds_text, r"Numba has no add\(float64, 'a'\)" + ALLOWED),
    (imports, "it imports a module; import it above the function" + ALLOWED),
    # Python 3.13 has an instruction of its own for it.
    (formats, r"(format spec in f-strings not supported yet|.*\(FORMAT_WITH_SPEC\) found)" + ALLOWED),
]


def line_of(mark: str, after: int) -> tuple[int, str]:
    """The first line from `after` on that ends with a comment: its number and text."""
    lines = HERE.read_text().splitlines()
    number = next(i for i, line in enumerate(lines, 1) if i >= after and line.endswith(f"# {mark}"))
    return number, lines[number - 1].strip()


def refusal(function: Any) -> bt.ConfigError:
    with pytest.raises(bt.ConfigError) as caught:
        bt.compiled(period=10, state=STATE)(function)
    return caught.value


@pytest.mark.parametrize(("function", "reason"), CASES, ids=[function.__name__ for function, _ in CASES])
def test_the_error_names_the_line_and_the_reason(function: Any, reason: str) -> None:
    error = refusal(function)
    number, text = line_of("here", function.__code__.co_firstlineno)
    begin = f"strategy {function.__name__} ({HERE.name}, line {number}: {text}): "
    assert str(error).startswith(begin)
    assert re.match(reason.replace("?", r"\?"), str(error)[len(begin) :]), str(error)
    assert "\n" not in str(error)
    assert isinstance(error.__cause__, Exception)


def test_a_fault_in_a_helper_has_the_line_of_the_helper() -> None:
    number, text = line_of("in a helper", 1)
    assert str(refusal(fault_in_helper)).startswith(
        f"strategy fault_in_helper ({HERE.name}, line {number}: {text}): event.clsoe: there is no such field"
    )


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (two_types, r"a value is (1|'a') on one path and (1|'a') on another"),
        (opens_file, r"The 'with \(context manager\) as \(variable\):' construct is not supported"),
        (returns, r"it returns or yields a value; a strategy returns nothing"),
        (yields, r"it returns or yields a value; a strategy returns nothing"),
    ],
)
def test_other_errors_name_the_function_and_the_reason(function: Any, reason: str) -> None:
    pattern = rf"^strategy {function.__name__} \({HERE.name}, line \d+.*\): .*{reason}"
    with pytest.raises(bt.ConfigError, match=pattern):
        bt.compiled(period=10, state=STATE)(function)


def two(state: Any, event: Any) -> None: ...
def four(state: Any, event: Any, account: Any, period: Any) -> None: ...
def default(state: Any, event: Any, account: Any = None) -> None: ...
def starred(*arguments: Any) -> None: ...


@pytest.mark.parametrize("function", [two, four, default, starred])
def test_functions_of_other_arguments_are_refused(function: Any) -> None:
    message = (
        rf"^strategy {function.__name__} \({HERE.name}, line {function.__code__.co_firstlineno}\): it takes "
        r"\(.*\)( -> None)?, not \(state, event, account\); parameters are given to the decorator"
    )
    with pytest.raises(bt.ConfigError, match=message):
        bt.compiled(function)


def plain(state: Any, event: Any, account: Any) -> None: ...


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"period": "ten"},
            r"^strategy plain.period: 'ten' is not a number, as parameters are; other options",
        ),
        ({"period": None}, r"^strategy plain.period: None is not a number"),
        ({"period": np.zeros(3)}, r"^strategy plain.period: array\(.*\) is not a number"),
        ({"period": 2**63}, r"^strategy plain.period: 9223372036854775808 does not fit into 64 bits"),
        ({"state": {"a": "x"}}, r"^strategy plain.state.a: 'x' is not a number"),
        ({"state": {"a": [1.0]}}, r"^strategy plain.state.a: \[1.0\] is not a number"),
        ({"state": {"a": np.zeros((2, 2))}}, r"state.a: an array of float64 of shape \(2, 2\) is not one of"),
        ({"state": {"a": np.zeros(0)}}, r"state.a: an array of float64 of shape \(0,\) is not one of"),
        ({"state": {"a": np.array(["x"])}}, r"state.a: an array of <U1 of shape \(1,\) is not one of"),
        ({"state": 3}, r"^strategy plain.state: 3 does not map names to numbers and arrays"),
        ({"state": {"a b": 1}}, r"^strategy plain.state: 'a b' is not a name of Python"),
        ({"state": {"if": 1}}, r"^strategy plain.state: 'if' is not a name of Python"),
        ({"a": 1, "state": {"a": 1}}, r"^strategy plain.state.a: a parameter has that name"),
        ({"a": 1, "state": lambda b: {"c": b}}, r"state: its function takes 'b'; the parameters are a$"),
        (
            {"evnts": "quotes"},
            r"^strategy plain.evnts: 'quotes' .*; other options are events, state",
        ),
        ({"events": "ticks"}, r"^strategy.events: unknown 'ticks'; choose from quotes, trades, bars"),
        ({"events": []}, r"^strategy.events: none given"),
    ],
)
def test_invalid_options_are_refused(options: Any, message: str) -> None:
    with pytest.raises(bt.ConfigError, match=message):
        bt.compiled(**options)(plain)


@pytest.mark.parametrize("given", [3, "cross", Thing, thing])
def test_what_is_no_function_is_refused(given: Any) -> None:
    with pytest.raises(
        bt.ConfigError, match=r"is not a function of \(state, event, account\); parameters have"
    ):
        bt.compiled(given)


def test_a_state_whose_types_follow_from_parameters_is_refused() -> None:
    made = bt.compiled(n=1, state=lambda n: {"a": 0.0} if n == 1 else {"a": 0})(plain)
    with pytest.raises(bt.ConfigError, match=r"with \{'n': 2\} its state has other fields or types"):
        made(n=2)


def test_a_function_that_is_async_and_a_state_that_fails_are_refused() -> None:
    async def later(state: Any, event: Any, account: Any) -> None: ...

    with pytest.raises(bt.ConfigError, match="it is async, not a function"):
        bt.compiled(later)  # type: ignore[arg-type]

    def plain(state: Any, event: Any, account: Any) -> None: ...

    with pytest.raises(
        bt.ConfigError, match="state: its function raises ZeroDivisionError: division by zero"
    ):
        bt.compiled(p=1, state=lambda p: {"x": 1 / 0})(plain)
    with pytest.raises(bt.ConfigError, match="state: its function returns None, not a mapping"):
        bt.compiled(p=1, state=lambda p: None)(plain)  # type: ignore[arg-type, return-value]
