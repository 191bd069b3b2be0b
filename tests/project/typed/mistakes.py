"""Mistakes in a strategy, each with the codes of mypy and pyright; nothing runs this."""

import btcore as bt


class Wrong(bt.Strategy):
    period: int = 20

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        ctx.byu("A", 1)  # attr-defined reportAttributeAccessIssue
        ctx.buy("A", "ten")  # arg-type reportArgumentType
        ctx.buy("A")  # call-arg reportCallIssue
        ctx.buy("A", 1, limt=99.0)  # call-arg reportCallIssue
        ctx.buy("A", 1, limit="99")  # arg-type reportArgumentType
        ctx.buy("A", 1, time_in_force="GOOD")  # arg-type reportArgumentType
        ctx.sell("A", 1, trail=1.0, trail_by="pips")  # arg-type reportArgumentType
        ctx.send("A", "by", 1)  # arg-type reportArgumentType
        ctx.bracket("A", 1, take_proft=110.0)  # call-arg reportCallIssue
        ctx.bracket("A", 1, side="sel")  # arg-type reportArgumentType
        ctx.amend(1, price=99.0)  # call-arg reportCallIssue
        ctx.position("A", "lng")  # arg-type reportArgumentType
        ctx.every(5.5)  # arg-type reportArgumentType
        ctx.at("15:55", zone="UTC")  # call-arg reportCallIssue
        print(bar.closing)  # attr-defined reportAttributeAccessIssue
        print(self.perid)  # attr-defined reportAttributeAccessIssue
        ticket = ctx.order_target("A", 1)
        ticket.cancel()  # union-attr reportOptionalMemberAccess
        ctx.history("A", "close", kind="ticks")  # arg-type reportArgumentType
        bt.indicators.sma([1.0], length=2)  # call-arg reportCallIssue
        bt.sizing.by_stop(1.0, 2.0)  # call-arg reportCallIssue

    def on_quote(self, ctx: bt.Context) -> None:  # override reportIncompatibleMethodOverride
        pass

    def on_trade(self, ctx: bt.Context, trade: int) -> None:  # override reportIncompatibleMethodOverride
        pass

    def on_fill(self, ctx: bt.Context, fill: bt.FillEvent) -> None:
        print(fill.qty)  # attr-defined reportAttributeAccessIssue

    def on_reject(self, ctx: bt.Context, order: bt.OrderState) -> None:
        print(order.reasn)  # attr-defined reportAttributeAccessIssue

    def on_cancel(self, ctx: bt.Context, a: int, b: int) -> None:  # override reportIncompatibleMethodOverride
        pass

    def on_timer(self, ctx: bt.Context, name: int) -> None:  # override reportIncompatibleVariableOverride
        pass

    def on_start(self) -> None:  # override reportIncompatibleMethodOverride
        pass

    async def on_end(self, ctx: bt.Context) -> None:  # override reportIncompatibleMethodOverride
        pass


Wrong(perid=10)  # call-arg reportCallIssue
Wrong(period="ten")  # arg-type reportArgumentType

bt.compiled(rate="fast")  # call-overload reportArgumentType
bt.compiled(lambda state, event, account: 3)  # arg-type reportArgumentType
bt.compiled(evnts=["bars"])  # call-overload reportArgumentType


@bt.compiled(rate=0.1)
def rated(state: object, event: object, account: object) -> None: ...


data = {"A": bt.sample_bars("A", "2024-01-02", "2024-03-01")}
rated(rate="fast")  # arg-type reportArgumentType
bt.run(data, rated, rate=0.2)  # call-arg reportCallIssue
