"""`Result`: computed when read, columns without copies, rows, and its text."""

import numpy as np
import pytest
from bookkeeper import random_journal
from example_result import MANIFEST

from btcore.errors import ConfigError
from btcore.metrics.annual import AnnualSettings
from btcore.results import result, summary, tables
from btcore.results.result import Result


def test_metrics_and_tables_are_computed_when_read(monkeypatch):
    calls = []
    monkeypatch.setattr(result, "summarize", lambda *_, **given: calls.append(given) or {"sharpe_ratio": 1.0})
    terms = {"timezone": "Asia/Tokyo", "annual": AnnualSettings(365.0), "benchmark": None}
    lazy = Result.from_journal(random_journal(5), manifest={}, fingerprint="", **terms)
    assert calls == []
    assert lazy.metrics is lazy.metrics
    assert calls == [terms]


def test_columns_are_read_only_views(example):
    curve = example.columns()
    assert list(curve) == list(example.equity_curve.dtype.names)
    for name, column in curve.items():
        assert column.flags.c_contiguous
        assert column.tobytes() == np.ascontiguousarray(example.equity_curve[name]).tobytes()
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0
    for name, column in zip(("timestamp", "equity", "cash"), example.journal.curve, strict=True):
        assert np.shares_memory(curve[name], column)
    assert np.shares_memory(example.columns()["positions"], curve["positions"])
    assert memoryview(curve["equity"]).format == "d"
    for name in tables.TABLES:
        for column, values in example.columns(name).items():
            assert np.array_equal(values, example.table(name)[column], equal_nan=values.dtype.kind == "f")
            assert name in ("equity_curve", "benchmark_curve") or np.shares_memory(
                values, example.table(name)
            )
    with pytest.raises(ConfigError, match="table: 'fills'"):
        example.columns("fills")


def test_manifest_and_fingerprint_are_computed_when_read():
    calls = []

    def once(name, value):
        return lambda *_: calls.append(name) or value

    lazy = Result.from_journal(
        random_journal(5),
        manifest=once("manifest", MANIFEST),
        fingerprint=once("fingerprint", "f"),
        prices=once("prices", None),
    )
    assert lazy.metrics["round_trips"]
    assert lazy.equity_curve is lazy.equity_curve
    assert repr(lazy)
    assert calls == []
    assert lazy.manifest is lazy.manifest is MANIFEST
    assert (lazy.fingerprint, lazy.fingerprint) == ("f", "f")
    assert lazy.round_trips is lazy.round_trips
    assert calls == ["manifest", "fingerprint", "prices", "prices"]


def test_a_result_from_tables_is_the_same(example):
    back = Result.from_tables(
        example.tables(), example.manifest, example.metrics, example.logs, example.fingerprint
    )
    assert back.document() == example.document()
    with pytest.raises(ConfigError, match="'orders' is missing"):
        Result.from_tables(
            {k: v for k, v in example.tables().items() if k != "orders"}, {}, example.metrics, [], ""
        )


def test_slices_of_rows(example):
    everything = example.rows("trades")
    assert len(everything) == example.metrics["total_trades"]
    assert example.rows("trades", 3, 7) == everything[3:7]
    assert example.rows("trades", 10**9) == []
    with pytest.raises(ConfigError, match="'fills' is not one of"):
        example.rows("fills")


def test_the_repr_of_a_result(example):
    text = repr(example)
    assert text.startswith("<Result 2024-01-01T00:00:00Z to 2024-10-27T00:00:00Z, total_return=")
    assert len(text) < 200
    assert summary.format_metric(None) == "n/a"
    assert summary.format_metric(1234.5) == "1,234.50"
