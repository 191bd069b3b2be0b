"""The tables of a result; saving, loading and exporting keep every bit."""

import json
import math
import sys
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import pytest
from bookkeeper import DAY, START, keep_books, random_journal, records

import btcore as bt
from btcore import model
from btcore.errors import ConfigError, DataError
from btcore.model import CASH_FLOW_DTYPE, FILL_DTYPE, NOTE_DTYPE, ORDER_DTYPE
from btcore.results import archive, export, labels, result, summary, tables
from btcore.results.result import Result, load_result

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
    journal.orders["ts_expires"][4:9] = START + DAY
    journal.cash_flows = records(
        CASH_FLOW_DTYPE,
        [
            {"ts": START + DAY, "symbol": -1, "amount": -1.5},
            {"ts": START + 2 * DAY, "symbol": 1, "kind": 3, "amount": 7.0},
        ],
    )
    journal.notes = records(
        NOTE_DTYPE,
        [
            {"ts": START + 2 * DAY, "order_id": 4, "kind": 1, "reason": 8},
            {"ts": START + DAY, "order_id": 3, "kind": 0, "value": 5.0},
        ],
    )
    return Result.from_journal(
        journal,
        manifest=MANIFEST,
        fingerprint="sha256:0",
        prices=prices_of,
    )


def same(ours, theirs):
    assert ours.dtype == theirs.dtype
    assert ours.tobytes() == theirs.tobytes()


def test_labels_match_the_codes_of_the_engine():
    for named, numbers in [
        (labels.ORDER_TYPES, model.OrderType),
        (labels.TIMES_IN_FORCE, model.TimeInForce),
        (labels.TRAIL_BY, model.TrailBy),
        (labels.STATUSES, model.Status),
        (labels.LIQUIDITY, model.Liquidity),
        (labels.RULES, model.Rule),
        (labels.FLOWS, model.FlowKind),
        (labels.EVENTS, model.NoteKind),
    ]:
        assert [(n.name.lower(), int(n)) for n in numbers] == [(w, i) for i, w in enumerate(named)]
    assert {side.name.lower(): labels.SIDES[side + 1] for side in model.Side} == {
        "sell": "sell",
        "buy": "buy",
    }
    renamed = {
        "none": "", "ioc_remainder": "ioc", "fok_unfilled": "fok", "day_over": "day", "gtd_over": "gtd",
        "at_opening": "opening", "at_close": "closing", "would_take": "post_only",
        "nothing_to_reduce": "reduce_only", "parent_ended": "parent", "no_cash": "cash",
    }  # fmt: skip
    reasons = [(renamed.get(r.name.lower(), r.name.lower()), int(r)) for r in model.Reason]
    assert reasons == [(word, i) for i, word in enumerate(labels.REASONS)]


def test_text_columns_can_be_compared_with_enums(made):
    made.journal.orders["status"][:4] = [3, 4, 5, 2]
    made.journal.orders["reason"][:3] = [2, 6, 11]
    assert np.flatnonzero(made.orders["reason"] == bt.OrderReason.IOC).tolist() == [0]
    assert np.flatnonzero(made.orders["status"] == bt.OrderStatus.REJECTED).tolist() == [2]
    assert bt.OrderReason(made.orders["reason"][1]) is bt.OrderReason.END_OF_DATA
    assert np.all((made.orders["reason"] == bt.OrderReason.NONE) == (made.orders["status"] == "filled"))


def test_trades_are_in_order_of_time_then_of_execution():
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
        "timestamp", "symbol", "side", "quantity", "price", "commission", "order_id", "liquidity", "event",
        "event_timestamp", "rule", "reference_price", "slippage", "improvement", "size_seen", "entry_latency",
        "leg",
    )  # fmt: skip


def test_orders_have_text_for_codes():
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


def one_order(fills, notes=(), **terms):
    """A result of one limit order, buy 10 at 20, with those fills and notes."""
    journal = keep_books([("mark", START + DAY, 22.0)])
    order = {
        "id": 1,
        "qty": 10.0,
        "asked_qty": 10.0,
        "filled_qty": 4.0,
        "limit_px": 20.0,
        "side": 1,
        "order_type": 1,
    }
    order |= {"ts_sent": 5, "ts_arrived": 30, "stop_px": np.nan, "ts_expires": tables.NO_EXPIRY}
    journal.orders = records(ORDER_DTYPE, [order | terms])
    plain = {"order_id": 1, "last_qty": 2.0, "side": 1, "point_value": 1.0, "size_seen": np.inf}
    journal.fills = records(FILL_DTYPE, [plain | fill for fill in fills])
    journal.notes = records(NOTE_DTYPE, notes)
    return Result.from_journal(journal, manifest={}, fingerprint="")


