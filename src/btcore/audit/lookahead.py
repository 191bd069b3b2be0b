"""Look-ahead, ruled out by trial: take the future away, or make it another, and the past must not change."""

import copy
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, NamedTuple

import numpy as np
from msgspec import Meta

from btcore.backtest.run_one import run
from btcore.config import checked
from btcore.contract import Handler
from btcore.errors import BtcoreError, ConfigError, StrategyError
from btcore.results.result import Result
from btcore.strategies.arrays.orders import Orders
from btcore.strategies.callbacks.strategy import Strategy
from btcore.strategies.compiled.compiled import Compiled
from btcore.times.clock import moment_text

from . import past as views
from .past import Past, difference
from .truncate import Data, altered, begun, begun_and_next, choose, known, span_of

Played = str | type[Strategy] | Strategy | Orders | Compiled | Handler
Params = Mapping[str, Any] | None

ARRAYS = (Orders,)  # whose every column is in rows, each due at its `timestamp`
HOOKS = ("on_start", "on_bar", "on_quote", "on_trade", "on_fill", "on_timer")


class LookaheadError(StrategyError):
    """A strategy whose past changes with the future of its data; the message names the first difference."""


class LeakReport(NamedTuple):
    """How many orders and fills, up to the last of `cuts` (ns UTC), were found unchanged in how many runs.

    `remade`: strategy or parameters were made anew from each altered data set. If not, nothing is known of
    what was computed before the run.
    """

    runs: int
    cuts: tuple[int, ...]
    orders_checked: int
    fills_checked: int
    remade: bool

    def __repr__(self) -> str:
        trial = f"{len(self.cuts)} cuts, {self.runs} runs"
        if self.orders_checked == 0:
            return f"<LeakReport: nothing proved, no order was sent up to the last cut; {trial}>"
        told = f"no look-ahead in {self.orders_checked} orders and {self.fills_checked} fills; {trial}"
        if not self.remade:
            told += "; what was computed before the run is not covered: pass a function of the data"
        return f"<LeakReport: {told}>"


def leakcheck(
    data: Data,
    strategy: Played | Callable[[Data], Played],
    params: Params | Callable[[Data], Params] = None,
    *,
    cuts: int = 8,
    seed: int = 0,
    **run_options: Any,
) -> LeakReport:
    """Raises LookaheadError if what a strategy does depends on later data; else says what was compared.

        def below_mean(data):
            bars = data["A"]
            cheap = bars.close < bars.close.mean()  # of the whole sample: it peeks
            return bt.Orders(bars.timestamp + bars.interval, "A", np.where(cheap, "buy", "sell"), 1)

        bars = bt.sample_bars("A", "2024-01-01", "2024-12-31")
        leakcheck({"A": bars}, below_mean)

        LookaheadError: order 3 sent at 2024-01-04T00:00:00Z: side is buy, with the future after
        2024-02-08T00:00:00Z truncated it is sell

    `strategy` is anything `bt.run` takes, or a function of the data that makes one, anew at each call;
    `params` may be such a function too. What is computed before a run (arrays, fits, normalisations) is
    checked only where such a function computes it. `run_options` are `bt.run`'s; no progress is drawn.

    One run on all data shows when orders are sent. Of at most `cuts` moments, chosen by `seed`, three of four
    are such, and at each every stream has had a row and some row is to come. At each the strategy is made
    from all data, from what was known by then, and from data whose later rows have their timestamps but other
    prices and sizes. (A bar is known at its end; that it has begun is known from its open on, so there its
    prices are made up.) All three play the same real rows, a little past the cut, but do nothing after it;
    every order, fill, log line and point of the curve must be the same. Compiled strategies made from data
    stop at the cut. A strategy that is not made from data plays the shortened and the altered rows, and what
    it had sent by the cut, was filled and worth must be the same.

    A calendar or a count taken from the data's own later rows is look-ahead too.

    Raises what `bt.run` does; ConfigError for a strategy that cannot be played again; DataError for data with
    no moment to cut at; StrategyError where the function fails on less data, or a second run is another.
    """
    count: int = checked("cuts", cuts, Annotated[int, Meta(ge=1)])
    key: int = checked("seed", seed, Annotated[int, Meta(ge=0)])
    trial = _Trial(strategy, params, run_options)
    made = trial.make(data)
    whole = trial.play(made, data)
    span = span_of(data, run_options)
    sent = np.unique(whole.orders["sent_at"])
    # Compiled code made from data cannot be silenced, so it never plays more than it was made from.
    goes_on = not trial.remade or isinstance(made[0], (Strategy, *ARRAYS))
    moments = choose(span, sent if goes_on else np.intersect1d(sent, span.events), count, key)

    play_whole = partial(trial.play_anew, data, data)
    for number, cut in enumerate(moments):
        after = f"with the future after {moment_text(cut)}"
        truncated, perturbed = f"{after} truncated", f"{after} perturbed"
        other, contrary = (altered(data, cut, [key, number + 1], way) for way in (1, -1))
        # To the next event, for timers at the cut; and bars that have begun, as they hold up cancels.
        rows = begun_and_next(data, span.after(cut)) if goes_on else known(data, cut)
        play = partial(trial.play_anew, data, rows, cut)
        view = partial(views.until, cut=cut, span=span)
        past = play()
        if goes_on:
            _judge(difference(view(whole), view(past), truncated), whole, play_whole, view)
        if not trial.remade:
            _compare(whole, partial(trial.play_anew, other, other, cut), play_whole, view, perturbed)
            continue
        for source, change in ((begun(contrary, cut), truncated), (other, perturbed)):
            made = trial.make(source, change)
            _compare(past, partial(trial.play, made, rows, cut), play, views.whole, change)

    compared = views.until(whole, moments[-1], span)
    return LeakReport(trial.runs, tuple(moments), len(compared.sent), len(compared.fills), trial.remade)


