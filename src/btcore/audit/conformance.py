"""The cases of conformance.json: a rule, a market of a few rows, a script of orders, and the expected values.

`btcore.verify` replays them. The values are worked out by hand from docs/simulation.md, those of the
rule "Metrics" from docs/metrics.md; `because` has the arithmetic. All times are seconds after
2024-01-15 00:00 UTC.
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from btcore.backtest.run_one import run
from btcore.config import Execution, Instrument
from btcore.data.containers import Bars, Quotes, Trades
from btcore.errors import BtcoreError
from btcore.results.result import Result
from btcore.strategies.callbacks.context import Context
from btcore.strategies.callbacks.events import BarEvent, FillEvent, QuoteEvent, TradeEvent
from btcore.strategies.callbacks.strategy import Strategy
from btcore.strategies.targets.targets import Targets
from btcore.times.intervals import SECOND_NS

TABLE = Path(__file__).with_name("conformance.json")
ORIGIN = 1_705_276_800 * SECOND_NS  # 2024-01-15 00:00 UTC
KINDS: dict[str, Callable[..., Bars | Quotes | Trades]] = {"bars": Bars, "quotes": Quotes, "trades": Trades}

Rows = list[list[float]]


class Stream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows of one symbol.

    bars: [time, open, high, low, close, volume?], of `every` seconds, or with the times of `ends`; `bid` and
        `ask` have the rows [open, high, low, close] of both sides.
    longer: rows of bars of another resolution, of `longer_every` seconds.
    quotes: [time, bid, ask, bid size?, ask size?].
    trades: [time, price, size?].
    """

    bars: Rows = []
    quotes: Rows = []
    trades: Rows = []
    every: int = 60
    ends: list[float] = []
    bid: Rows = []
    ask: Rows = []
    longer: Rows = []
    longer_every: int = 0
    negative_prices: bool = False

    def containers(self) -> tuple[Bars | Quotes | Trades, ...]:
        found = tuple(self._container(kind) for kind in KINDS if getattr(self, kind))
        if not self.longer:
            return found
        times, *columns = zip(*self.longer, strict=True)
        stamps = np.array([to_ns(t) for t in times], np.int64)
        return (*found, Bars(stamps, *columns, interval=self.longer_every * SECOND_NS))

    def _container(self, kind: str) -> Bars | Quotes | Trades:
        times, *columns = zip(*getattr(self, kind), strict=True)
        more: dict[str, Any] = {"crossed": "keep"} if kind == "quotes" else {}
        if kind == "bars":
            more = {"interval": self.every * SECOND_NS}
            if self.ends:
                more["end"] = np.array([to_ns(t) for t in self.ends], np.int64)
            if self.bid:
                more |= {"bid": tuple(zip(*self.bid, strict=True)), "ask": tuple(zip(*self.ask, strict=True))}
        stamps = np.array([to_ns(t) for t in times], np.int64)
        return KINDS[kind](stamps, *columns, negative_prices=self.negative_prices, **more)


