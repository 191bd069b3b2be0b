"""Data that a run refuses, and lines of the log about data that it uses as they are."""

import numpy as np
import pytest
from log_lines import said

import btcore as bt

MINUTE = 60 * 10**9
TIMES = MINUTE * np.arange(12)
PRICE = np.full(12, 100.0)
ONES = np.ones(12)


def bars(volume=None, **more):
    return bt.Bars(more.pop("times", TIMES), PRICE, PRICE, PRICE, PRICE, volume, interval="1min", **more)


def quotes(*sizes, **more):
    return bt.Quotes(TIMES, PRICE, PRICE + 1, *sizes, **more)


def run(data, strategy="buy_and_hold", **terms):
    execution = bt.Execution(**terms)
    return bt.run(data, strategy, execution=execution, progress=False)


# Sizes

NEEDS_VOLUME = ({"volume_share": 0.1}, {"slippage_volume": 0.1}, {"slippage_sqrt": 0.1})


@pytest.mark.parametrize("setting", NEEDS_VOLUME, ids=str)
@pytest.mark.parametrize(
    ("volume", "problem"),
    [(None, "the bars of A have no volume"), (0 * ONES, "the volume of all 12 bars of A is 0")],
)
def test_a_share_of_an_unknown_volume_is_refused(setting, volume, problem):
    (name,) = setting
    with pytest.raises(bt.ConfigError, match=f"^execution.{name}: {problem}"):
        run({"B": bars(ONES), "A": bars(volume)}, **setting)


@pytest.mark.parametrize("setting", NEEDS_VOLUME, ids=str)
def test_order_arrays_and_sweeps_are_refused_too(setting):
    (name,) = setting
    with pytest.raises(bt.ConfigError, match=f"execution.{name}"):
        run({"A": bars()}, bt.Orders(TIMES[:2], "A", "buy", 1), **setting)
    with pytest.raises(bt.ConfigError, match=f"execution.{name}"):
        bt.sweep({"A": bars()}, "momentum", {"lookback_period": [2]}, execution=bt.Execution(**setting))


@pytest.mark.parametrize("setting", NEEDS_VOLUME, ids=str)
def test_a_known_volume_may_be_zero_in_some_bars(setting):
    assert len(run({"A": bars(np.r_[0.0, ONES[1:]])}, **setting).trades)


@pytest.mark.parametrize("setting", NEEDS_VOLUME, ids=str)
def test_bars_that_fill_no_order_need_no_volume(setting):
    assert len(run({"A": (bars(), quotes(ONES, ONES))}, **setting).trades)


def test_displayed_size_needs_the_sizes_of_quotes_and_trades():
    unsized, sized = bt.Trades(TIMES, PRICE), bt.Trades(TIMES, PRICE, ONES)
    for data, problem in (
        (quotes(), "the quotes of A have no sizes"),
        (unsized, "the trades of A have no sizes"),
        ((quotes(ONES, ONES), unsized), "the trades of A have no sizes"),
        ((quotes(), sized), "the quotes of A have no sizes"),
    ):
        with pytest.raises(bt.ConfigError, match=f"^execution.displayed_size: {problem}"):
            run({"A": data}, displayed_size=True)
    result = run({"A": (quotes(ONES, ONES), sized), "B": (sized, bars())}, displayed_size=True)
    assert result.trades["quantity"].max() == 1.0


def test_slippage_by_size_without_sizes_is_a_line_of_the_log():
    for data in (quotes(), bt.Trades(TIMES, PRICE)):
        logs = run({"A": data}, slippage_sqrt=0.1).logs
        assert logs[0] == f"slippage_volume and slippage_sqrt do nothing for A: its {data.kind} have no sizes"
    assert not any("no sizes" in line for line in run({"A": quotes(ONES, ONES)}, slippage_sqrt=0.1).logs)


def test_without_such_settings_an_unknown_volume_is_nan_in_events_and_no_size_of_fills():
    seen = []

    class SeesVolume(bt.Strategy):
        def on_bar(self, ctx, bar):
            seen.append(bar.volume)
            ctx.buy("A", 1)

    by_event = run({"A": bars()}, SeesVolume)
    by_array = run({"A": bars()}, bt.Orders(TIMES[1:], "A", "buy", 1))
    assert np.isnan(seen).all()
    for result in (by_event, by_array):
        assert np.isinf(result.journal.fills["size_seen"]).all()
        assert len(result.trades) == 11


