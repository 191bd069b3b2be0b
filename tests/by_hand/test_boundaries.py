"""Values at the boundaries of rules: months, steps of time, sizes, and what an event leaves behind."""

from datetime import UTC, datetime

import numpy as np
import pytest
from engines import EngineRun
from hand_cases import HOUR, at, bars, both, buy, ends, fills, play, quotes, sell, trades

import btcore as bt
from btcore.config import CommissionTier, Instrument

SECOND = 10**9


def test_the_turnover_of_a_month_starts_from_zero() -> None:
    # 100 is traded on each day. In January the third trade is above the tier of 150; in February the first
    # two are below it again.
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
    outcome = play(
        engine, {1: buy(1, stop=105.0, limit=103.0)}, market, intrabar="path", limit_fill="through"
    )
    assert fills(outcome) == [(2, 1, 1, 103, "maker")]


def test_in_a_cash_account_sells_of_another_oco_group_count(engine: EngineRun) -> None:
    # 10 are held. 6 are in an open sell of group 1: an order of group 2 may sell 4 and no more, one of group
    # 1 may sell all 10 less the 4 of group 2.
    plan = {
        0: buy(10),
        1: both(
            sell(6, limit=200.0, oco=1),
            sell(5, limit=200.0, oco=2),
            sell(4, limit=200.0, oco=2),
            sell(7, limit=200.0, oco=1),
            sell(6, limit=200.0, oco=1),
        ),
    }
    market = {"A": quotes((0, 100, 100), (1, 100, 100), (2, 100, 100))}
    outcome = play(engine, plan, market, account="cash")
    assert [end[1] for end in ends(outcome)][1:] == [
        "end_of_data",
        "short_sale",
        "end_of_data",
        "short_sale",
        "end_of_data",
    ]


def test_a_dividend_lowers_the_last_trade_that_a_close_meets(engine: EngineRun) -> None:
    # The trade of 120 at 20 h less the dividend of 1.5 at 22 h is 118.5 at midnight.
    market = {"A": trades((20 * HOUR, 120), (25 * HOUR, 130))}
    instruments = {"A": Instrument(dividends=[(at(22 * HOUR), 1.5)])}
    outcome = play(engine, {20 * HOUR: buy(1, time_in_force="CLS")}, market, instruments)
    assert fills(outcome) == [(24 * HOUR, 1, 1, 118.5, "taker")]


def test_a_point_comes_before_an_event_a_nanosecond_later(engine: EngineRun) -> None:
    # 1 bought at 100 is worth 105 at the point of 1 s, and 95 a nanosecond later, at the end.
    market = {"A": quotes((0, 100, 100), (1, 105, 105), (1.0000000015, 95, 95))}
    outcome = play(engine, {0: buy(1)}, market, initial_capital=1000, mark_every=SECOND)
    assert [point["equity"] for point in outcome.equity][-2:] == [1005, 995]
