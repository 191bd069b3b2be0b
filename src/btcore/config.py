"""The settings of a run, as structs that `btcore.run`, the command line and the server share.

They are msgspec Structs: decoding validates them, and the OpenAPI schema is generated from them. The file
has over 300 lines because all settings of a run are read in one place.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from .costs import Bps, Commission, CommissionTier, CostModel, NonNegative, Slippage, check_limits
from .errors import ConfigError, near_name
from .names import Settings
from .peers import Peer, settings_like
from .plain_values import as_written
from .times.clock import to_ns, zone
from .times.hours import TradingHours
from .times.intervals import DAY_NS, UNIT_NS
from .times.resolutions import RESOLUTION_PATTERN, RESOLUTION_WORDS, near_resolution
from .validation import NEAR_PATTERN, PATTERN_WORDS, check_finite, checked, dated_numbers, fault

__all__ = [
    "MAX_CAPITAL",
    "MAX_SYMBOLS",
    "SYMBOL_PATTERN",
    "SYMBOL_WORDS",
    "Capital",
    "Commission",
    "CommissionTier",
    "CostModel",
    "Currency",
    "DatedValues",
    "Execution",
    "FxRates",
    "Instrument",
    "IsoDate",
    "Resolution",
    "RunRequest",
    "Slippage",
    "StrategyName",
    "StrategySpec",
    "Symbol",
    "Timezone",
    "TradingHours",
    "as_written",
    "checked",
    "fault",
    "to_ns",
    "zone",
]

# msgspec searches for patterns, and `$` allows a trailing newline; `(?![\s\S])` is the end of the text.
SYMBOL_PATTERN = r"^([A-Za-z0-9]|[.^$#@/](?=[A-Za-z0-9]))[A-Za-z0-9._:=^/!&$#@+*%-]{0,31}(?![\s\S])"
SYMBOL_WORDS = (
    "1 to 32 letters, digits and ._:=^/!&$#@+*%- that begin with a letter or digit, "
    "or with one of .^$#@/ before one"
)
AGE_PATTERN = r"^[1-9][0-9]{0,8}(ms|s|min|h|d)(?![\s\S])"
AGE_WORDS = "a whole number with ms, s, min, h or d, such as 500ms"
NEAR_PATTERN[RESOLUTION_PATTERN] = near_resolution
PATTERN_WORDS |= {SYMBOL_PATTERN: SYMBOL_WORDS, RESOLUTION_PATTERN: RESOLUTION_WORDS, AGE_PATTERN: AGE_WORDS}
MAX_BUILT_BARS = 32
MAX_SYMBOLS = 100
MAX_CAPITAL = 1e12
MAX_LATENCY_MS = DAY_NS // UNIT_NS["ms"]

Symbol = Annotated[
    str, Meta(pattern=SYMBOL_PATTERN, description=f"A symbol of the data source: {SYMBOL_WORDS}.")
]
Capital = Annotated[float, Meta(gt=0, le=MAX_CAPITAL)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3,5}(?![\s\S])")]
Timezone = Annotated[str, Meta(min_length=1, max_length=64, description="IANA name of a time zone.")]
StrategyName = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,128}(?![\s\S])")]
IsoDate = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        description="ISO 8601 date or time; read in `timezone` if it has no offset.",
        examples=["2024-01-02", "2024-01-02T14:30:00Z"],
    ),
]
Resolution = Annotated[
    str, Meta(pattern=RESOLUTION_PATTERN, description=f"{RESOLUTION_WORDS}.", examples=["day", "5min"])
]

Milliseconds = Annotated[float, Meta(ge=0, le=MAX_LATENCY_MS)]
Rate = Annotated[float, Meta(ge=-100, le=100)]
RiskFreeRate = Annotated[float, Meta(gt=-1, le=100)]
PeriodsPerYear = Annotated[float, Meta(gt=0, le=1e9)]
WarmUp = Annotated[int, Meta(ge=0, le=1_000_000_000)]  # rows
ExchangeCode = Annotated[str, Meta(min_length=1, max_length=32)]
Instant = IsoDate | int  # int: ns since the epoch, UTC
DatedValues = list[tuple[Instant, float]]  # in order of time; a rate is valid from its time on
FxRates = dict[Currency, Annotated[float, Meta(gt=0)] | DatedValues]


class Execution(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Costs, latency, liquidity and the account. docs/simulation.md has the rules.

    One bps is a hundredth of a percent. A setting that takes dated values takes a number or a list of
    (time, number), each valid from its time on; times without an offset are read in the run's timezone.

    slippage_bps: how much worse the price of a taker's fill is, in bps of the price.
    slippage_ticks: how much worse, in ticks of the instrument; added to the others.
    slippage_volume: how much worse, as a fraction of the price, for r = 1; grows with r squared, where r is
        the fill's share of the size shown.
    slippage_sqrt: likewise, but grows with the square root of r.
    slippage_entry_bps: how much worse, in bps of the price, for what opens or raises a position.
    commission_bps: commission of a fill, in bps of its notional; negative is a rebate.
    maker_bps, taker_bps: replace commission_bps for fills of that kind; null for commission_bps.
    commission_per_share: money per unit, in the run's currency, added to the bps.
    commission_min, commission_max: limits of a fill's commission, in the run's currency; null for none.
    commission_per_order: money for each order, in the run's currency, charged with its first fill.
    commission_max_bps: largest commission of a fill in bps of its notional, also where it is below
        commission_min; null for none.
    commission_round_to: the commission of a fill is rounded to a multiple of it, such as 0.01; 0 for none.
    commission_tiers: rates by the notional traded in a month, in increasing order; they take
        precedence over the other bps.
    latency_ms: from the strategy to the market, in milliseconds; takes dated values.
    response_latency_ms: from the market to the strategy, in milliseconds; takes dated values.
    latency_jitter_ms, response_jitter_ms: scale of the random latency that is added, in milliseconds.
    jitter: distribution of the random latency.
    seed: seed of the random latency.
    account: in a cash account nothing is bought on credit or sold short.
    leverage: largest exposure of a margin account, as a multiple of equity.
    maintenance_margin: the account is liquidated if equity falls below this fraction of its exposure.
    position_mode: hedging keeps a long and a short position of each symbol, netting keeps their sum.
    cost_basis: a reduction closes a part of the position at its average cost, or the oldest lots (fifo).
    cash_rate: interest on positive cash, as a fraction per year (0.05 is 5 %); takes dated values.
    debit_rate: interest on negative cash, likewise.
    off_step: an order whose price or quantity is not a multiple of its step is rejected, or moved to a step.
    limit_fill: a resting limit order fills if the price goes through its limit, or if it touches it; null for
        through on trades, and touch on quotes and bars.
    intrabar: the order in which a bar is taken to have reached its prices; bounds plays the pessimistic
        order, and adds the metrics of the optimistic one.
    bar_fill: on bars a market order fills at the open of the next bar, or at the close at which it arrives.
    close_at_end: true closes the positions left at the end of the data, at the last price.
    volume_share: largest share of a bar's volume that the orders of a symbol may fill; null for no limit.
    displayed_size: true limits fills to the size of the quote or trade, of which what is taken is gone.
    consume: until_refresh is the same as displayed_size, in the word of the order book.
    max_quote_age: a quote older than that, such as 500ms or 5s, fills nothing; null for no limit.
    max_order: largest quantity of an order; null for no limit, also below.
    max_position: largest quantity that a position could have if open orders filled.
    max_open_orders: largest number of open orders of all symbols.
    max_loss: once equity has fallen by that much money from the capital, nothing raises a position.
    max_orders_per_second: largest number of orders that arrive within any second.
    oco_across: true lets an OCO group have orders of several symbols; else those of each symbol are a group.
    resting_on: with bars, resting orders of a symbol with quotes and bars fill by the bars, others by quotes.
    """

    slippage_bps: Annotated[float, Meta(ge=0, le=10_000)] = 0.0
    slippage_ticks: Annotated[float, Meta(ge=0, le=10_000)] = 0.0
    slippage_volume: Annotated[float, Meta(ge=0, le=100)] = 0.0
    slippage_sqrt: Annotated[float, Meta(ge=0, le=100)] = 0.0
    commission_bps: Bps = 0.0
    maker_bps: Bps | None = None
    taker_bps: Bps | None = None
    commission_per_share: float = 0.0
    commission_min: NonNegative | None = None
    commission_max: NonNegative | None = None
    commission_tiers: list[CommissionTier] = field(default_factory=list)
    latency_ms: Milliseconds | DatedValues = 0.0
    response_latency_ms: Milliseconds | DatedValues = 0.0
    latency_jitter_ms: Milliseconds = 0.0
    response_jitter_ms: Milliseconds = 0.0
    jitter: Literal["uniform", "exponential"] = "exponential"
    seed: Annotated[int, Meta(ge=0, lt=2**62)] = 0
    account: Literal["margin", "cash"] = "margin"
    leverage: Annotated[float, Meta(gt=0, le=1000)] = 1.0
    maintenance_margin: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    position_mode: Literal["netting", "hedging"] = "netting"
    cost_basis: Literal["average", "fifo"] = "average"
    cash_rate: Rate | DatedValues = 0.0
    debit_rate: Rate | DatedValues = 0.0
    off_step: Literal["reject", "snap"] = "reject"
    limit_fill: Literal["through", "touch"] | None = None
    intrabar: Literal["pessimistic", "optimistic", "path", "bounds"] = "pessimistic"
    volume_share: Annotated[float, Meta(gt=0, le=1)] | None = None
    displayed_size: bool = False
    bar_fill: Literal["open", "close"] = "open"
    close_at_end: bool = False
    consume: Literal["none", "until_refresh"] = "none"
    commission_per_order: NonNegative = 0.0
    commission_max_bps: NonNegative | None = None
    commission_round_to: NonNegative = 0.0
    slippage_entry_bps: Annotated[float, Meta(ge=0, le=10_000)] = 0.0
    max_quote_age: Annotated[str, Meta(pattern=AGE_PATTERN)] | None = None
    max_order: Annotated[float, Meta(gt=0)] | None = None
    max_position: Annotated[float, Meta(gt=0)] | None = None
    max_open_orders: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    max_loss: Annotated[float, Meta(gt=0)] | None = None
    max_orders_per_second: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    oco_across: bool = False
    resting_on: Literal["quotes", "bars"] = "quotes"

    @classmethod
    def like(cls, package: Peer, **settings: Any) -> "Execution":
        """The settings that come closest to the defaults of another package.

        package: "lean" (US equities), "nautilus", "vectorbt" or "backtesting.py".
        settings: fields that replace those of the package, such as `commission_bps=1`.

        docs/conventions.md says what is set, and what remains different. ConfigError for another name.
        """
        return cls(**{**settings_like(package), **settings})

    @property
    def has_limits(self) -> bool:
        """True if a pre-trade limit is set."""
        limits = (
            self.max_order,
            self.max_position,
            self.max_open_orders,
            self.max_loss,
            self.max_orders_per_second,
        )
        return any(limit is not None for limit in limits)

    @property
    def caps_size(self) -> bool:
        """True if fills are limited to the size of the quote or trade."""
        return self.displayed_size or self.consume == "until_refresh"

    def __post_init__(self) -> None:
        check_finite(self)
        check_limits("commission_min", self.commission_min, "commission_max", self.commission_max)
        tiers: list[Any] = self.commission_tiers if isinstance(self.commission_tiers, list) else []
        are_tiers = all(isinstance(tier, CommissionTier) for tier in tiers)
        for i, (tier, following) in enumerate(pairwise(tiers if are_tiers else [])):
            if following.notional <= tier.notional:
                raise ConfigError(
                    f"commission_tiers[{i + 1}]: notional {following.notional} is not above {tier.notional}, "
                    "that of the tier before"
                )
        for name in ("latency_ms", "response_latency_ms"):
            for i, ms in dated_numbers(getattr(self, name)):
                if not 0 <= ms <= MAX_LATENCY_MS:
                    raise ConfigError(f"{name}[{i}]: {ms} is not between 0 and {MAX_LATENCY_MS}")


