"""Data and strategies shared by the look-ahead tests."""

import numpy as np

import btcore as bt

DAY, HOUR, MINUTE, SECOND = 86400 * 10**9, 3600 * 10**9, 60 * 10**9, 10**9
START = 1_704_067_200 * 10**9  # 2024-01-01, a Monday
YEAR = bt.sample_bars("A", "2024-01-01", "2024-12-31")
ONE = {"A": YEAR}
TICKS = ("2024-01-02T14:30:00Z", "2024-01-02T14:50:00Z")


def rising(n=40, step=DAY) -> bt.Bars:
    close = 100.0 + np.arange(n)
    return bt.Bars(START + step * np.arange(n), close, close + 1, close - 1, close, interval=step)


def ends(bars: bt.Bars) -> np.ndarray:
    return bars.timestamp + bars.interval


def sides(buy: np.ndarray) -> np.ndarray:
    return np.where(buy, "buy", "sell")


class Follow(bt.Strategy):
    """Holds the targets of an array, one per event."""

    targets: tuple[float, ...] = ()

    def on_start(self, ctx):
        self.row = 0

    def on_bar(self, ctx, bar):
        ctx.order_target(bar.symbol, self.targets[self.row])
        self.row += 1

    def on_end(self, ctx):
        ctx.log(f"followed {len(self.targets)} targets")


def bid_and_ask(bars: bt.Bars) -> bt.Bars:
    """The bars with sides a tenth of a percent apart."""
    prices = (bars.open, bars.high, bars.low, bars.close)
    bid, ask = (tuple(px * share for px in prices) for share in (0.9995, 1.0005))
    return bt.Bars(bars.timestamp, bid=bid, ask=ask, interval=bars.interval)


def markets() -> dict[str, dict[str, object]]:
    quotes, trades = (make("A", *TICKS) for make in (bt.sample_quotes, bt.sample_trades))
    minutes = bt.sample_bars("B", TICKS[0], TICKS[1], "1min")
    return {
        "bars": ONE,
        "two symbols": {"A": YEAR, "B": bt.sample_bars("B", "2024-03-01", "2025-01-31")},
        "quotes": {"A": quotes},
        "trades": {"A": trades},
        "quotes and trades": {"A": (quotes, trades)},
        "all kinds": {"A": [quotes, trades], "B": minutes, "C": bt.sample_trades("C", *TICKS)},
        "bid and ask": {"A": bid_and_ask(YEAR)},
        "days and hours": {
            "A": YEAR.slice(None, START + 60 * DAY),
            "B": bt.sample_bars("B", "2024-01-01", "2024-03-01", "1h"),
        },
    }


def honest(data):
    bars = data["A"]
    mean = np.convolve(bars.close, np.ones(5) / 5)[: len(bars)]
    return bt.Orders(ends(bars), "A", sides(bars.close < mean), 1, limit_price=bars.close)
