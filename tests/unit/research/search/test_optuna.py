"""method "optuna": learning, determinism, batches, several goals, and what has no result."""

import logging
import re
import subprocess
import sys

import numpy as np
import optuna
import pytest

import btcore as bt
from btcore.research.search import adaptive
from btcore.research.search.adaptive import is_ordered
from btcore.research.search.draws import random_points
from btcore.research.search.method import make_search

SPACE = {
    "x": bt.FloatRange(-5, 5),
    "rate": bt.LogUniform(1e-4, 1),
    "k": bt.IntRange(0, 98, 2),
    "kind": ["sma", "ema", None],
    "fixed": 3,
}


def loss(params):
    """0 at its least, at x = 1, rate = 0.01, k = 34 and kind = "ema"."""
    near = (params["x"] - 1) ** 2 + np.log10(params["rate"] / 0.01) ** 2 + ((params["k"] - 34) / 20) ** 2
    return near + (params["kind"] != "ema")


def played(search, objectives, n=5):
    """All trials of a search, asked `n` at a time and told as soon as they are asked."""
    trials = []
    while sets := search.ask(n):
        told = [(params, objectives(params)) for params in sets]
        search.tell(told)
        trials += told
    return trials


def optimize(space, objectives, trials, *, seed=0, method="optuna", directions=("minimize",), **terms):
    search = make_search(space, method, trials=trials, seed=seed, directions=directions, **terms)
    return played(search, objectives)


@pytest.mark.parametrize(("sign", "direction"), [(1, "minimize"), (-1, "maximize")])
def test_optuna_comes_nearer_to_the_optimum_than_random_draws(sign, direction):
    def signed(params):
        return [sign * loss(params)]

    best = {
        method: [
            min(sign * goals[0] for _, goals in optimize(
                SPACE, signed, 160, seed=seed, method=method, directions=[direction]
            ))
            for seed in range(4)
        ]
        for method in ("optuna", "random")
    }  # fmt: skip
    assert np.median(best["optuna"]) < 0.05 * np.median(best["random"])
    assert np.median(best["optuna"]) < 0.05


def test_values_are_plain_and_within_their_ranges():
    trials = optimize(SPACE, lambda params: [loss(params)], 60)
    assert len(trials) == 60
    for params, _ in trials:
        assert list(params) == list(SPACE)
        assert (type(params["x"]), type(params["rate"]), type(params["k"])) == (float, float, int)
        assert -5 <= params["x"] <= 5
        assert 1e-4 <= params["rate"] <= 1
        assert params["k"] in range(0, 99, 2)
        assert params["kind"] in SPACE["kind"]
        assert params["fixed"] == 3


@pytest.mark.parametrize("goals", [1, 2])
def test_the_trials_do_not_depend_on_how_many_are_asked_or_told_at_a_time(goals):
    def objectives(params):
        return [loss(params), params["x"]][:goals]

    def sets(n, seed=7):
        directions = ["minimize"] * goals
        search = make_search(SPACE, "optuna", trials=70, seed=seed, directions=directions)
        return [params for params, _ in played(search, objectives, n)]

    expected = sets(1)
    assert len(expected) == 70
    assert sets(3) == sets(16) == sets(1000) == expected
    assert sets(16, seed=8) != expected


def test_the_seed_is_that_of_the_first_draws_and_of_optuna(monkeypatch):
    def sets(seed):
        return [params for params, _ in optimize(SPACE, lambda params: [loss(params)], 32, seed=seed)]

    assert not any(params in sets(1)[:16] for params in sets(2)[:16])
    monkeypatch.setattr(adaptive, "random_points", lambda space, _: random_points(space, 0))
    assert sets(1)[:16] == sets(2)[:16]
    assert sets(1)[16:] != sets(2)[16:]


def test_the_trials_depend_on_results_from_the_second_batch_on():
    up = [params for params, _ in optimize(SPACE, lambda params: [params["x"]], 48)]
    down = [params for params, _ in optimize(SPACE, lambda params: [-params["x"]], 48)]
    assert up[:16] == down[:16]
    assert not any(params in down for params in up[16:])
    assert np.mean([params["x"] for params in up[32:]]) < np.mean([params["x"] for params in down[32:]]) - 2


