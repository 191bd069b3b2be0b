"""OCO groups, parents and children: the effect of an order's fill or end on other orders."""

from math import isnan, nan

from .model import BUY, CANCELED, FILLED, Order
from .numbers import is_multiple, round_down, round_up


class Contingent:
    def parent_of(self, order: Order) -> Order:
        return self.orders[order.parent - 1]

    def children_of(self, order: Order) -> list[Order]:
        """Open children that have arrived, held or released."""
        there = [o for o in self.orders if o.parent == order.id and (o.waits_for_parent or o.ts_arrived >= 0)]
        return [o for o in there if o.is_open]

    def may_grow(self, order: Order) -> bool:
        return order.parent > 0 and self.parent_of(order).is_open

    def apply_oco(self, order: Order, quantity: float, ts: int) -> None:
        for other in self.orders:
            if not other.is_open or not self.same_group(order, other):
                continue
            if not (order.parent and other.parent and order.symbol == other.symbol):
                self.close(other, CANCELED, "oco", ts)
                continue
            still = other.quantity - other.taken - other.filled
            other.taken += min(quantity, still)
            spent = still <= quantity * (1 + 1e-12)
            in_market = other.ts_arrived >= 0 and not self.may_grow(other)
            if spent or (in_market and other.leaves <= 0):
                self.close(other, CANCELED, "oco", ts)

    def released_share(self, child: Order) -> float:
        """The quantity that the parent's fills release, before what the group has taken."""
        parent = self.parent_of(child)
        if parent.status == FILLED:
            return child.quantity
        lot = self.markets[child.symbol].instrument.lot_size
        return round_down(child.quantity * parent.filled / parent.quantity, lot)

    def release(self, child: Order, ts: int, fill_price: float = nan, spread: float = 0.0) -> None:
        """Lets a held child enter the market if some quantity is released, or lets a released child grow.

        With bars of bid and ask, `spread` lies between the sides of the fill and of the child.
        """
        share = self.released_share(child)
        if not child.waits_for_parent:
            inside = self.markets[child.symbol].inside is not None and self.execution.intrabar != "path"
            if inside and share > child.released:
                child.later += max(share - child.taken, child.filled) - child.total
                child.released_at = self.markets[child.symbol].last_price + spread
            child.released = max(child.released, share)
        elif share - child.taken > 0:
            child.waits_for_parent, child.released = False, share
            child.released_in = self.markets[child.symbol].inside
            child.released_at = self.markets[child.symbol].last_price + spread
            if child.from_fill:
                self.set_prices(child)
            self.enter(child, ts, fill_price + spread)

    def set_prices(self, child: Order) -> None:
        """The fractions become prices of the parent, on the tick: the passive one, a stop's the one away."""
        price, tick = self.parent_of(child).avg_px, self.markets[child.symbol].instrument.tick_size
        passive, away = (round_down, round_up) if child.side == BUY else (round_up, round_down)
        for name, way in (("limit", passive), ("stop", passive if child.has_touch else away)):
            value = price + getattr(child, name) * abs(price)
            on_tick = isnan(value) or is_multiple(value, tick)
            setattr(child, name, value if on_tick else way(value, tick))
        child.from_fill = False

    def release_children(self, order: Order, ts: int, fill_price: float) -> None:
        sides = self.markets[order.symbol].sides
        spread = sides.ask - sides.bid if sides else 0.0
        for child in self.children_of(order):
            if child.is_open:  # with bars of bid and ask it starts from the price of its own side
                self.release(child, ts, fill_price, 0.0 if child.side == order.side else child.side * spread)

    def end_children(self, order: Order) -> None:
        """Ends the children of an ended parent; a child with released quantity stays open for it."""
        for child in self.children_of(order):
            if not child.is_open:
                continue
            if child.waits_for_parent:
                self.close(child, CANCELED, "parent", order.ts_closed)
            elif child.leaves <= 0:
                full = child.filled > 0
                self.close(child, FILLED if full else CANCELED, "" if full else "oco", order.ts_closed)
            else:
                child.quantity = child.total + child.taken  # the shares of its own children are based on this
