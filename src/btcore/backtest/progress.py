"""How far a run has come, and a progress bar for terminals."""

import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TextIO

SHOW_AFTER = 0.5  # seconds; a shorter run shows no bar


class Progress(NamedTuple):
    """State of a running backtest: `fraction` done (0 to 1), time `now` (ns UTC), `equity`, `events` done."""

    fraction: float
    now: int
    equity: float
    events: int


ProgressCallback = Callable[[Progress], Any]


class ProgressBar:
    """Redraws one line of a terminal at each call."""

    def __init__(self, stream: TextIO, width: int = 32) -> None:
        self._stream = stream
        self._width = width
        self._started = time.monotonic()
        self._drawn = False

    def __call__(self, progress: Progress) -> None:
        elapsed = time.monotonic() - self._started
        if elapsed < SHOW_AFTER and not self._drawn:
            return
        self._drawn = True
        done = round(progress.fraction * self._width)
        rate = progress.events / elapsed / 1e6 if elapsed else 0.0
        self._stream.write(
            f"\r[{'#' * done}{'.' * (self._width - done)}] {progress.fraction:6.1%}  "
            f"{rate:5.1f} M events/s  equity {progress.equity:,.2f} "
        )
        self._stream.flush()

    def close(self) -> None:
        if self._drawn:
            self._stream.write("\n")
            self._stream.flush()


def reporter(progress: ProgressCallback | bool | None) -> tuple[ProgressCallback | None, Callable[[], None]]:
    """The callback, and a function that closes it. None means a bar if stderr is a terminal."""
    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty()
    if isinstance(progress, bool):
        if not progress:
            return None, lambda: None
        bar = ProgressBar(sys.stderr)
        return bar, bar.close
    return progress, lambda: None
