"""First in, first out, against a slow Python queue; excursions against a scan of every price."""

import math
import time

import numpy as np
import pytest
from bookkeeper import records
from fill_queues import COLUMNS, event_lists, make_fills, play
from hypothesis import given
from hypothesis import strategies as st

from btcore.metrics.round_trips import LOT_DTYPE, TRIP_DTYPE, match_fills, write_excursions
from btcore.model import FILL_DTYPE, RESTATEMENT_DTYPE


@given(event_lists)
def test_equals_a_queue(happened):
    fills, restatements, queues = play(happened)
    trips, lots = match_fills(fills, restatements)
    assert trips.dtype == TRIP_DTYPE
    assert lots.dtype == LOT_DTYPE
    expected = [trip for queue in queues.values() for trip in queue.trips]
    expected.sort(key=lambda trip: trip[6])  # of one instant they are of one queue, in its order
    assert [tuple(trip) for trip in trips[COLUMNS].tolist()] == expected
    held = dict.fromkeys(queues, 0.0)
    for lot in lots:
        held[int(lot["symbol"]), int(lot["leg"])] += float(lot["side"] * lot["qty"])
    assert held == {place: queue.quantity for place, queue in queues.items()}


@given(event_lists)
def test_money_is_conserved(happened):
    """What came in and went out, with what is left sold at nothing gained, is the profit."""
    fills, restatements, _ = play(happened)
    trips, lots = match_fills(fills, restatements)
    paid = fills["side"] * fills["last_qty"] * fills["last_px"] * fills["point_value"] + fills["commission"]
    received = restatements["cash_qty"] * restatements["px"] * restatements["point_value"]
    left = (
        lots["side"] * lots["entry_px"] * lots["entry_value"] * lots["qty"] + lots["unit_cost"] * lots["qty"]
    )
    assert trips["pnl"].sum() == pytest.approx(received.sum() - paid.sum() + left.sum(), abs=1e-6)
    commission = trips["commission"].sum() + (lots["unit_cost"] * lots["qty"]).sum()
    assert commission == pytest.approx(fills["commission"].sum(), abs=1e-9)


def test_the_rate_of_each_fill_counts():
    """10 bought at 100 when a euro cost 1.10, sold at 100 at 1.20: all of it is the currency's gain."""
    fills = make_fills([(0, 10, 100.0, 0.0), (0, -10, 100.0, 1.0)])
    fills["point_value"] = [1.1, 1.2]
    (trip,) = match_fills(fills)[0]
    assert trip["pnl"] == pytest.approx(10 * 100 * 0.1 - 1.0)
    assert (trip["entry_value"], trip["exit_value"]) == (1.1, 1.2)


def test_the_legs_of_a_hedging_account_do_not_meet():
    fills = make_fills([(0, 10, 100.0, 0.0), (0, -4, 103.0, 0.0), (0, -10, 104.0, 0.0), (0, 4, 101.0, 0.0)])
    fills["leg"] = [1, -1, 1, -1]
    trips, lots = match_fills(fills)
    assert trips[["leg", "side", "qty", "pnl"]].tolist() == [(1, 1, 10.0, 40.0), (-1, -1, 4.0, 8.0)]
    assert lots.size == 0


def test_a_split_pays_out_parts_of_a_lot_from_the_oldest():
    """7 and 2 at 3 new for 2 old: 13.5, of which a half is paid out at 70; then all is sold at 72."""
    fills = make_fills([(0, 7, 101.0, 7.0), (0, 2, 105.0, 0.0), (0, -13, 72.0, 0.0)])
    split = records(
        RESTATEMENT_DTYPE,
        [{"ts": 25, "n_fills": 2, "ratio": 1.5, "cash_qty": 0.5, "px": 70.0, "point_value": 1.0}],
    )
    trips, lots = match_fills(fills, split)
    assert trips["qty"].tolist() == [0.5, 10.0, 3.0]
    assert trips["entry_px"].tolist() == [101 / 1.5, 101 / 1.5, 70.0]
    assert trips["exit_order_id"].tolist() == [0, 3, 3]
    assert trips["exit_ts"].tolist() == [25, 30, 30]
    assert trips["commission"] == pytest.approx([7 / 10.5 * 0.5, 7 / 10.5 * 10, 0.0])
    assert trips["pnl"].sum() == pytest.approx(0.5 * 70 + 13 * 72 - 7 * 101 - 2 * 105 - 7)
    assert trips["restated"].tolist() == [1, 1, 1]
    assert lots.size == 0


def test_a_fill_through_zero_closes_then_opens():
    trips, lots = match_fills(make_fills([(0, 8, 100.0, 1.0), (0, -16, 110.0, 4.0)], 2.0))
    (trip,), (lot,) = trips, lots
    assert (trip["side"], trip["qty"], trip["commission"]) == (1, 8.0, 3.0)
    assert trip["pnl"] == 8 * 10.0 * 2 - 3.0
    assert (lot["side"], lot["qty"], lot["entry_px"], lot["unit_cost"]) == (-1, 8.0, 110.0, 0.25)
    assert math.isnan(trip["mae"])
    assert math.isnan(trip["mfe"])


