"""`examples/five_ways`: both ideas have equal orders, fills, curves and metrics in all ways, bit for bit."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import btcore as bt

FOLDER = Path(__file__).parents[2] / "examples" / "five_ways"
WAYS = ["built-in", "Cython", "Numba", "signals", "callback"]


@pytest.fixture(scope="module")
def five_ways() -> ModuleType:
    pytest.importorskip("numba")
    pytest.importorskip("Cython", reason="a developer's tool")
    sys.path.insert(0, str(FOLDER))
    try:
        return import_module("ways")
    finally:
        sys.path.remove(str(FOLDER))


def walk(seed: int, rows: int = 2000, *, digits: int = 2, still: bool = False) -> bt.Bars:
    """Bars of a random walk with gaps between close and open; `still` keeps some prices for many bars."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.0, 3e-3, (rows, 2))
    if still:
        steps[rng.integers(0, rows // 60, rows // 60)[:, None] * 60 + np.arange(45)] = 0.0
    path = np.round(80.0 * np.exp(np.cumsum(steps)).reshape(rows, 2), digits)
    opening, close = path[:, 0], path[:, 1]
    high, low = path.max(axis=1) + 0.01, path.min(axis=1) - 0.01
    times = np.arange(rows) * 60 * 10**9
    return bt.Bars(times, opening, high, low, close, np.full(rows, 1e6), interval="1min")


MARKETS = {
    **{f"cents {seed}": walk(seed) for seed in range(3)},
    **{f"fine {seed}": walk(seed, digits=8) for seed in range(3)},
    "still prices": walk(7, still=True),
    "coarse prices": walk(8, digits=1),
    "minutes": bt.sample_bars("A", "2024-01-02", "2024-02-01", "1min"),
    "days": bt.sample_bars("A", "2010-01-01", "2024-01-01"),
}
TERMS = {
    "free": bt.Execution(),
    "costs": bt.Execution(slippage_bps=1.0, commission_bps=0.5),
    "at the close": bt.Execution(bar_fill="close", commission_bps=1.0),
    "latency": bt.Execution(latency_ms=250.0, slippage_bps=2.0),
}


@pytest.mark.parametrize("terms", list(TERMS))
@pytest.mark.parametrize("market", list(MARKETS))
@pytest.mark.parametrize("idea", ["crossover", "mean reversion"])
def test_all_ways_are_equal(five_ways: ModuleType, idea: str, market: str, terms: str) -> None:
    data = {"A": MARKETS[market]}
    results = {}
    for way, make in five_ways.ways(five_ways.IDEAS[idea]).items():
        strategy, params = make(data)
        results[way] = bt.run(data, strategy, params, execution=TERMS[terms], progress=False)
    assert list(results) == WAYS
    if terms == "latency":  # an exit of bt.Signals cancels an entry that works; the others send its opposite
        del results["signals"]
    first = results["built-in"]
    assert len(first.trades) >= 20
    for way, result in results.items():
        for name in ("trades", "equity_curve", "exposures", "round_trips"):
            assert getattr(result, name).tobytes() == getattr(first, name).tobytes(), f"{way}: {name}"
        # bt.Signals puts what closes a position into the group of its exits, which are none here
        columns = [name for name in first.orders.dtype.names or () if name != "oco"]
        for column in columns:
            np.testing.assert_array_equal(result.orders[column], first.orders[column], f"{way}: {column}")
        assert repr(result.metrics) == repr(first.metrics), way


def test_ways_of_other_parameters_differ(five_ways: ModuleType) -> None:
    """So the comparison can fail."""
    data = {"A": MARKETS["cents 0"]}
    one, other = (
        bt.run(data, five_ways.crossover.numba, {"long_period": n}, progress=False) for n in (30, 31)
    )
    assert one.trades.tobytes() != other.trades.tobytes()


def test_the_command_prints_what_each_way_costs(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    pytest.importorskip("Cython", reason="a developer's tool")
    command = [sys.executable, str(FOLDER / "run.py"), "2000"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    for idea in ("crossover", "mean reversion"):
        assert f"{idea}: " in ended.stdout
    rows = [
        line.split()
        for line in ended.stdout.splitlines()
        if line.startswith("  ") and line.split()[0] in WAYS
    ]
    assert [row[0] for row in rows] == WAYS * 2
    for row in rows:
        middle, least, greatest, ratio = map(float, row[1:])
        assert 0 < least <= middle <= greatest
        assert ratio > 0
    assert not list(tmp_path.iterdir())
