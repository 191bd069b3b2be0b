"""Tables of others -> our columns, found by their usual names."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError
from btcore.times.zones import Dst

from .columns import time_column

REQUIRED: dict[str, tuple[str, ...]] = {
    "bars": ("timestamp", "open", "high", "low", "close"),
    "quotes": ("timestamp", "bid", "ask"),
    "trades": ("timestamp", "price"),
}
OPTIONAL: dict[str, tuple[str, ...]] = {
    "bars": ("volume",),
    "quotes": ("bid_size", "ask_size"),
    "trades": ("size", "side", "buyer_maker"),
}
# Lower case, without spaces and underscores. The empty name is the index column that pandas writes.
_ALIASES: dict[str, tuple[str, ...]] = {
    "timestamp": ("timestamp", "time", "datetime", "date", "timestamputc", "timeutc", "ts", "opentime", ""),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "vol", "v"),
    "bid": ("bid", "bidprice", "bestbid"),
    "ask": ("ask", "askprice", "bestask", "offer"),
    "bid_size": ("bidsize", "bidqty", "bidquantity", "bidvolume"),
    "ask_size": ("asksize", "askqty", "askquantity", "askvolume"),
    "price": ("price", "p"),
    "size": ("size", "quantity", "qty", "amount"),
    "side": ("side",),
    "buyer_maker": ("buyermaker", "isbuyermaker"),
}


def pick(names: list[str], kind: str, columns: Mapping[str, str] | None = None) -> dict[str, str]:
    """Which of the table's names holds each of our columns; DataError lists the names if one is missing."""
    if kind not in REQUIRED:
        raise DataError(f"kind: {kind!r} is not one of {', '.join(REQUIRED)}")
    ours = REQUIRED[kind] + OPTIONAL[kind]
    found: dict[str, str] = {}
    for name, theirs in (columns or {}).items():
        if name not in ours:
            raise DataError(f"columns: {name!r} is not a column of {kind}; those are {', '.join(ours)}")
        if theirs not in names:
            raise DataError(f"columns: there is no {theirs!r} for {name}; {_have(names)}")
        found[name] = theirs
    plain = [name.strip().lower().replace("_", "").replace(" ", "") for name in names]
    for name in ours:
        if name in found:
            continue
        # The index column stands first; an unnamed one elsewhere is not a time.
        matches = [
            i for alias in _ALIASES[name] for i, p in enumerate(plain) if p == alias and (alias or i == 0)
        ]
        if matches:
            found[name] = names[matches[0]]
        elif name in REQUIRED[kind]:
            raise DataError(f"no column for {name}; {_have(names)}; name it by columns={{{name!r}: ...}}")
    if "side" in found:
        found.pop("buyer_maker", None)
    return found


def _have(names: list[str]) -> str:
    return f"the columns are {', '.join(map(repr, names)) or 'none'}"


def table_columns(frame: Any, kind: str, columns: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Our columns, not yet converted, of a pandas, polars or pyarrow table, dict or structured array."""
    getters = _getters(frame)
    return {ours: getters[theirs] for ours, theirs in pick(list(getters), kind, columns).items()}


def _getters(frame: Any) -> dict[str, Any]:
    if isinstance(frame, Mapping):
        return {str(name): column for name, column in frame.items()}
    if isinstance(frame, np.ndarray) and frame.dtype.names:
        return {name: frame[name] for name in frame.dtype.names}
    if hasattr(frame, "column_names"):  # pyarrow
        return {name: frame.column(name) for name in frame.column_names}
    if not hasattr(frame, "columns"):
        raise DataError(f"a table is needed, not {type(frame).__name__}")
    found = {str(name): frame[name] for name in frame.columns}
    index = getattr(frame, "index", None)
    if index is not None and getattr(getattr(index, "dtype", None), "kind", "") == "M":
        # A datetime index is the time, whatever its name; it stands first, as in the file pandas would write.
        found = {"": index, **({str(index.name): index} if index.name else {}), **found}
    return found


def timed(found: dict[str, Any], kind: str, timezone: str, dst: Dst) -> dict[str, Any]:
    """The columns with times made int64 ns UTC and `buyer_maker` made `side`: what a constructor takes."""
    found = dict(found)
    found["timestamp"] = time_column(found["timestamp"], kind, timezone, dst)
    if "buyer_maker" in found:
        found["side"] = aggressor(found.pop("buyer_maker"), kind)
    return found


def aggressor(buyer_maker: Any, kind: str = "trades") -> NDArray[np.int8]:
    """+1 where the buyer took, -1 where the buyer was the maker; from booleans, 0/1 or "True"/"False"."""
    texts = np.char.lower(np.asarray(buyer_maker).astype(str))
    maker = np.isin(texts, ("true", "1", "t"))
    unknown = ~maker & ~np.isin(texts, ("false", "0", "f"))
    if unknown.any():
        row = int(unknown.argmax())
        raise DataError(f"{kind}[{row}]: buyer_maker is neither true nor false ({texts[row]!r})")
    return np.where(maker, np.int8(-1), np.int8(1))
