"""`export.json`: what each file of an export is, and the definitions."""

from pathlib import Path
from typing import Literal, get_args

import msgspec

from btcore.data.catalog.definitions import Definition
from btcore.data.catalog.entries import Dataset
from btcore.data.containers import KINDS
from btcore.data.conversions import CONTAINER_TIMES
from btcore.data.source import check_symbol
from btcore.errors import DataError

MANIFEST = "export.json"
Format = Literal["parquet", "arrow", "csv"]
FORMATS: tuple[str, ...] = get_args(Format)
_VERSION = 1
_DTYPES = frozenset({"<i8", "<f8", "|i1"})


class ExportedFile(Dataset, frozen=True, kw_only=True, omit_defaults=True):
    """A dataset, and the name of its file in the folder."""

    file: str


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `export.json`."""

    version: int = _VERSION
    format: Format
    files: tuple[ExportedFile, ...]
    definitions: dict[str, Definition]


class _Version(msgspec.Struct):
    version: int


def manifest_bytes(format: Format, files: list[ExportedFile], definitions: dict[str, Definition]) -> bytes:
    """The text of `export.json`."""
    export = Export(format=format, files=tuple(files), definitions=definitions)
    return msgspec.json.format(msgspec.json.encode(export), indent=1)


def read_manifest(folder: Path) -> Export:
    """The content of the folder's `export.json`; DataError if it, or a file that it names, is missing."""
    file = folder / MANIFEST
    if not file.is_file():
        missing = f"there is no {MANIFEST} in it" if folder.is_dir() else "there is no such folder"
        raise DataError(f"{folder}: not an export of a catalog, {missing}")
    try:
        content = file.read_bytes()
        version = msgspec.json.decode(content, type=_Version).version
        if version != _VERSION:
            raise DataError(f"{file}: version {version} cannot be read; version {_VERSION} can")
        export = msgspec.json.decode(content, type=Export)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: it cannot be read; the file is damaged or was changed") from error
    _check(folder, export)
    return export


def _check(folder: Path, export: Export) -> None:
    """DataError for a file that is missing, or a dataset that a catalog cannot have."""
    manifest, keys = folder / MANIFEST, set()
    for dataset in export.files:
        check_symbol(dataset.symbol)
        times = {name for name, dtype in dataset.columns.items() if dtype == "<i8"}
        if (
            dataset.kind not in KINDS
            or dataset.columns.get("timestamp") != "<i8"
            or not times <= CONTAINER_TIMES
            or not _DTYPES.issuperset(dataset.columns.values())
        ):
            raise DataError(f"{manifest}: {dataset.file!r} is not described as bars, quotes or trades")
        if dataset.key in keys:
            raise DataError(f"{manifest}: two files are the {dataset.name} of {dataset.symbol}")
        keys.add(dataset.key)
        if dataset.file != Path(dataset.file).name or not (folder / dataset.file).is_file():
            raise DataError(f"{manifest}: {dataset.file!r} is not a file in this folder")
    for symbol in export.definitions:
        check_symbol(symbol)


def check_exported(expected: ExportedFile, found: Dataset) -> None:
    """DataError unless the dataset that was read is the one that was exported, whatever its notes."""
    fields = [name for name in Dataset.__struct_fields__ if name != "notes"]
    names = [name for name in fields if getattr(found, name) != getattr(expected, name)]
    if names:
        raise DataError(
            f"{expected.file}: the {expected.name} of {expected.symbol} are not those that were exported "
            f"({', '.join(names)}); the file is damaged or was changed"
        )
