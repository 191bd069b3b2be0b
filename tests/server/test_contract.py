"""The server with the real engine: requests, results and errors are those of the library."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow
import pyarrow.ipc
import pyarrow.parquet
import pytest
from server_process import ServerProcess, check_error, check_history, read_until_closed, wait_until

from btcore.backtest.request import check_request, run_request
from btcore.config import RunRequest
from btcore.data import Bars, Catalog, SampleMarket
from btcore.errors import BtcoreError
from btcore.results.export import to_arrow
from btserver.cli import main
from btserver.runs import engine


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("real") / "store", fake=False) as served:
        yield served.wait_ready()
        assert served.stop() == 0
        assert "Traceback" not in served.log()


def body(**changes: Any) -> dict[str, Any]:
    return {"symbols": ["AAPL"], "start_date": "2024-01-01", "end_date": "2024-06-01"} | changes


def crossover(**params: Any) -> dict[str, Any]:
    return {"name": "ma_crossover", "params": params}


SHORT = "$.strategy.params.short_period"
REQUESTS = [
    body(),
    body(symbols=["AAPL", "MSFT", "BRK.B"], strategy=crossover(short_period=3, long_period=9)),
    body(resolution="hour", end_date="2024-02-01", strategy={"name": "rsi", "params": {}}),
    body(resolution="minute", end_date="2024-01-10", strategy={"name": "momentum", "params": {}}),
    body(
        resolution="tick",
        start_date="2024-01-02",
        end_date="2024-01-03",
        strategy={"name": "mean_reversion", "params": {}},
        execution={"slippage_bps": 1.0, "commission_bps": 0.5, "latency_ms": 5},
    ),
    body(symbols=["^GSPC", "BTC/USDT:USDT", "ES1!", "M&M.NS", "$SPX"], end_date="2024-02-01"),
    body(currency="EUR", timezone="America/New_York", initial_capital=1234.5),
]  # fmt: skip


@pytest.mark.parametrize("wanted", REQUESTS, ids=[r.get("resolution", "day") for r in REQUESTS])
def test_the_server_gives_the_librarys_result(server: ServerProcess, wanted: dict[str, Any]) -> None:
    answer = server.http.post("/v1/backtests", json=wanted)
    assert answer.status_code == 201, answer.text
    run_id = answer.json()["run_id"]
    assert server.wait_end(run_id)["state"] == "completed"
    results = server.http.get(f"/v1/backtests/{run_id}/results").json()
    expected = run_request(msgspec.convert(wanted, RunRequest), SampleMarket(), progress=False)
    assert results.pop("run_id") == run_id
    assert results == json.loads(msgspec.json.encode(expected.document()))
    assert results["equity_curve"]
    assert any("synthetic sample data" in line for line in results["logs"])
    assert "synthetic sample data" in json.dumps(results["manifest"])


def test_the_events_of_a_run(server: ServerProcess) -> None:
    run_id = server.http.post("/v1/backtests", json=body(resolution="minute")).json()["run_id"]
    events = server.events(run_id)
    check_history(run_id, events)
    summary = server.http.get(f"/v1/backtests/{run_id}/results").json()["metrics_summary"]
    metrics = {e["payload"]["name"]: e["payload"]["value"] for e in events if e["type"] == "metric"}
    assert metrics["equity"] == summary["final_equity"]
    for name, value in summary.items():
        if isinstance(value, int | float):
            assert metrics[name] == value
    progress = [e["payload"]["progress"] for e in events if e["type"] == "progress"]
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    assert any("synthetic sample data" in e["payload"].get("message", "") for e in events)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"strategy": {"name": "nope"}}, "$.strategy.name"),
        ({"strategy": crossover(nope=1)}, "$.strategy.params.nope"),
        ({"strategy": crossover(short_period="3")}, SHORT),
        ({"strategy": crossover(short_period=3.5)}, SHORT),
        ({"strategy": crossover(short_period=0)}, SHORT),
        ({"strategy": crossover(short_period=None)}, SHORT),
        ({"strategy": crossover(short_period=9, long_period=3)}, SHORT),
        ({"start_date": "2024-01-06", "end_date": "2024-01-07"}, "$.symbols[0]"),
        ({"start_date": "1900-01-01", "end_date": "1950-01-01"}, "$.symbols[0]"),
        ({"symbols": ["AAPL", "A B"]}, "$.symbols[1]"),
        ({"symbols": ["../A"]}, "$.symbols[0]"),
        ({"start_date": "0001-01-01"}, "$.start_date"),
        ({"end_date": "9999-01-01"}, "$.end_date"),
        ({"resolution": "5min"}, "$.resolution"),
        ({"resolution": "1w"}, "$.resolution"),
        ({"resolution": "irregular"}, "$.resolution"),
        ({"resolution": "999999999w"}, "$.resolution"),
        ({"calendar": "NOWHERE"}, "$.calendar"),
        ({"instruments": {"AAPL": {"funding": [["zzzz", 0.1]]}}}, "$.instruments['AAPL'].funding[0]"),
        ({"instruments": {"AAPL": {"currency": "EUR"}}}, "$.fx"),
        ({"strategy": crossover(short_period=5.5)}, SHORT),
    ],
)  # fmt: skip
def test_invalid_requests_name_the_path(server: ServerProcess, change: dict[str, Any], path: str) -> None:
    answer = server.http.post("/v1/backtests", json=body(**change))
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["details"][0]["path"] == path


def test_a_check_of_the_sample_market_agrees_with_the_library() -> None:
    source = engine.open_source(None)
    for resolution in ("day", "hour", "minute", "second", "tick"):
        for start, end in (
            ("2024-01-01", "2024-01-03"),
            ("2024-01-02T15:00:00", "2024-01-02T15:01:00"),
            ("2024-01-02T10:00:00", "2024-01-02T11:00:00"),
            ("2024-01-06", "2024-01-08"),
            ("1989-12-01", "1990-01-03"),
        ):
            wanted = msgspec.convert(body(start_date=start, end_date=end, resolution=resolution), RunRequest)
            verdicts = []
            for check, where in ((check_request, SampleMarket()), (engine.check_request, source)):
                try:
                    check(wanted, where)
                    verdicts.append("")
                except BtcoreError as error:
                    verdicts.append(str(error))
            assert verdicts[0] == verdicts[1], (resolution, start, end)


def test_a_check_generates_no_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generating ticks would block the event loop for seconds."""

    def ticks(*_: object) -> None:
        raise AssertionError("ticks were made")

    monkeypatch.setattr("btcore.data.sample.market._ticks", ticks)
    many = body(symbols=[f"S{n}" for n in range(100)], resolution="tick")
    engine.check_request(msgspec.convert(many, RunRequest), engine.open_source(None))