class Instrument(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The terms of the instrument that a symbol names. Dated values are as in Execution.

    tick_size: the step of its prices; 0 for any price.
    lot_size: the step of its quantities; 0 for any quantity.
    multiplier: money, in its currency, for one unit and one point of price.
    min_notional: smallest notional of an order, in its currency; 0 for no limit.
    negative_prices: true allows prices of 0 and below.
    currency: code of the currency of its prices; null for the run's.
    initial_margin: the fraction of its notional that counts as exposure when an order is admitted;
        null for all of it.
    maintenance_margin: replaces that of Execution; null for the one of Execution.
    borrow_rate: cost of a short position, as a fraction of its notional per year; takes dated values.
    funding: (time, rate), the fraction of its notional that a long position pays at that time and a short one
        receives.
    splits: (time, new shares for one).
    dividends: (time, money per unit, in its currency).
    sessions: the code of an exchange, such as XNYS, or trading hours; null for the sessions of the run.
    commission, slippage: in place of all such settings of Execution; null for those.
    maker_bps, taker_bps: replace the rates of commission and of its tiers for fills of that kind; null for
        those.
    halts: (begin, end) of each trading halt, in order of time: nothing fills from begin on, before end.
    price_bands: (time, lowest, highest price at which orders fill from then on), null for no limit.
    delisting: (time, terminal price), at which positions are closed; later orders are rejected; or null.
    mark_prices: (time, price) that replaces the market's price in equity, margin and funding.
    """

    tick_size: NonNegative = 0.0
    lot_size: NonNegative = 0.0
    multiplier: Annotated[float, Meta(gt=0)] = 1.0
    min_notional: NonNegative = 0.0
    negative_prices: bool = False
    currency: Currency | None = None
    initial_margin: Annotated[float, Meta(gt=0, le=1)] | None = None
    maintenance_margin: Annotated[float, Meta(ge=0, lt=1)] | None = None
    borrow_rate: Rate | DatedValues = 0.0
    funding: DatedValues = field(default_factory=list)
    splits: DatedValues = field(default_factory=list)
    dividends: DatedValues = field(default_factory=list)
    sessions: ExchangeCode | TradingHours | None = None
    commission: Commission | None = None
    slippage: Slippage | None = None
    maker_bps: Bps | None = None
    taker_bps: Bps | None = None
    halts: list[tuple[Instant, Instant]] = field(default_factory=list)
    price_bands: list[tuple[Instant, float | None, float | None]] = field(default_factory=list)
    delisting: tuple[Instant, float] | None = None
    mark_prices: DatedValues = field(default_factory=list)

    def __post_init__(self) -> None:
        check_finite(self)
        above_zero = ["splits", "dividends"] + ([] if self.negative_prices else ["mark_prices"])
        for name in above_zero:
            for i, value in dated_numbers(getattr(self, name)):
                if value <= 0:
                    raise ConfigError(f"{name}[{i}]: {value} is not above 0")
        if isinstance(self.delisting, list | tuple) and len(self.delisting) == 2:
            px = self.delisting[1]
            if isinstance(px, int | float) and px < 0 and not self.negative_prices:
                raise ConfigError(f"delisting: the terminal price {px} is below 0")
        for i, band in enumerate(self.price_bands if isinstance(self.price_bands, list) else []):
            if isinstance(band, list | tuple) and len(band) == 3:
                check_limits(f"price_bands[{i}]: lowest", band[1], "highest", band[2])


def commission_of(instrument: Instrument, execution: Execution) -> Commission:
    """The commission of the instrument, else that of the run, without `maker_bps`, `taker_bps` and tiers."""
    if instrument.commission is not None:
        return instrument.commission
    return Commission(
        bps=execution.commission_bps,
        maker_bps=execution.maker_bps,
        taker_bps=execution.taker_bps,
        per_share=execution.commission_per_share,
        per_order=execution.commission_per_order,
        minimum=execution.commission_min,
        maximum=execution.commission_max,
        maximum_bps=execution.commission_max_bps,
        round_to=execution.commission_round_to,
    )


def slippage_of(instrument: Instrument, execution: Execution) -> Slippage:
    """The slippage of the instrument, else that of the run."""
    if instrument.slippage is not None:
        return instrument.slippage
    return Slippage(
        bps=execution.slippage_bps,
        ticks=execution.slippage_ticks,
        volume=execution.slippage_volume,
        sqrt=execution.slippage_sqrt,
        entry_bps=execution.slippage_entry_bps,
    )


class StrategySpec(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The name of a built-in strategy, and its parameters; those left out have their defaults."""

    name: StrategyName = "buy_and_hold"
    params: dict[str, Any] = field(default_factory=dict)


class RunRequest(Settings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A backtest as `POST /v1/backtests` and `btcore run` take it.

    symbols: the symbols to trade, each once.
    start_date, end_date: rows with start_date <= timestamp < end_date are used; an end without a time is the
        beginning of that day, which is not part of the run.
    resolution: ticks (quotes and trades), or bars of that interval.
    strategy: a built-in strategy.
    execution: costs, latency, liquidity and the account.
    instruments: the terms of each symbol, which replace those of the catalog as a whole; a symbol left out
        has those of the catalog, else the defaults of Instrument.
    initial_capital: cash at the start, in `currency`.
    currency: code of the currency of the account.
    timezone: of dates without an offset, and of the midnights that end a day.
    mark_every: step of the equity curve, such as 30s, 1min, 1h or 1d; null for the end of every bar, or for
        1min if the data are ticks.
    calendar: code of the exchange whose sessions are used, such as XNYS; null for local days.
    fx: price of one unit of each other currency, in `currency`; takes dated values.
    periods_per_year: number of periods (days or sessions) in a year, for the annual figures; null for that of
        the calendar, or of the data.
    risk_free: rate per year as a fraction (0.05 is 5 %); takes dated values.
    benchmark: a symbol to compare with, which is loaded beside `symbols` and not traded; null for none.
    build_bars: bars of other resolutions, which are built from the data and seen at their end, such as 5min,
        day, 1000 ticks, 5000 volume, 1e6 value, 0.5 range or 2 renko.
    """

    symbols: Annotated[list[Symbol], Meta(min_length=1, max_length=MAX_SYMBOLS)]
    start_date: IsoDate
    end_date: IsoDate
    resolution: Resolution = "day"
    strategy: StrategySpec = field(default_factory=StrategySpec)
    execution: Execution = field(default_factory=Execution)
    instruments: Annotated[dict[str, Instrument], Meta(max_length=MAX_SYMBOLS)] = field(default_factory=dict)
    initial_capital: Capital = 1_000_000.0
    currency: Currency = "USD"
    timezone: Timezone = "UTC"
    mark_every: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,5}(s|min|h|d)(?![\s\S])")] | None = None
    calendar: ExchangeCode | None = None
    fx: FxRates = field(default_factory=dict)
    periods_per_year: PeriodsPerYear | None = None
    risk_free: RiskFreeRate | DatedValues = 0.0
    benchmark: Symbol | None = None
    build_bars: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=MAX_BUILT_BARS)
    ] = field(default_factory=list)

    def __post_init__(self) -> None:
        check_finite(self)
        self._check_types()
        repeated = sorted({s for s in self.symbols if self.symbols.count(s) > 1})
        if repeated:
            raise ConfigError(f"symbols: {repeated[0]!r} is given more than once")
        unknown = sorted(set(self.instruments) - set(self.symbols))
        if unknown:
            raise ConfigError(
                f"instruments: {unknown[0]!r} is not among the symbols{near_name(unknown[0], self.symbols)}"
            )
        if self.start_ns >= self.end_ns:
            raise ConfigError(f"end_date: {self.end_date!r} is not after start_date {self.start_date!r}")

    def _check_types(self) -> None:
        """ConfigError for a type that the other checks cannot read; `checked` refuses the rest."""
        if not isinstance(self.symbols, list | tuple):
            raise ConfigError(f"symbols: {self.symbols!r} is not a list")
        for i, symbol in enumerate(self.symbols):
            if not isinstance(symbol, str):
                raise ConfigError(f"symbols[{i}]: {symbol!r} is not a string")
        if not isinstance(self.instruments, Mapping):
            raise ConfigError(f"instruments: {self.instruments!r} is not a mapping of symbols to Instrument")
        for name in ("start_date", "end_date"):
            if not isinstance(getattr(self, name), str):
                raise ConfigError(f"{name}: {getattr(self, name)!r} is not a string")

    @property
    def start_ns(self) -> int:
        """`start_date` in ns since the epoch, UTC; read in `timezone` if it has no offset."""
        return _iso_ns("start_date", self.start_date, self.timezone)

    @property
    def end_ns(self) -> int:
        """`end_date`, likewise."""
        return _iso_ns("end_date", self.end_date, self.timezone)


def _iso_ns(name: str, text: str, timezone: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{name}: {text!r} is not an ISO 8601 date or time") from error
    if not 1678 <= moment.year <= 2261:  # the range of int64 nanoseconds
        raise ConfigError(f"{name}: {text!r} is not between the years 1678 and 2261")
    return to_ns(moment, timezone)
