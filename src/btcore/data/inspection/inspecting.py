"""inspect: data -> Inspection."""

from collections.abc import Mapping, Sequence
from typing import Any

from btcore.config import Instrument, TradingHours
from btcore.errors import ConfigError, near_name

from .report import Inspection


def inspect(
    data: Any,
    *,
    symbol: str | None = None,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    calendar: str | TradingHours | None = None,
    instruments: Mapping[str, Instrument] | None = None,
    timezone: str | None = None,
    **reader_options: Any,
) -> Inspection:
    """What may be wrong in data, and facts about them; docs/data.md lists all findings.

    data: a container, a table, the path of a file, a mapping of symbols to these, a Catalog or the path of
        its folder, or another Source.
    symbol: the name of data without one; of a file or table of several symbols, the one to inspect.
    symbols, resolution: the datasets of a Catalog; None for all.
    calendar: the exchange, such as "XNYS", or the trading hours whose sessions the rows are compared with.
        Those of an instrument go before it. Without any, gaps are compared with each other.
    instruments: symbols to the Instrument that replaces that of the catalog: tick, splits, sessions.
    timezone: the local clock of dates; None for that of the data. Files and tables are read in it.
    reader_options: those of the reader of a file or table, and `kind`.

    A file or table that its reader refuses is a finding. It is then read with `sort=True`, `missing="drop"`,
    `duplicates="first"` and `crossed="keep"`, to show what else there is. FileNotFoundError if there is no
    file, ConfigError for arguments that do not apply, TypeError for an unknown option.
    """
    from .checks import check_calendar, check_dataset  # not at the top: few programs inspect
    from .opening import Choice, open_datasets

    if calendar is not None:
        check_calendar(calendar)
    choice = Choice(symbol, symbols, resolution, instruments or {}, timezone, reader_options)
    found = Inspection(check_dataset(each, calendar) for each in open_datasets(data, choice))
    known = {each.symbol for each in found.datasets}
    for name in choice.instruments:
        if name not in known:
            meant = near_name(name, known)
            raise ConfigError(
                f"instruments: {name!r} is not among the symbols {', '.join(sorted(known))}{meant}"
            )
    return found
