"""Where quotes stand in a text of rows: at the beginning and the end of values, or two for one in a value."""

import numpy as np
from numpy.typing import NDArray

QUOTE, LINE_FEED = 34, 10
STRAY = "a quote neither begins nor ends a value, or is not closed"

Indices = NDArray[np.intp]


def stray_quote(text: bytes, quotes: Indices, delimiter: bytes) -> int | None:
    """The place of the first quote that neither begins nor ends a value, or of the one that it should close.

    `quotes` are the places of all quotes in `text`, which ends with a line feed and begins with a row. The
    last quote may be open.
    """
    codes = np.frombuffer(text, np.uint8)
    beside = np.isin(np.arange(256), (LINE_FEED, QUOTE, delimiter[0]))
    opening, closing = quotes[0::2], quotes[1::2]
    wrong = ~beside[np.where(opening > 0, codes[opening - 1], LINE_FEED)]
    wrong[: len(closing)] |= ~beside[codes[closing + 1]]
    return int(opening[wrong.argmax()]) if wrong.any() else None


def find_quotes(text: bytes) -> Indices:
    """The places of the quotes."""
    return np.flatnonzero(np.frombuffer(text, np.uint8) == QUOTE)
