"""What is known of the files of a vendor."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec import Struct

from btcore.data.tables.cleaning import Notes
from btcore.data.tables.names import normalized
from btcore.data.tables.options import Column


class Sample(NamedTuple):
    """What is seen of a table before it is read.

    `first` has the values of the first row of a text file, whose columns are column_1, column_2, ... without
    a header. `column` gives the column of another table by its name. `file` is the name of the file, "" of a
    table. `metadata` are the texts that a Parquet file has beside its columns.
    """

    names: list[str]
    first: Sequence[str] = ()
    has_header: bool = True
    file: str = ""
    column: Callable[[str], Any] | None = None
    metadata: Mapping[str, str] = MappingProxyType({})

    def value(self, name: str) -> str:
        """The first value of a column by its name, in upper or lower case; "" if there is none."""
        place = next((i for i, one in enumerate(self.names) if normalized(one) == normalized(name)), None)
        if place is None:
            return ""
        if self.column is None:
            return self.first[place].strip() if place < len(self.first) else ""
        values = self.column(self.names[place])
        if getattr(values, "ndim", 1) != 1 or not len(values):
            return ""
        return str(values.iloc[0] if hasattr(values, "iloc") else values[0])


Check = Callable[[Mapping[str, Any], Notes], Mapping[str, Any] | None]


class Details(NamedTuple):
    """What follows from the first row or the name of a file: as the fields of a Layout."""

    options: Mapping[str, Any] = MappingProxyType({})
    notes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


class Converted(NamedTuple):
    """The columns that are read in place of those of a file, by their names in btcore, and notes."""

    columns: Mapping[str, Any]
    notes: tuple[str, ...] = ()


class Layout(Struct, frozen=True, kw_only=True):
    """A layout of a vendor's files.

    `name` is the value of the option `format`, which several layouts may have. `header` has the columns that
    every such file has, as the vendor writes them; in a file without a header they come first, in this
    order, and those in `more` may follow. `shape` says whether the first row of a file without a header is
    of the layout; None: there always is a header. `columns` are as in the option, by names of `header`,
    where the usual names do not say it. `options` are the options of the readers that the layout sets,
    `details` those that follow from a sample. `needs` are options that the user must give.
    `notes` are said of each table, `column_notes` of a column unless the user gives it in `columns`.

    With `is_sure` the layout is found without being named: by the header, which no other vendor writes, or
    by the shape; `is_like` says of a sample with that header whether it is of the layout. `check` gets the
    rows with the columns that are read and those in `checked`, and says what must be known about them; it
    may return a table that is read instead. `whole` files are not read in pieces. `convert` makes the table
    that is read of the one in the file, `open_rows` a table of an object that is none.

    `file`, `stamps`, `clock` and `asked`, what the user must give besides `needs`, describe the layout in
    docs/vendors.md.
    """

    name: str
    title: str
    kind: str
    file: str
    stamps: str
    clock: str
    asked: str = ""
    header: tuple[str, ...]
    more: tuple[str, ...] = ()
    shape: Callable[[list[str]], bool] | None = None
    has_header: bool = True  # some files have one
    is_sure: bool = False
    columns: Mapping[str, Column] = {}
    options: Mapping[str, Any] = {}
    details: Callable[[Sample], Details] | None = None
    needs: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    column_notes: Mapping[str, str] = {}
    checked: tuple[str, ...] = ()
    check: Check | None = None
    whole: bool = False
    is_like: Callable[[Sample], bool] | None = None
    convert: Callable[[Mapping[str, Any]], Converted] | None = None
    open_rows: Callable[[Any], Any] | None = None

    def has_names(self, names: list[str], *, exactly: bool = False) -> bool:
        """Whether the columns of the layout are among these; with `exactly` as the vendor writes them."""
        if not self.has_header:
            return False
        if exactly:
            return set(self.header) <= {name.strip() for name in names}
        return {*map(normalized, self.header)} <= {*map(normalized, names)}

    def fits(self, sample: Sample, *, exactly: bool = False) -> bool:
        """Whether the table is of this layout."""
        if sample.has_header:
            named = self.has_names(sample.names, exactly=exactly)
            return named and (self.is_like is None or self.is_like(sample))
        width = len(sample.names)
        if self.shape is None or not len(self.header) <= width <= len(self.header) + len(self.more):
            return False
        return len(sample.first) == width and self.shape([value.strip() for value in sample.first])

    def described(self) -> str:
        """The columns that a file of this layout has, for a message."""
        listed = ", ".join(self.header)
        if self.shape is None:
            return f"{self.kind} with the columns {listed}"
        header = "with or without a header" if self.has_header else "without a header"
        return f"{self.kind} {header}, {listed}"
