"""Container: the base class of Bars, Quotes and Trades."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from btcore.feed.blocks import block_extremes
from btcore.pictures import curve_picture, shown, span_text
from btcore.times.zones import Times

from . import conversions
from .columns import Floats
from .tables.frames import from_frame
from .tables.options import Column, FrameOptions, TableSettings

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

Index = tuple[Floats, int]


class Container:
    """Named read-only columns of equal length. `timestamp` is int64 ns UTC in ascending order.

    `negative_prices` is true if prices may be zero or negative; otherwise they are positive. `notes` are
    lines that say what was found, assumed or changed when the data were read. `timezone` is the IANA name of
    the local clock that the times were written in, None if it is unknown; the times themselves are UTC. Both
    are no part of a comparison or a hash.
    """

    __slots__ = (
        "__weakref__",
        "_columns",
        "_hash",
        "_index",
        "_months",
        "negative_prices",
        "notes",
        "timezone",
    )
    kind: ClassVar[str]
    _drawn: ClassVar[tuple[str, ...]]  # the columns whose mean a notebook draws
    negative_prices: bool
    notes: tuple[str, ...]
    timezone: str | None
    _columns: dict[str, NDArray[Any]]
    _hash: str | None
    _index: Index | None
    _months: int  # of bars of calendar months, which have no interval; else 0

    def _fill(
        self,
        columns: dict[str, NDArray[Any]],
        content_hash: str | None,
        index: Index | None = None,
        notes: tuple[str, ...] = (),
        *,
        timezone: str | None = None,
        months: int = 0,
        negative_prices: bool = False,
        **more: Any,
    ) -> None:
        """Sets every attribute, once; `__setattr__` refuses later changes."""
        values: dict[str, Any] = {"_columns": columns, "_hash": content_hash, "_index": index}
        values |= {"notes": tuple(notes), "timezone": timezone, "_months": months}
        values["negative_prices"] = bool(negative_prices)
        for name, value in (values | more).items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    @overload
    @classmethod
    def from_frame(
        cls,
        frame: Any,
        columns: Mapping[str, Column] | None = None,
        timezone: str | None = None,
        *,
        by: None = None,
        **options: Unpack[FrameOptions],
    ) -> Self: ...

    @overload
    @classmethod
    def from_frame(
        cls,
        frame: Any,
        columns: Mapping[str, Column] | None = None,
        timezone: str | None = None,
        *,
        by: Literal["symbol"],
        **options: Unpack[FrameOptions],
    ) -> dict[str, Self]: ...

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        columns: Mapping[str, Column] | None = None,
        timezone: str | None = None,
        *,
        by: Literal["symbol"] | None = None,
        **options: Unpack[FrameOptions],
    ) -> Self | dict[str, Self]:
        """A container from a pandas, polars or pyarrow table, a dict or a structured array.

        Columns are found by their usual names; `columns={"timestamp": "Date"}` names others. Times without an
        offset are local in `timezone`, UTC if None; the other options are those of `read_parquet`. With
        `by="symbol"` a dict of containers, one of each symbol. DataError for a missing column, or invalid
        data; it names the row, counted from 0. TypeError for an unknown option, ConfigError for an unknown
        time zone or calendar.
        """
        given = {"columns": columns, "timezone": timezone, "by": by, **options}
        found = from_frame(cls, cls.kind, frame, TableSettings.of("from_frame", given))
        return found if by is not None else next(iter(found.values()))

    @property
    def timestamp(self) -> Times:
        """int64 nanoseconds UTC."""
        return self._columns["timestamp"]

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns that are present, by name, in the order of the constructor."""
        return dict(self._columns)

    @property
    def resolution(self) -> str:
        """The name of the spacing of the rows, under which a catalog keeps them.

        "tick", "second", "minute", "hour", "day", another length such as "5min", "1w" or "1mo", or
        "irregular" for bars without a length.
        """
        return "tick"

    @property
    def content_hash(self) -> str:
        """SHA-256 (hexadecimal) of kind, interval, column names and bytes; computed once."""
        if self._hash is None:
            import hashlib  # not at the top: it loads OpenSSL, which few imports of the package need

            digest = hashlib.sha256(
                f"{self.kind}:{self._detail()}:{','.join(self._columns)}:{len(self)}".encode()
            )
            for column in self._columns.values():
                digest.update(column.data)
            object.__setattr__(self, "_hash", digest.hexdigest())
        assert self._hash is not None
        return self._hash

    @property
    def index(self) -> Index | None:
        """The extremes of blocks of rows, and the offset of this container's first row in them; None without.

        The extremes are float64, one column for each block of `btcore.feed.blocks.BLOCK_ROWS` rows: of quotes
        (4, blocks), lowest ask, highest ask, lowest bid, highest bid; of trades (2, blocks), lowest and
        highest price; of bars (2, blocks), lowest low and highest high. A run uses them to skip blocks that
        cannot fill or trigger an order.
        """
        return self._index

    def build_index(self) -> Index:
        """The index, built by one pass over the prices if there is none; later slices share it."""
        if self._index is None:
            object.__setattr__(self, "_index", (self.extremes(), 0))
        assert self._index is not None
        return self._index

    def extremes(self) -> Floats:
        """The extremes that `index` describes, of blocks from the first row on; computed on each call."""
        found = np.concatenate([block_extremes(low, high) for low, high in self._price_ranges()])
        found.flags.writeable = False
        return found

    def _price_ranges(self) -> list[tuple[Floats, Floats]]:
        """(lowest, highest) price of each row for buys, then for sells; one pair if they are the same."""
        raise NotImplementedError

    def row_range(self, start_ns: int | None, end_ns: int | None) -> tuple[int, int]:
        """The first row at or after `start_ns` and the first at or after `end_ns`; None is unbounded."""
        first = 0 if start_ns is None else int(np.searchsorted(self.timestamp, start_ns))
        last = len(self) if end_ns is None else int(np.searchsorted(self.timestamp, end_ns))
        return first, max(first, last)

    def slice(self, start_ns: int | None = None, end_ns: int | None = None) -> Self:
        """The rows with `start_ns <= timestamp < end_ns`, sharing memory; self if that is all of them."""
        first, last = self.row_range(start_ns, end_ns)
        if (first, last) == (0, len(self)):
            return self
        columns = {name: column[first:last] for name, column in self._columns.items()}
        index = None if self._index is None else (self._index[0], self._index[1] + first)
        return self._like(columns, index)

    def _like(self, columns: dict[str, NDArray[Any]], index: Index | None = None) -> Self:
        """A container of columns known to be valid, with the settings, zone and notes of this one."""
        return self._trusted(columns, self._settings(), None, index, self.notes)

    @classmethod
    def _trusted(
        cls,
        columns: dict[str, NDArray[Any]],
        meta: dict[str, Any] | None = None,
        content_hash: str | None = None,
        index: Index | None = None,
        notes: tuple[str, ...] = (),
    ) -> Self:
        """A container of columns known to be valid: nothing is checked or copied."""
        container = cls.__new__(cls)
        for column in columns.values():
            column.flags.writeable = False
        container._fill(columns, content_hash, index, notes, **(meta or {}))
        return container

    def with_notes(self, notes: tuple[str, ...]) -> Self:
        """The same columns with these notes after its own, each once; nothing is copied."""
        both = tuple(dict.fromkeys((*self.notes, *notes)))
        return self._trusted(dict(self._columns), self._settings(), self._hash, self._index, both)

    def _meta(self) -> dict[str, Any]:
        """The keyword arguments of the constructor that are not columns."""
        return {"negative_prices": self.negative_prices}

    def _settings(self) -> dict[str, Any]:
        """What `_trusted` takes as `meta` for a container like this one."""
        return self._meta() | {"timezone": self.timezone, "months": self._months}

    def _detail(self) -> str:
        """The part of `repr` and of the content hash besides kind and rows."""
        return ""

    def to_pandas(self) -> "pd.DataFrame":
        """A pandas DataFrame indexed by UTC timestamp; the ends of bars are timestamps too."""
        return conversions.to_pandas(self._columns, conversions.CONTAINER_TIMES)

    def to_polars(self) -> "pl.DataFrame":
        """A polars DataFrame; timestamps and ends of bars are Datetime("ns", "UTC")."""
        return conversions.to_polars(self._columns, conversions.CONTAINER_TIMES)

    def to_arrow(self) -> Any:
        """A pyarrow.Table that shares the memory; timestamps and ends of bars are timestamp[ns, UTC]."""
        return conversions.to_arrow(self._columns, conversions.CONTAINER_TIMES)

    def __len__(self) -> int:
        return len(self.timestamp)

    def __repr__(self) -> str:
        detail = f", {self._detail()}" if self._detail() else ""
        if len(self) == 0:
            return f"{type(self).__name__}(0 rows{detail})"
        return f"{type(self).__name__}({len(self)} rows{detail}, {span_text(self.timestamp)})"

    def _repr_html_(self) -> str:
        """The same with a picture of the prices and the first rows; reads at most 500 rows."""
        prices = [self._columns[name] for name in self._drawn]
        return shown(repr(self), curve_picture(self.timestamp, *prices), self._columns)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Container):
            return NotImplemented
        if type(self) is not type(other) or self._meta() != other._meta():
            return False
        mine, theirs = self._columns, other._columns
        return list(mine) == list(theirs) and all(np.array_equal(mine[name], theirs[name]) for name in mine)

    def __hash__(self) -> int:
        ends = (int(self.timestamp[0]), int(self.timestamp[-1])) if len(self) else ()
        return hash((self.kind, len(self), ends))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self)._trusted, (dict(self._columns), self._settings(), self._hash, None, self.notes)
