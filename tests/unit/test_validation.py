"""Messages of invalid values: the place with every key, the value, and what is allowed."""

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore.config import Execution, FxRates
from btcore.errors import ConfigError
from btcore.validation import LONGEST_VALUE, checked, fault

Share = Annotated[float, msgspec.Meta(ge=0, lt=1)]


class Leaf(msgspec.Struct, forbid_unknown_fields=True):
    share: Share = 0.0
    steps: list[tuple[str, float]] = []

    def __post_init__(self) -> None:
        if self.share == 0.5:
            raise ValueError("share: 0.5 is odd")


class Tree(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    leaves: dict[str, dict[str, Leaf]] = {}
    mode: Literal["fast", "slow"] | None = None


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (1, Share, "it: 1 is not below 1"),
        (-0.5, Share, "it: -0.5 is not at least 0"),
        ("1", Share, "it: '1' is not a number"),
        (np.float64("nan"), Share, "it: nan is not a finite number"),
        ({"a": 0.1, "b": 1.5}, dict[str, Share], "it['b']: 1.5 is not below 1"),
        ({"a": {"b": [0.1, {"c": 7}]}}, dict[str, dict[str, list[Any]]], None),
        ({"a": [[1], ["x"]]}, dict[str, list[list[int]]], "it['a'][1][0]: 'x' is not a whole number"),
        ({"a": 1, 2: 1}, dict[str, int], "it[2]: 2 is not a string"),
        ({"name": "n", "mode": "idle"}, Tree, "it.mode: 'idle' is not one of fast, slow"),
        ({"name": "n", "mode": 3}, Tree, "it.mode: 3 is not a string or null"),
        ({"mode": "fast"}, Tree, "it.name: is required"),
        ({"name": "n", "size": 1}, Tree, "it.size: unknown field; choose from name, leaves, mode"),
        ({"name": "n", "leaves": {"x": {}, "y": {"z": 1}}}, Tree, "it.leaves['y']['z']: 1 is not a mapping"),
        ({"name": "", "leaves": {"x": {"z": {"share": 0.5}}}}, Tree, "it.leaves['x']['z'].share: 0.5 is odd"),
        (
            {"name": "n", "leaves": {"x": {"z": {"steps": [["t", 1], ["t"]]}}}},
            Tree,
            "it.leaves['x']['z'].steps[1]: length 1 is not 2",
        ),
        ([], Tree, "it: [] is not a mapping"),
        (b"x", Tree, "it: b'x' is not a mapping"),
    ],
)  # fmt: skip
def test_the_message(value: Any, kind: Any, message: str | None) -> None:
    if message is None:
        assert checked("it", value, kind) == value
        return
    with pytest.raises(ConfigError) as caught:
        checked("it", value, kind)
    assert str(caught.value) == message


def test_without_a_place_the_message_begins_with_the_field() -> None:
    for value, message in (({"name": 1}, "name: 1 is not a string"), (5, "5 is not a mapping")):
        with pytest.raises(ConfigError) as caught:
            checked("", value, Tree)
        assert str(caught.value) == message


def test_a_long_value_is_cut() -> None:
    with pytest.raises(ConfigError) as caught:
        checked("it", "x" * 1000, float)
    assert str(caught.value) == f"it: {repr('x' * 1000)[: LONGEST_VALUE - 3]}... is not a number"


def test_a_struct_made_in_python_is_checked() -> None:
    with pytest.raises(ConfigError, match=r"^it\.leaves\['a'\]\['b'\]\.share: 2.0 is not below 1$"):
        checked("it", Tree(name="n", leaves={"a": {"b": Leaf(share=2.0)}}), Tree)
    assert checked("it", Tree(name="n"), Tree) == Tree(name="n")


@given(
    st.dictionaries(st.text(max_size=4), st.floats(0, 0.9), max_size=8),
    st.text(max_size=4),
    st.sampled_from([-1, 1, "x", None]),
)
def test_the_key_at_fault_is_named(values: dict[str, Any], key: str, bad: Any) -> None:
    values = {**values, key: bad}
    text = msgspec.json.encode(values)
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(text, type=dict[str, Share])
    assert fault(caught.value, values, dict[str, Share]).startswith(f"[{key!r}]: {bad!r} is not ")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({-1: 1.0}, r"fx\[-1\]: -1 is not a string"),
        ({"EUR": {1}}, r"fx\['EUR'\]\[0\]: 1 is not a list"),
        ({"EUR": np.array([1.0, 2.0])}, r"fx\['EUR'\]\[0\]: 1.0 is not a list"),
        ([np.array([None, 1], object)], "fx: .* is not a mapping"),
    ],
)
def test_sets_arrays_and_keys_of_any_type(value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        checked("fx", value, FxRates)


@pytest.mark.parametrize(
    "fields",
    [
        {"cash_rate": [("2024-01-02",)]},
        {"latency_ms": [("2024-01-02", "x")]},
        {"commission_min": "a", "commission_max": 1.0},
        {"commission_tiers": [1, 2]},
        {"commission_tiers": None},
        {"cash_rate": {1, 2}},
    ],
)
def test_a_struct_made_in_python_may_hold_any_type_until_it_is_checked(fields: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=f"execution.{next(iter(fields))}"):
        checked("execution", Execution(**fields), Execution)


def test_a_number_that_is_not_finite_is_refused_at_once() -> None:
    with pytest.raises(ConfigError, match="slippage_bps: nan is not a finite number"):
        Execution(slippage_bps=float("nan"))
