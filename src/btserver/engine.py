"""The seam to btcore: the one module of the server that imports the engine.

The server process calls `check_request` and `read_rows`, a worker process `run_request`. Another module with
these functions may stand in for this one by its name.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from btcore.backtest import check_request as _check
from btcore.backtest import run_request as _run
from btcore.config import RunRequest
from btcore.data import Bars, Catalog, Quotes, SampleMarket, Source, Trades
from btcore.errors import ConfigError
from btcore.export import to_rows

Rows = NDArray[Any]


def open_source(data: str | None) -> Source:
    """The catalog in that directory, or the seeded sample market."""
    if data is None:
        return SampleMarket()
    if not Path(data).is_dir():
        raise ConfigError(f"data: {data!r} is not a directory")
    return Catalog(data)


def check_request(request: RunRequest, source: Source) -> None:
    """Raise ConfigError or DataError where the request cannot be run; loads next to no data."""
    _check(request, _Glance(source, request) if isinstance(source, SampleMarket) else source)


def run_request(request: RunRequest, source: Source, progress: Callable[[Any], None]) -> Any:
    """The result of the backtest."""
    return _run(request, source, progress=progress)


def read_rows(rows: Rows, start: int, stop: int) -> list[dict[str, Any]]:
    """Rows of a table, ready for JSON."""
    return to_rows(rows[start:stop])


@lru_cache(4096)
def _has_days(start_ns: int, end_ns: int) -> bool:
    """The market is open on a day that begins in the range; the same for every symbol."""
    return len(SampleMarket().bars("SAMPLE", "day", start_ns, end_ns)) > 0


class _Glance:
    """The sample market, looked at and not made: ticks of a month take the event loop a second.

    It has every symbol, so one of a request tells whether the market is open at all in its range.
    """

    def __init__(self, market: SampleMarket, request: RunRequest) -> None:
        self._market = market
        self._others = request.symbols[1:]

    def symbols(self, _resolution: str | None = None) -> Sequence[str]:
        """All but the first."""
        return self._others

    def load(
        self, symbol: str, resolution: str, start_ns: int, end_ns: int
    ) -> tuple[Bars | Quotes | Trades, ...]:
        """Nothing where a day begins in the range; else the range is short, or closed, and quickly loaded."""
        if _has_days(start_ns, end_ns):
            return ()
        return self._market.load(symbol, resolution, start_ns, end_ns)

    def describe(self) -> str:
        """As the market says."""
        return self._market.describe()