class Case(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One case.

    do: actions [time, name, ...] in order of time; the time may also be "fill" (at every fill),
        "other_bar" (at every bar of another resolution) or "end".
        "buy", "sell" and "bracket" are followed by a quantity and other arguments, "cancel" and "amend" by
        an order id, "look" by the names of context attributes, whose values are recorded.
    targets: instead of `do`, rows of [time, symbol, value] and settings of `bt.Targets`.
    terms: keyword arguments of `bt.run`; a list of [time, value] is dated values.
    expect: expected values by the names of `read`, or "error". Among them, "heard" are the events that the
        strategy received, "seen" the values that "look" recorded, and "asked" quantity, limit price and stop
        or touch price of each order.
    because: the arithmetic of the expected values.
    """

    rule: str
    case: str
    data: dict[str, Stream]
    do: list[list[Any]] = []
    targets: dict[str, Any] = {}
    terms: dict[str, Any] = {}
    expect: dict[str, Any]
    because: str


def to_ns(seconds: float) -> int:
    """ns UTC of a time in seconds after ORIGIN."""
    return ORIGIN + round(seconds * SECOND_NS)


def seconds(ns: int) -> float | None:
    """Seconds after ORIGIN; None for a negative time, which means "never"."""
    return None if ns < 0 else (int(ns) - ORIGIN) / SECOND_NS


def dated(terms: Any) -> Any:
    """Keyword arguments for `bt.run`: lists of [time, value] become lists of (ns UTC, value)."""
    if isinstance(terms, dict):
        return {name: TIMED.get(name, dated)(value) for name, value in terms.items()}
    if isinstance(terms, list) and all(isinstance(x, list) and isinstance(x[0], int | float) for x in terms):
        return [(to_ns(at), value) for at, value in terms]
    return terms


TIMED: dict[str, Callable[[Any], Any]] = {  # settings that are not lists of [time, value]
    "halts": lambda rows: [(to_ns(begin), to_ns(end)) for begin, end in rows],
    "price_bands": lambda rows: [(to_ns(at), low, high) for at, low, high in rows],
    "delisting": lambda row: (to_ns(row[0]), row[1]),
}


class Script(Strategy):
    """Performs the actions of a case; records the events it receives and the values of "look"."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.symbol = next(iter(case.data))
        self.timed = [action for action in case.do if not isinstance(action[0], str)]
        self.at = {
            when: [each for each in case.do if each[0] == when] for when in ("fill", "other_bar", "end")
        }
        self.received: list[list[Any]] = []
        self.seen: list[list[Any]] = []

    def on_start(self, ctx: Context) -> None:
        for when in {action[0] for action in self.timed}:
            ctx.set_timer(to_ns(when))

    def on_timer(self, ctx: Context) -> None:
        while self.timed and to_ns(self.timed[0][0]) <= ctx.now:
            self.perform(ctx, *self.timed.pop(0)[1:])

    def on_bar(self, ctx: Context, bar: BarEvent) -> None:
        self.received.append([seconds(ctx.now), f"bar {bar.symbol}"])

    def on_other_bar(self, ctx: Context, bar: BarEvent) -> None:
        self.received.append([seconds(ctx.now), f"{bar.resolution} {bar.symbol}"])
        self.perform_all(ctx, "other_bar")

    def on_quote(self, ctx: Context, quote: QuoteEvent) -> None:
        self.received.append([seconds(ctx.now), f"quote {quote.symbol}"])

    def on_trade(self, ctx: Context, trade: TradeEvent) -> None:
        self.received.append([seconds(ctx.now), f"trade {trade.symbol}"])

    def on_fill(self, ctx: Context, fill: FillEvent) -> None:
        self.received.append([seconds(ctx.now), f"fill {fill.order_id}"])
        self.perform_all(ctx, "fill")

    def on_end(self, ctx: Context) -> None:
        self.perform_all(ctx, "end")

    def perform_all(self, ctx: Context, when: str) -> None:
        for action in self.at[when]:
            self.perform(ctx, *action[1:])

    def perform(self, ctx: Context, method: str, *given: Any) -> None:
        if method == "look":
            self.seen.append([self.value(ctx, name) for name in given])
            return
        first, arguments = given[0], dict(given[1]) if len(given) > 1 else {}
        if "expires" in arguments:
            arguments["expires"] = to_ns(arguments["expires"])
        if method in ("buy", "sell", "bracket"):
            getattr(ctx, method)(arguments.pop("symbol", self.symbol), first, **arguments)
        else:
            getattr(ctx, method)(first, **arguments)

    def value(self, ctx: Context, name: str) -> Any:
        if name in ("cash", "equity"):
            return getattr(ctx, name)
        if name == "open_orders":
            return ctx.open_orders()
        if name in ("long", "short"):
            return ctx.position(self.symbol, "long" if name == "long" else "short")
        return getattr(ctx, name)(self.symbol)


def _rows(*columns: Any) -> list[list[Any]]:
    return [list(row) for row in zip(*(np.asarray(column).tolist() for column in columns), strict=True)]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _stamped(times: Any, *columns: Any) -> list[list[Any]]:
    return [[seconds(row[0]), *row[1:]] for row in _rows(times, *columns)]


def read(name: str, result: Result, script: Script, expected: Any) -> Any:
    """The replayed value of that name; of "metrics", those that are expected."""
    orders, fills, trips, flows = result.orders, result.trades, result.round_trips, result.cash_flows
    signed = np.where(fills["side"] == "buy", 1, -1) * fills["quantity"]
    curve, events, exposures = result.equity_curve, result.order_events, result.exposures
    match name:
        case "fills":
            return _stamped(fills["timestamp"], fills["order_id"], signed, fills["price"], fills["liquidity"])
        case "commissions":
            return fills["commission"].tolist()
        case "ends":
            return [
                f"{status} {reason}".strip() for status, reason in _rows(orders["status"], orders["reason"])
            ]
        case "closed" | "arrived":
            return [seconds(ns) for ns in orders[f"{name}_at"].tolist()]
        case "types":
            return orders["order_type"].tolist()
        case "asked":
            trigger = np.where(np.isnan(orders["touch_price"]), orders["stop_price"], orders["touch_price"])
            rows = _rows(orders["quantity"], orders["limit_price"], trigger)
            return [[_number(value) for value in row] for row in rows]
        case "filled":
            return orders["filled_quantity"].tolist()
        case "entry_latency":  # whole nanoseconds
            return (orders["arrived_at"] - orders["sent_at"]).tolist()
        case "heard":
            return script.received
        case "seen":
            return script.seen
        case "reports":
            return [[at, int(what.split()[1])] for at, what in script.received if what.startswith("fill ")]
        case "report_latency":  # whole nanoseconds
            reported = [at for at, what in script.received if what.startswith("fill ")]
            return [to_ns(at) - int(ns) for at, ns in zip(reported, fills["timestamp"], strict=True)]
        case "events":
            return _stamped(events["timestamp"], events["order_id"], events["event"], events["reason"])
        case "flows":
            return _stamped(flows["timestamp"], flows["kind"], flows["amount"])
        case "curve":
            return _stamped(curve["timestamp"], curve["equity"])
        case "exposures":
            return _stamped(
                exposures["timestamp"], exposures["symbol"], exposures["quantity"], exposures["value"]
            )
        case "cash":
            return float(curve["cash"][-1])
        case "trips":
            return _rows(*(trips[column] for column in ("quantity", "entry_price", "exit_price", "pnl")))
        case "metrics":
            return {metric: result.metrics[metric] for metric in expected}
    raise KeyError(name)


def portfolio(rows: list[list[Any]], **settings: Any) -> Targets:
    times, symbols, values = zip(*rows, strict=True)
    return Targets([to_ns(t) for t in times], symbols, values, **settings)


def replay(case: Case) -> dict[str, Any]:
    """The replayed value for each expected name; for an error, the names of its type and its cause's."""
    script = Script(case)
    options = dated(case.terms)
    execution = msgspec.convert(options.pop("execution", {}), Execution)
    instruments = msgspec.convert(options.pop("instruments", {}), dict[str, Instrument])
    try:
        data = {symbol: stream.containers() for symbol, stream in case.data.items()}
        strategy = portfolio(**case.targets) if case.targets else script
        result = run(data, strategy, execution=execution, instruments=instruments, progress=False, **options)
        return {
            name: read(name, result, result.strategy, value)
            for name, value in case.expect.items()
            if name != "error"
        }
    except BtcoreError as error:
        causes = [error, *([error.__cause__] if error.__cause__ else [])]
        return {"error": " from ".join(type(cause).__name__ for cause in causes)}


def load(path: Path = TABLE) -> list[Case]:
    """The cases of a file."""
    return msgspec.json.decode(path.read_bytes(), type=list[Case])
