"""The interface to btcore: the only module of the server that imports the engine.

The server process calls all of its functions but `run_request`, a worker process `open_source` and
`run_request`. The module is named by a setting, so that tests can use another one.
"""

from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.backtest.request import check_request as _check
from btcore.backtest.request import run_request as _run
from btcore.config import RunRequest
from btcore.data import Catalog, SampleMarket, Source
from btcore.errors import ConfigError
from btcore.results.export import to_json

Rows = NDArray[Any]
LOADING = 0.05  # the share of progress for loading the data
_SAMPLE_ROWS_A_DAY = {"day": 1, "hour": 7, "minute": 390, "second": 23_400, "tick": 46_800}


class Step(NamedTuple):
    """How far a run is, and its equity; NaN while it loads."""

    fraction: float
    equity: float


class _ReportingMarket(SampleMarket):
    """The sample market, which reports the share of the symbols that are loaded."""

    def __init__(self, market: SampleMarket, symbols: int, report: Callable[[float], None]) -> None:
        super().__init__(market.seed)
        self._left = self._symbols = symbols
        self._report = report

    def load(self, *arguments: Any) -> tuple[Any, ...]:
        """As in SampleMarket."""
        found = super().load(*arguments)
        self._left = max(self._left - 1, 0)
        self._report(1 - self._left / self._symbols)
        return found


def _reporting(source: Source, symbols: int, report: Callable[[float], None]) -> Source:
    """The source, whose loading is reported; the columns of a catalog are mapped, which takes no time."""
    return _ReportingMarket(source, symbols, report) if isinstance(source, SampleMarket) else source


def open_source(data: str | None) -> Catalog | SampleMarket:
    """The catalog in directory `data`, or the sample market for None; ConfigError if it is no directory."""
    if data is None:
        return SampleMarket()
    if not Path(data).is_dir():
        raise ConfigError(f"data: {data!r} is not a directory")
    return Catalog(data)


def check_request(request: RunRequest, source: Source) -> None:
    """Raises ConfigError or DataError if the request cannot be run; loads little or no data."""
    _check(request, source)


def count_rows(request: RunRequest, source: Catalog | SampleMarket) -> int:
    """About how many rows the run has at most, without reading them."""
    period = (request.start_ns, request.end_ns)
    if isinstance(source, SampleMarket):
        days = int(np.busday_count(*(np.datetime64(ns, "ns").astype("datetime64[D]") for ns in period))) + 1
        return len(request.symbols) * days * _SAMPLE_ROWS_A_DAY[request.resolution]
    datasets = [entry for entry in source.list() if entry.resolution == request.resolution]
    return sum(_rows_between(entry, *period) for entry in datasets if entry.symbol in request.symbols)


def data_mark(request: RunRequest, source: Catalog | SampleMarket) -> bytes:
    """What identifies the data of the run and the version that plays them: equal marks, equal results."""
    names = {*request.symbols, request.benchmark}
    if isinstance(source, SampleMarket):
        return f"{version('btcore')} {source!r}".encode()
    entries = [entry.content_hash for entry in source.list() if entry.symbol in names]
    definitions = [repr(source.definition(symbol)) for symbol in request.symbols]
    return "\0".join([version("btcore"), *entries, *definitions]).encode()


def _rows_between(entry: Any, start_ns: int, end_ns: int) -> int:
    """The rows of a dataset in the period, if they are spread evenly."""
    whole = entry.last - entry.first + 1
    part = min(end_ns, entry.last + 1) - max(start_ns, entry.first)
    return int(entry.rows * max(part, 0) / whole)


def run_request(request: RunRequest, source: Source, progress: Callable[[Any], None]) -> Any:
    """The result of the backtest. Loading the data is the first part, LOADING, of the progress."""

    def loaded(share: float) -> None:
        progress(Step(LOADING * share, float("nan")))

    def played(step: Any) -> None:
        progress(Step(LOADING + (1 - LOADING) * step.fraction, step.equity))

    loaded(0.0)
    return _run(request, _reporting(source, len(request.symbols), loaded), progress=played)


def rows_json(rows: Rows, start: int, stop: int) -> bytes:
    """Rows of a table as a JSON array."""
    return to_json(rows[start:stop])
