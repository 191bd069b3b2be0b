"""Names, parameters and handlers of the built-in strategies."""

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, NamedTuple

from msgspec import Meta, Struct

from btcore.config import Symbol, as_written, checked
from btcore.contract import Handler
from btcore.errors import ConfigError, near_name
from btcore.validation import check_names

Weight = Annotated[float, Meta(gt=0, le=1000, description="Share of equity for all symbols together.")]
Period = Annotated[int, Meta(ge=1, le=1_000_000)]
Window = Annotated[int, Meta(ge=2, le=1_000_000)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Share = Annotated[float, Meta(ge=-1000, le=1000)]
Limit = Annotated[float, Meta(gt=0, le=1000)]
Drift = Annotated[float, Meta(ge=0, le=1000)]
CashFloor = Annotated[float, Meta(ge=-1000, lt=1)]
Schedule = Annotated[
    str, Meta(pattern=r"^(day|week|month|quarter|[1-9][0-9]{0,5}(s|min|h|d))(?![\s\S])", max_length=16)
]


class BuyAndHold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Buys each symbol at its first event and holds it to the end."""

    weight: Weight = 1.0


class _Crossover(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of a strategy that compares a short mean with a long one."""

    short_period: Period = 10
    long_period: Window = 30
    allow_short: bool = False
    weight: Weight = 1.0

    def __post_init__(self) -> None:
        if self.short_period >= self.long_period:
            raise ValueError(f"short_period: {self.short_period} is not below long_period {self.long_period}")


class MaCrossover(_Crossover, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Long while the mean of the last `short_period` prices is above that of the last `long_period`.

    Otherwise it is flat, or short with `allow_short`. Each event gives one price: close, mid or trade price.
    """


class EmaCrossover(_Crossover, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Long while the short exponential mean of prices is above the long one.

    Otherwise it is flat, or short with `allow_short`. A mean starts at the first price, and each newer price
    moves it by 2 / (period + 1) of their distance. The first decision is at price number `long_period`.
    """


class Momentum(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Long while the return over the last `lookback_period` prices is above `threshold`.

    Otherwise flat, or short with `allow_short` while the return is below `-threshold`.
    """

    lookback_period: Period = 20
    threshold: Annotated[float, Meta(ge=0, le=100)] = 0.0
    allow_short: bool = False
    weight: Weight = 1.0


class MeanReversion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Buys at `entry_z` standard deviations below the mean of the last `lookback_period` prices.

    It sells at `exit_z` deviations below the mean. `allow_short` adds the mirror image: short at `entry_z`
    above, closed at `exit_z` above. The standard deviation has ddof 0.
    """

    lookback_period: Window = 20
    entry_z: Annotated[float, Meta(gt=0, le=100)] = 2.0
    exit_z: Annotated[float, Meta(ge=-100, le=100)] = 0.5
    allow_short: bool = False
    weight: Weight = 1.0

    def __post_init__(self) -> None:
        if self.exit_z >= self.entry_z:
            raise ValueError(f"exit_z: {self.exit_z} is not below entry_z {self.entry_z}")


class Rsi(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Buys when Wilder's RSI over `period` price changes is at or below `oversold`.

    At or above `overbought` it goes flat, or short with `allow_short`.
    """

    period: Period = 14
    oversold: Percent = 30.0
    overbought: Percent = 70.0
    allow_short: bool = False
    weight: Weight = 1.0

    def __post_init__(self) -> None:
        if self.oversold >= self.overbought:
            raise ValueError(f"oversold: {self.oversold} is not below overbought {self.overbought}")


class TargetWeights(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Holds each symbol at its weight of equity; without `weights`, all symbols at equal weights.

    It buys at the start and rebalances on the `schedule`, None for never. Parameters are as in `bt.Targets`.
    """

    weights: dict[Symbol, Share] = {}
    schedule: Schedule | None = "month"
    drift: Drift = 0.0
    max_weight: Limit | None = None
    max_turnover: Limit | None = None
    cash_floor: CashFloor = 0.0
    close_others: bool = False


class Entry(NamedTuple):
    """The definition of a strategy: its parameters, its module and the class of its handler.

    A strategy without a module is not compiled.
    """

    params: type[Struct]
    module: str = ""
    handler: str = ""  # name of the class


STRATEGIES: dict[str, Entry] = {
    "buy_and_hold": Entry(BuyAndHold, "buy_and_hold", "BuyAndHold"),
    "ma_crossover": Entry(MaCrossover, "ma_crossover", "MaCrossover"),
    "ema_crossover": Entry(EmaCrossover, "ema_crossover", "EmaCrossover"),
    "momentum": Entry(Momentum, "momentum", "Momentum"),
    "mean_reversion": Entry(MeanReversion, "mean_reversion", "MeanReversion"),
    "rsi": Entry(Rsi, "rsi", "Rsi"),
    "targets": Entry(TargetWeights),  # runs as `Targets` of strategies/targets
}


def check_params(name: str, params: Mapping[str, Any]) -> Struct:
    """The strategy's parameters with defaults filled in.

    ConfigError if the name or a parameter is unknown, has the wrong type or is out of range.
    """
    if name not in STRATEGIES:
        meant, known = near_name(name, STRATEGIES), ", ".join(STRATEGIES)
        raise ConfigError(f"strategy.name: {name!r} is unknown{meant}; choose from {known}")
    check_names("strategy.params", params)
    expected = STRATEGIES[name].params
    for key in params:
        if key not in expected.__struct_fields__:
            known, meant = ", ".join(expected.__struct_fields__), near_name(key, expected.__struct_fields__)
            raise ConfigError(f"strategy.params.{key}: {name} has no such parameter{meant}; it has {known}")
    complete: Struct = checked("strategy.params", as_written(params, expected, nulls=False), expected)
    return complete


def make_handler(name: str, params: Struct, n_symbols: int) -> Handler:
    """A new handler of a compiled strategy, for one run. ConfigError if the strategy is not compiled."""
    entry = STRATEGIES[name]
    if not entry.module:
        raise ConfigError(f"strategy.name: {name!r} is not compiled; it runs as bt.Targets")
    handler: Handler = getattr(import_module(f".{entry.module}", __package__), entry.handler)(
        params, n_symbols
    )
    return handler
