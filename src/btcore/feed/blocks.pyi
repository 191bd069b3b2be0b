from typing import Final

import numpy as np
from numpy.typing import NDArray

from btcore.feed.tape import Tape

BLOCK_ROWS: Final[int]

def block_extremes(lows: NDArray[np.float64], highs: NDArray[np.float64]) -> NDArray[np.float64]: ...
def first_reaching_of(
    tape: Tape,
    stream: int,
    row: int,
    end: int,
    buy_limit: float,
    sell_limit: float,
    buy_stop: float,
    sell_stop: float,
    *,
    by_rows: bool = ...,
) -> int: ...
