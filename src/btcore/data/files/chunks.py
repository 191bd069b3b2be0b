"""Chunks of bytes -> blocks of whole lines."""

from collections.abc import Iterator

from btcore.errors import DataError

from .rows import LONGEST

BLOCK = 4 << 20  # bytes that are converted at a time: larger ones are no faster, but stay in no cache


def normal_line_ends(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks with every line ended by a line feed instead of CRLF or CR alone."""
    pending = b""
    for chunk in chunks:
        text, pending = pending + chunk if pending else chunk, b""
        if b"\r" in text:
            if text.endswith(b"\r"):  # its line feed may come with the next chunk
                text, pending = text[:-1], b"\r"
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield text
    if pending:
        yield b"\n"


def blocks(chunks: Iterator[bytes], size: int = BLOCK) -> Iterator[bytes]:
    """Whole lines of about `size` bytes each; the last line gets its line feed."""
    parts: list[bytes] = []
    length = 0
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end and length + end >= size:
            yield b"".join([*parts, chunk[:end]])
            parts, length = [chunk[end:]], len(chunk) - end
        else:
            parts.append(chunk)
            length += len(chunk)
        if length > size + LONGEST:
            raise DataError(f"a line is longer than {LONGEST >> 20} MB")
    text = b"".join(parts)
    if text:
        yield text if text.endswith(b"\n") else text + b"\n"


def without_lines(blocks: Iterator[bytes], count: int) -> Iterator[bytes]:
    """The blocks without the first `count` lines."""
    for block in blocks:
        start = 0
        while count and start < len(block):
            start = block.index(b"\n", start) + 1
            count -= 1
        if start < len(block):
            yield block[start:]
