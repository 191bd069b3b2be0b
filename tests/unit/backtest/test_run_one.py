"""`bt.run`: the curve, the rows played, progress, and equal results for equal inputs."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_walks import DAY, START, bars, quotes, same_results

import btcore as bt


def test_the_curve_begins_with_the_capital_and_ends_with_the_final_account():
    result = bt.run({"A": bars(10)}, "buy_and_hold", initial_capital=5000.0)
    curve = result.equity_curve
    assert curve["timestamp"].tolist() == [START, *(START + DAY * np.arange(1, 11))]
    assert curve["equity"][0] == curve["cash"][0] == 5000.0
    assert curve["positions"][0] == 0.0
    assert curve["equity"][-1] == result.metrics["final_equity"]
    assert np.array_equal(curve["equity"], curve["cash"] + curve["positions"])


def test_mark_every_sets_the_step_of_the_curve():
    result = bt.run({"A": quotes(200)}, "buy_and_hold")
    # START is on the minute: 0, 60, 120, 180 s, and the last quote at 199 s
    assert ((result.equity_curve["timestamp"] - START) // 10**9).tolist() == [0, 60, 120, 180, 199]
    result = bt.run({"A": quotes(200)}, "buy_and_hold", mark_every="100s")
    assert ((result.equity_curve["timestamp"] - START) // 10**9).tolist() == [0, 100, 199]


def test_start_and_end_choose_the_rows():
    whole = bars(30)
    for start, end in (("2024-01-05", "2024-01-20"), (START + 4 * DAY, START + 19 * DAY)):
        part = bt.run({"A": whole}, "buy_and_hold", start=start, end=end)
        assert part.equity_curve["timestamp"][0] == START + 4 * DAY
        assert part.equity_curve["timestamp"][-1] == START + 19 * DAY  # the close of the bar of the 19th
        assert part.metrics["events"] == 15
    shifted = bt.run({"A": whole}, "buy_and_hold", start="2024-01-05", timezone="America/New_York")
    assert shifted.equity_curve["timestamp"][0] == START + 4 * DAY + 5 * 3600 * 10**9


def test_a_fill_never_precedes_its_decision():
    """Bars fill at the next open, quotes at the standing quote, trades at the next trade."""
    data = bars(5)

    class Once(bt.Strategy):
        def on_bar(self, ctx, bar):
            if bar.timestamp == START:
                ctx.buy("A", 1)

    trade = bt.run({"A": data}, Once()).trades[0]
    assert (trade["timestamp"], trade["price"]) == (START + DAY, data.open[1])


def test_repeated_runs_and_runs_in_threads_give_the_same_bytes():
    data = {
        "A": quotes(3000, 1),
        "B": (quotes(3000, 2), bt.Trades(quotes(3000, 2).timestamp, quotes(3000, 2).ask)),
    }

    def play(_=None):
        return bt.run(data, "ma_crossover", {"allow_short": True}, execution=bt.Execution(latency_ms=1500))

    first = play()
    assert len(first.trades) > 50
    with ThreadPoolExecutor(4) as pool:
        assert all(same_results(first, other) for other in pool.map(play, range(8)))
    assert {play().fingerprint for _ in range(2)} == {first.fingerprint}


def test_progress_is_reported_and_never_decreases():
    seen: list[bt.Progress] = []
    bt.run({"A": quotes(200_000, step=10**7)}, "ma_crossover", progress=seen.append)
    assert len(seen) >= 2
    assert seen[-1].fraction == 1.0
    assert seen[-1].events == 200_000
    assert [p.fraction for p in seen] == sorted(p.fraction for p in seen)


def test_an_exception_in_progress_stops_the_run():
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bt.run({"A": quotes(200_000)}, "ma_crossover", progress=stop)


@given(st.integers(1, 4), st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_the_order_of_symbols_only_breaks_ties(n, seed):
    """The order does not matter for symbols whose events never coincide."""
    rng = np.random.default_rng(seed)
    steps = 10**9 * (1 + rng.permutation(4 * 40))
    data = {}
    for i in range(n):
        times = START + np.sort(steps[i * 40 : (i + 1) * 40])
        mid = 100.0 + np.cumsum(rng.integers(-1, 2, 40)) * 0.5
        data[f"S{i}"] = bt.Quotes(times, mid - 0.25, mid + 0.25)
    params = {"short_period": 2, "long_period": 5, "weight": 0.5}
    one = bt.run(data, "ma_crossover", params)
    other = bt.run(dict(reversed(data.items())), "ma_crossover", params)
    assert np.array_equal(one.equity_curve["timestamp"], other.equity_curve["timestamp"])
    assert one.equity_curve["equity"] == pytest.approx(other.equity_curve["equity"], rel=1e-12)
    assert one.trades["timestamp"].tolist() == other.trades["timestamp"].tolist()


@given(st.integers(0, 10**6), st.integers(1, 79))
@settings(max_examples=50, deadline=None)
def test_later_data_do_not_change_earlier_results(seed, cut):
    whole = bars(80, seed)
    params = {"short_period": 2, "long_period": 5, "allow_short": True}
    full = bt.run({"A": whole}, "ma_crossover", params).equity_curve
    part = bt.run({"A": whole.slice(None, START + cut * DAY)}, "ma_crossover", params).equity_curve
    assert part.tobytes() == full[: cut + 1].tobytes()


def test_money_and_prices_scale_together():
    data = bars(60)
    scaled = bt.Bars(
        data.timestamp, 4 * data.open, 4 * data.high, 4 * data.low, 4 * data.close, data.volume, interval="1d"
    )
    one = bt.run({"A": data}, "ma_crossover", {"short_period": 2, "long_period": 5}, initial_capital=1e5)
    four = bt.run({"A": scaled}, "ma_crossover", {"short_period": 2, "long_period": 5}, initial_capital=4e5)
    assert np.array_equal(4 * one.equity_curve["equity"], four.equity_curve["equity"])
