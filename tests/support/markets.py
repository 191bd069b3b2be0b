"""Random cases: markets, the terms of their runs, and scripts to follow in them.

Actions are drawn like rows (`random_rows`). Half of the cases draw from every term of btcore, the other half
from the common ones, which would otherwise be rare.
"""

import os
from collections import defaultdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engines import Case
from hypothesis import strategies as st
from msgspec.structs import replace
from random_rows import HOUR, KINDS, LEVELS, MILLISECOND, MINUTE, SECOND, Dice, Ground, markets, rows
from situations import CAPITAL, ON_BARS, SITUATIONS, WIDTHS, first_actions, terms
from strategy_scripts import Action, Script

from btcore.config import Commission, CommissionTier, Execution, Instrument, Slippage, TradingHours
from btcore.times.hours import DAYS as DAY_NAMES

EXAMPLES = int(os.environ.get("BTCORE_EXAMPLES", "1000"))

DAYS = ("2024-01-15", "2024-03-10", "2024-11-03", "2024-07-01")  # two of them change the clocks in New York
TIMEZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
UNITS = (SECOND, MINUTE, MILLISECOND, 15 * SECOND, HOUR)
LOTS = (1.0, 2.0, 3.0, 5.0, 10.0, 4.0, 25.0, 100.0)  # of an order's quantity
ODD_QUANTITIES = (0.25, 1.5)
ODD_PRICES = (100.125, 1.0, 1000.0)
LIFETIMES = ("GTC", "GTC", "DAY", "IOC", "FOK", "GTC", "DAY")
GROUPS = (0, 0, 1, 1, 2, 0)
LATENCIES = (None, None, None, 0.0, 0.5, 1.0, None, 3.0)  # in units of time
TIMERS = (1.0, 0.0, 0.5, 3.0, -1.0, 10.0)
SKIPS = (0, 1, 1, 2, 0, 3, 5)  # calls of a hook between two actions
VERBS = ("order",) * 8 + ("protected", "amend", "amend", "cancel", "set_timer", "log", "protected", "amend")

# With every term
ALL_VERBS = (*VERBS, "bracket", "bracket", "order", "bracket")
ALL_PRICED = (
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
ALL_LIFETIMES = ("GTC", "GTC", "DAY", "IOC", "FOK", "GTD", "OPG", "CLS", "GTC", "OPG", "CLS", "GTC")
EXPIRIES = (2.0, 0.5, 5.0, 0.0, 1.0, 12.0)  # from now, in units of time
TRAILS = (("price", 1.0), ("price", 2.0), ("percent", 1.0), ("ticks", 2.0), ("price", 4.0), ("ticks", 5.0))
PLAIN_PRICED = ((), ("limit",), ("limit",), ("stop",), ("limit", "stop"))
TIERS = (
    (),
    (),
    (),
    (
        CommissionTier(notional=500, maker_bps=1, taker_bps=4),
        CommissionTier(notional=4000, maker_bps=-1, taker_bps=0),
    ),
)
COMMISSIONS = (
    Commission(bps=2.0, per_order=1.0),
    Commission(taker_bps=20.0, minimum=0.5, maximum_bps=10.0, round_to=0.0625),
    Commission(maker_bps=-5.0, per_share=0.25, maximum=1.0, round_to=0.5),
)
STEPS_OF_TIME = (1.0, 2.0, 3.0, 5.0, 0.5, 8.0)
STEPS_OF_PAYMENTS = (0.0, 1.0, 2.0, 3.0, 0.0, 5.0)  # those of one time add up


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
    limit_fill=st.sampled_from((None, "touch", "through")),
    volume_share=st.sampled_from((None, None, 0.25, 1.0)),
    displayed_size=st.booleans(),
)


