"""The keyword arguments of `sweep` that say how trials are played and which are kept, checked."""

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from threading import Event
from typing import Any, Literal, NamedTuple

import numpy as np

from btcore.errors import BtcoreError, ConfigError, not_one_of

from .goals import Goal, Objective, goals_of

Stop = Callable[[], bool] | Event
OnError = Literal["raise", "record"]


class StoppedEarlyError(BtcoreError):
    """The work was stopped before there was anything to return."""


class SweepOptions(NamedTuple):
    """How the trials are played and which of them are kept."""

    goals: list[Goal]
    executor: Any
    workers: int | None
    study: Path | None
    keep: int | None
    out: Path | None
    on_error: OnError
    is_stopped: Callable[[], bool]

    @classmethod
    def of(
        cls, *, objective: Objective, executor: Any, workers: Any, study: Any, keep: Any, out: Any,
        on_error: Any, stop: Any,
    ) -> "SweepOptions":  # fmt: skip
        """The options, checked; ConfigError, which begins with the name of the argument."""
        if on_error not in ("raise", "record"):
            raise ConfigError(f"on_error: {not_one_of(on_error, ('raise', 'record'))}")
        return cls(
            goals_of(objective), executor, _above_zero("workers", workers), _file("study", study),
            _above_zero("keep", keep), _file("out", out), on_error, stop_function(stop),
        )  # fmt: skip


def _above_zero(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ConfigError(f"{name}: {value!r} is not a whole number above 0")
    return int(value)


def _file(name: str, path: Any) -> Path | None:
    if path is None:
        return None
    if not isinstance(path, str | PathLike) or not Path(path).name:
        raise ConfigError(f"{name}: {path!r} is not the path of a file")
    return Path(path)


def stop_function(stop: Stop | None) -> Callable[[], bool]:
    """Whether to stop, as a function; ConfigError if `stop` is neither that nor an Event."""
    if stop is None:
        return lambda: False
    if isinstance(stop, Event):
        return stop.is_set
    if not callable(stop):
        raise ConfigError(f"stop: {stop!r} is not a function or a threading.Event")
    return stop
