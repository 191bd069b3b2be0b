"""NautilusTrader runs EMACross as in its quickstart, and prints figures as JSON. Its Python has no btcore."""

import json
import sys
from decimal import Decimal

import nautilus_trader
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.examples.strategies.ema_cross import EMACross, EMACrossConfig
from nautilus_trader.model.currencies import EUR, USD
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Money, Price, Quantity

EURUSD = CurrencyPair(
    instrument_id=InstrumentId.from_str("EUR/USD.SIM"),
    raw_symbol=Symbol("EUR/USD"),
    base_currency=EUR,
    quote_currency=USD,
    price_precision=5,
    size_precision=0,
    price_increment=Price.from_str("0.00001"),
    size_increment=Quantity.from_int(1),
    ts_event=0,
    ts_init=0,
    lot_size=Quantity.from_int(1_000),
    margin_init=Decimal("0.03"),
    margin_maint=Decimal("0.03"),
)
MINUTES = BarType.from_str("EUR/USD.SIM-1-MINUTE-LAST-EXTERNAL")


def bar(row: list[float]) -> Bar:
    end, *prices = row
    volume = Quantity.from_int(1_000_000)
    return Bar(MINUTES, *(Price(price, 5) for price in prices), volume, int(end), int(end))


def played(rows: list[list[float]]) -> dict[str, float]:
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        Venue("SIM"),
        OmsType.NETTING,
        AccountType.MARGIN,
        [Money(1_000_000, USD)],
        base_currency=USD,
        default_leverage=Decimal(1),
    )
    engine.add_instrument(EURUSD)
    engine.add_data([bar(row) for row in rows])
    config = EMACrossConfig(
        instrument_id=EURUSD.id,
        bar_type=MINUTES,
        trade_size=Decimal(100_000),
        request_bars=False,
        subscribe_trade_ticks=False,
    )
    engine.add_strategy(EMACross(config))
    engine.run()
    found = {
        "account balance, USD": engine.cache.accounts()[0].balance_total(USD).as_double(),
        "positions": float(len(engine.trader.generate_positions_report())),
        "orders filled": float(len(engine.trader.generate_order_fills_report())),
    }
    for name, value in engine.get_result().stats_pnls["USD"].items():
        found[f"stats_pnls: {name}"] = value
    engine.dispose()
    return found


if __name__ == "__main__":
    bars = json.load(sys.stdin)
    print(json.dumps({"version": nautilus_trader.__version__, "figures": played(bars) if bars else {}}))