@st.composite
def cases(draw: Any) -> tuple[Case, Script]:
    """A random market, the terms of its run, and a script to follow in it."""
    situation = draw(st.sampled_from(SITUATIONS))
    symbols = ("A", "B", "C")[: draw(st.sampled_from((2, 3) if situation == "margin" else (1, 2, 1, 3)))]
    kinds = st.just(KINDS[0]) if draw(st.booleans()) or situation in ON_BARS else st.sampled_from(KINDS)
    unit = draw(st.sampled_from(UNITS))
    timezone = draw(st.sampled_from(TIMEZONES))
    midnight = datetime.fromisoformat(draw(st.sampled_from(DAYS))).replace(tzinfo=ZoneInfo(timezone))
    base = int(midnight.timestamp()) * SECOND + unit * draw(st.integers(-12, 3))
    every_term = draw(st.booleans())
    dice = Dice(draw(st.binary(min_size=120, max_size=120)) if every_term else b"")

    streams, instruments, grounds = {}, {}, {}
    for symbol in symbols:
        step = draw(st.sampled_from((1.0, 2.0) if situation else (1.0, 0.5, 0.25, 0.1)))
        instruments[symbol] = draw(instruments_around(step))
        if every_term:
            instruments[symbol] = replace(instruments[symbol], **more_of_instrument(dice, base, unit))
            hours = trading_hours(dice, timezone, unit)
            instruments[symbol] = replace(instruments[symbol], sessions=hours)
        origin = 0.0 if instruments[symbol].negative_prices else 100.0
        grounds[symbol] = Ground(origin, step, instruments[symbol].lot_size or 1.0)
        width = WIDTHS if situation == "range" else ()
        streams[symbol] = draw(markets(draw(kinds), base, unit, grounds[symbol], width))
        if every_term and dice.one_in(6):
            at = last_end(streams[symbol]) + int(unit * dice.pick((0.0, 1.0, 0.5))) + 1
            instruments[symbol] = replace(instruments[symbol], delisting=(at, dice.pick((0.0, 90.0, 101.0))))

    milliseconds = unit / MILLISECOND
    latency = draw(st.sampled_from((0.0, 0.0, 0.25, 1.0, 2.0, 3.5))) * milliseconds
    execution = replace(draw(executions), latency_ms=latency)
    if every_term:
        execution = replace(execution, **more_of_execution(dice, base, unit))
    if situation:
        execution = replace(execution, **terms(situation))
    if not all(have_sizes(stream) for stream in streams.values()):
        execution = replace(execution, displayed_size=False, consume="none")
    on_bars = execution.bar_fill == "open" and any(rest_on_bars(stream) for stream in streams.values())
    if every_term and on_bars and dice.one_in(2):
        execution = replace(execution, resting_on="bars")
    if not all(have_volume(stream) for stream in streams.values()):
        execution = replace(execution, volume_share=None, slippage_volume=0.0, slippage_sqrt=0.0)
    if any("sides" in stream and "bars" in stream for stream in streams.values()):
        execution = replace(
            execution, intrabar={"path": "optimistic"}.get(execution.intrabar, execution.intrabar)
        )
    case = Case(
        streams,
        execution=execution,
        instruments=instruments,
        initial_capital=CAPITAL if situation else draw(st.sampled_from((1_000_000.0, 4096.0, 1000.0))),
        timezone=timezone,
        mark_every=draw(st.sampled_from((None, None, unit, 3 * unit, 7 * SECOND))),
    )
    if every_term:
        case.fx = {"EUR": dice.pick((1.25, dated(dice, base - unit, unit, (1.25, 1.5, 0.75))))}
    actions: dict[int, list[Action]] = defaultdict(list)
    if situation:
        first = Dice(draw(st.binary(min_size=12, max_size=12)))
        actions[first.pick((1, 2, 3))] += first_actions(situation, first, grounds, instruments, execution)
    call = 4 if situation else 0
    for dice in map(Dice, draw(rows(0, 24 if every_term else 14))):
        call += dice.pick(SKIPS)
        actions[call] += actions_of(dice, symbols, grounds, unit, every_term)
    return case, Script(symbols, dict(actions), legs=execution.position_mode == "hedging")


def have_sizes(stream: dict[str, Any]) -> bool:
    """True if the quotes and trades, if any, have sizes."""
    return all(len(row) == n for kind, n in (("quotes", 5), ("trades", 4)) for row in stream.get(kind, ()))


def rest_on_bars(stream: dict[str, Any]) -> bool:
    """True if `resting_on="bars"` concerns the symbol."""
    return "quotes" in stream and "bars" in stream


def have_volume(stream: dict[str, Any]) -> bool:
    """True if some bar has a volume above 0."""
    return "bars" not in stream or any(row[5] for row in stream["bars"])


def instruments_around(step: float) -> st.SearchStrategy[Instrument]:
    return st.builds(
        Instrument,
        tick_size=st.sampled_from((0.0, step, step, step, 2 * step)),
        lot_size=st.sampled_from((0.0, 1.0, 0.5, 2.0)),
        multiplier=st.sampled_from((1.0, 1.0, 10.0, 0.5)),
    )


