"""A ladder over five bars, whose every step and stress is worked out by hand.

At the close of the first bar 100 are bought, with a target of 110 and a stop of 95. The fourth bar reaches
both. Its open is above that of the third, so that a limit of size makes the second half dearer.
"""

from typing import Any

import numpy as np
import pytest
from hand_cases import at

import btcore as bt

MINUTE = 60 * 10**9
BARS = bt.Bars(
    at(0) + MINUTE * np.arange(5),
    open=[100, 102, 104, 106, 100],
    high=[101, 104, 105, 112, 101],
    low=[99, 101, 103, 94, 99],
    close=[100, 103, 104, 100, 100],
    volume=[1000, 1000, 100, 400, 1000],
    interval="1min",
)
COSTS = bt.Execution(
    slippage_bps=100, commission_per_share=0.1, latency_ms=1, volume_share=0.5, intrabar="pessimistic"
)
# Final equity of each step, from a capital of 100,000.
EQUITY = {
    "close": 101_000.00,  # 100 bought at the close of 100 and sold at the target of 110
    "next": 100_800.00,  # bought at the next open of 102
    "spread": 100_698.00,  # bought at 102 * 1.01 = 103.02; a target is a maker and pays no spread
    "commission": 100_678.00,  # 0.1 for each of 100 units, twice
    "latency": 100_476.00,  # arrives after the open of 102: bought at 104 * 1.01 = 105.04
    "size": 100_375.00,  # half of a volume of 100: 50 at 105.04, and 50 at 106 * 1.01 = 107.06
    "reading": 98_780.00,  # the stop is first: sold at 95 * 0.99 = 94.05
}


class Bracket(bt.Strategy):
    """Buys once at the end of the first bar, with a target and a stop."""

    def on_bar(self, ctx: Any, bar: Any) -> None:
        if bar.close == 100 and not ctx.position(bar.symbol) and ctx.now == BARS.end[0]:
            ctx.bracket(bar.symbol, 100, take_profit=110, stop_loss=95)


@pytest.fixture(scope="module")
def ladder() -> bt.Ladder:
    return bt.ladder(
        {"A": BARS}, Bracket, initial_capital=100_000, execution=COSTS, skip=0.5, draws=200, progress=False
    )


def test_every_step_has_the_equity_of_the_paper(ladder: bt.Ladder) -> None:
    found = {step.name: (step.metrics or {}).get("final_equity") for step in ladder.steps}
    assert found == pytest.approx(EQUITY)


def test_every_step_says_what_it_takes(ladder: bt.Ladder) -> None:
    expected = [None, -200, -102, -20, -202, -101, -1595]
    assert [step.change for step in ladder.steps] == [e if e is None else pytest.approx(e) for e in expected]
    assert ladder.steps[1].change_return == pytest.approx(-0.2)  # of 100,000, percentage points


def test_every_step_names_its_settings(ladder: bt.Ladder) -> None:
    assert [step.settings for step in ladder.steps] == [
        "bar_fill='close', intrabar='optimistic', no spread, commission, latency or limits of size",
        "bar_fill='open'",
        "slippage_bps=100",
        "commission_per_share=0.1",
        "latency_ms=1",
        "volume_share=0.5",
        "intrabar='pessimistic'",
    ]
    assert not ladder.assumed


def test_the_number_of_fills_is_that_of_each_step(ladder: bt.Ladder) -> None:
    # The entry in two parts is a fill more.
    assert [(step.metrics or {})["total_trades"] for step in ladder.steps] == [2, 2, 2, 2, 2, 3, 3]


def test_doubled_costs_double_slippage_and_commission(ladder: bt.Ladder) -> None:
    # 50 at 104 * 1.02 = 106.08 and 50 at 106 * 1.02 = 108.12; sold at 95 * 0.98 = 93.10; commission of 40.
    doubled = ladder.stresses[0]
    assert doubled.words == "slippage_bps=200, commission_per_share=0.2"
    assert (doubled.metrics or {})["final_equity"] == pytest.approx(100_000 - 1_400 - 40)


def test_an_entry_one_bar_later_takes_the_open_after(ladder: bt.Ladder) -> None:
    # All of it at the fourth open, 106 * 1.01 = 107.06, whose volume suffices; sold at 94.05.
    delayed = ladder.stresses[1]
    assert (delayed.metrics or {})["final_equity"] == pytest.approx(100_000 - 1_301 - 20)
    assert delayed.change == pytest.approx(98_679 - 98_780)


def test_a_trip_that_is_left_out_gives_its_money_back(ladder: bt.Ladder) -> None:
    # Trips of 50: 94.05 - 105.04 is -549.50, 94.05 - 107.06 is -650.50, and each pays 10.
    equity = ladder.stresses[2].bands[1]
    assert equity.as_run == pytest.approx(98_780)
    assert (equity.p5, equity.p95) == (pytest.approx(98_780 + 559.5), pytest.approx(98_780 + 660.5))
