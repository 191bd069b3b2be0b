"""A result as JSON, data frames and Arrow."""

import json
import math
import sys
from datetime import datetime

import msgspec
import numpy as np
import pytest
from bookkeeper import DAY, START, keep_books

from btcore.results import export, tables
from btcore.results.result import Result, load_result


def test_arrow_shares_the_columns_of_the_curve(example, tmp_path):
    example.save(tmp_path / "run.npz")
    for one in (example, load_result(tmp_path / "run.npz")):
        arrow, curve = one.to_arrow(), one.columns()
        for name, column in curve.items():
            (chunk,) = arrow[name].chunks
            assert chunk.buffers()[1].address == column.ctypes.data
        assert arrow["timestamp"].null_count == 0


def test_to_json_is_the_document_as_text(example):
    example.journal.fills["size_seen"][::3] = 5.0
    assert example.to_json() == msgspec.json.encode(example.document())
    for name in tables.TABLES:
        assert example.json(name) == msgspec.json.encode(example.rows(name))
        assert example.json(name, 2, 5) == msgspec.json.encode(example.rows(name, 2, 5))
    assert example.json("trades", 10**9) == b"[]"


def test_the_document_is_json(example):
    document = example.document()
    assert list(document) == [
        "metrics_summary", "equity_curve", "trades", "round_trips", "exposures", "orders", "cash_flows",
        "order_events", "benchmark_curve", "logs", "manifest", "fingerprint",
    ]  # fmt: skip
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["equity_curve"][0] == {
        "timestamp": "2024-01-01T00:00:00Z", "equity": 100000.0, "cash": 100000.0, "positions": 0.0,
    }  # fmt: skip


def test_times_have_as_many_digits_as_needed():
    stamps = [0, -1, 10**9, 1_500_000_000, 1_000_001_000, 1_704_067_200_000_000_001, 60 * 10**9]
    text = export.rfc3339(np.array(stamps))
    assert text == [
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999999Z",
        "1970-01-01T00:00:01Z",
        "1970-01-01T00:00:01.500Z",
        "1970-01-01T00:00:01.000001Z",
        "2024-01-01T00:00:00.000000001Z",
        "1970-01-01T00:01:00Z",
    ]
    for stamp, moment in zip(stamps, text, strict=True):
        assert int(datetime.fromisoformat(moment).timestamp()) == math.trunc(stamp / 10**9)
    assert export.rfc3339(np.array([], np.int64)) == []


@pytest.mark.parametrize("name", tables.TABLES)
def test_frames_have_the_same_values(example, name):
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    table, rows = example.table(name), example.rows(name)
    panda, polar, arrow = example.to_pandas(name), example.to_polars(name), example.to_arrow(name)
    assert len(panda) == len(polar) == len(arrow) == len(table)
    if "timestamp" in table.dtype.names:
        assert str(panda.index.dtype) == "datetime64[ns, UTC]"
        panda = panda.reset_index()
    assert tuple(panda.columns) == tuple(polar.columns) == tuple(arrow.column_names) == table.dtype.names
    for column in table.dtype.names:
        if column in tables.TIME_COLUMNS:
            assert str(panda[column].dtype) == "datetime64[ns, UTC]"
            assert polar[column].dtype == pl.Datetime("ns", "UTC")
            assert arrow[column].type == pa.timestamp("ns", "UTC")
            if column in tables.OPTIONAL_TIMES:  # some are -1, which has its own test
                continue
            assert pd.DatetimeIndex(panda[column]).as_unit("ns").asi8.tolist() == table[column].tolist()
            assert polar[column].to_physical().to_list() == table[column].tolist()
            assert arrow[column].cast("int64").to_pylist() == table[column].tolist()
        else:
            for values in (panda[column].tolist(), polar[column].to_list(), arrow[column].to_pylist()):
                assert [None if isinstance(v, float) and math.isnan(v) else v for v in values] == [
                    row[column] for row in rows
                ]


def test_a_time_that_does_not_exist_is_null():
    journal = keep_books([("fill", START, 0, 10, 20.0, 1.0), ("mark", START + DAY, 22.0)])
    journal.orders["ts_arrived"] = -1
    example = Result.from_journal(journal, manifest={}, fingerprint="")
    for name in ("arrived_at", "expires_at"):
        assert example.to_pandas("orders")[name].isna().all()
        assert example.to_polars("orders")[name].null_count() == 1
        assert example.to_arrow("orders")[name].null_count == 1


def test_a_missing_library_is_named(example, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match=r"pip install 'btcore\[data\]'"):
        example.to_polars()
