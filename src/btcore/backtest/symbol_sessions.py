"""The sessions of each symbol of a run: those of its instrument, else those of the run.

Without a calendar these are the local days in which the symbol has data: a weekend without bars is none.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.config import Instrument
from btcore.data.markets import SymbolStreams
from btcore.errors import ConfigError
from btcore.times.hours import check_sessions, sessions_of
from btcore.times.sessions import Sessions
from btcore.times.zones import Times

from .inputs import execution_source


class SessionTable(NamedTuple):
    """The sessions of all symbols, ns UTC: those of symbol s are the rows `rows[s, 0]` to `rows[s, 1]`."""

    opens: Times
    closes: Times
    rows: NDArray[np.int64]


def own_sessions(
    symbols: Sequence[str], instruments: Sequence[Instrument], first: int, last: int
) -> list[Sessions | None]:
    """The sessions of each instrument from `first` to `last`, None if it names none.

    ConfigError, which names the symbol, if the sessions are unknown or do not cover these times.
    """
    found: list[Sessions | None] = []
    for symbol, instrument in zip(symbols, instruments, strict=True):
        given = instrument.sessions
        with _errors_of(symbol):
            found.append(None if given is None else sessions_of(given, first, last))
    return found


def check_own_sessions(symbol: str, instrument: Instrument) -> None:
    """ConfigError, which names the symbol, for sessions of an unknown exchange; no times are needed."""
    if instrument.sessions is not None:
        with _errors_of(symbol):
            check_sessions(instrument.sessions)


@contextmanager
def _errors_of(symbol: str) -> Iterator[None]:
    """Errors begin with the instrument of the symbol."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"instruments[{symbol!r}].{error}") from error


def days_with_data(days: Sessions, streams: SymbolStreams) -> list[Sessions | None]:
    """By symbol: the local days in which a row begins that its orders meet; None if these are all days."""
    found: list[Sessions | None] = []
    for _, containers in streams:
        limits = np.searchsorted(
            execution_source(containers).timestamp, np.append(days.opens, days.closes[-1])
        )
        has_data = np.diff(limits) > 0
        full = bool(has_data.all())
        found.append(None if full else Sessions(days.opens[has_data], days.closes[has_data], days.name))
    return found


def session_table(own: Sequence[Sessions | None], run: Sessions) -> SessionTable:
    """The table of symbols, of which those with None have the sessions of the run."""
    parts = [run, *(each for each in own if each is not None)]
    ends = np.cumsum([len(part.opens) for part in parts])
    rows, used = [], 0
    for each in own:
        used += each is not None
        part = 0 if each is None else used
        rows.append((ends[part] - len(parts[part].opens), ends[part]))
    return SessionTable(
        np.concatenate([part.opens for part in parts]),
        np.concatenate([part.closes for part in parts]),
        np.array(rows, np.int64),
    )
