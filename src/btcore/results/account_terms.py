"""What the tables of a result leave out of its account: money per point of price, and splits of positions."""

from typing import NamedTuple

import msgspec

from .journal import RunJournal
from .labels import LEGS
from .tables import by_time


class PointValue(NamedTuple):
    """From a row of the trades on, the money per point of price of a symbol, in the currency of the run."""

    row: int
    symbol: str
    value: float


class Split(NamedTuple):
    """A split of a position, or of one leg of it in a hedging account (`leg`: long, short)."""

    fills: int  # of that symbol and leg before it
    timestamp: int  # ns UTC
    symbol: str
    leg: str
    ratio: float  # new shares for one
    paid_out: float  # signed quantity that was paid out in cash


class AccountTerms(msgspec.Struct, frozen=True):
    """The changes of point values, which are 1 at first, and the splits, by symbol in order of time."""

    point_values: list[PointValue] = []
    splits: list[Split] = []


def terms_of(journal: RunJournal) -> AccountTerms:
    """The terms of the account of a run."""
    fills, names = journal.fills, journal.symbols
    changes, now = [], dict.fromkeys(range(len(names)), 1.0)
    in_order = by_time(fills)
    for row, (symbol, value) in enumerate(
        zip(in_order["symbol"].tolist(), in_order["point_value"].tolist(), strict=True)
    ):
        if value != now[symbol]:
            now[symbol] = value
            changes.append(PointValue(row, names[symbol], value))
    splits = []
    for item in journal.restatements:
        before = fills[: item["n_fills"]]
        count = int(((before["symbol"] == item["symbol"]) & (before["leg"] == item["leg"])).sum())
        splits.append(
            Split(
                fills=count,
                timestamp=int(item["ts"]),
                symbol=names[item["symbol"]],
                leg=LEGS[item["leg"] + 1],
                ratio=float(item["ratio"]),
                paid_out=float(item["cash_qty"]),
            )
        )
    return AccountTerms(changes, splits)