def test_a_catalog(tmp_path: Path) -> None:
    days = np.datetime64("2024-01-01", "ns") + np.arange(50) * np.timedelta64(1, "D")
    price = 100 + np.arange(50.0)
    Catalog(tmp_path / "data").write(
        "AAPL", Bars(days, price, price + 1, price - 1, price, price, interval="1d")
    )
    with ServerProcess(tmp_path / "store", fake=False, data=str(tmp_path / "data")) as server:
        assert not any("synthetic" in line for line in server.banner)
        answer = server.http.post("/v1/backtests", json=body(symbols=["AAPL", "MSFT"]))
        assert answer.status_code == 422
        error = answer.json()["error"]
        assert error["details"][0]["path"] == "$.symbols[1]"
        assert "AAPL" in error["message"]
        run_id = server.http.post("/v1/backtests", json=body()).json()["run_id"]
        assert server.wait_end(run_id)["state"] == "completed"
        results = server.http.get(f"/backtests/{run_id}/results").json()
        assert results["equity_curve"][-1]["equity"] > 1e6
        assert "synthetic" not in json.dumps(results)
        assert "synthetic" not in json.dumps(server.events(run_id))


def test_a_missing_data_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["serve", "--port", "0", "--store", str(tmp_path / "s"), "--data", str(tmp_path / "nope")]
    assert main(flags) == 2
    assert "is not a directory" in capsys.readouterr().err
    assert main(flags) == 2  # the store was released


