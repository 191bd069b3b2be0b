"""What a run is asked: the structs that `btcore.run`, the command line and the server share.

They are msgspec Structs, so decoding is validation and the OpenAPI schema is generated from them.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from math import isfinite
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, ValidationError, convert, field, structs

from .errors import ConfigError
from .times.clock import to_ns

# msgspec patterns are searched for, and `$` allows a trailing newline: `(?![\s\S])` is the true end.
SYMBOL_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:=^-]{0,31}(?![\s\S])"
MAX_SYMBOLS = 100
MAX_CAPITAL = 1e12

Symbol = Annotated[str, Meta(pattern=SYMBOL_PATTERN, description="A symbol the data source knows.")]
Capital = Annotated[float, Meta(gt=0, le=MAX_CAPITAL)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3,5}(?![\s\S])")]
Timezone = Annotated[str, Meta(min_length=1, max_length=64, description="An IANA name.")]
StrategyName = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,128}(?![\s\S])")]
IsoDate = Annotated[
    str,
    Meta(
        min_length=4,
        max_length=40,
        description="ISO 8601 date or time; without an offset it is read in `timezone`.",
        examples=["2024-01-02", "2024-01-02T14:30:00Z"],
    ),
]
Resolution = Literal["tick", "second", "minute", "hour", "day"]

Bps = Annotated[float, Meta(ge=-10_000, le=10_000)]
NonNegative = Annotated[float, Meta(ge=0)]
Milliseconds = Annotated[float, Meta(ge=0, le=86_400_000)]
Rate = Annotated[float, Meta(ge=-100, le=100)]
Instant = IsoDate | int  # int: nanoseconds since the epoch, UTC
# Values that hold each from its moment on, or that happen at it, by time.
Dated = list[tuple[Instant, float]]


def _finite(struct: Struct) -> None:
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, float) and not isfinite(value):
            raise ValueError(f"{name}: {value} is not a finite number")
        if isinstance(value, list):
            _check_dated(name, value)


def _check_dated(name: str, items: list[Any]) -> None:
    """Finite values; the moments are read, and their order checked, where the timezone is known."""
    for i, item in enumerate(items):
        if isinstance(item, tuple) and not isfinite(item[1]):
            raise ValueError(f"{name}: [{i}]: {item[1]} is not a finite number")


FxRates = dict[Currency, Annotated[float, Meta(gt=0)] | Dated]


class CommissionTier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates once `notional` has been traded in a calendar month (UTC), in the run's currency."""

    notional: Annotated[float, Meta(gt=0)]
    maker_bps: Bps
    taker_bps: Bps

    def __post_init__(self) -> None:
        _finite(self)


class Execution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How orders meet the market: costs, delays, liquidity, the account. docs/simulation.md states each rule.

    Rates are fractions a year (0.05 is 5 %), a number or dated steps.
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
    latency_ms: Milliseconds | Dated = 0.0
    response_latency_ms: Milliseconds | Dated = 0.0
    latency_jitter_ms: Milliseconds = 0.0
    response_jitter_ms: Milliseconds = 0.0
    jitter: Literal["uniform", "exponential"] = "exponential"
    seed: Annotated[int, Meta(ge=0, lt=2**62)] = 0
    account: Literal["margin", "cash"] = "margin"
    leverage: Annotated[float, Meta(gt=0, le=1000)] = 1.0
    maintenance_margin: Annotated[float, Meta(ge=0, lt=1)] = 0.0
    position_mode: Literal["netting", "hedging"] = "netting"
    cost_basis: Literal["average", "fifo"] = "average"
    cash_rate: Rate | Dated = 0.0
    debit_rate: Rate | Dated = 0.0
    off_step: Literal["reject", "snap"] = "reject"
    limit_fill: Literal["through", "touch"] = "through"
    intrabar: Literal["pessimistic", "optimistic", "path"] = "pessimistic"
    volume_share: Annotated[float, Meta(gt=0, le=1)] | None = None
    displayed_size: bool = False

    def __post_init__(self) -> None:
        _finite(self)
        low, high = self.commission_min, self.commission_max
        if low is not None and high is not None and low > high:
            raise ValueError("commission_min is above commission_max")
        steps = [tier.notional for tier in self.commission_tiers]
        if any(after <= before for before, after in pairwise(steps)):
            raise ValueError("commission_tiers: notional does not rise from tier to tier")
        for name in ("latency_ms", "response_latency_ms"):
            value = getattr(self, name)
            if isinstance(value, list) and not all(0 <= ms <= 86_400_000 for _, ms in value):
                raise ValueError(f"{name}: a value is not between 0 and 86400000")


