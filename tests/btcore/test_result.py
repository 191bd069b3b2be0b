"""The tables of a result, and that no door loses a bit of them."""

import json
import math
import sys
from datetime import datetime

import numpy as np
import pytest
from journals import DAY, START, keep_books, random_journal, records

from btcore import export, model, result, tables
from btcore.errors import ConfigError, DataError
from btcore.model import FILL_DTYPE, ORDER_DTYPE
from btcore.result import Result, load_result
from btcore.round_trips import match_fills

MANIFEST = {"strategy": {"name": "test", "params": {"x": 0.1}}, "symbols": ["AAA", "B.B"], "none": None}


def prices_of(symbol):
    opens = START + np.arange(300) * DAY
    rng = np.random.default_rng(len(symbol))
    low = 50 + 40 * rng.random(300)
    return opens, opens + DAY, low, low + 10


@pytest.fixture
def made():
    journal = random_journal(5)
    journal.orders["ts_arrived"][3] = -1
    return Result.from_journal(
        journal,
        manifest=MANIFEST,
        fingerprint="sha256:0",
        multipliers={"B.B": 10.0},
        prices=prices_of,
    )


def same(ours, theirs):
    assert ours.dtype == theirs.dtype
    assert ours.tobytes() == theirs.tobytes()


def test_names_stand_for_the_engines_numbers():
    for words, enum in [
        (tables.ORDER_TYPES, model.OrderType),
        (tables.TIMES_IN_FORCE, model.TimeInForce),
        (tables.STATUSES, model.Status),
        (tables.LIQUIDITY, model.Liquidity),
    ]:
        assert [(member.name.lower(), int(member)) for member in enum] == [
            (w, i) for i, w in enumerate(words)
        ]
    assert {member.name.lower(): tables.SIDES[member + 1] for member in model.Side} == {
        "sell": "sell",
        "buy": "buy",
    }
    renamed = {"none": "", "ioc_remainder": "ioc", "fok_unfilled": "fok", "day_over": "day"}
    reasons = [r.name.lower() for r in model.Reason]
    assert [renamed.get(name, name) for name in reasons] == list(tables.REASONS)


def test_trades_are_in_order_of_time_and_stay_in_order_within_it():
    journal = keep_books([("fill", START, 0, 10, 20.0, 1.0), ("mark", START + DAY, 22.0)], symbols=("AAA",))
    journal.fills = records(
        FILL_DTYPE,
        [
            {"ts": ts, "order_id": i, "last_qty": 2.0, "last_px": 9.0, "side": side, "liquidity": i % 2}
            for i, (ts, side) in enumerate([(30, 1), (10, -1), (30, -1), (10, 1)])
        ],
    )
    trades = tables.trades(journal)
    assert trades["order_id"].tolist() == [1, 3, 0, 2]
    assert trades["side"].tolist() == ["sell", "buy", "buy", "sell"]
    assert trades["liquidity"].tolist() == ["taker", "taker", "maker", "maker"]
    assert trades.dtype.names == (
        "timestamp", "symbol", "side", "quantity", "price", "commission", "order_id", "liquidity",
    )  # fmt: skip


def test_orders_speak_words():
    journal = keep_books([("mark", START + DAY, 22.0, 5.0)], symbols=("AAA", "B"), multipliers=(1.0, 1.0))
    journal.orders = records(
        ORDER_DTYPE,
        [
            {"id": 1, "symbol": 1, "side": -1, "order_type": 3, "time_in_force": 3, "status": 5, "reason": 11}
            | {
                "qty": 7.0,
                "limit_px": 5.0,
                "stop_px": 6.0,
                "avg_px": np.nan,
                "ts_arrived": -1,
                "ts_closed": 9,
            },
            {"id": 2, "side": 1, "status": 4, "reason": 6, "limit_px": np.nan, "ts_closed": START},
        ],
    )
    made = Result.from_journal(journal, manifest={}, fingerprint="")
    assert made.orders["symbol"].tolist() == ["B", "AAA"]
    first, second = made.rows("orders")
    words = ["side", "order_type", "time_in_force", "status", "reason"]
    assert [first[w] for w in words] == ["sell", "stop_limit", "fok", "rejected", "buying_power"]
    assert [second[w] for w in words] == ["buy", "market", "gtc", "expired", "end_of_data"]
    assert (first["arrived_at"], first["average_price"], first["limit_price"]) == (None, None, 5.0)
    assert first["closed_at"] == "1970-01-01T00:00:00.000000009Z"
    assert second["closed_at"] == "2024-01-01T00:00:00Z"
    assert second["limit_price"] is None