def test_the_event_behind_a_fill():
    made = one_order(
        [
            {"ts": 40, "last_px": 19.5, "reference_px": 19.25, "size_seen": 3.0, "rule": 1, "event": 17}
            | {"ts_event": 39, "liquidity": 1},
            {"ts": 50, "last_px": 20.0, "reference_px": 20.0, "rule": 8, "leg": 1},
        ]
    )
    first, second = made.rows("trades")
    assert (first["rule"], first["event"], first["leg"]) == ("quote_taken", 17, "")
    assert first["event_timestamp"] == "1970-01-01T00:00:00.000000039Z"
    assert (first["reference_price"], first["slippage"], first["improvement"]) == (19.25, 0.25, 0.5)
    assert (first["size_seen"], first["entry_latency"]) == (3.0, 25.0)
    assert (second["rule"], second["leg"], second["size_seen"]) == ("bar_limit", "long", None)
    assert (second["slippage"], second["improvement"]) == (0.0, 0.0)
    assert not np.signbit(made.trades["slippage"]).any()


def test_slippage_of_a_sale_is_positive_below_the_reference():
    made = one_order([{"ts": 40, "last_px": 20.5, "reference_px": 21.0, "side": -1}], side=-1)
    assert made.trades[["slippage", "improvement"]].tolist() == [(0.5, 0.5)]


def test_improvement_is_unknown_after_the_limit_changed():
    fills = [{"ts": ts, "last_px": 19.5} for ts in (40, 50, 60)]
    for kind, told in [(0, [False, False, True]), (5, [False, False, True]), (2, [True, True, True])]:
        made = one_order(fills, [{"ts": 50, "order_id": 1, "kind": kind}, {"ts": 70, "order_id": 2}])
        assert np.isfinite(made.trades["improvement"]).tolist() == told
    unlimited = one_order(fills, limit_px=np.nan)
    assert np.isnan(unlimited.trades["improvement"]).all()


def test_the_latency_of_a_child_is_unknown():
    assert one_order([{"ts": 40}], parent=7).rows("trades")[0]["entry_latency"] is None
    for stranger in (0, 9):
        (row,) = one_order([{"ts": 40, "order_id": stranger}]).rows("trades")
        assert (row["entry_latency"], row["improvement"]) == (None, None)


def test_the_terms_of_orders():
    row = one_order([], status=1).rows("orders")[0]
    assert (row["leaves_quantity"], row["filled_quantity"], row["expires_at"]) == (6.0, 4.0, None)
    assert (row["trail_by"], row["oco"], row["parent"]) == ("", 0, 0)
    assert (row["post_only"], row["reduce_only"], row["forced"]) == (False, False, False)
    row = one_order([], status=3, flags=3, oco=2, parent=9, ts_expires=10**9).rows("orders")[0]
    assert (row["leaves_quantity"], row["quantity"], row["filled_quantity"]) == (0.0, 10.0, 4.0)
    assert (row["post_only"], row["reduce_only"], row["oco"], row["parent"]) == (True, True, 2, 9)
    assert row["expires_at"] == "1970-01-01T00:00:01Z"
    trailing = {"order_type": 7, "trail": 2.0, "trail_by": 1, "limit_offset": 0.5, "stop_px": 18.0}
    row = one_order([], **trailing, flags=4).rows("orders")[0]
    assert (row["order_type"], row["trail_by"], row["trail"]) == ("trailing_stop_limit", "percent", 2.0)
    assert (row["limit_offset"], row["stop_price"], row["forced"]) == (0.5, 18.0, True)
    touched = one_order([], order_type=5, stop_px=18.0).rows("orders")[0]
    assert (touched["stop_price"], touched["touch_price"]) == (None, 18.0)
    assert one_order([], order_type=3, stop_px=18.0).rows("orders")[0]["touch_price"] is None


def test_every_column_and_label_is_documented(made):
    page = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
    told = page.split("## Round trips")[1].split("## The functions")[0]
    for name, table in made.tables().items():
        assert f"**`{name}`**" in told
        if name != "round_trips":
            assert [c for c in table.dtype.names if f"`{c}`" not in told] == []
    assert [word for word in (*labels.RULES, *labels.FLOWS) if f"`{word}`" not in told] == []
    assert [word for word in labels.EVENTS if f"\n| {word} |" not in told] == []


def test_the_quantity_of_a_child():
    """Its group filled 6 of 10; it ended with nothing left, or filled the other 4."""
    for status, quantity in [(3, 10.0), (2, 4.0)]:
        (row,) = one_order([], status=status, qty=4.0, parent=7).orders
        assert (row["quantity"], row["filled_quantity"], row["leaves_quantity"]) == (quantity, 4.0, 0.0)


