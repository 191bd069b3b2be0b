"""The steps of a ladder over quotes, trades, bars of bid and ask, several symbols and a catalog."""

from typing import Any

import pytest
from ladders import NOTHING, QUICK, assert_equal, by_name, metrics_at

import btcore as bt
from btcore.errors import ConfigError

BARS = bt.sample_bars("AAPL", "2023-01-02", "2023-07-01", "1d")
OTHER = bt.sample_bars("MSFT", "2023-01-02", "2023-07-01", "1d")
QUOTES = bt.sample_quotes("AAPL", "2024-01-02T14:30", "2024-01-02T15:00")
TRADES = bt.sample_trades("AAPL", "2024-01-02T14:30", "2024-01-02T15:00")


class Dip(bt.Strategy):
    """Buys a fall and sells at a rise, with a stop."""

    weight: float = 0.5

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if bar.close < bar.open and not ctx.position(bar.symbol) and not ctx.open_orders():
            ctx.bracket(bar.symbol, 50, take_profit=bar.close * 1.01, stop_loss=bar.close * 0.99)


class Maker(bt.Strategy):
    """Bids at the bid that it sees, and sells at the ask."""

    def on_quote(self, ctx: Any, quote: Any) -> None:
        if not ctx.open_orders():
            held = ctx.position(quote.symbol)
            (ctx.sell if held else ctx.buy)(quote.symbol, 10, limit=quote.ask if held else quote.bid)


def test_quotes_are_at_their_mid_before_the_spread() -> None:
    ladder = bt.ladder({"AAPL": QUOTES}, "momentum", **QUICK)
    mid = 0.5 * (QUOTES.bid + QUOTES.ask)
    sizes = (QUOTES.bid_size, QUOTES.ask_size)
    middle = {"AAPL": bt.Quotes(QUOTES.timestamp, mid, mid, *sizes)}
    data = {"AAPL": QUOTES}
    for name, source, settings in (
        ("next", middle, {}),
        ("spread", data, {}),
        ("commission", data, {"commission_bps": 1}),
        ("latency", data, {"commission_bps": 1, "latency_ms": 100}),
        ("size", data, {"commission_bps": 1, "latency_ms": 100, "displayed_size": True}),
    ):
        run = bt.run(source, "momentum", execution=bt.Execution(**settings))
        assert metrics_at(ladder, name) == run.metrics, name
    assert metrics_at(ladder, "next")["final_equity"] > metrics_at(ladder, "spread")["final_equity"]
    steps = by_name(ladder)
    assert steps["spread"].settings == "the spread of the data"
    assert steps["next"].words == "fills at the standing quote"
    assert steps["close"].reason.startswith("no bars fill orders: an order meets the quote")
    assert steps["reading"].reason == "no bars fill orders"


def test_limits_at_the_mid_are_moved_to_a_tick() -> None:
    terms = {"instruments": {"AAPL": bt.Instrument(tick_size=0.01)}}
    ladder = bt.ladder({"AAPL": QUOTES}, Maker, **terms, **QUICK)
    assert metrics_at(ladder, "next")["orders_rejected"] == 0
    assert metrics_at(ladder, "next")["total_trades"] > 0
    assert ladder.given.metrics == bt.run({"AAPL": QUOTES}, Maker, **terms).metrics


def test_trades_begin_at_the_next_trade() -> None:
    ladder = bt.ladder({"AAPL": TRADES}, "momentum", **QUICK)
    steps = by_name(ladder)
    assert steps["close"].reason.startswith("no bars fill orders: an order meets the trade after")
    assert steps["next"].words == "fills at the next trade"
    last = bt.Execution(slippage_bps=1, commission_bps=1, latency_ms=100, displayed_size=True)
    assert_equal(ladder.result, bt.run({"AAPL": TRADES}, "momentum", execution=last))


