"""The front door: check, allocate, run, wrap."""

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from .config import Capital, Currency, Execution, FxRates, Instrument, RunRequest, checked, zone
from .context import PythonHandler
from .contract import Handler
from .data.containers import Bars, Quotes, Trades
from .data.intervals import Interval, interval_ns
from .data.moments import Moment, moment_ns
from .data.sessions import calendar_code, sessions
from .data.source import Source, check_symbol
from .engine import Engine
from .errors import ConfigError, DataError, StrategyError
from .manifest import describe_data, describe_run, describe_strategy, fingerprint, make_manifest
from .model import NoteKind
from .progress import Progress, ProgressCallback, reporter
from .result import Result
from .schedule import schedule
from .strategies import TargetWeights, check_params, make_handler
from .strategy import Orders, Strategy
from .tape import Tape
from .targets import Targets
from .words import REASONS

Container = Bars | Quotes | Trades
Market = Container | tuple[Container, ...] | list[Container]
MINUTE_NS = 60 * 10**9
FIRST_PORTION, LAST_PORTION = 1 << 12, 1 << 22  # events between two looks at a run
LOOK_SECONDS = 0.02


class RunJournal(NamedTuple):
    """What the engine wrote down: records as in `btcore.model`, their symbols indexes into `symbols`."""

    symbols: tuple[str, ...]
    orders: NDArray[Any]
    fills: NDArray[Any]
    equity: NDArray[Any]
    exposures: NDArray[Any]
    positions: NDArray[Any]
    cash_flows: NDArray[Any]
    restatements: NDArray[Any]
    notes: NDArray[Any]
    closes: NDArray[np.int64] | None
    logs: list[str]
    ambiguous_bars: int
    events: int


def run(
    data: Mapping[str, Market],
    strategy: str | type[Strategy] | Strategy | Orders | Targets | Handler,
    params: Mapping[str, Any] | None = None,
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
    progress: ProgressCallback | bool | None = None,
    data_source: str = "memory",
) -> Result:
    """Plays `strategy` over `data` by the rules of docs/simulation.md and returns what came of it.

    `data` maps symbols to Bars, Quotes or Trades, or to a tuple of them; rows with `start <= timestamp < end`
    take part (naive moments are read in `timezone`). `mark_every` is the grid of the equity curve: by default
    every bar, or one minute for ticks. `calendar` names the exchange whose sessions count (None: local days),
    `fx` the rates of other currencies (a number, or dated steps), and `intrabar` goes before that of
    `execution`. `progress` is called now and then with a `Progress`; by default a bar is drawn on a terminal.

    Raises ConfigError, DataError or OrderError before anything runs, StrategyError when the strategy fails.
    """
    named = str(zone(timezone))
    terms: Execution = checked("execution", _terms(execution, intrabar), Execution)
    rates: FxRates = checked("fx", dict(fx or {}), FxRates)
    capital: float = checked("initial_capital", initial_capital, Capital)
    money: str = checked("currency", currency, Currency)
    since = None if start is None else moment_ns(start, timezone, "start")
    until = None if end is None else moment_ns(end, timezone, "end")
    if since is not None and until is not None and since >= until:
        raise ConfigError("end: not after start")
    markets = _window(data, since, until)
    steps = _instruments(instruments, markets)
    _refuse_negative(markets, steps)
    every = _mark_every(mark_every, markets)

    symbols = tuple(symbol for symbol, _ in markets)
    handler, played = _handler(
        strategy, params, symbols, lambda asked: asked.play(markets, steps, named, terms, rates)
    )
    tape = Tape(markets)
    if isinstance(handler, PythonHandler):
        handler.context.see(markets)
    first = tape.first_time() if since is None else since
    days = sessions(first, tape.last_time(), named, calendar)
    dated = schedule(
        symbols, steps, terms, rates, currency=money, timezone=named, closes=days.closes, start=first
    )
    tell, close = reporter(progress)
    try:
        engine = _play(
            lambda: Engine(
                tape, handler, steps, terms, capital, first, every, days.opens, days.closes, dated
            ),
            handler,
            tell,
        )
    finally:
        close()

    described = describe_run(
        strategy=played,
        execution=terms,
        instruments=dict(zip(symbols, steps, strict=True)),
        initial_capital=capital,
        currency=money,
        timezone=named,
        start=since,
        end=until,
        mark_every=every or None,
        calendar=None if calendar is None else days.name,
        fx=rates,
    )
    hashed = cache(lambda: describe_data(markets))
    return Result.from_journal(
        _journal(
            engine,
            handler,
            tape,
            _notes(terms, markets, data_source),
            None if calendar is None else days.closes,
        ),
        manifest=lambda: make_manifest(described, hashed(), data_source),
        fingerprint=lambda: fingerprint(described, hashed()),
        timezone=named,
        prices=_prices(dict(markets)),
    )


