"""The stresses of the last step of a ladder."""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import numpy as np
from msgspec import Meta

from btcore.backtest.prepare import PreparedRun
from btcore.config import MAX_LATENCY_MS
from btcore.errors import BtcoreError
from btcore.metrics.annual import period_rates
from btcore.results.result import Result
from btcore.validation import checked

from .delays import Delay, constant_delay, delay_of_a_bar
from .market import filled_by_bars
from .resampling import resampled_bands, skipped_bands, trips_left_out
from .steps import Stress, changes, number
from .terms import Terms, differences, some, with_double_costs

LEAST_PERIODS = 2
Play = Callable[..., Result]


class Draws(NamedTuple):
    """The keywords of the stresses, as `ladder` explains them."""

    delay_ms: float = 1000.0
    skip: float = 0.1
    block: float | None = None
    draws: int = 1000
    seed: int = 0

    def check(self) -> None:
        """ConfigError for a value that is out of range."""
        for name, kind in (
            ("delay_ms", Annotated[float, Meta(gt=0, le=MAX_LATENCY_MS)]),
            ("skip", Annotated[float, Meta(gt=0, lt=1)]),
            ("block", Annotated[float, Meta(ge=1)] | None),
            ("draws", Annotated[int, Meta(ge=1, le=1_000_000)]),
            ("seed", Annotated[int, Meta(ge=0, lt=2**62)]),
        ):
            checked(name, getattr(self, name), kind)


def all_stresses(
    last: Result, terms: Terms, own: PreparedRun, chance: Draws, play: Play
) -> tuple[Stress, ...]:
    """All of them; one that does not apply has the reason. `play(terms, delay)` plays the strategy again."""
    return (
        _double_costs(last, terms, play),
        _delayed(last, terms, own, chance, play),
        _skipped(last, chance),
        _resampled(last, own, chance),
    )


def _played(name: str, words: str, last: Result, play: Callable[[], Result]) -> Stress:
    try:
        result = play()
    except BtcoreError as error:
        return Stress(name, words, reason=str(error))
    return Stress(name, words, result.metrics, (), "", *changes(result.metrics, last.metrics))


def _double_costs(last: Result, terms: Terms, play: Play) -> Stress:
    name = "costs doubled"
    doubled = with_double_costs(terms)
    words = ", ".join(differences(terms, doubled))
    if not words:
        return Stress(name, words, reason="the last step has no commission, slippage or spread")
    return _played(name, words, last, lambda: play(doubled))


def _delayed(last: Result, terms: Terms, own: PreparedRun, chance: Draws, play: Play) -> Stress:
    """Every request of the strategy arrives later; orders that rest in the market by then do not move."""
    name, what = "entries delayed", "every order, cancel and amendment of the strategy arrives"
    bars = filled_by_bars(own.markets)
    words = f"{what} one bar later ({some(bars)})" if bars else f"{what} {chance.delay_ms:.10g} ms later"

    def delay(prepared: PreparedRun) -> Delay:
        return delay_of_a_bar(prepared) or constant_delay(round(chance.delay_ms * 1e6))

    return _played(name, words, last, lambda: play(terms, delay))


def _skipped(last: Result, chance: Draws) -> Stress:
    name, profits = "trades skipped", last.round_trips["pnl"]
    if not len(profits):
        return Stress(name, "", reason="the last step has no round trip")
    number_left = trips_left_out(len(profits), chance.skip)
    words = (
        f"{number_left:,} of {len(profits):,} round trips left out, {chance.draws:,} draws; "
        "the other trades keep their sizes"
    )
    bands = skipped_bands(
        np.ascontiguousarray(profits, np.float64),
        number(last.metrics["initial_capital"]),
        number(last.metrics["final_equity"]),
        share=chance.skip,
        draws=chance.draws,
        seed=chance.seed,
    )
    return Stress(name, words, bands=bands)


def _resampled(last: Result, own: PreparedRun, chance: Draws) -> Stress:
    name, table = "returns resampled", last.period_returns
    period: Any = last.metrics["period"]
    if len(table) < LEAST_PERIODS:
        return Stress(name, "", reason=f"{len(table)} returns by {period}; {LEAST_PERIODS} are needed")
    block = max(1.0, round(len(table) ** (1 / 3))) if chance.block is None else chance.block
    words = (
        f"{len(table):,} returns by {period} in blocks of {block:g} on average, {chance.draws:,} draws of "
        "the stationary bootstrap"
    )
    start, periods = int(last.columns()["timestamp"][0]), number(last.metrics["periods_per_year"])
    bands = resampled_bands(
        table["return"] / 100.0,
        period_rates(own.annual.risk_free, start, table["timestamp"], periods),
        periods,
        block=block,
        draws=chance.draws,
        seed=chance.seed,
    )
    return Stress(name, words, bands=bands)
