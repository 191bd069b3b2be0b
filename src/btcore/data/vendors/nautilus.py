"""Parquet files of NautilusTrader's data catalog: quotes, trades and bars with fixed-point prices."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, RowError

from .layout import Converted, Details, Layout, Sample

SCALES = {8: 10**9, 16: 10**16}  # bytes of a number -> what it is a count of
_STEPS = {"SECOND": "s", "MINUTE": "min", "HOUR": "h", "DAY": "d", "WEEK": "w", "MONTH": "mo"}
_SOURCES = {"LAST": "trade", "MID": "mid", "BID": "bid", "ASK": "ask"}
_SIDES = np.array([0, 1, -1], np.int8)  # of aggressor_side: none, buyer, seller

QUOTES = ("bid_price", "ask_price", "bid_size", "ask_size", "ts_event", "ts_init")
TRADES = ("price", "size", "aggressor_side", "trade_id", "ts_event", "ts_init")
BARS = ("open", "high", "low", "close", "volume", "ts_event", "ts_init")


class BarType(NamedTuple):
    """What the text of a bar type says: "EUR/USD.SIM-1-MINUTE-BID-EXTERNAL"."""

    instrument: str
    interval: str | None  # None: bars of ticks, of volume or of value
    source: str

    @classmethod
    def parse(cls, text: str) -> "BarType":
        """DataError for a text that is no bar type."""
        parts = text.partition("@")[0].rsplit("-", 4)
        if len(parts) != 5 or not parts[1].isdigit() or parts[3] not in _SOURCES:
            raise DataError(f"bar type {text!r} is not INSTRUMENT-STEP-UNIT-PRICE-SOURCE")
        unit = _STEPS.get(parts[2])
        return cls(parts[0], None if unit is None else f"{parts[1]}{unit}", _SOURCES[parts[3]])


def is_fixed_point(sample: Sample) -> bool:
    """Whether the numbers of the file are fixed-point, as in this catalog alone."""
    name = next((name for name in ("bid_price", "price", "open") if name in sample.names), None)
    return name is not None and sample.column is not None and _is_binary(sample.column(name))


def _is_binary(column: Any) -> bool:
    return str(getattr(column, "dtype", "")) == "Binary"


def fixed_point(values: Any, name: str, *, signed: bool) -> NDArray[np.float64]:
    """Numbers of 8 or 16 bytes as floats, each the nearest to its exact value; RowError for a missing one."""
    texts = values.to_list()
    widths = {len(text) for text in texts if text is not None}
    if None in texts or not widths <= SCALES.keys() or len(widths) > 1:
        row = next(i for i, text in enumerate(texts) if text is None or len(text) not in SCALES)
        raise RowError("rows", row, f"{name} is not a number of 8 or 16 bytes")
    if not widths:
        return np.zeros(0)
    width = widths.pop()
    packed = np.frombuffer(b"".join(texts), f"V{width}")
    found, places = np.unique(packed, return_inverse=True)
    counts = [int.from_bytes(each.tobytes(), "little", signed=signed) for each in found]
    highest = 2 ** (8 * width - signed) - 1
    numbers = np.array([count / SCALES[width] for count in counts])
    unknown = np.array([count in {highest, -highest - 1} for count in counts])[places]
    if unknown.any():
        raise RowError("rows", int(unknown.argmax()), f"{name} is undefined (the largest number)")
    return numbers[places]


def quotes_of(table: Mapping[str, Any]) -> Converted:
    """Time of the event, bid, ask and sizes."""
    numbers = {
        theirs: fixed_point(table[name], name, signed=name.endswith("price"))
        for name, theirs in zip(QUOTES[:4], ("bid", "ask", "bid_size", "ask_size"), strict=True)
    }
    return Converted({"timestamp": _times(table), **numbers})


def trades_of(table: Mapping[str, Any]) -> Converted:
    """Time of the event, price, size and side of the aggressor."""
    sides = table["aggressor_side"].to_numpy()
    unknown = (sides < 0) | (sides >= len(_SIDES))
    if unknown.any():
        row = int(unknown.argmax())
        raise RowError("trades", row, f"aggressor_side {sides[row]} is not 0, 1 or 2")
    return Converted(
        {
            "timestamp": _times(table),
            "price": fixed_point(table["price"], "price", signed=True),
            "size": fixed_point(table["size"], "size", signed=False),
            "side": _SIDES[sides],
        }
    )


def bars_of(table: Mapping[str, Any]) -> Converted:
    """Close, prices and volume."""
    numbers = {name: fixed_point(table[name], name, signed=name != "volume") for name in BARS[:5]}
    return Converted({"timestamp": _times(table), **numbers})


def _times(table: Mapping[str, Any]) -> NDArray[np.int64]:
    return np.asarray(table["ts_event"].cast(int).to_numpy(), np.int64)


def bar_details(sample: Sample) -> Details:
    """Length and prices of bars, by the bar type in the file; DataError if the file does not name it."""
    text = sample.metadata.get("bar_type", "")
    if not text:
        raise DataError("its bar type is missing; pass interval= and stamp=")
    bar_type = BarType.parse(text)
    if bar_type.interval is None:
        raise DataError(f"bars of type {text!r} have no length of time, so that their beginnings are unknown")
    return Details({"interval": bar_type.interval, "source": bar_type.source}, (f"bars: {text}",))


def _layout(kind: str, header: tuple[str, ...], convert: Any, **more: Any) -> Layout:
    return Layout(
        name="nautilus",
        title="NautilusTrader catalog",
        kind=kind,
        file="Parquet of its data catalog",
        clock="UTC",
        header=header,
        is_like=is_fixed_point,
        is_sure=True,
        convert=convert,
        **more,
    )


LAYOUTS = (
    _layout(
        "quotes", QUOTES, quotes_of, stamps="time of the event", options={"unit": "ns", "timezone": "UTC"}
    ),
    _layout(
        "trades", TRADES, trades_of, stamps="time of the event", options={"unit": "ns", "timezone": "UTC"}
    ),
    _layout(
        "bars",
        BARS,
        bars_of,
        stamps="close",
        options={"unit": "ns", "stamp": "close", "timezone": "UTC"},
        details=bar_details,
    ),
)
