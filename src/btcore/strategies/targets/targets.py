"""Portfolios by target: what each symbol should be, from when on, known before the run."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from btcore.config import Execution, Instrument, checked
from btcore.errors import ConfigError, OrderError
from btcore.strategies.builtin.registry import CashFloor, Drift, Limit, TargetWeights

from .handler import AT_START, Rebalancer
from .plan import KINDS, Floats, Kind
from .rebalance_dates import Timetable
from .trading_costs import Listing, Markets, Rates


class Targets:
    """What a portfolio should be, a row each: from `timestamp` on, the target of `symbol` is `value`.

    Scalars stand for every row. `timestamp` is int64 ns UTC or datetime64; None is the start of the run.
    `value` is by `kind` a weight of equity, money in the run's currency, or units; signed. OrderError names
    the first row that makes no sense, ConfigError the setting.

    Without a `schedule` the portfolio is rebalanced at each row's timestamp. With one it is at the first of
    them, then whenever a local "day", "week", "month" or "quarter" of the run's timezone begins, or in steps
    ("1h") from the first row's timestamp; rows in between wait. docs/simulation.md has the rules.

    drift: a symbol that is no further than this from its weight is not traded.
    max_weight: each |weight| is clipped to it.
    max_turnover: most that one rebalance may trade, as a share of equity; the rest is left to the next.
    cash_floor: the share of equity that stays in cash; below 0, what may be borrowed.
    lot: quantities are whole multiples of it; without it, of each instrument's lot_size.
    close_others: the rows of one timestamp are all there is: what they do not name is closed. Else a symbol
    keeps its target until its next row, and one that has had no row is left alone.
    """

    def __init__(
        self,
        timestamp: ArrayLike | None,
        symbol: str | Sequence[str] | NDArray[Any],
        value: ArrayLike,
        *,
        kind: Kind = "weight",
        schedule: str | None = None,
        drift: float = 0.0,
        max_weight: float | None = None,
        max_turnover: float | None = None,
        cash_floor: float = 0.0,
        lot: float | None = None,
        close_others: bool = False,
    ) -> None:
        if kind not in KINDS:
            raise ConfigError(f"targets.kind: {kind!r} is not one of {', '.join(KINDS)}")
        if schedule is not None:
            Timetable.parse(checked("targets.schedule", schedule, str), "targets.schedule")
        self.kind: Kind = kind
        self.schedule = schedule
        self.drift: float = checked("targets.drift", drift, Drift)
        self.max_weight: float | None = checked("targets.max_weight", max_weight, Limit | None)
        self.max_turnover: float | None = checked("targets.max_turnover", max_turnover, Limit | None)
        self.cash_floor: float = checked("targets.cash_floor", cash_floor, CashFloor)
        self.lot: float | None = None if lot is None else checked("targets.lot", lot, float)
        self.close_others: bool = checked("targets.close_others", close_others, bool)
        if self.lot is not None and self.lot <= 0.0:
            raise ConfigError(f"targets.lot: {self.lot} is not above 0")

        times = np.asarray(AT_START) if timestamp is None else _times(timestamp)
        columns = [times, _column("symbol", symbol, np.str_), _column("value", value, np.float64)]
        rows = next((column.size for column in columns if column.ndim and column.size != 1), 1)
        for name, column in zip(("timestamp", "symbol", "value"), columns, strict=True):
            if column.size not in (1, rows):
                raise OrderError(f"targets.{name}: not a column of {rows} values but of {column.size}")
        times, symbols, values = (np.broadcast_to(column.ravel(), rows) for column in columns)
        bad = ~np.isfinite(values)
        if bad.any():
            raise OrderError(f"targets[{bad.argmax()}]: value {values[bad.argmax()]} makes no sense")
        order = np.argsort(times, kind="stable")
        self.timestamp: NDArray[np.int64] = times[order]
        self.symbol: NDArray[np.str_] = symbols[order]
        self.value: Floats = values[order]

    @classmethod
    def of_weights(cls, params: TargetWeights, symbols: Sequence[str]) -> Self:
        """What the built-in `targets` holds in a run over `symbols`; ConfigError for another symbol."""
        for symbol in params.weights:
            if symbol not in symbols:
                raise ConfigError(
                    f"strategy.params.weights: {symbol!r} is not in this run; "
                    f"its symbols are {', '.join(symbols)}"
                )
        weights = params.weights or dict.fromkeys(symbols, 1.0 / len(symbols))
        return cls(
            None,
            list(weights),
            list(weights.values()),
            schedule=params.schedule,
            drift=params.drift,
            max_weight=params.max_weight,
            max_turnover=params.max_turnover,
            cash_floor=params.cash_floor,
            close_others=params.close_others,
        )

    def __len__(self) -> int:
        return len(self.timestamp)

    @property
    def params(self) -> dict[str, Any]:
        """The settings, by name."""
        return {name: value for name, value in vars(self).items() if name not in self.columns()}

    def columns(self) -> dict[str, NDArray[Any]]:
        """Every column by name, by time."""
        return {"timestamp": self.timestamp, "symbol": self.symbol, "value": self.value}

    def play(
        self,
        markets: Markets,
        instruments: Sequence[Instrument],
        timezone: str,
        execution: Execution,
        fx: Rates | None = None,
    ) -> Rebalancer:
        """The hooks that play these targets, once, over `markets` and the instrument of each.

        OrderError for a symbol that is not there, for what an instrument is not traded in, or an account
        does not hold.
        """
        symbols = [symbol for symbol, _ in markets]
        strangers = sorted(set(self.symbol.tolist()) - set(symbols))
        if strangers:
            raise OrderError(
                f"targets: {strangers[0]!r} is not in this run; its symbols are {', '.join(symbols)}"
            )
        for symbol, instrument in zip(symbols, instruments, strict=True):
            steps = self.lot / instrument.lot_size if self.lot and instrument.lot_size else 1.0
            if abs(steps - round(steps)) > 1e-9 or steps < 0.5:
                raise OrderError(
                    f"targets.lot: {self.lot} is no multiple of {symbol}'s lot_size {instrument.lot_size}"
                )
        if execution.position_mode == "hedging":
            raise OrderError("targets: a symbol has one target, but with position_mode hedging two positions")
        shorts = self.symbol[self.value < 0.0]
        if execution.account == "cash" and len(shorts):
            raise OrderError(f"targets: {shorts[0]} below 0, but a cash account holds nothing short")
        return Rebalancer(self, Listing(markets, instruments, timezone, execution, fx), timezone)


def _times(timestamp: ArrayLike) -> NDArray[np.int64]:
    times = np.asarray(timestamp)
    if times.dtype.kind == "M":
        if np.isnat(times).any():
            raise OrderError(f"targets[{int(np.isnat(times).argmax())}]: timestamp is NaT")
        times = times.astype("datetime64[ns]").view(np.int64)
    if times.ndim > 1 or times.dtype.kind not in "iu":
        raise OrderError("targets.timestamp: not a column of int64 nanoseconds or datetime64")
    return times.astype(np.int64)


def _column(name: str, values: Any, dtype: Any) -> NDArray[Any]:
    try:
        column = np.asarray(values, dtype)
    except (ValueError, TypeError) as error:
        raise OrderError(f"targets.{name}: not a column ({error})") from error
    if column.ndim > 1:
        raise OrderError(f"targets.{name}: not a column but an array of {column.ndim} dimensions")
    return column
