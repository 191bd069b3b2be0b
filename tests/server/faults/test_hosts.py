"""Names in `Host`, origins, credentials and handshakes, on real sockets."""

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from server_process import DEADLINE, ServerProcess, check_error, wait_until
from websockets.sync.client import connect

from btserver.settings import Settings, SettingsError, read_settings

UPGRADE = b"connection: upgrade\r\nupgrade: websocket\r\n"
HANDSHAKE = UPGRADE + b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("keyed") / "store", keys="k") as served:
        yield served.wait_ready()


def ask(server: ServerProcess, text: bytes) -> tuple[int, dict[str, str], bytes]:
    """Sends bytes and reads one response."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=DEADLINE) as client:
        client.sendall(text)
        with client.makefile("rb") as stream:
            status = int(stream.readline().split()[1])
            headers = {}
            while line := stream.readline().strip():
                name, _, value = line.decode().partition(": ")
                headers[name.lower()] = value
            return status, headers, stream.read(int(headers.get("content-length", 0)))


def check_envelope(body: bytes, code: str = "validation_error") -> None:
    error = json.loads(body)
    assert set(error) == {"error", "detail", "request_id"}
    assert error["error"]["code"] == code


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "LOCALHOST:80", "127.9.9.9:1", "[::1]:9", "[::1]"]
)
def test_without_keys_names_of_this_machine_are_answered(server: ServerProcess, name: str) -> None:
    assert ask(server, f"GET /healthz HTTP/1.1\r\nhost: {name}\r\n\r\n".encode())[0] == 200


@pytest.mark.parametrize(
    "name", ["evil.example", "evil.example:80", "", "localhost.evil.example", "127.0.0.1.evil"]
)
@pytest.mark.parametrize("path", ["/v1/backtests", "/healthz", "/openapi.json"])
def test_without_keys_other_names_are_refused(server: ServerProcess, name: str, path: str) -> None:
    status, _, body = ask(server, f"GET {path} HTTP/1.1\r\nhost: {name}\r\n\r\n".encode())
    assert status == 421
    check_envelope(body)


def test_a_stream_under_another_name_is_refused(server: ServerProcess) -> None:
    """The page of the attacker is of the same origin as the name that it resolved to this machine."""
    run_id = server.post()
    head = (
        f"GET /v1/backtests/{run_id}/stream HTTP/1.1\r\nhost: evil.example\r\norigin: http://evil.example\r\n"
    )
    status, _, body = ask(server, head.encode() + HANDSHAKE + b"\r\n")
    assert status == 421
    check_envelope(body)


def test_with_keys_any_name_is_answered(keyed: ServerProcess) -> None:
    assert ask(keyed, b"GET /healthz HTTP/1.1\r\nhost: bt.example.com\r\n\r\n")[0] == 200


def test_allowed_hosts_and_origins() -> None:
    flags = {"allowed_hosts": "a.example, b.example"}
    settings = read_settings(flags, {"BTSERVER_API_KEYS": "k", "BTSERVER_CORS_ORIGINS": "https://a.example"})
    assert settings.allowed_hosts == ("a.example", "b.example")
    assert settings.cors_origins == ("https://a.example",)
    with pytest.raises(SettingsError, match="allowed_hosts"):
        read_settings(flags, {})
    for wrong in ("*", "a.example", "https://a.example/", "https://*.example"):
        with pytest.raises(SettingsError, match="cors_origins"):
            Settings(cors_origins=(wrong,))


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
    ],
)
def test_a_request_of_http_1_1_has_one_host(server: ServerProcess, text: bytes, status: int) -> None:
    found, _, body = ask(server, text)
    assert found == status
    if status == 400:
        check_envelope(body)


@pytest.mark.parametrize(
    "headers",
    [
        UPGRADE,
        UPGRADE + b"sec-websocket-version: 13\r\n",
        UPGRADE + b"sec-websocket-version: 12\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
        UPGRADE + b"sec-websocket-version: 13\r\nsec-websocket-key: nope\r\n",
        HANDSHAKE + b"".join(b"x%d: 1\r\n" % number for number in range(200)),
        HANDSHAKE + b"x: " + b"a" * 20_000 + b"\r\n",
    ],
    ids=["no key or version", "no key", "version", "short key", "many headers", "long header"],
)
def test_a_bad_handshake_gets_the_error_body(server: ServerProcess, headers: bytes) -> None:
    run_id = server.post()
    head = f"GET /v1/backtests/{run_id}/stream HTTP/1.1\r\nhost: localhost\r\n".encode()
    status, found, body = ask(server, head + headers + b"\r\n")
    assert status in (400, 426)
    assert found["content-type"] == "application/json"
    check_envelope(body)


def test_a_plain_get_of_the_stream_says_what_to_do(server: ServerProcess) -> None:
    run_id = server.post()
    for path in (f"/v1/backtests/{run_id}/stream", f"/backtests/{run_id}/stream"):
        answer = server.http.get(path)
        assert answer.status_code == 426
        assert answer.headers["upgrade"] == "websocket"
        check_envelope(answer.content)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"])
def test_every_path_has_both_spellings(server: ServerProcess, path: str) -> None:
    for spelling in (path, f"/v1{path}"):
        answer = server.http.get(spelling)
        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_readiness_is_not_a_write_for_each_caller(server: ServerProcess) -> None:
    def commits() -> int:
        lines = server.http.get("/metrics").text.splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("btserver_commits_total")))

    before = commits()
    for _ in range(200):
        assert server.http.get("/readyz").status_code == 200
    assert commits() - before < 100


def test_wrong_keys_are_logged_and_the_right_one_is_not_slowed_down(keyed: ServerProcess) -> None:
    for _ in range(3):
        assert keyed.http.get("/v1/backtests", headers={"X-API-Key": "hunter2"}).status_code == 401
    with connect(
        f"{keyed.url.replace('http', 'ws')}/v1/backtests/x/stream?api_key=hunter2", legacy=True
    ) as stream:
        assert stream.protocol.state
    assert keyed.http.get("/v1/backtests").status_code == 200
    wait_until(lambda: keyed.log().count("a wrong API key from 127.0.0.1") == 4, "the log")
    assert "hunter2" not in keyed.log()


def test_a_completed_run_has_a_line_in_the_log(server: ServerProcess) -> None:
    run_id = server.post()
    server.wait_end(run_id)
    wait_until(lambda: f"run {run_id} completed" in server.log(), "the line")


def test_the_files_of_a_store_are_for_their_owner(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "store") as server:
        server.wait_ready()
        assert stat.S_IMODE((tmp_path / "store").stat().st_mode) == 0o700
        for file in (tmp_path / "store").iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_pages_of_listed_origins_may_call(tmp_path: Path) -> None:
    script = str(Path(__file__).parent / "serve_for_pages.py")
    with ServerProcess(tmp_path / "store", script=script) as server:
        good, bad = {"Origin": "https://app.example"}, {"Origin": "https://evil.example"}
        allowed = "access-control-allow-origin"
        assert server.http.get("/v1/backtests", headers=good).headers[allowed] == "https://app.example"
        assert allowed not in server.http.get("/v1/backtests", headers=bad).headers
        preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
        assert server.http.options("/v1/backtests", headers=good | preflight).status_code == 200
        refused = server.http.options("/v1/backtests", headers=bad | preflight)
        check_error(refused, 400, "validation_error")
        assert allowed not in refused.headers
        missing = server.http.get("/v1/nothing", headers=good)
        check_error(missing, 404, "not_found")
        assert missing.headers[allowed] == "https://app.example"
        run_id = server.post()
        with server.stream(run_id, origin="https://app.example") as stream:
            assert json.loads(stream.recv())["event_id"] == 1


def test_cors_is_off_by_default(server: ServerProcess) -> None:
    answer = server.http.get("/healthz", headers={"Origin": "https://app.example"})
    assert "access-control-allow-origin" not in answer.headers
