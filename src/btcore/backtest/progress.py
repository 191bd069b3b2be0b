"""How far a run or other work has come, and a progress bar for terminals."""

import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TextIO

SHOW_AFTER = 0.5  # seconds; a shorter run shows no bar
LINE_EVERY = 10.0  # seconds between two lines where there is no terminal


class Progress(NamedTuple):
    """State of a running backtest: `fraction` done (0 to 1), time `now` (ns UTC), `equity`, `events` done."""

    fraction: float
    now: int
    equity: float
    events: int


ProgressCallback = Callable[[Progress], Any]


class ProgressLine:
    """How far some work has come: one line of a terminal, drawn again; elsewhere a line every 10 seconds."""

    def __init__(self, stream: TextIO, width: int = 32) -> None:
        self._stream = stream
        self._width = width
        self._is_terminal = stream.isatty()
        self._started = self._shown = time.monotonic()
        self._length = 0

    @property
    def elapsed(self) -> float:
        """Seconds since the work began."""
        return time.monotonic() - self._started

    def draw(self, fraction: float, text: str) -> None:
        """Shows the fraction done (0 to 1) and the text."""
        elapsed = self.elapsed
        if not self._is_terminal:
            if time.monotonic() - self._shown >= LINE_EVERY:
                self._shown = time.monotonic()
                self._stream.write(f"{fraction:6.1%}  {text}\n")
                self._stream.flush()
            return
        if elapsed < SHOW_AFTER and not self._length:
            return
        done = round(fraction * self._width)
        line = f"[{'#' * done}{'.' * (self._width - done)}] {fraction:6.1%}  {text} "
        self._stream.write(f"\r{line:<{self._length}}")
        self._length = len(line)
        self._stream.flush()

    def close(self) -> None:
        """Ends the line."""
        if self._length:
            self._stream.write("\n")
            self._stream.flush()
            self._length = 0


class ProgressBar:
    """The progress of a run, drawn at each call."""

    def __init__(self, stream: TextIO) -> None:
        self._line = ProgressLine(stream)
        self.close = self._line.close

    def __call__(self, progress: Progress) -> None:
        elapsed = self._line.elapsed
        rate = progress.events / elapsed / 1e6 if elapsed else 0.0
        self._line.draw(progress.fraction, f"{rate:5.1f} M events/s  equity {progress.equity:,.2f}")


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
