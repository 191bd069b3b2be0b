"""`Targets`: target positions of a portfolio as columns, known before the run."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from btcore.config import checked
from btcore.data.containers import Bars
from btcore.errors import ConfigError, OrderError, near_name, not_one_of
from btcore.names import names_keywords
from btcore.pictures import count_picture, shown, span_text
from btcore.strategies.builtin.registry import CashFloor, Drift, Limit, TargetWeights
from btcore.strategies.columns import as_array, read_column, read_times, row_times

from .plan import KINDS, Floats, Kind
from .rebalance_dates import RebalanceDates

AT_START = int(np.iinfo(np.int64).min)  # a time before every run


class Targets:
    """Target positions, one per row: from `timestamp` on, the target of `symbol` is `value`.

    A scalar applies to every row. `timestamp` is int64 ns UTC or datetime64; None is the start of the run. A
    value that is computed from a bar is known at the bar's end, not at its `timestamp`, which is its open:
    with `bars`, a Bars in place of `timestamp`, row i is dated at the end of bar i.

    `value` is signed; by `kind` it is a weight of equity ("weight"), money in the run's currency ("value") or
    a quantity ("units"). OrderError names the first invalid row, ConfigError the invalid setting.

    Without a `schedule` the portfolio is rebalanced at each row's timestamp. With one it is rebalanced at the
    first of them, then whenever a local "day", "week", "month" or "quarter" of the run's timezone begins, or
    in steps ("1h") from the first row's timestamp; a row takes effect at the next of these dates.
    docs/simulation.md has the rules.

    drift: a symbol whose weight differs by no more than this from its target is not traded.
    max_weight: each |weight| is clipped to it.
    max_turnover: the most that one rebalance may trade, as a share of equity; the next trades what is left.
    cash_floor: the share of equity that stays in cash; below 0, the share that may be borrowed.
    lot: quantities are whole multiples of it; None for each instrument's lot_size.
    close_others: True closes every symbol that the rows of a timestamp do not name. By default a symbol keeps
    its target until its next row, and a symbol without rows is not traded.
    """

    @names_keywords()
    def __init__(
        self,
        timestamp: ArrayLike | None = None,
        symbol: str | Sequence[str] | NDArray[Any] | None = None,
        value: ArrayLike | None = None,
        *,
        bars: Bars | None = None,
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
            raise ConfigError(f"targets.kind: {not_one_of(kind, KINDS)}")
        if schedule is not None:
            RebalanceDates.parse(checked("targets.schedule", schedule, str), "targets.schedule")
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

        for name, given in (("symbol", symbol), ("value", value)):
            if given is None:
                raise OrderError(f"targets: {name} is missing")
        dated = row_times("targets", timestamp, bars)
        times = read_times("targets", AT_START) if dated is None else dated
        sizes = times.size, as_array("targets.symbol", symbol).size, as_array("targets.value", value).size
        rows = next((size for size in sizes if size != 1), 1)
        times = read_column("targets.timestamp", times, np.int64, rows)
        symbols = read_column("targets.symbol", symbol, np.str_, rows)
        values = read_column("targets.value", value, np.float64, rows)
        bad = ~np.isfinite(values)
        if bad.any():
            row = int(bad.argmax())
            raise OrderError(f"targets[{row}]: value {values[row]} is not a finite number")
        order = np.argsort(times, kind="stable")
        self.timestamp: NDArray[np.int64] = times[order]
        self.symbol: NDArray[np.str_] = symbols[order]
        self.value: Floats = values[order]

    @classmethod
    def of_weights(cls, params: TargetWeights, symbols: Sequence[str]) -> Self:
        """The targets of the built-in strategy; ConfigError for a symbol that is not one of `symbols`."""
        for symbol in params.weights:
            if symbol not in symbols:
                raise ConfigError(
                    f"strategy.params.weights: {symbol!r} is not in this run{near_name(symbol, symbols)}; "
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

    def __repr__(self) -> str:
        schedule = "" if self.schedule is None else f", schedule {self.schedule}"
        span = f", {span_text(self.timestamp)}" if len(self) else ""
        return f"Targets({len(self)} rows, {self.kind}{schedule}{span})"

    def _repr_html_(self) -> str:
        """The same with the number of targets over time, and the first rows."""
        return shown(repr(self), count_picture(self.timestamp), self.columns())

    @property
    def params(self) -> dict[str, Any]:
        """The settings by name."""
        return {name: value for name, value in vars(self).items() if name not in self.columns()}

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns by name, each sorted by time."""
        return {"timestamp": self.timestamp, "symbol": self.symbol, "value": self.value}