def test_dust_is_flat():
    """0.1 + 0.2 - 0.3 leaves 5e-17, which accounting calls zero: no lot may stay, no dust trip appear."""
    trips, lots = match_fills(make_fills([(0, 0.1, 5.0, 0.0), (0, 0.2, 5.0, 0.0), (0, -0.3, 6.0, 0.0)]))
    assert trips["qty"].tolist() == [0.1, 0.2]
    assert lots.size == 0
    trips, lots = match_fills(make_fills([(0, 0.3, 5.0, 0.0), (0, -0.1, 5.0, 0.0), (0, -0.2, 6.0, 0.0)]))
    assert len(trips) == 2
    assert lots.size == 0


def test_a_lot_that_rounding_lost_goes_when_the_position_does():
    """1e16 + 1 is 1e16: the account is flat after the sale, so the lot of 1 is gone too."""
    rows = [(0, 1e16, 5.0, 0.0), (0, 1.0, 5.0, 0.0), (0, -1e16, 6.0, 0.0), (0, 3.0, 5.0, 0.0)]
    trips, lots = match_fills(make_fills(rows))
    assert trips["qty"].tolist() == [1e16]
    assert lots["qty"].tolist() == [3.0]


def test_the_wrong_input_is_refused():
    fills = make_fills([(0, 1, 1.0, 0.0), (-3, 1, 1.0, 0.0)])
    with pytest.raises(ValueError, match=r"fills\[1\].symbol: -3"):
        match_fills(fills)
    fills["symbol"], fills["leg"] = 0, [0, 2]
    with pytest.raises(ValueError, match=r"fills\[1\].leg: 2"):
        match_fills(fills)
    with pytest.raises(ValueError, match="last_qty"):
        match_fills(np.zeros(1, FILL_DTYPE))
    with pytest.raises(ValueError, match=r"restatements\[0\].ratio: 0"):
        match_fills(fills[:1], np.zeros(1, RESTATEMENT_DTYPE))
    with pytest.raises(ValueError, match="differ in length"):
        write_excursions(np.zeros(0, TRIP_DTYPE), 0, [1], [1], [1.0], [])
    assert match_fills(np.zeros(0, FILL_DTYPE))[0].size == 0


def test_a_payout_of_more_than_is_held_closes_what_is_held():
    split = {"n_fills": 1, "ratio": 1.0, "cash_qty": 5.0, "px": 10.0, "point_value": 1.0}
    trips, lots = match_fills(
        make_fills([(0, 3, 9.0, 0.0)]), records(RESTATEMENT_DTYPE, [split, split | {"symbol": 2}])
    )
    assert trips["qty"].tolist() == [3.0]
    assert lots.size == 0


def make_trips(rows):
    trips = np.zeros(len(rows), dtype=TRIP_DTYPE)
    names = ["symbol", "side", "entry_ts", "exit_ts", "qty", "entry_px", "exit_px"]
    for i, row in enumerate(rows):
        for name, value in zip(names, row, strict=True):
            trips[i][name] = value
    trips["mae"] = trips["mfe"] = np.nan
    trips["entry_value"] = 2.0
    return trips


@given(st.integers(0, 700), st.integers(0, 2**32 - 1))
def test_excursions_equal_a_scan(size, seed):
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.integers(0, 400, size))
    ends = np.maximum.accumulate(starts + rng.integers(0, 5, size))
    low = rng.integers(50, 150, size).astype(float)
    low[rng.random(size) < 0.05] = np.nan
    high = low + rng.integers(0, 9, size)
    rows = []
    for _ in range(20):
        entry, leave = np.sort(rng.integers(-20, 420, 2))
        side = int(rng.choice([-1, 1]))
        rows.append(
            (int(rng.integers(2)), side, entry, leave, 3.0, rng.integers(90, 110), rng.integers(90, 110))
        )
    trips = make_trips(rows)
    write_excursions(trips, 0, starts, ends, low, high)
    for (symbol, side, entry, leave, quantity, entry_px, exit_px), trip in zip(rows, trips, strict=True):
        if symbol == 1:
            assert math.isnan(trip["mae"])
            continue
        inside = (starts >= entry) & (ends <= leave)
        prices = [*low[inside], *high[inside], exit_px, entry_px]
        gains = [side * (p - entry_px) * quantity * 2.0 for p in prices if not math.isnan(p)]
        assert (trip["mae"], trip["mfe"]) == (min(gains), max(gains))
        assert not math.copysign(1.0, trip["mae"]) < 0 or trip["mae"] < 0


def test_a_trip_with_a_split_in_it_has_no_excursions():
    trips = make_trips([(0, 1, 0, 9, 1.0, 100.0, 50.0), (0, 1, 5, 9, 1.0, 50.0, 50.0)])
    trips["restated"] = [1, 0]
    write_excursions(trips, 0, [0, 5], [1, 6], [99.0, 49.0], [101.0, 51.0])
    assert math.isnan(trips["mae"][0])
    assert math.isnan(trips["mfe"][0])
    assert (trips["mae"][1], trips["mfe"][1]) == (-2.0, 2.0)


def test_many_long_trips_are_not_quadratic():
    size = 300_000
    trips = make_trips([(0, 1, 0, 1, 1.0, 100.0, 100.0)])
    trips = np.repeat(trips, size)
    trips["entry_ts"], trips["exit_ts"] = np.arange(size), size * 2
    prices = 100.0 + np.sin(np.arange(size))
    clock = np.arange(size)
    begin = time.perf_counter()
    write_excursions(trips, 0, clock, clock, prices, prices)
    assert time.perf_counter() - begin < 5.0  # 4.5e10 steps if it were
    assert trips["mae"].min() == 2 * (prices.min() - 100.0)
