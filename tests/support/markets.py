"""Random markets, the terms of their runs, and scripts to follow in them."""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engines import Case
from hypothesis import strategies as st
from msgspec.structs import replace

from btcore.config import CommissionTier, Execution, Instrument
from scripts import Action, Script

EXAMPLES = int(os.environ.get("BTCORE_EXAMPLES", "2000"))
MILLISECOND, SECOND, MINUTE, HOUR = 10**6, 10**9, 60 * 10**9, 3600 * 10**9

# Rows and actions are drawn as short byte strings and read as indexes into the tables below. The first entry
# of a table is the simplest, so failures shrink to readable cases. Prices are coarse, so that ties, touches
# and gaps are common; sizes are small, so that caps bind; steps are binary fractions, so that no rounding
# error decides a tie.

DAYS = ("2024-01-15", "2024-03-10", "2024-11-03", "2024-07-01")  # two of them change the clocks in New York
TIMEZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
UNITS = (SECOND, MINUTE, MILLISECOND, 15 * SECOND, HOUR)
KINDS = (
    ("bars",),
    ("quotes",),
    ("trades",),
    ("quotes", "trades"),
    ("quotes", "bars"),
    ("trades", "bars"),
    ("quotes", "trades", "bars"),
)
GAPS = (1, 0, 1, 0, 1, 2, 0, 3, 1, 40)  # between ticks, in units of time
LEVELS = (0, 1, -1, 2, -2, 0, 1, -1, 3, -3, 0, 4, -4)  # of a price, in steps from 100
SPREADS = (1, 2, 1, 0)
SIZES = (1.0, 2.0, 3.0, 5.0, 10.0, 0.5, 40.0)
LOTS = (1.0, 2.0, 3.0, 5.0, 10.0, 4.0, 25.0, 100.0)  # of an order's quantity
ODD_QUANTITIES = (0.25, 1.5)
ODD_PRICES = (100.125, 1.0, 1000.0)
LIFETIMES = ("GTC", "GTC", "DAY", "IOC", "FOK", "GTC", "DAY")
GROUPS = (0, 0, 1, 1, 2, 0)
LATENCIES = (None, None, None, 0.0, 0.5, 1.0, None, 3.0)  # in units of time
TIMERS = (1.0, 0.0, 0.5, 3.0, -1.0, 10.0)
SKIPS = (0, 1, 1, 2, 0, 3, 5)  # calls of a hook between two actions
VERBS = ("order",) * 8 + ("protected", "amend", "amend", "cancel", "set_timer", "log", "protected", "amend")

# The newer terms
# The newer terms
NEW_VERBS = (*VERBS, "bracket", "bracket", "order", "bracket")
PRICED = (
    (),
    ("limit",),
    ("limit",),
    ("stop",),
    ("limit", "stop"),
    ("trail",),
    ("touch",),
    ("limit", "touch"),
    ("trail",),
    ("trail", "limit_offset"),
    ("trail", "stop"),
    ("limit",),
)
NEW_LIFETIMES = ("GTC", "GTC", "DAY", "IOC", "FOK", "GTD", "OPG", "CLS", "GTC", "OPG", "CLS", "GTC")
EXPIRIES = (2.0, 0.5, 5.0, 0.0, 1.0, 12.0)  # from now, in units of time
TRAILS = (("price", 1.0), ("price", 2.0), ("percent", 1.0), ("ticks", 2.0), ("price", 4.0), ("ticks", 5.0))
OLD_PRICED = ((), ("limit",), ("limit",), ("stop",), ("limit", "stop"))
TIERS = (
    (),
    (),
    (),
    (
        CommissionTier(notional=500, maker_bps=1, taker_bps=4),
        CommissionTier(notional=4000, maker_bps=-1, taker_bps=0),
    ),
)
STEPS_OF_TIME = (1.0, 2.0, 3.0, 5.0, 0.5, 8.0)


class Dice:
    """Reads a byte string as choices from tables; past its end everything is the first choice."""

    def __init__(self, data: bytes) -> None:
        self.data = iter(data)

    def pick(self, table: tuple[Any, ...]) -> Any:
        return table[next(self.data, 0) % len(table)]

    def one_in(self, n: int) -> bool:
        return next(self.data, 0) % n == n - 1


