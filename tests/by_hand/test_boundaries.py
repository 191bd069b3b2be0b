"""Values at the boundaries of rules: months, steps of time, sizes, and what an event leaves behind."""

from datetime import UTC, datetime

import numpy as np
import pytest
from engines import EngineRun
from hand_cases import at, bars, both, buy, ends, fills, play, quotes, sell, trades

import btcore as bt
from btcore.config import CommissionTier, Instrument

SECOND = 10**9


def test_the_turnover_of_a_month_starts_from_zero() -> None:
    # 100 is traded on each day. In January the third trade is above the tier of 150; in February the first two
    # are below it again.
    days = [(1, 10), (1, 11), (1, 12), (2, 10), (2, 11), (2, 12)]
    times = [int(datetime(2024, month, day, tzinfo=UTC).timestamp()) * SECOND for month, day in days]
    execution = bt.Execution(
        taker_bps=9.0, commission_tiers=[CommissionTier(notional=150, maker_bps=1, taker_bps=1)]
    )
    orders = bt.Orders(times, "A", "buy", 1.0)
    result = bt.run(
        {"A": bt.Trades(np.array(times), np.full(6, 100.0))}, orders, execution=execution, progress=False
    )
    assert result.trades["commission"].tolist() == pytest.approx([0.09, 0.09, 0.01] * 2)


def test_on_a_path_a_stop_limit_triggers_where_its_limit_is_not_crossed(engine: EngineRun) -> None:
    # The path is 104, 101, 107, 102. It triggers the stop of 105 on the way up, where a limit of 103 cannot
    # fill, and crosses the limit on the way down.
    market = {"A": bars((0, 100, 100, 100, 100), (1, 104, 107, 101, 102), (2, 102, 102, 102, 102))}
    outcome = play(engine, {1: buy(1, stop=105.0, limit=103.0)}, market, intrabar="path", limit_fill="through")
    assert fills(outcome) == [(2, 1, 1, 103, "maker")]
