"""Chooses the player of a run. No other module does.

All players leave the same records, byte for byte:

- `Engine`, event by event: always possible.
- `Engine` with skipping: rows that cannot affect the run are not processed one by one. `engine/skip.pxd`
  decides this, because it depends on the events the handler listens to.
- `PlainRun`: `bt.Orders` of plain market orders, or a built-in signal strategy, in a run that `is_plain`.
- `SweepLanes`: a sweep of a built-in signal strategy over the bars of one symbol in a run that `is_plain`.

Where cash or margin may not suffice, `PlainRun` and `SweepLanes` stop, and the engine plays the run.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.config import Execution, Instrument
from btcore.contract import Handler
from btcore.data.containers import Bars
from btcore.data.source import AnyContainer
from btcore.engine.cost_calls import CostCalls
from btcore.engine.engine import Engine
from btcore.fastpath.plain_run import PlainRun
from btcore.fastpath.sweep_lanes import SweepLanes
from btcore.feed.tape import Tape
from btcore.metrics.annual import Year, period_rates, year_of
from btcore.metrics.period_returns import period_ends, returns
from btcore.model import DatedKind
from btcore.strategies import STRATEGIES, make_handler
from btcore.strategies.arrays.orders import Orders
from btcore.strategies.builtin.signal import Signal

from .drive import play_to_end
from .prepare import PreparedRun
from .progress import Progress, ProgressCallback

CROSSING = "ma_crossover"  # the lanes compute its means, each once for all runs
WIDEST = 2  # of the register widths: 0 scalar, 1 AVX2, 2 AVX-512
CLOSES_BYTES = 16 << 20  # limit on the memory of one portion's equity at period ends
PORTION_BARS = 2 * 10**8  # about, the sum over the runs of a portion
PORTION_RUNS = 64  # least in a portion, unless memory or the number of threads requires fewer

Rows = NDArray[np.int64]
OrderColumns = tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float64]]  # sent, side, quantity


def is_plain(
    tape: Tape, instruments: Sequence[Instrument], execution: Execution, scheduled: NDArray[Any]
) -> bool:
    """True if a market order fills completely at once, and only fills change the account.

    That is: one symbol and one stream, not of bars of bid and ask; netting at average cost;
    `off_step="reject"`; no latency, interest, borrow or exchange rates, splits, dividends, funding, tiers of
    commission, slippage at entries, limits on size or the age of quotes, maintenance margins, negative
    prices, halts, price bands, delisting, mark prices, fills at the close, closing of positions at the end,
    pre-trade limits, or rows before the run.
    """
    return (
        tape.n_symbols == 1
        and tape.n_history == 0
        and tape.n_streams == 1
        and has_one_price(tape.containers[0])
        and not instruments[0].negative_prices
        and not (execution.maintenance_margin or instruments[0].maintenance_margin)
        and execution.position_mode == "netting"
        and execution.cost_basis == "average"
        and execution.off_step == "reject"
        and not execution.commission_tiers
        and not execution.slippage_entry_bps
        and (instruments[0].slippage is None or not instruments[0].slippage.entry_bps)
        and execution.volume_share is None
        and not execution.caps_size
        and execution.bar_fill == "open"
        and not execution.close_at_end
        and execution.max_quote_age is None
        and not execution.has_limits
        and not (execution.latency_jitter_ms or execution.response_jitter_ms)
        and bool(np.all(scheduled["kind"] == DatedKind.SESSION_END))  # latencies and rates are scheduled too
    )


def is_plain_run(run: PreparedRun) -> bool:
    """True for a run that `is_plain`, without a cost model."""
    return run.cost_model is None and is_plain(run.tape, run.instruments, run.execution, run.scheduled)


def has_one_price(container: AnyContainer) -> bool:
    """False for bars of bid and ask."""
    return not isinstance(container, Bars) or container.bid is None


def play(run: PreparedRun, strategy: Handler | Orders, report: ProgressCallback | None) -> Engine | PlainRun:
    """The player of a prepared strategy, after the last event."""
    if isinstance(strategy, Signal) and is_plain_run(run):
        player = _play_plain(run, strategy, report)
        if not player.needs_engine:
            return player
        strategy = strategy.renewed()
    if not isinstance(strategy, Orders):
        return _play_engine(run, strategy, report)
    if strategy.is_plain and is_plain_run(run):
        player = _play_plain(run, (strategy.timestamp, strategy.side, strategy.quantity), None)
        if not player.needs_engine:
            if report is not None:
                report(Progress(1.0, player.now, player.equity, player.n_done))
            return player
    return _play_engine(run, strategy.handler(run.tape.symbols), report)


def _play_engine(run: PreparedRun, handler: Handler, report: ProgressCallback | None) -> Engine:
    return play_to_end(
        lambda: Engine(
            run.tape, handler, run.instruments, run.execution, run.initial_capital, run.first_ts,
            run.mark_every, *run.symbol_sessions, run.scheduled,
            None if run.cost_model is None
            else CostCalls(tuple(run.cost_model), tuple(run.instruments)),
            run.other_bar_records(),
        ),
        report,
        handler,
    )  # fmt: skip


def _play_plain(run: PreparedRun, source: Signal | OrderColumns, report: ProgressCallback | None) -> PlainRun:
    return play_to_end(
        lambda: PlainRun(
            run.tape, source, run.instruments[0], run.execution, run.initial_capital, run.first_ts,
            run.mark_every,
        ),
        report,
    )  # fmt: skip


class LaneTerms(NamedTuple):
    """What all lanes of a run have in common; computed once for any number of `SweepLanes`."""

    run: PreparedRun
    bars: Bars
    strategy: str
    year: Year
    ends: NDArray[np.int64]  # indexes of the bars that end a period
    risk_free: Any
    benchmark: NDArray[np.float64] | None

    def lanes(self, params: Sequence[Any], *, keep_returns: bool = False, width: int = WIDEST) -> SweepLanes:
        """A lane for each item of `params`, before its first bar.

        `width` limits the registers used; the processor may limit them further.
        """
        run = self.run
        crossing = self.strategy == CROSSING
        return SweepLanes(
            self.bars,
            params if crossing else [make_handler(self.strategy, p, 1) for p in params],
            run.instruments[0],
            run.execution,
            run.initial_capital,
            run.first_ts,
            self.year,
            self.ends,
            self.risk_free,
            self.benchmark,
            width,
            keep_returns,
        )


def lane_terms(run: PreparedRun, strategy: Any, params: Any) -> LaneTerms | None:
    """The terms of lanes for runs of a built-in strategy; `params` are those of one of them.

    None if the engine has to play them: lanes take signal strategies over the bars of one symbol.
    """
    if not isinstance(strategy, str) or not STRATEGIES[strategy].module or run.mark_every != 0:
        return None
    if not is_plain_run(run):
        return None
    bars = run.markets[0][1][0]
    if not isinstance(bars, Bars) or not isinstance(make_handler(strategy, params, 1), Signal):
        return None
    period, ends = period_ends(bars.end, run.timezone, run.calendar_closes)
    at, annual = bars.end[ends], run.annual
    year = year_of(period, run.first_ts, at, annual, run.calendar_closes)
    worth = (
        None
        if run.benchmark is None
        else returns(run.benchmark.values(np.append(run.first_ts, at), run.initial_capital))
    )
    return LaneTerms(
        run, bars, strategy, year, ends, period_rates(annual.risk_free, run.first_ts, at, year.periods), worth
    )


def portions(terms: LaneTerms, params: Sequence[Any], workers: int) -> list[Rows]:
    """Indexes of the runs, in portions for workers to play; runs with the same long mean are together.

    A portion takes a fraction of a second. Progress is reported and an interrupt takes effect between two.
    """
    n, n_bars, n_ends = len(params), len(terms.bars), len(terms.ends)
    order = sorted(range(n), key=lambda i: _mean_lengths(params[i]))
    most = CLOSES_BYTES // (8 * (n_ends + 1))
    quick = max(PORTION_RUNS, PORTION_BARS // n_bars)
    size = max(1, min(most, quick, -(-n // (2 * workers))))
    return [np.array(order[at : at + size], np.int64) for at in range(0, n, size)]


def _mean_lengths(params: Any) -> tuple[int, int]:
    return getattr(params, "long_period", 0), getattr(params, "short_period", 0)
