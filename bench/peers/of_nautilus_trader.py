"""nautilus_trader: a strategy in Python, called at each quote by its event-driven engine."""

from decimal import Decimal

import nautilus_trader
import pandas as pd
import work
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money
from nautilus_trader.persistence.wranglers import QuoteTickDataWrangler
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy
from work import CAPITAL

VENUE = Venue("SIM")
EQUITY = TestInstrumentProvider.equity(symbol="A", venue="SIM")


class Emas(Strategy):
    def on_start(self):
        self.short = self.long = None
        self.alphas = [2 / (period + 1) for period in work.TICKS]
        self.holds = False
        self.subscribe_quote_ticks(EQUITY.id)

    def on_quote_tick(self, quote):
        mid = 0.5 * (quote.bid_price.as_double() + quote.ask_price.as_double())
        if self.short is None:
            self.short = self.long = mid
        self.short += self.alphas[0] * (mid - self.short)
        self.long += self.alphas[1] * (mid - self.long)
        if (self.short > self.long) != self.holds:
            self.holds = not self.holds
            side = OrderSide.BUY if self.holds else OrderSide.SELL
            self.submit_order(self.order_factory.market(EQUITY.id, side, EQUITY.make_qty(Decimal(10))))


def quotes(n):
    columns = work.ticks(n)
    frame = pd.DataFrame(
        {"bid_price": columns["bid"] - 0.005, "ask_price": columns["ask"] + 0.005},  # whole cents
        index=pd.to_datetime(columns["timestamp"], utc=True),
    )
    return QuoteTickDataWrangler(EQUITY).process(frame)


def backtest(ticks):
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(VENUE, OmsType.NETTING, AccountType.MARGIN, [Money(CAPITAL, USD)], base_currency=USD)
    engine.add_instrument(EQUITY)
    engine.add_data(ticks)
    engine.add_strategy(Emas())
    engine.run()
    orders = engine.cache.orders_total_count()
    engine.dispose()
    return orders


if __name__ == "__main__":
    ticks = quotes(work.scaled(200_000))
    work.measure(
        "ticks",
        "event-driven, Python at each quote",
        len(ticks),
        lambda: backtest(ticks),
        computed=lambda orders: (
            f"{len(ticks):,} quotes, its objects made before; {orders} market orders of 10; account"
        ),
        rounds=2,
    )
    work.report(f"nautilus_trader {nautilus_trader.__version__}", f"pandas {pd.__version__}")
