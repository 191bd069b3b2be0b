"""btcore compared with backtesting.py, on the daily bars of GOOG that the latter ships."""

import warnings
from typing import Any

import numpy as np
from backtesting import Backtest, Strategy
from backtesting.lib import crossover
from backtesting.test import GOOG, SMA
from numpy.typing import NDArray

import btcore as bt

from . import crossing as mine
from .crossing import COMMISSION, FAST, SLOW, STOP, SYMBOL, UNITS
from .rows import Differs, Row, Same

CASH, SMALL = 100_000.0, 10_000.0
BPS = COMMISSION * 1e4
FINAL, EQUITY = "final equity", "equity at every bar"

_columns = [GOOG[name].to_numpy(np.float64) for name in ("Open", "High", "Low", "Close", "Volume")]
# A session ends before the next one begins, so the time of a fill identifies its bar.
BARS = bt.Bars(GOOG.index.as_unit("ns").asi8, *_columns, interval="8h")
CLOSES = BARS.timestamp + BARS.interval
# The same as two quotes a day: a strategy then receives the open before it trades at it.
_ticks = np.column_stack([BARS.open, BARS.close]).ravel()
QUOTES = bt.Quotes(np.column_stack([BARS.timestamp, CLOSES]).ravel(), _ticks, _ticks)


class Theirs(Strategy):  # type: ignore[misc]
    """The crossing of two means: closes the position and opens `UNITS`, both at the next open."""

    def init(self) -> None:
        self.fast = self.I(SMA, self.data.Close, FAST)
        self.slow = self.I(SMA, self.data.Close, SLOW)

    def next(self) -> None:
        if crossover(self.fast, self.slow):
            self.turn(1)
        elif crossover(self.slow, self.fast):
            self.turn(-1)

    def turn(self, side: int) -> None:
        self.position.close()
        (self.buy if side > 0 else self.sell)(size=UNITS)


class TheirsStopped(Theirs):
    def turn(self, side: int) -> None:
        self.position.close()
        stop = self.data.Close[-1] * (1 - side * STOP)
        (self.buy if side > 0 else self.sell)(size=UNITS, sl=stop)


class TheirsAllIn(Theirs):
    def turn(self, side: int) -> None:
        self.position.close()
        (self.buy if side > 0 else self.sell)()


class TheirsOnce(Strategy):  # type: ignore[misc]
    """Trades `units` on its first call."""

    units = 1

    def init(self) -> None:
        pass

    def next(self) -> None:
        if not self.orders and not self.trades and not self.closed_trades and len(self.data) == 2:
            (self.buy if self.units > 0 else self.sell)(size=abs(self.units))


