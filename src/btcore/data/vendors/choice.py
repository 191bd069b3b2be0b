"""The layout of a file or table, and the settings with what it says."""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from msgspec import structs

from btcore.data.tables.names import Found, listed, match_columns, normalized
from btcore.data.tables.options import Column, TableSettings, TextSettings
from btcore.errors import DataError

from .layout import Details, Layout, Sample

Settings = TypeVar("Settings", bound=TableSettings)


class Candidates(NamedTuple):
    """The layouts that a file may have: those that are named by `format`, or those that can be found."""

    layouts: list[Layout]
    name: str | None
    kind: str | None

    @classmethod
    def of(cls, settings: TableSettings, kind: str | None) -> "Candidates":
        """Those of the settings and the kind that is asked for; DataError for an unknown name or kind."""
        from .registry import layouts  # not at the top: the layouts are not needed by most imports of btcore

        return cls(layouts(settings.format, kind), settings.format, kind)

    def opened(self, frame: Any) -> Any:
        """The table that the named format makes of an object such as a list of rows; others as they are."""
        open_rows = self.layouts[0].open_rows if self.name is not None else None
        return frame if open_rows is None else open_rows(frame)

    def has_header(self, names: list[str]) -> bool:
        """Whether the names are those of the header of a candidate."""
        return any(layout.has_names(names, exactly=self.name is None) for layout in self.layouts)

    def with_text_options(self, settings: TextSettings) -> TextSettings:
        """The settings with what all candidates say about the text, where it is not given."""
        if self.name is None:
            return settings
        one, *others = (
            {**layout.options, **({} if layout.has_header else {"has_header": False})}
            for layout in self.layouts
        )
        shared = {
            name: value
            for name, value in one.items()
            if name in {"delimiter", "has_header", "skip_rows", "comment", "encoding"}
            and name not in settings.given
            and all(other.get(name) == value for other in others)
        }
        return structs.replace(settings, **shared)

    def choose(self, sample: Sample) -> "Choice | None":
        """The first candidate that the table has; None if there is none and no name was given.

        DataError, which says what is expected and what was found, if the table is not of the named format.
        """
        for layout in self.layouts:
            if layout.fits(sample, exactly=self.name is None):
                return Choice.of(layout, sample, is_given=self.name is not None)
        if self.name is None:
            return None
        expected = "; or ".join(layout.described() for layout in self.layouts)
        there = listed(sample.names)
        if not sample.has_header:
            there = (
                f"there is no header, and the first row is {', '.join(map(repr, sample.first)) or 'empty'}"
            )
        raise DataError(f"format {self.name!r} has {expected}; {there}")


class Choice(NamedTuple):
    """The layout of a table, of which a sample is known, and whether the user named it.

    `details` is what the layout says of this table: its own options, notes and needs, and those that follow
    from the sample.
    """

    layout: Layout
    sample: Sample
    is_given: bool
    details: Details

    @classmethod
    def of(cls, layout: Layout, sample: Sample, *, is_given: bool) -> "Choice":
        """The choice of a layout that the sample fits."""
        known = sample
        if not sample.has_header:
            known = sample._replace(names=[*layout.header, *layout.more][: len(sample.names)])
        found = Details() if layout.details is None else layout.details(known)
        options = {**layout.options, **found.options}
        details = Details(options, (*layout.notes, *found.notes), (*layout.needs, *found.needs))
        return cls(layout, sample, is_given, details)

    @property
    def kind(self) -> str:
        """The kind of data in the table."""
        return self.layout.kind

    @property
    def names(self) -> list[str]:
        """The names of the columns; of the layout if the table has no header."""
        if self.sample.has_header:
            return self.sample.names
        return [*self.layout.header, *self.layout.more][: len(self.sample.names)]

    def notes(self, given: TableSettings) -> tuple[str, ...]:
        """What a reader of the data must know; `given` are the settings without those of the layout."""
        how = "by its header" if self.sample.column is None else "by its columns"
        if not self.sample.has_header:
            how = "by the values of its first row"
        if self.is_given:
            how = "as given"
        options, notes, needs = self.details
        lines = [f"format: {self.layout.title}, {how}", *notes]
        lines += [
            text for name, text in self.layout.column_notes.items() if name not in (given.columns or {})
        ]
        for name in _NAMED:
            if self._sets(name, given):
                lines.append(f"{name}: {options[name]}, by the format")
            elif name in options and options[name] != getattr(given, name):
                lines.append(f"{name}: {getattr(given, name)}, as given; by the format {options[name]}")
        lines += [f"{_NEEDED[name]}; {name}= says it" for name in needs if name not in given.given]
        return tuple(lines)

    def settings(self, given: Settings) -> Settings:
        """The settings with those of the layout, where they are not given; DataError if one must be given."""
        missing = [name for name in self.details.needs if name not in given.given]
        if missing and self.is_given:
            raise DataError(f"format {self.layout.name!r}: pass {missing[0]}=; {_NEEDED[missing[0]]}")
        changes = {name: value for name, value in self.details.options.items() if self._sets(name, given)}
        changes["columns"] = {**self._named(self.layout.columns), **self._given(given.columns)}
        return structs.replace(given, **changes)

    def _sets(self, name: str, given: TableSettings) -> bool:
        """Whether an option of the reader is set by the layout."""
        alike = _NOTATIONS if name in _NOTATIONS else {name}
        known = name in type(given).__struct_fields__
        return known and name in self.details.options and not alike & given.given

    def match(self, settings: TableSettings, names: list[str] | None = None) -> Found:
        """The columns that are used; `settings` are those of the layout."""
        found = match_columns(self.names if names is None else names, self.kind, settings.columns)
        if self.layout.check is None:
            return found
        return found._replace(checked=tuple(self._actual(self.layout.checked)), check=self.layout.check)

    def _named(self, columns: Mapping[str, Column]) -> dict[str, Column]:
        """The columns of the layout by the names in the table; without those that it lacks."""
        named: dict[str, Column] = {}
        for name, theirs in columns.items():
            if theirs is None:
                named[name] = None
                continue
            actual = self._actual((theirs,) if isinstance(theirs, str) else theirs)
            if len(actual) == (1 if isinstance(theirs, str) else 2):
                named[name] = actual[0] if isinstance(theirs, str) else (actual[0], actual[1])
        return named

    def _actual(self, wanted: tuple[str, ...]) -> list[str]:
        written = {normalized(name): name for name in reversed(self.names)}
        return [written[normalized(name)] for name in wanted if normalized(name) in written]

    def _given(self, columns: Mapping[str, Column] | None) -> dict[str, Column]:
        """The columns that the user gave, with column_1, ... by the names of the layout."""
        numbered = dict(zip(self.sample.names, self.names, strict=True))
        given: dict[str, Column] = {}
        for name, theirs in (columns or {}).items():
            if theirs is None or isinstance(theirs, str):
                given[name] = theirs if theirs is None else numbered.get(theirs, theirs)
            else:
                given[name] = (numbered.get(theirs[0], theirs[0]), numbered.get(theirs[1], theirs[1]))
        return given


_NOTATIONS = frozenset({"unit", "time_format"})  # one of which says how times are written
_NAMED = ("timezone", "interval")  # options of a layout that are noted
_NEEDED = {
    "timezone": "the times are those of a clock that the file does not name",
    "stamp": "the times may be the opens or the closes of the bars, which the file does not say",
}
