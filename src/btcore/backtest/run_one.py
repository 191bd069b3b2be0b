"""The front door: check, allocate, run, wrap."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from btcore.config import Capital, Currency, Execution, FxRates, Instrument, RunRequest, checked
from btcore.contract import Handler
from btcore.data.catalog.catalog import Catalog
from btcore.data.markets import Market, Markets, tape_of, window
from btcore.data.source import Source
from btcore.data.timestamps import Moment, moment_ns
from btcore.engine.engine import Engine
from btcore.errors import ConfigError, DataError
from btcore.fastpath.order_run import OrderRun
from btcore.fastpath.plain import is_plain
from btcore.feed.tape import Tape
from btcore.results.journal import RunJournal
from btcore.results.result import Result
from btcore.strategies import TargetWeights, check_params, make_handler
from btcore.strategies.arrays.orders import Orders
from btcore.strategies.callbacks.handler import PythonHandler
from btcore.strategies.callbacks.strategy import Strategy
from btcore.strategies.compiled.compiled import Compiled
from btcore.strategies.targets.targets import Targets
from btcore.times.clock import zone
from btcore.times.intervals import Interval
from btcore.times.sessions import Sessions, calendar_code, sessions

from .drive import play
from .inputs import check_instruments, mark_grid, price_columns, refuse_negative
from .manifest import describe_data, describe_run, describe_strategy, fingerprint, make_manifest
from .progress import Progress, ProgressCallback, reporter
from .scheduled import schedule

Played = str | type[Strategy] | Strategy | Orders | Targets | Compiled | Handler
Described = Callable[[], dict[str, Any]]


def run(
    data: Mapping[str, Market],
    strategy: Played,
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
    setting = prepare(
        data,
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
        data_source=data_source,
    )
    handler, described = setting.handler(strategy, params)
    tell, close = reporter(progress)
    try:
        return setting.play(handler, described, tell)
    finally:
        close()


def prepare(
    data: Mapping[str, Market],
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
    data_source: str = "memory",
) -> "Setting":
    """All that runs over the same data and terms share, checked; the arguments are those of `run`."""
    named = str(zone(timezone))
    terms: Execution = checked("execution", _terms(execution, intrabar), Execution)
    rates: FxRates = checked("fx", dict(fx or {}), FxRates)
    capital: float = checked("initial_capital", initial_capital, Capital)
    money: str = checked("currency", currency, Currency)
    since = None if start is None else moment_ns(start, timezone, "start")
    until = None if end is None else moment_ns(end, timezone, "end")
    if since is not None and until is not None and since >= until:
        raise ConfigError("end: not after start")
    markets = window(data, since, until)
    steps = check_instruments(instruments, markets)
    refuse_negative(markets, steps)
    every = mark_grid(mark_every, markets)
    tape = tape_of(data, markets, since, until)
    first = tape.first_time() if since is None else since
    days = sessions(first, tape.last_time(), named, calendar)
    symbols = tuple(symbol for symbol, _ in markets)
    return Setting(
        markets=markets,
        steps=steps,
        terms=terms,
        rates=rates,
        capital=capital,
        currency=money,
        timezone=named,
        start=since,
        end=until,
        first=first,
        every=every,
        days=days,
        calendar=calendar,
        dated=schedule(
            symbols, steps, terms, rates, currency=money, timezone=named, closes=days.closes, start=first
        ),
        tape=tape,
        data_source=data_source,
        hashed=cache(lambda: describe_data(markets)),
    )


class Setting(NamedTuple):
    """What every run over the same data and terms shares; any number may go on, in as many threads."""

    markets: Markets
    steps: list[Instrument]
    terms: Execution
    rates: FxRates
    capital: float
    currency: str
    timezone: str
    start: int | None  # as asked, ns UTC
    end: int | None
    first: int  # where the curve begins
    every: int
    days: Sessions
    calendar: str | None
    dated: NDArray[Any]
    tape: Tape
    data_source: str
    hashed: Callable[[], list[dict[str, Any]]]

    @property
    def closes(self) -> NDArray[np.int64] | None:
        """Of the calendar's sessions; None where days count."""
        return None if self.calendar is None else self.days.closes

    def handler(
        self, strategy: Played, params: Mapping[str, Any] | None
    ) -> tuple[Handler | Orders, Described]:
        """The strategy, ready for one run, and as the manifest tells it."""
        handler, described = _handler(
            strategy,
            params,
            self.tape.symbols,
            lambda asked: asked.play(self.markets, self.steps, self.timezone, self.terms, self.rates),
        )
        if isinstance(handler, PythonHandler):
            handler.context.see(self.markets)
        return handler, described

    def play(self, handler: Handler | Orders, described: Described, tell: ProgressCallback | None) -> Result:
        """One run."""
        asked = cache(lambda: self.describe(described()))
        return Result.from_journal(
            RunJournal(
                self._play_orders(handler, tell)
                if isinstance(handler, Orders)
                else self._play(handler, tell),
                notes=_notes(self.terms, self.markets, self.data_source),
                said=list(handler.context.logs) if isinstance(handler, PythonHandler) else [],
                closes=self.closes,
            ),
            manifest=lambda: make_manifest(asked(), self.hashed(), self.data_source),
            fingerprint=lambda: fingerprint(asked(), self.hashed()),
            timezone=self.timezone,
            prices=price_columns(self.markets),
        )

    def _play(self, handler: Handler, tell: ProgressCallback | None) -> Engine:
        return play(
            lambda: Engine(
                self.tape, handler, self.steps, self.terms, self.capital, self.first, self.every,
                self.days.opens, self.days.closes, self.dated,
            ),
            tell,
            handler,
        )  # fmt: skip

    def _play_orders(self, orders: Orders, tell: ProgressCallback | None) -> OrderRun | Engine:
        """In plain terms from order to order; else, and where something rare comes up, event by event."""
        if orders.is_plain and is_plain(self.tape, self.steps, self.terms, self.dated):
            run = play(
                lambda: OrderRun(
                    self.tape, orders.timestamp, orders.side, orders.quantity, self.steps[0], self.terms,
                    self.capital, self.first, self.every,
                ),
                None,
            )  # fmt: skip
            if not run.given_up:
                if tell is not None:
                    tell(Progress(1.0, run.now, run.equity, run.n_done))
                return run
        return self._play(orders.handler(self.tape.symbols), tell)

    def describe(self, strategy: dict[str, Any]) -> dict[str, Any]:
        """The run of a described strategy, in plain values."""
        return describe_run(
            strategy=strategy,
            execution=self.terms,
            instruments=dict(zip(self.tape.symbols, self.steps, strict=True)),
            initial_capital=self.capital,
            currency=self.currency,
            timezone=self.timezone,
            start=self.start,
            end=self.end,
            mark_every=self.every or None,
            calendar=None if self.calendar is None else self.days.name,
            fx=self.rates,
        )


