"""`leakcheck`: removes or alters later data, and reports look-ahead if this changes earlier results."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Annotated, Any, NamedTuple, Unpack

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from btcore.backtest.opening import completed, open_data_of_run
from btcore.backtest.run_one import RunTerms, run
from btcore.config import Execution, checked
from btcore.contract import Handler
from btcore.data.run_data import RunData
from btcore.errors import BtcoreError, ConfigError, StrategyError
from btcore.names import names_keywords
from btcore.results.result import Result
from btcore.strategies.arrays.handler import ArrayHandler
from btcore.strategies.arrays.orders import Orders
from btcore.strategies.callbacks.strategy import HOOKS as ALL_HOOKS
from btcore.strategies.callbacks.strategy import Strategy
from btcore.strategies.compiled.compiled import Compiled
from btcore.strategies.signals.signals import Signals
from btcore.times.clock import moment_text

from . import past as views
from .past import Past, difference
from .truncate import (
    Data,
    altered,
    begun,
    begun_and_next,
    choose_cuts,
    delivered,
    early_bars,
    early_other_bars,
    ended_at_closes,
    span_of,
)

StrategyLike = str | type[Strategy] | Strategy | Orders | Signals | Compiled | Handler
Params = Mapping[str, Any] | None

ARRAYS = (Orders, Signals)  # their rows act at `timestamp`
HOOKS = tuple(name for name in ALL_HOOKS if name != "on_end")


class LookaheadError(StrategyError):
    """Earlier orders, fills or equity depend on later data; the message names the first difference."""


class LeakReport(NamedTuple):
    """The extent of a check that found no look-ahead.

    runs: number of runs played.
    cuts: times at which the data were cut, ns UTC.
    orders_checked, fills_checked: orders and fills up to the last cut.
    remade: the strategy or its parameters were created again from each altered data set. If False,
        look-ahead in values computed before the run is not detected.
    cautions: lines about bars that seem to be longer than their length, so that their closes are used too
        early, and about orders that fill at the close on which they are decided. Runs that are compared on
        the same data cannot show this.
    """

    runs: int
    cuts: tuple[int, ...]
    orders_checked: int
    fills_checked: int
    remade: bool
    cautions: tuple[str, ...] = ()

    def __repr__(self) -> str:
        trial = f"{len(self.cuts)} cuts, {self.runs} runs"
        if self.orders_checked == 0:
            text = f"nothing checked, as no order was sent up to the last cut; {trial}"
            return f"<LeakReport: {'; '.join((text, *self.cautions))}>"
        text = f"no look-ahead in {self.orders_checked} orders and {self.fills_checked} fills; {trial}"
        if not self.remade:
            text += "; values computed before the run are not covered: pass a function of the data"
        return f"<LeakReport: {'; '.join((text, *self.cautions))}>"


@names_keywords(RunTerms)
def leakcheck(
    data: RunData,
    strategy: StrategyLike | Callable[[Data], StrategyLike],
    params: Params | Callable[[Data], Params] = None,
    *,
    symbol: str | None = None,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    cuts: int = 8,
    seed: int = 0,
    **run_options: Unpack[RunTerms],
) -> LeakReport:
    """Raises LookaheadError if a strategy's actions depend on later data; else reports what was compared.

        def below_mean(data):
            bars = data["A"]
            cheap = bars.close < bars.close.mean()  # the mean of the whole sample: look-ahead
            return bt.Orders(bars.end, "A", np.where(cheap, "buy", "sell"), 1)

        bars = bt.sample_bars("A", "2024-01-01", "2024-12-31")
        leakcheck({"A": bars}, below_mean)

        LookaheadError: order 3 sent at 2024-01-04T00:00:00Z: side is buy, with the future after
        2024-02-08T00:00:00Z truncated it is sell

    data, symbol, symbols, resolution: as in `bt.run`.
    strategy: what `bt.run` takes, or a function of the data that returns it, a new one at each call. The data
        are symbols to Bars, Quotes or Trades, also where tables, files or a Source are given.
    params: as in `bt.run`, or a function of the data that returns them. Values computed before a run
        (arrays, fits, normalisations) are checked only if such a function computes them.
    cuts: the largest number of times at which the data are cut.
    seed: chooses the cuts and the altered prices.
    run_options: the other keyword arguments of `bt.run`; no progress bar is drawn. They are the same in all
        runs: what mark prices or a cost model know of later data is not checked.

    One run on all data shows when orders are sent. Three of four cuts are at such times. At every cut each
    stream has had a row, and another row follows.

    With a function of the data, three strategies are created at each cut: from all data, from the data
    delivered by then, and from data whose later rows keep their timestamps but have other prices and sizes.
    (A bar is delivered at its end, but its times are known from its open on, so only its prices are
    altered.) All three play the same real rows, up to the first event after the cut, and do nothing after it.
    Every order, fill, log line and point of the equity curve must be equal. Compiled strategies stop at the
    cut.

    Any other strategy plays the shortened and the altered rows. The orders it sent by the cut, their fills
    and its equity must be equal.

    Dates or counts taken from later rows of the data are look-ahead too. So is a bar of another resolution
    that has the high, low and close of finer rows after its end.

    Raises what `bt.run` raises; ConfigError for a strategy that cannot be played again; DataError if there is
    no time to cut at; StrategyError if the function fails on less data, or if a repeated run differs.
    """
    count: int = checked("cuts", cuts, Annotated[int, Meta(ge=1)])
    key: int = checked("seed", seed, Annotated[int, Meta(ge=0)])
    options = options_of_check(dict(run_options))
    opened = open_data_of_run(data, options, symbol=symbol, symbols=symbols, resolution=resolution)
    data, options = opened.by_symbol(), completed(opened, options)
    trial = _Trial(strategy, params, options)
    given, data = data, ended_at_closes(data, options)
    for line in early_other_bars(data, options):
        raise LookaheadError(line)
    created = trial.create(data)
    whole = trial.play(created, data)
    span = span_of(data, options)
    sent = np.unique(whole.orders["sent_at"])
    # Compiled code created from data cannot be stopped at the cut, so its rows end there.
    goes_on = not trial.remade or isinstance(created[0], (Strategy, *ARRAYS))
    times = choose_cuts(span, sent if goes_on else np.intersect1d(sent, span.events), count, key)

    play_whole = partial(trial.create_and_play, data, data)
    for number, cut in enumerate(times):
        after = f"with the future after {moment_text(cut)}"
        truncated, perturbed = f"{after} truncated", f"{after} perturbed"
        up, down = (altered(data, cut, [key, number + 1], way) for way in (1, -1))
        # Rows go on to the next event, for timers at the cut, and include bars that have begun, as cancels
        # wait for their end.
        rows = begun_and_next(data, span.after(cut)) if goes_on else delivered(data, cut)
        play = partial(trial.create_and_play, data, rows, cut)
        view = partial(views.until, cut=cut, span=span)
        past = play()
        if goes_on:
            _raise_for(difference(view(whole), view(past), truncated), whole, play_whole, view)
        if not trial.remade:
            _compare(whole, partial(trial.create_and_play, up, up, cut), play_whole, view, perturbed)
            continue
        for source, change in ((begun(down, cut), truncated), (up, perturbed)):
            created = trial.create(source, change)
            _compare(past, partial(trial.play, created, rows, cut), play, views.whole, change)

    compared = views.until(whole, times[-1], span)
    checked_orders, checked_fills = len(compared.sent), len(compared.fills)
    return LeakReport(
        trial.runs, tuple(times), checked_orders, checked_fills, trial.remade,
        (*early_bars(given, options), *fills_at_close(options)),
    )  # fmt: skip


def options_of_check(options: dict[str, Any]) -> dict[str, Any]:
    """The options with positions left open at the end of the data, as the data end at each cut.

    ConfigError for runs that play two readings of bars.
    """
    execution = options.get("execution")
    if "bounds" in (options.get("intrabar"), getattr(execution, "intrabar", None)):
        raise ConfigError(
            "intrabar: leakcheck checks one reading of bars; give 'pessimistic' or 'optimistic'"
        )
    if isinstance(execution, Execution) and execution.close_at_end:
        return {**options, "execution": replace(execution, close_at_end=False)}
    return options


def fills_at_close(options: Mapping[str, Any]) -> tuple[str, ...]:
    """A line for runs whose orders fill at the price that they are decided on."""
    if getattr(options.get("execution"), "bar_fill", "open") == "open":
        return ()
    return ("market orders fill at the close on which they are decided (bar_fill), which no check can judge",)


class _Trial:
    """Creates the strategy, plays it, and counts the runs."""

    def __init__(self, strategy: Any, params: Any, options: dict[str, Any]) -> None:
        if isinstance(strategy, Handler):
            raise ConfigError(
                "strategy: a compiled handler plays one run only; pass its name, or a function of the data "
                "that creates it"
            )
        self.strategy, self.params, self.options = strategy, params, options
        self.runs = 0
        self.computed = callable(strategy) and not isinstance(strategy, (type, Strategy, Compiled, *ARRAYS))
        self.remade = self.computed or callable(params)

    def create(self, data: Data, change: str = "") -> tuple[Any, Params]:
        """The strategy created from `data`, ready for one run, and its parameters.

        `change` describes altered data; with it, an error becomes a StrategyError.
        """
        try:
            strategy = self.strategy(data) if self.computed else self.strategy
            params = self.params(data) if callable(self.params) else self.params
            if isinstance(strategy, type) and issubclass(strategy, Strategy):
                return strategy(**(params or {})), None
        except Exception as error:
            if not change:
                raise
            raise StrategyError(
                f"strategy: cannot be created {change}: {type(error).__name__}: {error}"
            ) from error
        if isinstance(strategy, Strategy) and not self.computed:
            strategy = _copied(strategy)
        return strategy, params

    def play(self, created: tuple[Any, Params], rows: Data, until: int | None = None) -> Result:
        """The result of a run over `rows`; unless compiled, the strategy does nothing after `until`."""
        strategy, params = created
        if until is not None:
            strategy = _stopped(strategy, until)
        self.runs += 1
        return run(rows, strategy, params, **{**self.options, "progress": False})

    def create_and_play(self, source: Data, rows: Data, until: int | None = None) -> Result:
        """The result of a run over `rows` of the strategy created from `source`."""
        return self.play(self.create(source), rows, until)


def _copied(strategy: Strategy) -> Strategy:
    try:
        return copy.deepcopy(strategy)
    except Exception as error:
        raise ConfigError(
            f"strategy: this {type(strategy).__name__} cannot be copied for each run ({error}); "
            "pass its class, or a function of the data that creates it"
        ) from error


def _stopped(strategy: Any, until: int) -> Any:
    """The strategy without orders and callbacks after `until`, and without `on_end`, which comes early."""
    if isinstance(strategy, ARRAYS):
        sent = strategy.timestamp <= until
        strategy = copy.copy(strategy)
        for name, column in strategy.columns().items():
            setattr(strategy, name, column[sent])
    elif isinstance(strategy, ArrayHandler):
        strategy.leave_out_later()
    elif isinstance(strategy, Strategy):
        for name in HOOKS:
            hook = getattr(strategy, name)
            if hook is not None:
                object.__setattr__(strategy, name, _ignoring_later(hook, until))
        object.__setattr__(strategy, "on_end", None)
    return strategy


def _ignoring_later(hook: Callable[..., None], until: int) -> Callable[..., None]:
    @wraps(hook)
    def call(ctx: Any, *event: Any) -> None:
        if ctx.now <= until:
            hook(ctx, *event)

    return call


def _compare(
    original: Result,
    play: Callable[[], Result],
    repeat: Callable[[], Result],
    view: Callable[[Result], Past],
    change: str,
) -> None:
    """Raises for a difference between `original` and the result of `play`, or an error in `play`."""
    cause = None
    try:
        found = difference(view(original), view(play()), change)
    except BtcoreError as error:
        found, cause = f"the run succeeds, but {change} it fails: {error}", error
    _raise_for(found, original, repeat, view, cause)


def _raise_for(
    found: str | None,
    original: Result,
    repeat: Callable[[], Result],
    view: Callable[[Result], Past],
    cause: BtcoreError | None = None,
) -> None:
    """Raises LookaheadError for a difference, StrategyError if repeating the original run shows one too."""
    if found is None:
        return
    unstable = difference(view(original), view(repeat()), "in a second run")
    if unstable is not None:
        raise StrategyError(f"strategy: two runs on the same data differ: {unstable}")
    raise LookaheadError(found) from cause