executions = st.builds(
    Execution,
    slippage_bps=st.sampled_from((0.0, 0.0, 1.0, 25.0, 100.0)),
    commission_bps=st.sampled_from((0.0, 0.0, 1.0, 10.0, -2.0)),
    maker_bps=st.sampled_from((None, None, 2.0, -1.0)),
    taker_bps=st.sampled_from((None, None, 5.0)),
    commission_per_share=st.sampled_from((0.0, 0.0, 0.005)),
    commission_min=st.sampled_from((None, None, 0.5)),
    commission_max=st.sampled_from((None, None, 0.75)),
    leverage=st.sampled_from((1.0, 5.0, 2.0, 0.5)),
    limit_fill=st.sampled_from(("through", "touch")),
    volume_share=st.sampled_from((None, None, 0.25, 1.0)),
    displayed_size=st.booleans(),
)


@st.composite
def cases(draw: Any) -> tuple[Case, Script]:
    """A random market, the terms of its run, and a script to follow in it; every second has newer terms."""
    symbols = ("A", "B", "C")[: draw(st.sampled_from((1, 2, 1, 3)))]
    kinds = st.just(KINDS[0]) if draw(st.booleans()) else st.sampled_from(KINDS)
    unit = draw(st.sampled_from(UNITS))
    timezone = draw(st.sampled_from(TIMEZONES))
    midnight = datetime.fromisoformat(draw(st.sampled_from(DAYS))).replace(tzinfo=ZoneInfo(timezone))
    base = int(midnight.timestamp()) * SECOND + unit * draw(st.integers(-12, 3))
    is_new = draw(st.booleans())  # as the newer ones would crowd out the plain ones
    dice = Dice(draw(st.binary(min_size=120, max_size=120)) if is_new else b"")

    streams, instruments, grounds = {}, {}, {}
    for symbol in symbols:
        step = draw(st.sampled_from((1.0, 0.5, 0.25)))
        instruments[symbol] = draw(instruments_around(step))
        if is_new:
            instruments[symbol] = replace(instruments[symbol], **new_instrument(dice, base, unit))
        origin = 0.0 if instruments[symbol].negative_prices else 100.0
        grounds[symbol] = Ground(origin, step, instruments[symbol].lot_size or 1.0)
        streams[symbol] = draw(markets(draw(kinds), base, unit, grounds[symbol]))

    milliseconds = unit / MILLISECOND
    latency = draw(st.sampled_from((0.0, 0.0, 0.25, 1.0, 2.0, 3.5))) * milliseconds
    execution = replace(draw(executions), latency_ms=latency)
    if is_new:
        execution = replace(execution, **new_execution(dice, base, unit))
    case = Case(
        streams,
        execution=execution,
        instruments=instruments,
        initial_capital=draw(st.sampled_from((1_000_000.0, 4096.0, 1000.0))),
        timezone=timezone,
        mark_every=draw(st.sampled_from((None, None, unit, 3 * unit, 7 * SECOND))),
    )
    if is_new:
        case.fx = {"EUR": dice.pick((1.25, dated(dice, base - unit, unit, (1.25, 1.5, 0.75))))}
    actions: dict[int, list[Action]] = defaultdict(list)
    call = 0
    for dice in map(Dice, draw(rows(0, 24 if is_new else 14))):
        call += dice.pick(SKIPS)
        actions[call] += actions_of(dice, symbols, grounds, unit, is_new)
    return case, Script(symbols, dict(actions), legs=execution.position_mode == "hedging")


@dataclass(frozen=True)
class Ground:
    """Where a symbol's prices lie, and the steps of its prices and sizes."""

    origin: float
    step: float
    lot: float

    def price(self, levels: float) -> float:
        return self.origin + self.step * levels


def instruments_around(step: float) -> st.SearchStrategy[Instrument]:
    return st.builds(
        Instrument,
        tick_size=st.sampled_from((0.0, step, step, step, 2 * step)),
        lot_size=st.sampled_from((0.0, 1.0, 0.5, 2.0)),
        multiplier=st.sampled_from((1.0, 1.0, 10.0, 0.5)),
    )


def new_instrument(dice: Dice, base: int, unit: int) -> dict[str, Any]:
    def sometimes(values: tuple[float, ...]) -> list[tuple[int, float]]:
        first = base + int(unit * dice.pick((4.0, 2.0, 8.0, 5.5, 12.0)))
        return dated(dice, first, unit, values) if dice.one_in(3) else []

    return {
        "min_notional": dice.pick((0.0, 0.0, 0.0, 0.0, 0.0, 150.0)),
        "negative_prices": dice.one_in(12),
        "currency": dice.pick((None, None, "USD", "EUR")),
        "initial_margin": dice.pick((None, None, 0.5, 0.125)),
        "maintenance_margin": dice.pick((None, None, None, None, 0.0625, 0.5)),
        "borrow_rate": dice.pick((0.0, 0.0, 20.0, dated(dice, base, unit, (50.0, 0.0, 100.0)))),
        "funding": sometimes((0.0625, -0.125, 0.25)),
        "splits": sometimes((2.0, 0.5, 4.0, 0.25)),
        "dividends": sometimes((1.0, 0.25, 3.0)),
    }


