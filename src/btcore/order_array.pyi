from typing import final

import numpy as np
from numpy.typing import NDArray

from btcore.contract import Handler

@final
class OrderArray(Handler):
    def __init__(
        self,
        timestamp: NDArray[np.int64],
        symbol: NDArray[np.int32],
        side: NDArray[np.int8],
        quantity: NDArray[np.float64],
        limit_price: NDArray[np.float64],
        stop_price: NDArray[np.float64],
        time_in_force: NDArray[np.int8],
        oco: NDArray[np.int64],
        latency: NDArray[np.int64],
    ) -> None: ...
