"""btcore compared with hftbacktest on small cases, which hftbacktest plays in a Python of its own."""

import numpy as np
from numpy.typing import NDArray

import btcore as bt

from . import small_cases as small
from .elsewhere import Elsewhere
from .rows import Differs, Row, Same
from .sending import fills_of, play
from .small_cases import Case

Floats = NDArray[np.float64]
SIDE = Elsewhere("hftbacktest", "compare.hftbacktest_side")


def fills(case: Case, **settings: bool) -> Floats:
    return fills_of(play(case, bt.Execution(**settings)))


def held(table: Floats) -> float:
    return float(table[:, 1].sum())


def rows() -> list[Row]:
    two = small.TWO_FOR_ONE
    return [
        *(same(case) for case in (*small.ON_QUOTES, *small.AWAY, small.PRINT_THROUGH, small.PRINT_AT)),
        Differs(
            "two orders of 10 for one quote that shows 10",
            "units bought",
            "with `consume` the size is taken once",
            "the book is as if nothing had been taken",
            held(fills(two, displayed_size=True)),
            held(SIDE.fills(two)),
            held(fills(two)),
        ),
    ]


def same(case: Case) -> Row:
    """A last row has the number of fills, so that none can be compared."""
    tables = [fills(case), SIDE.fills(case)]
    counted = [np.vstack([table, [[len(table), 0.0, 0.0]]]) for table in tables]
    return Same(case.name, "fills (order, size, price)", *counted)
