"""What the values of a row look like, by which a file without a header is known."""

import re

_NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_YEAR_2000, _YEAR_2100 = 946_684_800, 4_102_444_800  # seconds since 1970


def numbers(*values: str) -> bool:
    """Whether all are plain numbers."""
    return all(_NUMBER.fullmatch(value) for value in values)


def wholes(*values: str) -> bool:
    """Whether all are whole numbers of digits only."""
    return all(value.isascii() and value.isdigit() for value in values)


def flags(*values: str) -> bool:
    """Whether all are true or false."""
    return all(value.lower() in {"true", "false"} for value in values)


def counts_since_1970(*values: str) -> bool:
    """Whether all are whole numbers of milliseconds, or of microseconds, of the years 2000 to 2099."""
    if not wholes(*values):
        return False
    return any(
        all(_YEAR_2000 * unit <= int(value) < _YEAR_2100 * unit for value in values) for unit in (1000, 10**6)
    )


def matches(pattern: str, value: str) -> bool:
    """Whether a value is of a pattern as a whole."""
    return re.fullmatch(pattern, value, re.ASCII) is not None
