"""Claim 7: cost of a result: metrics of a long curve, JSON, columns."""

import time

import numpy as np

import btcore as bt
from btcore import metrics
from btcore.results.result import Result

from .data import bars, quotes
from .measure import figure
from .peers.work import scaled


def long_result(n):
    return bt.run({"A": bars(n)}, "buy_and_hold")


def test_metrics(benchmark):
    """Everything a result computes from its journal, without creating a table."""
    n = scaled(10_000_000)
    made = long_result(n)
    equity = np.ascontiguousarray(made.journal.curve.equity)
    figure(
        benchmark,
        lambda: Result.from_journal(made.journal, manifest={}, fingerprint="").metrics,
        claim=7,
        what="metrics of a curve of 10 M points",
        work=n,
        unit="points",
        bound=("reading its equity", equity.max),
        goal=("seconds", 0.060),
    )


def test_drawdown(benchmark):
    n = scaled(10_000_000)
    equity = np.ascontiguousarray(long_result(n).journal.curve.equity)
    figure(
        benchmark,
        lambda: metrics.drawdown(equity),
        claim=7,
        what="drawdown at each of 10 M points",
        work=n,
        unit="points",
        bound=("reading its equity", equity.max),
        goal=("seconds", 0.060),
    )


def test_json(benchmark):
    made = long_result(scaled(100_000))
    assert len(made.equity_curve)
    figure(
        benchmark,
        lambda: made.json("equity_curve"),
        claim=7,
        what="JSON of an equity curve of 100,000 points",
        goal=("seconds", 0.040),
        rounds=9,
    )


def test_document(benchmark):
    """Every table of the result as JSON. The content hash of the data is computed before the clock starts."""
    made = long_result(scaled(100_000))
    made.to_json()
    figure(
        benchmark,
        made.to_json,
        claim=7,
        what="JSON of a whole result of 100,000 points, 100,000 exposures",
        rounds=9,
    )


def test_columns(benchmark):
    """Tables as binary columns: views of the journal, or one pass over it."""
    made = long_result(scaled(10_000_000))

    def columns():
        table = Result.from_journal(made.journal, manifest={}, fingerprint="").equity_curve
        return [table[name] for name in table.dtype.names]

    figure(
        benchmark,
        columns,
        claim=7,
        what="the equity curve's columns, 10 M points, metrics included",
        bound=("metrics alone", lambda: Result.from_journal(made.journal, manifest={}, fingerprint="")),
    )


def test_chart(benchmark):
    """The interactive page, with Bokeh's script, of a run over ticks; Bokeh is imported before."""
    made = bt.run(
        {"A": quotes(scaled(10_000_000))}, "ema_crossover", {"short_period": 500, "long_period": 2000}
    )
    assert len(str(made.plot(backend="bokeh"))) < 15_000_000
    figure(
        benchmark,
        lambda: made.plot(backend="bokeh"),
        claim=7,
        what="interactive page of 10 M quotes, below 15 MB",
        work=scaled(10_000_000),
        unit="quotes",
        bound=(
            "reading the columns",
            lambda: [column.max() for column in made.markets["A"].columns.values()],
        ),
        goal=("seconds", 3.0),
    )


def test_report(benchmark):
    """The page of a run that was not read before: its tables, excursions, figures and metrics too."""
    seconds = []

    def ours():
        made = bt.run({"A": quotes(scaled(10_000_000))}, "ema_crossover", progress=False)
        start = time.perf_counter()
        page = str(made.report())
        seconds.append(time.perf_counter() - start)
        assert len(page) < 15_000_000

    figure(
        benchmark,
        ours,
        claim=7,
        what="the HTML report of a run over 10 M quotes",
        goal=("seconds", 3.0),
        rounds=3,
        seconds=seconds,
    )
