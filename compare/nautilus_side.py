"""NautilusTrader plays the small cases, and writes version and fills as JSON. Its Python has no btcore."""

import json
from decimal import Decimal
from typing import Any

import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType, QuoteTick, TradeTick
from nautilus_trader.model.enums import (
    AccountType,
    AggressorSide,
    OmsType,
    OrderSide,
    TimeInForce,
    TrailingOffsetType,
)
from nautilus_trader.model.identifiers import TradeId, Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

from .small_cases import BUY, DIFFERENT, SAME, SAME_TOO, Case, Order

VENUE = Venue("SIM")
EQUITY = TestInstrumentProvider.equity(symbol="A", venue="SIM")
MINUTES = BarType.from_str("A.SIM-1-MINUTE-LAST-EXTERNAL")
MINUTE = 60 * 10**9


def price(value: float) -> Price:
    return Price(value, 2)


class Sends(Strategy):  # type: ignore[misc]
    """Sends the orders of a case on its first row, and keeps its fills."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.case, self.was_sent = case, False
        self.ids: list[Any] = []
        self.fills: list[tuple[int, float, float]] = []

    def on_start(self) -> None:
        self.subscribe_bars(MINUTES)
        self.subscribe_quote_ticks(EQUITY.id)
        self.subscribe_trade_ticks(EQUITY.id)

    def on_bar(self, bar: Bar) -> None:
        self.send()

    def on_quote_tick(self, quote: QuoteTick) -> None:
        self.send()

    def on_trade_tick(self, trade: TradeTick) -> None:
        self.send()

    def send(self) -> None:
        if self.was_sent:
            return
        self.was_sent = True
        for order in self.case.orders:
            if self.case.exits is None:
                made = self.made(order)
                self.ids.append(made.client_order_id)
                self.submit_order(made)
            else:
                self.submit_bracket(order, *self.case.exits)

    def submit_bracket(self, order: Order, target: float, stop: float) -> None:
        side, quantity = self.side(order), EQUITY.make_qty(Decimal(order.quantity))
        entry = {"entry_price": price(order.prices["limit"])} if order.prices else {}
        kind = {"entry_order_type": self.made(order).order_type} if order.prices else {}
        made = self.order_factory.bracket(
            EQUITY.id, side, quantity, tp_price=price(target), sl_trigger_price=price(stop), **entry, **kind
        )
        first, stopped, limit = made.orders
        self.ids += [first.client_order_id, limit.client_order_id, stopped.client_order_id]
        self.submit_order_list(made)

    def side(self, order: Order) -> OrderSide:
        return OrderSide.BUY if order.side == BUY else OrderSide.SELL

    def made(self, order: Order) -> Any:
        make, p = self.order_factory, {name: price(value) for name, value in order.prices.items()}
        basic = (EQUITY.id, self.side(order), EQUITY.make_qty(Decimal(order.quantity)))
        terms = {
            name: value
            for name, value in order.terms.items()
            if name not in ("time_in_force", "market_to_limit")
        }
        if "time_in_force" in order.terms:
            terms["time_in_force"] = TimeInForce[order.terms["time_in_force"]]
        if order.terms.get("market_to_limit"):
            return make.market_to_limit(*basic)
        if "trail" in p:
            kind = TrailingOffsetType.PRICE
            offset = Decimal(str(order.prices["trail"]))
            return make.trailing_stop_market(
                *basic, trailing_offset=offset, trailing_offset_type=kind, trigger_price=p["stop"]
            )
        match sorted(p):
            case []:
                return make.market(*basic, **terms)
            case ["limit"]:
                return make.limit(*basic, p["limit"], **terms)
            case ["stop"]:
                return make.stop_market(*basic, p["stop"], **terms)
            case ["limit", "stop"]:
                return make.stop_limit(*basic, p["limit"], p["stop"], **terms)
            case ["touch"]:
                return make.market_if_touched(*basic, p["touch"], **terms)
            case _:
                return make.limit_if_touched(*basic, p["limit"], p["touch"], **terms)

    def on_order_filled(self, event: Any) -> None:
        sign = 1 if event.order_side == OrderSide.BUY else -1
        which = self.ids.index(event.client_order_id) + 1
        self.fills.append((which, sign * float(event.last_qty), float(event.last_px)))


def data(case: Case) -> list[Any]:
    found: list[Any] = []
    for i, row in enumerate(case.rows):
        at = (i + 1) * MINUTE
        if case.kind == "bars":
            found.append(Bar(MINUTES, *map(price, row[:4]), Quantity.from_int(int(row[4])), at, at))
        elif case.kind == "trades":
            size = Quantity.from_int(int(row[1]))
            side = AggressorSide.BUYER if row[2] == BUY else AggressorSide.SELLER
            found.append(TradeTick(EQUITY.id, price(row[0]), size, side, TradeId(str(i)), at, at))
        else:
            sizes = [Quantity.from_int(int(size)) for size in row[2:]]
            found.append(QuoteTick(EQUITY.id, *map(price, row[:2]), *sizes, at, at))
    for i, (minute, value, size, side) in enumerate(case.prints):
        at, aggressor = (
            int((minute + 1) * MINUTE),
            AggressorSide.BUYER if side == BUY else AggressorSide.SELLER,
        )
        quantity, name = Quantity.from_int(int(size)), TradeId(f"print {i}")
        found.append(TradeTick(EQUITY.id, price(value), quantity, aggressor, name, at, at))
    return sorted(found, key=lambda item: item.ts_init)


def play(case: Case) -> dict[str, Any]:
    """Fills, and equity at the last row."""
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    account = AccountType.CASH if case.cash_account else AccountType.MARGIN
    engine.add_venue(
        VENUE, OmsType.NETTING, account, [Money(case.capital, USD)], base_currency=USD, **case.theirs
    )
    engine.add_instrument(EQUITY)
    engine.add_data(data(case))
    strategy = Sends(case)
    engine.add_strategy(strategy)
    engine.run()
    total = engine.cache.accounts()[0].balance_total(USD).as_double()
    open_pnl = engine.portfolio.unrealized_pnl(EQUITY.id)
    found = {"fills": strategy.fills, "equity": total + (open_pnl.as_double() if open_pnl else 0.0)}
    engine.dispose()
    return found


if __name__ == "__main__":
    played = {case.name: play(case) for case in (*SAME, *SAME_TOO, *DIFFERENT)}
    print(json.dumps({"version": nautilus_trader.__version__, "cases": played}))
