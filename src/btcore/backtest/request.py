"""Runs described by a `RunRequest`, as the command line and the server receive them."""

from typing import Any

import numpy as np
from msgspec.structs import replace

from btcore.config import Instrument, RunRequest, StrategySpec
from btcore.data.built_bars import read_specs
from btcore.data.run_source import check_source, source_timezone
from btcore.data.source import DefinitionSource, Source
from btcore.errors import ConfigError, DataError
from btcore.results.result import Result
from btcore.strategies import TargetWeights, check_params
from btcore.strategies.targets.targets import Targets
from btcore.times.clock import zone
from btcore.times.sessions import calendar_code

from .progress import ProgressCallback
from .run_one import run
from .scheduled import risk_free_rates, scheduled_events
from .symbol_sessions import check_own_sessions

DATE_LENGTH = len("2024-12-31")  # without a time; the log of the run says where such a date ends it


def run_request(
    request: RunRequest, source: Source, *, progress: ProgressCallback | bool | None = False
) -> Result:
    """Runs the backtest that `request` describes on the data of `source`, a Catalog or a SampleMarket.

    The result equals that of `run` with the same data and settings. `progress` is as in `run`, but no bar is
    drawn by default. Raises what `check_request` and `run` raise.
    """
    require_request(request, source)
    return play_request(request, source, request.timezone, progress=progress)


def play_request(
    request: RunRequest, source: Source, timezone: str | None, *, progress: ProgressCallback | bool | None
) -> Result:
    """`run_request` with `timezone` in place of that of the request; None for that of the data."""
    check_request(request, source)
    return run(
        source,
        request.strategy.name,
        request.strategy.params,
        progress=progress,
        **run_options(request, timezone),
    )


def in_data_timezone(request: RunRequest, source: Source) -> RunRequest:
    """The request with the zone that its data have, or UTC; its dates without an offset are read in it."""
    require_request(request, source)
    found = source_timezone(source, request.symbols, request.resolution)
    return replace(request, timezone=found.timezone)


def check_request(request: RunRequest, source: Source) -> None:
    """Raises ConfigError or DataError for a request that cannot be run; loads almost no data."""
    require_request(request, source)
    if request.calendar is not None:
        calendar_code(request.calendar)
    for symbol, instrument in request.instruments.items():
        check_own_sessions(symbol, instrument)
    read_specs(request.build_bars)
    params = check_params(request.strategy.name, request.strategy.params)
    if isinstance(params, TargetWeights):
        Targets.of_weights(params, request.symbols)
    check_source(source, request.symbols, request.resolution, request.start_ns, request.end_ns)
    check_dated(request, source)
    if request.benchmark is not None and request.benchmark not in request.symbols:
        check_benchmark(request, source)


def check_dated(request: RunRequest, source: Source) -> None:
    """ConfigError for a dated value whose time cannot be read, and for a currency without a rate."""
    timezone = str(zone(request.timezone))
    closes = np.array([request.end_ns])  # those of the sessions need the data
    scheduled_events(
        request.symbols,
        [request.instruments.get(symbol) or _with_currency(source, symbol) for symbol in request.symbols],
        request.execution,
        request.fx,
        currency=request.currency,
        timezone=timezone,
        closes=closes,
        symbol_closes=closes,
        start=request.start_ns,
    )
    risk_free_rates(request.risk_free, timezone)


def _with_currency(source: Source, symbol: str) -> Instrument:
    """The currency that the source defines for a symbol; it has checked its dated values itself."""
    definition = source.definition(symbol) if isinstance(source, DefinitionSource) else None
    return Instrument(currency=None if definition is None else definition.instrument.currency)


def check_benchmark(request: RunRequest, source: Source) -> None:
    """DataError for a benchmark without data."""
    try:
        check_source(source, [str(request.benchmark)], request.resolution, request.start_ns, request.end_ns)
    except DataError as error:
        raise DataError(f"benchmark: {str(error).removeprefix('symbols[0]: ')}") from error


def require_request(request: RunRequest, source: Source) -> None:
    """ConfigError if the arguments are not a request and a source of data."""
    if not isinstance(request, RunRequest):
        raise ConfigError(f"request: {request!r} is not a RunRequest")
    if not isinstance(request.strategy, StrategySpec):
        raise ConfigError(f"strategy: {request.strategy!r} is not a StrategySpec")
    if not isinstance(source, Source):
        raise ConfigError(f"source: {source!r} is not a Catalog or a SampleMarket")
    zone(request.timezone)


def run_options(request: RunRequest, timezone: str | None) -> dict[str, Any]:
    """The keyword arguments of `run` that the request gives."""
    return {
        "symbols": request.symbols,
        "resolution": request.resolution,
        "initial_capital": request.initial_capital,
        "currency": request.currency,
        "timezone": timezone,
        "start": request.start_ns,
        "end": request.end_date if len(request.end_date) <= DATE_LENGTH else request.end_ns,
        "execution": request.execution,
        "instruments": request.instruments,
        "mark_every": request.mark_every,
        "calendar": request.calendar,
        "fx": request.fx,
        "periods_per_year": request.periods_per_year,
        "risk_free": request.risk_free,
        "benchmark": request.benchmark,
        "build_bars": request.build_bars,
    }
