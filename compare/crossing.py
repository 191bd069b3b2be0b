"""The crossing of two means as btcore strategies: one signal, several ways to trade it."""

from collections import deque

import btcore as bt

SYMBOL = "GOOG"
FAST, SLOW = 10, 20
UNITS = 100
STOP = 0.05
COMMISSION = 0.002


class Crossing:
    """+1 when the fast mean of closes has just crossed above the slow one, -1 below, else 0."""

    def __init__(self) -> None:
        self.closes: deque[float] = deque(maxlen=SLOW)
        self.was = 0.0

    def __call__(self, close: float) -> int:
        self.closes.append(close)
        if len(self.closes) < SLOW:
            return 0
        known = list(self.closes)
        gap, was = sum(known[-FAST:]) / FAST - sum(known) / SLOW, self.was
        self.was = gap
        return 1 if was < 0 < gap else -1 if gap < 0 < was else 0


class Reverse(bt.Strategy):
    """Turns to `UNITS` long or short with one order."""

    def on_start(self, ctx: bt.Context) -> None:
        self.crossing = Crossing()

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        side = self.crossing(bar.close)
        if side:
            self.turn(ctx, side, bar.close)

    def turn(self, ctx: bt.Context, side: int, close: float) -> None:
        ctx.order_target(SYMBOL, side * UNITS)


class CloseThenOpen(Reverse):
    """The same with two orders for the same open: one closes the old position, one opens the new."""

    def turn(self, ctx: bt.Context, side: int, close: float) -> None:
        send = ctx.buy if side > 0 else ctx.sell
        if ctx.position(SYMBOL):
            send(SYMBOL, abs(ctx.position(SYMBOL)))
        send(SYMBOL, UNITS)


class Stopped(Reverse):
    """With a protective stop that is sent with the entry."""

    def turn(self, ctx: bt.Context, side: int, close: float) -> None:
        for order in ctx.open_orders(SYMBOL):
            ctx.cancel(order)
        ctx.order_target(SYMBOL, side * UNITS)
        protect = ctx.sell if side > 0 else ctx.buy
        protect(SYMBOL, UNITS, stop=close * (1 - side * STOP))


class AllAtDecision(Reverse):
    """All of equity, sized at the close of the signal."""

    def turn(self, ctx: bt.Context, side: int, close: float) -> None:
        ctx.order_target_percent(SYMBOL, side)


class AllAtOpen(bt.Strategy):
    """All of equity, sized at the open at which it fills, on two quotes a day: the open and the close."""

    def on_start(self, ctx: bt.Context) -> None:
        self.crossing = Crossing()
        self.side, self.count, self.price = 0, 0, 0.0

    def on_quote(self, ctx: bt.Context, quote: bt.QuoteEvent) -> None:
        self.count += 1
        if self.count % 2 == 0:
            self.side = self.crossing(quote.bid)
        elif self.side:
            self.price = quote.bid
            if ctx.position(SYMBOL):
                ctx.order_target(SYMBOL, 0)
            else:
                self.enter(ctx)

    def on_fill(self, ctx: bt.Context, fill: bt.FillEvent) -> None:
        if ctx.position(SYMBOL) == 0:
            self.enter(ctx)

    def enter(self, ctx: bt.Context) -> None:
        units = ctx.cash // (self.price * (1 + COMMISSION))
        (ctx.buy if self.side > 0 else ctx.sell)(SYMBOL, units)


class Once(bt.Strategy):
    """Trades `units` (negative: sells) at the close of bar `at`, counted from 0."""

    at: int = 0
    units: int = 1

    def on_start(self, ctx: bt.Context) -> None:
        self.count = 0

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        if self.count == self.at:
            ctx.order_target(SYMBOL, self.units)
        self.count += 1
