"""What a run wrote down, in the words of whoever played it, and what a reader should know of it."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.engine.engine import Engine
from btcore.fastpath.order_records import OrderRecords
from btcore.model import NoteKind

from .labels import REASONS
from .tables import Curve

Records = NDArray[Any]
Line = tuple[int, str]  # with the number of the strategy's call before it


class RunJournal:
    """What a run wrote down: records as in `btcore.model`, their symbols indexes into `symbols`.

    They are copied, or made, when they are first asked for.
    """

    def __init__(
        self,
        played: Engine | OrderRecords,
        *,
        notes: list[str],
        said: list[Line],
        closes: NDArray[np.int64] | None,
    ) -> None:
        self._played = played
        self.symbols = played.tape.symbols
        self.closes = closes
        self.ambiguous_bars = played.ambiguous_bars
        self.events = played.n_done
        lines = sorted(said + list(_told(self.notes)), key=lambda line: line[0])
        self.logs = notes + [text for _, text in lines] + list(self._summary())

    @cached_property
    def orders(self) -> Records:
        return self._played.orders()

    @cached_property
    def fills(self) -> Records:
        return self._played.fills()

    @cached_property
    def curve(self) -> Curve:
        return Curve(*self._played.curve())

    @cached_property
    def exposures(self) -> Records:
        return self._played.exposures()

    @cached_property
    def positions(self) -> Records:
        return self._played.positions()

    @cached_property
    def cash_flows(self) -> Records:
        return self._played.cash_flows()

    @cached_property
    def restatements(self) -> Records:
        return self._played.restatements()

    @cached_property
    def notes(self) -> Records:
        return self._played.notes()

    def _summary(self) -> Iterator[str]:
        for reason, count in self._played.refusals().items():
            yield f"{count} orders rejected: {REASONS[reason]}"
        snapped = np.count_nonzero(self.notes["kind"] == NoteKind.SNAPPED)
        if snapped:
            yield f"{snapped} orders moved to the steps of their instruments"
        if self._played.lowest_cash < -0.005:  # what shows in cents
            yield f"cash was below zero, at the least {self._played.lowest_cash:.2f}"
        if self._played.equity < 0.0:
            yield f"equity ended below zero: {self._played.equity:.2f}"


def _told(notes: Records) -> Iterator[Line]:
    """What a reader must not overlook."""
    for note in notes[np.isin(notes["kind"], (NoteKind.AMEND_REFUSED, NoteKind.LIQUIDATED))]:
        line = f"order {note['order_id']}: amend refused, the order stays as it was"
        if note["kind"] == NoteKind.LIQUIDATED:
            line = (
                f"{np.datetime64(int(note['ts']), 'ns')}Z: liquidated, equity {note['value']:.2f} is below "
                "the maintenance margin"
            )
        yield int(note["calls"]), line
