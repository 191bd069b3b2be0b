"""The event stream over real sockets: from any id, before, during and after a run, and its errors."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from server_process import (
    UNKNOWN,
    ServerProcess,
    check_history,
    disconnect,
    read_until_closed,
    request,
    wait_until,
)
from server_process import open_stream as connect
from uvicorn.protocols.utils import ClientDisconnected

from btserver.api.websocket_protocol import WebSocketProtocol

BEYOND = 2**64 - 1


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


def test_all_events_of_a_run(server: ServerProcess) -> None:
    run_id = server.post(params={"steps": 3})
    events = server.events(run_id)
    check_history(run_id, events)
    assert all(set(event) == {"event_id", "run_id", "type", "timestamp", "payload"} for event in events)
    assert all(event["timestamp"].endswith("Z") for event in events)
    assert events[0]["type"] == "state"
    assert events[0]["payload"] == {"state": "queued", "previous_state": None}
    assert events[-1]["payload"] == {"state": "completed", "previous_state": "running"}
    shapes = {(event["type"], *sorted(event["payload"])) for event in events}
    assert shapes == {
        ("state", "previous_state", "state"),
        ("progress", "progress"),
        ("metric", "name", "value"),
        ("log", "message"),
    }
    metrics = {e["payload"]["name"]: e["payload"]["value"] for e in events if e["type"] == "metric"}
    assert metrics["total_return"] == 0.1 + 0.2
    assert "equity" in metrics
    progress = [e["payload"]["progress"] for e in events if e["type"] == "progress"]
    assert progress == sorted(progress)
    assert progress[-1] == 1.0
    messages = [e["payload"]["message"] for e in events if e["type"] == "log"]
    assert "synthetic sample data" in messages[0]
    assert "first line" in messages


def test_a_failed_run_has_its_error_in_the_log(server: ServerProcess) -> None:
    events = server.events(server.post(params={"fail": "data"}))
    assert events[-1]["payload"] == {"state": "failed", "previous_state": "running"}
    assert events[-2]["payload"] == {"message": "AAPL.csv row 3: high < low"}


def test_the_path_with_and_without_prefix(server: ServerProcess) -> None:
    run_id = server.post()
    expected = server.events(run_id)
    seen, code, _ = read_until_closed(
        connect(f"{server.url.replace('http', 'ws')}/backtests/{run_id}/stream")
    )
    assert (seen, code) == (expected, 1000)


def test_resume_at_every_id_after_the_run(server: ServerProcess) -> None:
    run_id = server.post(params={"steps": 20, "pause": 0.01})
    events = server.events(run_id)
    for after in range(len(events) + 1):
        assert server.events(run_id, after) == events[after:]


def test_resume_at_every_id_during_the_run(server: ServerProcess, gate: Path) -> None:
    run_id = server.post(params={"gate": str(gate), "steps": 4})
    server.wait_state(run_id, "running")
    first = server.stream(run_id)
    known = [json.loads(first.recv()) for _ in range(5)]
    streams = [server.stream(run_id, after) for after in range(6)]
    for after, stream in enumerate(streams[:5]):
        assert json.loads(stream.recv()) == known[after]
    gate.touch()
    whole = known + read_until_closed(first)[0]
    check_history(run_id, whole)
    for after, stream in enumerate(streams):
        seen, code, _ = read_until_closed(stream)
        assert seen == whole[after + (after < 5) :]
        assert code == 1000


def test_follow_before_the_run(server: ServerProcess, gate: Path) -> None:
    running = server.post(params={"gate": str(gate)})
    waiting = server.post()
    streams = [server.stream(waiting, after) for after in (0, 1)]
    assert json.loads(streams[0].recv())["payload"]["state"] == "queued"
    gate.touch()
    (late, late_code, _), (rest, code, _) = read_until_closed(streams[0]), read_until_closed(streams[1])
    assert late == rest
    assert late_code == code == 1000
    check_history(waiting, rest, first=2)
    check_history(running, server.events(running))


def test_reconnect_after_each_event(server: ServerProcess) -> None:
    run_id = server.post(params={"steps": 60, "pause": 0.02})
    seen: list[dict[str, object]] = []
    while not seen or seen[-1]["payload"] != {"state": "completed", "previous_state": "running"}:
        stream = server.stream(run_id, len(seen))
        seen.append(json.loads(stream.recv()))
        disconnect(stream)
    check_history(run_id, seen)
    assert seen == server.events(run_id)


@pytest.mark.parametrize(
    "after", ["x", "-1", "1.5", "", "1e2", "%201", "+1", "%D9%A1", "1&last_event_id=2", "9" * 30]
)
def test_malformed_event_ids(server: ServerProcess, after: str) -> None:
    run_id = server.post()
    seen, code, reason = read_until_closed(server.stream(run_id, after))
    assert (seen, code) == ([], 1008)
    assert "last_event_id" in reason


@pytest.mark.parametrize("after", ["one more", BEYOND, 2**63])
def test_event_ids_beyond_the_end(server: ServerProcess, after: str | int) -> None:
    run_id = server.post()
    last = len(server.events(run_id))
    seen, code, reason = read_until_closed(server.stream(run_id, last + 1 if after == "one more" else after))
    assert (seen, code, reason) == ([], 1008, "unknown event id")
    assert read_until_closed(server.stream(run_id, last)) == ([], 1000, "the run has ended")


@pytest.mark.parametrize("run_id", [UNKNOWN, "nope", "%00"])
def test_unknown_runs(server: ServerProcess, run_id: str) -> None:
    assert read_until_closed(server.stream(run_id)) == ([], 1008, "unknown run id")


@pytest.mark.parametrize("path", ["/", "/v1/backtests", "/nope", "/v2/backtests/x/stream", "/healthz"])
def test_unknown_paths(server: ServerProcess, path: str) -> None:
    seen, code, reason = read_until_closed(connect(server.url.replace("http", "ws") + path))
    assert (seen, code, reason) == ([], 1008, "unknown path")


def test_messages_of_clients_are_ignored(server: ServerProcess, gate: Path) -> None:
    run_id = server.post(params={"gate": str(gate)})
    with server.stream(run_id) as stream:
        for _ in range(50):
            stream.send("hello")
            stream.send(b"\0")
        assert stream.ping().wait(30)  # the pong follows all that was read
        gate.touch()
        seen, code, _ = read_until_closed(stream)
    assert code == 1000
    check_history(run_id, seen)


def test_a_message_too_large_closes_only_its_stream(server: ServerProcess, gate: Path) -> None:
    run_id = server.post(params={"gate": str(gate)})
    with server.stream(run_id) as greedy, server.stream(run_id) as other:
        greedy.send("x" * 100_000)
        assert read_until_closed(greedy)[1] == 1009
        gate.touch()
        assert read_until_closed(other)[1] == 1000


def test_open_streams_are_counted_and_released(server: ServerProcess, gate: Path) -> None:
    run_id = server.post(params={"gate": str(gate)})

    def open_streams() -> int:
        lines = server.http.get("/metrics").text.splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("btserver_streams_open")))

    before = open_streams()
    streams = [server.stream(run_id) for _ in range(20)]
    wait_until(lambda: open_streams() == before + 20, "20 streams")
    for stream in streams[:10]:
        stream.close()
    for stream in streams[10:]:  # without a close frame
        disconnect(stream)
    wait_until(lambda: open_streams() == before, "streams to be let go")
    gate.touch()
    server.wait_end(run_id)


def test_many_readers_of_one_run(server: ServerProcess, gate: Path) -> None:
    run_id = server.post(params={"gate": str(gate), "steps": 10, "pause": 0.01})
    streams = [server.stream(run_id) for _ in range(50)]
    gate.touch()
    histories = [read_until_closed(stream) for stream in streams]
    check_history(run_id, histories[0][0])
    assert all(history == histories[0] for history in histories)


def test_a_page_of_another_origin_is_refused(server: ServerProcess) -> None:
    run_id = server.post()
    url = f"{server.url.replace('http', 'ws')}/v1/backtests/{run_id}/stream"
    seen, code, reason = read_until_closed(connect(url, origin="https://evil.example"))
    assert (seen, code) == ([], 1008)
    assert "origin" in reason
    assert read_until_closed(connect(url, origin=server.url))[1] == 1000


KEYS = "k1,s3cr3t kéy"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("locked") / "store", keys=KEYS) as served:
        yield served.wait_ready()
        assert served.stop() == 0
        assert "k1" not in served.log()
        assert "s3cr3t" not in served.log() + "\n".join(served.banner)


@pytest.mark.parametrize(
    ("query", "headers", "code"),
    [
        ("", {}, 1008),
        ("?api_key=", {}, 1008),
        ("?api_key=wrong", {}, 1008),
        ("?api_key=k1&api_key=wrong", {}, 1008),
        ("?api_key=k1", {"X-API-Key": "wrong"}, 1008),
        ("", {"X-API-Key": "wrong"}, 1008),
        ("", {"Authorization": "Bearer wrong"}, 1008),
        ("", {"Authorization": "Basic k1"}, 1008),
        ("?api_key=k1", {}, 1000),
        ("?last_event_id=1&api_key=s3cr3t%20k%C3%A9y", {}, 1000),
        ("?api_key=s3cr3t+k%C3%A9y", {}, 1000),
        ("", {"X-API-Key": "k1"}, 1000),
        ("", {"Authorization": "Bearer k1"}, 1000),
        ("?api_key=k1", {"Origin": "https://dashboard.example"}, 1000),
    ],
)
def test_keys(locked: ServerProcess, query: str, headers: dict[str, str], code: int) -> None:
    run_id = locked.post()
    url = f"{locked.url.replace('http', 'ws')}/v1/backtests/{run_id}/stream{query}"
    seen, closed, reason = read_until_closed(connect(url, additional_headers=headers))
    assert closed == code
    assert bool(seen) == (code == 1000)
    assert code == 1000 or "unauthorized" in reason


def test_a_wrong_key_reveals_nothing_about_runs(locked: ServerProcess) -> None:
    url = f"{locked.url.replace('http', 'ws')}/v1/backtests/{UNKNOWN}/stream?last_event_id=x"
    assert "unauthorized" in read_until_closed(connect(url))[2]


def test_the_request_of_the_helper_is_valid(server: ServerProcess) -> None:
    assert server.http.post("/v1/backtests", json=request()).status_code == 201


def test_sending_on_a_closing_connection_raises_client_disconnected() -> None:
    """Not RuntimeError: the server or the client may close before the last message."""
    protocol = WebSocketProtocol.__new__(WebSocketProtocol)
    protocol.close_sent = True
    with pytest.raises(ClientDisconnected):
        asyncio.run(protocol.send({"type": "websocket.close", "code": 1000}))