def new_execution(dice: Dice, base: int, unit: int) -> dict[str, Any]:
    milliseconds = unit / MILLISECOND
    account = dice.pick(("margin", "margin", "margin", "cash"))
    terms = {
        "slippage_ticks": dice.pick((0.0, 0.0, 0.0, 1.0)),
        "slippage_volume": dice.pick((0.0, 0.0, 0.0, 0.125)),
        "slippage_sqrt": dice.pick((0.0, 0.0, 0.0, 0.03125)),
        "commission_tiers": list(dice.pick(TIERS)),
        "response_latency_ms": dice.pick((0.0, 0.0, 0.0, 0.5, 1.0, 3.0)) * milliseconds,
        "latency_jitter_ms": dice.pick((0.0, 0.0, 0.0, 0.5, 2.0)) * milliseconds,
        "response_jitter_ms": dice.pick((0.0, 0.0, 0.0, 0.5, 2.0)) * milliseconds,
        "jitter": dice.pick(("uniform", "exponential")),
        "seed": dice.pick((0, 7, 2**61 + 5)),
        "account": account,
        "leverage": dice.pick((1.0, 2.0, 5.0, 5.0)),
        "maintenance_margin": dice.pick((0.0, 0.0, 0.1875, 0.1875, 0.5)),
        "position_mode": "hedging" if dice.one_in(4) and account == "margin" else "netting",
        "cost_basis": dice.pick(("average", "average", "fifo")),
        "cash_rate": dice.pick((0.0, 0.0, 0.0, 50.0, dated(dice, base, unit, (20.0, 0.0)))),
        "debit_rate": dice.pick((0.0, 0.0, 100.0)),
        "off_step": dice.pick(("reject", "reject", "snap")),
        "intrabar": dice.pick(("pessimistic", "optimistic", "path")),
    }
    for name in ("latency_ms", "response_latency_ms"):
        if dice.one_in(8):
            terms[name] = dated(dice, base, unit, (milliseconds, 0.0, 2.5 * milliseconds))
    return terms


def dated(dice: Dice, base: int, unit: int, values: tuple[float, ...]) -> list[tuple[int, float]]:
    """One to three moments, the first at `base`, and a value at each."""
    items, ts = [], base
    for _ in range(dice.pick((1, 2, 3))):
        items.append((ts, dice.pick(values)))
        ts += int(unit * dice.pick(STEPS_OF_TIME))
    return items


@st.composite
def rows(draw: Any, least: int, width: int = 6) -> list[bytes]:
    least += draw(st.sampled_from((0, 4, 8, 12)))
    return draw(st.lists(st.binary(min_size=width, max_size=width), min_size=least, max_size=30))


@st.composite
def markets(draw: Any, kinds: tuple[str, ...], base: int, unit: int, ground: Ground) -> dict[str, Any]:
    market: dict[str, Any] = {}
    sized = draw(st.booleans())
    for kind in kinds:
        start = base + unit * draw(st.integers(0, 3))
        if kind == "bars":
            market["interval"] = unit * draw(st.sampled_from((1, 2, 4)))
            market["bars"] = bars(draw(rows(1)), start, market["interval"], ground)
        else:
            make = quotes if kind == "quotes" else trades
            market[kind] = make(draw(rows(2)), start, unit, ground, sized)
    return market


def bars(data: list[bytes], start: int, interval: int, ground: Ground) -> list[tuple[float, ...]]:
    made, ts = [], start
    for dice in map(Dice, data):
        opened, closed = (ground.price(dice.pick(LEVELS)) for _ in range(2))
        high = max(opened, closed) + ground.step * dice.pick((0, 1, 2, 5))
        low = min(opened, closed) - ground.step * dice.pick((0, 1, 2, 5))
        volume = 4 * dice.pick((*SIZES, 0.0))
        made.append((ts, opened, high, low, closed, volume))
        ts += interval * dice.pick((1, 1, 1, 1, 1, 2, 7))
    return made


def quotes(data: list[bytes], start: int, unit: int, ground: Ground, sized: bool) -> list[tuple[float, ...]]:
    made = []
    for ts, dice in ticks(data, start, unit):
        bid = ground.price(dice.pick(LEVELS))
        ask = bid + ground.step * dice.pick(SPREADS)
        sizes = (dice.pick((*SIZES, 0.0)), dice.pick((*SIZES, 0.0))) if sized else ()
        made.append((ts, bid, ask, *sizes))
    return made


