"""`ladder`: the same strategy with one cost or limit after the other, and stresses of the last step."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

from btcore.backtest.handlers import StrategyLike, prepare_strategy
from btcore.backtest.opening import open_data_of_run, prepare_opened
from btcore.backtest.prepare import PreparedRun
from btcore.backtest.progress import Progress, ProgressCallback, reporter
from btcore.backtest.run_one import RunTerms, play_prepared
from btcore.backtest.strategy_checks import check_strategy
from btcore.contract import Handler
from btcore.data.run_data import RunData
from btcore.errors import BtcoreError, ConfigError
from btcore.names import names_keywords
from btcore.results.result import Result
from btcore.strategies.arrays.orders import Orders

from .assumptions import Assumptions, complete
from .delays import Delay, delayed, has_own_latency, with_own_latency
from .ladder_result import Ladder
from .market import filled_by_bars, has_spread, with_spread
from .rungs import RUNGS, name_of, settings_of, terms_at, why_not
from .steps import Step, changes
from .stresses import Draws, all_stresses
from .terms import Terms

MOST_RUNS = len(RUNGS) + 3  # the caller's own, a run for each step, and two stresses


@names_keywords(RunTerms)
def ladder(
    data: RunData,
    strategy: StrategyLike,
    params: Mapping[str, Any] | None = None,
    *,
    symbol: str | None = None,
    symbols: Sequence[str] | None = None,
    resolution: str | None = None,
    spread_bps: float | None = 2.0,
    commission_bps: float | None = 1.0,
    latency_ms: float | None = 100.0,
    volume_share: float | None = 0.1,
    displayed_size: bool = True,
    delay_ms: float = 1000.0,
    skip: float = 0.1,
    block: float | None = None,
    draws: int = 1000,
    seed: int = 0,
    progress: ProgressCallback | bool | None = None,
    **terms: Unpack[RunTerms],
) -> Ladder:
    """What each cost and limit takes from the result of a strategy: it is played once for each.

        bt.ladder(data, "momentum", execution=bt.Execution(commission_bps=0.5))

    The steps are fills at the close of the signal without any cost, the next open (or trade, or quote), the
    spread, commission, latency, limits of size, and the pessimistic reading of bars. A step has the caller's
    settings of all kinds up to its own. A kind of which the caller has none is assumed, and the step says so;
    without an assumption, and where the data do not have it, the step is listed with the reason.
    docs/ladder.md has the rules.

    data, strategy, params, symbol, symbols, resolution: as in `run`; the strategy is no compiled Handler,
        which plays one run only.
    spread_bps: the whole spread of symbols whose data have no spread, if no slippage is given; a taker pays
        half of it. None to assume none, also below.
    commission_bps: the commission, if none is given.
    latency_ms: the latency, if none is given and no bars fill orders.
    volume_share: the largest share of the volume of a bar, if no limit of size is given.
    displayed_size: True limits fills on quotes and trades to the size shown, likewise; False for no limit.
    delay_ms: how much later requests arrive in the stress of delay, where no bars fill orders.
    skip: the share of the round trips that is left out.
    block: the mean length of a block of resampled returns, in periods; None for the cube root of the
        number of returns.
    draws: the number of draws of the stresses that have a band.
    seed: of these draws.
    progress: as in `run`; `fraction` counts finished runs.
    terms: the other keyword arguments of `run`.

    Raises what `run` raises for the caller's own settings, and ConfigError for a keyword out of range.
    """
    assumptions = Assumptions(spread_bps, commission_bps, latency_ms, volume_share, displayed_size)
    assumptions.check()
    chance = Draws(delay_ms, skip, block, draws, seed)
    chance.check()
    if isinstance(strategy, Handler):
        raise ConfigError(
            "strategy: a ladder plays it several times, and a compiled handler plays one run only"
        )
    report, close = reporter(progress, MOST_RUNS)
    try:
        return _Climb(data, strategy, params, dict(terms), report).ladder(
            assumptions, chance, symbol=symbol, symbols=symbols, resolution=resolution
        )
    finally:
        close()


class _Climb:
    """Plays the steps of one ladder."""

    def __init__(
        self,
        data: RunData,
        strategy: StrategyLike,
        params: Mapping[str, Any] | None,
        settings: dict[str, Any],
        report: ProgressCallback | None,
    ) -> None:
        self.data = data
        self.strategy = strategy
        self.params = params
        self.settings = settings
        self.report = report
        self.n_played = 0

    def ladder(self, assumptions: Assumptions, chance: Draws, **selection: Any) -> Ladder:
        self.resolution = selection["resolution"]
        self.opened = open_data_of_run(self.data, self.settings, **selection)
        own = prepare_opened(self.opened, self.data, self.settings, self.resolution)
        self.markets = own.markets
        given = Terms(
            own.execution,
            dict(zip(own.tape.symbols, own.instruments, strict=True)),
            own.cost_model,
            1.0 if any(has_spread(c) for _, streams in own.markets for c in streams) else None,
            has_own_latency(self.strategy),
        )
        done = complete(given, own.markets, assumptions)
        given_result = self._play(own)  # first, so that its errors are those of `run`
        steps: list[Step] = []
        last_terms: Terms | None = None
        last: Result | None = None
        for rung in RUNGS:
            terms = terms_at(rung, done.terms, own.markets)
            words = name_of(rung, done.terms, own.markets)
            is_idle = not filled_by_bars(own.markets) if rung == "close" else terms == last_terms
            if is_idle:
                steps.append(Step(rung, words, reason=why_not(rung, done, own.markets)))
                continue
            try:
                result = given_result if terms == given else self._play_terms(terms)
            except BtcoreError as error:
                steps.append(Step(rung, words, reason=str(error)))
                continue
            steps.append(
                Step(
                    rung,
                    words,
                    settings_of(rung, last_terms, terms, own.markets),
                    done.assumed.get(rung, ""),
                    result.metrics,
                    "",
                    *changes(result.metrics, None if last is None else last.metrics),
                )
            )
            last_terms, last = terms, result
        if last is None or last_terms is None:
            raise ConfigError(f"strategy: no step of the ladder can be played; {steps[0].reason}")
        as_given = Step(
            "given",
            "your own settings",
            "without what is assumed" if done.assumed else "",
            "",
            given_result.metrics,
            "",
            *changes(given_result.metrics, last.metrics),
        )
        stresses = all_stresses(last, last_terms, own, chance, self._play_terms)
        self._tell(last, 1.0)
        return Ladder(tuple(steps), stresses, as_given, last, dict(done.assumed))

    def _play_terms(self, terms: Terms, delay: Callable[[PreparedRun], Delay] | None = None) -> Result:
        """The result with other terms, and with requests that arrive later."""
        opened = self.opened._replace(
            data=with_spread(self.opened.data, 1.0 if terms.spread is None else terms.spread)
        )
        settings = self.settings | {
            "execution": terms.execution,
            "instruments": terms.instruments,
            "cost_model": terms.cost_model,
            "intrabar": None,
        }
        prepared = prepare_opened(opened, self.data, settings, self.resolution)
        strategy = self.strategy
        if isinstance(strategy, Orders) and has_own_latency(strategy) and not terms.own_latency:
            strategy = with_own_latency(strategy, None)
        if delay is not None:
            later = delay(prepared)
            prepared = delayed(prepared, later)
            strategy = with_own_latency(strategy, later) if isinstance(strategy, Orders) else strategy
        return self._play(prepared, strategy)

    def _play(self, prepared: PreparedRun, strategy: StrategyLike | None = None) -> Result:
        strategy = self.strategy if strategy is None else strategy
        handler, describe = prepare_strategy(prepared, strategy, self.params)
        lines = check_strategy(prepared, strategy, self.params)
        result = play_prepared(prepared, handler, describe, None, lines)
        self.n_played += 1
        self._tell(result, self.n_played / MOST_RUNS)
        return result

    def _tell(self, result: Result, fraction: float) -> None:
        """Reports the share that is done, with the last point and the events of a run."""
        if self.report is not None:
            curve, events = result.columns(), int(result.metrics["events"] or 0)
            self.report(Progress(fraction, int(curve["timestamp"][-1]), float(curve["equity"][-1]), events))