def test_flows_and_events_have_text_for_codes(made):
    assert made.rows("cash_flows") == [
        {"timestamp": "2024-01-02T00:00:00Z", "symbol": "", "kind": "interest", "amount": -1.5},
        {"timestamp": "2024-01-03T00:00:00Z", "symbol": "B.B", "kind": "dividend", "amount": 7.0},
    ]
    first, second = made.rows("order_events")
    assert first == {
        "timestamp": "2024-01-02T00:00:00Z", "order_id": 3, "event": "amended", "reason": "", "value": 5.0,
    }  # fmt: skip
    assert (second["event"], second["reason"]) == ("amend_refused", "invalid_price")
    assert second["value"] is None


def test_a_restatement_has_its_reason():
    notes = [
        {"ts": 6, "order_id": 1, "kind": 5, "reason": 3, "value": 0.5},
        {"ts": 7, "kind": 5, "value": 2.0},
    ]
    events = one_order([], notes).order_events
    assert events[["event", "reason", "value"]].tolist() == [
        ("restated", "dividend", 0.5),
        ("restated", "split", 2.0),
    ]


def test_the_legs_of_a_hedging_account_add_up():
    journal = keep_books([("fill", START, 0, 10, 20.0, 0.0), ("mark", START + DAY, 22.0)])
    journal.exposures = records(
        journal.exposures.dtype,
        [{"timestamp": START + DAY, "quantity": q, "value": 22 * q, "leg": np.sign(q)} for q in (10.0, -4.0)],
    )
    table = tables.exposures(journal)
    assert table["leg"].tolist() == ["long", "short"]
    assert table[["gross", "net"]].tolist() == [(308.0, 132.0)] * 2


def test_exposures_add_up_to_the_account(made):
    table, curve = made.exposures, made.equity_curve
    for when in np.unique(table["timestamp"]):
        here = table[table["timestamp"] == when]
        point = curve[curve["timestamp"] == when][0]
        assert np.all(here["gross"] == np.abs(here["value"]).sum())
        assert here["net"] == pytest.approx(point["positions"])
        assert here["weight"] == pytest.approx(here["value"] / point["equity"])
    assert set(table["symbol"]) == {"AAA", "B.B"}


def test_two_points_of_the_same_time():
    """A run on one tick: both points have the same time; the position belongs to the second."""
    journal = keep_books([("fill", START, 0, 10, 20.0, 0.0), ("mark", START, 30.0)])
    table = tables.exposures(journal)
    assert table["weight"].tolist() == [300.0 / 1100.0]


def test_excursions_of_round_trips(made):
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


def test_round_trips_are_in_order_of_exit():
    """A fill at the open of a daily bar is recorded after that of an hourly bar, with an earlier time."""
    fills = [(0, START, 1), (1, START, 1), (0, START + 9, -1), (1, START + 5, -1)]
    journal = keep_books([("mark", START + DAY, 1.0, 1.0)], symbols=("AAA", "B"), multipliers=(1.0, 1.0))
    journal.fills = records(
        FILL_DTYPE,
        [{"symbol": s, "ts": ts, "side": side, "last_qty": 1.0, "last_px": 70.0} for s, ts, side in fills],
    )
    table = tables.round_trips(journal, prices_of)
    assert table["symbol"].tolist() == ["B", "AAA"]
    assert table["exit_timestamp"].tolist() == [START + 5, START + 9]


def test_without_prices_excursions_are_unknown():
    bare = Result.from_journal(random_journal(5), manifest={}, fingerprint="")
    assert np.isnan(bare.round_trips["mae"]).all()
    partly = Result.from_journal(random_journal(5), manifest={}, fingerprint="", prices=lambda _: None)
    assert np.isnan(partly.round_trips["mfe"]).all()
    assert bare.rows("round_trips", 0, 1)[0]["mae"] is None


def test_metrics_and_tables_are_computed_when_read(monkeypatch):
    asked = []
    monkeypatch.setattr(result, "summarize", lambda *_, **given: asked.append(given) or {"sharpe_ratio": 1.0})
    terms = {"timezone": "Asia/Tokyo", "periods_per_year": 365}
    lazy = Result.from_journal(random_journal(5), manifest={}, fingerprint="", **terms)
    assert asked == []
    assert lazy.metrics is lazy.metrics
    assert asked == [terms]


