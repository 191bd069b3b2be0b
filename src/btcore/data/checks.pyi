from numpy import float64, int64
from numpy.typing import NDArray

def valid_bars(
    timestamp: NDArray[int64],
    open: NDArray[float64],
    high: NDArray[float64],
    low: NDArray[float64],
    close: NDArray[float64],
    volume: NDArray[float64] | None,
    above: float,
    interval: int,
    end: NDArray[int64] | None = None,
) -> bool: ...
def is_within(values: NDArray[float64], limit: float) -> bool: ...
def valid_prices(
    open: NDArray[float64],
    high: NDArray[float64],
    low: NDArray[float64],
    close: NDArray[float64],
    above: float,
) -> bool: ...
def valid_quotes(
    timestamp: NDArray[int64],
    bid: NDArray[float64],
    ask: NDArray[float64],
    bid_size: NDArray[float64] | None,
    ask_size: NDArray[float64] | None,
    above: float,
    crossed: bool = False,
) -> bool: ...
def valid_trades(
    timestamp: NDArray[int64],
    price: NDArray[float64],
    size: NDArray[float64] | None,
    above: float,
) -> bool: ...
