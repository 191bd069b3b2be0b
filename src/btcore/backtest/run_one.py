"""`run`: plays one strategy over market data."""

import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypedDict

from msgspec.structs import replace

from btcore.config import Execution, Instrument
from btcore.contract import Handler
from btcore.costs import CostModel
from btcore.data.built_bars import BarSpec
from btcore.data.run_data import RunData
from btcore.data.timestamps import Moment
from btcore.engine.engine import Engine
from btcore.errors import ConfigError
from btcore.names import names_keywords
from btcore.results.journal import LogLine, RunJournal
from btcore.results.result import Result
from btcore.strategies.arrays.orders import Orders
from btcore.strategies.callbacks.handler import CallbackHandler
from btcore.strategies.callbacks.strategy import Strategy
from btcore.strategies.signals.handler import SignalsHandler
from btcore.strategies.signals.signals import ignored_lines
from btcore.times.intervals import Interval

from .fast_paths import play
from .handlers import Describe, StrategyLike, prepare_strategy
from .inputs import execution_source, price_columns
from .manifest import fingerprint, make_manifest, with_notes
from .opening import prepare_run
from .prepare import PreparedRun
from .progress import ProgressCallback, reporter
from .strategy_checks import check_strategy

BOUNDS = "bounds"
Intrabar = Literal["pessimistic", "optimistic", "path", "bounds"]


class RunTerms(TypedDict, total=False):
    """The keyword arguments of `run` that `sweep` and `leakcheck` take too."""

    initial_capital: float
    currency: str
    timezone: str | None
    start: Moment | None
    end: Moment | None
    execution: Execution | None
    instruments: Mapping[str, Instrument] | None
    mark_every: Interval | None
    calendar: str | None
    fx: Mapping[str, Any] | None
    intrabar: Intrabar | None
    periods_per_year: float | None
    risk_free: float | Sequence[tuple[Any, float]]
    benchmark: str | Mapping[str, Any] | None
    cost_model: CostModel | None
    build_bars: Sequence[BarSpec] | None
    data_source: str | None
    warm_up: int


@names_keywords()
def run(
    data: RunData,
    strategy: StrategyLike,
    params: Mapping[str, Any] | None = None,
    *,
    symbol: str | None = None,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    initial_capital: float = 1_000_000.0,
    currency: str = "USD",
    timezone: str | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    execution: Execution | None = None,
    instruments: Mapping[str, Instrument] | None = None,
    mark_every: Interval | None = None,
    calendar: str | None = None,
    fx: Mapping[str, Any] | None = None,
    intrabar: Intrabar | None = None,
    periods_per_year: float | None = None,
    risk_free: float | Sequence[tuple[Any, float]] = 0.0,
    benchmark: str | Mapping[str, Any] | None = None,
    cost_model: CostModel | None = None,
    build_bars: Sequence[BarSpec] | None = None,
    progress: ProgressCallback | bool | None = None,
    data_source: str | None = None,
    warm_up: int = 0,
) -> Result:
    """Plays `strategy` over `data` by the rules of docs/simulation.md.

    data: symbols to Bars, Quotes or Trades, or to a tuple of these, one of each kind; of bars several
        lengths, of which the shortest fill orders and the others are only seen. Tables (pandas,
        polars, Arrow, a dict of columns, a structured array) and paths of files (CSV, Parquet, Arrow, npz)
        are read first, with the defaults of `from_frame` and of the readers. Or a Source, which is a Catalog
        (or the path of its folder), a SampleMarket, or an object of your own with its methods.
    strategy: the name of a built-in strategy, a Strategy or a subclass, Orders, Signals, Targets,
        Compiled, or a compiled Handler.
    params: parameters, for a strategy given by name or class.
    symbol: the symbol of `data` that are one container, table or file, not a mapping.
    symbols: the symbols to trade, with a Source.
    resolution: that of the data, with a Source: "tick", "second", "minute", "hour", "day", or another length
        such as "5min"; "day" by default.
    initial_capital: cash at the start, in `currency`.
    currency: code of the currency of the account, such as "USD".
    timezone: IANA name; times without an offset are read in it, also those of tables and files, and its
        midnights end days. None is the zone of the data if all symbols have the same one, else UTC, in which
        tables and files are read then. The log says where it comes from the data, and where zones differ.
    start, end: rows with `start <= timestamp < end` are used. A time is int ns UTC, an ISO 8601 text, a
        datetime or a date, the beginning of its day; None is the first row, or the end of the data.
    execution: costs, latency, liquidity and account; None for the defaults of Execution.
    instruments: symbols to Instrument, which replaces that of a Source as a whole; a symbol left out has the
        one that the Source defines, else the defaults of Instrument.
    mark_every: the grid of the equity curve, such as "1min" or a number of ns. By default the curve has a
        point at the end of every bar, or one per minute if there are quotes or trades.
    calendar: code of the exchange whose sessions are used, such as "XNYS"; None for local days.
    fx: currencies to the price of one unit in `currency`: a number, or a list of (time, number), each valid
        from its time on.
    intrabar: replaces the field of that name of `execution`; with "bounds" the result is the pessimistic run,
        and `bounds` has the metrics of the optimistic one too.
    periods_per_year: the number of periods (days or sessions) in a year, for the annual figures; None for
        that of the calendar, or of the data: 365, 252, 52, 12 or 4 by how often they have points.
    risk_free: rate per year as a fraction (0.05 is 5 %), or a list of (time, rate), each valid from its time
        on.
    benchmark: a symbol of the data to compare with, or of their Source, which is loaded beside `symbols`; or
        {symbol: data}. The strategy sees and trades only what is in `data`, or in `symbols` of a Source.
    cost_model: your own functions for commission, slippage and fill size; None for the settings.
    build_bars: bars of other resolutions that are built from the rows of each symbol and seen at their end:
        texts such as "5min", "day", "1000 ticks", "5000 volume", "1e6 value", "0.5 range" or "2 renko", or
        mappings of the options of `resample` and "source", the kind they are built from.
    progress: a function that is called with a Progress about every 0.02 s; True draws a bar on stderr, False
        does not, and None draws one if stderr is a terminal.
    data_source: where the data come from, for the manifest; None for what a Source says, else "memory".
    warm_up: rows of each symbol before `start` that the strategy can read, so that its indicators are ready
        then; nothing happens before it. docs/strategies.md says what each kind of strategy does with them.

    Raises ConfigError, DataError or OrderError before anything runs; StrategyError if the strategy fails.
    """
    prepared = prepare_run(
        data,
        symbol=symbol,
        symbols=symbols,
        resolution=resolution,
        initial_capital=initial_capital,
        currency=currency,
        timezone=timezone,
        start=start,
        end=end,
        execution=execution,
        instruments=instruments,
        mark_every=mark_every,
        calendar=calendar,
        fx=fx,
        intrabar=intrabar,
        periods_per_year=periods_per_year,
        risk_free=risk_free,
        benchmark=benchmark,
        cost_model=cost_model,
        build_bars=build_bars,
        data_source=data_source,
        warm_up=warm_up,
    )
    if prepared.execution.intrabar == BOUNDS and isinstance(strategy, Handler):
        raise ConfigError(
            "intrabar: 'bounds' plays the strategy twice, and a compiled handler plays one run only"
        )
    handler, describe = prepare_strategy(prepared, strategy, params)
    lines = check_strategy(prepared, strategy, params)
    report, close = reporter(progress)
    try:
        result = play_prepared(prepared, handler, describe, report, lines)
        if prepared.execution.intrabar == BOUNDS:
            optimistic = in_order(prepared, "optimistic")
            other = play_prepared(optimistic, *prepare_strategy(optimistic, strategy, params), None)
            result.optimistic_metrics = other.metrics
        return result
    finally:
        close()


