"""Map files of LEAN: the tickers that a security had, and which rows of a file are its own."""

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from btcore.data.columns import Mask
from btcore.errors import DataError

from .factors import Days
from .tables import day_number, open_text


class Span(NamedTuple):
    """The dates on which a security had a ticker, both included; days since 1970."""

    ticker: str
    first: int
    last: int


def read_spans(folder: Path, asset: str, market: str, ticker: str) -> list[Span] | None:
    """The tickers of the security whose map file has that name, in order of date; None without such a file.

    Each row says until when a ticker was in use, the first also since when. DataError for a file that is
    none, with its name and line.
    """
    file = folder / asset / market / "map_files" / f"{ticker.lower()}.csv"
    text = open_text(file)
    if text is None:
        return None
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split(",")
        if line.strip():
            if len(cells) < 2 or not cells[1].strip():
                raise DataError(f"map_files/{file.name} line {number}: {line!r} is not date, ticker")
            rows.append((day_number(cells[0], f"map_files/{file.name} line {number}"), cells[1].upper()))
    if not rows or any(after[0] < before[0] for before, after in pairwise(rows)):
        raise DataError(f"map_files/{file.name}: the dates must ascend, and there must be one")
    spans: list[Span] = []
    first = rows[0][0]
    for until, name in rows:
        if spans and spans[-1].ticker == name:
            spans[-1] = spans[-1]._replace(last=until)
        else:
            spans.append(Span(name, first, until))
        first = until + 1
    return spans


def own_rows(spans: list[Span], ticker: str, days: Days) -> Mask:
    """Which rows of the files of a ticker, with these local dates, are of the security."""
    own = np.zeros(len(days), bool)
    for span in spans:
        if span.ticker == ticker:
            own |= (days >= span.first) & (days <= span.last)
    return own


def earlier_names(spans: list[Span]) -> tuple[tuple[str, str], ...]:
    """(last date, ticker) of each ticker before the last."""
    return tuple((str(np.datetime64(span.last, "D")), span.ticker) for span in spans[:-1])