def test_columns_are_read_only_views(made):
    curve = made.columns()
    assert list(curve) == list(made.equity_curve.dtype.names)
    for name, column in curve.items():
        assert column.flags.c_contiguous
        assert column.tobytes() == np.ascontiguousarray(made.equity_curve[name]).tobytes()
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0
    for name, column in zip(("timestamp", "equity", "cash"), made.journal.curve, strict=True):
        assert np.shares_memory(curve[name], column)
    assert np.shares_memory(made.columns()["positions"], curve["positions"])
    assert memoryview(curve["equity"]).format == "d"
    for name in tables.TABLES:
        for column, values in made.columns(name).items():
            assert np.array_equal(values, made.table(name)[column], equal_nan=values.dtype.kind == "f")
            assert name == "equity_curve" or np.shares_memory(values, made.table(name))
    with pytest.raises(ConfigError, match="table: 'fills'"):
        made.columns("fills")


def test_arrow_shares_the_columns_of_the_curve(made, tmp_path):
    made.save(tmp_path / "run.npz")
    for one in (made, load_result(tmp_path / "run.npz")):
        arrow, curve = one.to_arrow(), one.columns()
        for name, column in curve.items():
            (chunk,) = arrow[name].chunks
            assert chunk.buffers()[1].address == column.ctypes.data
        assert arrow["timestamp"].null_count == 0


def test_to_json_is_the_document_as_text(made):
    made.journal.fills["size_seen"][::3] = 5.0
    assert made.to_json() == msgspec.json.encode(made.document())
    for name in tables.TABLES:
        assert made.json(name) == msgspec.json.encode(made.rows(name))
        assert made.json(name, 2, 5) == msgspec.json.encode(made.rows(name, 2, 5))
    assert made.json("trades", 10**9) == b"[]"


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


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_a_saved_result_is_loaded_unchanged(made, tmp_path, suffix):
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
def test_an_empty_result_can_be_saved(tmp_path, suffix):
    empty = Result.from_journal(keep_books([]), manifest={}, fingerprint="")
    empty.save(tmp_path / f"empty{suffix}")
    back = load_result(tmp_path / f"empty{suffix}")
    for name, table in empty.tables().items():
        same(back.table(name), table)


def test_a_failed_save_keeps_the_old_file(made, tmp_path, monkeypatch):
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


def test_a_file_that_is_no_result_is_an_error(made, tmp_path):
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


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_a_file_of_another_version_is_an_error(made, tmp_path, suffix):
    document = archive.Document(fingerprint="", metrics={}, manifest={}, logs=[], dtypes={}, version=1)
    archive.write(tmp_path / f"old{suffix}", {"trades": made.trades}, document)
    with pytest.raises(DataError, match="version is 1, this btcore reads version 2"):
        load_result(tmp_path / f"old{suffix}")


def test_a_result_from_tables_is_the_same(made):
    back = Result.from_tables(made.tables(), made.manifest, made.metrics, made.logs, made.fingerprint)
    assert back.document() == made.document()
    with pytest.raises(ConfigError, match="'orders' is missing"):
        Result.from_tables(
            {k: v for k, v in made.tables().items() if k != "orders"}, {}, made.metrics, [], ""
        )


def test_the_document_is_json(made):
    document = made.document()
    assert list(document) == [
        "metrics_summary", "equity_curve", "trades", "round_trips", "exposures", "orders", "cash_flows",
        "order_events", "logs", "manifest", "fingerprint",
    ]  # fmt: skip
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["equity_curve"][0] == {
        "timestamp": "2024-01-01T00:00:00Z", "equity": 100000.0, "cash": 100000.0, "positions": 0.0,
    }  # fmt: skip


def test_slices_of_rows(made):
    everything = made.rows("trades")
    assert len(everything) == made.metrics["total_trades"]
    assert made.rows("trades", 3, 7) == everything[3:7]
    assert made.rows("trades", 10**9) == []
    with pytest.raises(ConfigError, match="'fills' is not one of"):
        made.rows("fills")


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
def test_frames_have_the_same_values(made, name):
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
    made = Result.from_journal(journal, manifest={}, fingerprint="")
    for name in ("arrived_at", "expires_at"):
        assert made.to_pandas("orders")[name].isna().all()
        assert made.to_polars("orders")[name].null_count() == 1
        assert made.to_arrow("orders")[name].null_count == 1


def test_a_missing_library_is_named(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match=r"pip install btcore\[data\]"):
        made.to_polars()


def test_the_repr_of_a_result(made):
    text = repr(made)
    assert text.startswith("<Result 2024-01-01T00:00:00Z to 2024-10-27T00:00:00Z, total_return=")
    assert len(text) < 200
    assert summary.format_metric(None) == "n/a"
    assert summary.format_metric(1234.5) == "1,234.50"
