"""Advances a player in portions of events. Progress and interrupts are handled between two portions."""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from btcore.contract import Handler
from btcore.errors import StrategyError
from btcore.feed.tape import Tape
from btcore.names import text_of
from btcore.strategies.callbacks.context import Context

from .progress import Progress, ProgressCallback

FIRST_PORTION, LAST_PORTION = 1, 1 << 22  # events; small at first, as a callback may take any time
PORTION_SECONDS = 0.02


class Player(Protocol):
    """The interface of a player: `Engine` or `PlainRun`."""

    @property
    def tape(self) -> Tape: ...
    @property
    def n_done(self) -> int: ...
    @property
    def now(self) -> int: ...
    @property
    def equity(self) -> float: ...
    def advance(self, n: int) -> bool: ...
    def finish(self) -> None: ...


P = TypeVar("P", bound=Player)


def play_to_end(make: Callable[[], P], report: ProgressCallback | None, handler: Handler | None = None) -> P:
    """Creates a player and advances it to the end, in portions of about PORTION_SECONDS.

    If the strategy fails, the exception in `handler.error` becomes the cause of the StrategyError. An
    exception such as KeyboardInterrupt, which is not an Exception, is raised as it is.
    """
    portion, last_report = FIRST_PORTION, time.perf_counter()
    try:
        player = make()
        total = player.tape.n_events - player.tape.n_history
        while player.advance(portion):
            now = time.perf_counter()
            if now - last_report < PORTION_SECONDS / 2:
                portion = min(2 * portion, LAST_PORTION)
            elif now - last_report > 2 * PORTION_SECONDS:
                portion = max(portion // 2, 1)
            last_report = now
            if report is not None:
                report(Progress(player.n_done / total, player.now, player.equity, player.n_done))
        player.finish()
    except StrategyError as error:
        cause = getattr(handler, "error", None)
        if cause is None:
            raise
        if not isinstance(cause, Exception):
            raise cause from None
        raise StrategyError(f"{error}: {type(cause).__name__}: {text_of(cause, Context)}") from cause
    if report is not None:
        report(Progress(1.0, player.now, player.equity, total))
    return player
