from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from btcore.contract import Handler

@final
class ArrayHandler(Handler):
    def __init__(
        self,
        timestamp: NDArray[np.int64],
        symbol: NDArray[np.int32],
        side: NDArray[np.int8],
        quantity: NDArray[np.float64],
        limit_price: NDArray[np.float64],
        stop_price: NDArray[np.float64],
        trail: NDArray[np.float64],
        limit_offset: NDArray[np.float64],
        order_type: NDArray[np.int8],
        trail_by: NDArray[np.int8],
        time_in_force: NDArray[np.int8],
        flags: NDArray[np.int8],
        expires: NDArray[np.int64],
        oco: NDArray[np.int64],
        parent: NDArray[np.int64],
        latency: NDArray[np.int64],
        ids: NDArray[np.int64],
    ) -> None: ...
    @property
    def ids(self) -> NDArray[np.int64]: ...
    def leave_out_later(self) -> None: ...
    @property
    def described(self) -> dict[str, Any]: ...
