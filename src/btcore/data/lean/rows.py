"""Rows of LEAN CSV files -> columns; invalid rows are dropped and counted by reason."""

from collections import Counter
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.data.columns import Floats, Mask
from btcore.data.files.build import located
from btcore.data.tables.names import PRICES
from btcore.errors import DataError, reject_rows
from btcore.times.clock import to_ns
from btcore.times.intervals import DAY_NS
from btcore.times.zones import Times, localize, utc_offsets

from .folder import SCALES, LeanFile, file_timezone
from .tables import day_number

Columns = dict[str, NDArray[Any]]

_TIME_HINT = "correct the time in the file, or remove the row"
BAR_WIDTHS = {6: "trade", 11: "quote"}  # number of columns -> kind


class Rows:
    """The rows of one CSV, with methods that convert a column."""

    def __init__(self, file: LeanFile, member: str, text: bytes) -> None:
        import polars as pl

        self.place = f"{file.path.name}/{member}"
        try:
            table = pl.read_csv(text, has_header=False, infer_schema=False)
        except pl.exceptions.NoDataError:
            table = pl.DataFrame()
        except pl.exceptions.PolarsError as error:
            raise DataError(f"{self.place}: not a readable CSV: {error}") from error
        self._texts = table.get_columns()
        self.width = table.width
        self.count = table.height
        self.scale = SCALES[file.asset]
        self.resolution = file.resolution
        self._file = file

    def times(self) -> Times:
        """The first column as UTC nanoseconds; DataError names the first row that is not a time."""
        import polars as pl

        if self._file.day:
            midnight = to_ns(datetime.strptime(self._file.day, "%Y%m%d"))
            local = midnight + np.rint(self.numbers(0) * 1000).astype(np.int64) * 1000
        else:
            read = self._texts[0].str.to_datetime("%Y%m%d %H:%M", time_unit="ns", strict=False)
            self._reject(read.is_null().to_numpy(), 0, "a time YYYYMMDD HH:MM")
            local = read.cast(pl.Int64).to_numpy()
        timezone = file_timezone(self._file.asset, self._file.market)
        assert timezone is not None  # lean_files takes known markets only
        with located(self.place):
            return localize(local, timezone, hint=_TIME_HINT)

    def days(self) -> Times:
        """The date of each row on the clock of the file, days since 1970."""
        if self._file.day:
            return np.full(self.count, day_number(self._file.day, self.place))
        timezone = file_timezone(self._file.asset, self._file.market)
        assert timezone is not None
        times = self.times()
        local: Times = (times + utc_offsets(times, timezone)) // DAY_NS
        return local

    def numbers(self, column: int, scale: float = 1.0) -> NDArray[np.float64]:
        """A column divided by `scale`, NaN if empty; DataError names the first row that is not a number."""
        import polars as pl

        texts = self._texts[column]
        read = texts.cast(pl.Float64, strict=False)
        empty = texts.is_null() | (texts == "")
        self._reject((read.is_null() & ~empty.fill_null(True)).to_numpy(), column, "a number")
        values: NDArray[np.float64] = read.fill_null(np.nan).to_numpy() / scale
        return values

    def _reject(self, invalid: Mask, column: int, expected: str) -> None:
        texts = self._texts[column]
        with located(self.place):
            reject_rows(self.place, invalid, lambda row: f"{texts[row]!r} is not {expected}")


