"""What a terminal can show: its width, its signs, and colour."""

import os
import shutil
import textwrap
from typing import TextIO

NARROWEST, WIDEST = 40, 120
BLOCKS = " ▁▂▃▄▅▆▇█"
CODES = {"bold": "1", "red": "31", "green": "32"}


def has_colour(stream: TextIO) -> bool:
    """True for a terminal, unless NO_COLOR is set (https://no-color.org) or the terminal is a dumb one."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def has_blocks(stream: TextIO) -> bool:
    """True if the encoding of the stream has the signs of BLOCKS."""
    try:
        BLOCKS.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def width_of_terminal() -> int:
    """Columns of the terminal, from 40 to 120; 80 where there is none."""
    return min(max(shutil.get_terminal_size((80, 24)).columns, NARROWEST), WIDEST)


def wrapped(text: str, indent: str = "") -> list[str]:
    """The lines of a sentence in the width of the terminal; those after the first stand further in."""
    return textwrap.wrap(text, width_of_terminal(), initial_indent=indent, subsequent_indent=f"{indent}  ")


def painted(text: str, look: str, *, colour: bool) -> str:
    """The text in one of the looks of CODES, if there is colour."""
    return f"\x1b[{CODES[look]}m{text}\x1b[0m" if colour and text else text


def tolerate_signs(stream: TextIO) -> None:
    """Signs that the encoding of the stream does not have are written as "?", and are no error."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None and not has_blocks(stream):
        reconfigure(errors="replace")
