"""What an interactive chart has: prices, fills, levels and lines of its symbols, curves of the account."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from btcore import metrics
from btcore.data.containers import Bars, Quotes, Trades
from btcore.data.source import AnyContainer
from btcore.errors import ConfigError, near_name
from btcore.results.report.axes import decimate, spread
from btcore.results.tables import Table

from .events import Fills, Line, fills_of, levels_of_orders, lines_of, names_of, position_of
from .market import UNITS, Prices, at_most, between, most_rows_near, prices_of, rows_of
from .packing import Packed, packed_curve, packed_prices

BUCKETS = 500_000  # of the prices of a page, over all of its symbols
AROUND = 200  # rows before and after a fill that are kept one by one
NEAR = 1_000_000  # such rows at most
EVENTS = 100_000  # fills, and levels of orders, at most
POINTS = 50_000  # of a curve at most, and as many near fills
LINE_POINTS = 400_000  # of all indicators at most
SEVERAL = 200_000  # rows of all symbols up to which a page has more than one, and
SYMBOLS = 20  # their number up to which it has
OWN_PANELS, ON_PRICES = 6, 12  # indicators that are drawn at most: panels of their own, lines on the prices

Markets = Mapping[str, AnyContainer]
Given = AnyContainer | Mapping[str, AnyContainer | Sequence[AnyContainer]]


def markets_of(result: Any, symbol: str | None, data: Given | None) -> tuple[str, Markets]:
    """The symbol that a chart shows first ("" for none), and the data by symbol.

    ConfigError for a symbol that the result does not have, and for data without a row within the run.
    """
    known = list(dict.fromkeys([*names_of(result), *result.markets]))
    if symbol is not None:
        _check_known("symbol", symbol, known)
    first = symbol or next(iter(known), "")
    given: dict[str, AnyContainer] = {}
    if isinstance(data, Bars | Quotes | Trades):
        given[first] = _within_run(result, "data", data)
    elif isinstance(data, Mapping):
        for name, value in data.items():
            _check_known("data", name, known)
            one = value[0] if isinstance(value, tuple | list) and value else value
            if not isinstance(one, Bars | Quotes | Trades):
                raise ConfigError(f"data[{name!r}]: a {type(value).__name__} is no Bars, Quotes or Trades")
            given[name] = _within_run(result, f"data[{name!r}]", one)
    elif data is not None:
        raise ConfigError(
            f"data: a {type(data).__name__} is no Bars, Quotes or Trades, nor a dict of them by symbol"
        )
    return first, {**result.markets, **given}


def _check_known(what: str, name: str, known: list[str]) -> None:
    if name not in known:
        shown = ", ".join(known[:10]) + (" ..." if len(known) > 10 else "") or "none"
        raise ConfigError(f"{what}: {name!r} is not in the result{near_name(name, known)}; it has {shown}")


def _within_run(result: Any, what: str, data: AnyContainer) -> AnyContainer:
    """The data; ConfigError if none of its rows is within the run."""
    start, end = data.timestamp, data.end if isinstance(data, Bars) else data.timestamp
    first, last = result.equity_curve["timestamp"][[0, -1]]
    if np.searchsorted(end, first) >= np.searchsorted(start, last, "right"):
        rows = (
            f"its {len(start):,} rows are from {_spell(start[0], end[-1])}" if len(start) else "it is empty"
        )
        raise ConfigError(f"{what}: no row is within the run, {_spell(first, last)} UTC; {rows}")
    return data


def _spell(first: int, last: int) -> str:
    return " to ".join(str(np.datetime64(int(t), "ns"))[:16].replace("T", " ") for t in (first, last))


def differs(result: Any, symbol: str, markets: Markets) -> bool:
    """Whether the data of a symbol was given and is not what the run had, by its hash in the manifest."""
    data = markets.get(symbol)
    if data is None or data is result.markets.get(symbol):
        return False
    hashes = {row["sha256"] for row in result.manifest.get("data", []) if row["symbol"] == symbol}
    return bool(hashes) and data.content_hash not in hashes


def prices_within(result: Any, symbol: str, markets: Markets) -> Prices | None:
    """The rows of a symbol during the run; None if they are not known."""
    if symbol not in markets:
        return None
    clock = result.equity_curve["timestamp"]
    return between(prices_of(symbol, markets[symbol]), int(clock[0]), int(clock[-1]))


def symbols_shown(result: Any, first: str, markets: Markets) -> list[str]:
    """The symbols of a page: `first` and, if the page stays small, all others that have data."""
    others = [name for name in dict.fromkeys([*names_of(result), *markets]) if name != first]
    with_data = [name for name in others if name in markets]
    rows = sum(len(markets[name]) for name in [first, *with_data] if name in markets)
    return [first, *with_data] if rows <= SEVERAL and len(with_data) < SYMBOLS else [first]


def market_table(result: Any, symbol: str, markets: Markets) -> tuple[Packed, list[str]]:
    """Everything about a symbol that a page has, and the sentences about what it does not have."""
    notes: list[str] = []
    first, last = result.equity_curve["timestamp"][[0, -1]].tolist()
    prices = prices_within(result, symbol, markets)
    fills = fills_of(result, symbol)
    table: Packed = {
        "prices": None,
        "near": None,
        "unit": "row",
        "step": 1,
        "length": 0.0,
        "fills": _fill_table(fills, notes),
        "levels": _level_table(result, symbol, last, notes),
        "position": _curve(*position_of(fills, first), fills.time),
    }
    if prices is None:
        notes.append(f"The prices of {symbol} are not part of the result; plot(data=...) shows them.")
    else:
        if differs(result, symbol, markets):
            notes.append(f"The prices of {symbol} are not the data of the run (their hash differs).")
        table |= _price_table(prices, fills, notes)
    table["lines"] = _line_tables(list(lines_of(result, symbol)), fills, notes)
    return table, notes


def _price_table(prices: Prices, fills: Fills, notes: list[str]) -> Packed:
    unit, rows = UNITS[prices.kind], len(prices.start)
    coarse = at_most(prices, BUCKETS)
    length = float(np.median(prices.end - prices.start)) / 1e6 if rows else 0.0  # of a row, ms
    table: Packed = {"unit": unit, "step": coarse.step, "length": length, "rows": rows}
    table["prices"] = packed_prices(coarse)
    mids = ", mid prices" if prices.kind == "quotes" else ""
    if coarse.step == 1:
        notes.append(f"{prices.symbol}: all {rows:,} {unit}s{mids}.")
        return table
    around, near = most_rows_near(prices.end, fills.time, AROUND, NEAR, coarse.step)
    kept = f"and every {unit} within {around} of a fill" if around >= 0 else "too many fills for single ones"
    if not len(fills.time):
        kept = "no fill"
    notes.append(
        f"{prices.symbol}: {rows:,} {unit}s{mids}, as first, lowest, highest and last of each "
        f"{coarse.step}; {kept}."
    )
    if near.rows():
        part = packed_prices(rows_of(prices, near.indexes()))
        table["near"] = part | {"first": near.first.astype(np.int32), "last": near.last.astype(np.int32)}
    return table


def _fill_table(fills: Fills, notes: list[str]) -> Packed:
    keep = spread(len(fills.time), EVENTS)
    if len(keep) < len(fills.time):
        notes.append(f"{len(keep):,} of {len(fills.time):,} fills, evenly chosen.")
    return {
        "time": fills.time[keep] / 1e6,
        "buy": (fills.side[keep] == "buy").astype(np.uint8),
        "quantity": fills.quantity[keep].astype(np.float64),
        "price": fills.price[keep].astype(np.float64),
        "order": fills.order_id[keep].astype(np.float64),
        "profit": fills.profit[keep],
        "tag": _words(fills.tag[keep]),
    }


def _level_table(result: Any, symbol: str, last: int, notes: list[str]) -> Packed:
    levels = levels_of_orders(result, symbol, last)
    keep = spread(len(levels.start), EVENTS)
    if len(keep) < len(levels.start):
        notes.append(f"{len(keep):,} of {len(levels.start):,} limits and stops, evenly chosen.")
    kinds = np.searchsorted(["limit", "stop", "touch"], levels.kind[keep])
    return {
        "start": levels.start[keep] / 1e6,
        "end": levels.end[keep] / 1e6,
        "price": levels.price[keep].astype(np.float64),
        "kind": kinds.astype(np.uint8),
        "buy": (levels.side[keep] == "buy").astype(np.uint8),
        "order": levels.order_id[keep].astype(np.float64),
    }


def _line_tables(lines: list[Line], fills: Fills, notes: list[str]) -> list[Packed]:
    shown: list[Packed] = []
    own = list(dict.fromkeys(line.table for line in lines if not line.on_prices))[:OWN_PANELS]
    on_prices = [line for line in lines if line.on_prices]
    kept = on_prices[:ON_PRICES] + [line for line in lines if not line.on_prices and line.table in own]
    if len(kept) < len(lines):
        left = dict.fromkeys(line.name for line in lines if all(line is not other for other in kept))
        notes.append(f"Indicators not shown: {', '.join(left)}.")
    for line in kept:
        most = min(POINTS, LINE_POINTS // len(kept))
        rows = _kept_rows(line.time, line.value, fills.time, most)
        curve = packed_curve(line.time[rows], line.value[rows])
        shown.append(curve | {"name": line.name, "panel": "" if line.on_prices else line.table})
    return shown


def account_table(result: Any) -> tuple[Packed, list[str]]:
    """The curves of the account, and a sentence if they have fewer points than in the result."""
    curve, benchmark = result.equity_curve, result.benchmark_curve
    equity = np.ascontiguousarray(curve["equity"])
    fills = result.trades["timestamp"]
    table = {
        "equity": _curve(curve["timestamp"], equity, fills),
        "benchmark": _curve(benchmark["timestamp"], np.ascontiguousarray(benchmark["value"]), fills),
        "drawdown": _curve(curve["timestamp"], -100.0 * metrics.drawdown(equity), fills),
        "exposure": _curve(curve["timestamp"], net_exposure(curve), fills),
    }
    kept = len(table["equity"]["time"])
    few = f"Curves of the account: {kept:,} of {len(equity):,} points, extremes and those near fills."
    return table, [few] if kept < len(equity) else []


def net_exposure(curve: Table) -> Table:
    """The value of the positions in percent of equity at each point; NaN where equity is zero."""
    equity, weight = np.ascontiguousarray(curve["equity"]), np.full(len(curve), np.nan)
    np.divide(100.0 * curve["positions"], equity, out=weight, where=equity != 0.0)
    return weight


def _curve(time: Table, value: Table, fills: Table) -> Packed:
    rows = _kept_rows(time, value, fills, POINTS)
    return packed_curve(time[rows], value[rows])


def _kept_rows(time: Table, value: Table, fills: Table, most: int) -> Table:
    """The rows of a long line that are kept: its extremes, and those near fills; at most twice `most`."""
    rows = decimate(value, most)
    if len(rows) == len(value):
        return rows
    return np.union1d(rows, most_rows_near(time, fills, AROUND, most)[1].indexes())


def _words(column: Table) -> list[str]:
    return column.tolist() if np.any(column != "") else []
