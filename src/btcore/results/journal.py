"""The records of a finished run, and its log lines."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from btcore.fastpath.plain_curve import PlainCurve
from btcore.metrics.period_returns import Period, closes_between
from btcore.model import NoteKind
from btcore.rules.order_words import REASONS

if TYPE_CHECKING:
    from btcore.engine.engine import Engine
    from btcore.metrics.run_metrics import RunStatistics

Records = NDArray[Any]
LogLine = tuple[int, str]  # the number of strategy calls before the line, and its text


class Curve:
    """An equity curve as contiguous columns: timestamp (int64 ns UTC), equity and cash (float64, money).

    `cash` may be a function that returns the column; metrics do not need it.
    """

    fields: ClassVar[tuple[str, ...]] = ("timestamp", "equity", "cash")

    def __init__(
        self,
        timestamp: NDArray[np.int64],
        equity: NDArray[np.float64],
        cash: NDArray[np.float64] | Callable[[], NDArray[np.float64]],
    ) -> None:
        self.timestamp = timestamp
        self.equity = equity
        self._cash = cash

    @cached_property
    def cash(self) -> NDArray[np.float64]:
        return self._cash() if callable(self._cash) else self._cash

    def __iter__(self) -> Iterator[Records]:
        return iter((self.timestamp, self.equity, self.cash))


class RunJournal:
    """The records of a run, as structs of `btcore.model`; a record's `symbol` is an index into `symbols`.

    They are copied from the player, or computed, when they are first read. Their times are int64 ns UTC.
    """

    def __init__(
        self,
        player: "Engine | PlainCurve",
        *,
        notes: Sequence[str],
        log_lines: Sequence[LogLine],
        closes: NDArray[np.int64] | None,
        timers: Sequence[int] = (),
        tags: Mapping[int, str] | None = None,
    ) -> None:
        """`notes` are the first lines of the log, `log_lines` those of the strategy.

        `timers` are the times of timers that were not called, in ns UTC; `tags` has those of orders, by id.
        """
        self.tags: Mapping[int, str] = tags or {}
        self._player = player
        self.symbols: tuple[str, ...] = player.tape.symbols
        self.closes = closes  # of the sessions; None without a calendar
        self.ambiguous_bars: int = player.ambiguous_bars
        self.events: int = player.n_done
        self._first_lines, self._log_lines, self._timers = notes, log_lines, timers

    @cached_property
    def logs(self) -> list[str]:
        lines = sorted([*self._log_lines, *note_lines(self.notes)], key=lambda line: line[0])
        return [*self._first_lines, *(text for _, text in lines), *self._summary_lines()]

    @cached_property
    def spread_cost(self) -> float:
        return self._player.spread_cost

    @cached_property
    def orders(self) -> Records:
        return self._player.orders()

    @cached_property
    def fills(self) -> Records:
        return self._player.fills()

    @cached_property
    def curve(self) -> Curve:
        return Curve(*self._player.curve())

    def statistics(self, timezone: str) -> "tuple[Period, RunStatistics] | None":
        """The periods of the run and its statistics; None if only the tables of the run have them."""
        player = self._player
        if isinstance(player, PlainCurve):
            for period, closes in closes_between(player.start, player.now, timezone, self.closes):
                found = player.statistics(closes)
                if found is not None:
                    return period, found
        return None

    @cached_property
    def exposures(self) -> Records:
        return self._player.exposures()

    @cached_property
    def positions(self) -> Records:
        return self._player.positions()

    @cached_property
    def cash_flows(self) -> Records:
        return self._player.cash_flows()

    @cached_property
    def restatements(self) -> Records:
        return self._player.restatements()

    @cached_property
    def notes(self) -> Records:
        return self._player.notes()

    def _summary_lines(self) -> Iterator[str]:
        """Lines about the whole run, for the end of the log."""
        for reason, count in self._player.rejections().items():
            yield f"{count} orders rejected: {REASONS[reason]}"
        if self._player.n_cut:
            yield f"{self._player.n_cut} orders cut to what the account could pay without credit: cash"
        snapped = np.count_nonzero(self.notes["kind"] == NoteKind.SNAPPED)
        if snapped:
            yield f"{snapped} orders moved to the steps of their instruments"
        clipped = self.notes[self.notes["kind"] == NoteKind.CLIPPED]
        if len(clipped):
            yield (
                f"{len(clipped)} orders by weight are smaller than asked, as buying power allows no more; "
                f"the first is order {clipped[0]['order_id']}, of which {clipped[0]['value']:.12g} was asked"
            )
        if self._player.n_small:
            yield f"{self._player.n_small} targets by weight are less than one lot: no order was sent"
        if self._player.n_beyond_shown:
            yield f"{self._player.n_beyond_shown} fills are larger than the size that their event showed"
        if self._timers:
            first, count = np.datetime64(min(self._timers), "ns"), len(self._timers)
            yield f"{count} timers after the end of the data were not called, the first at {first}Z"
        if self._player.lowest_cash < -0.005:  # visible with two decimals
            yield f"cash was below zero, at the least {self._player.lowest_cash:.2f}"
        if self._player.equity < 0.0:
            yield f"equity ended below zero: {self._player.equity:.2f}"


def note_lines(notes: Records) -> Iterator[LogLine]:
    """A log line for each refused amendment and each liquidation."""
    for note in notes[np.isin(notes["kind"], (NoteKind.AMEND_REFUSED, NoteKind.LIQUIDATED))]:
        line = f"order {note['order_id']}: amend refused, the order stays as it was"
        if note["kind"] == NoteKind.LIQUIDATED:
            line = (
                f"{np.datetime64(int(note['ts']), 'ns')}Z: liquidated, equity {note['value']:.2f} is below "
                "the maintenance margin"
            )
        yield int(note["calls"]), line
