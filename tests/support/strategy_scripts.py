"""Strategies that follow a script."""

from dataclasses import dataclass, field
from typing import Any

from engines import Maker


@dataclass(frozen=True)
class Action:
    """`verb` with its arguments; cancel and amend name their order by its place among those sent.

    Of an order's terms, `parent` is a place among those sent for its symbol, and `expires` a time from now.
    """

    verb: str
    arguments: tuple[Any, ...] = ()
    terms: dict[str, Any] = field(default_factory=dict)


@dataclass
class Script:
    symbols: tuple[str, ...]
    actions: dict[int, list[Action]]  # by the number of the hook's call, on_start being 0
    legs: bool = False  # whether it also records long and short positions


def scripted(script: Script) -> Maker:
    """A strategy class that follows the script and records the events it receives and what it can see."""

    def make(base: type) -> type:
        class Scripted(base):
            def on_start(self, ctx):
                self.calls, self.sent, self.seen = 0, [], []
                self.step(ctx, "start")

            def on_bar(self, ctx, bar):
                prices = (bar.open, bar.high, bar.low, bar.close, bar.volume)
                self.step(ctx, "bar", bar.symbol, bar.timestamp, *prices)

            def on_quote(self, ctx, quote):
                sides = (quote.bid, quote.ask, quote.bid_size, quote.ask_size)
                self.step(ctx, "quote", quote.symbol, quote.timestamp, *sides)

            def on_trade(self, ctx, trade):
                self.step(ctx, "trade", trade.symbol, trade.timestamp, trade.price, trade.size, trade.side)

            def on_fill(self, ctx, fill):
                what = (fill.timestamp, fill.order_id, fill.symbol, fill.side, fill.quantity, fill.price)
                self.step(ctx, "fill", *what, fill.commission)

            def on_timer(self, ctx):
                self.step(ctx, "timer")

            def on_end(self, ctx):
                self.step(ctx, "end")

            def step(self, ctx, *event):
                seen = {
                    "event": event,
                    "now": ctx.now,
                    "cash": float(ctx.cash),
                    "equity": float(ctx.equity),
                    "held": [float(ctx.position(symbol)) for symbol in script.symbols],
                    "open": list(ctx.open_orders()),
                    "open_first": list(ctx.open_orders(script.symbols[0])),
                }
                if script.legs:
                    seen["long"] = [float(ctx.position(symbol, leg="long")) for symbol in script.symbols]
                    seen["short"] = [float(ctx.position(symbol, leg="short")) for symbol in script.symbols]
                self.seen.append(seen)
                for action in script.actions.get(self.calls, ()):
                    self.act(ctx, action)
                self.calls += 1

            def act(self, ctx, action):
                if action.verb in ("buy", "sell"):
                    self.send(ctx, action)
                elif action.verb == "bracket":
                    names = ({*action.terms} & {"limit", "stop"}, {"limit"}, {"stop"})
                    orders = ctx.bracket(*action.arguments, **action.terms)
                    for order, has in zip(orders, names, strict=True):
                        if order is not None:
                            self.sent.append((order, action.arguments[0], {"quantity", *has}))
                elif action.verb in ("cancel", "amend"):
                    if self.sent:
                        order, _, has = self.sent[action.arguments[0] % len(self.sent)]
                        terms = {n: v for n, v in action.terms.items() if n in has and v > 0}
                        if terms or action.verb == "cancel":
                            getattr(ctx, action.verb)(order, **terms)
                elif action.verb == "set_timer":
                    ctx.set_timer(ctx.now + action.arguments[0])
                else:
                    ctx.log(f"script: {action.arguments[0]} at {ctx.now}")

            def send(self, ctx, action):
                symbol, terms = action.arguments[0], dict(action.terms)
                if "expires" in terms:
                    terms["expires"] += ctx.now
                if "parent" in terms:
                    earlier = [order for order, of, _ in self.sent if of == symbol]
                    number = terms.pop("parent")
                    terms |= {"parent": earlier[number % len(earlier)]} if earlier else {}
                if terms.get("from_fill") and "parent" not in terms:
                    return  # there is no order to be the child of
                order = getattr(ctx, action.verb)(*action.arguments, **terms)
                self.sent.append(
                    (order, symbol, {"quantity", *terms, *({"stop"} if "trail" in terms else ())})
                )

        return Scripted

    return make
