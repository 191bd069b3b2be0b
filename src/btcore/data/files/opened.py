"""The bytes of a text file: decompressed, and in UTF-8."""

import bz2
import codecs
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import IO, Any, NamedTuple

from btcore.errors import DataError

from .binary import check_file

CHUNK = 1 << 20
_NESTED = 3  # a zip whose member is a gzip is decompressed twice
# The longer mark comes first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What decompression raises for bytes that were changed.
_DAMAGES = (
    *(OSError, EOFError, RuntimeError, ValueError, OverflowError),
    *(zlib.error, lzma.LZMAError, struct.error, zipfile.BadZipFile),
)

# Called with the number of bytes of the file on disk that have been read.
watcher: ContextVar[Callable[[int], None] | None] = ContextVar("watcher", default=None)


class Opened(NamedTuple):
    """A text file: its bytes in UTF-8 without a mark, and whether the file on disk has just these."""

    chunks: Iterator[bytes]
    as_stored: bool  # neither compressed nor in another encoding; a mark of UTF-8 may precede the text
    notes: tuple[str, ...]


@contextmanager
def open_text(file: Path, encoding: str | None = None, size: int = CHUNK) -> Iterator[Opened]:
    """The text of a file, which may be a gzip, bzip2, zstd or zip with one member, whatever its name.

    Chunks are of about `size` bytes. The encoding is `encoding`, or that of the byte order mark, or UTF-8.
    Bytes that are decoded are checked while the chunks are taken; UTF-8 is not checked. DataError for a file
    that is damaged or not in the encoding, FileNotFoundError if there is none.
    """
    check_file(file)
    with ExitStack() as stack:
        stored = stack.enter_context(file.open("rb"))
        stream, compressions = _decompressed(file, stored, stack)
        with _damage(file, compressions):
            start = _peek(stream)
        _reject_other_formats(file, start)
        found, mark = _encoding(file, start, encoding)
        notes = [f"compressed: {' in '.join(reversed(compressions))}"] if compressions else []
        notes += [f"encoding: {found}"] if found != "utf-8" else []
        chunks = _chunks(file, stream, compressions, mark, size)
        if (watch := watcher.get()) is not None:
            chunks = _watched(chunks, stored, watch)
        if found != "utf-8":
            chunks = _decoded(file, chunks, found)
        yield Opened(chunks, not compressions and found == "utf-8", tuple(notes))


def _decompressed(file: Path, stream: Any, stack: ExitStack) -> tuple[Any, list[str]]:
    """The decompressed stream of a file, and the names of the formats from the outside in."""
    compressions: list[str] = []
    while len(compressions) < _NESTED:
        with _damage(file, compressions):
            start = _peek(stream)
        compression = next(
            (compression for compression in _COMPRESSIONS if start.startswith(compression.start)), None
        )
        if compression is None:
            break
        compressions.append(compression.name)
        with _damage(file, compressions):
            stream = compression.open(file, stream, stack)
    if not compressions and file.suffix.lower() == ".zip":
        raise DataError(f"{file.name}: not a readable zip: it does not begin as one")
    return stream, compressions


def _peek(stream: Any) -> bytes:
    return bytes(stream.peek(64)[:64])


def _open_gzip(_: Path, stream: IO[bytes], stack: ExitStack) -> IO[bytes]:
    return stack.enter_context(io.BufferedReader(gzip.GzipFile(fileobj=stream)))


def _open_bzip2(_: Path, stream: IO[bytes], stack: ExitStack) -> IO[bytes]:
    return stack.enter_context(io.BufferedReader(bz2.BZ2File(stream)))


def _open_zstd(_: Path, stream: IO[bytes], stack: ExitStack) -> IO[bytes]:
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("reading zstd needs pyarrow: pip install 'btcore[data]'") from error
    decompressed = pyarrow.CompressedInputStream(pyarrow.PythonFile(stream), "zstd")
    return stack.enter_context(io.BufferedReader(decompressed))


def _open_zip(file: Path, stream: IO[bytes], stack: ExitStack) -> IO[bytes]:
    if not stream.seekable():
        stream = io.BytesIO(stream.read())
    archive = stack.enter_context(zipfile.ZipFile(stream))
    # A Mac adds a member beside each.
    members = [x for x in archive.infolist() if not x.is_dir() and not x.filename.startswith("__MACOSX/")]
    if any(info.filename == "xl/workbook.xml" for info in members):
        raise DataError(f"{file.name}: an Excel workbook is not a text file; save its sheet as CSV")
    if len(members) != 1:
        raise DataError(f"{file.name}: the zip has {len(members)} members; exactly one is allowed")
    return stack.enter_context(io.BufferedReader(archive.open(members[0])))  # type: ignore[type-var]


