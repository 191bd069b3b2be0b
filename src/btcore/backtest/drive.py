"""From the first event to the last, in portions between which a run may be looked at or stopped."""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from btcore.contract import Handler
from btcore.errors import StrategyError
from btcore.feed.tape import Tape

from .progress import Progress, ProgressCallback

FIRST_PORTION, LAST_PORTION = 1 << 12, 1 << 22  # events between two looks at a run
LOOK_SECONDS = 0.02


class Player(Protocol):
    """What plays a run: `Engine`, or another that keeps the same records."""

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


def play(make: Callable[[], P], tell: ProgressCallback | None, handler: Handler | None = None) -> P:
    """Plays what `make` makes, in portions of LOOK_SECONDS; `handler` may know why its strategy failed."""
    portion, looked = FIRST_PORTION, time.perf_counter()
    try:
        player = make()
        total = player.tape.n_events
        while player.advance(portion):
            now = time.perf_counter()
            if now - looked < LOOK_SECONDS / 2:
                portion = min(2 * portion, LAST_PORTION)
            elif now - looked > 2 * LOOK_SECONDS:
                portion = max(portion // 2, 1)
            looked = now
            if tell is not None:
                tell(Progress(player.n_done / total, player.now, player.equity, player.n_done))
        player.finish()
    except StrategyError as error:
        cause = getattr(handler, "error", None)
        if cause is None:
            raise
        if not isinstance(cause, Exception):
            raise cause from None  # an interrupt, or an exit
        raise StrategyError(f"{error}: {type(cause).__name__}: {cause}") from cause
    if tell is not None:
        tell(Progress(1.0, player.now, player.equity, total))
    return player
