"""What a LEAN folder says of one security: factors, tickers, trading hours, terms of the instrument."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from btcore.config import Instrument
from btcore.data.columns import Mask
from btcore.times.hours import sessions_of
from btcore.times.intervals import DAY_NS
from btcore.times.zones import Times, utc_offsets

from .factors import Factors, NextDay, read_factors
from .folder import file_timezone
from .market_hours import FILE as HOURS_FILE
from .market_hours import HoursDatabase, MarketHours
from .names import Span, earlier_names, own_rows, read_spans
from .properties import FILE as PROPERTIES_FILE
from .properties import Properties, PropertiesDatabase

Adjust = Literal["raw", "splits", "total"]


class Databases(NamedTuple):
    """The databases of a folder, None where it has none."""

    folder: Path
    hours: HoursDatabase | None
    properties: PropertiesDatabase | None

    @classmethod
    def read(cls, folder: Path) -> "Databases":
        """DataError for a database that cannot be read."""
        return cls(folder, HoursDatabase.read(folder), PropertiesDatabase.read(folder))

    def security(self, asset: str, market: str, symbol: str, adjust: Adjust) -> "Security":
        """What is known of a symbol; DataError, which names the file, for a file that is wrong."""
        return Security(
            asset,
            market,
            symbol,
            adjust,
            read_factors(self.folder, asset, market, symbol),
            read_spans(self.folder, asset, market, symbol),
            None if self.hours is None else self.hours.find(asset, market, symbol),
            None if self.properties is None else self.properties.find(asset, market, symbol),
        )


class Security(NamedTuple):
    """One security, and how its prices are adjusted."""

    asset: str
    market: str
    symbol: str
    adjust: Adjust
    factors: Factors | None
    spans: list[Span] | None
    hours: MarketHours | None
    properties: Properties | None

    @property
    def timezone(self) -> str | None:
        """The zone of the exchange, or that of the files."""
        return file_timezone(self.asset, self.market) if self.hours is None else self.hours.timezone

    @property
    def next_day(self) -> NextDay:
        """Finds days of trading."""
        sessions = None if self.hours is None else self.hours.sessions
        return NextDay(frozenset(() if sessions is None else sessions.holidays))

    @property
    def tickers(self) -> list[str]:
        """Its ticker, and those that it had before."""
        return list(dict.fromkeys([self.symbol, *(span.ticker for span in self.spans or ())]))

    def own(self, ticker: str, days_of_rows: Callable[[], Times]) -> Mask | None:
        """Which rows of a file of a ticker are of this security; None if all are."""
        if self.spans is not None:
            own = own_rows(self.spans, ticker, days_of_rows())
        elif self.factors is not None:
            own = days_of_rows() >= self.factors.first
        else:
            return None
        return None if own.all() else own

    def adjusted(self, columns: dict[str, Any]) -> dict[str, Any]:
        """The columns with prices and sizes as `adjust` says."""
        if self.adjust == "raw" or self.factors is None or not len(columns["timestamp"]):
            return columns
        zone = file_timezone(self.asset, self.market) or "UTC"
        days = (columns["timestamp"] + utc_offsets(columns["timestamp"], zone)) // DAY_NS
        return self.factors.adjusted(columns, days, dividends=self.adjust == "total")

    def in_sessions(self, times: Times, interval: int) -> Mask:
        """Which rows lie in a session, or overlap one if they last `interval` ns."""
        if self.hours is None or self.hours.sessions is None or not len(times):
            return np.ones(len(times), bool)
        first, last = int(times[0]) - DAY_NS, int(times[-1]) + interval
        sessions = sessions_of(self.hours.sessions, first, last)
        begun = np.searchsorted(sessions.opens, times + max(interval - 1, 0), "right") - 1
        found: Mask = times < sessions.closes[begun]
        return found

    def instrument(self) -> Instrument:
        """Its terms: those that are not in the prices."""
        terms: dict[str, Any] = {}
        if self.properties is not None:
            terms = {
                "tick_size": 0.0 if self._is_adjusted else self.properties.tick_size,
                "lot_size": self.properties.lot_size,
                "multiplier": self.properties.multiplier,
                "currency": self.properties.currency,
            }
        if self.hours is not None:
            terms["sessions"] = self.hours.sessions
        return Instrument(**terms, splits=[*self.splits], dividends=[*self.dividends])

    @property
    def _is_adjusted(self) -> bool:
        """Whether prices are not those that were traded."""
        return self.adjust != "raw" and self.factors is not None

    @property
    def splits(self) -> list[tuple[str, float]]:
        """(ex-date, new shares for one) of those that are not in the prices."""
        return [] if self.factors is None or self.adjust != "raw" else self.factors.splits(self.next_day)

    @property
    def dividends(self) -> list[tuple[str, float]]:
        """(ex-date, money per share) of those that are not in the prices."""
        if self.factors is None or self.adjust == "total":
            return []
        return self.factors.dividends(self.next_day, split_adjusted=self.adjust == "splits")

    @property
    def names(self) -> tuple[tuple[str, str], ...]:
        """(last date, ticker) of the tickers that it had before."""
        return earlier_names(self.spans) if self.spans else ()

    def notes(self) -> tuple[str, ...]:
        """Lines for the notes of its data: which prices they are, and what is unknown."""
        lines = [self._price_note()] if self.asset == "equity" else []
        if self.hours is None:
            lines.append(f"sessions: unknown, as {HOURS_FILE} has no entry or is missing")
        if self.properties is None:
            lines.append(f"tick and lot: unknown, as {PROPERTIES_FILE} has no row or is missing")
        elif self.properties.magnifier != 1:
            lines.append(f"price magnifier: {self.properties.magnifier:g}, which is not used")
        return tuple(lines)

    def _price_note(self) -> str:
        if self.factors is None:
            return "prices: as in the file; there is no factor file, so splits and dividends are unknown"
        kept = [*_counted("split", self.splits), *_counted("dividend", self.dividends)]
        where = (
            f"; {' and '.join(kept)} in the definition of the catalog, which a run over the catalog applies, "
            "and one over these data alone does not"
            if kept
            else ""
        )
        if self.adjust == "raw":
            return f"prices: raw{where}"
        if self.adjust == "splits":
            return f"prices: adjusted for splits{where}; they are on no tick"
        return "prices: adjusted for splits and dividends; they are on no tick"

    def described(self) -> str:
        """What the definition holds, in a few words."""
        parts = [f"adjust {self.adjust}"] if self.factors is not None else []
        parts += [*_counted("split", self.splits), *_counted("dividend", self.dividends)]
        parts += [f"names {', '.join(name for _, name in self.names)}"] if self.names else []
        parts += ["sessions"] if self.hours is not None and self.hours.sessions is not None else []
        return ", ".join(parts)


def _counted(word: str, items: list[tuple[str, float]]) -> list[str]:
    """ "2 splits" in a list; an empty one if there are none."""
    return [f"{len(items)} {word}{'s' if len(items) > 1 else ''}"] if items else []
