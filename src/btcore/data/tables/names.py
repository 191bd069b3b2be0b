"""Names of columns: which column of a table is which of a container, by the names that vendors use."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from btcore.errors import DataError, near_name, not_one_of

from .options import Column

PRICES = ("open", "high", "low", "close")
SIDED = tuple(f"{side}_{price}" for side in ("bid", "ask") for price in PRICES)
REQUIRED: dict[str, tuple[str, ...]] = {
    "bars": ("timestamp", *PRICES),
    "quotes": ("timestamp", "bid", "ask"),
    "trades": ("timestamp", "price"),
}
OPTIONAL: dict[str, tuple[str, ...]] = {
    "bars": ("volume", *SIDED, "end"),
    "quotes": ("bid_size", "ask_size"),
    "trades": ("size", "side", "buyer_maker"),
}

# Names as `normalized` writes them, the first that is there counts.
_ALIASES: dict[str, tuple[str, ...]] = {
    "timestamp": (
        *("timemsc", "timestamp", "time", "datetime", "date", "timestamputc", "timeutc", "ts", "opentime"),
        *("tsevent", "gmttime", "datetimeutc", "unix", "unixtime", "epoch", "dtyyyymmdd", "tradedate"),
        *("windowstart", "transacttime", "transactiontime", "siptimestamp", "participanttimestamp"),
        *("eventtime", "localtime", "observationdate", "t"),
    ),
    **{price: (price, price[0], f"{price}price") for price in PRICES},
    "close": ("close", "c", "closeprice", "closelast"),
    "volume": ("volume", "vol", "v", "totalvolume"),
    "end": ("end",),
    **{f"{side}_{price}": (f"{side}{price}", f"{price}{side}", f"{side}{price[0]}")
       for side in ("bid", "ask") for price in PRICES},
    "bid": ("bid", "bidprice", "bestbid", "bestbidprice", "bidpx", "bidpx00", "bp"),
    "ask": ("ask", "askprice", "bestask", "offer", "bestaskprice", "offerprice", "askpx", "askpx00", "ap"),
    **{f"{side}_size": (*(f"{side}{word}" for word in ("size", "qty", "quantity", "volume", "amount")),
                        *(f"best{side}{word}" for word in ("size", "qty", "quantity", "volume", "amount")),
                        f"{side}sz", f"{side}sz00", f"{side[0]}s")
       for side in ("bid", "ask")},
    "price": ("price", "p", "tradeprice", "px"),
    "size": ("size", "quantity", "qty", "amount", "tradesize", "q", "s"),
    "side": ("side", "aggressorside", "takerside"),
    "buyer_maker": ("buyermaker", "isbuyermaker", "m"),
}  # fmt: skip
# Names that stand for a column only if none of its aliases is there, and only if there is one of them.
_SUBSTITUTES: dict[str, tuple[str, ...]] = {
    "close": ("last", "lastprice", "settle", "settlement", "settleprice", "price"),
    "price": ("last", "lastprice"),
    "size": ("volume", "vol", "lastsize"),
}
_DATES = ("date", "dtyyyymmdd", "tradedate")
_TIMES_OF_DAY = ("time", "timeofday", "tradetime", "timem")
SYMBOLS = (
    *("symbol", "ticker", "instrument", "contract", "sym", "name", "code", "rawsymbol", "tradingsymbol"),
    *("instrumentid", "asset", "pair"),
)
# Columns whose rows may be of several streams too: adds and cancels beside trades, levels of a book.
_ROW_KINDS: dict[str, tuple[str, ...]] = {"bars": (), "quotes": ("level",), "trades": ("action",)}
_SIZE_LIKE = re.compile(r"vol|size|qty|quantit|amount|turnover|lots|sz\d*$")


class Found(NamedTuple):
    """The name in the table of each column of `kind`; of times two if date and time of day are apart.

    With `guessed` the pair is only by name: the second column holds times of day, or else the whole times.
    `symbols` are the columns that may name the symbol of a row, `notes` what a reader of the data must know.
    `check` gets the columns `checked` of the rows that are read, and says what must be known about them.
    """

    kind: str
    columns: dict[str, str | tuple[str, str]]
    symbols: tuple[str, ...] = ()
    guessed: bool = False
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # all of the table
    checked: tuple[str, ...] = ()
    check: Callable[[Mapping[str, Any], Any], Mapping[str, Any] | None] | None = None

    @property
    def times(self) -> tuple[str, ...]:
        """The one or two columns of times."""
        return _flat([self.columns["timestamp"]])

    @property
    def used(self) -> list[str]:
        """The columns of the table that must be read, in their order there."""
        wanted = {*_flat(self.columns.values()), *self.symbols, *self.checked}
        return [name for name in self.names if name in wanted]


def normalized(name: str) -> str:
    """The name in lower case, without spaces and punctuation: "<TICKVOL>" -> "tickvol"."""
    letters = re.sub(r"[\W_]", "", re.sub(r"_duplicated_\d+$", "", name).lower())
    return letters or name.strip()


def match_columns(names: list[str], kind: str, columns: Mapping[str, Column] | None = None) -> Found:
    """The column of the table for each column of `kind`.

    `columns` maps columns of `kind`, or "symbol", to names in the table, or to None to leave one out; the
    others are found by alias. DataError lists the names if a required column is missing or may be several.
    """
    if kind not in REQUIRED:
        raise DataError(f"kind: {not_one_of(kind, REQUIRED)}")
    given = dict(columns or {})
    left_out = {name for name, theirs in given.items() if theirs is None}
    _check_given(given, names, kind)
    found: dict[str, str | tuple[str, str]] = {
        name: theirs if isinstance(theirs, str) else (theirs[0], theirs[1])
        for name, theirs in given.items()
        if theirs is not None and name != "symbol"
    }
    normal = [normalized(name) for name in names]
    notes: list[str] = []
    guessed = "timestamp" not in found and _is_pair(normal)
    if guessed:
        found["timestamp"] = (
            _one_of(_DATES, "date", names, normal),
            _one_of(_TIMES_OF_DAY, "time", names, normal),
        )
    for name in REQUIRED[kind] + OPTIONAL[kind]:
        if name not in found and name not in left_out:
            theirs = _by_alias(name, names, normal, set(_flat(found.values())), notes)
            if theirs is not None:
                found[name] = theirs
    if kind == "bars":
        _settle_sides(found, names, notes)
    missing = [] if _is_sided(found, kind) else [name for name in REQUIRED[kind] if name not in found]
    if missing:
        raise DataError(
            f"no column for {', '.join(missing)}; {listed(names)}; pass columns={{{missing[0]!r}: ...}}"
        )
    if "side" in found:
        found.pop("buyer_maker", None)
    symbols = _symbol_columns(given, names, normal, set(_flat(found.values())), _ROW_KINDS[kind])
    notes += _unused(names, normal, {*_flat(found.values()), *symbols}, left_out)
    return Found(kind, found, symbols, guessed, tuple(notes), tuple(names))


def listed(names: Iterable[str]) -> str:
    """The text "the columns are ..."."""
    return f"the columns are {', '.join(map(repr, names)) or 'none'}"


def _check_given(given: Mapping[str, Column], names: list[str], kind: str) -> None:
    allowed = (*REQUIRED[kind], *OPTIONAL[kind], "symbol")
    counts = Counter(names)
    for name, theirs in given.items():
        if name not in allowed:
            meant = near_name(name, allowed)
            raise DataError(
                f"columns: {name!r} is not a column of {kind}{meant}; those are {', '.join(allowed)}"
            )
        if theirs is None:
            if name in REQUIRED[kind] and name not in PRICES:
                raise DataError(f"columns[{name!r}]: None, but {kind} need it")
            continue
        if not isinstance(theirs, str) and name != "timestamp":
            raise DataError(f"columns[{name!r}]: {theirs!r} is not one name; only timestamp may have two")
        for one in _flat([theirs if isinstance(theirs, str) else tuple(theirs)]):
            if one not in counts:
                raise DataError(
                    f"columns: there is no {one!r} for {name}{near_name(one, names)}; {listed(names)}"
                )
            if counts[one] > 1:
                raise DataError(
                    f"columns: there are {counts[one]} columns {one!r} for {name}; {listed(names)}"
                )


def _flat(columns: Iterable[str | tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(name for names in columns for name in ([names] if isinstance(names, str) else names))


def _is_pair(normal: list[str]) -> bool:
    """Whether a date and a time of day are apart by their names, and no column holds both by its name."""
    both = set(_ALIASES["timestamp"]) - {*_DATES, *_TIMES_OF_DAY}
    there = set(normal)
    return not there & both and bool(there & set(_DATES)) and bool(there & set(_TIMES_OF_DAY))


def _one_of(aliases: tuple[str, ...], name: str, names: list[str], normal: list[str]) -> str:
    """The only column with the first alias that is there; DataError if it is not the only one."""
    alias = next(alias for alias in aliases if alias in normal)
    matches = [theirs for theirs, p in zip(names, normal, strict=True) if p == alias]
    if len(matches) > 1:
        hint = f"pass columns={{{name!r}: ...}}" if len(set(matches)) > 1 else "rename one of them"
        raise DataError(
            f"{len(matches)} columns may be {name}: {', '.join(map(repr, matches))}; {listed(names)}; {hint}"
        )
    return matches[0]


def _by_alias(
    name: str, names: list[str], normal: list[str], taken: set[str], notes: list[str]
) -> str | None:
    """The column of the table that `name` is, by its first alias; `notes` gets what was chosen."""
    there = [alias for alias in _ALIASES[name] if alias in normal]
    if there:
        chosen = _one_of((there[0],), name, names, normal)
        others = [names[normal.index(alias)] for alias in there[1:]]
        if others := [other for other in others if other not in taken]:
            notes.append(f"{name} is the column {chosen!r}, not {' or '.join(map(repr, others))}")
        return chosen
    if name == "timestamp" and (index := _index_of_pandas(names, normal)) is not None:
        return index
    substitutes = [alias for alias in _SUBSTITUTES.get(name, ()) if alias in normal]
    candidates = [x for x, p in zip(names, normal, strict=True) if p in substitutes and x not in taken]
    if len(candidates) > 1:
        raise DataError(
            f"no column for {name}, and {' or '.join(map(repr, candidates))} may be it; "
            f"{listed(names)}; pass columns={{{name!r}: {candidates[0]!r}}}"
        )
    if candidates:
        notes.append(f"{name} is the column {candidates[0]!r}")
        return candidates[0]
    return None


def _index_of_pandas(names: list[str], normal: list[str]) -> str | None:
    """The column that was an index without a name, by what `to_csv`, `read_csv` and `to_parquet` write."""
    if normal[:1] in ([""], ["unnamed0"]):
        return names[0]  # an unnamed column elsewhere is no index
    return "__index_level_0__" if "__index_level_0__" in names else None


def _is_sided(found: Mapping[str, object], kind: str) -> bool:
    """Whether bars have the prices of bid and ask instead of open .. close."""
    return kind == "bars" and "timestamp" in found and "bid_open" in found and not {*PRICES} & {*found}


def _settle_sides(found: dict[str, str | tuple[str, str]], names: list[str], notes: list[str]) -> None:
    """Leaves out the prices of bid and ask unless all eight are there."""
    there = [name for name in SIDED if name in found]
    if not there or len(there) == len(SIDED):
        return
    lacking = [name for name in SIDED if name not in found]
    if not {*PRICES} <= {*found}:
        raise DataError(
            f"no column for {', '.join(lacking)}, which bars of bid and ask need; {listed(names)}"
        )
    unused = ", ".join(repr(found.pop(name)) for name in there)
    notes.append(f"not used, as there is no {', '.join(lacking)}: {unused}")


def _symbol_columns(
    given: Mapping[str, Column], names: list[str], normal: list[str], taken: set[str], more: tuple[str, ...]
) -> tuple[str, ...]:
    if "symbol" in given:
        theirs = given["symbol"]
        return (theirs,) if isinstance(theirs, str) else ()
    order = {alias: i for i, alias in enumerate((*SYMBOLS, *more))}
    found = [(order[p], x) for x, p in zip(names, normal, strict=True) if p in order and x not in taken]
    return tuple(name for _, name in sorted(found))


def _unused(names: list[str], normal: list[str], used: set[str], left_out: set[str]) -> list[str]:
    """Notes about columns that look as if they were wanted."""
    adjusted = [x for x, p in zip(names, normal, strict=True) if x not in used and p.startswith("adj")]
    sizes = [x for x, p in zip(names, normal, strict=True) if x not in used and _SIZE_LIKE.search(p)]
    notes = [f"adjusted prices are not used: {', '.join(map(repr, adjusted))}"] if adjusted else []
    sizes = [x for x in sizes if x not in adjusted]
    if sizes and not left_out & {"volume", "size", "bid_size", "ask_size"}:
        notes.append(f"sizes or volumes that are not used: {', '.join(map(repr, sizes))}")
    return notes
