"""Textbook examples: lots, margin calls, interest, costs, corporate actions, protective orders."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hand_cases import MIDNIGHT
from order_states import watched

import btcore as bt
from btcore.config import CommissionTier

DAY, SECOND = 86400 * 10**9, 10**9
Act = Callable[[Any], Any]


def planned(plan: dict[int, Act]) -> bt.Strategy:
    """A strategy that runs `plan[n]` at event n."""

    class Planned(bt.Strategy):
        def on_start(self, ctx: Any) -> None:
            self.n = 0

        def on_quote(self, ctx: Any, quote: Any) -> None:
            plan.get(self.n, lambda ctx: None)(ctx)
            self.n += 1

        on_bar = on_quote

    Planned.__module__ = "nowhere"  # no source to hash
    return Planned()


def quotes(prices: list[float], step: int = SECOND, size: list[float] | None = None) -> bt.Quotes:
    """Quotes without a spread, one each `step`, with the same size on both sides."""
    times = MIDNIGHT + step * np.arange(len(prices))
    shown = np.full(len(prices), 1e9) if size is None else np.array(size)
    return bt.Quotes(times, np.array(prices), np.array(prices), shown, shown)


def play(prices: list[float], plan: dict[int, Act], *, step: int = SECOND, **terms: Any) -> bt.Result:
    """Runs one symbol `A`; keywords go to the run, the execution or the instrument."""
    settings = {name: terms.pop(name) for name in ("initial_capital", "fx") if name in terms}
    instrument = bt.Instrument(
        **{name: terms.pop(name) for name in list(terms) if name not in bt.Execution.__struct_fields__}
    )
    return bt.run(
        {"A": quotes(prices, step)},
        planned(plan),
        instruments={"A": instrument},
        execution=bt.Execution(**terms),
        **settings,
    )


def buy(quantity: float, **terms: Any) -> Act:
    return lambda ctx: ctx.buy("A", quantity, **terms)


def sell(quantity: float, **terms: Any) -> Act:
    return lambda ctx: ctx.sell("A", quantity, **terms)


def position(result: bt.Result) -> Any:
    return result.journal.positions[0]


def final_equity(result: bt.Result) -> float:
    return float(result.equity_curve["equity"][-1])


# Lots


@pytest.mark.parametrize(
    ("cost_basis", "gain", "cost"),
    [
        ("average", 600.0, 11.0),  # 150 * (15 - 11)
        ("fifo", 650.0, 12.0),  # 100 * (15 - 10) + 50 * (15 - 12)
    ],
)
def test_100_at_10_100_at_12_and_150_sold_at_15(cost_basis: str, gain: float, cost: float) -> None:
    result = play([10, 12, 15], {0: buy(100), 1: buy(100), 2: sell(150)}, cost_basis=cost_basis)
    held = position(result)
    assert (held["qty"], held["realized_pnl"], held["avg_px"]) == (50, gain, cost)
    assert final_equity(result) == 1_000_000 - 2200 + 2250 + 50 * 15
    assert result.round_trips["pnl"].tolist() == [500, 150]  # always first in, first out


# Margin calls: a long one at P0 * (1 - IM) / (1 - MM), a short one at P0 * (1 + IM) / (1 + MM)


@pytest.mark.parametrize(
    ("act", "price", "initial", "maintenance", "call"),
    [
        (buy, 100.0, 0.6, 0.3, 57.142857),  # 4,000 borrowed for 100 shares
        (buy, 40.0, 0.5, 0.25, 26.666667),
        (sell, 100.0, 0.5, 0.3, 115.384615),
        (sell, 80.0, 0.6, 0.4, 91.428571),
    ],
)
def test_the_price_of_a_margin_call(
    act: Any, price: float, initial: float, maintenance: float, call: float
) -> None:
    way = 1 if act is buy else -1
    assert call == pytest.approx(price * (1 - way * initial) / (1 - way * maintenance), abs=1e-6)
    capital = 100 * price * initial
    terms = {"initial_capital": capital, "leverage": 2.0, "maintenance_margin": maintenance}
    safe = play([price, call + way * 1e-4], {0: act(100)}, **terms)
    assert abs(position(safe)["qty"]) == 100
    called = play([price, call - way * 1e-4], {0: act(100)}, **terms)
    assert position(called)["qty"] == 0
    assert called.orders["forced"].tolist() == [False, True]
    assert any("liquidated" in line for line in called.logs)


# Interest, on years of 365 days


def test_five_percent_compounded_daily_is_an_effective_rate_of_5_1267_percent() -> None:
    result = play([1.0] * 366, {}, step=DAY, cash_rate=0.05, initial_capital=100_000.0)
    flows = result.cash_flows
    assert len(flows) == 365
    assert flows["amount"][0] == pytest.approx(13.69863, abs=1e-5)  # 100,000 * 0.05 / 365
    assert final_equity(result) == pytest.approx(105_126.75, abs=0.005)


def test_a_short_position_pays_its_borrow_fee_each_day() -> None:
    result = play([50.0] * 4, {0: sell(1000)}, step=DAY, borrow_rate=0.0365)
    assert result.cash_flows["kind"].tolist() == ["borrow_fee"] * 3
    assert result.cash_flows["amount"] == pytest.approx([-5.0] * 3)  # 50,000 * 0.0365 / 365


def test_borrowed_cash_pays_the_debit_rate() -> None:
    terms = {"leverage": 2.0, "initial_capital": 100_000.0, "cash_rate": 0.01, "debit_rate": 0.073}
    result = play([50.0] * 2, {0: buy(4000)}, step=DAY, **terms)
    assert result.cash_flows["amount"] == pytest.approx([-20.0])  # 100,000 owed * 0.073 / 365


def test_funding_is_the_notional_times_the_rate() -> None:
    funding = [(MIDNIGHT + SECOND, 0.0001)]
    long = play([50_000.0] * 3, {0: buy(10)}, funding=funding)
    short = play([50_000.0] * 3, {0: sell(10)}, funding=funding)
    assert [r.cash_flows["amount"].tolist() for r in (long, short)] == [[-50.0], [50.0]]


# Costs


@pytest.mark.parametrize(("quantity", "commission"), [(100, 1.0), (200, 1.0), (1000, 5.0), (10_000, 50.0)])
def test_half_a_cent_a_share_with_a_minimum_of_a_dollar(quantity: float, commission: float) -> None:
    result = play([25.0], {0: buy(quantity)}, commission_per_share=0.005, commission_min=1.0)
    assert result.trades["commission"].tolist() == [pytest.approx(commission)]


def test_cash_pays_the_commission_too() -> None:
    terms = {"account": "cash", "lot_size": 1.0, "commission_min": 10.0, "initial_capital": 10_000.0}
    result = play([100.0], {0: buy(100)}, **terms)
    assert result.trades["quantity"].tolist() == [99]  # (10,000 - 10) / 100 in whole shares
    assert result.orders["reason"].tolist() == ["cash"]
    assert float(result.equity_curve["cash"][-1]) == 90.0


def test_a_tier_counts_from_what_was_traded_before_and_starts_again_with_the_month() -> None:
    tiers = [
        CommissionTier(notional=10_000, maker_bps=20, taker_bps=35),
        CommissionTier(notional=50_000, maker_bps=14, taker_bps=24),
    ]
    plan = {0: buy(100), 1: buy(400), 2: sell(100), 17: buy(100)}  # the last one on 1 February
    result = play([100.0] * 20, plan, step=DAY, maker_bps=25, taker_bps=40, commission_tiers=tiers)
    # 40 bps of 10,000; then 35 of 40,000; then 24 of 10,000; then 40 of 10,000
    assert result.trades["commission"] == pytest.approx([40.0, 140.0, 24.0, 40.0])


def bars(rows: list[tuple[float, ...]]) -> bt.Bars:
    columns = np.array(rows, float).T
    return bt.Bars(MIDNIGHT + DAY * np.arange(len(rows)), *columns, interval="1d")


def test_impact_grows_with_the_square_root_of_the_share_of_the_volume() -> None:
    # A volatility of 2 % a day, and 1 % of the day's volume: 0.02 * sqrt(0.01) is 20 bps of 50.
    data = bars([(50, 50, 50, 50, 1e6)] * 3)
    result = bt.run({"A": data}, planned({0: buy(10_000)}), execution=bt.Execution(slippage_sqrt=0.02))
    assert result.trades["price"] == pytest.approx([50.10])
    assert result.trades["slippage"] == pytest.approx([0.10])


def test_a_quarter_of_a_bars_volume_moves_the_price_by_its_square() -> None:
    # 100 wanted of a volume of 200 with a share of 0.25: 50, at 3 * (1 + 0.1 * 0.25 ** 2)
    execution = bt.Execution(slippage_volume=0.1, volume_share=0.25)
    result = bt.run(
        {"A": bars([(3, 3.15, 2.85, 3, 200)] * 2)},
        planned({0: buy(100)}),
        execution=execution,
    )
    assert result.trades["quantity"].tolist() == [50]
    assert result.trades["price"] == pytest.approx([3.01875])


# Corporate actions


def test_two_shares_for_one() -> None:
    plan = {0: lambda ctx: (ctx.buy("A", 100), ctx.buy("A", 50, limit=70.0))}
    result = play([80, 80, 40], plan, splits=[(MIDNIGHT + 2 * SECOND, 2.0)])
    assert (position(result)["qty"], position(result)["avg_px"]) == (200, 40.0)
    resting = result.orders[1]
    assert (resting["quantity"], resting["limit_price"]) == (100, 35.0)
    assert final_equity(result) == 1_000_000


def test_three_for_two_pays_the_half_share_in_cash() -> None:
    split = [(MIDNIGHT + SECOND, 1.5)]
    result = play([60, 40], {0: buy(101)}, splits=split, lot_size=1.0)
    assert position(result)["qty"] == 151
    assert result.cash_flows["kind"].tolist() == ["cash_in_lieu"]
    assert result.cash_flows["amount"] == pytest.approx([20.0])  # half a share at 40
    assert final_equity(result) == pytest.approx(1_000_000)


def test_a_short_position_pays_the_dividend() -> None:
    dividends = [(MIDNIGHT + SECOND, 0.5)]
    result = play([50, 49.5], {0: sell(200)}, dividends=dividends)
    assert result.cash_flows["amount"].tolist() == [-100.0]
    assert final_equity(result) == 1_000_000  # the price fell by as much


def test_a_dividend_lowers_buy_limits_and_sell_stops_to_the_tick_below() -> None:
    """FINRA rule 5330: an eighth of a dollar off 27.31 is 27.185, so 27.18; the other two stay."""

    def act(ctx: Any) -> None:
        ctx.buy("A", 100)
        ctx.buy("A", 1, limit=27.31)
        ctx.sell("A", 1, stop=26.10)
        ctx.sell("A", 1, limit=29.99)
        ctx.buy("A", 1, stop=30.01)

    result = play([28, 28, 28], {0: act}, tick_size=0.01, dividends=[(MIDNIGHT + 2 * SECOND, 0.125)])
    prices = [(r["limit_price"], r["stop_price"]) for r in result.orders[1:]]
    expected = [(27.18, np.nan), (np.nan, 25.97), (29.99, np.nan), (np.nan, 30.01)]
    assert np.array(prices) == pytest.approx(np.array(expected), nan_ok=True)
    assert result.cash_flows["amount"].tolist() == [12.5]


def test_a_foreign_stock_gains_by_its_currency() -> None:
    fx = {"EUR": [(MIDNIGHT, 1.1), (MIDNIGHT + SECOND, 1.2)]}
    result = play([10, 10], {0: buy(100), 1: sell(100)}, currency="EUR", fx=fx)
    assert position(result)["realized_pnl"] == pytest.approx(100.0)  # 1,000 EUR * (1.2 - 1.1)
    assert final_equity(result) == pytest.approx(1_000_100)


# Protective orders


def test_a_trailing_stop_of_ten_percent_step_by_step() -> None:
    prices = [100, 100, 105, 110, 104, 99.5, 98]
    plan = {0: buy(1), 1: sell(1, trail=10.0, trail_by="percent")}
    result, looks = watched({"A": quotes(prices)}, planned(plan))
    stops = [rows[1]["stop_price"] for rows in looks[1:7]]
    assert stops == pytest.approx([90.0, 94.5, 99.0, 99.0, 99.0, 99.0])
    assert result.trades["price"].tolist() == [100, 98]


def test_a_brackets_exits_grow_with_its_entry() -> None:
    # An entry of 10 at 100 gets 4, then 6. The target of 110 sells 3 of them, the stop of 90 is left with 7.
    prices = [101, 100, 101, 100, 101, 110, 105, 89]
    sizes = [99, 4, 99, 99, 99, 3, 99, 99]
    plan = {0: lambda ctx: ctx.bracket("A", 10, limit=100.0, take_profit=110.0, stop_loss=90.0)}
    execution = bt.Execution(displayed_size=True)
    result, looks = watched({"A": quotes(prices, size=sizes)}, planned(plan), execution=execution)
    entry, target, guard = zip(*([row["leaves_quantity"] for row in rows] for rows in looks), strict=True)
    assert entry[1:] == (6, 6, 0, 0, 0, 0, 0, 0)
    assert target[1:] == (4, 4, 10, 10, 7, 7, 0, 0)
    assert guard[1:] == (4, 4, 10, 10, 7, 7, 0, 0)
    assert result.orders["status"].tolist() == ["filled", "canceled", "filled"]
    assert result.orders["reason"].tolist() == ["", "oco", ""]
    assert result.trades["quantity"].tolist() == [4, 6, 3, 7]


def test_one_side_of_a_breakout_cancels_the_other() -> None:
    plan = {0: lambda ctx: (ctx.buy("A", 1, stop=105.0, oco=1), ctx.sell("A", 1, stop=95.0, oco=1))}
    result = play([100, 104, 106, 94], plan)
    assert result.orders["status"].tolist() == ["filled", "canceled"]
    assert result.orders["reason"].tolist() == ["", "oco"]
    assert result.trades["price"].tolist() == [106]
    assert final_equity(result) == 1_000_000 - 12
