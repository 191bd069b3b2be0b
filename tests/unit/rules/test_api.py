"""Each law by hand: the arithmetic stands beside the call."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore.model import Reason
from btcore.rules import api

prices = st.floats(0.01, 1e6)
quantities = st.floats(0.001, 1e6)


class TestCommission:
    def test_bps_of_notional(self):
        # 100 shares at 50 are 5,000; 2 bps of that is 1
        assert api.commission(100, 50.0, taker_bps=2.0) == pytest.approx(1.0, rel=1e-15)

    def test_multiplier_is_part_of_notional(self):
        # 2 contracts at 1300 with 100 a point are 260,000; 0.5 bps is 13
        assert api.commission(2, 1300.0, multiplier=100.0, taker_bps=0.5) == pytest.approx(13.0, rel=1e-15)

    def test_maker_and_taker_pay_their_own_rate(self):
        terms = {"maker_bps": -1.0, "taker_bps": 3.0}
        assert api.commission(10, 100.0, liquidity="maker", **terms) == pytest.approx(-0.1)  # a rebate
        assert api.commission(10, 100.0, liquidity="taker", **terms) == pytest.approx(0.3)

    def test_per_share_adds_to_bps(self):
        # 200 * 0.005 + 1 bps of 2,000 = 1.0 + 0.2
        assert api.commission(200, 10.0, taker_bps=1.0, per_share=0.005) == pytest.approx(1.2)

    def test_raised_to_the_minimum_then_lowered_to_the_maximum(self):
        assert api.commission(1, 10.0, taker_bps=1.0, minimum=1.0) == 1.0
        assert api.commission(1e6, 10.0, taker_bps=1.0, maximum=25.0) == 25.0
        assert api.commission(1, 10.0, maker_bps=-5.0, liquidity="maker", minimum=0.0) == 0.0


class TestSlippage:
    def test_a_taker_pays_more_and_gets_less(self):
        assert api.slip("buy", 100.0, 10.0) == pytest.approx(100.1, rel=1e-15)
        assert api.slip("sell", 100.0, 10.0) == pytest.approx(99.9, rel=1e-15)

    def test_never_past_the_limit(self):
        assert api.slip("buy", 100.0, 10.0, limit_price=100.05) == 100.05
        assert api.slip("sell", 100.0, 10.0, limit_price=99.95) == 99.95

    def test_ticks_are_added_whatever_the_price(self):
        assert api.slip("buy", 100.0, ticks=2.0, tick_size=0.25) == 100.5
        assert api.slip("sell", 100.0, 10.0, ticks=2.0, tick_size=0.25) == pytest.approx(99.4)
        assert api.slip("sell", 100.0, ticks=2.0) == 100.0  # without a tick size there are none

    @pytest.mark.parametrize(
        ("quantity", "size", "share"),
        [(100, 400.0, 0.25), (400, 400.0, 1.0), (900, 400.0, 1.0), (100, 0.0, 1.0), (100, None, 0.0)],
    )
    def test_impact_grows_with_the_share_of_what_was_shown(self, quantity, size, share):
        shown = {"quantity": quantity, "size": size}
        # 0.1 * share ** 2 and 0.02 * sqrt(share) of 200
        assert api.slip("buy", 200.0, volume=0.1, **shown) == pytest.approx(200 + 20 * share**2)
        assert api.slip("sell", 200.0, sqrt=0.02, **shown) == pytest.approx(200 - 4 * share**0.5)

    def test_a_negative_price_is_worsened_by_its_size(self):
        assert api.slip("buy", -40.0, 100.0) == pytest.approx(-39.6)
        assert api.slip("sell", -40.0, 100.0) == pytest.approx(-40.4)

    @given(st.sampled_from(["buy", "sell"]), prices, st.floats(0, 100), prices)
    def test_worse_or_equal_and_within_the_limit(self, side, price, bps, limit):
        sign = 1 if side == "buy" else -1
        assert sign * (api.slip(side, price, bps) - price) >= 0
        if api.reaches(side, price, limit):
            assert sign * (limit - api.slip(side, price, bps, limit)) >= 0


class TestLatency:
    def test_a_draw_is_splitmix64(self):
        """The published outputs for the seeds 0 and 1234567, their upper 53 bits as a fraction."""

        def fraction(x):
            return ((x >> 11) + 0.5) / 2**53

        first = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
        assert [api.latency_draw(0, "entry", k) for k in range(3)] == [fraction(x) for x in first]
        other = [6457827717110365317, 3203168211198807973, 9817491932198370423]
        assert [api.latency_draw(617_283, "response", k) for k in range(3)] == [fraction(x) for x in other]

    @given(st.integers(0, 2**62 - 1), st.sampled_from(["entry", "response"]), st.integers(0, 10**9))
    def test_it_is_a_fraction_of_its_own(self, seed, stream, k):
        drawn = api.latency_draw(seed, stream, k)
        assert 0 < drawn < 1
        assert drawn != api.latency_draw(seed, stream, k + 1)


class TestMatching:
    @pytest.mark.parametrize(
        ("side", "price", "limit", "reached", "through"),
        [
            ("buy", 99.0, 100.0, True, True),
            ("buy", 100.0, 100.0, True, False),
            ("buy", 101.0, 100.0, False, False),
            ("sell", 101.0, 100.0, True, True),
            ("sell", 100.0, 100.0, True, False),
            ("sell", 99.0, 100.0, False, False),
        ],
    )
    def test_limits(self, side, price, limit, reached, through):
        assert api.reaches(side, price, limit) is reached
        assert api.goes_through(side, price, limit) is through

    def test_stops(self):
        assert api.triggers("buy", 101.0, 101.0)
        assert not api.triggers("buy", 100.9, 101.0)
        assert api.triggers("sell", 99.0, 99.0)
        assert not api.triggers("sell", 99.1, 99.0)

    def test_touch_prices_lie_on_the_near_side(self):
        for order_type in ("market_if_touched", "limit_if_touched"):
            assert api.triggers("buy", 99.0, 99.0, order_type)
            assert not api.triggers("buy", 99.1, 99.0, order_type)
            assert api.triggers("sell", 101.0, 101.0, order_type)
            assert not api.triggers("sell", 100.9, 101.0, order_type)

    def test_a_trailing_stop_speaks_where_it_stands(self):
        assert api.triggers("sell", 98.0, 98.0, "trailing_stop")
        assert not api.triggers("buy", 101.9, 102.0, "trailing_stop_limit")

    def test_marketable(self):
        assert api.is_marketable("buy", 100.0, "market")
        assert api.is_marketable("buy", 100.0, "limit", limit_price=100.0)
        assert not api.is_marketable("buy", 100.0, "limit", limit_price=99.9)
        assert not api.is_marketable("buy", 100.0, "stop", stop_price=99.0)
        assert api.is_marketable("buy", 100.0, "stop", stop_price=99.0, triggered=True)
        assert not api.is_marketable(
            "buy", 100.0, "stop_limit", limit_price=99.0, stop_price=98.0, triggered=True
        )

    def test_nothing_trades_at_a_price_that_is_none(self):
        assert not api.reaches("buy", math.nan, 100.0)
        assert not api.triggers("sell", math.nan, 100.0)

    def test_a_pool_is_taken_in_whole_lots(self):
        assert api.available(10, 100) == 10
        assert api.available(10, 7.5) == 7.5
        assert api.available(10, 7.5, lot_size=2) == 6
        assert api.available(3, 0.3, lot_size=0.1) == pytest.approx(0.3)  # a hair under three lots is three
        assert api.available(10, 0.0) == 0


class TestAccounting:
    def test_average_cost_and_realised_pnl(self):
        book, cash = api.apply_fill({}, 10_000.0, "buy", 10, 100.0)
        assert (book["qty"], book["avg_px"], cash) == (10, 100.0, 9_000.0)
        book, cash = api.apply_fill(book, cash, "buy", 30, 104.0)
        assert (book["qty"], book["avg_px"], cash) == (40, 103.0, 5_880.0)  # (10*100 + 30*104) / 40
        book, cash = api.apply_fill(book, cash, "sell", 15, 110.0, commission=2.0)
        assert (book["qty"], book["avg_px"]) == (25, 103.0)
        assert (book["realized_pnl"], book["commission"]) == (105.0, 2.0)  # 15 * (110 - 103)
        assert cash == 5_880.0 + 1_650.0 - 2.0

    def test_through_zero_closes_then_opens(self):
        book, cash = api.apply_fill({"qty": 10, "avg_px": 100.0}, 0.0, "sell", 25, 90.0, multiplier=2.0)
        assert (book["qty"], book["avg_px"]) == (-15, 90.0)
        assert book["realized_pnl"] == -200.0  # 10 * (90 - 100) * 2
        assert cash == 4_500.0

    def test_a_short_gains_when_the_price_falls(self):
        book, cash = api.apply_fill({}, 0.0, "sell", 10, 50.0)
        book, cash = api.apply_fill(book, cash, "buy", 10, 40.0)
        assert (book["qty"], book["avg_px"], book["realized_pnl"], cash) == (0, 0, 100.0, 100.0)

    def test_dust_is_not_a_position(self):
        book, cash = {}, 0.0
        for _ in range(3):
            book, cash = api.apply_fill(book, cash, "buy", 0.1, 10.0)
        book, cash = api.apply_fill(book, cash, "sell", 0.3, 10.0)
        assert book["qty"] == 0.0  # 0.1 + 0.1 + 0.1 - 0.3 is 5.6e-17 in floats

    @given(
        st.lists(
            st.tuples(st.sampled_from(["buy", "sell"]), quantities, prices, st.floats(-5, 5)),
            min_size=1,
            max_size=30,
        ),
        st.sampled_from([1.0, 0.5, 100.0]),
        prices,
    )
    def test_money_sums_to_zero(self, fills, multiplier, mark):
        """Equity is what was put in, realised, unrealised, less commission; cash is minus the flows."""
        book, cash = {}, 1e6
        for side, quantity, price, cost in fills:
            book, cash = api.apply_fill(
                book, cash, side, quantity, price, multiplier=multiplier, commission=cost
            )
        flows = sum((1 if s == "buy" else -1) * q * p * multiplier + c for s, q, p, c in fills)
        scale = 1e6 + sum(q * p * multiplier for _, q, p, _ in fills)
        assert cash == pytest.approx(1e6 - flows, abs=1e-9 * scale)
        unrealised = book["qty"] * (mark - book["avg_px"]) * multiplier
        equity = api.equity(cash, [{**book, "mark": mark}], [multiplier])
        expected = 1e6 + book["realized_pnl"] + unrealised - book["commission"]
        assert equity == pytest.approx(expected, abs=1e-9 * (scale + abs(book["qty"]) * mark * multiplier))


class TestAdmission:
    def test_terms(self):
        check = api.check_order
        assert check("buy", 10, "market") is Reason.NONE
        assert check("buy", 0, "market") is Reason.INVALID_QUANTITY
        assert check("buy", math.inf, "market") is Reason.INVALID_QUANTITY
        assert check("buy", 10, "limit") is Reason.INVALID_PRICE
        assert check("buy", 10, "stop", stop_price=-1) is Reason.INVALID_PRICE
        assert check("buy", 10.5, "market", lot_size=1) is Reason.LOT_SIZE
        assert check("buy", 10, "limit", limit_price=100.005, tick_size=0.01) is Reason.TICK_SIZE
        assert check("buy", 0.3, "limit", limit_price=0.3, tick_size=0.1, lot_size=0.1) is Reason.NONE

    def test_the_least_notional(self):
        terms = {"min_notional": 100.0, "multiplier": 2.0, "mark": 10.0}
        assert api.check_order("buy", 4, "market", **terms) is Reason.MIN_NOTIONAL  # 4 * 10 * 2 = 80
        assert api.check_order("buy", 5, "market", **terms) is Reason.NONE
        assert api.check_order("buy", 5, "limit", limit_price=9.9, **terms) is Reason.MIN_NOTIONAL

    def test_prices_below_zero(self):
        check = api.check_order
        assert check("buy", 1, "limit", limit_price=-5.0) is Reason.INVALID_PRICE
        assert check("buy", 1, "limit", limit_price=0.0) is Reason.INVALID_PRICE
        assert check("buy", 1, "limit", limit_price=0.0, negative_prices=True) is Reason.NONE
        assert check("buy", 1, "limit", limit_price=-5.0, negative_prices=True) is Reason.NONE
        assert check("buy", 1, "limit", limit_price=math.nan, negative_prices=True) is Reason.INVALID_PRICE

    def test_buying_power_is_leverage_times_equity(self):
        # 1,000 in cash and a mark of 100 carry 10, or 20 with leverage 2
        account = {"cash": 1000.0, "mark": 100.0}
        assert api.check_order("buy", 10, "market", **account) is Reason.NONE
        assert api.check_order("buy", 10.1, "market", **account) is Reason.BUYING_POWER
        assert api.check_order("sell", 20, "market", leverage=2.0, **account) is Reason.NONE
        assert api.check_order("sell", 20.1, "market", leverage=2.0, **account) is Reason.BUYING_POWER

    def test_open_orders_count(self):
        account = {"cash": 1000.0, "mark": 100.0, "open_buy": 6.0}
        assert api.check_order("buy", 4, "market", **account) is Reason.NONE
        assert api.check_order("buy", 5, "market", **account) is Reason.BUYING_POWER

    def test_market_orders_count_as_filled(self):
        # 10 held and sold at the market: what the sale frees can be ordered at once, and no more
        account = {"cash": 0.0, "mark": 100.0, "held": 10.0, "open_market": -10.0}
        assert api.check_order("buy", 10, "limit", limit_price=100.0, **account) is Reason.NONE
        assert api.check_order("buy", 10.1, "limit", limit_price=100.0, **account) is Reason.BUYING_POWER

    def test_what_reduces_always_passes(self):
        # 30 held at 100 with cash of -2,500: equity 500, far over-levered, and still the way out is open
        assert api.check_order("sell", 30, "market", cash=-2500.0, held=30, mark=100.0) is Reason.NONE
        assert api.check_order("sell", 61, "market", cash=-2500.0, held=30, mark=100.0) is Reason.BUYING_POWER

    def test_a_limit_price_stands_for_the_market(self):
        account = {"cash": 1000.0, "mark": 100.0}
        assert api.check_order("buy", 20, "limit", limit_price=50.0, **account) is Reason.NONE
        assert api.check_order("buy", 20, "limit", limit_price=51.0, **account) is Reason.BUYING_POWER


def test_a_side_that_is_none():
    with pytest.raises(ValueError, match="'long' is not 'buy', 'sell', 1 or -1"):
        api.slip("long", 100.0, 1.0)
