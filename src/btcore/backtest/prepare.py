"""Checks the data and settings of a run, and builds the PreparedRun that all runs over them share."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from btcore.config import Capital, Currency, Execution, FxRates, Instrument, PeriodsPerYear, WarmUp, checked
from btcore.costs import CostModel
from btcore.data.built_bars import BarSpec, read_specs
from btcore.data.markets import SymbolData, SymbolStreams, build_tape, select_rows
from btcore.data.other_bars import OtherBars, records_of, split_resolutions
from btcore.data.timestamps import Moment, moment_ns
from btcore.errors import ConfigError
from btcore.feed.tape import Tape
from btcore.metrics.annual import AnnualSettings
from btcore.times.clock import zone
from btcore.times.intervals import Interval
from btcore.times.sessions import Sessions, sessions, sessions_a_year

from .benchmark import Benchmark
from .cautions import cautions
from .history import check_warm_up, warmed_up, wider_rows
from .inputs import (
    check_instruments,
    checked_cost_model,
    mark_grid,
    refuse_after_delisting,
    refuse_negative,
    refuse_path_of_sides,
    require_quotes_and_bars,
    require_sizes,
    time_span,
)
from .manifest import describe_cost_model, describe_data, describe_others, describe_run
from .other_resolutions import hours_of, prepare_others
from .scheduled import risk_free_rates, scheduled_events
from .session_ends import end_at_closes
from .symbol_sessions import SessionTable, days_with_data, own_sessions, session_table


class PreparedRun(NamedTuple):
    """Checked data and settings, shared by all runs over them, also by runs in several threads at once."""

    markets: SymbolStreams  # as played: bars of regular hours end at session closes
    instruments: list[Instrument]  # one per symbol, in the order of `markets`
    execution: Execution
    fx: FxRates
    initial_capital: float
    currency: str
    timezone: str
    start: int | None  # as given, ns UTC
    end: int | None  # likewise
    first_ts: int  # first point of the equity curve, ns UTC
    mark_every: int  # ns; 0 for a point at every event time
    sessions: Sessions  # of the run, whose ends divide the returns
    symbol_sessions: SessionTable
    calendar: str | None
    scheduled: NDArray[Any]  # records of DATED_DTYPE
    tape: Tape
    data_source: str
    data_hashes: Callable[[], list[dict[str, Any]]]  # of the data as given; computed at the first call
    cautions: list[str]  # lines of the log about the data
    annual: AnnualSettings  # for the metrics
    timezone_from: str = "given"  # why it is that zone: "given", "data" or "default"
    benchmark: Benchmark | None = None
    cost_model: CostModel | None = None
    source_lines: tuple[str, ...] = ()  # lines of the log about what the source of the data says of them
    others: tuple[OtherBars, ...] = ()  # the bars of other resolutions
    # The same as the engine reads them, sorted at the first call; None without any.
    other_bar_records: Callable[[], NDArray[Any] | None] = lambda: None
    build_bars: tuple[Any, ...] = ()  # as given
    warm_up: int = 0  # rows before the run that strategies can read, of each stream
    own_rows: SymbolStreams | None = None  # the markets without these; None: there are none

    @property
    def rows_of_run(self) -> SymbolStreams:
        """The markets without rows before the run."""
        return self.markets if self.own_rows is None else self.own_rows

    @property
    def streams(self) -> SymbolStreams:
        """The markets, and the bars of other resolutions that were given with them."""
        return [*self.markets, *((each.symbol, (each.bars,)) for each in self.others if not each.built)]

    @property
    def calendar_closes(self) -> NDArray[np.int64] | None:
        """Session closes of the calendar, ns UTC; None without a calendar, when sessions are local days."""
        return None if self.calendar is None else self.sessions.closes

    def describe(self, strategy: dict[str, Any]) -> dict[str, Any]:
        """The settings of a run of the described strategy, as JSON values for the manifest."""
        return describe_run(
            strategy=strategy,
            execution=self.execution,
            instruments=dict(zip(self.tape.symbols, self.instruments, strict=True)),
            initial_capital=self.initial_capital,
            currency=self.currency,
            timezone=self.timezone,
            start=self.start,
            end=self.end,
            mark_every=self.mark_every or None,
            calendar=None if self.calendar is None else self.sessions.name,
            fx=self.fx,
            periods_per_year=self.annual.periods_per_year,
            risk_free=self.annual.risk_free,
            benchmark=None if self.benchmark is None else self.benchmark.describe(),
            cost_model=None if self.cost_model is None else describe_cost_model(self.cost_model),
            build_bars=list(self.build_bars),
            warm_up=self.warm_up,
        )


def prepare(
    data: Mapping[str, SymbolData],
    *,
    initial_capital: float = 1_000_000.0,
    currency: str = "USD",
    timezone: str = "UTC",
    start: Moment | None = None,
    end: Moment | None = None,
    execution: Execution | None = None,
    instruments: Mapping[str, Instrument] | None = None,
    mark_every: Interval | None = None,
    calendar: str | None = None,
    fx: Mapping[str, Any] | None = None,
    intrabar: str | None = None,
    periods_per_year: float | None = None,
    risk_free: Any = 0.0,
    cost_model: CostModel | None = None,
    build_bars: Sequence[BarSpec] | None = None,
    data_source: str = "memory",
    warm_up: int = 0,
) -> PreparedRun:
    """The checked data and settings; the arguments are those of `run`. Raises ConfigError or DataError."""
    zone_name = str(zone(timezone))
    checked_execution: Execution = _check_execution(execution, intrabar)
    checked_fx: FxRates = checked("fx", {} if fx is None else fx, FxRates)
    checked_capital: float = checked("initial_capital", initial_capital, Capital)
    checked_currency: str = checked("currency", currency, Currency)
    start_ns = None if start is None else moment_ns(start, timezone, "start")
    end_ns = None if end is None else moment_ns(end, timezone, "end")
    if start_ns is not None and end_ns is not None and start_ns >= end_ns:
        raise ConfigError(f"end: {end!r} is not after start {start!r}")
    warm_rows: int = checked("warm_up", warm_up, WarmUp)
    check_warm_up(warm_rows, start_ns)
    specs = read_specs(build_bars)
    data, given_others = split_resolutions(data)
    given = select_rows(data, start_ns, end_ns)
    refuse_path_of_sides(given, checked_execution)
    require_quotes_and_bars(given, checked_execution)
    checked_instruments = check_instruments(instruments, given)
    refuse_negative(given, checked_instruments)
    require_sizes(given, checked_execution)
    refuse_after_delisting(given, checked_instruments, zone_name)
    mark_ns = mark_grid(mark_every, given)
    lines = [*date_only_end(end), *cautions(given, checked_execution)]
    first_row, last_end = time_span(given)
    first_ts = first_row if start_ns is None else start_ns
    run_sessions = sessions(first_ts, last_end, zone_name, calendar)
    own = own_sessions([symbol for symbol, _ in given], checked_instruments, first_ts, last_end)
    by_calendar = None if calendar is None else run_sessions
    hours = hours_of(checked_instruments, calendar)
    own_rows, first_built = None, start_ns
    if warm_rows and start_ns is not None:
        wide = wider_rows(data, given, start_ns, end_ns, warm_rows)
        first = time_span(wide)[0]
        wide_sessions = own_sessions([symbol for symbol, _ in wide], checked_instruments, first, last_end)
        wide_calendar = None if calendar is None else sessions(first, last_end, zone_name, calendar)
        wide, end_lines = end_at_closes(
            wide, [wide_calendar if each is None else each for each in wide_sessions]
        )
        markets, own_rows, tape, warm_lines = warmed_up(wide, start_ns, warm_rows)
        given, first_built = markets, max(int(c.timestamp[0]) for _, streams in markets for c in streams)
        lines += warm_lines
    else:
        markets, end_lines = end_at_closes(given, [by_calendar if each is None else each for each in own])
        tape = Tape(markets) if end_lines else build_tape(data, markets, start_ns, end_ns)
    others, other_lines = prepare_others(
        given_others, specs, given, hours, timezone=zone_name, start=first_built, last=last_end
    )
    days = days_with_data(run_sessions, own_rows or markets) if calendar is None else [None] * len(markets)
    table = session_table([each or day for each, day in zip(own, days, strict=True)], run_sessions)
    return PreparedRun(
        markets=markets,
        instruments=checked_instruments,
        execution=checked_execution,
        fx=checked_fx,
        initial_capital=checked_capital,
        currency=checked_currency,
        timezone=zone_name,
        start=start_ns,
        end=end_ns,
        first_ts=first_ts,
        mark_every=mark_ns,
        sessions=run_sessions,
        symbol_sessions=table,
        calendar=calendar,
        scheduled=scheduled_events(
            tuple(symbol for symbol, _ in markets),
            checked_instruments,
            checked_execution,
            checked_fx,
            currency=checked_currency,
            timezone=zone_name,
            closes=run_sessions.closes,
            symbol_closes=table.closes,
            start=first_ts,
        ),
        tape=tape,
        data_source=data_source,
        data_hashes=cache(lambda: [*describe_data(given), *describe_others(others)]),
        cautions=lines + end_lines + other_lines,
        others=tuple(others),
        other_bar_records=cache(lambda: records_of(others, tape.symbols, first_ts) if others else None),
        build_bars=tuple(build_bars or ()),
        warm_up=warm_rows,
        own_rows=own_rows,
        cost_model=checked_cost_model(cost_model),
        annual=AnnualSettings(
            checked("periods_per_year", periods_per_year, PeriodsPerYear | None),
            risk_free_rates(risk_free, zone_name),
            None if calendar is None else sessions_a_year(run_sessions.name),
        ),
    )


def date_only_end(end: Moment | None) -> list[str]:
    """A line of the log about an end that is a date: the data end where that day begins."""
    is_date = isinstance(end, date) and not isinstance(end, datetime)
    if not is_date and isinstance(end, str):
        with suppress(ValueError):
            is_date = bool(date.fromisoformat(end))
    return [f"end {end} is the beginning of that day, which is not part of the run"] if is_date else []


def _check_execution(execution: Execution | None, intrabar: str | None) -> Execution:
    """`execution`, checked, with `intrabar` in place of its field if given."""
    settings: Execution = checked("execution", Execution() if execution is None else execution, Execution)
    if intrabar is None:
        return settings
    replaced: Execution = checked("execution", replace(settings, intrabar=intrabar), Execution)
    return replaced
