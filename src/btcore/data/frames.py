"""Tables of other packages -> columns of a container, found by their usual names."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from btcore.errors import DataError, reject_rows
from btcore.times.zones import Dst

from .timestamps import TimeRules, read_times

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
# Lower case, without spaces and underscores. The empty name is the index column of a CSV that pandas wrote.
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


def match_columns(names: list[str], kind: str, columns: Mapping[str, str] | None = None) -> dict[str, str]:
    """The name in the table of each column of `kind`; DataError lists the names if a required one is missing.

    `columns` maps column names of `kind` to names in the table; the others are found by alias.
    """
    if kind not in REQUIRED:
        raise DataError(f"kind: {kind!r} is not one of {', '.join(REQUIRED)}")
    allowed = REQUIRED[kind] + OPTIONAL[kind]
    found: dict[str, str] = {}
    for name, theirs in (columns or {}).items():
        if name not in allowed:
            raise DataError(f"columns: {name!r} is not a column of {kind}; those are {', '.join(allowed)}")
        if theirs not in names:
            raise DataError(f"columns: there is no {theirs!r} for {name}; {_listed(names)}")
        found[name] = theirs
    plain = [name.strip().lower().replace("_", "").replace(" ", "") for name in names]
    for name in allowed:
        if name in found:
            continue
        # Only the first column can be an index; an unnamed one elsewhere is not a time.
        matches = [
            i for alias in _ALIASES[name] for i, p in enumerate(plain) if p == alias and (alias or i == 0)
        ]
        if matches:
            found[name] = names[matches[0]]
        elif name in REQUIRED[kind]:
            raise DataError(f"no column for {name}; {_listed(names)}; pass columns={{{name!r}: ...}}")
    if "side" in found:
        found.pop("buyer_maker", None)
    return found


def _listed(names: list[str]) -> str:
    return f"the columns are {', '.join(map(repr, names)) or 'none'}"


def select_columns(frame: Any, kind: str, columns: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The columns of `kind` in a pandas, polars or pyarrow table, dict or structured array, unconverted."""
    getters = _getters(frame)
    return {ours: getters[theirs] for ours, theirs in match_columns(list(getters), kind, columns).items()}


def _getters(frame: Any) -> dict[str, Any]:
    if isinstance(frame, Mapping):
        return {str(name): column for name, column in frame.items()}
    if isinstance(frame, np.ndarray) and frame.dtype.names:
        return {name: frame[name] for name in frame.dtype.names}
    if hasattr(frame, "column_names"):  # pyarrow
        return {name: frame.column(name) for name in frame.column_names}
    if not hasattr(frame, "columns"):
        raise DataError(
            f"frame: a pandas, polars or pyarrow table, a dict or a structured array is needed, "
            f"not {type(frame).__name__}"
        )
    found = {str(name): frame[name] for name in frame.columns}
    index = getattr(frame, "index", None)
    if index is not None and getattr(getattr(index, "dtype", None), "kind", "") == "M":
        # A datetime index is the time, whatever its name; it comes first, as in a CSV that pandas writes.
        found = {"": index, **({str(index.name): index} if index.name else {}), **found}
    return found


def to_arguments(found: dict[str, Any], kind: str, timezone: str, dst: Dst) -> dict[str, Any]:
    """Arguments of a constructor: times converted to int64 ns UTC, and `buyer_maker` to `side`."""
    found = dict(found)
    found["timestamp"] = read_times(found["timestamp"], kind, TimeRules(timezone, dst=dst)).ns
    if "buyer_maker" in found:
        found["side"] = aggressor_sides(found.pop("buyer_maker"), kind)
    return found


def aggressor_sides(buyer_maker: Any, kind: str = "trades") -> NDArray[np.int8]:
    """1 if the buyer was the taker, -1 if the buyer was the maker; from booleans, 0/1 or "True"/"False"."""
    texts = np.char.lower(np.asarray(buyer_maker).astype(str))
    maker = np.isin(texts, ("true", "1", "t"))
    unknown = ~maker & ~np.isin(texts, ("false", "0", "f"))
    reject_rows(kind, unknown, lambda row: f"buyer_maker is not true, false, 1 or 0 ({texts[row]!r})")
    return np.where(maker, np.int8(-1), np.int8(1))
