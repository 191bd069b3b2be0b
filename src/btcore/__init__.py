"""btcore: a tick-exact, event-driven backtesting engine compiled from Cython."""

from .backtest import run
from .config import Execution, Instrument, RunRequest, StrategySpec
from .data.containers import Bars, Quotes, Trades
from .errors import BtcoreError, ConfigError, DataError, OrderError, StrategyError
from .manifest import VERSION as __version__
from .progress import Progress
from .result import Result, load_result
from .strategy import Context, Orders, Strategy

__all__ = [
    "Bars",
    "BtcoreError",
    "ConfigError",
    "Context",
    "DataError",
    "Execution",
    "Instrument",
    "OrderError",
    "Orders",
    "Progress",
    "Quotes",
    "Result",
    "RunRequest",
    "Strategy",
    "StrategyError",
    "StrategySpec",
    "Trades",
    "__version__",
    "load_result",
    "run",
]
