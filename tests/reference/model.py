"""Events, orders, fills, positions, and the state of each symbol."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf, isnan, nan

from btcore.config import Instrument

SELL, BUY = -1, 1
MARKET, LIMIT, STOP, STOP_LIMIT = "market", "limit", "stop", "stop-limit"
MARKET_IF_TOUCHED, LIMIT_IF_TOUCHED = "market-if-touched", "limit-if-touched"
TRAILING_STOP, TRAILING_STOP_LIMIT = "trailing-stop", "trailing-stop-limit"
MARKET_TO_LIMIT = "market-to-limit"
NEW, PARTIALLY_FILLED, FILLED = "NEW", "PARTIALLY_FILLED", "FILLED"
CANCELED, EXPIRED, REJECTED = "CANCELED", "EXPIRED", "REJECTED"
MAKER, TAKER = "maker", "taker"
NETTED, LONG, SHORT = 0, 1, -1
INTEREST, BORROW_FEE, FUNDING, DIVIDEND, CASH_IN_LIEU = range(5)


@dataclass(frozen=True, slots=True)
class Quote:
    symbol: str
    timestamp: int
    bid: float
    ask: float
    bid_size: float = inf
    ask_size: float = inf

    @property
    def delivered(self) -> int:
        return self.timestamp

    @property
    def first_price(self) -> float:
        return (self.bid + self.ask) / 2

    mark = first_price


@dataclass(frozen=True, slots=True)
class Trade:
    symbol: str
    timestamp: int
    price: float
    size: float = inf
    side: int = 0

    @property
    def delivered(self) -> int:
        return self.timestamp

    @property
    def first_price(self) -> float:
        return self.price

    mark = first_price


@dataclass(frozen=True, slots=True)
class Bar:
    symbol: str
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float = inf
    end: int = 0
    bid: tuple[float, ...] | None = (
        None  # open, high, low, close; with them orders meet the bar of their side
    )
    ask: tuple[float, ...] | None = None

    def of_side(self, side: int) -> "Bar":
        """The bar that a buy (1) or a sell (-1) meets."""
        if self.bid is None or self.ask is None:
            return self
        return Bar(
            self.symbol, self.timestamp, *(self.ask if side == BUY else self.bid), self.volume, self.end
        )

    def sides_at(self, moment: str) -> "Quote | None":
        """Bid and ask at the open, at the close, or their mean inside the range."""
        if self.bid is None or self.ask is None:
            return None
        rows = {"open": [0], "close": [3], "range": [0, 3]}[moment]
        bid, ask = (sum(prices[i] for i in rows) / len(rows) for prices in (self.bid, self.ask))
        return Quote(self.symbol, self.timestamp, bid, ask)

    @property
    def delivered(self) -> int:
        return self.end

    @property
    def first_price(self) -> float:
        return (self.bid[0] + self.ask[0]) / 2 if self.bid and self.ask else self.open

    @property
    def mark(self) -> float:
        return (self.bid[3] + self.ask[3]) / 2 if self.bid and self.ask else self.close


@dataclass(frozen=True, slots=True)
class OtherBar:
    """A bar of another resolution, which the market never sees."""

    symbol: str
    resolution: str
    timestamp: int
    open: float
    high: float
    low: float
    close: float
    volume: float = nan
    end: int = 0


Event = Quote | Trade | Bar
HOOKS = {Quote: "on_quote", Trade: "on_trade", Bar: "on_bar"}


@dataclass(slots=True, eq=False)
class Order:
    id: int
    symbol: str
    side: int
    type: str
    quantity: float  # as sent
    limit: float = nan
    stop: float = nan  # the stop or touch price; of a trailing order its current stop
    trail: float = nan
    trail_by: str = "price"
    limit_offset: float = nan
    time_in_force: str = "GTC"
    oco: int = 0
    parent: int = 0
    post_only: bool = False
    reduce_only: bool = False
    from_fill: bool = False  # its prices are fractions of the price of its parent, until its release
    liquidation: bool = False
    ts_sent: int = -1
    ts_arrived: int = -1  # of a child: its release
    ts_closed: int = -1
    ts_expires: int = -1
    session: float = inf  # OPG: the session open it waits for; CLS: the session close
    filled: float = 0.0
    avg_px: float = nan
    status: str = NEW
    reason: str = ""
    waits_for_parent: bool = False  # an arrived child that is not released
    released: float = nan  # of a child: total quantity released
    later: float = 0.0  # of a child: what was released further inside the current bar
    triggered_in: Bar | None = None  # the bar in whose range it triggered
    taken: float = 0.0  # of a child: quantity filled by others of its group
    released_in: Bar | None = None  # the bar in whose range it was released
    released_at: float = nan  # the price of its parent's fill, before slippage
    admitted: bool = False
    triggered: bool = False
    met_market: bool = False
    end_reported: bool = False

    @property
    def total(self) -> float:
        """The quantity that the order may fill in total; of a released child, the part released so far."""
        if not self.parent:
            return self.quantity
        released = self.quantity if self.ts_arrived < 0 else self.released
        return max(released - self.taken, self.filled)

    @property
    def leaves(self) -> float:
        return self.total - self.filled

    @property
    def available(self) -> float:
        """What the current event may fill."""
        return self.leaves - self.later

    @property
    def is_open(self) -> bool:
        return self.status in (NEW, PARTIALLY_FILLED)

    @property
    def has_limit(self) -> bool:
        if self.type == MARKET_TO_LIMIT:
            return not isnan(self.limit)
        return self.type in (LIMIT, STOP_LIMIT, LIMIT_IF_TOUCHED, TRAILING_STOP_LIMIT)

    @property
    def lacks_limit(self) -> bool:
        """True for a market-to-limit order before its first fill."""
        return self.type == MARKET_TO_LIMIT and isnan(self.limit)

    @property
    def has_stop(self) -> bool:
        return self.type in (STOP, STOP_LIMIT) or self.trails

    @property
    def has_touch(self) -> bool:
        return self.type in (MARKET_IF_TOUCHED, LIMIT_IF_TOUCHED)

    @property
    def trails(self) -> bool:
        return self.type in (TRAILING_STOP, TRAILING_STOP_LIMIT)

    @property
    def is_untriggered(self) -> bool:
        """True if the order has a trigger and has not triggered."""
        return (self.has_stop or self.has_touch) and not self.triggered

    @property
    def rests(self) -> bool:
        """True for a limit order after its meeting with the market."""
        return self.has_limit and self.met_market and not self.is_untriggered

    @property
    def waits_for_price(self) -> bool:
        """True for a resting limit, and an order that waits for its trigger."""
        return self.rests or self.is_untriggered

    @property
    def is_market(self) -> bool:
        """True for a market order, and for a stop or touch order without a limit once it has triggered."""
        return not self.has_limit and not self.is_untriggered

    @property
    def waits_for_session(self) -> bool:
        return self.time_in_force in ("OPG", "CLS")

    def is_triggered_by(self, price: float) -> bool:
        rises = (self.side == BUY) == self.has_stop
        return price >= self.stop if rises else price <= self.stop

    def is_marketable_at(self, price: float) -> bool:
        if not self.has_limit:
            return True
        return price <= self.limit if self.side == BUY else price >= self.limit

    def is_passed_by(self, price: float) -> bool:
        return price < self.limit if self.side == BUY else price > self.limit


@dataclass(frozen=True, slots=True)
class Fill:
    timestamp: int
    order_id: int
    symbol: str
    side: int
    quantity: float
    price: float
    commission: float
    liquidity: str
    leg: int
    paid: float  # the change of cash


@dataclass(frozen=True, slots=True)
class CashFlow:
    timestamp: int
    symbol: str | None
    kind: int
    amount: float


@dataclass(slots=True)
class Report:
    """A report of a fill, of an order's trigger or of its end, in flight to the strategy."""

    due: int
    order: Order
    fill: Fill | None
    ended: bool
    triggered: bool = False
    applied: bool = False  # its effect is included in what the strategy sees