# Bars of two sides


def test_a_path_of_bars_of_bid_and_ask_is_refused():
    sides = (PRICE, PRICE, PRICE, PRICE)
    two = bt.Bars(TIMES, bid=sides, ask=sides, interval="1min")
    for strategy in ("buy_and_hold", bt.Orders([0], "A", "buy", 1)):
        with pytest.raises(
            bt.ConfigError, match=r"^execution.intrabar: 'path' needs bars of one price, and data"
        ):
            run({"A": two}, strategy, intrabar="path")
    with pytest.raises(bt.ConfigError, match="bid and ask"):
        bt.sweep({"A": two}, "momentum", {"lookback_period": [2]}, intrabar="path")
    assert bt.run({"A": (two, quotes())}, "momentum", intrabar="path", progress=False).metrics["events"] > 0


def test_bars_of_bid_and_ask_have_a_cost():
    bid, ask = (tuple(PRICE + half for _ in range(4)) for half in (-0.5, 0.5))
    result = run({"A": bt.Bars(TIMES, bid=bid, ask=ask, interval="1min")}, bt.Orders([0], "A", "buy", 4))
    assert result.metrics["spread_cost"] == 2.0
    assert not any("no costs" in line for line in result.logs)


# Crossed quotes


def test_crossed_quotes_are_counted():
    ask = PRICE + np.where(np.arange(12) % 4 == 0, -1.0, 1.0)
    data = bt.Quotes(TIMES, PRICE, ask, crossed="keep")
    assert said(run({"A": data, "B": quotes(crossed="keep")}))[:1] == [
        "3 of 12 quotes of A are crossed (bid > ask)"
    ]
    assert said(run({"A": data.slice(MINUTE, 4 * MINUTE)})) == []


def test_the_lowest_price_of_a_crossed_quote_is_its_ask():
    data = bt.Quotes(TIMES, PRICE, PRICE - 100.0, crossed="keep", negative_prices=True)
    with pytest.raises(bt.ConfigError, match="its quotes have prices of 0 or less"):
        run({"A": data})


def test_targets_take_no_gain_from_a_crossed_spread():
    """Half of a negative spread would raise what the account can hold."""
    data = bt.Quotes(TIMES, PRICE + 10, PRICE - 10, crossed="keep")
    targets = bt.Targets([MINUTE], ["A"], [1.0], lot=1.0)
    result = run({"A": data}, targets, commission_bps=500.0)
    assert result.trades["quantity"].tolist() == [9523.0]  # 10,000 at the mid of 100, less 5 % for costs
    assert result.trades["price"].tolist() == [90.0]


# Bars that seem to be longer than their interval

MONTHS = np.arange("2023-01", "2024-01", dtype="M8[M]").astype("M8[ns]").astype(np.int64)


def test_bars_that_end_too_early_are_a_line_of_the_log():
    line = "only 0 of 12 bars of A end where the next begins: if they are longer than 1min, "
    assert said(run({"A": bars(times=MONTHS)}))[0].startswith(line)
    report = bt.leakcheck({"A": bars(times=MONTHS)}, "buy_and_hold")
    assert line in repr(report)
    assert report.cautions[0].startswith(line)


def test_a_report_that_checked_nothing_has_the_line_too():
    orders = bt.Orders([], "A", "buy", [])
    assert "nothing checked" in repr(bt.leakcheck({"A": bars(times=MONTHS)}, orders))
    assert "only 0 of 12 bars" in repr(bt.leakcheck({"A": bars(times=MONTHS)}, orders))


WITHOUT_LINE = {
    "without gaps": TIMES,
    "a tenth without gaps": np.r_[TIMES[:3], TIMES[3:] * 5],
    "few": TIMES[:9] * 5,
}


@pytest.mark.parametrize("name", WITHOUT_LINE)
def test_other_bars_have_no_such_line(name):
    times = WITHOUT_LINE[name]
    price = PRICE[: len(times)]
    data = {"A": bt.Bars(times, price, price, price, price, interval="1min")}
    assert said(run(data)) == []
    assert bt.leakcheck(data, "buy_and_hold").cautions == ()


def test_bars_with_a_column_of_ends_have_no_such_line():
    assert said(run({"A": bars(times=MONTHS, end=MONTHS + 30 * 10**9)})) == []
