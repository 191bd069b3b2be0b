import btcore as bt


class Wrong(bt.Strategy):
    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        ctx.byu("A", 1)  # attr-defined
        ctx.buy("A", "ten")  # arg-type
        ctx.buy("A", 1, limt=99.0)  # call-arg
        ctx.buy("A", 1, time_in_force="GOOD")  # arg-type
        print(bar.closing)  # attr-defined
        ticket = ctx.order_target("A", 1)
        ticket.cancel()  # union-attr
        ctx.history("A", "close", kind="ticks")  # arg-type


data = {"A": bt.sample_bars("A", "2024-01-02", "2024-03-01")}
bt.run(data, Wrong, inital_capital=1e5)  # call-arg
bt.sweep(data, Wrong, {}, comission=1.0)  # call-arg
bt.Execution(slipage_bps=1.0)  # call-arg
bt.Instrument(tick_size="a")  # arg-type
bt.Bars([0], [1.0], [1.0], [1.0], [1.0], intervall="1d")  # call-arg
bt.sizing.by_stop(1.0, 2.0)  # call-arg
bt.compiled(rate="fast")  # call-overload
bt.compiled(lambda state, event, account: 3)  # arg-type
bt.compiled(evnts=["bars"])  # call-overload


@bt.compiled(rate=0.1)
def rated(state: object, event: object, account: object) -> None: ...


rated(rate="fast")  # arg-type
bt.run(data, rated, rate=0.2)  # call-arg
