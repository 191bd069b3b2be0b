"""Made the files beside it with nautilus_trader 1.221.0, which is no dependency of the tests."""

from nautilus_trader.model.data import Bar, BarType, QuoteTick, TradeTick
from nautilus_trader.model.enums import AggressorSide
from nautilus_trader.model.identifiers import TradeId
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.persistence.catalog import ParquetDataCatalog
from nautilus_trader.test_kit.providers import TestInstrumentProvider

START = 1_704_067_200_000_000_000  # 2024-01-01
SECOND, MINUTE = 10**9, 60 * 10**9


def euro(points: int) -> Price:
    return Price.from_str(f"1.10{points:03}")


def bar(kind: str, prices: list[Price], volume: Quantity, close: int) -> Bar:
    return Bar(BarType.from_str(kind), *prices, volume, close, close)


catalog = ParquetDataCatalog(".")
forex = TestInstrumentProvider.default_fx_ccy("EUR/USD")
crypto = TestInstrumentProvider.btcusdt_binance()
catalog.write_data([forex, crypto])
catalog.write_data([
    QuoteTick(
        forex.id, euro(k), euro(k + 2), Quantity.from_int(1_000_000 + k), Quantity.from_int(500_000),
        START + k * SECOND + 1, START + k * SECOND + 500,
    )
    for k in range(20)
])  # fmt: skip
sides = [AggressorSide.BUYER, AggressorSide.SELLER, AggressorSide.NO_AGGRESSOR]
catalog.write_data([
    TradeTick(
        crypto.id, Price.from_str(f"{42_000 + k * 0.37:.2f}"), Quantity.from_str(f"{0.001 * (k + 1):.6f}"),
        sides[k % 3], TradeId(str(k)), START + k * 10**6, START + k * 10**6 + 7,
    )
    for k in range(30)
])  # fmt: skip
for side, ahead in (("BID", 0), ("ASK", 2), ("MID", 1)):
    catalog.write_data([
        bar(
            f"EUR/USD.SIM-1-MINUTE-{side}-EXTERNAL",
            [euro(k + ahead), euro(k + ahead + 5), euro(k + ahead - 1), euro(k + ahead + 1)],
            Quantity.from_int(100 + k), START + (k + 1) * MINUTE,
        )
        for k in range(1, 11)
    ])  # fmt: skip
catalog.write_data([
    bar(
        "BTCUSDT.BINANCE-5-MINUTE-LAST-EXTERNAL",
        [Price.from_str(f"{42_000 + k + ahead:.2f}") for ahead in (0, 10, -10, 1.5)],
        Quantity.from_str("1.500000"), START + (k + 1) * 5 * MINUTE,
    )
    for k in range(6)
])  # fmt: skip
