"""The objectives of a sweep: metrics, each to be maximized or minimized."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from btcore.errors import ConfigError, not_one_of

from .records import check_metric

DIRECTIONS = ("maximize", "minimize")
# What is better when it is lower: a name alone would ask for the highest.
LOW = {
    "annual_volatility", "downside_risk", "max_drawdown", "max_drawdown_duration_days", "tracking_error",
    "minimum_track_record_length", "total_commission", "slippage_cost", "spread_cost", "borrow_fees",
    "turnover", "liquidations", "orders_rejected",
}  # fmt: skip
Objective = str | Sequence[str] | Mapping[str, str]


class Goal(NamedTuple):
    """A metric and its direction."""

    metric: str
    direction: str

    @property
    def highest(self) -> bool:
        return self.direction == "maximize"


def goals_of(objective: Any) -> list[Goal]:
    """The goals; ConfigError for an unknown metric or direction, and for none."""
    if isinstance(objective, str):
        given: dict[str, str] = {objective: DIRECTIONS[0]}
    elif isinstance(objective, Mapping):
        given = dict(objective)
    elif isinstance(objective, Sequence):
        given = dict.fromkeys(objective, DIRECTIONS[0])
    else:
        raise ConfigError(f"objective: {objective!r} is not the name of a metric, or several")
    if not given:
        raise ConfigError("objective: the name of a metric is needed")
    for metric in [] if isinstance(objective, Mapping) else given:
        if metric in LOW:
            raise ConfigError(f"objective: {metric} is better when it is low; {{{metric!r}: 'minimize'}}")
    for metric, direction in given.items():
        check_metric(metric, "objective")
        if direction not in DIRECTIONS:
            raise ConfigError(f"objective.{metric}: {not_one_of(direction, DIRECTIONS)}")
    return [Goal(metric, direction) for metric, direction in given.items()]


def values_of(goals: Sequence[Goal], record: Any) -> list[float | None]:
    """The goals of one trial; None for one that is undefined."""
    values = [float(record[goal.metric]) for goal in goals]
    return [value if np.isfinite(value) else None for value in values]


def pareto(columns: Sequence[Any], goals: Sequence[Goal]) -> Any:
    """The rows that no other row is better than in one goal and at least as good in all, int64 in order.

    `columns` are the metrics of the goals; rows with an undefined goal are left out.
    """
    points = np.column_stack(
        [column if goal.highest else -column for column, goal in zip(columns, goals, strict=True)]
    ).astype(np.float64)
    rows = np.flatnonzero(~np.isnan(points).any(axis=1))
    order = rows[np.lexsort(tuple(-points[rows, i] for i in reversed(range(points.shape[1]))))]
    front: list[int] = []
    for i in order:  # a later row is not better in the first goal, so it cannot be better than one before
        better = points[front] >= points[i]
        if not any(
            all(each) and (points[j] > points[i]).any() for each, j in zip(better, front, strict=True)
        ):
            front.append(int(i))
    return np.sort(np.array(front, np.int64))
