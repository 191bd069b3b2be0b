"""Which kind of data a table holds, by the names of its columns."""

from collections.abc import Callable

from btcore.errors import DataError

from .names import REQUIRED, listed, match_columns

_NEEDS = (
    "bars need timestamp, open, high, low and close, quotes timestamp, bid and ask, "
    "trades timestamp and price"
)


def kinds_of(names: list[str]) -> list[str]:
    """The kinds whose columns are among these names."""
    kinds = [kind for kind in REQUIRED if _has_columns(names, kind)]
    if "bars" in kinds and "trades" in kinds:
        kinds.remove("trades")  # trades have no open, high and low: such a price is a close
    return kinds


def kind_of(names: list[str], call: Callable[[str], str], file: str = "") -> str:
    """The kind whose columns are among these names; DataError, which lists them, for none or several.

    `call` gives the code that reads the table as one kind, `file` begins the message.
    """
    kinds = kinds_of(names)
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        ways = " or ".join(map(call, kinds))
        raise DataError(f"{file}{listed(names)}, which may be {' or '.join(kinds)}; choose by {ways}")
    raise DataError(f"{file}{listed(names)}; {_NEEDS}; others are named by columns={{...}} of {call('bars')}")


def _has_columns(names: list[str], kind: str) -> bool:
    try:
        match_columns(names, kind)
    except DataError:
        return False
    return True
