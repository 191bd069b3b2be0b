"""Claim 6: starting and loading."""

import os
import subprocess
import sys

import numpy as np
import pytest

import btcore as bt

from .data import BUILD, bars, quotes
from .measure import figure
from .peers.work import scaled

FIRST = """
import numpy as np, btcore as bt
n = 100_000
close = 100 + np.cumsum(np.random.default_rng(1).integers(-1, 2, n)) * 0.001
bars = bt.Bars(np.arange(n) * 60_000_000_000, close, close, close, close)
print(bt.run({"A": bars}, "ma_crossover").metrics["sharpe_ratio"])
"""
STREAMED = """
import sys
import btcore as bt, polars
from bench.memory import Peak
with Peak() as peak:
    bt.Catalog(sys.argv[2]).write_stream({"A": bt.scan_csv(sys.argv[1], "quotes")})
print(peak.megabytes)
"""
GOALS = {"numpy": None, "btcore": ("seconds", 0.12)}


def python(code, *arguments):
    """What the code prints in a fresh interpreter. Bytecode is cached, as in an installed package."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, check=True, text=True, env=environ
    )
    return float(done.stdout)


@pytest.mark.parametrize("module", GOALS)
def test_import(benchmark, module):
    """Import time in a fresh interpreter, measured inside it."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    seconds: list[float] = []
    figure(
        benchmark,
        lambda: seconds.append(python(code)),
        claim=6,
        what=f"`import {module}`",
        goal=GOALS[module],
        rounds=15,
        seconds=seconds,
    )


def test_first_result(benchmark):
    """A whole process: interpreter, imports, 100,000 bars made, checked and run."""
    figure(
        benchmark,
        lambda: python(FIRST),
        claim=6,
        what="`python -c` to the metrics of 100,000 bars",
        bound=("`python -c 'import numpy'`", lambda: python("import numpy; print(0)")),
        goal=("seconds", 0.3),
        rounds=15,
    )


def table(suffix):
    """A CSV file of quotes, written once."""
    import polars as pl

    data = quotes(scaled(5_000_000))
    file = BUILD / f"quotes-{len(data)}.{suffix}"
    if not file.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        frame = pl.DataFrame({name: data.columns[name] for name in ("timestamp", "bid", "ask", "bid_size")})
        frame = frame.with_columns(ask_size=frame["bid_size"])
        frame.write_csv(file) if suffix == "csv" else frame.write_parquet(file)
    return file


@pytest.mark.parametrize(("suffix", "most"), [("parquet", 0.25), ("csv", 1.2)])
def test_read(benchmark, suffix, most):
    file = table(suffix)
    read = {"parquet": bt.read_parquet, "csv": bt.read_csv}[suffix]
    data = figure(
        benchmark,
        lambda: read(file, "quotes"),
        claim=6,
        what=f"5 M quotes from {suffix}, checked",
        work=scaled(5_000_000),
        unit="rows",
        goal=("seconds", most),
        note=f"{file.stat().st_size / 1e6:.0f} MB",
        rounds=5,
    )
    assert len(data) == scaled(5_000_000)


def test_catalog(benchmark, folder):
    catalog = bt.Catalog(folder)
    catalog.write("A", quotes(scaled(5_000_000)))
    data = figure(
        benchmark,
        lambda: bt.Catalog(folder).read("A", "tick"),
        claim=6,
        what="5 M quotes from a catalog, memory-mapped",
        work=scaled(5_000_000),
        unit="rows",
        goal=("seconds", 0.010),
        rounds=15,
    )
    assert len(data) == scaled(5_000_000)


def test_stream(benchmark, folder):
    """A CSV file into a catalog in pieces, in a fresh process: its peak memory."""
    file, taken = table("csv"), []
    benchmark.pedantic(lambda: taken.append(python(STREAMED, str(file), str(folder))), rounds=1)
    what = f"memory while {file.stat().st_size / 1e6:.0f} MB of CSV stream into a catalog"
    benchmark.extra_info |= {"claim": 6, "what": what, "megabytes": taken[0], "goal": ("megabytes", 600)}
    assert len(bt.Catalog(folder).read("A", "tick")) == scaled(5_000_000)


def test_reuse(benchmark):
    """The second result of a process, when modules are loaded."""
    data = bars(100_000)
    figure(
        benchmark,
        lambda: bt.run({"A": data}, "ma_crossover"),
        claim=6,
        what="100,000 bars again, in the same process",
        work=len(data),
        unit="bars",
        rounds=15,
    )
    assert np.isfinite(data.close).all()
