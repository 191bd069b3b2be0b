"""Rows of LEAN's CSV files -> columns; what cannot be true is left out and counted by reason."""

from collections import Counter
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, RowError
from btcore.times.clock import to_ns
from btcore.times.zones import Times, localize

from .folder import SCALES, LeanFile, clock

Columns = dict[str, NDArray[Any]]
Mask = NDArray[np.bool_]

BAR_WIDTHS = {6: "trade", 11: "quote"}


class Rows:
    """The rows of one CSV: UTC times, number columns (NaN where empty), text columns."""

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
        self._file = file

    def times(self) -> Times:
        """The first column as UTC nanoseconds; DataError names the row that is no time."""
        import polars as pl

        if self._file.day:
            midnight = to_ns(datetime.strptime(self._file.day, "%Y%m%d"))
            local = midnight + np.rint(self.numbers(0) * 1000).astype(np.int64) * 1000
        else:
            read = self._texts[0].str.to_datetime("%Y%m%d %H:%M", time_unit="ns", strict=False)
            self._refuse(read.is_null().to_numpy(), 0, "a time YYYYMMDD HH:MM")
            local = read.cast(pl.Int64).to_numpy()
        named = clock(self._file.asset, self._file.market)
        assert named is not None
        try:
            return localize(local, named, self.place)
        except RowError as error:
            raise DataError(error.located(f"{self.place} row {error.row + 1}")) from error

    def numbers(self, column: int, scale: float = 1.0) -> NDArray[np.float64]:
        """A column divided by `scale`, NaN where it is empty; DataError names the row that is no number."""
        import polars as pl

        texts = self._texts[column]
        read = texts.cast(pl.Float64, strict=False)
        empty = texts.is_null() | (texts == "")
        self._refuse((read.is_null() & ~empty.fill_null(True)).to_numpy(), column, "a number")
        values: NDArray[np.float64] = read.fill_null(np.nan).to_numpy() / scale
        return values

    def _refuse(self, wrong: Mask, column: int, wanted: str) -> None:
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(f"{self.place} row {row + 1}: {self._texts[column][row]!r} is not {wanted}")


class Sieve:
    """Which rows are left, and why the others are not: each counted under the first reason it meets."""

    def __init__(self, count: int, dropped: Counter[str]) -> None:
        self.kept = np.ones(count, bool)
        self._dropped = dropped

    def drop(self, reason: str, wrong: Mask) -> None:
        """Leaves out the rows that are wrong."""
        hit = self.kept & wrong
        if hit.any():
            self._dropped[reason] += int(hit.sum())
            self.kept &= ~wrong

    def drop_disorder(self, times: Times, strict: bool) -> None:
        """Leaves out rows earlier than one before them, and if `strict` those at the same time."""
        rows = np.flatnonzero(self.kept)
        left = times[rows]
        if len(left) < 2:
            return
        latest = np.maximum.accumulate(left)[:-1]
        for reason, wrong in (
            ("out_of_order", left[1:] < latest),
            ("duplicate", strict & (left[1:] == latest)),
        ):
            marked = np.zeros(len(self.kept), bool)
            marked[rows[1:][wrong]] = True
            self.drop(reason, marked)


def bars_of(rows: Rows, quotes: bool, dropped: Counter[str]) -> Columns:
    """OHLC and volume of a trade file; of a quote file the mids, volume 0.

    Left out: `one_sided` quote bars, `bad_price` (missing or not positive), `inconsistent` (high below
    low, open or close outside), `bad_volume`; and `out_of_order` or `duplicate` times, of which the first
    is kept. A mid is kept where bid and ask cross.
    """
    need = 11 if quotes else 6
    if rows.width != need and rows.count:
        raise DataError(f"{rows.place}: {need} columns are needed, it has {rows.width}")
    times = rows.times() if rows.count else np.zeros(0, np.int64)
    sieve = Sieve(rows.count, dropped)
    names = ("open", "high", "low", "close")
    columns: Columns = {"timestamp": times}
    if rows.count == 0:
        return columns | {name: np.zeros(0) for name in (*names, "volume")}
    if quotes:
        bid = [rows.numbers(1 + i, rows.scale) for i in range(4)]
        ask = [rows.numbers(6 + i, rows.scale) for i in range(4)]
        has_bid = np.logical_and.reduce([side > 0 for side in bid])
        has_ask = np.logical_and.reduce([side > 0 for side in ask])
        sieve.drop("one_sided", has_bid != has_ask)
        columns |= {name: (b + a) / 2 for name, b, a in zip(names, bid, ask, strict=True)}
        columns["volume"] = np.zeros(rows.count)
    else:
        columns |= {name: rows.numbers(1 + i, rows.scale) for i, name in enumerate(names)}
        columns["volume"] = rows.numbers(5)
    prices = [columns[name] for name in names]
    sieve.drop("bad_price", ~np.logical_and.reduce([(price > 0) & (price < np.inf) for price in prices]))
    opened, high, low, closed = prices
    body_top, body_bottom = np.maximum(opened, closed), np.minimum(opened, closed)
    sieve.drop("inconsistent", (high < low) | (body_top > high) | (body_bottom < low))
    sieve.drop("bad_volume", ~((columns["volume"] >= 0) & (columns["volume"] < np.inf)))
    sieve.drop_disorder(times, strict=True)
    return {name: column[sieve.kept] for name, column in columns.items()}


