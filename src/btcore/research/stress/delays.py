"""Requests that arrive later: by a bar where bars fill orders, else by a length of time."""

from copy import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.backtest.inputs import execution_source
from btcore.backtest.prepare import PreparedRun
from btcore.backtest.scheduled import ALWAYS, NO_SYMBOL
from btcore.data.containers import Bars
from btcore.model import DATED_DTYPE, DatedKind
from btcore.strategies.arrays.orders import Orders

Times = NDArray[np.int64]


class Delay(NamedTuple):
    """How much later a request arrives: `length[i]` ns for one sent from `since[i]` on, ns UTC."""

    since: Times
    length: Times

    def at(self, times: Times) -> Times:
        """The delay of requests sent at these times."""
        found: Times = self.length[np.maximum(np.searchsorted(self.since, times, "right") - 1, 0)]
        return found


def constant_delay(length: int) -> Delay:
    """The same delay, ns, at all times."""
    return Delay(np.array([ALWAYS]), np.array([length]))


def delay_of_a_bar(prepared: PreparedRun) -> Delay | None:
    """The delay with which an order misses the bar in which it would take part, and takes part in the next.

    Where the bars of several symbols end at once and do not begin at once, it is that of the last to begin.
    None if no bars fill orders.
    """
    sources = [execution_source(streams) for _, streams in prepared.markets]
    bars = [source for source in sources if isinstance(source, Bars)]
    if not bars:
        return None
    each = [_of_bars(source) for source in bars]
    start, opened = prepared.first_ts, min(int(source.timestamp[0]) for source in bars)
    if start < opened:  # what is sent at the start takes part in the first bar
        each.append(Delay(np.array([start - 1]), np.array([opened + 1 - start])))
    since, length = (np.concatenate(columns) for columns in zip(*each, strict=True))
    order = np.lexsort((length, since))
    since, length = since[order], length[order]
    is_last = np.append(since[1:] != since[:-1], True)  # the longest of one moment
    return Delay(since[is_last], length[is_last])


def _of_bars(bars: Bars) -> Delay:
    """From each open on the time to the next open; from an end before the next open on, to just after it.

    Each begins a nanosecond earlier, as a change at the very end of a bar comes after what the bar causes.
    """
    opens, ends = bars.timestamp, bars.end
    following = np.append(opens[1:], ends[-1] + 1)  # nothing fills after the last bar
    has_gap = ends[:-1] < opens[1:]
    gaps = ends[:-1][has_gap]
    return Delay(
        np.concatenate([opens, gaps]) - 1,
        np.concatenate([following - opens, opens[1:][has_gap] + 1 - gaps]),
    )


def delayed(prepared: PreparedRun, delay: Delay) -> PreparedRun:
    """The prepared run with the delay added to its latency."""
    dated = prepared.scheduled
    is_latency = dated["kind"] == DatedKind.ENTRY_LATENCY
    was = dated[is_latency]
    times = np.unique(np.concatenate([delay.since, was["ts"]]))
    steps = np.zeros(len(times), DATED_DTYPE)
    steps["ts"], steps["kind"], steps["symbol"] = times, DatedKind.ENTRY_LATENCY, NO_SYMBOL
    steps["value"] = delay.at(times)
    if len(was):
        steps["value"] += was["value"][np.maximum(np.searchsorted(was["ts"], times, "right") - 1, 0)]
    both = np.concatenate([steps, dated[~is_latency]])
    return prepared._replace(scheduled=both[np.argsort(both["ts"], kind="stable")])


def with_own_latency(orders: Orders, delay: Delay | None) -> Orders:
    """The orders with the delay added to the latencies of their own; None: without these latencies."""
    made = copy(orders)
    own = orders.latency
    latency = (
        np.full_like(own, -1) if delay is None else np.where(own >= 0, own + delay.at(orders.timestamp), own)
    )
    latency.flags.writeable = False
    made.latency = latency
    return made


def has_own_latency(strategy: object) -> bool:
    """True for Orders of which a row has a latency of its own."""
    return isinstance(strategy, Orders) and bool((strategy.latency >= 0).any())