@dataclass(slots=True)
class Lot:
    quantity: float
    price: float
    cost: float  # price times the point value when it was paid


@dataclass(slots=True)
class Position:
    quantity: float = 0.0
    lots: list[Lot] = field(default_factory=list)  # a single averaged lot, unless the cost basis is fifo
    realized_pnl: float = 0.0
    commission: float = 0.0

    @property
    def avg_px(self) -> float:
        return sum(lot.quantity * lot.price for lot in self.lots) / self.quantity if self.quantity else nan

    @property
    def avg_cost(self) -> float:
        return sum(lot.quantity * lot.cost for lot in self.lots) / self.quantity if self.quantity else nan


@dataclass(frozen=True, slots=True)
class Point:
    timestamp: int
    equity: float
    cash: float
    positions: float


@dataclass(frozen=True, slots=True)
class Exposure:
    timestamp: int
    symbol: str
    quantity: float
    value: float
    leg: int


@dataclass(slots=True)
class Pool:
    """The size of a quote's side, a trade or a bar: what is left, and what was shown."""

    left: float = inf
    shown: float = inf


@dataclass(slots=True)
class Market:
    """The state of one symbol: execution source, prices, available size, positions."""

    symbol: str
    instrument: Instrument
    source: type[Event]
    positions: dict[int, Position]  # by leg
    mark: float = nan
    last: float = nan  # the latest price; the mark, unless there is a series of mark prices
    marked: bool = False
    lower: float = -inf  # the price band
    upper: float = inf
    halted: bool = False
    halted_since: int = -1
    delisted: bool = False
    standing: Quote | None = None
    pools: dict[int, Pool] = field(default_factory=dict)  # by the side of the order that takes
    last_price: float = nan  # the price of the latest fill, before slippage
    sides: Quote | None = None  # bid and ask of the latest bar that has them
    closed_at: int = -1  # end of the latest bar; -1 while it is matched, and before the first
    inside: Bar | None = None  # the bar whose range is being walked
    deferred: list[Callable[[], None]] = field(default_factory=list)  # changes that wait for a bar's end
    traded: float = 0.0  # signed quantity of all fills, restated by splits, for `check`
    quoted: bool = False  # the symbol has quotes

    def set_price(self, price: float) -> None:
        self.last = price
        if not self.marked:
            self.mark = price

    def is_halted_at(self, event: Event) -> bool:
        """True if the event lies in a halt; a bar as a whole."""
        return self.halted and (type(event) is not Bar or self.halted_since <= event.timestamp)

    @property
    def quantity(self) -> float:
        return sum(position.quantity for position in self.positions.values())


@dataclass(slots=True)
class ReferenceResult:
    fills: list[Fill]
    orders: list[Order]
    markets: dict[str, Market]
    point_values: dict[str, float]
    equity: list[Point]
    exposures: list[Exposure]
    cash_flows: list[CashFlow]
    ambiguous_bars: int
    logs: list[str]
