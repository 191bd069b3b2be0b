"""Small markets with a few orders, played by btcore and by NautilusTrader. Imports neither of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BUY, SELL = 1, -1
CAPITAL = 1_000_000.0
FLAT = (100.0, 100.0, 100.0, 100.0, 1e6)  # open, high, low, close, volume
# A trade is a price, a size and the side of the aggressor, which btcore does not use.
STEADY = (99.0, 100.0, 10, 10)  # bid, ask, and the sizes shown


@dataclass(frozen=True)
class Order:
    """A market order, or one with the prices given, sent on the first row. Prices have btcore's names."""

    side: int
    quantity: int
    prices: Mapping[str, float] = field(default_factory=dict)
    terms: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """`theirs` are options of their venue. `exits` are target and stop of a bracket on the first order."""

    name: str
    rows: tuple[tuple[float, ...], ...]  # five columns are bars of a minute, four quotes, three trades
    orders: tuple[Order, ...]
    theirs: Mapping[str, Any] = field(default_factory=dict)
    exits: tuple[float, float] | None = None
    capital: float = CAPITAL
    cash_account: bool = False
    prints: tuple[
        tuple[float, float, float, int], ...
    ] = ()  # trades beside quotes: minute, price, size, side

    @property
    def kind(self) -> str:
        return {5: "bars", 4: "quotes", 3: "trades"}[len(self.rows[0])]


def buy(quantity: int = 10, terms: Mapping[str, Any] | None = None, **prices: float) -> Order:
    return Order(BUY, quantity, prices, terms or {})


def sell(quantity: int = 10, terms: Mapping[str, Any] | None = None, **prices: float) -> Order:
    return Order(SELL, quantity, prices, terms or {})


def bar(*prices: float) -> tuple[float, ...]:
    return (*prices, 1e6)


UP, DOWN = (103.0, 104.0, 10, 10), (93.0, 94.0, 10, 10)
ADAPTIVE = {"bar_adaptive_high_low_ordering": True}
EXITS = (buy(), sell(limit=104), sell(stop=92))

SAME = (
    Case(
        "a market order decided on a close", (bar(100, 101, 99, 100.5), bar(102, 103, 101, 102.5)), (buy(),)
    ),
    Case("a limit order that the low touches", (FLAT, bar(100, 101, 95, 99)), (buy(limit=95),)),
    Case("a stop that the open has passed", (FLAT, bar(106, 107, 104, 105)), (buy(stop=105),)),
    Case("a stop in the range", (FLAT, bar(101, 107, 100, 106)), (buy(stop=105),)),
    Case("a stop-limit in the range", (FLAT, bar(101, 107, 100, 106)), (buy(stop=105, limit=106),)),
    Case("a touch price that the open has passed", (FLAT, bar(93, 96, 92, 95)), (buy(touch=95),)),
    Case("a touch price in the range", (FLAT, bar(100, 101, 94, 96)), (buy(touch=95),)),
    Case("a limit-if-touched order in the range", (FLAT, bar(100, 101, 94, 96)), (buy(touch=95, limit=96),)),
    Case("a bar as a path, the high nearer", (FLAT, bar(100, 105, 90, 101)), EXITS, ADAPTIVE),
    Case(
        "a bar as a path, the low nearer",
        (FLAT, bar(100, 110, 91, 101)),
        (buy(), sell(limit=108), sell(stop=96)),
        ADAPTIVE,
    ),
    Case("a bar as a path, both equally near", (FLAT, bar(100, 110, 90, 101)), EXITS, ADAPTIVE),
    Case(
        "a trailing stop on a bar as a path",
        (FLAT, bar(100, 110, 99, 104)),
        (buy(), sell(trail=5, stop=95)),
        ADAPTIVE,
    ),
    Case("a market order on quotes", (STEADY, STEADY), (buy(),)),
    Case("a marketable limit order on quotes", (STEADY, STEADY), (buy(limit=101),)),
    Case("a resting limit order on quotes", (STEADY, STEADY, DOWN), (buy(limit=95),)),
    Case(
        "a resting limit order that an ask touches", (STEADY, STEADY, (98.0, 99.0, 10, 10)), (buy(limit=99),)
    ),
    Case("a stop on quotes", (STEADY, STEADY, UP), (buy(stop=101),)),
    Case("a touch price on quotes", (STEADY, STEADY, DOWN), (buy(touch=95),)),
    Case(
        "an IOC order for more than is shown",
        (STEADY, STEADY),
        (buy(25, {"time_in_force": "IOC"}, limit=100),),
    ),
    Case(
        "a FOK order for more than is shown",
        (STEADY, STEADY),
        (buy(25, {"time_in_force": "FOK"}, limit=100),),
    ),
    Case("a post-only order that would take", (STEADY, STEADY), (buy(10, {"post_only": True}, limit=101),)),
    Case(
        "a reduce-only order of more than is held",
        (STEADY, STEADY),
        (buy(5), sell(10, {"reduce_only": True})),
    ),
    Case(
        "a market-to-limit order for more than is shown",
        (STEADY, STEADY, STEADY, STEADY),
        (buy(25, {"market_to_limit": True}),),
    ),
    Case(
        "two orders for one quote's size",
        (STEADY, STEADY),
        (buy(10, {"time_in_force": "IOC"}, limit=100), buy(10, {"time_in_force": "IOC"}, limit=100)),
        {"liquidity_consumption": True},
    ),
    Case(
        "a cash account's buy beyond its cash",
        (STEADY, STEADY),
        (buy(20),),
        capital=1000.0,
        cash_account=True,
    ),
    Case("a cash account's short sale", (STEADY, STEADY), (sell(5),), capital=1000.0, cash_account=True),
)

