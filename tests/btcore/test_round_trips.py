"""First in, first out, against a slow Python queue; excursions against a scan of every price."""

import math
import time
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore.model import FILL_DTYPE
from btcore.round_trips import LOT_DTYPE, TRIP_DTYPE, excursions, match_fills


def make_fills(rows):
    """Fills from (symbol, signed quantity, price, commission), one nanosecond apart, order ids from 1."""
    fills = np.zeros(len(rows), dtype=FILL_DTYPE)
    for i, (symbol, quantity, price, commission) in enumerate(rows):
        fills[i]["ts"], fills[i]["order_id"], fills[i]["symbol"] = 10 * (i + 1), i + 1, symbol
        fills[i]["side"], fills[i]["last_qty"] = (1 if quantity > 0 else -1), abs(quantity)
        fills[i]["last_px"], fills[i]["commission"] = price, commission
    return fills


def queue_fifo(rows, multipliers):
    """The same rule with integers and a deque of [quantity, price, unit commission, order id, ts, side]."""
    books, trips = {}, []
    for i, (symbol, quantity, price, commission) in enumerate(rows):
        side, rest, unit = (1 if quantity > 0 else -1), abs(quantity), commission / abs(quantity)
        lots = books.setdefault(symbol, deque())
        while rest and lots and lots[0][5] != side:
            lot = lots[0]
            done = min(rest, lot[0])
            cost = (lot[2] + unit) * done
            gain = lot[5] * (price - lot[1]) * done * multipliers[symbol] - cost
            trips.append(
                (symbol, lot[5], done, lot[4], 10 * (i + 1), lot[1], price, gain, cost, lot[3], i + 1)
            )
            lot[0] -= done
            rest -= done
            if not lot[0]:
                lots.popleft()
        if rest:
            lots.append([rest, price, unit, i + 1, 10 * (i + 1), side])
    return trips, {symbol: sum(lot[0] * lot[5] for lot in lots) for symbol, lots in books.items()}


COLUMNS = ["symbol", "side", "qty", "entry_ts", "exit_ts", "entry_px", "exit_px", "pnl", "commission"]
COLUMNS += ["entry_order_id", "exit_order_id"]
quantities = st.integers(-30, 30).filter(bool)
rows_of_fills = st.lists(
    st.tuples(
        st.integers(0, 2), quantities, st.integers(1, 400).map(lambda p: p / 4), st.integers(-2, 8).map(float)
    ),
    max_size=60,
)


@given(rows_of_fills)
def test_equals_a_queue(rows):
    multipliers = [1.0, 50.0, 0.1]
    trips, lots = match_fills(make_fills(rows), multipliers)
    expected, left = queue_fifo(rows, multipliers)
    assert trips.dtype == TRIP_DTYPE
    assert lots.dtype == LOT_DTYPE
    assert [tuple(trip) for trip in trips[COLUMNS].tolist()] == expected
    held = dict.fromkeys(left, 0.0)
    for lot in lots:
        held[int(lot["symbol"])] += float(lot["side"] * lot["qty"])
    assert held == left


@given(rows_of_fills)
def test_money_and_quantity_are_conserved(rows):
    multipliers = [1.0, 50.0, 0.1]
    position = [0, 0, 0]
    for symbol, quantity, _, _ in rows:
        position[symbol] += quantity
    rows = rows + [(s, -q, 33.0, 1.0) for s, q in enumerate(position) if q]  # flat at the end
    trips, lots = match_fills(make_fills(rows), multipliers)
    assert lots.size == 0
    cash = sum(-q * p * multipliers[s] - c for s, q, p, c in rows)
    assert trips["pnl"].sum() == pytest.approx(cash, abs=1e-7)
    assert trips["commission"].sum() == pytest.approx(sum(row[3] for row in rows), abs=1e-9)
    assert 2 * trips["qty"].sum() == sum(abs(row[1]) for row in rows)


