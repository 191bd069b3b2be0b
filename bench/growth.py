"""How time grows with ticks, symbols, orders and parameter sets: five sizes each, and a fit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import btcore as bt

from .bench_events import COSTS, SLOW
from .data import bars, many_quotes, quotes, trades
from .measure import clock
from .peers.work import order_rows, scaled

ROUNDS = 7
Sized = tuple[int, Callable[[], Any]]


def of_ticks() -> list[Sized]:
    data = quotes(scaled(16_000_000))
    sizes = [len(data) >> k for k in (4, 3, 2, 1, 0)]
    parts = [bt.Quotes(**{name: column[:n] for name, column in data.columns.items()}) for n in sizes]
    return [
        (len(part), lambda p=part: bt.run({"A": p}, "ma_crossover", SLOW, execution=COSTS)) for part in parts
    ]


def of_symbols() -> list[Sized]:
    """100,000 quotes per symbol, merged."""
    data = many_quotes(80, scaled(100_000))
    parts = [dict(list(data.items())[:n]) for n in (5, 10, 20, 40, 80)]
    return [(len(part), lambda p=part: bt.run(p, "ma_crossover", SLOW, execution=COSTS)) for part in parts]


def of_orders() -> list[Sized]:
    """Orders over the same million trades."""
    n = scaled(1_000_000)
    data, cases = trades(n), []
    for share in (0.0625, 0.125, 0.25, 0.5, 1.0):
        rows, sizes = order_rows(n, share)
        orders = bt.Orders(data.timestamp[rows], "A", np.where(sizes > 0, 1, -1), np.abs(sizes))
        cases.append((len(rows), lambda o=orders: bt.run({"A": data}, o, execution=COSTS)))
    return cases


def of_resting_orders() -> list[Sized]:
    """Limit orders far below the price of 100,000 trades; at each tenth one more, close, for 10 s."""
    n = scaled(100_000)
    data, cases = trades(n), []
    rows = order_rows(n, 0.1)[0]
    sides = np.where(np.arange(len(rows)) % 2, -1, 1)
    for resting in (10, 100, 1000, 5000, 10_000):
        far = data.price.min() * (0.5 - 1e-5 * np.arange(resting))
        first, at = np.repeat(data.timestamp[0], resting), data.timestamp[rows]
        orders = bt.Orders(
            np.concatenate([first, at]),
            "A",
            np.concatenate([np.ones(resting, int), sides]),
            1.0,
            limit_price=np.concatenate([far, data.price[rows] - 0.02 * sides]),
            time_in_force=["GTC"] * resting + ["GTD"] * len(rows),
            expires=np.concatenate([np.full(resting, np.iinfo(np.int64).max), at + 10 * 10**9]),
        )
        terms = {"execution": bt.Execution(leverage=1000.0), "initial_capital": 1e9}
        cases.append((resting, lambda o=orders, t=terms: bt.run({"A": data}, o, **t)))
    return cases


def of_parameter_sets() -> list[Sized]:
    """Parameter sets over the same 100,000 bars, on one thread."""
    data, longs = bars(scaled(100_000)), list(range(60, 460, 10))
    grids = [{"short_period": list(range(2, 2 + n)), "long_period": longs} for n in (2, 4, 8, 16, 32)]
    return [
        (
            len(longs) * len(grid["short_period"]),
            lambda g=grid: bt.sweep({"A": data}, "ma_crossover", g, execution=COSTS, workers=1),
        )
        for grid in grids
    ]


KINDS = {
    "ticks": ("quotes, `ma_crossover` 500/2000", of_ticks),
    "symbols": ("symbols of 100,000 quotes each, merged", of_symbols),
    "orders": ("orders of an array over 1 M prints", of_orders),
    "resting orders": ("limit orders that only rest, while others come and go", of_resting_orders),
    "parameter sets": ("pairs of `ma_crossover` over 100,000 bars", of_parameter_sets),
}


def medians(cases: list[Sized]) -> list[float]:
    """Seconds of each size. Rounds of the sizes alternate."""
    rounds = [[clock(function) for _, function in cases] for _ in range(ROUNDS + 1)][1:]
    return [float(m) for m in np.median(rounds, axis=0)]


def fit(sizes: list[int], seconds: list[float]) -> dict[str, float]:
    """Exponent of growth, and the line `fixed` + `each` * size of least relative error."""
    n, t = np.array(sizes, float), np.array(seconds)
    power = float(np.polyfit(np.log(n), np.log(t), 1)[0])
    each, fixed = np.linalg.lstsq(np.c_[n, np.ones_like(n)] / t[:, None], np.ones_like(t), rcond=None)[0]
    return {"power": power, "fixed": float(fixed), "each": float(each)}


def measure_all(file: Path) -> None:
    """Writes sizes, seconds and fits as JSON; a case that cannot run is reported and left out."""
    found = {}
    for name, (what, make) in KINDS.items():
        try:
            cases = make()
            seconds = medians(cases)
        except (AttributeError, bt.BtcoreError) as error:
            print(f"growth with {name}: not measured ({error})")
            continue
        sizes = [size for size, _ in cases]
        found[name] = {"what": what, "sizes": sizes, "seconds": seconds, **fit(sizes, seconds)}
        print(f"growth with {name}: power {found[name]['power']:.2f}")
    file.write_text(json.dumps(found, indent=1))


def growth_tables(found: dict[str, Any]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [
        "| with | five sizes | ms | fitted: size to the power | fixed, ms | each, ns |",
        "|" + " --- |" * 6,
    ]
    for name, row in found.items():
        sizes = ", ".join(f"{size:,}" for size in row["sizes"])
        seconds = ", ".join(f"{1000 * s:.3g}" for s in row["seconds"])
        fitted = f"{row['power']:.2f} | {1000 * row['fixed']:.2g} | {1e9 * row['each']:.3g}"
        lines.append(f"| {name} ({row['what']}) | {sizes} | {seconds} | {fitted} |")
    return lines
