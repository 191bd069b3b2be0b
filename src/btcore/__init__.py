"""btcore: an event-driven backtesting engine, compiled from Cython.

`run` plays one strategy over market data, `sweep` many parameter sets, `leakcheck` looks for look-ahead.
"""

from typing import TYPE_CHECKING, Any

from btcore import indicators, sizing
from btcore.audit.lookahead import LeakReport, LookaheadError, leakcheck
from btcore.backtest.progress import Progress
from btcore.backtest.repeat import Replay, replay
from btcore.backtest.request import run_request
from btcore.backtest.run_one import run
from btcore.data.markets import Merged
from btcore.data.run_source import merge
from btcore.research.sweeps.run_many import sweep, sweep_request
from btcore.research.sweeps.sweep_result import SweepResult
from btcore.research.validation.crossed import cpcv, purged_kfold
from btcore.research.validation.forward import walk_forward
from btcore.research.validation.validations import CPCV, PurgedKFold, WalkForward
from btcore.results.comparison.side_by_side import Comparison, compare
from btcore.results.result import Result, load_result
from btcore.rules.order_words import OrderReason, OrderStatus
from btcore.strategies.arrays.orders import Orders
from btcore.strategies.callbacks.indicator_views import IndicatorView
from btcore.strategies.callbacks.order_state import OrderState
from btcore.strategies.callbacks.strategy import (
    BarEvent,
    Context,
    FillEvent,
    QuoteEvent,
    Strategy,
    TradeEvent,
)
from btcore.strategies.callbacks.ticket import Ticket
from btcore.strategies.compiled.compiled import Compiled
from btcore.strategies.compiled.decorator import compiled
from btcore.strategies.signals.signals import Signals
from btcore.strategies.targets.targets import Targets

from .config import (
    Commission,
    CommissionTier,
    CostModel,
    Execution,
    Instrument,
    RunRequest,
    Slippage,
    StrategySpec,
    TradingHours,
)
from .data import (
    Bars,
    Catalog,
    Inspection,
    Quotes,
    SampleMarket,
    Trades,
    import_lean,
    import_nautilus,
    inspect,
    read_arrow,
    read_csv,
    read_npz,
    read_parquet,
    resample,
    sample_bars,
    sample_quotes,
    sample_trades,
    scan_csv,
    scan_parquet,
)
from .errors import BtcoreError, ConfigError, DataError, OrderError, StrategyError, near_name
from .version import __version__

__all__ = [
    "CPCV",
    "BarEvent",
    "Bars",
    "BtcoreError",
    "Catalog",
    "Commission",
    "CommissionTier",
    "Comparison",
    "Compiled",
    "ConfigError",
    "Context",
    "CostModel",
    "DataError",
    "Execution",
    "FillEvent",
    "IndicatorView",
    "Inspection",
    "Instrument",
    "LeakReport",
    "LookaheadError",
    "Merged",
    "OrderError",
    "OrderReason",
    "OrderState",
    "OrderStatus",
    "Orders",
    "Progress",
    "PurgedKFold",
    "QuoteEvent",
    "Quotes",
    "Replay",
    "Result",
    "RunRequest",
    "SampleMarket",
    "Signals",
    "Slippage",
    "Strategy",
    "StrategyError",
    "StrategySpec",
    "SweepResult",
    "Targets",
    "Ticket",
    "TradeEvent",
    "Trades",
    "TradingHours",
    "WalkForward",
    "__version__",
    "compare",
    "compiled",
    "cpcv",
    "import_lean",
    "import_nautilus",
    "indicators",
    "inspect",
    "leakcheck",
    "load_result",
    "merge",
    "purged_kfold",
    "read_arrow",
    "read_csv",
    "read_npz",
    "read_parquet",
    "replay",
    "resample",
    "run",
    "run_request",
    "sample_bars",
    "sample_quotes",
    "sample_trades",
    "scan_csv",
    "scan_parquet",
    "sizing",
    "sweep",
    "sweep_request",
    "walk_forward",
]


if not TYPE_CHECKING:  # type checkers find unknown names by themselves

    def __getattr__(name: str) -> Any:
        meant = "" if name.startswith("_") else near_name(name, __all__)
        raise AttributeError(f"btcore has no {name!r}{meant}")


def __dir__() -> list[str]:
    """The public names; submodules can still be imported."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
