"""The rows of a ladder: a step of the climb, and a stress of its last step."""

from dataclasses import dataclass

from btcore.results.summary import Metrics

from .resampling import Band

FIGURES = ("total_return", "annual_return", "sharpe_ratio", "max_drawdown", "total_trades", "final_equity")


@dataclass(frozen=True)
class Step:
    """One rung.

    name: "close", "next", "spread", "commission", "latency", "size", "reading", or "given" for the caller's
        own settings.
    words: what it is.
    settings: what it adds to the step before; of the first step what it has.
    assumed: the assumption of the ladder that it uses; "" if all is the caller's.
    metrics: those of the run; None if the rung is not climbed.
    reason: why it is not climbed; "" if it is.
    change: its final equity less that of the step before, money; None for the first.
    change_return: its total return less that of the step before, in percentage points; None likewise.
    """

    name: str
    words: str
    settings: str = ""
    assumed: str = ""
    metrics: Metrics | None = None
    reason: str = ""
    change: float | None = None
    change_return: float | None = None


@dataclass(frozen=True)
class Stress:
    """What happens to the last step.

    name: "costs doubled", "entries delayed", "trades skipped" or "returns resampled".
    words: what is changed.
    metrics: those of the changed run; None for draws.
    bands: of draws, a Band for each figure; empty for a run.
    reason: why there is no figure; "" if there is.
    change: final equity less that of the last step, money; None for draws.
    change_return: total return less that of the last step, in percentage points; None likewise.
    """

    name: str
    words: str
    metrics: Metrics | None = None
    bands: tuple[Band, ...] = ()
    reason: str = ""
    change: float | None = None
    change_return: float | None = None


def changes(now: Metrics, before: Metrics | None) -> tuple[float | None, float | None]:
    """`change` and `change_return` of metrics to those before."""
    if before is None:
        return None, None
    money, points = (number(now[name]) - number(before[name]) for name in ("final_equity", "total_return"))
    return money, points


def number(value: object) -> float:
    """A metric as a number; NaN if it is undefined."""
    return float(value) if isinstance(value, int | float) else float("nan")
