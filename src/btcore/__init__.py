"""btcore: a tick-exact, event-driven backtesting engine compiled from Cython."""

from .backtest import run, run_request
from .config import Execution, Instrument, RunRequest, StrategySpec
from .data import (
    Bars,
    Catalog,
    Quotes,
    SampleMarket,
    Trades,
    import_lean,
    read_csv,
    read_parquet,
    resample,
    sample_bars,
    sample_quotes,
    sample_trades,
)
from .errors import BtcoreError, ConfigError, DataError, OrderError, StrategyError
from .progress import Progress
from .result import Result, load_result
from .strategy import Context, Orders, Strategy
from .version import __version__

__all__ = [
    "Bars",
    "BtcoreError",
    "Catalog",
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
    "SampleMarket",
    "Strategy",
    "StrategyError",
    "StrategySpec",
    "Trades",
    "__version__",
    "import_lean",
    "load_result",
    "read_csv",
    "read_parquet",
    "resample",
    "run",
    "run_request",
    "sample_bars",
    "sample_quotes",
    "sample_trades",
]