SAME_TOO = (  # after the others, so that these keep their ids
    Case(
        "a reduce-only order that rests, of more than is held when it fills",
        (STEADY, STEADY, (101.0, 102.0, 10, 10)),
        (buy(), sell(10, {"reduce_only": True}, limit=101), sell(6, {"time_in_force": "IOC"}, limit=99)),
    ),
    Case(
        "a limit order that a trade reaches",
        ((100.0, 10, SELL), (99.0, 10, SELL), (98.0, 10, SELL)),
        (buy(limit=99),),
    ),
)
TRADE_MARKET = Case("market on trades", ((100.0, 10, BUY), (101.0, 10, BUY)), (buy(),))
TRADE_STOP = Case("stop on trades", ((100.0, 10, BUY), (103.0, 10, BUY), (104.0, 10, BUY)), (buy(stop=102),))

PRINT_THROUGH = Case(
    "a trade beside quotes that goes through a limit",
    (STEADY, STEADY, STEADY),
    (buy(limit=98),),
    prints=((1.5, 97.5, 10, SELL),),
)
PRINT_AT = Case(
    "a trade beside quotes that reaches a limit",
    (STEADY, STEADY, STEADY),
    (buy(limit=99),),
    prints=((1.5, 99, 5, SELL),),
)
ON_QUOTES = tuple(  # that hftbacktest can play: it has no stops, and fills orders whole
    case
    for case in SAME
    if case.kind == "quotes"
    and not case.cash_account
    and all({"stop", "touch"}.isdisjoint(order.prices) for order in case.orders)
    and all(order.quantity <= 10 and "reduce_only" not in order.terms for order in case.orders)
    and len(case.orders) == 1
)
AWAY = tuple(
    Case(
        f"an order that is {tif} and not marketable",
        (STEADY, STEADY),
        (buy(10, {"time_in_force": tif}, limit=98),),
    )
    for tif in ("IOC", "FOK")
)
TWO_FOR_ONE = next(case for case in SAME if case.name == "two orders for one quote's size")
HFTBACKTEST = (*ON_QUOTES, *AWAY, PRINT_THROUGH, PRINT_AT, TWO_FOR_ONE)

# By name, as each is compared in its own way.
LIMIT_GAP = Case("limit gap", (FLAT, bar(94, 96, 93, 95.5)), (buy(limit=95),))
STOP_LIMIT_GAP = Case("stop-limit gap", (FLAT, bar(106, 107, 104, 105.5)), (buy(stop=105, limit=106.5),))
BOTH_EXITS = Case("both exits", (FLAT, bar(100, 105, 90, 101)), (buy(),), exits=(104.0, 92.0))
STOP_PAST = Case("stop past", (STEADY, STEADY), (buy(stop=99.5),))
CHILD_IN_BAR = Case("child in bar", (FLAT, bar(100, 100, 94, 96)), (buy(limit=98),), exits=(105.0, 95.0))
BEYOND_SHOWN = Case("beyond shown", (STEADY, STEADY), (buy(25),))
BEYOND_VOLUME = Case("beyond volume", ((100.0, 100.0, 100.0, 100.0, 100),) * 3, (buy(60),))
REFRESHED = Case(
    "refreshed", (STEADY, STEADY, STEADY), (buy(20, limit=100),), {"liquidity_consumption": True}
)
RUIN = Case(
    "ruin", (FLAT, FLAT, bar(120, 120, 120, 120), bar(130, 130, 130, 130)), (sell(90),), capital=1000.0
)
DIFFERENT = (
    PRINT_THROUGH, PRINT_AT, TRADE_MARKET, TRADE_STOP,
    LIMIT_GAP, STOP_LIMIT_GAP, BOTH_EXITS, STOP_PAST, CHILD_IN_BAR, BEYOND_SHOWN, BEYOND_VOLUME,
    REFRESHED, RUIN,
)  # fmt: skip
