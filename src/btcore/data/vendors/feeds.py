"""Layouts of vendors of feeds of exchanges: Databento and Tardis."""

from typing import Any

from .layout import Details, Layout, Sample

_LENGTHS = {"32": "1s", "33": "1min", "34": "1h", "35": "1d"}  # of bars by `rtype`
_FIXED = 10**9  # units of a fixed-point price
_LEAST = 10**6  # whole numbers below are no fixed-point prices: 0.001


def _fixed_point(sample: Sample, price: str) -> Details:
    text = sample.value(price)
    if not text.isdigit() or int(text) < _LEAST:
        return Details()
    return Details({"price_divisor": float(_FIXED)}, ("prices are whole numbers of 1e-9 and divided by 1e9",))


def _bars(sample: Sample) -> Details:
    fixed = _fixed_point(sample, "open")
    length = _LENGTHS.get(sample.value("rtype"))
    return fixed._replace(options={**fixed.options, "interval": length}) if length else fixed


_RECEIVED = "timestamp is 'ts_event', of the exchange; 'ts_recv' is the arrival at Databento"
_TOP = ("bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00")
_DATABENTO: dict[str, Any] = {
    "name": "databento",
    "clock": "UTC; ISO 8601, or ns",
    "is_sure": True,
    "options": {"timezone": "UTC"},
    "asked": '`symbol` or `by="symbol"`, if there are several',
}
_ARRIVAL = "timestamp is that of the exchange; 'local_timestamp' is the arrival at Tardis"
_TARDIS: dict[str, Any] = {
    "name": "tardis",
    "clock": "UTC; us",
    "is_sure": True,
    "options": {"timezone": "UTC"},
    "column_notes": {"timestamp": _ARRIVAL},
}
_LEVEL = ("asks[0].price", "asks[0].amount", "bids[0].price", "bids[0].amount")

LAYOUTS = (
    Layout(
        **_DATABENTO,
        title="Databento ohlcv",
        kind="bars",
        file="CSV of `ohlcv-1s` to `ohlcv-1d`",
        stamps="open",
        header=(
            *("ts_event", "rtype", "publisher_id", "instrument_id", "open", "high", "low", "close", "volume"),
        ),
        details=_bars,
    ),
    Layout(
        **_DATABENTO,
        title="Databento mbp-1 or tbbo",
        kind="quotes",
        file="CSV of `mbp-1`, `tbbo`, and of the first level of `mbp-10`",
        stamps="`ts_event`, of the exchange",
        header=("ts_recv", "ts_event", "publisher_id", "instrument_id", "action", "side", "price", *_TOP),
        columns={"timestamp": "ts_event"},
        column_notes={"timestamp": _RECEIVED},
        details=lambda sample: _fixed_point(sample, "bid_px_00"),
    ),
    Layout(
        **_DATABENTO,
        title="Databento bbo",
        kind="quotes",
        file="CSV of `bbo-1s`, `bbo-1m`",
        stamps="`ts_recv`, the end of the interval",
        header=("ts_recv", "ts_event", "publisher_id", "instrument_id", "side", "price", *_TOP),
        columns={"timestamp": "ts_recv"},
        column_notes={
            "timestamp": "timestamp is 'ts_recv', the end of the interval; 'ts_event' is the last trade's"
        },
        details=lambda sample: _fixed_point(sample, "bid_px_00"),
    ),
    Layout(
        **_DATABENTO,
        title="Databento trades",
        kind="trades",
        file="CSV of `trades`, and of the rows T of `mbp-1`",
        stamps="`ts_event`, of the exchange",
        header=(
            *("ts_recv", "ts_event", "publisher_id", "instrument_id", "action", "side", "price", "size"),
        ),
        columns={"timestamp": "ts_event"},
        column_notes={"timestamp": _RECEIVED},
        details=lambda sample: _fixed_point(sample, "price"),
    ),
    Layout(
        **_TARDIS,
        title="Tardis quotes",
        kind="quotes",
        file="CSV of `quotes` and `book_ticker`",
        stamps="`timestamp`, of the exchange",
        header=(
            *("exchange", "symbol", "timestamp", "local_timestamp"),
            *("ask_amount", "ask_price", "bid_price", "bid_amount"),
        ),
    ),
    Layout(
        **_TARDIS,
        title="Tardis book snapshots",
        kind="quotes",
        file="CSV of the first level of `book_snapshot_5` and `book_snapshot_25`",
        stamps="`timestamp`, of the exchange",
        header=("exchange", "symbol", "timestamp", "local_timestamp", *_LEVEL),
        columns=dict(zip(("ask", "ask_size", "bid", "bid_size"), _LEVEL, strict=True)),
    ),
    Layout(
        **_TARDIS,
        title="Tardis trades",
        kind="trades",
        file="CSV of `trades`",
        stamps="`timestamp`, of the exchange",
        header=("exchange", "symbol", "timestamp", "local_timestamp", "id", "side", "price", "amount"),
    ),
)
