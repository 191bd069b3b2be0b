"""Changes of a catalog that write no columns: datasets and definitions get another symbol, or go."""

from pathlib import Path

from msgspec.structs import replace

from btcore.data.source import check_symbol
from btcore.errors import DataError, near_name

from .index import edit_index, read_index
from .lookup import Wanted, symbols_there


def delete(root: Path, wanted: Wanted) -> int:
    """Deletes datasets, and the definition if only the symbol is given; returns the number of datasets."""
    whole = wanted == Wanted(wanted.symbol)
    if wanted.symbol not in read_index(root)[1].symbols():
        return 0  # a catalog is not created to delete from it
    with edit_index(root) as index:
        kept = [entry for entry in index.datasets if not wanted.matches(entry)]
        deleted = len(index.datasets) - len(kept)
        index.datasets = kept
        if whole:
            index.definitions.pop(wanted.symbol, None)
    return deleted


def rename(root: Path, old: str, new: str) -> None:
    """Gives datasets and definition another symbol.

    Their folders keep their names, which are in the index, and so stored merge orders stay valid.
    """
    for symbol in (old, new):
        check_symbol(symbol)
    _check_names(read_index(root)[1].symbols(), old, new)
    with edit_index(root) as index:
        _check_names(index.symbols(), old, new)
        index.datasets = [
            replace(entry, symbol=new) if entry.symbol == old else entry for entry in index.datasets
        ]
        if old in index.definitions:
            index.definitions[new] = index.definitions.pop(old)


def _check_names(present: list[str], old: str, new: str) -> None:
    if old not in present:
        raise DataError(f"rename: there is no {old!r}{near_name(old, present)}; {symbols_there(present)}")
    if new in present:
        raise DataError(f"rename: there is a {new!r} already; delete it first, or choose another name")
