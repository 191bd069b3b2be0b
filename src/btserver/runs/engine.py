"""The interface to btcore: the only module of the server that imports the engine.

The server process calls `open_source`, `check_request` and `rows_json`, a worker process `open_source` and
`run_request`. The module is named by a setting, so that tests can use another one with these functions.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from btcore.backtest.request import check_request as _check
from btcore.backtest.request import run_request as _run
from btcore.config import RunRequest
from btcore.data import Catalog, SampleMarket, Source
from btcore.errors import ConfigError
from btcore.results.export import to_json

Rows = NDArray[Any]


def open_source(data: str | None) -> Source:
    """The catalog in directory `data`, or the sample market for None; ConfigError if it is no directory."""
    if data is None:
        return SampleMarket()
    if not Path(data).is_dir():
        raise ConfigError(f"data: {data!r} is not a directory")
    return Catalog(data)


def check_request(request: RunRequest, source: Source) -> None:
    """Raises ConfigError or DataError if the request cannot be run; loads little or no data."""
    _check(request, source)


def run_request(request: RunRequest, source: Source, progress: Callable[[Any], None]) -> Any:
    """The result of the backtest."""
    return _run(request, source, progress=progress)


def rows_json(rows: Rows, start: int, stop: int) -> bytes:
    """Rows of a table as a JSON array."""
    return to_json(rows[start:stop])
