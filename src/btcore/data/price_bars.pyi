import numpy as np
from numpy.typing import NDArray

def range_bars(
    times: NDArray[np.int64], prices: NDArray[np.float64], size: float
) -> tuple[NDArray[np.intp], int]: ...
def renko_bars(
    times: NDArray[np.int64], prices: NDArray[np.float64], size: float
) -> tuple[NDArray[np.intp], NDArray[np.int64], int]: ...
