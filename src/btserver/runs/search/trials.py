"""Trials as documents: of a result of `sweep`, and of a study, which has those that have ended."""

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from btcore.metrics.run_metrics import RUN_METRICS_DTYPE
from btcore.research.sweeps.records import TEXTS, plain_value
from btcore.research.sweeps.sweep_result import Refusal, SweepResult
from btserver.optimization_schemas import OptimizationRequest, Trial
from btserver.schemas import Trials

PART = 500  # trials that are read at once
_canonical = msgspec.json.Encoder(order="deterministic").encode


class Goal(NamedTuple):
    """The searched parameters, the metric that is sought, and whether the highest is the best."""

    names: list[str]
    metric: str
    highest: bool

    @classmethod
    def of(cls, request: OptimizationRequest) -> "Goal":
        """That of a request."""
        names = [parameter.name for parameter in request.search_space.parameters]
        return cls(names, request.objective_metric, request.direction == "maximize")

    def beats(self, value: float | None, best: float | None) -> bool:
        """True if the value is better than the best so far."""
        if value is None or best is None:
            return value is not None
        return value > best if self.highest else value < best


def trials_of(result: SweepResult, goal: Goal) -> tuple[list[Trial], Trials]:
    """All trials, those that failed or were refused at the end, and their counts with the best one."""
    done = []
    for i in range(len(result)):
        run = result[i]
        done.append(
            Trial(
                **_named(goal.names, run.params),
                objective=_finite(run.metrics.get(goal.metric)),
                metrics=dict(run.metrics),
                duration_seconds=float(result.seconds[i]),
                error=None,
            )
        )
    bad = [_failed(goal.names, each) for each in (*result.failed, *result.refused)]
    row = best_of(done, goal)
    best = b"" if row is None else msgspec.json.encode(done[row])
    counts = Trials(completed=len(done), failed=len(bad), best=best)
    return [*done, *bad], counts


def best_of(trials: Sequence[Trial], goal: Goal) -> int | None:
    """The place of the best trial; of equal ones the first. None if none has the metric."""
    best: int | None = None
    for i, trial in enumerate(trials):
        if goal.beats(trial.objective, None if best is None else trials[best].objective):
            best = i
    return best


class StudyReader:
    """What a study says about trials while they are played by another connection."""

    def __init__(self, path: Path, goal: Goal) -> None:
        self._path, self._goal = path, goal
        self._seen: set[str] = set()
        self._completed = self._failed = 0
        self.best: Trial | None = None

    @property
    def _best_objective(self) -> float | None:
        return None if self.best is None else self.best.objective

    def counts(self) -> Trials:
        """The trials that are on disk, without running ones."""
        if self._path.exists():
            with closing(_opened(self._path)) as file:
                keys = {key for (key,) in file.execute("SELECT fingerprint FROM trials")}
                for _, trial in _read(file, sorted(keys - self._seen), self._goal):
                    if trial.error is None:
                        self._completed += 1
                        if self._goal.beats(trial.objective, self._best_objective):
                            self.best = trial
                    else:
                        self._failed += 1
                self._seen = keys
        best = b"" if self.best is None else msgspec.json.encode(self.best)
        return Trials(completed=self._completed, failed=self._failed, best=best)


def trials_in(path: Path, goal: Goal) -> list[Trial]:
    """The trials of a study in the order of their end; none if there is no such file."""
    if not path.exists():
        return []
    with closing(_opened(path)) as file:
        keys = [key for (key,) in file.execute("SELECT fingerprint FROM trials")]
        found = sorted(_read(file, keys, goal), key=lambda pair: (pair[0], pair[1].trial_id))
    return [trial for _, trial in found]


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30.0)


def _read(file: sqlite3.Connection, keys: Sequence[str], goal: Goal) -> list[tuple[str, Trial]]:
    """Trials by fingerprint, each after the time of its end."""
    found = []
    for at in range(0, len(keys), PART):
        part = keys[at : at + PART]
        marks = ",".join("?" * len(part))
        rows = file.execute(
            f"SELECT finished, params, metrics, seconds, error FROM trials WHERE fingerprint IN ({marks})",
            part,
        )
        found += [(finished, _of_row(goal, *row)) for finished, *row in rows]
    return found


def _of_row(goal: Goal, params: str, stored: bytes, seconds: float, error: str | None) -> Trial:
    record = np.frombuffer(stored, RUN_METRICS_DTYPE)[0]
    metrics = {} if error is not None else _metrics(record)
    return Trial(
        **_named(goal.names, msgspec.json.decode(params)),
        objective=_finite(metrics.get(goal.metric)),
        metrics=metrics,
        duration_seconds=seconds,
        error=error,
    )


def _metrics(record: Any) -> dict[str, Any]:
    names = RUN_METRICS_DTYPE.names or ()
    return {name: TEXTS[name][record[name]] if name in TEXTS else plain_value(record[name]) for name in names}


def _failed(names: Sequence[str], refusal: Refusal) -> Trial:
    return Trial(
        **_named(names, refusal.params),
        objective=None,
        metrics={},
        duration_seconds=None,
        error=refusal.reason,
    )


def _named(names: Sequence[str], params: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {name: params.get(name) for name in names}
    same = {name: _same(value) for name, value in parameters.items()}
    return {
        "trial_id": hashlib.sha256(_canonical(same)).hexdigest()[:16],
        "parameters": parameters,
    }


def _same(value: Any) -> Any:
    """1.0 as 1: a column of numbers holds both as floats."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _finite(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None
