"""The instruments that a source defines, with dated values whose times do not depend on a run's zone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from btcore.config import Instrument
from btcore.times.clock import moment_text

from .source import DefinitionSource, Source
from .timestamps import moment_ns

DATED = ("borrow_rate", "funding", "splits", "dividends")  # fields with (time, value) pairs


def instruments_of(source: Source, zones: Mapping[str, str | None]) -> dict[str, Instrument]:
    """The instrument of each symbol that the source defines, without the ones that are the default.

    Dates without an offset are those of the symbol's zone in `zones`. A split of New York's 31 August takes
    place at New York's midnight in a run of any zone, as it does in the prices.
    """
    if not isinstance(source, DefinitionSource):
        return {}
    defined = {symbol: source.definition(symbol) for symbol in zones}
    return {
        symbol: with_fixed_times(definition.instrument, definition.timezone or zones[symbol], symbol)
        for symbol, definition in defined.items()
        if definition is not None and definition.instrument != Instrument()
    }


def with_fixed_times(instrument: Instrument, timezone: str | None, symbol: str) -> Instrument:
    """The instrument with UTC times in place of those without an offset, which are local in `timezone`.

    It is returned as it is if the zone is None: the zone of the run is used then.
    """
    if timezone is None:
        return instrument

    def fixed(values: Any, name: str) -> Any:
        if not isinstance(values, list | tuple):
            return values
        where = f"instruments[{symbol!r}].{name}"
        return [
            (_fixed(moment, timezone, f"{where}[{i}]"), value) for i, (moment, value) in enumerate(values)
        ]

    return replace(instrument, **{name: fixed(getattr(instrument, name), name) for name in DATED})


def _fixed(moment: Any, timezone: str, where: str) -> Any:
    if not isinstance(moment, str):
        return moment
    ns = moment_ns(moment, timezone, where)
    return moment if datetime.fromisoformat(moment).tzinfo else moment_text(ns)