class Instrument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is traded. Steps of 0 mean any price or size; `multiplier` is money per point.

    `initial_margin` and `maintenance_margin` are shares of the notional that go before the run's own.
    `currency` is the one its prices are in (None: the run's). Of the dated items, `funding` are rates of the
    notional that longs pay, `splits` new shares for one, `dividends` money a share; moments without an offset
    are read in the run's timezone.
    """

    tick_size: NonNegative = 0.0
    lot_size: NonNegative = 0.0
    multiplier: Annotated[float, Meta(gt=0)] = 1.0
    min_notional: NonNegative = 0.0
    negative_prices: bool = False
    currency: Currency | None = None
    initial_margin: Annotated[float, Meta(gt=0, le=1)] | None = None
    maintenance_margin: Annotated[float, Meta(ge=0, lt=1)] | None = None
    borrow_rate: Rate | Dated = 0.0
    funding: Dated = field(default_factory=list)
    splits: Dated = field(default_factory=list)
    dividends: Dated = field(default_factory=list)

    def __post_init__(self) -> None:
        _finite(self)
        for name in ("splits", "dividends"):
            if any(value <= 0 for _, value in getattr(self, name)):
                raise ValueError(f"{name}: a value is not positive")


class StrategySpec(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A built-in strategy by name, and its parameters."""

    name: StrategyName = "buy_and_hold"
    params: dict[str, Any] = field(default_factory=dict)


class RunRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One backtest as `POST /v1/backtests` and `btcore run` take it."""

    symbols: Annotated[list[Symbol], Meta(min_length=1, max_length=MAX_SYMBOLS)]
    start_date: IsoDate
    end_date: IsoDate
    resolution: Resolution = "day"
    strategy: StrategySpec = field(default_factory=StrategySpec)
    execution: Execution = field(default_factory=Execution)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    initial_capital: Capital = 1_000_000.0
    currency: Currency = "USD"
    timezone: Timezone = "UTC"
    mark_every: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,5}(s|min|h|d)(?![\s\S])")] | None = None
    calendar: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    fx: FxRates = field(default_factory=dict)

    def __post_init__(self) -> None:
        _finite(self)
        repeated = sorted({s for s in self.symbols if self.symbols.count(s) > 1})
        if repeated:
            raise ValueError(f"symbols: {repeated[0]!r} is given more than once")
        strangers = sorted(set(self.instruments) - set(self.symbols))
        if strangers:
            raise ValueError(f"instruments: {strangers[0]!r} is not among the symbols")
        if self.start_ns >= self.end_ns:
            raise ValueError("end_date: not after start_date")

    @property
    def start_ns(self) -> int:
        """`start_date` in nanoseconds since the epoch, UTC; a naive date is read in `timezone`."""
        return _moment("start_date", self.start_date, self.timezone)

    @property
    def end_ns(self) -> int:
        """`end_date` likewise; data at or after it is left out."""
        return _moment("end_date", self.end_date, self.timezone)


def _moment(name: str, text: str, timezone: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"{name}: {text!r} is not an ISO 8601 date or time") from error
    if not 1678 <= moment.year <= 2261:  # what int64 nanoseconds can say
        raise ConfigError(f"{name}: {text!r} is not between the years 1678 and 2261")
    return to_ns(moment, timezone)


def checked(where: str, value: Any, kind: Any) -> Any:
    """`value` as `kind`, a type or an annotated one; ConfigError names the place below `where`.

    A Struct made in Python has not been validated, so its fields are checked here.
    """
    if isinstance(value, Struct):
        value = structs.asdict(value)
    try:
        return convert(_plain(where, value), kind)
    except ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        path = where + path.rstrip("`")
        known = [f"{name}: " for name in getattr(kind, "__struct_fields__", ())]
        if any(text.startswith(name) for name in known):  # our own words begin with the field
            raise ConfigError(f"{path}.{text}") from error
        raise ConfigError(f"{path}: {text}") from error


def _plain(where: str, value: Any) -> Any:
    """Without numpy's scalars; ConfigError for what is not finite, which msgspec's bounds let through."""
    if isinstance(value, Mapping):
        return {name: _plain(f"{where}.{name}", item) for name, item in value.items()}
    if isinstance(value, Struct):
        return _plain(where, structs.asdict(value))
    if isinstance(value, list | tuple):
        return [_plain(f"{where}[{i}]", item) for i, item in enumerate(value)]
    value = value.item() if hasattr(value, "dtype") and hasattr(value, "item") else value
    if isinstance(value, float) and not isfinite(value):
        raise ConfigError(f"{where}: {value} is not a finite number")
    return value