def in_order(prepared: PreparedRun, intrabar: Intrabar) -> PreparedRun:
    """The prepared run with that order of prices within bars."""
    return prepared._replace(execution=replace(prepared.execution, intrabar=intrabar))


def play_prepared(
    prepared: PreparedRun,
    handler: Handler | Orders,
    describe: Describe,
    report: ProgressCallback | None,
    lines: Sequence[str] = (),
) -> Result:
    """The result of one run of a prepared strategy; its manifest and fingerprint are computed when read.

    `lines` are about the strategy, for the head of the log.
    """
    description = cache(lambda: prepared.describe(describe()))
    player = play(prepared, handler, report)
    indicators = handler.context.finish_indicators() if isinstance(handler, CallbackHandler) else {}
    played = _played(handler)
    journal = RunJournal(
        player,
        notes=[*_notes(prepared), *prepared.cautions, *lines],
        log_lines=_log_lines(handler, prepared.tape.symbols),
        timers=handler.context.waiting_timers if isinstance(handler, CallbackHandler) and played else [],
        closes=prepared.calendar_closes,
        tags=_tags(handler, player),
    )
    return Result.from_journal(
        journal,
        manifest=lambda: make_manifest(
            description(),
            with_notes(prepared.data_hashes(), prepared.streams),
            data_source=prepared.data_source,
            timezone_from=prepared.timezone_from,
        ),
        fingerprint=lambda: fingerprint(description(), prepared.data_hashes()),
        timezone=prepared.timezone,
        annual=prepared.annual,
        benchmark=None if prepared.benchmark is None else prepared.benchmark.values,
        prices=price_columns(prepared.markets),
        strategy=played,
        indicators=indicators,
        markets={symbol: execution_source(containers) for symbol, containers in prepared.rows_of_run},
    )


def _log_lines(handler: Handler | Orders, symbols: Sequence[str]) -> list[LogLine]:
    """The strategy's lines of the log; those of signals come after the run."""
    if isinstance(handler, CallbackHandler):
        return list(handler.context.logs)
    if isinstance(handler, SignalsHandler):
        return [(sys.maxsize, line) for line in ignored_lines(handler, symbols)]
    return []


def _tags(handler: Handler | Orders, player: object) -> Mapping[int, str]:
    """The tags of the orders, by id."""
    if isinstance(handler, CallbackHandler):
        return handler.context.tags
    if isinstance(handler, Orders):
        return handler.tags(player.order_ids if isinstance(player, Engine) else None)
    return {}


def _played(handler: Handler | Orders) -> Strategy | None:
    """The instance that a run with Python callbacks has played."""
    strategy = getattr(handler, "strategy", None)
    return strategy if isinstance(strategy, Strategy) else None


def _notes(prepared: PreparedRun) -> list[str]:
    """Lines for the head of the log: how the data were read, and cautions for the reader of the result."""
    markets, data_source = prepared.streams, prepared.data_source
    notes = [data_source] if data_source.startswith("synthetic") else []
    notes += prepared.source_lines
    notes += [
        f"{symbol} {container.kind}: {note}"
        for symbol, containers in markets
        for container in containers
        for note in container.notes
    ]
    if prepared.execution.latency_ms and any(c.kind == "bars" for _, streams in markets for c in streams):
        notes.append(
            "latency on bars: an order sent at a bar's close arrives after the "
            "next bar's open where that comes at once, and then takes part from the bar after"
        )
    return notes