def more_of_instrument(dice: Dice, base: int, unit: int) -> dict[str, Any]:
    def sometimes(
        values: tuple[float, ...], steps: tuple[float, ...] = STEPS_OF_TIME
    ) -> list[tuple[int, float]]:
        first = base + int(unit * dice.pick((4.0, 2.0, 8.0, 5.5, 12.0)))
        return dated(dice, first, unit, values, steps) if dice.one_in(3) else []

    return {
        "min_notional": dice.pick((0.0, 0.0, 0.0, 0.0, 0.0, 150.0)),
        "negative_prices": dice.one_in(12),
        "currency": dice.pick((None, None, "USD", "EUR")),
        "initial_margin": dice.pick((None, None, 0.5, 0.125)),
        "maintenance_margin": dice.pick((None, None, None, None, 0.0625, 0.5)),
        "borrow_rate": dice.pick((0.0, 0.0, 20.0, dated(dice, base, unit, (50.0, 0.0, 100.0)))),
        "funding": sometimes((0.0625, -0.125, 0.25), STEPS_OF_PAYMENTS),
        "splits": sometimes((2.0, 0.5, 4.0, 0.25)),
        "dividends": sometimes((1.0, 0.25, 3.0), STEPS_OF_PAYMENTS),
        "commission": dice.pick((None, None, *COMMISSIONS)),
        "slippage": dice.pick((None, None, None, Slippage(bps=50.0), Slippage(entry_bps=100.0, ticks=1.0))),
        "maker_bps": dice.pick((None, None, None, 3.0)),
        "taker_bps": dice.pick((None, None, None, 7.0)),
        "mark_prices": sometimes((100.0, 97.0, 104.0)),
        "halts": halts(dice, base, unit),
        "price_bands": price_bands(dice, base, unit),
    }


def halts(dice: Dice, base: int, unit: int) -> list[tuple[int, int]]:
    """Up to two halts, one after the other."""
    begin, length, gap = (int(unit * dice.pick(STEPS_OF_TIME)) for _ in range(3))
    second = base + begin + length + gap
    found = [(base + begin, base + begin + length), (second, second + 8 * unit)]
    return found[: dice.pick((0, 0, 0, 0, 1, 2))]


def price_bands(dice: Dice, base: int, unit: int) -> list[tuple[int, float | None, float | None]]:
    """Up to two price bands around the price, open on a side at times."""
    steps = (int(unit * dice.pick(STEPS_OF_TIME)) for _ in range(2))
    limits = [(dice.pick((None, 97.0, 99.0)), dice.pick((None, 102.0, 100.5))) for _ in range(2)]
    first, second = steps
    found = [(base + first, *limits[0]), (base + first + second, *limits[1])]
    return found[: dice.pick((0, 0, 0, 0, 1, 2))]


def last_end(stream: dict[str, Any]) -> int:
    """When the last row of a symbol is delivered."""
    ends = [int(row[0]) for kind in ("quotes", "trades") for row in stream.get(kind) or ()]
    for row in stream.get("bars") or ():
        ends.append(stream["ends"][int(row[0])] if "ends" in stream else int(row[0]) + stream["interval"])
    return max(ends)


def trading_hours(dice: Dice, timezone: str, unit: int) -> TradingHours | None:
    """Sessions of a few units each, often different from those of the run; sometimes None."""
    limits = dice.pick((None, ((2, 5), (7, 13)), ((-3, 4), (4, 9)), ((1, 3),), ((0, 0),)))
    if limits is None or unit < SECOND:
        return None
    pairs = [(time_of_day(unit * begin), time_of_day(unit * end)) for begin, end in limits]
    week = {day: pairs for day in DAY_NAMES if not (day == "sunday" and dice.one_in(4))}
    return TradingHours(timezone=dice.pick((timezone, "UTC")), week=week)


