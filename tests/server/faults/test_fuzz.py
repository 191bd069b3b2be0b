"""Random requests for every call of the OpenAPI document, and random frames on streams: no 500."""

import base64
import os
import random
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from server_process import DEADLINE, ServerProcess, check_history

schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.specs.openapi.checks")

KEY = "secret"
IDLE = 0.05  # seconds after which a frame without an effect is followed by the next


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("fuzz") / "store", keys=KEY) as served:
        yield served.wait_ready()
        assert served.http.get("/healthz").status_code == 200
        run_id = served.post()
        assert served.wait_end(run_id)["state"] == "completed"
        check_history(run_id, served.events(run_id))
        assert served.stop() == 0
        assert "Traceback" not in served.log()


def operations(server: ServerProcess) -> list[Any]:
    """The calls of the document besides the stream."""
    schema = schemathesis.openapi.from_dict(server.http.get("/openapi.json").json())
    found = [result.ok() for result in schema.get_all_operations()]
    return [operation for operation in found if not operation.path.endswith("/stream")]


@pytest.mark.parametrize("examples", [10, pytest.param(300, marks=pytest.mark.long)])
@pytest.mark.filterwarnings("ignore")  # of schemathesis and of the packages that it uses
def test_responses_to_random_requests_are_those_of_the_document(server: ServerProcess, examples: int) -> None:
    assert len(operations(server)) >= 13
    for operation in operations(server):

        @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def check(case: Any) -> None:
            case.call_and_validate(
                base_url=server.url,
                headers={"X-API-Key": KEY},
                timeout=DEADLINE,
                excluded_checks=[checks.positive_data_acceptance],  # "0000" is a string, and no date
            )

        check()


def dial(server: ServerProcess, path: str) -> socket.socket:
    """A stream after its handshake."""
    host, port = server.url.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)), timeout=DEADLINE)
    head = f"GET {path} HTTP/1.1\r\nhost: {host}:{port}\r\nx-api-key: {KEY}\r\n"
    head += "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"
    head += f"sec-websocket-key: {base64.b64encode(os.urandom(16)).decode()}\r\n\r\n"
    client.sendall(head.encode())
    assert client.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 101"
    return client


def frame(chance: random.Random) -> bytes:
    """A frame of a client, or what is nearly one: any opcode, flags and length, masked or not."""
    data = chance.randbytes(chance.choice([0, 1, 5, 125, 126, 1000, 70_000]))
    length = chance.choice(
        [len(data), len(data), len(data) + chance.randrange(1000), chance.randrange(2**62)]
    )
    first = chance.randrange(256) if chance.random() < 0.5 else 0x80 | chance.choice([0, 1, 2, 8, 9, 10])
    mask = 0x80 if chance.random() < 0.8 else 0
    if length < 126:
        head = struct.pack(">BB", first, mask | length)
    elif length < 2**16:
        head = struct.pack(">BBH", first, mask | 126, length)
    else:
        head = struct.pack(">BBQ", first, mask | 127, length)
    return chance.choice([head + (chance.randbytes(4) if mask else b"") + data, data])


def send_garbage(server: ServerProcess, path: str, chance: random.Random) -> None:
    """Sends frames until the server closes, or a few of them."""
    with dial(server, path) as client:
        try:
            for _ in range(chance.randrange(1, 6)):
                client.sendall(frame(chance))
                client.settimeout(IDLE)
                try:
                    while client.recv(2**16):
                        continue
                    return
                except TimeoutError:
                    continue
        except OSError:  # the server has ended the connection
            return


@pytest.mark.parametrize("count", [60, pytest.param(2000, marks=pytest.mark.long)])
def test_random_frames_on_streams(server: ServerProcess, count: int) -> None:
    endless = server.post(params={"steps": 100_000, "pause": 0.01})
    server.wait_state(endless, "running")
    for seed in range(count):
        chance = random.Random(seed)
        query = chance.choice(["", "?last_event_id=1", "?last_event_id=-1", "?last_event_id=%00", "?x=%ff"])
        send_garbage(server, f"/v1/backtests/{endless}/stream{query}", chance)
    assert server.http.get("/healthz").status_code == 200
    assert server.http.post(f"/v1/backtests/{endless}/cancel").status_code == 200
    check_history(endless, server.events(endless))


def test_a_text_that_is_not_utf_8(server: ServerProcess) -> None:
    run_id = server.post(params={"steps": 100_000, "pause": 0.01})
    for _ in range(3):
        with dial(server, f"/v1/backtests/{run_id}/stream") as client:
            client.sendall(b"\x81\x81\0\0\0\0\xff")  # masked with zeros
            received = b""
            while data := client.recv(2**16):
                received += data
            assert b"\x88" in received
            assert struct.pack(">H", 1007) in received
    assert "Traceback" not in server.log()
    assert server.http.post(f"/v1/backtests/{run_id}/cancel").status_code == 200
