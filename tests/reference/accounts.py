"""Fills and money: liquidity, slippage, commission, accounting, margin, and the invariants of a run.

Over 300 lines: every method reads or changes the same cash and positions.
"""

from collections.abc import Callable
from math import floor, isclose, sqrt

from btcore.config import Commission, Slippage

from .model import (
    BUY,
    CANCELED,
    CASH_IN_LIEU,
    FILLED,
    LONG,
    MAKER,
    MARKET,
    NETTED,
    PARTIALLY_FILLED,
    SHORT,
    TAKER,
    Event,
    Fill,
    Lot,
    Market,
    Order,
    Pool,
    Position,
    Quote,
    Trade,
)
from .numbers import month_of, round_down


class Accounts:
    # Liquidity

    def pools_of(self, event: Event, market: Market) -> dict[int, Pool]:
        if isinstance(event, Quote):
            return {BUY: self.pool(event.ask_size), -BUY: self.pool(event.bid_size)}
        if isinstance(event, Trade):
            shared = self.pool(event.size)
        else:
            shared = Pool(shown=event.volume)
            if self.execution.volume_share is not None:
                cap = self.execution.volume_share * event.volume
                shared.left = round_down(cap, market.instrument.lot_size)
        return {BUY: shared, -BUY: shared}

    def pool(self, size: float) -> Pool:
        return Pool(size, size) if self.execution.caps_size else Pool(shown=size)

    def pool_for(self, order: Order) -> Pool:
        return self.markets[order.symbol].pools[order.side]

    def fill(  # noqa: PLR0917 - the terms of a fill
        self, order: Order, price: float, ts: int, liquidity: str, pool: Pool, at_end: bool = False
    ) -> None:
        """Fills as much of the order as size, terms and account allow, at `price`, slipped for a taker."""
        market = self.markets[order.symbol]
        lot = market.instrument.lot_size
        market.last_price = seen = price
        quantity = min(order.available, round_down(pool.left, lot))
        if quantity <= 0:
            return
        if not market.lower <= price <= market.upper and not at_end:
            if order.time_in_force in ("IOC", "FOK"):
                self.close(order, CANCELED, "price_band", ts)
            return
        if order.reduce_only:
            if self.reducible(order) <= 0:
                self.close(order, CANCELED, "reduce_only", ts)
                return
            quantity = min(quantity, self.reducible(order))
        if self.cost_model.fill_size and not at_end:
            most = self.ask(self.cost_model.fill_size, order, price, quantity, liquidity)
            quantity = min(quantity, round_down(most, lot))
        if quantity <= 0 or (order.time_in_force == "FOK" and quantity < order.leaves):
            return
        if liquidity == TAKER:
            price = self.slipped(order, price, quantity, pool)
            price = min(max(price, market.lower), market.upper)
        commission = self.commission(order, quantity, price, liquidity, ts)
        affordable = self.affordable(order, quantity, price, commission, market)
        is_cut = affordable < quantity
        if is_cut:
            quantity = 0.0 if order.time_in_force == "FOK" else affordable
            commission = self.commission(order, quantity, price, liquidity, ts)
        if quantity > 0:
            pool.left -= quantity
            self.execute(order, quantity, price, ts, commission=commission, liquidity=liquidity)
            if order.lacks_limit and order.is_open:
                order.limit = seen
        if is_cut and order.is_open:
            self.close(order, CANCELED, "cash", ts)
        if order.reduce_only and order.is_open and self.reducible(order) <= 0:
            self.close(order, CANCELED, "reduce_only", ts)

    def execute(
        self, order: Order, quantity: float, price: float, ts: int, *, commission: float, liquidity: str
    ) -> None:
        """Applies one fill: order, money, report, OCO group, children, in this order."""
        market = self.markets[order.symbol]
        signed, leg = order.side * quantity, self.leg_of(order)
        paid = -(signed * price * self.point_value(market) + commission)
        fill = Fill(ts, order.id, order.symbol, order.side, quantity, price, commission, liquidity, leg, paid)
        self.fills.append(fill)
        self.schedule_point()
        self.add_to_turnover(quantity, price, market, ts)

        value_before = order.filled * order.avg_px if order.filled else 0.0
        total = order.total
        order.filled += quantity
        order.avg_px = (value_before + quantity * price) / order.filled
        order.status = PARTIALLY_FILLED
        if total - order.filled <= 1e-12 * total:
            order.filled = total
            if not self.may_grow(order):
                order.status, order.ts_closed = FILLED, ts

        self.cash += paid
        market.traded += signed
        position = market.positions[leg]
        position.commission += commission
        self.apply_to_position(position, signed, price, price * self.point_value(market))
        self.report(order, fill)
        self.apply_oco(order, quantity, ts)
        self.release_children(order, ts, price)
        if not order.is_open:
            self.end_children(order)

    def slipped(self, order: Order, price: float, quantity: float, pool: Pool) -> float:
        if self.cost_model.slippage:
            slipped = self.ask(self.cost_model.slippage, order, price, quantity, TAKER)
        else:
            slipped = self.slipped_by_settings(order, price, quantity, pool)
        if order.has_limit:
            slipped = min(slipped, order.limit) if order.side == BUY else max(slipped, order.limit)
        return slipped

    def ask(
        self, function: Callable[..., float], order: Order, price: float, quantity: float, liquidity: str
    ) -> float:
        """What the user's function gives for a fill."""
        instrument = self.markets[order.symbol].instrument
        return function(price, quantity, order.side, int(liquidity == TAKER), instrument)

    def slipped_by_settings(self, order: Order, price: float, quantity: float, pool: Pool) -> float:
        run, instrument = self.execution, self.markets[order.symbol].instrument
        terms = instrument.slippage or Slippage(
            bps=run.slippage_bps,
            ticks=run.slippage_ticks,
            volume=run.slippage_volume,
            sqrt=run.slippage_sqrt,
            entry_bps=run.slippage_entry_bps,
        )
        r = 1.0 if pool.shown == 0 else min(1.0, quantity / pool.shown)
        share = terms.bps / 10_000 + terms.volume * r**2 + terms.sqrt * sqrt(r)
        held = self.markets[order.symbol].positions[self.leg_of(order)].quantity
        closed = min(abs(held), quantity) if held * order.side < 0 else 0.0
        share += terms.entry_bps / 10_000 * (quantity - closed) / quantity
        ticks = terms.ticks * instrument.tick_size
        return price + order.side * (abs(price) * share + ticks)

    # Commission

    def commission(self, order: Order, quantity: float, price: float, liquidity: str, ts: int) -> float:
        if self.cost_model.commission:
            return self.ask(self.cost_model.commission, order, price, quantity, liquidity)
        market = self.markets[order.symbol]
        run, instrument = self.execution, market.instrument
        terms = instrument.commission or Commission(
            bps=run.commission_bps,
            maker_bps=run.maker_bps,
            taker_bps=run.taker_bps,
            per_share=run.commission_per_share,
            per_order=run.commission_per_order,
            minimum=run.commission_min,
            maximum=run.commission_max,
            maximum_bps=run.commission_max_bps,
            round_to=run.commission_round_to,
        )
        traded = self.traded_notional.get(month_of(ts), 0.0)
        tiers = [tier for tier in run.commission_tiers if tier.notional <= traded]
        sources = [instrument, tiers[-1] if tiers and instrument.commission is None else terms, terms]
        rates = [each.maker_bps if liquidity == MAKER else each.taker_bps for each in sources]
        bps = next((rate for rate in rates if rate is not None), terms.bps)
        notional = quantity * abs(price) * self.point_value(market)
        charge = (
            bps / 10_000 * notional
            + terms.per_share * quantity
            + (terms.per_order if order.filled == 0 else 0.0)
        )
        if terms.minimum is not None:
            charge = max(charge, terms.minimum)
        if terms.maximum is not None:
            charge = min(charge, terms.maximum)
        if terms.maximum_bps is not None:
            charge = min(charge, terms.maximum_bps / 10_000 * notional)
        if terms.round_to:
            steps = floor(abs(charge) / terms.round_to + 0.5 + 1e-9)
            charge = (1 if charge >= 0 else -1) * steps * terms.round_to
        return charge

    def add_to_turnover(self, quantity: float, price: float, market: Market, ts: int) -> None:
        month = month_of(ts)
        traded = quantity * abs(price) * self.point_value(market)
        self.traded_notional[month] = self.traded_notional.get(month, 0.0) + traded

    # Accounting

    def point_value(self, market: Market) -> float:
        return market.instrument.multiplier * self.rate_of(market.instrument.currency)

    def apply_to_position(self, position: Position, signed: float, price: float, cost: float) -> None:
        """Applies a signed quantity to lots, realised pnl and quantity; `cost` is money per unit."""
        held = position.quantity
        if held * signed >= 0:
            position.lots.append(Lot(signed, price, cost))
            position.quantity = held + signed
            if self.execution.cost_basis == "average":
                position.lots = [Lot(position.quantity, position.avg_px, position.avg_cost)]
            return
        remaining = held + signed
        if abs(remaining) < 1e-12 * max(abs(held), abs(signed)):
            remaining = 0.0
        if remaining * held <= 0:
            position.realized_pnl += sum((cost - lot.cost) * lot.quantity for lot in position.lots)
            position.lots = [Lot(remaining, price, cost)] if remaining else []
        else:
            self.close_oldest(position, -signed, cost)
        position.quantity = remaining

    def close_oldest(self, position: Position, quantity: float, cost: float) -> None:
        """Closes part of the position, oldest lots first; `quantity` has the position's sign."""
        while abs(quantity) > 1e-12 * abs(position.quantity):
            lot = position.lots[0]
            closed = quantity if abs(quantity) < abs(lot.quantity) else lot.quantity
            position.realized_pnl += (cost - lot.cost) * closed
            lot.quantity -= closed
            quantity -= closed
            if abs(lot.quantity) <= 1e-12 * abs(position.quantity):
                del position.lots[0]

    def value_of(self, market: Market, quantity: float) -> float:
        return quantity * market.mark * self.point_value(market) if quantity else 0.0

    @property
    def positions_value(self) -> float:
        return sum(self.value_of(market, market.quantity) for market in self.markets.values())

    @property
    def equity(self) -> float:
        return self.cash + self.positions_value

    def leg_of(self, order: Order) -> int:
        if self.execution.position_mode == "netting":
            return NETTED
        return -order.side if order.reduce_only or order.liquidation else order.side

    def reducible(self, order: Order) -> float:
        """The size of the position on the other side."""
        return max(0.0, -order.side * self.markets[order.symbol].positions[self.leg_of(order)].quantity)

    def affordable(
        self, order: Order, quantity: float, price: float, commission: float, market: Market
    ) -> float:
        """The part of the quantity that an account without credit can pay."""
        if order.reduce_only or order.liquidation:
            return quantity
        if self.execution.account == "margin":
            return self.affordable_by_equity(order, quantity, price, commission, market)
        unit = price * self.point_value(market)
        if order.side != BUY:
            return quantity
        if quantity * unit + commission <= self.cash:
            return quantity
        if unit <= 0:
            return 0.0
        paid = self.cash - max(0.0, commission)
        return max(0.0, round_down(paid / unit, market.instrument.lot_size))

    def affordable_by_equity(
        self, order: Order, quantity: float, price: float, commission: float, market: Market
    ) -> float:
        """At leverage 1 or less: whole for what closes a position; the rest as far as equity covers it."""
        if self.leverage > 1 or market.instrument.initial_margin is not None:
            return quantity
        held, unit = market.quantity, abs(price) * self.point_value(market)
        closing = min(quantity, abs(held)) if held * order.side < 0 else 0.0
        opening = quantity - closing
        if opening <= 1e-12 * quantity or unit == 0:
            return quantity
        equity = self.cash + held * price * self.point_value(market)
        room = 0.0 if closing else -abs(held) * unit
        for other in self.markets.values():
            if other is not market:
                equity += self.value_of(other, other.quantity)
                room -= self.kept_exposure(other)
        if opening * unit + commission <= equity * (1 + 1e-9) + room:
            return quantity
        lots = round_down(max(0.0, equity + room - max(0.0, commission)) / unit, market.instrument.lot_size)
        return closing + min(opening, lots)

    # Margin

    def check_margin(self) -> None:
        if any(o.liquidation and o.is_open for o in self.orders):
            return
        if not any(p.quantity for market in self.markets.values() for p in market.positions.values()):
            return
        needed = sum(
            self.maintenance_of(market) * abs(self.value_of(market, market.quantity))
            for market in self.markets.values()
        )
        if self.equity < needed:
            self.liquidate()

    def maintenance_of(self, market: Market) -> float:
        rate = market.instrument.maintenance_margin
        return self.execution.maintenance_margin if rate is None else rate

    def liquidate(self) -> None:
        self.logs.append(f"liquidation at {self.now}")
        for order in self.orders:
            if order.is_open:
                self.end(order, CANCELED, "liquidation", self.now)
        for market in self.markets.values():
            for position in [
                market.positions[leg] for leg in (NETTED, LONG, SHORT) if leg in market.positions
            ]:
                if position.quantity:
                    self.enter_liquidation(market, position.quantity)

    def enter_liquidation(self, market: Market, held: float) -> None:
        order = self.closing_order(market, held)
        order.liquidation = True
        self.meet_known_price(order)

    def closing_order(self, market: Market, held: float) -> Order:
        order = Order(
            id=len(self.orders) + 1,
            symbol=market.symbol,
            side=-1 if held > 0 else 1,
            type=MARKET,
            quantity=abs(held),
            ts_sent=self.now,
            ts_arrived=self.now,
            admitted=True,
        )
        self.orders.append(order)
        return order

    def close_positions(self) -> None:
        """At the end of the data, with `close_at_end`."""
        for market in self.markets.values():
            held = [
                market.positions[leg].quantity for leg in (NETTED, LONG, SHORT) if leg in market.positions
            ]
            for quantity in filter(None, held):
                order = self.closing_order(market, quantity)
                order.reduce_only = True
                unlimited = Pool(shown=self.pool_for(order).shown)
                self.fill(order, self.reference_price(order), self.now, TAKER, unlimited, at_end=True)

    # Invariants, checked after every event

    def check(self) -> None:
        paid = sum(fill.paid for fill in self.fills)
        scale = max(1.0, self.initial_capital, *(abs(fill.paid) for fill in self.fills), abs(paid))

        def same(a: float, b: float) -> bool:
            return isclose(a, b, rel_tol=1e-9, abs_tol=1e-9 * scale)

        # Cash changes by fills and cash flows only.
        flows = sum(flow.amount for flow in self.cash_flows)
        assert same(self.cash, self.initial_capital + paid + flows)
        fees = sum(p.commission for m in self.markets.values() for p in m.positions.values())
        assert same(fees, sum(fill.commission for fill in self.fills))
        # Equity is capital plus realised and unrealised pnl and cash flows, less commission.
        pnl = sum(flow.amount for flow in self.cash_flows if flow.kind != CASH_IN_LIEU) - fees
        for market in self.markets.values():
            assert same(market.quantity, market.traded)
            for leg, position in market.positions.items():
                assert same(position.quantity, sum(lot.quantity for lot in position.lots))
                assert leg * position.quantity >= 0
                assert all(lot.quantity * position.quantity > 0 for lot in position.lots)
                assert len(position.lots) <= 1 or self.execution.cost_basis == "fifo"
                pnl += position.realized_pnl
                if position.quantity:
                    unit = market.mark * self.point_value(market)
                    pnl += position.quantity * (unit - position.avg_cost)
            if self.execution.account == "cash" and self.execution.position_mode == "netting":
                assert market.quantity >= -1e-9
        assert same(self.equity, self.initial_capital + pnl)
        for order in self.orders:
            self.check_order(order)

    def check_order(self, order: Order) -> None:
        assert order.filled == 0 or order.filled <= order.total * (1 + 1e-9)
        assert order.is_open == (order.ts_closed < 0)
        assert order.status != FILLED or order.leaves <= 0 < order.filled
        assert order.leaves > 0 or order.parent or not order.is_open
        assert (order.reason == "") == (order.is_open or order.status == FILLED)
        assert (order.status == PARTIALLY_FILLED) <= (order.filled > 0)
        assert not (order.is_open and order.admitted) or order.ts_arrived >= 0
        if order.parent and order.is_open and order.admitted:
            parent = self.orders[order.parent - 1]
            assert parent.filled > 0
            assert order.released <= order.quantity
        assert order.ts_closed < 0 or order.ts_closed <= self.now
