"""Strategies of callbacks: parameters, hooks, orders and their errors."""

import math

import numpy as np
import pytest
from random_walks import START, bars, quotes

import btcore as bt
from btcore.contract import Handler


class TestStrategies:
    def test_only_defined_callbacks_are_called(self):
        called = []

        class Some(bt.Strategy):
            def on_trade(self, ctx, trade):
                called.append(trade)

        both = (
            quotes(5),
            bt.Trades(quotes(5).timestamp, quotes(5).ask, np.full(5, 2.0), np.full(5, -1, np.int8)),
        )
        bt.run({"A": both}, Some())
        assert [(t.symbol, t.price, t.size, t.side) for t in called] == [
            ("A", float(px), 2.0, -1) for px in quotes(5).ask
        ]

    def test_parameters_are_annotations(self):
        class Cross(bt.Strategy):
            period: int = 3
            name: str = "x"
            _hidden: int = 0

            def on_bar(self, ctx, bar):
                pass

        assert Cross(period=5).params == {"period": 5, "name": "x"}
        assert bt.run({"A": bars()}, Cross, {"period": np.int64(7)}).manifest["run"]["strategy"][
            "params"
        ] == {
            "period": 7,
            "name": "x",
        }
        for params, message in (
            ({"period": "5"}, "strategy.params.period: '5' is not a whole number"),
            ({"periods": 5}, "strategy.params.periods: Cross has no such parameter"),
        ):
            with pytest.raises(bt.ConfigError, match=message):
                Cross(**params)

    def test_a_parameter_without_default_is_required(self):
        class Needs(bt.Strategy):
            period: int

        with pytest.raises(bt.ConfigError, match=r"^strategy\.params\.period: is required$"):
            Needs()

    def test_an_exception_names_the_time_and_keeps_its_cause(self):
        class Bad(bt.Strategy):
            def on_bar(self, ctx, bar):
                raise ZeroDivisionError("oops")

        with pytest.raises(
            bt.StrategyError, match=r"at 2024-01-02T00:00:00.*ZeroDivisionError: oops"
        ) as error:
            bt.run({"A": bars()}, Bad())
        assert isinstance(error.value.__cause__, ZeroDivisionError)

    def test_an_interrupt_is_raised_as_it_is(self):
        class Impatient(bt.Strategy):
            def on_bar(self, ctx, bar):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            bt.run({"A": bars()}, Impatient())

    def test_a_strategy_that_orders_without_end_is_stopped(self):
        class Runaway(bt.Strategy):
            def on_quote(self, ctx, quote):
                ctx.buy("A", 1e-6)

            def on_fill(self, ctx, fill):
                ctx.buy("A", 1e-6)

        with pytest.raises(bt.StrategyError, match="10000 rounds of requests within one event"):
            bt.run({"A": quotes(5)}, Runaway())

    def test_the_context_works_inside_callbacks_only(self):
        class Keeps(bt.Strategy):
            def on_start(self, ctx):
                self.ctx = ctx

        strategy = bt.run({"A": bars()}, Keeps()).strategy
        for use in (lambda c: c.cash, lambda c: c.buy("A", 1), lambda c: c.now, lambda c: c.log("x")):
            with pytest.raises(bt.OrderError, match="only inside the strategy's callbacks"):
                use(strategy.ctx)

    @pytest.mark.parametrize(
        ("act", "message"),
        [
            (lambda c: c.buy("B", 1), "'B' is not in this run; its symbols are A"),
            (lambda c: c.buy("A", -1), "A: quantity -1.0 is not a positive number"),
            (lambda c: c.sell("A", math.nan), "A: quantity nan is not a positive number"),
            (lambda c: c.buy("A", 1, limit=0), "A: limit price 0 is not a positive number"),
            (lambda c: c.buy("A", 1, stop=math.inf), "A: stop price inf is not a positive number"),
            (
                lambda c: c.buy("A", 1, time_in_force="GTX"),
                "A: time_in_force 'GTX' is not one of GTC, DAY, IOC, FOK, GTD, OPG, CLS",
            ),
            (lambda c: c.buy("A", 1, time_in_force="GTD"), "A: time_in_force GTD needs expires"),
            (lambda c: c.buy("A", 1, expires=START), "A: expires is for time_in_force GTD"),
            (
                lambda c: c.buy("A", 1, stop=99, touch=98),
                "A: a stop price and a touch price",
            ),
            (
                lambda c: c.buy("A", 1, trail=2, limit=98),
                "A: a trailing stop has neither a limit",
            ),
            (lambda c: c.buy("A", 1, trail=2, trail_by="points"), "A: trail_by 'points' is not one of"),
            (lambda c: c.buy("A", 1, limit_offset=1), "A: limit_offset is for trailing stops"),
            (
                lambda c: c.buy("A", 1, stop=99, time_in_force="OPG"),
                "A: time_in_force OPG and CLS are for",
            ),
            (lambda c: c.buy("A", 1, post_only=True), "A: post_only is for limit orders"),
            (lambda c: c.buy("A", 1, parent=9), "order 9: no order with this id was sent"),
            (lambda c: c.bracket("A", 1, side="long"), "A: side 'long' is not 'buy' or 'sell'"),
            (lambda c: c.buy("A", 1, latency_ms=-1), "A: latency_ms -1 is not between 0 and 86400000, a day"),
            (lambda c: c.buy("A", 1, oco=-1), "A: oco -1 is not 0 or a positive group"),
            (lambda c: c.cancel(7), "order 7: no order with this id was sent"),
            (lambda c: c.amend(c.buy("A", 1), limit=3.0), "order 1: a market order has no limit"),
            (lambda c: c.amend(c.buy("A", 1, limit=1.0), stop=3.0), "order 1: a limit order has no stop"),
            (lambda c: c.amend(c.buy("A", 1, stop=1.0), touch=3.0), "order 1: a stop order has no touch"),
            (lambda c: c.amend(c.buy("A", 1), quantity=0), "order 1: quantity 0 is not a positive number"),
            (lambda c: c.order_target("A", math.nan), "A: target nan is not a finite number"),
        ],
    )
    def test_invalid_orders(self, act, message):
        class Acts(bt.Strategy):
            def on_bar(self, ctx, bar):
                act(ctx)

        with pytest.raises(bt.StrategyError) as error:
            bt.run({"A": bars()}, Acts())
        assert isinstance(error.value.__cause__, bt.OrderError)
        assert str(error.value.__cause__).startswith(message)

    def test_order_target_counts_orders_in_flight(self):
        class Targets(bt.Strategy):
            def on_bar(self, ctx, bar):
                ctx.order_target("A", 10)
                assert ctx.order_target("A", 10) is None

        result = bt.run({"A": bars(10)}, Targets(), execution=bt.Execution(latency_ms=2.5 * 86_400_000 / 4))
        assert result.trades["quantity"].tolist() == [10.0]

    def test_timers(self):
        class Clock(bt.Strategy):
            def on_start(self, ctx):
                self.rang = []
                ctx.set_timer(START + 5 * 10**9 + 1)
                ctx.set_timer(START + 2 * 10**9)

            def on_timer(self, ctx):
                self.rang.append(ctx.now - START)

        clock = bt.run({"A": quotes(10)}, Clock()).strategy
        assert clock.rang == [2 * 10**9, 5 * 10**9 + 1]

    def test_a_compiled_handler_is_a_strategy(self):
        from btcore.strategies import check_params, make_handler

        handler = make_handler("rsi", check_params("rsi", {"period": 4}), 1)
        assert isinstance(handler, Handler)
        by_name = bt.run({"A": bars(60)}, "rsi", {"period": 4})
        played = bt.run({"A": bars(60)}, handler)
        with pytest.raises(bt.ConfigError, match="has already been used for a run"):
            bt.run({"A": bars(60)}, handler)
        assert played.tables()["trades"].tobytes() == by_name.trades.tobytes()
