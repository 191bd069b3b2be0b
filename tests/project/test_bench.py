"""Benchmarks: hand-written loops equal the engine, the guard finds losses of speed, the page is correct."""

import shutil

import numpy as np
import pytest

import btcore as bt

guard = pytest.importorskip("bench.guard", exc_type=ImportError)  # not in an sdist; needs numba

from bench import growth, instructions, page  # noqa: E402
from bench.data import bars, quotes  # noqa: E402
from bench.handwritten import native  # noqa: E402
from bench.peers import loops, run  # noqa: E402

COSTS = bt.Execution(commission_bps=1.0)


class Crossing(bt.Strategy):
    """Two EMAs; fully invested while the short one is above."""

    def on_start(self, ctx):
        self.short = self.long = None
        self.count, self.holds = 0, False

    def on_quote(self, ctx, quote):
        if self.short is None:
            self.short = self.long = quote.mid
        self.short += 2 / 21 * (quote.mid - self.short)
        self.long += 2 / 61 * (quote.mid - self.long)
        self.count += 1
        if self.count >= 60 and self.short != self.long and (self.short > self.long) != self.holds:
            self.holds = not self.holds
            ctx.order_target_percent("A", float(self.holds))


@pytest.fixture(scope="module")
def crossed():
    return bt.run({"A": quotes(30_000)}, Crossing(), execution=COSTS)


@pytest.mark.skipif(shutil.which(native.compiler()[0]) is None, reason="there is no C compiler")
def test_the_c_loop_has_the_engines_curve(crossed):
    curve = np.empty(len(crossed.equity_curve))
    outcome = native.ema_loop(quotes(30_000), 20, 60, curve)
    assert outcome.flips == crossed.metrics["total_trades"] > 100
    np.testing.assert_allclose(curve[: outcome.points], crossed.equity_curve["equity"][1:], rtol=1e-12)


def test_the_numba_loops_have_the_engines_curves(crossed):
    data = quotes(30_000)
    columns = [data.columns[name] for name in ("timestamp", "bid", "ask")]
    *_, flips, curve = loops.play_quotes(*columns, 20, 60, 1e6, 1e-4, 60 * 10**9)
    assert flips == crossed.metrics["total_trades"]
    np.testing.assert_allclose(curve, crossed.equity_curve["equity"][1:], rtol=1e-12)

    minutes = bars(5_000)
    result = bt.run({"A": minutes}, "ma_crossover", execution=COSTS)
    (total, _, fall, fills), equity = loops.play_bars(minutes.open, minutes.close, 10, 30, 1e6, 1e-4)
    assert fills == result.metrics["total_trades"] > 100
    np.testing.assert_allclose(equity, result.equity_curve["equity"][1:], rtol=1e-10)
    assert 100 * total == pytest.approx(result.metrics["total_return"])
    assert 100 * fall == pytest.approx(result.metrics["max_drawdown"])
    swept = loops.sweep(minutes.open, minutes.close, np.array([5, 10]), np.array([40, 30]), 1e6, 1e-4)
    assert tuple(swept[1, :1]) == (total,)


@pytest.fixture
def clocked(monkeypatch):
    """Replaces the clock: each function takes the next of the given seconds."""

    def replace(**seconds):
        monkeypatch.setattr(guard, "clock", lambda function: next(seconds[function()]))

    return replace


def pair():
    return lambda: "ours", lambda: "loop"


def test_a_ratio_is_of_the_best_times_and_measuring_ends_at_the_goal(clocked):
    rounds = guard.ROUNDS * guard.ATTEMPTS
    clocked(ours=iter([2.0] * (rounds - 1) + [1.0]), loop=iter([0.9] * rounds))
    assert guard.reached(pair()) == 0.9
    clocked(ours=iter([2.0] * guard.ROUNDS), loop=iter([1.8] * guard.ROUNDS))
    assert guard.reached(pair(), enough=0.9) == 0.9  # a further round would raise StopIteration


@pytest.mark.parametrize(("figure", "wrong"), [(1.0, 0), (1.2, 1)])
def test_a_fall_of_more_than_15_percent_fails(clocked, monkeypatch, capsys, figure, wrong):
    rounds = guard.ROUNDS * guard.ATTEMPTS
    clocked(ours=iter([1.0] * rounds), loop=iter([0.9] * rounds))
    monkeypatch.setattr(guard, "RATIOS", {"quotes": pair})
    assert guard.fallen({"quotes": figure}) == wrong
    assert ("FELL" in capsys.readouterr().out) == bool(wrong)


@pytest.mark.parametrize(("now", "wrong", "word"), [(102.0, 0, "ok"), (104.0, 1, "GREW"), (96.0, 0, "fell")])
def test_instructions_may_fall_but_not_grow(monkeypatch, capsys, now, wrong, word):
    monkeypatch.setattr(instructions, "available", lambda: True)
    monkeypatch.setattr(instructions, "per_event", lambda names: {"bars": now})
    baseline = {"tools": guard.tools(), "instructions": {"bars": 100.0}}
    assert guard.grown(baseline) == wrong
    assert word in capsys.readouterr().out


def test_instructions_of_another_compiler_are_not_compared(capsys):
    assert guard.grown({"tools": "gcc 1", "instructions": {"bars": 0.1}}) == 0
    assert "skipped" in capsys.readouterr().out


def test_growth_is_fitted():
    sizes = [1, 2, 4, 8, 16]
    line = growth.fit(sizes, [3.0 + 0.5 * n for n in sizes])
    assert (line["fixed"], line["each"]) == (pytest.approx(3.0), pytest.approx(0.5))
    assert growth.fit(sizes, [2.0 * n**1.5 for n in sizes])["power"] == pytest.approx(1.5)


def test_the_page_has_ratio_and_goal():
    info = {"claim": 1, "what": "quotes", "work": 10**9, "unit": "quotes", "goal": ["ratio", 0.8]}
    info["bound"] = {"name": "C loop", "median": 3.0, "q1": 2.9, "q3": 3.1}
    row = page.claim_row({"extra_info": info, "stats": {"median": 4.0, "q1": 3.9, "q3": 4.1}})
    assert row == [
        "quotes", "4000 (3900–4100)", "250 M quotes", "C loop", "3000 (2900–3100)", "0.75", "≥ 0.8 ×: **no**",
    ]  # fmt: skip
    assert page.goal_cell(["seconds", 0.3], {"seconds": 0.2}) == "< 300 ms: yes"


def test_peers_are_compared_with_the_same_kind_of_strategy():
    row = {"kind": "Python at each tick", "work": 10, "seconds": [1.0, 5.0, 2.0]}
    assert run.beside({"compiled strategy": 1000.0, "Python at each quote": 25.0}, row) == "200, 5 in Python"
