"""The spread that data have: quotes, and bars of bid and ask, with a multiple of it around their mids."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from btcore.backtest.inputs import execution_source
from btcore.data.containers import Bars, Quotes, from_columns
from btcore.data.markets import SymbolData, SymbolStreams
from btcore.data.source import AnyContainer
from btcore.data.tables.names import PRICES


def filled_by_bars(markets: SymbolStreams) -> list[str]:
    """The symbols whose orders are filled by bars."""
    return [symbol for symbol, streams in markets if isinstance(execution_source(streams), Bars)]


def has_spread(container: AnyContainer) -> bool:
    """True for quotes and for bars of bid and ask."""
    return isinstance(container, Quotes) or (isinstance(container, Bars) and container.bid is not None)


def with_spread(data: Mapping[str, SymbolData], factor: float) -> Mapping[str, SymbolData]:
    """The data with `factor` times their spread, around the same mids; the same object for 1.

    DataError if a price becomes 0 or less where that is not allowed.
    """
    streams = {s: each if isinstance(each, Sequence) else (each,) for s, each in data.items()}
    if factor == 1.0 or not any(has_spread(c) for each in streams.values() for c in each):
        return data
    return {
        s: tuple(_spread_out(c, factor) if has_spread(c) else c for c in each) for s, each in streams.items()
    }


def _spread_out(container: AnyContainer, factor: float) -> AnyContainer:
    """A container with `factor` times the spread; the mids, times and sizes are the same."""
    columns: dict[str, Any] = dict(container.columns)
    for bid, ask in _pairs(container):
        middle = 0.5 * (columns[bid] + columns[ask])
        half = 0.5 * factor * (columns[ask] - columns[bid])
        columns[bid], columns[ask] = middle - half, middle + half
    if isinstance(container, Bars):
        for side in ("bid", "ask"):  # where the spread varies within a bar, its extremes may change places
            prices = [columns[f"{side}_{name}"] for name in PRICES]
            columns[f"{side}_high"], columns[f"{side}_low"] = np.max(prices, axis=0), np.min(prices, axis=0)
    return from_columns(container.kind, columns, container._meta())


def _pairs(container: AnyContainer) -> list[tuple[str, str]]:
    if isinstance(container, Bars):
        return [(f"bid_{name}", f"ask_{name}") for name in PRICES]
    return [("bid", "ask")]