def test_a_batch_is_asked_before_its_results_and_ends_there():
    search = make_search(SPACE, "optuna", trials=20)
    assert (search.batch, search.goals_needed, search.n_trials) == (16, True, 20)
    first, second = search.ask(10), search.ask(10)
    assert (len(first), len(second)) == (10, 6)
    with pytest.raises(RuntimeError, match="ask: 16 results of the batch have not been told"):
        search.ask(1)
    search.tell([(params, [1.0]) for params in first + second[:5]])
    with pytest.raises(RuntimeError, match="ask: 1 results of the batch have not been told"):
        search.ask(1)
    search.tell([(second[5], None)])
    last = search.ask(100)
    assert len(last) == 4
    search.tell([(params, [1.0]) for params in last])
    assert search.ask(100) == []


def test_a_batch_of_another_size():
    search = make_search(SPACE, "optuna", trials=20, batch=3)
    assert (search.batch, len(search.ask(100))) == (3, 3)


def test_results_are_told_in_the_order_of_asking():
    search = make_search(SPACE, "optuna", trials=20)
    first, second, *_ = search.ask(5)
    with pytest.raises(ValueError, match=r"tell: .* is not the next in order"):
        search.tell([(second, [1.0])])
    search.tell([(first, [1.0])])
    with pytest.raises(ValueError, match=r"tell: .* is not the next in order"):
        search.tell([(first, [1.0])])
    with pytest.raises(ValueError, match="tell: 2 objectives for 1 directions"):
        search.tell([(second, [1.0, 2.0])])


def test_what_was_not_asked_cannot_be_told():
    search = make_search(SPACE, "optuna", trials=20)
    with pytest.raises(ValueError, match=r"tell: .* was told already, or was not asked"):
        search.tell([({"x": 1.0}, [1.0])])


def zdt1(params):
    """Of Zitzler, Deb and Thiele: the best for both are x1 to x5 = 0, where f2 = 1 - sqrt(f1)."""
    first, *others = params.values()
    g = 1 + 9 * sum(others) / len(others)
    return [first, g * (1 - (first / g) ** 0.5)]


def dominated_area(goals, corner=(1.1, 8.0)):
    area, lowest = 0.0, corner[1]
    for first, second in sorted(goals):
        if second < lowest:
            area += (corner[0] - first) * (lowest - second)
            lowest = second
    return area


def test_several_goals_dominate_more_than_random_draws():
    space = {f"x{i}": bt.FloatRange(0, 1) for i in range(4)}
    areas = {
        method: [
            dominated_area(
                goals
                for _, goals in optimize(
                    space, zdt1, 96, seed=seed, method=method, directions=["minimize"] * 2
                )
            )
            for seed in range(2)
        ]
        for method in ("optuna", "random")
    }
    assert min(areas["optuna"]) > max(areas["random"]) + 0.3


def test_several_goals_in_both_directions():
    def objectives(params):
        return [params["x"], params["k"]]

    trials = optimize(SPACE, objectives, 96, directions=["maximize", "minimize"])
    late = [goals for _, goals in trials[48:]]
    assert np.mean([first for first, _ in late]) > 1.5  # the range is -5 to 5
    assert np.mean([second for _, second in late]) < 35  # the range is 0 to 98


@pytest.mark.parametrize("missing", [None, [None], [float("nan")], [float("-inf")], [np.float64("nan")]])
def test_sets_without_a_result_are_avoided(missing):
    """They are half of the space."""
    space = {"a": bt.IntRange(0, 400), "b": bt.IntRange(0, 400)}

    def objectives(params):
        return [1.0] if params["a"] < params["b"] else missing

    lost = [goals is missing for _, goals in optimize(space, objectives, 128)]
    assert len(lost) == 128
    assert np.mean(lost[:16]) > 0.4
    assert np.mean(lost[64:]) < 0.2


@pytest.mark.parametrize("goals", [1, 2])
def test_a_search_in_which_nothing_has_a_result_goes_on(goals):
    trials = optimize(SPACE, lambda _: None, 50, directions=["maximize"] * goals)
    assert len(trials) == 50


def test_one_of_several_objectives_that_is_undefined():
    trials = optimize(SPACE, lambda params: [params["x"], None], 40, directions=["maximize"] * 2)
    assert len(trials) == 40


