"""`--param` of searches: ranges as texts."""

from typing import Any

import pytest

import btcore as bt
from btcore.cli.param_ranges import MAX_VALUES, with_ranges


def test_texts_with_a_colon_are_ranges_and_all_else_stays() -> None:
    given = {
        "a": "int:5:50:5",
        "b": "int:5:50",
        "c": "float:0.1:0.5:0.1",
        "d": "float:0:1",
        "e": "log:1e-3:0.1",
        "f": "5:20:5",
        "g": "20:5:-5",
        "h": "-2:3",
        "i": [1, 2],
        "j": "sma",
        "k": 0.5,
        "l": ["15:55"],
    }
    assert with_ranges(given, is_grid=True) == {
        "a": bt.IntRange(5, 50, 5),
        "b": bt.IntRange(5, 50),
        "c": bt.FloatRange(0.1, 0.5, 0.1),
        "d": bt.FloatRange(0, 1),
        "e": bt.LogUniform(0.001, 0.1),
        "f": range(5, 20, 5),
        "g": range(20, 5, -5),
        "h": range(-2, 3),
        "i": [1, 2],
        "j": "sma",
        "k": 0.5,
        "l": ["15:55"],
    }
    assert given["a"] == "int:5:50:5"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("int:5", "'int:5' is not int:LOW:HIGH or int:LOW:HIGH:STEP, as in int:5:50:5"),
        ("int:5:9:1:1", "'int:5:9:1:1' is not int:LOW:HIGH or int:LOW:HIGH:STEP"),
        ("int:5:9.5", "'int:5:9.5' is not int:LOW:HIGH"),
        ("float:a:b", "'float:a:b' is not float:LOW:HIGH or float:LOW:HIGH:STEP, as in float:0.1:0.5:0.1"),
        ("log:1:2:3", "'log:1:2:3' is not log:LOW:HIGH, as in log:0.001:0.1"),
        ("log:0:2", "'log:0:2': low: 0.0 is not above 0"),
        ("int:9:5", "'int:9:5': low: 9 is above high 5"),
        ("float:0:1:2", "'float:0:1:2': step: 2.0 is wider than the range"),
        (
            "1:x",
            "'1:x' is not START:STOP, START:STOP:STEP, int:LOW:HIGH:STEP, float:LOW:HIGH:STEP, log:LOW:HIGH; "
            "a text with a colon is a value in a list, ['1:x']",
        ),
        ("1:9:0", "'1:9:0' is not START:STOP"),
        ("flot:1:2", "(did you mean 'float'?)"),
        (f"0:{MAX_VALUES + 1}", "is more than 1,000,000 values"),
        ("1:100000000000000000000", "is more than 1,000,000 values"),
        (f"int:1:{MAX_VALUES + 1}", "is more than 1,000,000 values"),
        ("float:0:1e9:0.1", "is more than 1,000,000 values"),
    ],
)
def test_what_is_no_range_says_what_is(text: str, message: str) -> None:
    with pytest.raises(bt.ConfigError) as found:
        with_ranges({"speed": text}, is_grid=True)
    assert str(found.value).startswith(f"params.speed: {text!r}")
    assert message in str(found.value)


@pytest.mark.parametrize("text", [f"0:{MAX_VALUES}", f"int:1:{MAX_VALUES}", "float:0:1", "log:1:2"])
def test_as_many_values_as_a_grid_may_have(text: str) -> None:
    with_ranges({"a": text}, is_grid=True)


def test_a_method_that_draws_has_no_limit() -> None:
    found: dict[str, Any] = with_ranges({"a": "0:100000000000"}, is_grid=False)
    assert found == {"a": range(100_000_000_000)}
