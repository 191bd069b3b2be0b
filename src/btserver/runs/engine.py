"""The interface to btcore: besides the modules of `search`, the only one that imports the engine.

The server process calls all of its functions but `run_request`, a worker process that and `open_source`. A
setting names the module, so that tests can use another one.
"""

import logging
import re
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points, version
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, get_origin, get_type_hints

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from btcore.backtest.request import check_request as _check
from btcore.backtest.request import run_options
from btcore.backtest.request import run_request as _run
from btcore.backtest.run_one import run
from btcore.config import SYMBOL_PATTERN, RunRequest, StrategyName, StrategySpec, checked
from btcore.data import Catalog, SampleMarket, Source
from btcore.errors import ConfigError, DataError
from btcore.results.export import rfc3339, to_arrow, to_json
from btcore.strategies.builtin.registry import STRATEGIES
from btcore.strategies.callbacks.strategy import Strategy
from btcore.strategies.own_files import strategies_in
from btcore.times.resolutions import check_resolution
from btserver.errors import UnreadableDataError

Rows = NDArray[Any]
_log = logging.getLogger("btserver.runs")
_of_folder: dict[str, tuple[type[Strategy], str]] = {}
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
    if isinstance(source, Catalog):
        _datasets(source)  # so that what is wrong with the catalog is not said of the request
    own = own_strategies().get(request.strategy.name)
    if own is None:
        _check(request, source)
    else:
        _check(replace(request, strategy=StrategySpec()), source)
        own[0].check_params(request.strategy.params)


def count_rows(request: RunRequest, source: Catalog | SampleMarket) -> int:
    """About how many rows the run has at most, without reading them."""
    period = (request.start_ns, request.end_ns)
    resolution = check_resolution(request.resolution)  # "1min" is "minute"
    if isinstance(source, SampleMarket):
        days = int(np.busday_count(*(np.datetime64(ns, "ns").astype("datetime64[D]") for ns in period))) + 1
        return len(request.symbols) * days * _SAMPLE_ROWS_A_DAY[resolution]
    datasets = [entry for entry in _datasets(source) if entry.resolution == resolution]
    return sum(_rows_between(entry, *period) for entry in datasets if entry.symbol in request.symbols)


def data_mark(request: RunRequest, source: Catalog | SampleMarket) -> bytes:
    """What identifies the data of the run and the version that plays them: equal marks, equal results.

    Empty for a strategy of a package, whose code may change without its version.
    """
    if request.strategy.name in own_strategies():
        return b""
    names = {*request.symbols, request.benchmark}
    if isinstance(source, SampleMarket):
        return f"{version('btcore')} {source!r}".encode()
    entries = [entry.content_hash for entry in _datasets(source) if entry.symbol in names]
    definitions = [repr(source.definition(symbol)) for symbol in request.symbols]
    return "\0".join([version("btcore"), *entries, *definitions]).encode()


def _datasets(source: Catalog) -> list[Any]:
    """The datasets of a catalog; UnreadableDataError if its index cannot be read."""
    try:
        return source.list()
    except DataError as error:
        raise UnreadableDataError(str(error)) from error


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
    reporting = _reporting(source, len(request.symbols), loaded)
    own = own_strategies().get(request.strategy.name)
    if own is None:
        return _run(request, reporting, progress=played)
    options = run_options(request, request.timezone)
    return run(reporting, own[0], request.strategy.params, progress=played, **options)


def write_table(media_type: str, rows: Rows) -> bytes:
    """The rows as an Arrow stream or a Parquet file."""
    return write_arrow(media_type, to_arrow(rows))


def write_arrow(media_type: str, table: Any) -> bytes:
    """A table of pyarrow as an Arrow stream or a Parquet file."""
    import pyarrow
    import pyarrow.parquet

    sink = pyarrow.BufferOutputStream()
    if media_type.endswith("parquet"):
        pyarrow.parquet.write_table(table, sink)
    else:
        with pyarrow.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def list_strategies() -> list[dict[str, Any]]:
    """Each strategy with its name, description, package and JSON Schema of its parameters."""
    built_in = [(name, None, entry.params) for name, entry in STRATEGIES.items()]
    own = [(name, package, _params_of(kind)) for name, (kind, package) in own_strategies().items()]
    return [
        {
            "name": name,
            "description": (params.__doc__ or "").strip(),
            "package": package,
            "parameters": _schema(params),
        }
        for name, package, params in [*built_in, *own]
    ]