class _Compression(NamedTuple):
    start: bytes | tuple[bytes, ...]  # of its files
    name: str
    open: Callable[[Path, IO[bytes], ExitStack], IO[bytes]]


_COMPRESSIONS = (
    _Compression(b"\x1f\x8b", "gzip", _open_gzip),
    _Compression(b"BZh", "bzip2", _open_bzip2),
    _Compression(b"\x28\xb5\x2f\xfd", "zstd", _open_zstd),
    _Compression((b"PK\x03\x04", b"PK\x05\x06"), "zip", _open_zip),
)


@contextmanager
def _damage(file: Path, compressions: list[str]) -> Iterator[None]:
    """Turns the errors of decompression into DataErrors."""
    try:
        yield
    except DataError:
        raise
    except _DAMAGES as error:
        if not compressions:
            raise  # of the disk
        what = "it is encrypted" if "encrypted" in str(error) else "it is damaged or cut off"
        raise DataError(f"{file.name}: not a readable {compressions[-1]}: {what}") from error


def _reject_other_formats(file: Path, start: bytes) -> None:
    formats = (
        (b"PAR1", "a Parquet file: use read_parquet"),
        (b"ARROW1", "an Arrow file: use read_arrow"),
        (b"\x93NUMPY", "a numpy array, not a text file"),
        (b"\xd0\xcf\x11\xe0", "an Excel workbook is not a text file; save its sheet as CSV"),
        (b"\xfd7zXZ", "an xz archive; decompress it first"),
        (b"7z\xbc\xaf", "a 7z archive; decompress it first"),
    )
    for magic, problem in formats:
        if start.startswith(magic):
            raise DataError(f"{file.name}: {problem}")


def _encoding(file: Path, start: bytes, given: str | None) -> tuple[str, int]:
    """The encoding, and the length of the byte order mark."""
    mark, marked = next(((m, name) for m, name in _MARKS if start.startswith(m)), (b"", ""))
    if given is not None:
        info = codecs.lookup(given)
        if not getattr(info, "_is_text_encoding", True):
            raise DataError(f"encoding: {given!r} is not an encoding of text")
        name = info.name.removesuffix("-sig")
        if not marked and name in ("utf-16", "utf-32"):
            raise DataError(
                f"{file.name}: there is no byte order mark; pass encoding='{name}-le' or '{name}-be'"
            )
        if marked and not marked.startswith(name):
            raise DataError(
                f"{file.name}: the file begins with the byte order mark of {marked}; encoding= is {given!r}"
            )
        return marked or ("utf-8" if name == "ascii" else name), len(mark)
    if not marked and (start[1:8:2] == b"\0\0\0\0" or start[0:8:2] == b"\0\0\0\0"):
        ending = "le" if start[1:2] == b"\0" else "be"
        raise DataError(
            f"{file.name}: every second byte is NUL, as in UTF-16, but there is no byte order mark; "
            f"pass encoding='utf-16-{ending}' if it is that"
        )
    return marked or "utf-8", len(mark)


def _chunks(file: Path, stream: Any, compressions: list[str], skip: int, size: int) -> Iterator[bytes]:
    with _damage(file, compressions):
        stream.read(skip)
        while chunk := stream.read(size):
            yield bytes(chunk)


def _watched(chunks: Iterator[bytes], stored: IO[bytes], watch: Callable[[int], None]) -> Iterator[bytes]:
    """The chunks; `watch` is called with the number of bytes of the file on disk that have been read."""
    for chunk in chunks:
        watch(stored.tell())
        yield chunk


def _decoded(file: Path, chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The chunks in UTF-8; DataError names the line of bytes that are not in the encoding."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    line, pending = 1, ""  # a carriage return at the end waits for the line feed that may follow it
    for chunk, last in _with_last(chunks):
        try:
            text = pending + decoder.decode(chunk, last)
            pending = "\r" if text.endswith("\r") and not last else ""
            text = text.removesuffix(pending)
            yield text.encode()
        except UnicodeDecodeError as error:
            line += _line_ends(pending + error.object[: error.start].decode(encoding, "replace"))
            problem = f"byte 0x{error.object[error.start]:02X} is not in the encoding {encoding}"
            raise DataError(f"{file.name} line {line}: {problem}") from None
        except UnicodeError:
            raise DataError(f"{file.name}: the file is not in the encoding {encoding}") from None
        line += _line_ends(text)


def _with_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    for chunk in chunks:
        yield chunk, False
    yield b"", True


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")