def time_of_day(ns: int) -> str:
    minutes, second = divmod(ns % (24 * HOUR) // SECOND, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"


def more_of_execution(dice: Dice, base: int, unit: int) -> dict[str, Any]:
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
        "max_order": dice.pick((None, None, None, None, 5.0)),
        "max_position": dice.pick((None, None, None, None, 6.0)),
        "max_open_orders": dice.pick((None, None, None, None, 2)),
        "max_loss": dice.pick((None, None, None, None, 50.0)),
        "max_orders_per_second": dice.pick((None, None, None, None, 1, 3)),
        "commission_per_order": dice.pick((0.0, 0.0, 0.0, 2.0)),
        "commission_max_bps": dice.pick((None, None, None, 10.0)),
        "commission_round_to": dice.pick((0.0, 0.0, 0.25)),
        "slippage_entry_bps": dice.pick((0.0, 0.0, 0.0, 100.0)),
        "bar_fill": dice.pick(("open", "open", "close")),
        "oco_across": dice.one_in(3),
        "close_at_end": dice.one_in(3),
        "consume": dice.pick(("none", "none", "until_refresh")),
        "max_quote_age": dice.pick(
            (None, None, None, f"{int(milliseconds)}ms", f"{int(2.5 * milliseconds)}ms")
        ),
    }
    for name in ("latency_ms", "response_latency_ms"):
        if dice.one_in(8):
            terms[name] = dated(dice, base, unit, (milliseconds, 0.0, 2.5 * milliseconds))
    return terms


def dated(
    dice: Dice, base: int, unit: int, values: tuple[float, ...], steps: tuple[float, ...] = STEPS_OF_TIME
) -> list[tuple[int, float]]:
    """One to three moments, the first at `base`, and a value at each."""
    items, ts = [], base
    for _ in range(dice.pick((1, 2, 3))):
        items.append((ts, dice.pick(values)))
        ts += int(unit * dice.pick(steps))
    return items


def actions_of(
    dice: Dice, symbols: tuple[str, ...], grounds: dict[str, Ground], unit: int, every_term: bool
) -> list[Action]:
    verb = dice.pick(ALL_VERBS if every_term else VERBS)
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
    for name in dice.pick(ALL_PRICED if every_term else PLAIN_PRICED):
        if name in ("limit", "stop", "touch"):
            price = ground.price(dice.pick(LEVELS))
            prices[name] = dice.pick(ODD_PRICES) if dice.one_in(20) else price
        elif name == "trail":
            prices["trail_by"], trail = dice.pick(TRAILS)
            prices["trail"] = trail * ground.step if prices["trail_by"] == "price" else trail
        else:
            prices[name] = ground.step * dice.pick((1.0, 0.0, 2.0))
    if verb == "amend":
        terms = {name: price for name, price in prices.items() if name != "trail_by"}
        terms = terms if terms and dice.one_in(2) else terms | {"quantity": quantity}
        return [Action(verb, (number,), terms)]

    terms = {"time_in_force": dice.pick(LIFETIMES), "oco": dice.pick(GROUPS)}
    latency = dice.pick(LATENCIES)
    if latency is not None:
        terms["latency_ms"] = latency * unit / MILLISECOND
    ways = (1, -1) if side == "buy" else (-1, 1)
    target, stop = (ground.price(way * dice.pick((2, 3, 1, 4))) for way in ways)
    if verb == "order":
        terms |= more_of_order(dice, prices, unit) if every_term else {}
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


def more_of_order(dice: Dice, prices: dict[str, Any], unit: int) -> dict[str, Any]:
    """The other terms of an order, none that exclude each other."""
    terms: dict[str, Any] = {"time_in_force": dice.pick(ALL_LIFETIMES)}
    if terms["time_in_force"] in ("OPG", "CLS"):
        for name in prices.keys() - {"limit"}:
            del prices[name]
    if terms["time_in_force"] == "GTD":
        terms["expires"] = int(unit * dice.pick(EXPIRIES))
    if prices.keys() == {"limit"} and terms["time_in_force"] in ("GTC", "DAY", "GTD"):
        terms["post_only"] = dice.one_in(4)
    terms["reduce_only"] = dice.one_in(6)
    if not prices and terms["time_in_force"] in ("GTC", "DAY", "GTD"):
        terms["market_to_limit"] = dice.one_in(3)
    if dice.one_in(4):
        terms["parent"] = dice.pick(tuple(range(8)))
        if terms["parent"] and prices.keys() & {"limit", "stop", "touch"} and "trail" not in prices:
            terms["from_fill"] = dice.one_in(2)
    if terms.get("from_fill"):
        prices |= {name: dice.pick((0.01, -0.01, 0.02, -0.005, 0.0)) for name in prices}
    return terms
