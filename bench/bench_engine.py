"""Events a second through `bt.run`, from columns in memory to the finished result."""

import pytest
from data import bars, quotes, trades

import btcore as bt

ROUNDS = 7
SLOW = {"short_period": 500, "long_period": 2000}
CASES = [("buy_and_hold", {}), ("ma_crossover", SLOW), ("ma_crossover", {}), ("momentum", {}), ("rsi", {})]
NAMES = ["buy_and_hold", "ma_crossover 500/2000", "ma_crossover 10/30", "momentum 20", "rsi 14"]


def measure(benchmark, data, *strategy, rounds=ROUNDS):
    result = benchmark.pedantic(bt.run, ({"A": data}, *strategy), rounds=rounds, warmup_rounds=1)
    events = result.metrics["events"]
    assert events == len(data)
    benchmark.extra_info["trades"] = result.metrics["total_trades"]
    benchmark.extra_info["median_million_events_per_s"] = round(events / benchmark.stats["median"] / 1e6, 1)


def test_memory(benchmark):
    """What it costs to read the same columns once: the floor under any engine."""
    columns = quotes().columns.values()
    benchmark.pedantic(lambda: [column.max() for column in columns], rounds=ROUNDS, warmup_rounds=1)


@pytest.mark.parametrize(("name", "params"), CASES, ids=NAMES)
def test_quotes(benchmark, name, params):
    measure(benchmark, quotes(), name, params)


@pytest.mark.parametrize(("name", "params"), CASES[:3], ids=NAMES[:3])
def test_trades(benchmark, name, params):
    measure(benchmark, trades(), name, params)


@pytest.mark.parametrize(("name", "params"), CASES[:3], ids=NAMES[:3])
def test_bars(benchmark, name, params):
    measure(benchmark, bars(), name, params)


class Silent(bt.Strategy):
    def on_quote(self, ctx, quote):
        pass


def test_quotes_with_a_python_callback(benchmark):
    measure(benchmark, quotes(1_000_000), Silent(), rounds=5)


def test_many_symbols(benchmark):
    """Ten symbols of a million quotes, merged."""
    data = {f"S{i}": quotes(1_000_000) for i in range(10)}
    result = benchmark.pedantic(bt.run, (data, "ma_crossover", SLOW), rounds=5, warmup_rounds=1)
    events = result.metrics["events"]
    benchmark.extra_info["median_million_events_per_s"] = round(events / benchmark.stats["median"] / 1e6, 1)