class RowFilter:
    """A mask of the rows that are kept; each dropped row is counted under the first reason that applies."""

    def __init__(self, count: int, dropped: Counter[str], own: Mask | None = None) -> None:
        self.kept = np.ones(count, bool)
        self._dropped = dropped
        if own is not None:
            self.drop("other_company", ~own)

    def drop(self, reason: str, invalid: Mask) -> None:
        """Drops the invalid rows that are still kept."""
        fresh = self.kept & invalid
        if fresh.any():
            self._dropped[reason] += int(fresh.sum())
            self.kept &= ~invalid

    def drop_disorder(self, times: Times, strict: bool) -> None:
        """Drops rows earlier than one before them and, if `strict`, those at the same time."""
        rows = np.flatnonzero(self.kept)
        left = times[rows]
        if len(left) < 2:
            return
        latest = np.maximum.accumulate(left)[:-1]
        for reason, invalid in (
            ("out_of_order", left[1:] < latest),
            ("duplicate", strict & (left[1:] == latest)),
        ):
            marked = np.zeros(len(self.kept), bool)
            marked[rows[1:][invalid]] = True
            self.drop(reason, marked)


def bars_of(rows: Rows, quotes: str | None, dropped: Counter[str], own: Mask | None = None) -> Columns:
    """Open, high, low, close and volume of a trade file (`quotes` None), or the prices of a quote file.

    Of quotes the columns are mid prices ("mid"), or bid_open to ask_close ("bid_ask"); a mid price is kept
    even if bid and ask cross. Dropped: `other_company` (rows that are not `own`), `one_sided` quote bars,
    `bad_price` (missing or not positive), `inconsistent` (high below low, open or close outside),
    `bad_volume`, `out_of_order` and `duplicate` times (the first is kept).
    """
    need = 11 if quotes else 6
    if rows.width != need and rows.count:
        raise DataError(f"{rows.place}: {rows.width} columns; {need} are needed")
    prefixes = ("bid_", "ask_") if quotes == "bid_ask" else ("",)
    if rows.count == 0:
        columns: Columns = {"timestamp": np.zeros(0, np.int64)}
        columns |= {prefix + name: np.zeros(0) for prefix in prefixes for name in PRICES}
        return columns if quotes else columns | {"volume": np.zeros(0)}
    row_filter = RowFilter(rows.count, dropped, own)
    columns = {"timestamp": rows.times()}
    if quotes:
        bid = [rows.numbers(1 + i, rows.scale) for i in range(4)]
        ask = [rows.numbers(6 + i, rows.scale) for i in range(4)]
        has_bid = np.logical_and.reduce([side > 0 for side in bid])
        has_ask = np.logical_and.reduce([side > 0 for side in ask])
        row_filter.drop("one_sided", has_bid != has_ask)
        sides = [bid, ask] if quotes == "bid_ask" else [[(b + a) / 2 for b, a in zip(bid, ask, strict=True)]]
    else:
        sides = [[rows.numbers(1 + i, rows.scale) for i in range(4)]]
    for prefix, side in zip(prefixes, sides, strict=True):
        columns |= {prefix + name: price for name, price in zip(PRICES, side, strict=True)}
    invalid = [~((price > 0) & (price < np.inf)) for side in sides for price in side]
    row_filter.drop("bad_price", np.logical_or.reduce(invalid))
    row_filter.drop("inconsistent", np.logical_or.reduce([_is_inconsistent(*side) for side in sides]))
    if not quotes:
        columns["volume"] = rows.numbers(5)
        row_filter.drop("bad_volume", ~((columns["volume"] >= 0) & (columns["volume"] < np.inf)))
    row_filter.drop_disorder(columns["timestamp"], strict=True)
    return {name: column[row_filter.kept] for name, column in columns.items()}


def _is_inconsistent(opened: Floats, high: Floats, low: Floats, closed: Floats) -> Mask:
    """Whether high is below low, or open or close outside of them, for each bar."""
    return (high < low) | (np.maximum(opened, closed) > high) | (np.minimum(opened, closed) < low)


