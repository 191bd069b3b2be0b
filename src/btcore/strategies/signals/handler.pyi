from enum import IntEnum
from typing import final

import numpy as np
from numpy.typing import NDArray

from btcore.contract import Handler

class Signal(IntEnum):
    LONG_ENTRY = 1
    LONG_EXIT = 2
    SHORT_ENTRY = 4
    SHORT_EXIT = 8

class Ignored(IntEnum):
    ENTRY_AND_EXIT = 0
    BOTH_ENTRIES = 1
    ALREADY_IN = 2
    NOT_IN = 3
    NO_PRICE = 4

@final
class SignalsHandler(Handler):
    def __init__(
        self,
        group_end: NDArray[np.int64],
        group_time: NDArray[np.int64],
        group_stream: NDArray[np.int32],
        group_row: NDArray[np.int64],
        symbol: NDArray[np.int32],
        signals: NDArray[np.int8],
        size: NDArray[np.float64],
        stop_loss: NDArray[np.float64],
        take_profit: NDArray[np.float64],
        trailing_stop: NDArray[np.float64],
        limit_price: NDArray[np.float64],
        n_symbols: int,
        weight: float,
    ) -> None: ...
    @property
    def ignored(self) -> dict[Ignored, tuple[int, int, int]]: ...