def test_exposures_add_up_to_the_account(made):
    table, curve = made.exposures, made.equity_curve
    for when in np.unique(table["timestamp"]):
        here = table[table["timestamp"] == when]
        point = curve[curve["timestamp"] == when][0]
        assert np.all(here["gross"] == np.abs(here["value"]).sum())
        assert here["net"] == pytest.approx(point["positions"])
        assert here["weight"] == pytest.approx(here["value"] / point["equity"])
    assert set(table["symbol"]) == {"AAA", "B.B"}


def test_two_points_of_one_instant():
    """A run on one tick: the capital and the final state share a time; the position belongs to the latter."""
    journal = keep_books([("fill", START, 0, 10, 20.0, 0.0), ("mark", START, 30.0)])
    table = tables.exposures(journal)
    assert table["weight"].tolist() == [300.0 / 1100.0]


def test_round_trips_carry_their_excursions(made):
    trips = made.round_trips
    assert len(trips) == made.metrics["round_trips"] > 50
    assert np.all(np.diff(trips["exit_timestamp"]) >= 0)
    assert np.all((trips["mae"] <= 0) & (trips["mfe"] >= 0))
    assert math.fsum(trips["pnl"]) / len(trips) == pytest.approx(made.metrics["expectancy"])
    money = np.where(trips["symbol"] == "AAA", 1.0, 10.0)
    for trip, multiplier in zip(trips[:40], money[:40], strict=True):
        start, end, low, high = prices_of(str(trip["symbol"]))
        inside = (start >= trip["entry_timestamp"]) & (end <= trip["exit_timestamp"])
        side = 1 if trip["side"] == "long" else -1
        seen = np.concatenate([low[inside], high[inside], [trip["exit_price"], trip["entry_price"]]])
        gains = side * (seen - trip["entry_price"]) * trip["quantity"] * multiplier
        assert (trip["mae"], trip["mfe"]) == pytest.approx((gains.min(), gains.max()))
        gross = side * (trip["exit_price"] - trip["entry_price"]) * trip["quantity"] * multiplier
        assert trip["pnl"] == pytest.approx(gross - trip["commission"])
        notional = trip["entry_price"] * trip["quantity"] * multiplier
        assert trip["return"] == pytest.approx(trip["pnl"] / notional)
        assert trip["duration"] == trip["exit_timestamp"] - trip["entry_timestamp"]


def test_round_trips_are_in_order_of_their_end_and_leave_what_they_are_made_of_alone():
    """A daily bar's fill at its open is written after, and stamped before, an hourly bar's in between."""
    fills = [(0, START, 1), (1, START, 1), (0, START + 9, -1), (1, START + 5, -1)]
    journal = keep_books([("mark", START + DAY, 1.0, 1.0)], symbols=("AAA", "B"), multipliers=(1.0, 1.0))
    journal.fills = records(
        FILL_DTYPE,
        [{"symbol": s, "ts": ts, "side": side, "last_qty": 1.0, "last_px": 70.0} for s, ts, side in fills],
    )
    trips, _ = match_fills(journal.fills, [1.0, 1.0])
    before = trips.tobytes()
    table = tables.round_trips(journal, np.ones(2), prices_of, trips)
    assert table["symbol"].tolist() == ["B", "AAA"]
    assert table["exit_timestamp"].tolist() == [START + 5, START + 9]
    assert trips.tobytes() == before


def test_without_prices_excursions_are_unknown():
    bare = Result.from_journal(random_journal(5), manifest={}, fingerprint="")
    assert np.isnan(bare.round_trips["mae"]).all()
    partly = Result.from_journal(random_journal(5), manifest={}, fingerprint="", prices=lambda _: None)
    assert np.isnan(partly.round_trips["mfe"]).all()
    assert bare.rows("round_trips", 0, 1)[0]["mae"] is None


def test_nothing_is_made_before_it_is_asked_for():
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


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_what_is_saved_is_loaded(made, tmp_path, suffix):
    path = tmp_path / f"run{suffix}"
    path.write_bytes(b"an older result")
    made.save(path)
    back = load_result(path)
    for name, table in made.tables().items():
        same(back.table(name), table)
    assert (back.metrics, back.logs, back.manifest, back.fingerprint) == (
        made.metrics, made.logs, made.manifest, made.fingerprint,
    )  # fmt: skip
    assert {name: type(value) for name, value in back.metrics.items()} == {
        name: type(value) for name, value in made.metrics.items()
    }
    assert back.journal is None
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    again = tmp_path / f"again{suffix}"
    back.save(again)
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_an_empty_result_is_saved_too(tmp_path, suffix):
    empty = Result.from_journal(keep_books([]), manifest={}, fingerprint="")
    empty.save(tmp_path / f"empty{suffix}")
    back = load_result(tmp_path / f"empty{suffix}")
    for name, table in empty.tables().items():
        same(back.table(name), table)


