"""The grid: its order, values, laziness, constraints; sequences of parameter sets."""

import tracemalloc
from itertools import product

import numpy as np
import pytest

import btcore as bt
from btcore.research.search.method import make_search
from btcore.research.search.space import parameter_sets


def asked(search, n=7):
    """All sets of a search, `n` at a time."""
    sets = []
    while given := search.ask(n):
        assert len(given) <= n
        sets += given
    assert search.ask(n) == []
    return sets


def test_the_last_name_varies_fastest():
    grid = {"a": [3, 1], "b": bt.FloatRange(0.1, 0.3, 0.1), "c": range(2)}
    search = make_search(grid)
    assert (search.n_trials, search.at_most, search.batch, search.goals_needed) == (12, 12, None, False)
    expected = [dict(zip("abc", chosen, strict=True)) for chosen in product([3, 1], [0.1, 0.2, 0.3], [0, 1])]
    assert asked(search) == expected
    assert search.notes == []


def test_texts_numbers_and_mappings_are_one_value_and_numbers_are_those_of_python():
    grid = {
        "weights": {"A": 0.5},
        "schedule": "month",
        "size": np.float64(2),
        "periods": np.arange(2, 4),
        "flags": (True, None),
        "generated": (n * n for n in (1, 2)),
    }
    sets = asked(make_search(grid))
    assert len(sets) == 8
    assert sets[0] == {
        "weights": {"A": 0.5}, "schedule": "month", "size": 2.0, "periods": 2, "flags": True, "generated": 1
    }  # fmt: skip
    assert {(type(each["size"]), type(each["periods"])) for each in sets} == {(float, int)}


def test_equal_values_of_a_list_are_all_played():
    assert asked(make_search({"a": [1, 1], "b": 2})) == [{"a": 1, "b": 2}] * 2


def test_a_grid_without_names_is_one_empty_set():
    assert asked(make_search({})) == [{}]


def test_a_sequence_of_sets_is_played_as_it_is():
    given = [{"a": 1}, {"b": [2]}, {}]
    search = make_search(given)
    sets = asked(search)
    assert (search.n_trials, sets) == (3, given)
    assert sets[0] is not given[0]  # a run cannot change what the caller has
    assert asked(make_search(iter(given))) == given


def test_parameter_sets_are_looked_up_as_in_a_list():
    sets = parameter_sets({"a": range(3), "b": ["x", "y"]})
    assert len(sets) == 6
    assert sets[3] == sets[-3] == {"a": 1, "b": "y"}
    assert sets[1:3] == [{"a": 0, "b": "y"}, {"a": 1, "b": "x"}]
    for index in (6, -7):
        with pytest.raises(IndexError):
            sets[index]


def test_a_million_sets_take_no_memory():
    tracemalloc.start()
    search = make_search({"a": bt.IntRange(1, 1000), "b": bt.FloatRange(0, 999, 1), "c": range(10**6)})
    assert search.n_trials == 10**12
    n = sum(len(search.ask(1000)) for _ in range(20))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n == 20_000
    assert most < 3e6  # bytes; 1,000 sets at a time are 0.4 MB, and the values of `c` alone would be 30


def test_trials_bound_a_grid():
    search = make_search({"a": range(10)}, trials=4)
    assert (search.n_trials, [each["a"] for each in asked(search)]) == (4, [0, 1, 2, 3])
    assert make_search({"a": range(10)}, trials=40).n_trials == 10


def test_sets_that_break_a_constraint_are_left_out_and_counted():
    search = make_search({"short": range(4), "long": range(4)}, constraints="short < long")
    assert (search.n_trials, search.at_most) == (None, 16)
    sets = asked(search)
    assert [(each["short"], each["long"]) for each in sets] == [
        (0, 1),
        (0, 2),
        (0, 3),
        (1, 2),
        (1, 3),
        (2, 3),
    ]
    assert search.left_out == 10
    assert search.notes == ["10 parameter sets of the grid break a constraint"]


def test_constraints_of_a_sequence_of_sets():
    search = make_search([{"a": 1, "b": 2}, {"a": 3, "b": 2}], constraints="a < b")
    assert asked(search) == [{"a": 1, "b": 2}]
    with pytest.raises(bt.ConfigError, match=r"constraints: 'a < b' fails for {'a': 1}: .*'b'"):
        make_search([{"a": 1}, {"b": 2}], constraints="a < b")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"a": []}, "params.a: the list of values is empty"),
        ({"a": range(0)}, "params.a: the list of values is empty"),
        ({1: [2]}, "params: the name 1 is not a string"),
        ([], "params: the sequence of parameter sets is empty"),
        ([3], r"params\[0\]: 3 is not a mapping"),
        ([{}, {1: 2}], r"params\[1\]: the name 1 is not a string"),
        ("short", "params: 'short' is not a mapping of names to values or a sequence of parameter sets"),
        (None, "params: None is not a mapping of names to values or a sequence of parameter sets"),
        (
            {"a": bt.FloatRange(0, 1)},
            r"params.a: a grid needs values, and FloatRange\(.*; give it a step, or",
        ),
        (
            {"a": bt.LogUniform(1, 9)},
            r"params.a: a grid needs values, and LogUniform\(.*; give a list of values",
        ),
    ],
)
def test_what_is_no_grid_is_refused(params, message):
    with pytest.raises(bt.ConfigError, match=f"^{message}"):
        make_search(params)


def test_a_grid_may_have_more_sets_than_a_length_can_say():
    space = {f"p{i}": bt.IntRange(0, 9) for i in range(100)}
    search = make_search(space, trials=11)
    sets = search.ask(100)
    assert [each["p99"] for each in sets] == [*range(10), 0]
    assert [each["p98"] for each in sets] == [0] * 10 + [1]
    assert make_search(space).at_most == 10**100
