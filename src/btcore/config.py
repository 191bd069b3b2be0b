"""What a run is asked: the structs that `btcore.run`, the command line and the server share.

They are msgspec Structs, so decoding is validation and the OpenAPI schema is generated from them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Annotated, Any, Literal

from msgspec import Meta, Struct, ValidationError, convert, field, structs

from .errors import ConfigError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

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
RESOLUTION_NS: dict[str, int] = {
    "second": 10**9,
    "minute": 60 * 10**9,
    "hour": 3600 * 10**9,
    "day": 86400 * 10**9,
}

Bps = Annotated[float, Meta(ge=-10_000, le=10_000)]
NonNegative = Annotated[float, Meta(ge=0)]


def _finite(struct: Struct) -> None:
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, float) and not isfinite(value):
            raise ValueError(f"{name}: {value} is not a finite number")


class Execution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How orders meet the market: costs, delays, liquidity. docs/simulation.md states each rule."""

    slippage_bps: Annotated[float, Meta(ge=0, le=10_000)] = 0.0
    commission_bps: Bps = 0.0
    maker_bps: Bps | None = None
    taker_bps: Bps | None = None
    commission_per_share: float = 0.0
    commission_min: NonNegative | None = None
    commission_max: NonNegative | None = None
    latency_ms: Annotated[float, Meta(ge=0, le=86_400_000)] = 0.0
    leverage: Annotated[float, Meta(gt=0, le=1000)] = 1.0
    limit_fill: Literal["through", "touch"] = "through"
    volume_share: Annotated[float, Meta(gt=0, le=1)] | None = None
    displayed_size: bool = False

    def __post_init__(self) -> None:
        _finite(self)
        low, high = self.commission_min, self.commission_max
        if low is not None and high is not None and low > high:
            raise ValueError("commission_min is above commission_max")

    @property
    def latency_ns(self) -> int:
        """`latency_ms` in nanoseconds."""
        return round(self.latency_ms * 1e6)


class Instrument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The steps of an instrument; 0 means any price or size. `multiplier` is money per point."""

    tick_size: NonNegative = 0.0
    lot_size: NonNegative = 0.0
    multiplier: Annotated[float, Meta(gt=0)] = 1.0

    def __post_init__(self) -> None:
        _finite(self)


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


@cache
def zone(name: str) -> "ZoneInfo":
    """The time zone of that IANA name; ConfigError if there is none."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # slow to import

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"timezone: {name!r} is not a known IANA time zone") from error


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ns(moment: datetime, timezone: str = "UTC") -> int:
    """Nanoseconds since the epoch, UTC; a naive `moment` is read in `timezone`."""
    named = zone(timezone)
    delta = (moment if moment.tzinfo else moment.replace(tzinfo=named)) - _EPOCH
    return ((delta.days * 86400 + delta.seconds) * 10**6 + delta.microseconds) * 1000


TIME_IN_FORCE = {"GTC": 0, "DAY": 1, "IOC": 2, "FOK": 3}


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
    value = value.item() if hasattr(value, "dtype") and hasattr(value, "item") else value
    if isinstance(value, float) and not isfinite(value):
        raise ConfigError(f"{where}: {value} is not a finite number")
    return value
