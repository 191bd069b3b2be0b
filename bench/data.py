"""Seeded markets for the benchmarks, generated once per process."""

from functools import lru_cache
from pathlib import Path

import numpy as np

import btcore as bt

from .peers.work import START, candles, ticks, walk

BUILD = Path(__file__).parents[1] / "build" / "bench"  # may be deleted at any time


@lru_cache(maxsize=2)
def quotes(n: int = 10_000_000) -> bt.Quotes:
    """A random walk in cents, a quote every 10 ms, with sizes."""
    size = np.full(n, 100.0)
    return bt.Quotes(**ticks(n), bid_size=size, ask_size=size)


@lru_cache(maxsize=2)
def trades(n: int = 10_000_000) -> bt.Trades:
    """The same walk as trades."""
    return bt.Trades(START + 10**7 * np.arange(n), walk(n), np.full(n, 10.0))


@lru_cache(maxsize=2)
def bars(n: int = 1_000_000) -> bt.Bars:
    """The same walk as minute bars."""
    return bt.Bars(**candles(n), interval="1min")


@lru_cache(maxsize=2)
def many_quotes(symbols: int, n: int) -> dict[str, bt.Quotes]:
    """Independent walks at independent random times: a quote every 10 ms on average."""
    size = np.full(n, 100.0)
    data = {}
    for k in range(symbols):
        late = np.random.default_rng([k, 11]).integers(0, 10**7, n)
        mid = walk(n, seed=k)
        data[f"S{k}"] = bt.Quotes(START + 10**7 * np.arange(n) + late, mid - 0.005, mid + 0.005, size, size)
    return data


def quotes_catalog(n: int) -> bt.Catalog:
    """A catalog with `n` quotes of A, written once and reused by later runs."""
    folder = BUILD / f"quotes-{n}"
    catalog = bt.Catalog(folder)
    if not (folder / "written").exists():
        catalog.write("A", quotes.__wrapped__(n))
        (folder / "written").touch()
    return catalog
