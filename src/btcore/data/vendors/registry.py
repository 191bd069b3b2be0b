"""All layouts, by the names that the option `format` takes."""

from btcore.errors import DataError, not_one_of

from . import crypto, feeds, forex, hftbacktest, nautilus, packages, stocks
from .layout import Layout

LAYOUTS: tuple[Layout, ...] = (
    *crypto.LAYOUTS,
    *forex.LAYOUTS,
    *stocks.LAYOUTS,
    *feeds.LAYOUTS,
    *packages.LAYOUTS,
    *hftbacktest.LAYOUTS,
    *nautilus.LAYOUTS,
)


def names() -> list[str]:
    """The names that the option `format` takes, in the order of docs/vendors.md."""
    return list(dict.fromkeys(layout.name for layout in LAYOUTS))


def layouts(name: str | None, kind: str | None) -> list[Layout]:
    """The layouts of that name, or those that are found without one, of that kind or any.

    DataError, which lists all names, for an unknown name, and for a name whose layouts are of other kinds.
    """
    if name is None:
        found = [layout for layout in LAYOUTS if layout.is_sure]
    else:
        found = [layout for layout in LAYOUTS if layout.name == name]
        if not found:
            raise DataError(f"format: {not_one_of(name, names())}")
    of_kind = [layout for layout in found if kind in {None, layout.kind}]
    if name is not None and not of_kind:
        kinds = " or ".join(dict.fromkeys(layout.kind for layout in found))
        raise DataError(f"format: {name!r} is of {kinds}, not of {kind}; leave the kind out")
    return of_kind
