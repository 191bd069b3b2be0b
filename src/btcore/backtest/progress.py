"""How far a run or other work has come, and a progress bar for terminals."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TextIO

SHOW_AFTER = 0.5  # seconds; a shorter run shows no bar
MIN_BAR = 4  # signs; a narrow terminal has no bar
LINE_EVERY = 10.0  # seconds between two lines where there is no terminal


class Progress(NamedTuple):
    """State of a running backtest: `fraction` done (0 to 1), time `now` (ns UTC), `equity`, `events` done."""

    fraction: float
    now: int
    equity: float
    events: int


ProgressCallback = Callable[[Progress], Any]


def is_redrawn(stream: TextIO) -> bool:
    """True if a line of the stream can be drawn again: a terminal, or the output of a notebook."""
    return stream.isatty() or type(stream).__module__.startswith("ipykernel.")


class ProgressLine:
    """How far some work has come: one line of a terminal or a notebook, drawn again and no wider than the
    terminal; elsewhere a line every 10 seconds.
    """

    def __init__(self, stream: TextIO, width: int = 32) -> None:
        self._stream = stream
        self._width = width
        self._is_terminal = is_redrawn(stream)
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
        most = _columns(self._stream) - 1  # a sign in the last column may begin a new line
        line = _fitted(fraction, text, self._width, most)
        self._stream.write(f"\r{line:<{min(self._length, most)}}")
        self._length = len(line)
        self._stream.flush()

    def close(self) -> None:
        """Ends the line."""
        if self._length:
            self._stream.write("\n")
            self._stream.flush()
            self._length = 0

    def draw_with_time_left(self, fraction: float, text: str) -> None:
        """The same, and the time that is left if each part takes as long as those so far."""
        elapsed = self.elapsed
        left = elapsed / fraction * (1 - fraction) if fraction else 0.0
        self.draw(fraction, f"{text}  {_clock(left)} left" if fraction and elapsed > 1 else text)


def _columns(stream: TextIO) -> int:
    """The width of the terminal of the stream; 80 if it is unknown."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (AttributeError, ValueError, OSError):
        columns = 0
    return columns or shutil.get_terminal_size().columns


def _fitted(fraction: float, text: str, width: int, most: int) -> str:
    """The line in at most `most` signs: with a shorter bar or none, then without the parts in the middle."""
    percent = f"{fraction:6.1%}  "
    width = min(width, most - len(f"[] {percent}{text} "))
    if width >= MIN_BAR:
        done = round(fraction * width)
        return f"[{'#' * done}{'.' * (width - done)}] {percent}{text} "
    line, parts = f"{percent}{text}", [part.strip() for part in text.split("  ") if part.strip()]
    while len(line) > most and len(parts) > 1:
        del parts[-2 if len(parts) > 2 else -1]
        line = percent + "  ".join(parts)
    return line[:most]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _rate_text(rate: float) -> str:
    """A rate of one width: "2.0 M", "83.1 k" or "78"."""
    if rate >= 1e6:
        return f"{rate / 1e6:5.1f} M"
    return f"{rate / 1e3:5.1f} k" if rate >= 1e3 else f"{rate:7.{0 if rate >= 10 else 1}f}"


class ProgressBar:
    """The progress of a run, drawn at each call: events a second, equity, and the time that is left."""

    def __init__(self, stream: TextIO) -> None:
        self._line = ProgressLine(stream)
        self.close: Callable[[], None] = self._line.close

    def __call__(self, progress: Progress) -> None:
        elapsed = self._line.elapsed
        rate = progress.events / elapsed if elapsed else 0.0
        self._line.draw_with_time_left(
            progress.fraction, f"{_rate_text(rate)} events/s  equity {progress.equity:,.2f}"
        )


class SweepBar:
    """The progress of so many runs: how many are done, how many a second, and the time that is left."""

    def __init__(self, stream: TextIO, runs: int | Callable[[], int]) -> None:
        self._line = ProgressLine(stream)
        self._runs = runs
        self.close: Callable[[], None] = self._line.close

    def __call__(self, progress: Progress) -> None:
        runs = self._runs() if callable(self._runs) else self._runs
        elapsed, done = self._line.elapsed, round(progress.fraction * runs)
        rate = done / elapsed if elapsed else 0.0
        self._line.draw_with_time_left(
            progress.fraction, f"{done:,} of {runs:,} runs  {rate:,.{0 if rate >= 10 else 1}f} runs/s"
        )


def reporter(
    progress: ProgressCallback | bool | None, runs: int | Callable[[], int] | None = None
) -> tuple[ProgressCallback | None, Callable[[], None]]:
    """The callback, and a function that closes it; `runs` is the number of runs of a sweep.

    None means a bar if stderr is a terminal or the output of a notebook.
    """
    if progress is None:
        progress = sys.stderr is not None and is_redrawn(sys.stderr)
    if isinstance(progress, bool):
        if not progress:
            return None, lambda: None
        bar = ProgressBar(sys.stderr) if runs is None else SweepBar(sys.stderr, runs)
        return bar, bar.close
    return progress, lambda: None
