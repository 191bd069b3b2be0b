"""Claim 2: a hundred symbols of a million quotes each, in time order."""

import pytest

import btcore as bt

from .bench_events import SLOW
from .data import many_quotes
from .measure import figure
from .peers.work import scaled

SYMBOLS = 100


def market():
    return many_quotes(SYMBOLS, scaled(1_000_000))


def read(data):
    """Reads each column that the engine reads once: a lower bound."""
    for quotes in data.values():
        for name in ("timestamp", "bid", "ask"):
            quotes.columns[name].max()


def run(benchmark, data, what, rate, *, rounds=5, strategy="ema_crossover", params=SLOW):
    events = sum(map(len, market().values()))
    result = figure(
        benchmark,
        lambda: bt.run(data, strategy, params),
        claim=2,
        what=what,
        work=events,
        unit="events",
        bound=("reading the columns", lambda: read(market())),
        goal=("rate", rate) if rate else None,
        note=f"`{strategy}` on each of 100 symbols",
        rounds=rounds,
    )
    assert result.metrics["events"] == events


def test_first_time(benchmark):
    """The order of events is computed during the run."""
    run(benchmark, market(), "100 symbols of quotes, the first time", 20e6)


def test_merge(benchmark):
    """Computing the order of events alone."""
    events = sum(map(len, market().values()))
    figure(
        benchmark,
        lambda: bt.merge(market()),
        claim=2,
        what="the order of 100 symbols' events alone",
        work=events,
        unit="events",
        bound=("reading the columns", lambda: read(market())),
        rounds=5,
    )


def test_saved_order(benchmark, folder):
    """The order is saved with the data: a run from a catalog that was just opened."""
    catalog = bt.Catalog(folder)
    for symbol, quotes in market().items():
        catalog.write(symbol, quotes)
    events = catalog.merge(list(market()), "tick").order
    assert events.nbytes <= 2 * len(events)
    figure(
        benchmark,
        lambda: bt.run(bt.Catalog(folder).merge(list(market()), "tick"), "ema_crossover", SLOW),
        claim=2,
        what="100 symbols of quotes from a catalog, their order saved in it",
        work=len(events),
        unit="events",
        goal=("rate", 50e6),
        note=f"{events.nbytes / len(events):.0f} byte per event",
        rounds=5,
    )


def test_second_time(benchmark):
    """The order was computed before the run, by `bt.merge`."""
    run(benchmark, bt.merge(market()), "100 symbols of quotes, their order known", 50e6, rounds=7)


@pytest.mark.parametrize(("name", "params"), [("buy_and_hold", {}), ("ma_crossover", SLOW)])
def test_other_strategies(benchmark, name, params):
    what = "100 symbols of quotes, their order known"
    run(benchmark, bt.merge(market()), what, None, rounds=3, strategy=name, params=params)
