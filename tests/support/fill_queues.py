"""Round trips by first in, first out in plain Python, and random sequences of fills and splits."""

from collections import deque

import numpy as np
from bookkeeper import records
from hypothesis import strategies as st

from btcore.model import FILL_DTYPE, RESTATEMENT_DTYPE


def make_fills(rows, value=1.0):
    """Fills from (symbol, signed quantity, price, commission), ten nanoseconds apart, order ids from 1."""
    fills = np.zeros(len(rows), dtype=FILL_DTYPE)
    for i, (symbol, quantity, price, commission) in enumerate(rows):
        fills[i]["ts"], fills[i]["order_id"], fills[i]["symbol"] = 10 * (i + 1), i + 1, symbol
        fills[i]["side"], fills[i]["last_qty"] = (1 if quantity > 0 else -1), abs(quantity)
        fills[i]["last_px"], fills[i]["commission"] = price, commission
    fills["point_value"] = value
    return fills


class Queue:
    """A position as lots of [quantity, price, point value, cost per unit, (ts, order id), side, restated]."""

    def __init__(self, symbol, leg):
        self.symbol, self.leg, self.lots, self.trips = symbol, leg, deque(), []

    @property
    def quantity(self):
        return sum(lot[0] * lot[5] for lot in self.lots)

    def fill(self, when, quantity, price, value, commission):
        side, left, unit = (1 if quantity > 0 else -1), abs(quantity), commission / abs(quantity)
        while left and self.lots and self.lots[0][5] != side:
            lot = self.lots[0]
            done = min(left, lot[0])
            cost = (lot[3] + unit) * done
            gain = lot[5] * (price * value - lot[1] * lot[2]) * done - cost
            outcome = (lot[1], price, lot[2], value, gain, cost)
            self.trips.append((self.symbol, self.leg, lot[5], done, *lot[4], *when, *outcome, lot[6]))
            lot[0] -= done
            left -= done
            if not lot[0]:
                self.lots.popleft()
        if left:
            self.lots.append([left, price, value, unit, when, side, 0])

    def split(self, ts, ratio, payout, price, value):
        for lot in self.lots:
            lot[0], lot[1], lot[3], lot[6] = lot[0] * ratio, lot[1] / ratio, lot[3] / ratio, 1
        if payout:
            self.fill((ts, 0), -payout, price, value, 0.0)


COLUMNS = ["symbol", "leg", "side", "qty", "entry_ts", "entry_order_id", "exit_ts", "exit_order_id"]
COLUMNS += ["entry_px", "exit_px", "entry_value", "exit_value", "pnl", "commission", "restated"]
quantities = st.integers(-30, 30).filter(bool)
prices = st.integers(1, 400).map(lambda p: p / 4)
places = st.tuples(st.integers(0, 2), st.integers(-1, 1))  # symbol, leg
point_values = st.sampled_from([1.0, 50.0, 0.125, 1.25])  # binary fractions, so that sums are exact
some_fills = st.tuples(
    st.just("fill"), places, quantities, prices, point_values, st.integers(-2, 8).map(float)
)
some_splits = st.tuples(
    st.just("split"),
    places,
    st.sampled_from([2.0, 0.5, 4.0]),
    st.sampled_from([0.0, 0.25, 1.0]),
    prices,
    point_values,
)
event_lists = st.tuples(st.lists(some_fills, max_size=60), st.lists(some_splits, max_size=5)).flatmap(
    lambda both: st.permutations([*both[0], *both[1]])
)


def play(events):
    """Fills and restatements as the engine records them, and the queues after the same events."""
    queues, fills, restatements = {}, [], []
    for i, (kind, place, *values) in enumerate(events):
        queue, ts = queues.setdefault(place, Queue(*place)), 10 * (i + 1)
        where = {"ts": ts, "symbol": place[0], "leg": place[1]}
        if kind == "fill":
            quantity, price, value, commission = values
            queue.fill((ts, i + 1), quantity, price, value, commission)
            fills.append(
                where
                | {"order_id": i + 1, "side": 1 if quantity > 0 else -1, "last_qty": abs(quantity)}
                | {"last_px": price, "point_value": value, "commission": commission}
            )
        elif queue.quantity:
            ratio, share, price, value = values
            payout = queue.quantity * ratio * share
            queue.split(ts, ratio, payout, price, value)
            restatements.append(
                where
                | {"n_fills": len(fills), "ratio": ratio, "cash_qty": payout, "px": price}
                | {"point_value": value}
            )
    return records(FILL_DTYPE, fills), records(RESTATEMENT_DTYPE, restatements), queues