def trades_of(rows: Rows, dropped: Counter[str], own: Mask | None = None) -> Columns:
    """Price and size of trades.

    Dropped: `other_company` (rows that are not `own`), `suspicious`, `bad_price`, `zero_size` and
    `out_of_order`.
    """
    if rows.count == 0:
        return {"timestamp": np.zeros(0, np.int64), "price": np.zeros(0), "size": np.zeros(0)}
    if rows.width < 3:
        raise DataError(f"{rows.place}: {rows.width} columns; at least 3 are needed: time, price, size")
    row_filter = RowFilter(rows.count, dropped, own)
    columns: Columns = {
        "timestamp": rows.times(),
        "price": rows.numbers(1, rows.scale),
        "size": rows.numbers(2),
    }
    if rows.width >= 6:
        row_filter.drop("suspicious", rows.numbers(5) != 0)
    row_filter.drop("bad_price", ~((columns["price"] > 0) & (columns["price"] < np.inf)))
    row_filter.drop("zero_size", ~((columns["size"] > 0) & (columns["size"] < np.inf)))
    row_filter.drop_disorder(columns["timestamp"], strict=False)
    return {name: column[row_filter.kept] for name, column in columns.items()}


def quotes_of(rows: Rows, dropped: Counter[str], own: Mask | None = None) -> Columns:
    """Bid and ask, with sizes if the file has them.

    Three columns are time, bid, ask; quotes whose bid is above the ask are kept. Eight columns have one or
    both sides of the consolidated best quote and the exchange; a side with price 0 is unchanged, and a day
    begins without either side. Dropped: `other_company` (rows that are not `own`), `suspicious`, `bad_price`,
    `out_of_order`; then, with both sides carried forward, `one_sided`, `crossed` (the side that follows has
    not been written yet) and `unchanged`.
    """
    if rows.count == 0:
        return {"timestamp": np.zeros(0, np.int64), "bid": np.zeros(0), "ask": np.zeros(0)}
    if rows.width not in (3, 8):
        raise DataError(f"{rows.place}: {rows.width} columns; 3 or 8 are needed")
    row_filter = RowFilter(rows.count, dropped, own)
    columns: Columns = {"timestamp": rows.times()}
    if rows.width == 3:
        columns |= {"bid": rows.numbers(1, rows.scale), "ask": rows.numbers(2, rows.scale)}
        row_filter.drop("bad_price", ~((columns["bid"] > 0) & (columns["ask"] > 0)))
        row_filter.drop_disorder(columns["timestamp"], strict=False)
        return {name: column[row_filter.kept] for name, column in columns.items()}
    bid, ask = rows.numbers(1, rows.scale), rows.numbers(3, rows.scale)
    row_filter.drop("suspicious", rows.numbers(7) != 0)
    row_filter.drop("bad_price", ~((bid > 0) | (ask > 0)))
    row_filter.drop_disorder(columns["timestamp"], strict=False)
    columns["bid"], columns["bid_size"] = _carry_forward(bid, rows.numbers(2), row_filter.kept)
    columns["ask"], columns["ask_size"] = _carry_forward(ask, rows.numbers(4), row_filter.kept)
    row_filter.drop("one_sided", (columns["bid"] == 0) | (columns["ask"] == 0))
    row_filter.drop("crossed", columns["bid"] > columns["ask"])
    left = np.flatnonzero(row_filter.kept)
    same = np.zeros(rows.count, bool)
    changes = [columns[name][left] for name in ("bid", "ask", "bid_size", "ask_size")]
    same[left[1:]] = np.logical_and.reduce([column[1:] == column[:-1] for column in changes])
    row_filter.drop("unchanged", same)
    return {
        name: columns[name][row_filter.kept] for name in ("timestamp", "bid", "ask", "bid_size", "ask_size")
    }


def _carry_forward(price: NDArray[Any], size: NDArray[Any], kept: Mask) -> tuple[NDArray[Any], NDArray[Any]]:
    """The latest price and size at each row, 0 before the first; a missing size is 0."""
    updates = np.where(kept & (price > 0), np.arange(len(price)), -1)
    last = np.maximum.accumulate(updates)
    known = last >= 0
    return np.where(known, price[last], 0.0), np.where(known, np.nan_to_num(size[last]), 0.0)
