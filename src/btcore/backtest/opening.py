"""Opens the data of a run, and takes zone and instruments from their source where the caller gives none."""

from collections.abc import Mapping, Sequence
from typing import Any

from btcore.config import Instrument
from btcore.data.data_timezone import listed
from btcore.data.run_data import RunData
from btcore.data.run_source import OpenedData, open_run

from .benchmark import open_benchmark
from .prepare import PreparedRun, prepare

OPENING = ("timezone", "start", "end")  # settings of a run that opening its data needs too
SHOWN = 10  # symbols in a line of the log


def prepare_run(
    data: RunData,
    *,
    symbol: str | None = None,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    **settings: Any,
) -> PreparedRun:
    """The prepared run over the data; `settings` are the other arguments of `prepare`, each may be None."""
    opened = open_data_of_run(data, settings, symbol=symbol, symbols=symbols, resolution=resolution)
    return prepare_opened(opened, data, settings, resolution)


def prepare_opened(
    opened: OpenedData, data: RunData, settings: Mapping[str, Any], resolution: str | None = None
) -> PreparedRun:
    """`prepare_run` over data that are open already; `data` and `resolution` are as they were given."""
    others = {name: value for name, value in settings.items() if name != "benchmark"}
    benchmark = settings.get("benchmark")
    prepared = prepare(opened.data, **completed(opened, others))
    return prepared._replace(
        timezone_from=opened.zone.origin,
        benchmark=None if benchmark is None else open_benchmark(benchmark, data, opened, others, resolution),
        source_lines=(*opened.zone.lines, *instrument_lines(opened.instruments, others.get("instruments"))),
    )


def open_data_of_run(data: RunData, settings: Mapping[str, Any], **selection: Any) -> OpenedData:
    """The data of a run with these settings; `selection` is `symbol`, `symbols` and `resolution`."""
    period = {name: settings.get(name) for name in OPENING}
    if settings.get("warm_up"):
        period["start"] = None  # rows before it are read too
    return open_run(data, **selection, **period)


def completed(opened: OpenedData, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with zone, instruments and name of the source in place of what is not given."""
    found = {
        "timezone": opened.zone.timezone,
        "instruments": _instruments(opened.instruments, settings.get("instruments")),
        "data_source": settings.get("data_source") or opened.data_source or "memory",
    }
    return {**settings, **found}


def _instruments(defined: Mapping[str, Instrument], given: Any) -> Any:
    """The instruments of the source with those given in their place; another type is refused later."""
    if given is None:
        return defined or None
    return {**defined, **given} if isinstance(given, Mapping) else given


def instrument_lines(defined: Mapping[str, Instrument], given: Any) -> list[str]:
    """Lines of the log: which instruments are those of the source, and which of them are replaced."""
    given = given if isinstance(given, Mapping) else {}
    used = [symbol for symbol in defined if symbol not in given]
    replaced = [symbol for symbol in defined if symbol in given and given[symbol] != defined[symbol]]
    lines = [f"instruments: those of the data source for {listed(used, SHOWN)}"] if used else []
    if replaced:
        lines.append(
            f"instruments: those given for {listed(replaced, SHOWN)} replace those of the data source whole"
        )
    return lines
