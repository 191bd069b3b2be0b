"""Layouts of exchanges of crypto currencies: files of data.binance.vision."""

from btcore.times.intervals import DAY_NS, interval_name

from .layout import Details, Layout, Sample
from .shapes import counts_since_1970, flags, numbers, wholes


def _is_klines(row: list[str]) -> bool:
    """The close is 1 ms or 1 us before the open of the next bar, which is a whole number of seconds later."""
    if not (wholes(row[0], row[6], row[8]) and numbers(*row[1:6], row[7], *row[9:])):
        return False
    opened, closed = int(row[0]), int(row[6])
    second = 1000 if len(row[0]) == 13 else 10**6
    return counts_since_1970(row[0], row[6]) and opened < closed and (closed + 1 - opened) % second == 0


def _is_aggtrades(row: list[str]) -> bool:
    known = wholes(row[0], *row[3:6]) and numbers(*row[1:3]) and flags(*row[6:])
    return known and counts_since_1970(row[5]) and int(row[3]) <= int(row[4])


def _interval(sample: Sample) -> Details:
    """The length of the bars, by the first; months differ, and are inferred."""
    opened, closed = sample.value("open_time"), sample.value("close_time")
    if not counts_since_1970(opened, closed):
        return Details()
    length = (int(closed) + 1 - int(opened)) * (10**6 if len(opened) == 13 else 10**3)
    if not 10**9 <= length <= DAY_NS or length % 10**9:
        return Details()
    return Details({"interval": interval_name(length)})


_CLOCK = "UTC; ms, since 2025 us in files of the spot market"

LAYOUTS = (
    Layout(
        name="binance_klines",
        title="Binance klines",
        kind="bars",
        file="`BTCUSDT-1m-2024-01.zip`, with or without a header",
        stamps="open",
        clock=_CLOCK,
        header=(
            *("open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count"),
            *("taker_buy_volume", "taker_buy_quote_volume", "ignore"),
        ),
        shape=_is_klines,
        is_sure=True,
        details=_interval,
        options={"timezone": "UTC"},
    ),
    Layout(
        name="binance_aggtrades",
        title="Binance aggTrades",
        kind="trades",
        file="`BTCUSDT-aggTrades-2024-01-02.zip`, with or without a header",
        stamps="trade",
        clock=_CLOCK,
        header=(
            *("agg_trade_id", "price", "quantity", "first_trade_id", "last_trade_id", "transact_time"),
            "is_buyer_maker",
        ),
        more=("is_best_match",),
        shape=_is_aggtrades,
        is_sure=True,
        options={"timezone": "UTC"},
    ),
    Layout(
        name="binance_bookticker",
        title="Binance bookTicker",
        kind="quotes",
        file="`BTCUSDT-bookTicker-2024-01-02.zip`",
        stamps="`transaction_time`, of the engine of the exchange",
        clock="UTC; ms",
        header=(
            *("update_id", "best_bid_price", "best_bid_qty", "best_ask_price", "best_ask_qty"),
            *("transaction_time", "event_time"),
        ),
        is_sure=True,
        options={"timezone": "UTC"},
        columns={"timestamp": "transaction_time"},
        column_notes={"timestamp": "timestamp is 'transaction_time'; 'event_time' is that of the message"},
    ),
)