def check_request(request: RunRequest, source: Source) -> None:
    """Raises ConfigError or DataError for a request that can't be run; loads next to no data."""
    zone(request.timezone)
    if request.calendar is not None:
        calendar_code(request.calendar)
    params = check_params(request.strategy.name, request.strategy.params)
    if isinstance(params, TargetWeights):
        Targets.of_weights(params, request.symbols)
    for i, symbol in enumerate(request.symbols):
        try:
            source.check(symbol, request.resolution, request.start_ns, request.end_ns)
        except DataError as error:
            raise DataError(f"symbols[{i}]: {error}") from error


def run_request(
    request: RunRequest, source: Source, *, progress: ProgressCallback | bool | None = False
) -> Result:
    """The run that a request asks for, on a catalog or the sample market; the same numbers as `run`."""
    check_request(request, source)
    return run(
        {
            symbol: source.load(symbol, request.resolution, request.start_ns, request.end_ns)
            for symbol in request.symbols
        },
        request.strategy.name,
        request.strategy.params,
        initial_capital=request.initial_capital,
        currency=request.currency,
        timezone=request.timezone,
        start=request.start_ns,
        end=request.end_ns,
        execution=request.execution,
        instruments=request.instruments,
        mark_every=request.mark_every,
        calendar=request.calendar,
        fx=request.fx,
        progress=progress,
        data_source=source.describe(),
    )


def _terms(execution: Execution | None, intrabar: str | None) -> Execution:
    terms = Execution() if execution is None else execution
    if intrabar is not None and isinstance(terms, Execution):
        terms = replace(terms, intrabar=intrabar)
    return terms


def _window(
    data: Mapping[str, Market], start: int | None, end: int | None
) -> list[tuple[str, tuple[Container, ...]]]:
    """Each symbol's streams within the range; an error says where nothing is left."""
    if not isinstance(data, Mapping) or not data:
        raise ConfigError("data: a mapping of at least one symbol to its Bars, Quotes or Trades is needed")
    markets = []
    for symbol, market in data.items():
        check_symbol(symbol)
        containers = tuple(market) if isinstance(market, tuple | list) else (market,)
        for container in containers:
            if not isinstance(container, Container):
                raise ConfigError(
                    f"data[{symbol!r}]: {type(container).__name__} is not Bars, Quotes or Trades"
                )
        kinds = [c.kind for c in containers]
        if len(set(kinds)) < len(kinds):
            raise ConfigError(
                f"data[{symbol!r}]: two streams of {max(kinds, key=kinds.count)}; join them first"
            )
        kept = tuple(c.slice(start, end) for c in containers)
        if not any(len(c) for c in kept):
            held = "; ".join(repr(c) for c in containers) or "nothing"
            raise DataError(f"data[{symbol!r}]: no rows between start and end (it holds {held})")
        markets.append((symbol, tuple(c for c in kept if len(c))))
    return markets


def _instruments(
    given: Mapping[str, Instrument] | None, markets: list[tuple[str, tuple[Container, ...]]]
) -> list[Instrument]:
    given = given or {}
    symbols = [symbol for symbol, _ in markets]
    strangers = sorted(set(given) - set(symbols))
    if strangers:
        raise ConfigError(
            f"instruments: {strangers[0]!r} is not in this run; its symbols are {', '.join(symbols)}"
        )
    return [
        checked(f"instruments[{symbol!r}]", given[symbol], Instrument) if symbol in given else Instrument()
        for symbol in symbols
    ]


def _refuse_negative(markets: list[tuple[str, tuple[Container, ...]]], instruments: list[Instrument]) -> None:
    """ConfigError where data hold a price that is not positive, and their instrument says there is none."""
    for (symbol, containers), instrument in zip(markets, instruments, strict=True):
        for container in containers:
            if not container.negative_prices or instrument.negative_prices:
                continue
            least = {"bars": "low", "quotes": "bid", "trades": "price"}[container.kind]
            if container.columns[least].min() <= 0.0:
                raise ConfigError(
                    f"instruments[{symbol!r}]: its {container.kind} hold negative prices; "
                    "Instrument(negative_prices=True) admits them"
                )


def _mark_every(mark_every: Interval | None, markets: list[tuple[str, tuple[Container, ...]]]) -> int:
    """ns; 0 for a point at every distinct time, as suits bars."""
    if mark_every is None:
        bars_alone = all(c.kind == "bars" for _, containers in markets for c in containers)
        return 0 if bars_alone else MINUTE_NS
    try:
        return interval_ns(mark_every)
    except DataError as error:
        raise ConfigError(f"mark_every: {error}") from error


def _handler(
    strategy: str | type[Strategy] | Strategy | Orders | Targets | Handler,
    params: Mapping[str, Any] | None,
    symbols: tuple[str, ...],
    play: Callable[[Targets], Any],
) -> tuple[Handler, dict[str, Any]]:
    """The strategy as the engine calls it, and as the manifest tells it."""
    if isinstance(strategy, str):
        checked = check_params(strategy, params or {})
        described = describe_strategy(strategy, checked)
        if isinstance(checked, TargetWeights):
            return PythonHandler(play(Targets.of_weights(checked, symbols)), symbols), described
        return make_handler(strategy, checked, len(symbols)), described
    if isinstance(strategy, type) and issubclass(strategy, Strategy):
        strategy, params = strategy(**(params or {})), None
    if params:
        raise ConfigError("params: only a strategy's name or class takes them")
    if isinstance(strategy, Strategy):
        return PythonHandler(strategy, symbols), describe_strategy(strategy, None)
    if isinstance(strategy, Orders):
        return strategy.handler(symbols), describe_strategy(strategy, None)
    if isinstance(strategy, Targets):
        return PythonHandler(play(strategy), symbols), describe_strategy(strategy, None)
    if isinstance(strategy, Handler):
        return strategy, describe_strategy(strategy, None)
    raise ConfigError(
        f"strategy: {strategy!r} is no built-in's name, Strategy, Orders, Targets or compiled handler"
    )


