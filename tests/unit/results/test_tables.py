"""The tables of a result, from the records of a run."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from bookkeeper import DAY, START, keep_books, random_journal, records
from example_result import prices_of

import btcore as bt
from btcore import model
from btcore.model import FILL_DTYPE, NOTE_DTYPE, ORDER_DTYPE
from btcore.results import labels, tables
from btcore.results.result import Result
from btcore.rules.order_words import REASONS


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
    assert reasons == [(word, i) for i, word in enumerate(REASONS)]


def test_text_columns_can_be_compared_with_enums(example):
    example.journal.orders["status"][:4] = [3, 4, 5, 2]
    example.journal.orders["reason"][:3] = [2, 6, 11]
    assert np.flatnonzero(example.orders["reason"] == bt.OrderReason.IOC).tolist() == [0]
    assert np.flatnonzero(example.orders["status"] == bt.OrderStatus.REJECTED).tolist() == [2]
    assert bt.OrderReason(example.orders["reason"][1]) is bt.OrderReason.END_OF_DATA
    assert np.all((example.orders["reason"] == bt.OrderReason.NONE) == (example.orders["status"] == "filled"))


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
        "leg", "tag",
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
    example = Result.from_journal(journal, manifest={}, fingerprint="")
    assert example.orders["symbol"].tolist() == ["B", "AAA"]
    first, second = example.rows("orders")
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
    example = one_order(
        [
            {"ts": 40, "last_px": 19.5, "reference_px": 19.25, "size_seen": 3.0, "rule": 1, "event": 17}
            | {"ts_event": 39, "liquidity": 1},
            {"ts": 50, "last_px": 20.0, "reference_px": 20.0, "rule": 8, "leg": 1},
        ]
    )
    first, second = example.rows("trades")
    assert (first["rule"], first["event"], first["leg"]) == ("quote_taken", 17, "")
    assert first["event_timestamp"] == "1970-01-01T00:00:00.000000039Z"
    assert (first["reference_price"], first["slippage"], first["improvement"]) == (19.25, 0.25, 0.5)
    assert (first["size_seen"], first["entry_latency"]) == (3.0, 25.0)
    assert (second["rule"], second["leg"], second["size_seen"]) == ("bar_limit", "long", None)
    assert (second["slippage"], second["improvement"]) == (0.0, 0.0)
    assert not np.signbit(example.trades["slippage"]).any()


def test_slippage_of_a_sale_is_positive_below_the_reference():
    example = one_order([{"ts": 40, "last_px": 20.5, "reference_px": 21.0, "side": -1}], side=-1)
    assert example.trades[["slippage", "improvement"]].tolist() == [(0.5, 0.5)]


def test_improvement_is_unknown_after_the_limit_changed():
    fills = [{"ts": ts, "last_px": 19.5} for ts in (40, 50, 60)]
    for kind, known in [(0, [False, False, True]), (5, [False, False, True]), (2, [True, True, True])]:
        example = one_order(fills, [{"ts": 50, "order_id": 1, "kind": kind}, {"ts": 70, "order_id": 2}])
        assert np.isfinite(example.trades["improvement"]).tolist() == known
    unlimited = one_order(fills, limit_px=np.nan)
    assert np.isnan(unlimited.trades["improvement"]).all()


def test_the_latency_of_a_child_is_unknown():
    assert one_order([{"ts": 40}], parent=7).rows("trades")[0]["entry_latency"] is None
    for unknown in (0, 9):
        (row,) = one_order([{"ts": 40, "order_id": unknown}]).rows("trades")
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


def test_every_column_and_label_is_documented(example):
    page = (Path(__file__).parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")
    text = page.split("## Round trips")[1].split("## The functions")[0]
    for name, table in example.tables().items():
        assert f"**`{name}`**" in text
        if name != "round_trips":
            assert [c for c in table.dtype.names if f"`{c}`" not in text] == []
    assert [word for word in (*labels.RULES, *labels.FLOWS) if f"`{word}`" not in text] == []
    assert [word for word in labels.EVENTS if f"\n| {word} |" not in text] == []


def test_the_quantity_of_a_child():
    """Its group filled 6 of 10; it ended with nothing left, or filled the other 4."""
    for status, quantity in [(3, 10.0), (2, 4.0)]:
        (row,) = one_order([], status=status, qty=4.0, parent=7).orders
        assert (row["quantity"], row["filled_quantity"], row["leaves_quantity"]) == (quantity, 4.0, 0.0)


def test_flows_and_events_have_text_for_codes(example):
    assert example.rows("cash_flows") == [
        {"timestamp": "2024-01-02T00:00:00Z", "symbol": "", "kind": "interest", "amount": -1.5},
        {"timestamp": "2024-01-03T00:00:00Z", "symbol": "B.B", "kind": "dividend", "amount": 7.0},
    ]
    first, second = example.rows("order_events")
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


def test_exposures_add_up_to_the_account(example):
    table, curve = example.exposures, example.equity_curve
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


def test_excursions_of_round_trips(example):
    trips = example.round_trips
    assert len(trips) == example.metrics["round_trips"] > 50
    assert np.all(np.diff(trips["exit_timestamp"]) >= 0)
    assert np.all((trips["mae"] <= 0) & (trips["mfe"] >= 0))
    assert math.fsum(trips["pnl"]) / len(trips) == pytest.approx(example.metrics["expectancy"])
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


def test_tags_are_in_orders_fills_trips_and_the_report(tmp_path):
    class Tagged(bt.Strategy):
        def on_bar(self, ctx, bar):
            if not ctx.position("A"):
                ctx.buy("A", 2, tag="dip & <go>")
            else:
                ctx.sell("A", 1, tag="half out")
                ctx.sell("A", 1)

    bars = bt.sample_bars("A", "2024-01-02", "2024-02-01")
    result = bt.run({"A": bars}, Tagged)
    given = dict(zip(result.orders["order_id"], result.orders["tag"], strict=True))
    assert [given[n] for n in (1, 2, 3)] == ["dip & <go>", "half out", ""]
    assert result.trades["tag"].tolist() == [given[n] for n in result.trades["order_id"]]
    trips = result.round_trips
    assert trips["entry_tag"].tolist() == [given[n] for n in trips["entry_order_id"]]
    assert trips["exit_tag"].tolist() == [given[n] for n in trips["exit_order_id"]]
    assert {"half out", ""} == set(trips["exit_tag"].tolist())

    page = result.report(tmp_path / "page.html").read_text()
    for column in ("tag", "entry tag", "exit tag"):
        assert re.search(f"<th[^>]*>{column}</th>", page)
    assert page.count('<td class="word">dip &amp; &lt;go&gt;</td>') >= len(trips)
    result.save(tmp_path / "saved.npz")
    assert bt.load_result(tmp_path / "saved.npz").trades["tag"].tolist() == result.trades["tag"].tolist()

    untagged = bt.run({"A": bars}, "buy_and_hold")
    assert not untagged.trades["tag"].any()
    assert "tag</th>" not in untagged.report(tmp_path / "plain.html").read_text()