def test_a_fill_through_zero_closes_then_opens():
    trips, lots = match_fills(make_fills([(0, 8, 100.0, 1.0), (0, -16, 110.0, 4.0)]), [2.0])
    (trip,), (lot,) = trips, lots
    assert (trip["side"], trip["qty"], trip["commission"]) == (1, 8.0, 3.0)
    assert trip["pnl"] == 8 * 10.0 * 2 - 3.0
    assert (lot["side"], lot["qty"], lot["entry_px"], lot["unit_cost"]) == (-1, 8.0, 110.0, 0.25)
    assert math.isnan(trip["mae"])
    assert math.isnan(trip["mfe"])


def test_dust_is_flat():
    """0.1 + 0.2 - 0.3 leaves 5e-17, which accounting calls zero: no lot may stay, no dust trip appear."""
    trips, lots = match_fills(
        make_fills([(0, 0.1, 5.0, 0.0), (0, 0.2, 5.0, 0.0), (0, -0.3, 6.0, 0.0)]), [1.0]
    )
    assert trips["qty"].tolist() == [0.1, 0.2]
    assert lots.size == 0
    trips, lots = match_fills(
        make_fills([(0, 0.3, 5.0, 0.0), (0, -0.1, 5.0, 0.0), (0, -0.2, 6.0, 0.0)]), [1.0]
    )
    assert len(trips) == 2
    assert lots.size == 0


def test_a_lot_that_rounding_lost_goes_when_the_position_does():
    """1e16 + 1 is 1e16: the account is flat after the sale, so the lot of 1 is gone too."""
    rows = [(0, 1e16, 5.0, 0.0), (0, 1.0, 5.0, 0.0), (0, -1e16, 6.0, 0.0), (0, 3.0, 5.0, 0.0)]
    trips, lots = match_fills(make_fills(rows), [1.0])
    assert trips["qty"].tolist() == [1e16]
    assert lots["qty"].tolist() == [3.0]


def test_the_wrong_input_is_refused():
    with pytest.raises(ValueError, match=r"fills\[1\].symbol: 3"):
        match_fills(make_fills([(0, 1, 1.0, 0.0), (3, 1, 1.0, 0.0)]), [1.0])
    with pytest.raises(ValueError, match="last_qty"):
        match_fills(np.zeros(1, FILL_DTYPE), [1.0])
    with pytest.raises(ValueError, match="differ in length"):
        excursions(np.zeros(0, TRIP_DTYPE), 0, 1.0, [1], [1], [1.0], [])
    assert match_fills(np.zeros(0, FILL_DTYPE), [])[0].size == 0


def make_trips(rows):
    trips = np.zeros(len(rows), dtype=TRIP_DTYPE)
    names = ["symbol", "side", "entry_ts", "exit_ts", "qty", "entry_px", "exit_px"]
    for i, row in enumerate(rows):
        for name, value in zip(names, row, strict=True):
            trips[i][name] = value
    trips["mae"] = trips["mfe"] = np.nan
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
    excursions(trips, 0, 2.0, starts, ends, low, high)
    for (symbol, side, entry, leave, quantity, entry_px, exit_px), trip in zip(rows, trips, strict=True):
        if symbol == 1:
            assert math.isnan(trip["mae"])
            continue
        inside = (starts >= entry) & (ends <= leave)
        prices = [*low[inside], *high[inside], exit_px, entry_px]
        gains = [side * (p - entry_px) * quantity * 2.0 for p in prices if not math.isnan(p)]
        assert (trip["mae"], trip["mfe"]) == (min(gains), max(gains))
        assert not math.copysign(1.0, trip["mae"]) < 0 or trip["mae"] < 0


def test_many_long_trips_are_not_quadratic():
    size = 300_000
    trips = make_trips([(0, 1, 0, 1, 1.0, 100.0, 100.0)])
    trips = np.repeat(trips, size)
    trips["entry_ts"], trips["exit_ts"] = np.arange(size), size * 2
    prices = 100.0 + np.sin(np.arange(size))
    clock = np.arange(size)
    begin = time.perf_counter()
    excursions(trips, 0, 1.0, clock, clock, prices, prices)
    assert time.perf_counter() - begin < 5.0  # 4.5e10 steps if it were
    assert trips["mae"].min() == prices.min() - 100.0