LONG = body(resolution="tick", end_date="2024-03-01", strategy={"name": "mean_reversion", "params": {}})


def test_kill_and_stop_during_real_runs(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with ServerProcess(store, fake=False) as server:
        server.wait_ready()
        run_id = server.http.post("/v1/backtests", json=LONG).json()["run_id"]
        seen = server.stream(run_id)
        first = [json.loads(seen.recv()) for _ in range(3)]
        server.kill()
        seen.close_socket()
    with ServerProcess(store, fake=False) as server:
        server.wait_state(run_id, "running")
        assert server.stop() == 0
    with ServerProcess(store, fake=False) as server:
        assert server.wait_end(run_id)["state"] == "completed"
        history = server.events(run_id)
        check_history(run_id, history)
        assert history[:3] == first
        moves = [e["payload"]["state"] for e in history if e["type"] == "state"]
        assert moves == ["queued", "running", "queued", "running", "queued", "running", "completed"]
        whole = server.http.get(f"/backtests/{run_id}/results").json()
        expected = run_request(msgspec.convert(LONG, RunRequest), SampleMarket(), progress=False)
        assert whole["fingerprint"] == expected.fingerprint
        assert whole["metrics_summary"] == json.loads(msgspec.json.encode(expected.metrics))


def test_a_killed_worker_during_a_real_run(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "store", fake=False) as server:
        server.wait_ready()
        run_id = server.http.post("/v1/backtests", json=LONG).json()["run_id"]
        server.wait_state(run_id, "running")
        stream = server.stream(run_id)
        wait_until(server.workers, "the worker")[0].kill()
        assert read_until_closed(stream)[1] == 1000
        assert server.status(run_id)["error"] == "worker crashed (exit code -9)"
        again = server.http.post("/v1/backtests", json=body()).json()["run_id"]
        assert server.wait_end(again)["state"] == "completed"


@pytest.fixture(scope="module")
def completed(server: ServerProcess) -> str:
    run_id: str = server.http.post("/v1/backtests", json=body()).json()["run_id"]
    assert server.wait_end(run_id)["state"] == "completed"
    return f"/v1/backtests/{run_id}/results"


def accepting(server: ServerProcess, path: str, media_type: str, coding: str = "identity") -> Any:
    answer = server.http.get(path, headers={"Accept": media_type, "Accept-Encoding": coding})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == media_type
    return answer


def test_a_result_as_message_pack_is_the_document(server: ServerProcess, completed: str) -> None:
    document = accepting(server, completed, "application/json").json()
    packed = accepting(server, completed, "application/msgpack").content
    assert json.loads(json.dumps(msgspec.msgpack.decode(packed))) == document


def test_a_table_as_arrow_and_parquet(server: ServerProcess, completed: str) -> None:
    document = server.http.get(completed).json()
    rows = [row["equity"] for row in document["equity_curve"]]
    stream = accepting(server, completed, "application/vnd.apache.arrow.stream").content
    assert pyarrow.ipc.open_stream(stream).read_all()["equity"].to_pylist() == rows
    file = accepting(server, f"{completed}?table=orders", "application/vnd.apache.parquet").content
    found = pyarrow.parquet.read_table(pyarrow.BufferReader(file))
    assert found["order_id"].to_pylist() == [row["order_id"] for row in document["orders"]]


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_a_coding_does_not_change_the_document(server: ServerProcess, completed: str, coding: str) -> None:
    plain = server.http.get(completed).json()
    answer = accepting(server, completed, "application/json", coding)
    assert answer.headers.get("content-encoding", "identity") == coding
    assert answer.json() == plain


def test_zstd_is_one_frame(server: ServerProcess, completed: str) -> None:
    """Many clients refuse a frame after the first."""
    plain = server.http.get(completed).json()
    headers = {"Accept-Encoding": "zstd"}
    with server.http.stream("GET", completed, headers=headers) as answer:
        assert answer.headers["content-encoding"] == "zstd"
        data = b"".join(answer.iter_raw())
    assert data.count(b"\x28\xb5\x2f\xfd") == 1
    assert json.loads(pyarrow.input_stream(pyarrow.py_buffer(data), compression="zstd").read()) == plain


def test_a_table_without_rows_has_its_columns(server: ServerProcess) -> None:
    wanted = body(strategy=crossover(short_period=50, long_period=200), end_date="2024-02-01")
    run_id = server.http.post("/v1/backtests", json=wanted).json()["run_id"]
    server.wait_end(run_id)
    path = f"/v1/backtests/{run_id}/results"
    expected = run_request(msgspec.convert(wanted, RunRequest), SampleMarket(), progress=False).tables()
    for name in ("trades", "orders", "round_trips", "order_events"):
        assert len(expected[name]) == 0
        stream = accepting(server, f"{path}?table={name}", "application/vnd.apache.arrow.stream").content
        file = accepting(server, f"{path}?table={name}", "application/vnd.apache.parquet").content
        schema = pyarrow.ipc.open_stream(stream).schema
        assert schema == to_arrow(expected[name]).schema
        assert pyarrow.parquet.read_schema(pyarrow.BufferReader(file)) == schema
    document = server.http.get(path).json()
    assert document["trades"] == document["orders"] == []
    packed = accepting(server, path, "application/msgpack").content
    assert json.loads(json.dumps(msgspec.msgpack.decode(packed))) == document


def test_a_catalog_that_cannot_be_read_is_no_fault_of_the_client(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog"
    Catalog(catalog).write("AAPL", SampleMarket().load("AAPL", "day", 0, 10**18)[0])
    with ServerProcess(tmp_path / "store", fake=False, data=str(catalog)) as server:
        (catalog / "index.json").write_bytes(b'{"')
        answers = [server.http.get(f"/v1/{path}") for path in ("symbols", "data/AAPL")]
        answers.append(server.http.post("/v1/backtests", json=body()))
        for answer in answers:
            assert str(tmp_path) not in check_error(answer, 500, "internal_error")["detail"]
        assert "the index cannot be read" in server.log()
        assert "Traceback" not in server.log()


def test_fields_and_points(server: ServerProcess, completed: str) -> None:
    whole = server.http.get(completed).json()
    part = server.http.get(completed, params={"fields": "equity_curve", "points": 8}).json()
    assert set(part) <= {"run_id", "equity_curve"}
    curve, kept = whole["equity_curve"], part["equity_curve"]
    assert len(kept) <= 8 < len(curve)
    assert all(point in curve for point in kept)
    values = [point["equity"] for point in curve]
    assert {min(values), max(values)} <= {point["equity"] for point in kept}
    assert server.http.get(completed, params={"fields": "profit"}).status_code == 422
    assert server.http.get(completed, headers={"Accept": "text/html"}).status_code == 406


def test_what_can_be_run(server: ServerProcess) -> None:
    strategies = {each["name"]: each for each in server.http.get("/v1/strategies").json()}
    assert {"buy_and_hold", "ma_crossover", "rsi"} <= set(strategies)
    assert "short_period" in json.dumps(strategies["ma_crossover"]["parameters"])
    assert server.http.get("/v1/symbols").json()["symbols"]
    data = server.http.get("/v1/data/AAPL").json()
    assert data["symbol"] == "AAPL"
    assert data["datasets"]
