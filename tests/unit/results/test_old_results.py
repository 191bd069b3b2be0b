"""Results saved by earlier releases open, and hold the values that were saved."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

import btcore as bt
from btcore.results.tables import TABLES

RESULTS = Path(__file__).parents[2] / "saved" / "0.1.0" / "results"
ROWS = {
    "equity_curve": 41,
    "trades": 5,
    "round_trips": 3,
    "exposures": 65,
    "orders": 12,
    "cash_flows": 70,
    "order_events": 8,
}


@pytest.fixture(params=["run.npz", "run.parquet"])
def result(request: pytest.FixtureRequest) -> bt.Result:
    if request.param.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    return bt.load_result(RESULTS / request.param)


def test_every_table_has_the_saved_rows(result: bt.Result) -> None:
    """Compared with the arrays in the .npz file, read by numpy alone."""
    assert {name: len(result.table(name)) for name in TABLES} == ROWS | {"benchmark_curve": 0}
    with zipfile.ZipFile(RESULTS / "run.npz") as saved:
        for name in ROWS:
            rows = np.load(io.BytesIO(saved.read(f"{name}.npy")))
            assert result.table(name).dtype == rows.dtype
            assert result.table(name).tobytes() == rows.tobytes()


def test_metrics_logs_manifest_and_fingerprint(result: bt.Result) -> None:
    assert result.fingerprint == "468dcaa5fc6109c1e2f711232a6f83542dadf1c71d2fb5447e22a6837315081b"
    assert len(result.metrics) == 52
    assert result.metrics["final_equity"] == 1009632.0436276089
    assert result.metrics["sharpe_ratio"] == 4.440661588614686
    assert result.metrics["orders_rejected"] == 2
    assert result.metrics["period"] == "day"
    assert result.logs[1:3] == ["first orders at 103.00", "fill of order 1: 100 at 106.01"]
    assert 'covered: Überschuß, 日本, "quoted"' in result.logs
    assert result.manifest["run"]["timezone"] == "America/New_York"
    assert [data["symbol"] for data in result.manifest["data"]] == ["AAA", "BBB"]


def test_rows(result: bt.Result) -> None:
    assert result.rows("trades")[0] == {
        "timestamp": "2024-01-05T00:00:00Z",
        "symbol": "AAA",
        "side": "buy",
        "quantity": 100.0,
        "price": 106.0106,
        "commission": 0.530053,
        "order_id": 1,
        "liquidity": "taker",
        "event": 6,
        "event_timestamp": "2024-01-05T00:00:00Z",
        "rule": "bar_open",
        "reference_price": 106.0,
        "slippage": 0.010599999999996612,
        "improvement": None,
        "size_seen": 10000.0,
        "entry_latency": 5000000.0,
        "leg": "",
    }
    assert result.orders["status"].tolist() == [
        "filled", "filled", "expired", "rejected", "rejected", "expired", "filled", "filled", "canceled",
        "expired", "expired", "filled",
    ]  # fmt: skip
    child = result.rows("orders")[10]
    assert (child["parent"], child["arrived_at"], child["reason"]) == (10, None, "end_of_data")
    assert result.cash_flows["kind"].tolist().count("interest") == 40
    assert result.cash_flows[result.cash_flows["kind"] == "dividend"]["amount"].tolist() == [50.0]
    assert result.round_trips["pnl"].tolist() == [36.540375187500295, -120.61800060000003, -521.2933619765627]
    split = result.order_events[result.order_events["reason"] == "split"]
    assert split["order_id"].tolist() == [3, 10, 11]


def test_what_is_made_from_the_tables(result: bt.Result, tmp_path: Path) -> None:
    """Explanation, report, drawing, JSON and frames accept a result of an earlier release."""
    for order_id in result.orders["order_id"]:
        assert f"order {order_id}: " in result.explain(int(order_id))
    assert result.fingerprint in result.report(tmp_path / "report.html").read_text()
    assert str(result.plot(backend="svg")).startswith("<svg")
    assert result.document()["trades"] == result.rows("trades")
    result.save(tmp_path / "again.npz")
    assert bt.load_result(tmp_path / "again.npz").to_json() == result.to_json()