def theirs(strategy: type[Strategy], cash: float = CASH, units: int = 0, **terms: Any) -> Any:
    """The statistics of backtesting.py. Its warnings (cancelled orders, open trades) are covered by rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Backtest(GOOG, strategy, cash=cash, **terms).run(**({"units": units} if units else {}))


def ours(
    strategy: bt.Strategy | bt.Orders,
    cash: float = CASH,
    data: bt.Bars | bt.Quotes = BARS,
    lot_size: float = 0.0,
    **terms: Any,
) -> bt.Result:
    return bt.run(
        {SYMBOL: data},
        strategy,
        initial_capital=cash,
        execution=bt.Execution(**terms),
        instruments={SYMBOL: bt.Instrument(lot_size=lot_size)},
        mark_every=None if data is BARS else "1h",
        progress=False,
    )


def trips(result: bt.Result) -> NDArray[np.float64]:
    """One row per closed trade: entry bar, exit bar, entry price, exit price, signed size, pnl."""
    t = result.round_trips
    bar = [np.searchsorted(BARS.timestamp, t[f"{end}_timestamp"], "right") - 1 for end in ("entry", "exit")]
    size = np.where(t["side"] == "long", 1, -1) * t["quantity"]
    return np.column_stack([*bar, t["entry_price"], t["exit_price"], size, t["pnl"]]).astype(np.float64)


def their_trips(stats: Any) -> NDArray[np.float64]:
    names = ["EntryBar", "ExitBar", "EntryPrice", "ExitPrice", "Size", "PnL"]
    return np.asarray(stats["_trades"][names].to_numpy(np.float64))


def curve(result: bt.Result) -> NDArray[np.float64]:
    """Equity at every close, without the first point (the capital before the first bar)."""
    points = result.equity_curve
    return np.asarray(points["equity"][np.searchsorted(points["timestamp"], CLOSES)])


def their_curve(stats: Any) -> NDArray[np.float64]:
    return np.asarray(stats["_equity_curve"]["Equity"].to_numpy(np.float64))


def final(result: bt.Result) -> float:
    return float(curve(result)[-1])


def pair(run: str, result: bt.Result, stats: Any) -> list[Row]:
    # Both list the trades of one exit bar in the order of their entries.
    order = np.lexsort(their_trips(stats).T[:2])
    return [
        Same(run, "trades (bars, prices, size, pnl)", trips(result), their_trips(stats)[order]),
        Same(run, EQUITY, curve(result), their_curve(stats)),
    ]


def rows() -> list[Row]:
    plain = ours(mine.Reverse(), commission_bps=BPS)
    their_plain = theirs(Theirs, commission=COMMISSION)
    stopped = ours(mine.Stopped(), commission_bps=BPS)
    their_stopped = theirs(TheirsStopped, commission=COMMISSION)
    at_close = ours(mine.Reverse(), commission_bps=BPS, bar_fill="close")
    their_at_close = theirs(Theirs, commission=COMMISSION, trade_on_close=True)
    at_entries = ours(mine.CloseThenOpen(), slippage_entry_bps=10.0)
    all_in = ours(mine.AllAtOpen(), SMALL, QUOTES, commission_bps=BPS)
    their_all_in = theirs(TheirsAllIn, cash=SMALL, commission=COMMISSION)
    return [
        *pair("SMA 10/20 cross on daily GOOG, cash 100,000, 100 units, 0.2 % commission", plain, their_plain),
        *pair("the same with a stop at 5 %", stopped, their_stopped),
        # Its equity shows such a fill a bar later.
        pair("the same at the close of the decision (theirs: `trade_on_close`)", at_close, their_at_close)[0],
        *pair("the same with 10 bps at entries (theirs: `spread`)", at_entries, theirs(Theirs, spread=0.001)),
        *pair(
            "the same with cash 10,000, all of equity, sized at the open (btcore: on quotes)",
            all_in,
            their_all_in,
        ),
        sizing(all_in, their_all_in),
        reversal(),
        spread(),
        last_position(plain),
        first_call(),
        out_of_cash(),
        *ruin(),
        profit_factor(plain, their_plain),
        sharpe(plain, their_plain),
    ]


def sizing(all_in: bt.Result, stats: Any) -> Row:
    result = ours(mine.AllAtDecision(), cash=SMALL, lot_size=1.0, commission_bps=BPS)
    return Differs(
        'the size of "all of equity"',
        "final equity of the cross, cash 10,000, 0.2 % commission",
        "by the close of the decision (`order_target_percent`)",
        "by the open it fills at, in whole units",
        final(result),
        float(stats["Equity Final [$]"]),
        final(all_in),
    )


def reversal() -> Row:
    stats = theirs(Theirs, commission=(5, 0))
    return Differs(
        "a reversal",
        "final equity of the cross, $5 an order",
        "one order for the difference, one commission (`order_target`)",
        "closes, then opens: two commissions",
        final(ours(mine.Reverse(), commission_min=5.0)),
        float(stats["Equity Final [$]"]),
        final(ours(mine.CloseThenOpen(), commission_min=5.0)),
    )


def spread() -> Row:
    result, stats = ours(mine.Reverse(), slippage_bps=10.0), theirs(Theirs, spread=0.001)
    t = trips(result)
    at_exits = np.abs(t[:, 3] - BARS.open[t[:, 1].astype(np.int64)]) * np.abs(t[:, 4])
    return Differs(
        "slippage (theirs: `spread`)",
        "final equity of the cross, 10 bps, no commission",
        "at every fill of a taker; at entries only with `slippage_entry_bps`",
        "at entries only",
        final(result),
        float(stats["Equity Final [$]"]),
        final(result) + float(at_exits.sum()),
    )


def last_position(result: bt.Result) -> Row:
    stats = theirs(Theirs, commission=COMMISSION, finalize_trades=True)
    held, price = float(result.exposures["quantity"][-1]), float(BARS.open[-1])
    closed = held * (price - float(BARS.close[-1])) - COMMISSION * abs(held) * price
    return Differs(
        "the position left at the end",
        "final equity of the first run above",
        "stays open, marked at the last close",
        "`finalize_trades`: closed at the last bar's open, a commission paid; without it, as btcore",
        final(result),
        float(stats["Equity Final [$]"]),
        final(result) + closed,
    )


def first_call() -> Row:
    stats = theirs(TheirsOnce)
    result, later = ours(mine.Once()), ours(mine.Once(at=1))
    entered = stats["_strategy"].trades[0].entry_price
    return Differs(
        "the first call of a strategy without indicators",
        "entry price of a buy on it",
        "at the first bar's close",
        "at the second bar's",
        float(result.trades["price"][0]),
        float(entered),
        float(later.trades["price"][0]),
    )


def out_of_cash() -> Row:
    units, decided, fill = 92, BARS.close[1], BARS.open[2]
    stats = theirs(TheirsOnce, cash=SMALL, units=units)
    at_open = bt.Orders(BARS.timestamp[2] + 1, SYMBOL, "buy", units)
    return Differs(
        f"{units} units with 10,000, enough at the close ({decided:g}), not at the next open ({fill:g})",
        "units bought",
        "admitted by the close; the fill is cut to what equity pays at the open (on quotes, where the order "
        "arrives after the open: rejected)",
        "cancelled at the open",
        float(ours(mine.Once(at=1, units=units), SMALL).trades["quantity"].sum()),
        float(sum(trade.size for trade in stats["_strategy"].trades)),
        float(ours(at_open, SMALL, QUOTES).trades["quantity"].sum()),
    )


def ruin() -> list[Row]:
    stats = theirs(TheirsOnce, cash=SMALL, units=-90)
    points = curve(ours(mine.Once(at=1, units=-90), SMALL))
    ended = np.where(np.maximum.accumulate(points <= 0), 0.0, points)
    return [
        Same(
            "90 units sold with 10,000, ours set to 0 once at or below",
            EQUITY,
            ended,
            their_curve(stats),
        ),
        Differs(
            "equity at or below zero (90 units sold with 10,000)",
            FINAL,
            "the position is closed at the next open (liquidation), the run continues",
            "the run ends, equity is 0",
            float(points[-1]),
            float(stats["Equity Final [$]"]),
            float(ended[-1]),
        ),
    ]


def profit_factor(result: bt.Result, stats: Any) -> Row:
    r = result.round_trips["return"]
    return Differs(
        "profit factor",
        "the first run above",
        "of money",
        "of each trade's return in percent",
        float(result.metrics["profit_factor"] or 0.0),
        float(stats["Profit Factor"]),
        float(r[r > 0].sum() / -r[r < 0].sum()),
    )


def sharpe(result: bt.Result, stats: Any) -> Row:
    points = curve(result)
    r = points[1:] / points[:-1] - 1
    growth = np.exp(np.log1p(r).mean())
    risk = np.sqrt((r.var(ddof=1) + growth**2) ** 252 - growth ** (2 * 252))
    return Differs(
        "Sharpe ratio",
        "the first run above",
        "mean over deviation of daily returns, times the root of 252 (five days a week)",
        "compounded annual return over the deviation of compounded returns",
        float(result.metrics["sharpe_ratio"] or 0.0),
        float(stats["Sharpe Ratio"]),
        float((growth**252 - 1) / risk),
    )
