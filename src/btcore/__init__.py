"""btcore: an event-driven backtesting engine, compiled from Cython.

`run` plays one strategy over market data, `sweep` many parameter sets, `leakcheck` looks for look-ahead.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from btcore import indicators, sizing
from btcore.audit.lookahead import LeakReport, LookaheadError, leakcheck
from btcore.backtest.progress import Progress
from btcore.backtest.repeat import Replay, replay
from btcore.backtest.request import run_request
from btcore.backtest.run_one import run
from btcore.data.markets import Merged
from btcore.data.run_source import merge
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

if TYPE_CHECKING:
    from btcore.research.odds.overfitting import PBO, pbo
    from btcore.research.odds.sharpe import (
        DeflatedSharpe,
        TrackRecord,
        deflated_sharpe,
        min_track_record_length,
    )
    from btcore.research.odds.superiority import SPA, RealityCheck, reality_check, spa
    from btcore.research.search.ranges import Choice, FloatRange, IntRange, LogUniform
    from btcore.research.stress.climb import ladder
    from btcore.research.stress.ladder_result import Ladder
    from btcore.research.sweeps.run_many import sweep, sweep_request
    from btcore.research.sweeps.sweep_result import SweepResult
    from btcore.research.validation.crossed import cpcv, purged_kfold
    from btcore.research.validation.forward import walk_forward
    from btcore.research.validation.validations import CPCV, PurgedKFold, WalkForward

__all__ = [
    "CPCV",
    "PBO",
    "SPA",
    "BarEvent",
    "Bars",
    "BtcoreError",
    "Catalog",
    "Choice",
    "Commission",
    "CommissionTier",
    "Comparison",
    "Compiled",
    "ConfigError",
    "Context",
    "CostModel",
    "DataError",
    "DeflatedSharpe",
    "Execution",
    "FillEvent",
    "FloatRange",
    "IndicatorView",
    "Inspection",
    "Instrument",
    "IntRange",
    "Ladder",
    "LeakReport",
    "LogUniform",
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
    "RealityCheck",
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
    "TrackRecord",
    "TradeEvent",
    "Trades",
    "TradingHours",
    "WalkForward",
    "__version__",
    "compare",
    "compiled",
    "cpcv",
    "deflated_sharpe",
    "import_lean",
    "import_nautilus",
    "indicators",
    "inspect",
    "ladder",
    "leakcheck",
    "load_result",
    "merge",
    "min_track_record_length",
    "pbo",
    "purged_kfold",
    "read_arrow",
    "read_csv",
    "read_npz",
    "read_parquet",
    "reality_check",
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
    "spa",
    "sweep",
    "sweep_request",
    "walk_forward",
]


# Names of research, which other modules are loaded for: at first use, so that the import stays quick.
_LATER = {
    "CPCV": "btcore.research.validation.validations",
    "Choice": "btcore.research.search.ranges",
    "DeflatedSharpe": "btcore.research.odds.sharpe",
    "FloatRange": "btcore.research.search.ranges",
    "IntRange": "btcore.research.search.ranges",
    "Ladder": "btcore.research.stress.ladder_result",
    "LogUniform": "btcore.research.search.ranges",
    "PBO": "btcore.research.odds.overfitting",
    "PurgedKFold": "btcore.research.validation.validations",
    "RealityCheck": "btcore.research.odds.superiority",
    "SPA": "btcore.research.odds.superiority",
    "SweepResult": "btcore.research.sweeps.sweep_result",
    "TrackRecord": "btcore.research.odds.sharpe",
    "WalkForward": "btcore.research.validation.validations",
    "cpcv": "btcore.research.validation.crossed",
    "deflated_sharpe": "btcore.research.odds.sharpe",
    "ladder": "btcore.research.stress.climb",
    "min_track_record_length": "btcore.research.odds.sharpe",
    "pbo": "btcore.research.odds.overfitting",
    "purged_kfold": "btcore.research.validation.crossed",
    "reality_check": "btcore.research.odds.superiority",
    "spa": "btcore.research.odds.superiority",
    "sweep": "btcore.research.sweeps.run_many",
    "sweep_request": "btcore.research.sweeps.run_many",
    "walk_forward": "btcore.research.validation.forward",
}

if not TYPE_CHECKING:  # type checkers find unknown names by themselves

    def __getattr__(name: str) -> Any:
        if name in _LATER:
            globals()[name] = value = getattr(import_module(_LATER[name]), name)
            return value
        meant = "" if name.startswith("_") else near_name(name, __all__)
        raise AttributeError(f"btcore has no {name!r}{meant}")


def __dir__() -> list[str]:
    """The public names; submodules can still be imported."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