def _schema(params: type) -> dict[str, Any]:
    (reference,), components = msgspec.json.schema_components(
        [params], schema_hook=_any_value, ref_template="#/$defs/{name}"
    )
    schema: dict[str, Any] = components.pop(reference["$ref"].rpartition("/")[2])
    return schema | ({"$defs": components} if components else {})


def _any_value(kind: type) -> dict[str, Any]:
    """The schema of a type that JSON does not have, such as an array: its parameter keeps its default."""
    return {"title": kind.__name__}


def _params_of(kind: type[Strategy]) -> type:
    """The parameters of a strategy class as a Struct with its docstring."""
    hints = {
        name: hint
        for name, hint in get_type_hints(kind, include_extras=True).items()
        if not name.startswith("_") and get_origin(hint) is not ClassVar and hint is not ClassVar
    }
    fields = [
        (name, hint, getattr(kind, name)) if hasattr(kind, name) else (name, hint)
        for name, hint in hints.items()
    ]
    return msgspec.defstruct(kind.__name__, fields, kw_only=True, namespace={"__doc__": kind.__doc__})


def load_strategies(folder: str) -> None:
    """Adds the strategies of a folder of Python files, which are executed; ConfigError if they cannot be."""
    found = strategies_in(Path(folder))
    taken = sorted(found.keys() & STRATEGIES.keys())
    if taken:
        raise ConfigError(
            f"strategies: {found[taken[0]][1]}: {taken[0]!r} is the name of a built-in strategy"
        )
    for name, (kind, file) in found.items():
        try:
            _schema(_params_of(kind))
        except Exception as error:  # an annotation may be anything
            raise ConfigError(f"strategies: {file}: parameters of {name!r}: {error}") from error
    _of_folder.update(found)
    own_strategies.cache_clear()


@cache
def own_strategies() -> dict[str, tuple[type[Strategy], str]]:
    """Strategies that are not built in, by name, with where they come from.

    They are the classes that installed packages register under `btcore.strategies`, and those of the folder.
    One of a package that cannot be used is left out, and the log says why.
    """
    found: dict[str, tuple[type[Strategy], str]] = {}
    for point in entry_points(group="btcore.strategies"):
        try:
            kind = _load(point)
        except (Exception, SystemExit):  # a package may raise anything; the others are still there
            _log.exception("strategy %s of %s cannot be used", point.name, point.value)
            continue
        package = f"{point.dist.name} {point.dist.version}" if point.dist else ""
        found[point.name] = kind, package
    return found | _of_folder


def _load(point: EntryPoint) -> type[Strategy]:
    """The class of an entry point; ConfigError if a request cannot name it, or it is no strategy."""
    checked("name", point.name, StrategyName)
    if point.name in STRATEGIES:
        raise ConfigError(f"name: {point.name} is a built-in strategy")
    kind = point.load()
    if not (isinstance(kind, type) and issubclass(kind, Strategy)):
        raise ConfigError(f"{point.value} is not a subclass of bt.Strategy")
    _schema(_params_of(kind))  # raises for parameters that cannot be described
    return kind


def list_symbols(source: Catalog | SampleMarket, resolution: str | None) -> dict[str, Any]:
    """The symbols with data; ConfigError or DataError for a resolution that there cannot be."""
    if isinstance(source, Catalog):
        _datasets(source)
    return {"symbols": list(source.symbols(resolution)), "source": source.data_source}


def describe_symbol(source: Catalog | SampleMarket, symbol: str) -> dict[str, Any] | None:
    """The datasets of a symbol; None if there are none."""
    if not re.search(SYMBOL_PATTERN, symbol):
        return None
    if isinstance(source, SampleMarket):
        datasets: list[dict[str, Any]] = [
            {
                "resolution": resolution,
                "kind": kind,
                "first": "1990-01-01T14:30:00Z",
                "last": "2099-12-31T21:00:00Z",
                "rows": None,
                "timezone": None,
            }
            for resolution in _SAMPLE_ROWS_A_DAY
            for kind in (("quotes", "trades") if resolution == "tick" else ("bars",))
        ]
    else:
        datasets = [
            {
                "resolution": entry.resolution,
                "kind": entry.kind,
                "first": rfc3339(np.array([entry.first]))[0],
                "last": rfc3339(np.array([entry.last]))[0],
                "rows": entry.rows,
                "timezone": source.timezone(symbol, entry.resolution),
            }
            for entry in _datasets(source)
            if entry.symbol == symbol
        ]
    return {"symbol": symbol, "source": source.data_source, "datasets": datasets} if datasets else None


def rows_json(rows: Rows, start: int, stop: int) -> bytes:
    """Rows of a table as a JSON array."""
    return to_json(rows[start:stop])
