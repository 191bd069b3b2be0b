"""Spaces as JSON: `space_of`, its errors by path, `describe` as its inverse."""

import json
import re

import numpy as np
import pytest

import btcore as bt
from btcore.research.search.documents import describe, space_of

PARAMETERS = [
    {"name": "size", "kind": "float_range", "low": 0.5, "high": 2},
    {"name": "threshold", "kind": "float_range", "low": 0, "high": 0.1, "step": 0.02},
    {"name": "short_period", "kind": "int_range", "low": 5, "high": 50},
    {"name": "long_period", "kind": "int_range", "low": 20, "high": 200, "step": 20},
    {"name": "rate", "kind": "log_uniform", "low": 1e-4, "high": 1},
    {"name": "kind", "kind": "choice", "values": ["sma", "ema", None, {"a": [1]}]},
]
SPACE = {
    "size": bt.FloatRange(0.5, 2),
    "threshold": bt.FloatRange(0, 0.1, 0.02),
    "short_period": bt.IntRange(5, 50),
    "long_period": bt.IntRange(20, 200, 20),
    "rate": bt.LogUniform(1e-4, 1),
    "kind": bt.Choice(["sma", "ema", None, {"a": [1]}]),
}


def test_a_list_of_parameters_is_a_space():
    space = space_of(json.loads(json.dumps(PARAMETERS)))
    assert space == SPACE
    assert list(space) == list(SPACE)


def test_null_is_what_is_not_given_and_a_fraction_of_zero_is_a_whole_number():
    given = {"name": "n", "kind": "int_range", "low": 5.0, "high": 9.0, "step": None, "values": None}
    assert space_of([given]) == {"n": bt.IntRange(5, 9)}
    given = {"name": "n", "kind": "choice", "low": None, "high": None, "step": None, "values": [1]}
    assert space_of([given]) == {"n": bt.Choice([1])}


def test_a_space_and_its_description_are_inverse():
    described = json.loads(json.dumps(describe(SPACE)))
    assert space_of(described) == SPACE
    assert describe(space_of(described)) == described


def test_plain_values_are_described_too():
    space = {
        "a": range(5, 50, 10),
        "b": range(3, 0, -1),
        "c": np.array([0.5, 1.5]),
        "d": "month",
        "e": (n for n in (1, 2, 2)),
        "f": range(7, 8),
    }
    assert space_of(describe(space)) == {
        "a": bt.IntRange(5, 45, 10),
        "b": bt.Choice([3, 2, 1]),
        "c": bt.Choice([0.5, 1.5]),
        "d": bt.Choice(["month"]),
        "e": bt.Choice([1, 2]),
        "f": bt.Choice([7]),
    }


@pytest.mark.parametrize(
    ("at", "changes", "message"),
    [
        (2, {"low": 60}, "[2].low: 60 is above high 50"),
        (2, {"low": "5"}, "[2].low: '5' is not a whole number"),
        (2, {"low": 5.5}, "[2].low: 5.5 is not a whole number"),
        (2, {"step": 46}, "[2].step: 46 is wider than the range from 5 to 50"),
        (2, {"low": None}, "[2].low: is required"),
        (2, {"values": [1]}, "[2].values: unknown field; choose from low, high, step"),
        (0, {"high": True}, "[0].high: True is not a number"),
        (0, {"high": float("inf")}, "[0].high: inf is not a finite number"),
        (0, {"high": 0}, "[0].low: 0.5 is above high 0.0"),
        (0, {"hgh": 1}, "[0].hgh: unknown field (did you mean 'high'?); choose from low, high, step"),
        (4, {"low": 0}, "[4].low: 0.0 is not above 0, where logarithms are defined"),
        (4, {"step": 1}, "[4].step: unknown field; choose from low, high"),
        (5, {"values": []}, "[5].values: the list is empty"),
        (5, {"values": None}, "[5].values: is required"),
        (5, {"values": "sma"}, "[5].values: 'sma' is not a list"),
        (5, {"values": [1, 2, 1]}, "[5].values[2]: 1 is there already, as values[0]"),
        (1, {"kind": "floatrange"}, "[1].kind: 'floatrange' is not one of float_range, int_range, log_unif"),
        (1, {"kind": None}, "[1].kind: is required"),
        (1, {"kind": ["choice"]}, "[1].kind: ['choice'] is not one of"),
        (1, {"name": "size"}, "[1].name: 'size' is that of search_space.parameters[0] too"),
        (1, {"name": 5}, "[1].name: 5 is not a name"),
        (1, {"name": ""}, "[1].name: '' is not a name"),
        (1, {"name": None}, "[1].name: is required"),
    ],
)  # fmt: skip
def test_a_fault_has_its_path(at, changes, message):
    parameters = [dict(each) for each in PARAMETERS]
    parameters[at] |= changes
    with pytest.raises(bt.ConfigError, match=f"^{re.escape('search_space.parameters' + message)}"):
        space_of(parameters)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "a"}, "space: {'name': 'a'} is not a list of parameters"),
        ([], "space: the list is empty"),
        ([5], "space[0]: 5 is not a mapping of name, kind and what the kind has"),
    ],
)
def test_what_is_no_list_of_parameters_is_refused(given, message):
    with pytest.raises(bt.ConfigError, match=f"^{re.escape(message)}"):
        space_of(given, "space")


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"a": [print]}, "params.a: cannot be written as JSON"),
        ({"a": []}, "params.a: the list of values is empty"),
        ([{"a": 1}], "params: .* is not a mapping"),
    ],
)
def test_what_json_cannot_hold_is_refused(space, message):
    with pytest.raises(bt.ConfigError, match=f"^{message}"):
        describe(space)
