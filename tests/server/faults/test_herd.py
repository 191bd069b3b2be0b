"""Many clients that resume long streams at once: everybody else is served meanwhile."""

import socket
from pathlib import Path

from server.faults.herd import Herd
from server.faults.long_run import store_long_run
from server_process import ServerProcess, check_history, wait_until


def test_a_new_connection_is_answered_while_a_herd_replays(tmp_path: Path) -> None:
    run_id = store_long_run(tmp_path / "store", 5000)
    with ServerProcess(tmp_path / "store") as server:
        host, port = server.url.removeprefix("http://").split(":")
        with Herd(host, int(port), run_id, 200) as herd:
            wait_until(lambda: herd.received > 0, "the herd")
            for _ in range(20):
                with socket.create_connection((host, int(port))) as client:
                    client.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
                    assert client.recv(1000).startswith(b"HTTP/1.1 200")
            events = server.events(run_id)
        check_history(run_id, events)
        assert len(events) == 5003
        assert "Traceback" not in server.log()
        assert server.stop() == 0
