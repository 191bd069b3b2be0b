"""Runs described by a `RunRequest`, as the command line and the server receive them."""

from collections.abc import Mapping
from typing import Any

from btcore.config import RunRequest, StrategySpec
from btcore.data.catalog.catalog import Catalog
from btcore.data.markets import SymbolData
from btcore.data.source import Source
from btcore.errors import ConfigError, DataError
from btcore.results.result import Result
from btcore.strategies import TargetWeights, check_params
from btcore.strategies.targets.targets import Targets
from btcore.times.clock import zone
from btcore.times.sessions import calendar_code

from .progress import ProgressCallback
from .run_one import run


def run_request(
    request: RunRequest, source: Source, *, progress: ProgressCallback | bool | None = False
) -> Result:
    """Runs the backtest that `request` describes on the data of `source`, a Catalog or a SampleMarket.

    The result equals that of `run` with the same data and settings. `progress` is as in `run`, but no bar is
    drawn by default. Raises what `check_request` and `run` raise.
    """
    check_request(request, source)
    return run(
        load_data(request, source),
        request.strategy.name,
        request.strategy.params,
        progress=progress,
        **run_options(request, source),
    )


def check_request(request: RunRequest, source: Source) -> None:
    """Raises ConfigError or DataError for a request that cannot be run; loads almost no data."""
    require_request(request, source)
    zone(request.timezone)
    if request.calendar is not None:
        calendar_code(request.calendar)
    params = check_params(request.strategy.name, request.strategy.params)
    if isinstance(params, TargetWeights):
        Targets.of_weights(params, request.symbols)
    check_data(request, source)


def require_request(request: RunRequest, source: Source) -> None:
    """ConfigError if the arguments are not a request and a source of data."""
    if not isinstance(request, RunRequest):
        raise ConfigError(f"request: {request!r} is not a RunRequest")
    if not isinstance(request.strategy, StrategySpec):
        raise ConfigError(f"strategy: {request.strategy!r} is not a StrategySpec")
    if not isinstance(source, Source):
        raise ConfigError(f"source: {source!r} is not a Catalog or a SampleMarket")


def check_data(request: RunRequest, source: Source) -> None:
    """Raises DataError, with the position of the symbol, for data that the source does not have."""
    for i, symbol in enumerate(request.symbols):
        try:
            source.check(symbol, request.resolution, request.start_ns, request.end_ns)
        except DataError as error:
            raise DataError(f"symbols[{i}]: {error}") from error


def load_data(request: RunRequest, source: Source) -> Mapping[str, SymbolData]:
    """The containers of each symbol of the request."""
    period = request.resolution, request.start_ns, request.end_ns
    if isinstance(source, Catalog):
        return source.merge(request.symbols, *period, keep=False)
    return {symbol: source.load(symbol, *period) for symbol in request.symbols}


def run_options(request: RunRequest, source: Source) -> dict[str, Any]:
    """The keyword arguments of `run` that the request gives."""
    return {
        "initial_capital": request.initial_capital,
        "currency": request.currency,
        "timezone": request.timezone,
        "start": request.start_ns,
        "end": request.end_ns,
        "execution": request.execution,
        "instruments": request.instruments,
        "mark_every": request.mark_every,
        "calendar": request.calendar,
        "fx": request.fx,
        "data_source": source.data_source,
    }
