"""Small text files of a LEAN folder, plain or compressed with gzip, and their dates."""

from datetime import date
from pathlib import Path

from btcore.errors import DataError


def open_text(file: Path) -> str | None:
    """The text of the file, or of the one with .gz at its end; None if there is neither."""
    import gzip  # not at the top: only an import needs it

    packed = file.with_name(f"{file.name}.gz")
    try:
        if file.is_file():
            return file.read_text("utf-8-sig")
        if packed.is_file():
            return gzip.decompress(packed.read_bytes()).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{file.name}: it cannot be read: it is damaged or no text") from error
    return None


def day_number(text: str, place: str) -> int:
    """Days since 1970 of a date YYYYMMDD; DataError, which begins with `place`, for another text."""
    try:
        if len(text) != 8 or not text.isdigit():
            raise ValueError
        return (date(int(text[:4]), int(text[4:6]), int(text[6:])) - date(1970, 1, 1)).days
    except ValueError:
        raise DataError(f"{place}: {text!r} is not a date YYYYMMDD") from None
