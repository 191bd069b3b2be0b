"""btcore: a tick-exact, event-driven backtesting engine compiled from Cython."""

from .backtest import run, run_request
from .compiled import Compiled
from .config import CommissionTier, Execution, Instrument, RunRequest, StrategySpec
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
    scan_csv,
    scan_parquet,
)
from .data.merge import Merged, merge
from .errors import BtcoreError, ConfigError, DataError, OrderError, StrategyError
from .leakcheck import LeakReport, LookaheadError, leakcheck
from .orders import Orders
from .progress import Progress
from .result import Result, load_result
from .strategy import BarEvent, Context, FillEvent, QuoteEvent, Strategy, TradeEvent
from .sweep import sweep, sweep_request
from .sweep_result import SweepResult
from .targets import Targets
from .version import __version__
from .words import OrderReason, OrderStatus

__all__ = [
    "BarEvent",
    "Bars",
    "BtcoreError",
    "Catalog",
    "CommissionTier",
    "Compiled",
    "ConfigError",
    "Context",
    "DataError",
    "Execution",
    "FillEvent",
    "Instrument",
    "LeakReport",
    "LookaheadError",
    "Merged",
    "OrderError",
    "OrderReason",
    "OrderStatus",
    "Orders",
    "Progress",
    "QuoteEvent",
    "Quotes",
    "Result",
    "RunRequest",
    "SampleMarket",
    "Strategy",
    "StrategyError",
    "StrategySpec",
    "SweepResult",
    "Targets",
    "TradeEvent",
    "Trades",
    "__version__",
    "import_lean",
    "leakcheck",
    "load_result",
    "merge",
    "read_csv",
    "read_parquet",
    "resample",
    "run",
    "run_request",
    "sample_bars",
    "sample_quotes",
    "sample_trades",
    "scan_csv",
    "scan_parquet",
    "sweep",
    "sweep_request",
]