def test_a_space_without_a_continuum_is_exhausted_without_a_repeat():
    space = {"a": bt.IntRange(1, 6), "b": [1, True, "x", {"y": [2]}], "c": bt.FloatRange(0, 0.3, 0.1)}
    search = make_search(space, "optuna", trials=200)
    assert (search.n_trials, search.at_most) == (96, 96)
    trials = played(search, lambda params: [params["a"]])
    assert len({repr(params) for params, _ in trials}) == len(trials) == 96
    assert search.notes == ["the space has only 96 parameter sets that fit, of 200 trials"]


def test_constraints_hold_for_every_set():
    search = make_search(SPACE, "optuna", trials=60, constraints=["x < 0", "k > 50 or kind == 'sma'"])
    trials = played(search, lambda params: [loss(params)])
    assert len(trials) == 60
    assert all(p["x"] < 0 and (p["k"] > 50 or p["kind"] == "sma") for p, _ in trials)
    assert search.left_out > 0


def test_a_constrained_space_is_exhausted():
    search = make_search({"a": range(6), "b": range(6)}, "optuna", trials=36, constraints="a < b")
    assert search.n_trials is None
    pairs = [(params["a"], params["b"]) for params, _ in played(search, lambda params: [params["a"]])]
    assert sorted(pairs) == [(a, b) for a in range(6) for b in range(6) if a < b]
    assert search.left_out == 21


@pytest.mark.parametrize(
    ("values", "ordered"),
    [
        ([1, 2.5, 10], True),
        ([10, 5, 1], True),
        (range(9, 0, -2), True),
        ([1, 3, 2], False),
        ([False, True], False),
        ([1, "a"], False),
        ([1, float("nan"), 2], False),
    ],
)
def test_numbers_in_order_are_near_each_other(values, ordered):
    assert is_ordered(values) is ordered


def test_optuna_says_nothing_and_keeps_its_verbosity():
    script = """
import warnings
warnings.simplefilter("error")
from btcore.research.search.method import make_search
for goals in (1, 2):
    search = make_search({"a": range(99)}, "optuna", trials=40, directions=["maximize"] * goals)
    while sets := search.ask(9):
        search.tell([(each, [float(each["a"])] * goals) for each in sets])
import optuna
print(optuna.logging.get_verbosity())
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == (f"{logging.INFO}\n", "")


def test_the_verbosity_of_a_user_is_restored():
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    try:
        make_search(SPACE, "optuna", trials=2)
        assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
    finally:
        optuna.logging.set_verbosity(before)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"method": "optna"}, "method: 'optna' is not one of grid, .* (did you mean 'optuna'?)"),
        ({"trials": None}, "trials: method 'optuna' needs the number of parameter sets to draw"),
        ({"method": "sobol", "trials": None}, "trials: method 'sobol' needs the number"),
        ({"trials": 0}, "trials: 0 is not a whole number from 1"),
        ({"trials": True}, "trials: True is not a whole number from 1"),
        ({"seed": -1}, "seed: -1 is not a whole number from 0"),
        ({"seed": None}, "seed: None is not a whole number from 0"),
        ({"batch": 0}, "batch: 0 is not a whole number from 1"),
        ({"directions": []}, "directions: [] is not a list of 'maximize' or 'minimize'"),
        ({"directions": "maximize"}, "directions: 'maximize' is not a list"),
        ({"directions": ["maximise"]}, "directions[0]: 'maximise' is not one of maximize, minimize (did you"),
        ({"space": [{"a": 1}]}, "params: method 'optuna' needs a mapping of names to ranges or values"),
        ({"space": {"a": []}}, "params.a: the list of values is empty"),
    ],
)  # fmt: skip
def test_arguments_of_make_search_are_checked(terms, message):
    given = {"space": {"a": range(3)}, "method": "optuna", "trials": 5, **terms}
    pattern = re.escape(message).replace(r"\.\*", ".*")
    with pytest.raises(bt.ConfigError, match=f"^{pattern}"):
        make_search(**given)


@pytest.mark.parametrize(
    ("method", "terms", "package"),
    [
        ("optuna", {}, "optuna"),
        ("sobol", {}, "scipy.stats.qmc"),
        ("grid", {"constraints": "a > 1"}, "simpleeval"),
    ],
)
def test_a_package_that_is_not_installed_is_named_with_its_extra(method, terms, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"^{package} is not installed: pip install 'btcore\[search\]'"):
        make_search({"a": range(3)}, method, trials=2, **terms)
