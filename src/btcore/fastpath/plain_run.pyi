from typing import final

import numpy as np
from numpy.typing import NDArray

from btcore.config import Execution, Instrument
from btcore.fastpath.plain_curve import PlainCurve
from btcore.feed.tape import Tape
from btcore.strategies.builtin.signal import Signal

@final
class PlainRun(PlainCurve):
    def __init__(
        self,
        tape: Tape,
        source: Signal | tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float64]],
        instrument: Instrument,
        execution: Execution,
        initial_capital: float,
        start: int,
        mark_every: int,
    ) -> None: ...
    @property
    def needs_engine(self) -> bool: ...
    def advance(self, n: int) -> bool: ...
    def finish(self) -> None: ...