def _play(make: Callable[[], Engine], handler: Handler, tell: ProgressCallback | None) -> Engine:
    """From the first event to the last, in portions of about LOOK_SECONDS."""
    portion, looked = FIRST_PORTION, time.perf_counter()
    try:
        engine = make()
        total = engine.tape.n_events
        while engine.advance(portion):
            now = time.perf_counter()
            if now - looked < LOOK_SECONDS / 2:
                portion = min(2 * portion, LAST_PORTION)
            elif now - looked > 2 * LOOK_SECONDS:
                portion = max(portion // 2, 1)
            looked = now
            if tell is not None:
                tell(Progress(engine.n_done / total, engine.now, engine.equity, engine.n_done))
        engine.finish()
    except StrategyError as error:
        cause = getattr(handler, "error", None)
        if cause is None:
            raise
        if not isinstance(cause, Exception):
            raise cause from None  # an interrupt, or an exit
        raise StrategyError(f"{error}: {type(cause).__name__}: {cause}") from cause
    if tell is not None:
        tell(Progress(1.0, engine.now, engine.equity, total))
    return engine


def _notes(terms: Execution, markets: list[tuple[str, tuple[Container, ...]]], data_source: str) -> list[str]:
    """What a reader of the result should know of how it came about."""
    notes = [data_source] if data_source.startswith("synthetic") else []
    if terms.latency_ms and any(c.kind == "bars" for _, containers in markets for c in containers):
        notes.append(
            "latency on bars: an order sent at a bar's close arrives after the "
            "next bar's open where that comes at once, and then takes part from the bar after"
        )
    return notes


def _journal(
    engine: Engine, handler: Handler, tape: Tape, notes: list[str], closes: NDArray[np.int64] | None
) -> RunJournal:
    orders, told, equity = engine.orders(), engine.notes(), engine.points()
    said = list(handler.context.logs) if isinstance(handler, PythonHandler) else []
    said += _told(told)
    said.sort(key=lambda pair: pair[0])
    refused = orders["reason"][orders["status"] == 5]
    summary = [
        f"{count} orders rejected: {REASONS[int(code)]}"
        for code, count in zip(*np.unique(refused, return_counts=True), strict=True)
    ]
    snapped = np.count_nonzero(told["kind"] == NoteKind.SNAPPED)
    if snapped:
        summary.append(f"{snapped} orders moved to the steps of their instruments")
    if engine.lowest_cash < -0.005:  # what shows in cents
        summary.append(f"cash was below zero, at the least {engine.lowest_cash:.2f}")
    if equity["equity"][-1] < 0.0:
        summary.append(f"equity ended below zero: {equity['equity'][-1]:.2f}")
    return RunJournal(
        symbols=tape.symbols,
        orders=orders,
        fills=engine.fills(),
        equity=equity,
        exposures=engine.exposures(),
        positions=engine.positions(),
        cash_flows=engine.cash_flows(),
        restatements=engine.restatements(),
        notes=told,
        closes=closes,
        logs=notes + [text for _, text in said] + summary,
        ambiguous_bars=engine.ambiguous_bars,
        events=engine.n_done,
    )


def _told(notes: NDArray[Any]) -> list[tuple[int, str]]:
    """Lines for what a reader must not overlook, each with the number of the strategy's call before it."""
    lines = []
    for note in notes[np.isin(notes["kind"], (NoteKind.AMEND_REFUSED, NoteKind.LIQUIDATED))]:
        line = f"order {note['order_id']}: amend refused, the order stays as it was"
        if note["kind"] == NoteKind.LIQUIDATED:
            line = (
                f"{np.datetime64(int(note['ts']), 'ns')}Z: liquidated, equity {note['value']:.2f} is below "
                "the maintenance margin"
            )
        lines.append((int(note["calls"]), line))
    return lines


def _prices(markets: dict[str, tuple[Container, ...]]) -> Callable[[str], Any]:
    """Of a symbol: when each price began and was known, and how low and high it was."""
    ranks = {"quotes": 0, "trades": 1, "bars": 2}

    def columns(symbol: str) -> Any:
        source = min(markets[symbol], key=lambda c: ranks[c.kind])
        start = source.timestamp
        if isinstance(source, Quotes):
            mid = 0.5 * (source.bid + source.ask)
            return start, start, mid, mid
        if isinstance(source, Trades):
            return start, start, source.price, source.price
        return start, start + source.interval, source.low, source.high

    return columns