def trades_of(rows: Rows, dropped: Counter[str]) -> Columns:
    """Price and size of prints. Left out: `suspicious`, `bad_price`, `zero_size`, `out_of_order`."""
    if rows.count == 0:
        return {"timestamp": np.zeros(0, np.int64), "price": np.zeros(0), "size": np.zeros(0)}
    if rows.width < 3:
        raise DataError(f"{rows.place}: a time, a price and a size are needed, it has {rows.width} columns")
    sieve = Sieve(rows.count, dropped)
    columns: Columns = {
        "timestamp": rows.times(),
        "price": rows.numbers(1, rows.scale),
        "size": rows.numbers(2),
    }
    if rows.width >= 6:
        sieve.drop("suspicious", rows.numbers(5) != 0)
    sieve.drop("bad_price", ~((columns["price"] > 0) & (columns["price"] < np.inf)))
    sieve.drop("zero_size", ~((columns["size"] > 0) & (columns["size"] < np.inf)))
    sieve.drop_disorder(columns["timestamp"], strict=False)
    return {name: column[sieve.kept] for name, column in columns.items()}


def quotes_of(rows: Rows, dropped: Counter[str]) -> Columns:
    """Bid and ask, with sizes where the file has them.

    Three columns are time, bid, ask. Eight are one side of the consolidated best, or both, and the
    exchange that set it; the other side (price 0) stands as it was. A day begins with neither side. Left
    out: `suspicious`, `bad_price`, `out_of_order`; then what only one side is known of (`one_sided`),
    `crossed` ones, and those that leave all as it was (`unchanged`).
    """
    if rows.count == 0:
        return {"timestamp": np.zeros(0, np.int64), "bid": np.zeros(0), "ask": np.zeros(0)}
    if rows.width not in (3, 8):
        raise DataError(f"{rows.place}: 3 or 8 columns are needed, it has {rows.width}")
    sieve = Sieve(rows.count, dropped)
    columns: Columns = {"timestamp": rows.times()}
    if rows.width == 3:
        columns |= {"bid": rows.numbers(1, rows.scale), "ask": rows.numbers(2, rows.scale)}
        sieve.drop("bad_price", ~((columns["bid"] > 0) & (columns["ask"] > 0)))
        sieve.drop_disorder(columns["timestamp"], strict=False)
        sieve.drop("crossed", columns["bid"] > columns["ask"])
        return {name: column[sieve.kept] for name, column in columns.items()}
    bid, ask = rows.numbers(1, rows.scale), rows.numbers(3, rows.scale)
    sieve.drop("suspicious", rows.numbers(7) != 0)
    sieve.drop("bad_price", ~((bid > 0) | (ask > 0)))
    sieve.drop_disorder(columns["timestamp"], strict=False)
    columns["bid"], columns["bid_size"] = _standing(bid, rows.numbers(2), sieve.kept)
    columns["ask"], columns["ask_size"] = _standing(ask, rows.numbers(4), sieve.kept)
    sieve.drop("one_sided", (columns["bid"] == 0) | (columns["ask"] == 0))
    sieve.drop("crossed", columns["bid"] > columns["ask"])
    left = np.flatnonzero(sieve.kept)
    same = np.zeros(rows.count, bool)
    changes = [columns[name][left] for name in ("bid", "ask", "bid_size", "ask_size")]
    same[left[1:]] = np.logical_and.reduce([column[1:] == column[:-1] for column in changes])
    sieve.drop("unchanged", same)
    return {name: columns[name][sieve.kept] for name in ("timestamp", "bid", "ask", "bid_size", "ask_size")}


def _standing(price: NDArray[Any], size: NDArray[Any], kept: Mask) -> tuple[NDArray[Any], NDArray[Any]]:
    """The price and size last told at each row, 0 before the first; a size that is missing is 0."""
    told = np.where(kept & (price > 0), np.arange(len(price)), -1)
    last = np.maximum.accumulate(told)
    known = last >= 0
    return np.where(known, price[last], 0.0), np.where(known, np.nan_to_num(size[last]), 0.0)