def test_a_failed_save_leaves_the_old_file(made, tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    made.save(path)
    before = path.read_bytes()

    def full(stream, **arrays):
        stream.write(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space"):
        made.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]


def test_what_is_not_a_result_is_told(made, tmp_path):
    with pytest.raises(ConfigError, match=r"\.npz or \.parquet"):
        made.save(tmp_path / "run.csv")
    with pytest.raises(ConfigError, match=r"\.npz or \.parquet"):
        load_result(tmp_path / "run.csv")
    with pytest.raises(FileNotFoundError):
        load_result(tmp_path / "none.npz")
    for name in ("bad.npz", "bad.parquet"):
        (tmp_path / name).write_bytes(b"PK\x03\x04 nonsense")
        with pytest.raises(DataError, match=name):
            load_result(tmp_path / name)
    np.savez(tmp_path / "other.npz", a=np.arange(3))
    with pytest.raises(DataError, match="not a saved result"):
        load_result(tmp_path / "other.npz")


def test_from_tables_is_the_same_result(made):
    back = Result.from_tables(made.tables(), made.manifest, made.metrics, made.logs, made.fingerprint)
    assert back.document() == made.document()
    with pytest.raises(ConfigError, match="'orders' is missing"):
        Result.from_tables(
            {k: v for k, v in made.tables().items() if k != "orders"}, {}, made.metrics, [], ""
        )


def test_the_document_is_json(made):
    document = made.document()
    assert list(document) == [
        "metrics_summary", "equity_curve", "trades", "round_trips", "exposures", "orders", "logs", "manifest",
        "fingerprint",
    ]  # fmt: skip
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["equity_curve"][0] == {
        "timestamp": "2024-01-01T00:00:00Z", "equity": 100000.0, "cash": 100000.0, "positions": 0.0,
    }  # fmt: skip


def test_rows_are_sliced(made):
    everything = made.rows("trades")
    assert len(everything) == made.metrics["total_trades"]
    assert made.rows("trades", 3, 7) == everything[3:7]
    assert made.rows("trades", 10**9) == []
    with pytest.raises(ConfigError, match="'fills' is not one of"):
        made.rows("fills")


def test_times_have_the_digits_they_need():
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
def test_frames_hold_the_same_values(made, name):
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    table, rows = made.table(name), made.rows(name)
    panda, polar, arrow = made.to_pandas(name), made.to_polars(name), made.to_arrow(name)
    assert len(panda) == len(polar) == len(arrow) == len(table)
    if "timestamp" in table.dtype.names:
        assert str(panda.index.dtype) == "datetime64[ns, UTC]"
        panda = panda.reset_index()
    assert tuple(panda.columns) == tuple(polar.columns) == tuple(arrow.column_names) == table.dtype.names
    for column in table.dtype.names:
        if column in tables.TIMES:
            assert str(panda[column].dtype) == "datetime64[ns, UTC]"
            assert polar[column].dtype == pl.Datetime("ns", "UTC")
            assert arrow[column].type == pa.timestamp("ns", "UTC")
            if column == "arrived_at":  # one is -1, which has its own test
                continue
            assert pd.DatetimeIndex(panda[column]).as_unit("ns").asi8.tolist() == table[column].tolist()
            assert polar[column].to_physical().to_list() == table[column].tolist()
            assert arrow[column].cast("int64").to_pylist() == table[column].tolist()
        else:
            for values in (panda[column].tolist(), polar[column].to_list(), arrow[column].to_pylist()):
                assert [None if isinstance(v, float) and math.isnan(v) else v for v in values] == [
                    row[column] for row in rows
                ]


def test_a_time_that_never_came_is_null():
    journal = keep_books([("fill", START, 0, 10, 20.0, 1.0), ("mark", START + DAY, 22.0)])
    journal.orders["ts_arrived"] = -1
    made = Result.from_journal(journal, manifest={}, fingerprint="")
    assert made.to_pandas("orders")["arrived_at"].isna().all()
    assert made.to_polars("orders")["arrived_at"].null_count() == 1
    assert made.to_arrow("orders")["arrived_at"].null_count == 1


def test_a_missing_library_is_named(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match=r"pip install btcore\[data\]"):
        made.to_polars()


def test_a_result_is_shown_in_a_line(made):
    text = repr(made)
    assert text.startswith("<Result 2024-01-01T00:00:00Z to 2024-10-27T00:00:00Z, total_return=")
    assert len(text) < 200
    assert result.show(None) == "n/a"
    assert result.show(1234.5) == "1,234.50"
