"""random, latin_hypercube and sobol: distributions, determinism, exhaustion, constraints."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from scipy import stats

import btcore as bt
from btcore.research.search import fixed
from btcore.research.search.draws import random_points
from btcore.research.search.method import make_search
from btcore.research.search.space import make_space

DRAWN = ["random", "latin_hypercube", "sobol"]
MIXED = {
    "x": bt.FloatRange(-2, 3),
    "k": bt.IntRange(10, 19),
    "rate": bt.LogUniform(1e-4, 1),
    "kind": ["sma", "ema"],
    "step": bt.FloatRange(0, 1, 0.25),
    "fixed": 7,
}


def drawn(space, method, trials, **terms):
    search = make_search(space, method, trials=trials, **terms)
    sets = []
    while given := search.ask(10):
        sets += given
    return search, sets


def column(sets, name):
    return np.array([each[name] for each in sets])


@pytest.mark.parametrize("method", DRAWN)
def test_values_are_plain_and_within_their_ranges(method):
    search, sets = drawn(MIXED, method, 200)
    assert (len(sets), search.n_trials, search.notes) == (200, 200, [])
    for each in sets:
        assert list(each) == list(MIXED)
        assert [type(value) for value in each.values()] == [float, int, float, str, float, int]
        assert -2 <= each["x"] <= 3
        assert 10 <= each["k"] <= 19
        assert 1e-4 <= each["rate"] <= 1
        assert each["step"] in {0.0, 0.25, 0.5, 0.75, 1.0}
    assert {each["k"] for each in sets} == set(range(10, 20))
    assert {each["kind"] for each in sets} == {"sma", "ema"}


@pytest.mark.parametrize("method", DRAWN)
def test_draws_follow_from_the_seed_and_not_from_how_many_are_asked(method):
    _, sets = drawn(MIXED, method, 100, seed=5)
    assert make_search(MIXED, method, trials=100, seed=5).ask(100) == sets
    _, others = drawn(MIXED, method, 100, seed=6)
    assert not any(each in others for each in sets)


@pytest.mark.parametrize("method", DRAWN)
def test_results_do_not_matter(method):
    _, expected = drawn(MIXED, method, 40)
    search, sets = make_search(MIXED, method, trials=40), []
    while given := search.ask(9):
        search.tell([(params, [float(i)]) for i, params in enumerate(given)])
        sets += given
    assert sets == expected


@pytest.mark.parametrize("method", DRAWN)
def test_uniform_and_log_uniform(method):
    _, sets = drawn(MIXED, method, 1024, seed=1)
    assert stats.kstest(column(sets, "x"), stats.uniform(-2, 5).cdf).pvalue > 0.01
    assert stats.kstest(column(sets, "rate"), stats.loguniform(1e-4, 1).cdf).pvalue > 0.01
    for quarter, bound in zip([0.25, 0.5, 0.75], [1e-3, 1e-2, 1e-1], strict=True):
        assert np.mean(column(sets, "rate") < bound) == pytest.approx(quarter, abs=0.04)
    counts = Counter(column(sets, "k").tolist())
    assert stats.chisquare([counts[k] for k in range(10, 20)]).pvalue > 0.01


def test_a_latin_hypercube_has_one_point_in_each_stratum_of_each_parameter():
    space = {"x": bt.FloatRange(-2, 3), "rate": bt.LogUniform(1e-4, 1), "k": bt.IntRange(1, 50)}
    _, sets = drawn(space, "latin_hypercube", 50, seed=3)
    shares = {"x": (column(sets, "x") + 2) / 5, "rate": np.log10(column(sets, "rate")) / 4 + 1}
    for name, share in shares.items():
        assert sorted(np.floor(share * 50)) == list(range(50)), name
    assert sorted(column(sets, "k")) == list(range(1, 51))
    _, independent = drawn(space, "random", 50, seed=3)
    assert len(set(np.floor((column(independent, "x") + 2) * 10))) < 45


def test_a_sobol_sequence_is_balanced():
    """Of 2**m points one is in each of the 2**m intervals of a parameter, and each quadrant has a quarter."""
    space = {"x": bt.FloatRange(0, 1), "y": bt.FloatRange(0, 1)}
    _, sets = drawn(space, "sobol", 512, seed=11)
    for n in (64, 512):
        x, y = column(sets[:n], "x"), column(sets[:n], "y")
        assert sorted(np.floor(x * n)) == list(range(n))
        assert sorted(np.floor(y * n)) == list(range(n))
        assert Counter(zip(x < 0.5, y < 0.5, strict=True)) == dict.fromkeys(
            [(True, True), (True, False), (False, True), (False, False)], n // 4
        )


@pytest.mark.parametrize("method", DRAWN)
def test_a_space_without_a_continuum_is_exhausted_without_a_repeat(method):
    space = {"a": bt.IntRange(1, 6), "b": [0.5, 1, True], "c": "one", "d": [2, 2, 3]}
    search, sets = drawn(space, method, 100)
    assert (search.n_trials, search.at_most) == (36, 36)  # the second 2 of `d` is no other value
    assert len({repr(each) for each in sets}) == len(sets) == 36
    assert search.notes == ["the space has only 36 parameter sets that fit, of 100 trials"]


@pytest.mark.parametrize("method", DRAWN)
def test_nothing_is_drawn_twice_nor_in_the_order_of_the_grid(method):
    _, sets = drawn({"a": range(30), "b": range(30)}, method, 600, seed=2)
    keys = [each["a"] * 30 + each["b"] for each in sets]
    assert len(set(keys)) == 600
    assert abs(stats.spearmanr(range(600), keys).statistic) < 0.15


def test_random_draws_are_uniform_without_replacement():
    """Over many seeds, each of the 12 ordered pairs out of 4 is drawn about as often."""
    space = make_space({"a": range(4)}, distinct=True)
    pairs = Counter(tuple(islice(random_points(space, seed), 2)) for seed in range(6000))
    assert len(pairs) == 12
    assert stats.chisquare(list(pairs.values())).pvalue > 0.01


@pytest.mark.parametrize("method", DRAWN)
def test_sets_that_break_a_constraint_are_drawn_again(method):
    space = {"x": bt.FloatRange(0, 1), "y": bt.FloatRange(0, 1)}
    search, sets = drawn(space, method, 128, constraints="x + y < 1", seed=4)
    assert (len(sets), search.n_trials) == (128, 128)
    assert all(each["x"] + each["y"] < 1 for each in sets)
    assert 70 < search.left_out < 200  # half of the space fits
    assert np.mean(column(sets, "x")) == pytest.approx(1 / 3, abs=0.06)  # the centre of the triangle


@pytest.mark.parametrize("method", DRAWN)
def test_a_constrained_space_is_exhausted(method):
    space = {"a": range(8), "b": range(8)}
    search, sets = drawn(space, method, 64, constraints=lambda each: each["a"] < each["b"])
    assert search.n_trials is None
    assert sorted((s["a"], s["b"]) for s in sets) == [(a, b) for a in range(8) for b in range(8) if a < b]
    assert search.left_out == 36  # each is counted once
    assert search.notes == ["the space has only 28 parameter sets that fit, of 64 trials"]


@pytest.mark.parametrize("method", [*DRAWN, "grid", "optuna"])
def test_a_constraint_that_never_holds_is_an_error_at_once(method):
    with pytest.raises(bt.ConfigError, match=r"^constraints: none of the 25 parameter sets fits"):
        make_search({"a": range(5), "b": range(5)}, method, trials=4, constraints="a + b > 8")


@pytest.mark.parametrize("method", [*DRAWN, "optuna"])
def test_a_constraint_that_never_holds_in_a_continuum_is_an_error_with_the_share(method, monkeypatch):
    monkeypatch.setattr(fixed, "MOST_REDRAWS", 500)
    monkeypatch.setattr("btcore.research.search.adaptive.MOST_REDRAWS", 500)
    with pytest.raises(
        bt.ConfigError, match=r"^constraints: .* drawn break them, the last 500 in a row; 0 of the"
    ):
        make_search({"a": bt.FloatRange(0, 5)}, method, trials=4, constraints="a > 5")


def test_a_constraint_that_hardly_ever_holds_says_which_share_does(monkeypatch):
    monkeypatch.setattr(fixed, "MOST_REDRAWS", 500)
    search = make_search({"a": bt.FloatRange(0, 1)}, "random", trials=1000, constraints="a < 0.01", seed=1)
    with pytest.raises(bt.ConfigError, match=r"; 0\.0\d+ of the space fits"):
        search.ask(1000)


def test_redraws_are_counted_from_the_last_set_that_fits(monkeypatch):
    monkeypatch.setattr(fixed, "MOST_REDRAWS", 500)
    search, sets = drawn({"a": bt.FloatRange(0, 1)}, "random", 100, constraints="a < 0.1", seed=1)
    assert len(sets) == 100
    assert search.left_out > 500


@pytest.mark.parametrize("method", DRAWN)
def test_a_space_of_one_set(method):
    assert drawn({"a": 5, "b": bt.IntRange(2, 2)}, method, 3)[1] == [{"a": 5, "b": 2}]
    assert drawn({}, method, 3)[1] == [{}]
