from typing import final

import numpy as np
from numpy.typing import NDArray

from btcore.config import Execution, Instrument
from btcore.fastpath.order_records import OrderRecords
from btcore.feed.tape import Tape

@final
class OrderRun(OrderRecords):
    def __init__(
        self,
        tape: Tape,
        sent: NDArray[np.int64],
        side: NDArray[np.int8],
        quantity: NDArray[np.float64],
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