def test_bars_of_bid_and_ask_have_a_spread_of_their_own() -> None:
    sides = {
        side: tuple(x * (1 + sign * 0.001) for x in (BARS.open, BARS.high, BARS.low, BARS.close))
        for side, sign in (("bid", -1), ("ask", 1))
    }
    data = {"AAPL": bt.Bars(BARS.timestamp, interval="1d", **sides)}
    ladder = bt.ladder(data, Dip, volume_share=None, **QUICK)
    assert by_name(ladder)["spread"].settings == "the spread of the data"
    assert "spread" not in ladder.assumed
    assert metrics_at(ladder, "next")["spread_cost"] == 0
    assert metrics_at(ladder, "spread")["spread_cost"] > 0
    assert ladder.stresses[0].words == "commission_bps=2, 2 times the spread of the data"
    assert (ladder.stresses[0].metrics or {})["spread_cost"] > 1.5 * metrics_at(ladder, "reading")[
        "spread_cost"
    ]


def test_a_symbol_with_terms_of_its_own_keeps_them() -> None:
    instruments = {
        "AAPL": bt.Instrument(slippage=bt.Slippage(ticks=1), tick_size=0.01, maker_bps=-1, taker_bps=2)
    }
    data = {"AAPL": BARS, "MSFT": OTHER}
    ladder = bt.ladder(data, "momentum", instruments=instruments, **QUICK)
    steps = by_name(ladder)
    assert steps["spread"].settings == "slippage=Slippage(ticks=1) of AAPL, slippage=Slippage(bps=1) of MSFT"
    assert steps["commission"].settings == (
        "maker_bps=-1 of AAPL, taker_bps=2 of AAPL, commission=Commission(bps=1) of MSFT"
    )
    other = bt.Instrument(slippage=bt.Slippage(bps=1), commission=bt.Commission(bps=1))
    last = bt.run(
        data, "momentum", execution=bt.Execution(volume_share=0.1), instruments=instruments | {"MSFT": other}
    )
    assert_equal(ladder.result, last)
    assert ladder.stresses[0].words == (
        "slippage=Slippage(ticks=2) of AAPL, taker_bps=4 of AAPL, "
        "commission=Commission(bps=2) of MSFT, slippage=Slippage(bps=2) of MSFT"
    )


def test_quotes_with_bars_cannot_fill_at_the_close() -> None:
    """What `run` says is the reason of the step."""
    minutes = bt.sample_bars("AAPL", "2024-01-02T14:30", "2024-01-02T15:00", "1min")
    data = {
        "AAPL": (QUOTES, minutes),
        "MSFT": bt.sample_bars("MSFT", "2024-01-02T14:30", "2024-01-02T15:00", "1min"),
    }
    execution = bt.Execution(resting_on="bars")
    ladder = bt.ladder(data, "momentum", execution=execution, displayed_size=False, **QUICK)
    with pytest.raises(ConfigError) as error:
        bt.run(data, "momentum", execution=bt.Execution(resting_on="bars", bar_fill="close"))
    assert by_name(ladder)["close"].reason == str(error.value)
    assert ladder.climbed[0].name == "next"
    assert ladder.climbed[0].change is None


def test_bars_without_volume_have_no_limit_of_size() -> None:
    bars = bt.Bars(BARS.timestamp, BARS.open, BARS.high, BARS.low, BARS.close, interval="1d")
    ladder = bt.ladder({"AAPL": bars}, Dip, **QUICK)
    assert by_name(ladder)["size"].reason == (
        "none is given, and none is assumed: the bars of AAPL have no volume"
    )
    assert "size" not in ladder.assumed


def test_a_catalog_and_its_instruments_are_climbed(tmp_path: Any) -> None:
    catalog = bt.Catalog(tmp_path)
    catalog.write("AAPL", BARS)
    catalog.define("AAPL", bt.Instrument(taker_bps=4.0, lot_size=1))
    ladder = bt.ladder(catalog, "momentum", symbols=["AAPL"], **NOTHING, **QUICK)
    assert by_name(ladder)["commission"].settings == "taker_bps=4 of AAPL"
    assert_equal(ladder.result, bt.run(catalog, "momentum", symbols=["AAPL"]))
