"""`bt.Orders` in a run: sent at their times, equal to the same orders from a callback; invalid rows."""

import math

import numpy as np
import pytest
from random_walks import DAY, START, bars, quotes, same_results

import btcore as bt


class TestOrders:
    def test_rows_are_sent_at_their_times(self):
        data = bars(10)
        orders = bt.Orders(
            [START + 5 * DAY, START + DAY], "A", ["sell", "buy"], [3.0, 5.0], time_in_force="GTC"
        )
        result = bt.run({"A": data}, orders)
        assert result.trades["timestamp"].tolist() == [START + DAY, START + 5 * DAY]
        assert result.trades["price"].tolist() == [data.open[1], data.open[5]]
        assert result.trades["side"].tolist() == ["buy", "sell"]

    def test_orders_equal_the_same_orders_from_a_callback(self):
        rng = np.random.default_rng(5)
        data = quotes(400, 3)
        rows = np.sort(rng.choice(400, 60, replace=False))
        sides = rng.choice([-1, 1], 60)
        limits = np.where(rng.random(60) < 0.5, np.nan, np.round(100 + rng.normal(0, 2, 60), 1))
        stops = np.where(rng.random(60) < 0.7, np.nan, np.round(100 + rng.normal(0, 2, 60), 1))
        kinds = rng.choice(["GTC", "DAY", "IOC", "FOK"], 60)
        orders = bt.Orders(
            data.timestamp[rows] + 1, "A", sides, np.ones(60), limit_price=limits, stop_price=stops,
            time_in_force=kinds,
        )  # fmt: skip

        class Timed(bt.Strategy):
            def on_start(self, ctx):
                self.at = 0
                for row in rows:
                    ctx.set_timer(int(data.timestamp[row]) + 1)

            def on_end(self, ctx):
                while self.at < len(rows):  # rows after the data
                    self.on_timer(ctx)

            def on_timer(self, ctx):
                i = self.at
                self.at += 1
                send = ctx.buy if sides[i] > 0 else ctx.sell
                limit = None if np.isnan(limits[i]) else limits[i]
                stop = None if np.isnan(stops[i]) else stops[i]
                send("A", 1.0, time_in_force=str(kinds[i]), limit=limit, stop=stop)

        execution = bt.Execution(latency_ms=700, slippage_bps=3, commission_bps=1)
        one = bt.run({"A": data}, orders, execution=execution)
        other = bt.run({"A": data}, Timed(), execution=execution)
        assert same_results(one, other)
        assert len(one.trades) > 10

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"quantity": [1.0, -1.0]}, r"orders\[1\]: quantity -1.0 is not a positive number"),
            ({"quantity": [1.0, math.nan]}, r"orders\[1\]: quantity nan is not a positive number"),
            ({"side": ["buy", "hold"]}, r"orders\[1\]: side 'hold' is not 'buy' or 'sell'"),
            ({"side": [1, 0]}, r"orders\[1\]: side 0 is not 1 or -1"),
            ({"limit_price": [0.0, 1.0]}, r"orders\[0\]: limit_price 0.0 is not a finite number"),
            ({"time_in_force": ["GTC", "gtc"]}, r"orders\[1\]: time_in_force 'gtc' is not one of GTC"),
            ({"latency_ms": -1}, r"orders\[0\]: latency_ms -1.0 is not between 0 and"),
            ({"oco": [-2, 0]}, r"orders\[0\]: oco -2 is not 0 or a positive"),
            ({"parent": [-1, 2]}, r"orders\[1\]: parent 2 is not a row from 0 to 1"),
            ({"parent": [-1, 0]}, r"orders\[1\]: parent 0 is not the row of an order that is sent earlier"),
            ({"trail": 0.0}, r"orders\[0\]: trail 0.0 is not a positive number"),
            ({"trail": 1.0, "trail_by": "points"}, r"orders\[0\]: trail_by 'points' is not one of price"),
            (
                {"stop_price": 1.0, "touch_price": 1.0},
                r"orders\[0\]: a stop price and a touch price",
            ),
            ({"limit_offset": 1.0}, r"orders\[0\]: limit_offset is for trailing stops"),
            ({"post_only": [False, True]}, r"orders\[1\]: post_only is for limit orders"),
            ({"quantity": [1.0, 1.0, 1.0]}, r"orders.quantity: not a column of 2 values"),
            ({"timestamp": [1.5, 2.5]}, r"orders.timestamp: not a column of int64"),
            (
                {"timestamp": np.array(["2024-01-01", "NaT"], "M8[ns]")},
                r"orders\[1\]: timestamp is NaT, not a time",
            ),
        ],
    )
    def test_refusals_name_the_row(self, change, message):
        base = {"timestamp": [START + DAY, START], "symbol": "A", "side": "buy", "quantity": [1.0, 1.0]}
        with pytest.raises(bt.OrderError, match=message):
            bt.Orders(**{**base, **change})

    def test_an_unknown_symbol(self):
        with pytest.raises(bt.OrderError, match="orders: 'B' is not in this run; its symbols are A"):
            bt.run({"A": bars()}, bt.Orders([START], "B", "buy", 1))