def check_request(request: RunRequest, source: Source) -> None:
    """Raises ConfigError or DataError for a request that can't be run; loads next to no data."""
    zone(request.timezone)
    if request.calendar is not None:
        calendar_code(request.calendar)
    params = check_params(request.strategy.name, request.strategy.params)
    if isinstance(params, TargetWeights):
        Targets.of_weights(params, request.symbols)
    check_data(request, source)


def check_data(request: RunRequest, source: Source) -> None:
    """DataError, with the symbol's place, for what the source does not hold."""
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
        load_data(request, source),
        request.strategy.name,
        request.strategy.params,
        progress=progress,
        **run_terms(request, source),
    )


def load_data(request: RunRequest, source: Source) -> Mapping[str, Market]:
    """What a request's symbols hold."""
    asked = request.resolution, request.start_ns, request.end_ns
    if isinstance(source, Catalog):
        return source.merge(request.symbols, *asked, keep=False)
    return {symbol: source.load(symbol, *asked) for symbol in request.symbols}


def run_terms(request: RunRequest, source: Source) -> dict[str, Any]:
    """The keyword arguments of `run` that a request stands for."""
    return {
        "initial_capital": request.initial_capital,
        "currency": request.currency,
        "timezone": request.timezone,
        "start": request.start_ns,
        "end": request.end_ns,
        "execution": request.execution,
        "instruments": request.instruments,
        "mark_every": request.mark_every,
        "calendar": request.calendar,
        "fx": request.fx,
        "data_source": source.describe(),
    }


def _terms(execution: Execution | None, intrabar: str | None) -> Execution:
    terms = Execution() if execution is None else execution
    if intrabar is not None and isinstance(terms, Execution):
        terms = replace(terms, intrabar=intrabar)
    return terms


def _handler(
    strategy: Played,
    params: Mapping[str, Any] | None,
    symbols: tuple[str, ...],
    play: Callable[[Targets], Any],
) -> tuple[Handler | Orders, Described]:
    """The strategy as the engine calls it, and as the manifest tells it."""
    if isinstance(strategy, Orders):
        if params:
            raise ConfigError("params: only a strategy's name or class takes them")
        strategy.places(symbols)
        return strategy, lambda: describe_strategy(strategy, None)  # hashes columns that nothing changes
    handler, described = _called(strategy, params, symbols, play)
    return handler, lambda: described


def _called(
    strategy: str | type[Strategy] | Strategy | Targets | Compiled | Handler,
    params: Mapping[str, Any] | None,
    symbols: tuple[str, ...],
    play: Callable[[Targets], Any],
) -> tuple[Handler, dict[str, Any]]:
    """A strategy that is asked at every event."""
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
    if isinstance(strategy, Targets):
        return PythonHandler(play(strategy), symbols), describe_strategy(strategy, None)
    if isinstance(strategy, Compiled):
        strategy = strategy.handler()
    if isinstance(strategy, Handler):
        return strategy, describe_strategy(strategy, None)
    raise ConfigError(
        f"strategy: {strategy!r} is no built-in's name, Strategy, Orders, Targets, Compiled or handler"
    )


def _notes(terms: Execution, markets: Markets, data_source: str) -> list[str]:
    """What a reader of the result should know of how it came about."""
    notes = [data_source] if data_source.startswith("synthetic") else []
    if terms.latency_ms and any(c.kind == "bars" for _, containers in markets for c in containers):
        notes.append(
            "latency on bars: an order sent at a bar's close arrives after the "
            "next bar's open where that comes at once, and then takes part from the bar after"
        )
    return notes