def trades(data: list[bytes], start: int, unit: int, ground: Ground, sized: bool) -> list[tuple[float, ...]]:
    made = []
    for ts, dice in ticks(data, start, unit):
        price = ground.price(dice.pick(LEVELS))
        made.append((ts, price, dice.pick(SIZES), dice.pick((0, 1, -1))) if sized else (ts, price))
    return made


def ticks(data: list[bytes], start: int, unit: int) -> Iterator[tuple[int, Dice]]:
    ts = start
    for number, dice in enumerate(map(Dice, data)):
        gap = dice.pick(GAPS)
        ts += unit * (max(gap, 1) if number == 1 else gap)  # never all at one instant
        yield ts, dice


def actions_of(
    dice: Dice, symbols: tuple[str, ...], grounds: dict[str, Ground], unit: int, is_new: bool
) -> list[Action]:
    verb = dice.pick(NEW_VERBS if is_new else VERBS)
    if verb == "set_timer":
        return [Action(verb, (int(dice.pick(TIMERS) * unit),))]
    if verb == "log":
        return [Action(verb, (dice.pick(("hello", "goodbye")),))]
    number = dice.pick(tuple(range(20)))
    if verb == "cancel":
        return [Action(verb, (number,))]

    symbol = dice.pick(symbols)
    ground = grounds[symbol]
    side, other = ("buy", "sell") if number % 2 == 0 else ("sell", "buy")
    quantity = dice.pick(ODD_QUANTITIES) if dice.one_in(20) else ground.lot * dice.pick(LOTS)
    prices: dict[str, Any] = {}
    for name in dice.pick(PRICED if is_new else OLD_PRICED):
        if name in ("limit", "stop", "touch"):
            price = ground.price(dice.pick(LEVELS))
            prices[name] = dice.pick(ODD_PRICES) if dice.one_in(20) else price
        elif name == "trail":
            prices["trail_by"], trail = dice.pick(TRAILS)
            prices["trail"] = trail * ground.step if prices["trail_by"] == "price" else trail
        else:
            prices[name] = ground.step * dice.pick((1.0, 0.0, 2.0))
    if verb == "amend":
        terms = {name: price for name, price in prices.items() if name in ("limit", "stop", "touch")}
        terms = terms if terms and dice.one_in(2) else terms | {"quantity": quantity}
        return [Action(verb, (number,), terms)]

    terms = {"time_in_force": dice.pick(LIFETIMES), "oco": dice.pick(GROUPS)}
    latency = dice.pick(LATENCIES)
    if latency is not None:
        terms["latency_ms"] = latency * unit / MILLISECOND
    ways = (1, -1) if side == "buy" else (-1, 1)
    target, stop = (ground.price(way * dice.pick((2, 3, 1, 4))) for way in ways)
    if verb == "order":
        terms |= new_terms(dice, prices, unit) if is_new else {}
        return [Action(side, (symbol, quantity), prices | terms)]
    if verb == "bracket":
        entry = {name: price for name, price in prices.items() if name in ("limit", "stop")}
        exits = {"take_profit": target, "stop_loss": stop}
        kept = dice.pick((tuple(exits), tuple(exits), ("take_profit",), ("stop_loss",)))
        entry |= {name: exits[name] for name in kept}
        terms.pop("oco")
        return [Action(verb, (symbol, quantity), entry | terms | {"side": side})]
    # An entry, and around it a target and a protective stop in one group.
    terms = terms | {"oco": terms["oco"] or 3}
    return [
        Action(side, (symbol, quantity)),
        Action(other, (symbol, quantity), terms | {"limit": target}),
        Action(other, (symbol, quantity), terms | {"stop": stop}),
    ]


def new_terms(dice: Dice, prices: dict[str, Any], unit: int) -> dict[str, Any]:
    """An order's newer terms, none that exclude each other."""
    terms: dict[str, Any] = {"time_in_force": dice.pick(NEW_LIFETIMES)}
    if terms["time_in_force"] in ("OPG", "CLS"):
        for name in prices.keys() - {"limit"}:
            del prices[name]
    if terms["time_in_force"] == "GTD":
        terms["expires"] = int(unit * dice.pick(EXPIRIES))
    if prices.keys() == {"limit"} and terms["time_in_force"] in ("GTC", "DAY", "GTD"):
        terms["post_only"] = dice.one_in(4)
    terms["reduce_only"] = dice.one_in(6)
    if dice.one_in(4):
        terms["parent"] = dice.pick(tuple(range(8)))
    return terms