class _Trial:
    """Makes the strategy, plays it, and counts the runs."""

    def __init__(self, strategy: Any, params: Any, options: dict[str, Any]) -> None:
        if isinstance(strategy, Handler):
            raise ConfigError(
                "strategy: a compiled handler plays one run; pass its name, or a function of the data "
                "that makes it"
            )
        self.strategy, self.params, self.options = strategy, params, options
        self.runs = 0
        self.computed = callable(strategy) and not isinstance(strategy, (type, Strategy, *ARRAYS))
        self.remade = self.computed or callable(params)

    def make(self, data: Data, change: str = "") -> tuple[Any, Params]:
        """The strategy that `data` give, ready for one run, and its parameters; `change` says which."""
        try:
            strategy = self.strategy(data) if self.computed else self.strategy
            params = self.params(data) if callable(self.params) else self.params
            if isinstance(strategy, type) and issubclass(strategy, Strategy):
                return strategy(**(params or {})), None
        except Exception as error:
            if not change:
                raise
            raise StrategyError(
                f"strategy: cannot be made {change}: {type(error).__name__}: {error}"
            ) from error
        if isinstance(strategy, Strategy) and not self.computed:
            strategy = _copied(strategy)
        return strategy, params

    def play(self, made: tuple[Any, Params], rows: Data, until: int | None = None) -> Result:
        """A run over `rows`, in which the strategy, unless it is compiled, does nothing after `until`."""
        strategy, params = made
        if until is not None:
            strategy = _silenced(strategy, until)
        self.runs += 1
        return run(rows, strategy, params, **{**self.options, "progress": False})

    def play_anew(self, source: Data, rows: Data, until: int | None = None) -> Result:
        """`play` of what is made from `source`."""
        return self.play(self.make(source), rows, until)


def _copied(strategy: Strategy) -> Strategy:
    try:
        return copy.deepcopy(strategy)
    except Exception as error:
        raise ConfigError(
            f"strategy: this {type(strategy).__name__} cannot be copied for each run ({error}); "
            "pass its class, or a function of the data that makes it"
        ) from error


def _silenced(strategy: Any, until: int) -> Any:
    """The strategy, deaf after `until`, and to the end of the run, which comes where data were cut."""
    if isinstance(strategy, ARRAYS):
        due = strategy.timestamp <= until
        strategy = copy.copy(strategy)
        for name, column in strategy.columns().items():
            setattr(strategy, name, column[due])
    elif isinstance(strategy, Strategy):
        for name in HOOKS:
            hook = getattr(strategy, name)
            if hook is not None:
                object.__setattr__(strategy, name, _deafened(hook, until))
        object.__setattr__(strategy, "on_end", None)
    return strategy


def _deafened(hook: Callable[..., None], until: int) -> Callable[..., None]:
    def hear(ctx: Any, *event: Any) -> None:
        if ctx.now <= until:
            hook(ctx, *event)

    return hear


def _compare(
    was: Result,
    play: Callable[[], Result],
    again: Callable[[], Result],
    view: Callable[[Result], Past],
    change: str,
) -> None:
    """Judges what `play` shows of the past that `was` shows."""
    cause = None
    try:
        found = difference(view(was), view(play()), change)
    except BtcoreError as error:
        found, cause = f"a run that went well fails {change}: {error}", error
    _judge(found, was, again, view, cause)


def _judge(
    found: str | None,
    was: Result,
    again: Callable[[], Result],
    view: Callable[[Result], Past],
    cause: BtcoreError | None = None,
) -> None:
    """LookaheadError for a difference; StrategyError if there is one even `again`, in the run of `was`."""
    if found is None:
        return
    unsteady = difference(view(was), view(again()), "in a second run")
    if unsteady is not None:
        raise StrategyError(f"strategy: does not repeat itself on the same data: {unsteady}")
    raise LookaheadError(found) from cause
