"""A server process and clients on loopback sockets, beside a bare Starlette application and the disk."""

import http.client
import json
import time
from pathlib import Path

import pytest
from server.faults.herd import Herd
from server.faults.long_run import store_long_run
from server_process import ServerProcess

from . import bare_app
from .measure import figure
from .serving import Audience, Clients, knock, sync
from .serving import bare_app as bare_process

YEAR = {"symbols": ["AAPL", "MSFT"], "start_date": "2023-01-01", "end_date": "2024-01-01"}
CROSSOVER = {"strategy": {"name": "ma_crossover"}}
LONG = {"symbols": ["AAPL"], "start_date": "2015-01-01", "end_date": "2022-09-01"}  # 2,000 day bars
SERVER = 8  # the claim after the engine's seven
HEADERS = {"Content-Type": "application/json"}
KEY = "a-key-of-thirty-two-characters-x"
HERD = 200
STREAMS = 1000
SILENT = 100  # clients that do not read


def address_of(server):
    host, port = server.url.removeprefix("http://").split(":")
    return host, int(port)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real server on a store below build/, which is on a disk; /tmp may be memory."""
    with ServerProcess(tmp_path_factory.mktemp("server") / "store", fake=False) as served:
        yield served.wait_ready()


@pytest.fixture(scope="module")
def client(server):
    connection = http.client.HTTPConnection(*address_of(server))
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def bare():
    with bare_process() as address:
        yield address


def nothing():
    """For figures that were measured before."""


def call(client, method, path, body=None):
    client.request(method, path, body and json.dumps(body), HEADERS if body else {})
    answer = client.getresponse()
    return answer.status, json.loads(answer.read())


def wait(client, run_id):
    while True:
        _, status = call(client, "GET", f"/v1/backtests/{run_id}")
        if status["state"] in ("completed", "failed"):
            assert status["state"] == "completed", status
            return
        time.sleep(0.0005)


def complete(client, body):
    _, answer = call(client, "POST", "/v1/backtests", body)
    wait(client, answer["run_id"])
    return answer["run_id"]


def test_post(benchmark, client):
    """The response 201 is sent after the run is on disk."""
    posted = []

    def post():
        status, answer = call(client, "POST", "/v1/backtests", YEAR | CROSSOVER)
        assert status == 201
        posted.append(answer["run_id"])

    benchmark.pedantic(post, rounds=300, warmup_rounds=20, setup=lambda: posted and wait(client, posted[-1]))
    benchmark.extra_info |= {
        "claim": SERVER,
        "what": "`POST /v1/backtests` to its 201; the run is then synced to disk",
    }


def test_post_to_completed(benchmark, client):
    figure(
        benchmark,
        lambda: complete(client, YEAR | CROSSOVER),
        claim=SERVER,
        what="the same to `completed`: two symbols, a year of day bars, polled every 0.5 ms",
        rounds=50,
    )


def test_post_to_completed_of_2000_bars(benchmark, client, folder):
    def bound():
        sync(Path(folder), 6)
        time.sleep(0.010)

    figure(
        benchmark,
        lambda: complete(client, LONG | CROSSOVER),
        claim=SERVER,
        what="`POST` to `completed`: one symbol, 2,000 day bars, polled every 0.5 ms",
        bound=("6 syncs of the disk, and 10 ms", bound),
        goal=("ratio", 1.0),
        rounds=50,
    )


def test_get(benchmark, client, server, bare):
    run_id = complete(client, YEAR)
    ours = Clients(address_of(server), f"/v1/backtests/{run_id}", 8)
    theirs = Clients(bare, f"/v1/backtests/{run_id}", 8)
    figure(
        benchmark,
        lambda: ours.get(100),
        claim=SERVER,
        what="`GET /v1/backtests/{run_id}`, 800 times over 8 connections",
        work=800,
        unit="calls",
        bound=("a bare Starlette route", lambda: theirs.get(100)),
        goal=("ratio", 0.8),
        rounds=60,
    )
    ours.close()
    theirs.close()


def test_get_with_a_key(benchmark, folder, bare):
    """Both servers receive the same bytes; the bare one does not look at the key."""
    with ServerProcess(Path(folder) / "store", keys=KEY) as server:
        server.wait_ready()
        run_id = server.post()
        server.wait_end(run_id)
        path, headers = f"/v1/backtests/{run_id}", f"accept: */*\r\nx-api-key: {KEY}\r\n"
        ours = Clients(address_of(server), path, 8, headers)
        theirs = Clients(bare, path, 8, headers)
        figure(
            benchmark,
            lambda: ours.get(100),
            claim=SERVER,
            what="the same with an API key",
            work=800,
            unit="calls",
            bound=("a bare Starlette route", lambda: theirs.get(100)),
            goal=("ratio", 0.8),
            rounds=60,
        )
        ours.close()
        theirs.close()


def knock_beside_a_herd(address, run_id, times):
    """The seconds of each of `times` new connections while a herd replays the run."""
    seconds = []
    with Herd(*address, run_id, HERD) as herd:
        while herd.received < 2**20:
            time.sleep(0.001)
        for _ in range(times):
            time.sleep(0.05)
            started = time.perf_counter()
            knock(address)
            seconds.append(time.perf_counter() - started)
    return seconds


def test_a_new_connection_beside_a_herd(benchmark, folder, bare):
    run_id = store_long_run(Path(folder) / "store", bare_app.EVENTS)
    with ServerProcess(Path(folder) / "store") as server:
        seconds = knock_beside_a_herd(address_of(server), run_id, 41)
    theirs = knock_beside_a_herd(bare, run_id, 9)
    figure(
        benchmark,
        nothing,
        claim=SERVER,
        what=f"a new connection to its response; {HERD} streams replay {bare_app.EVENTS} events each",
        bound=("a bare Starlette app with that herd", nothing),
        note=f"the longest {max(seconds):.2g} s, beside the bare app {max(theirs):.2g} s",
        seconds=seconds,
        bound_seconds=theirs,
        rounds=1,
    )


def test_live_delivery(benchmark, folder):
    with ServerProcess(Path(folder) / "store") as server:
        server.wait_ready()
        gate = Path(folder) / "gate"
        params = {"steps": 80, "pause": 0.1, "gate": str(gate)}
        run_id = server.post(params=params)
        audience = Audience(address_of(server), run_id, STREAMS)
        gate.touch()
        delays = sorted(audience.follow())
        assert len(delays) > STREAMS
    figure(
        benchmark,
        nothing,
        claim=SERVER,
        what=f"an event from its write to {STREAMS} streams that follow the run, over all of them",
        note=f"p99 {1000 * delays[len(delays) * 99 // 100]:.0f} ms",
        seconds=[0.0, *delays],
        rounds=1,
    )


def test_cancel(benchmark, folder):
    with ServerProcess(Path(folder) / "store", workers=2) as server:
        server.wait_ready()
        seconds = []

        def cancel():
            run_id = server.post(params={"steps": 100_000, "pause": 0.01})
            server.wait_state(run_id, "running")
            started = time.perf_counter()
            assert server.http.post(f"/v1/backtests/{run_id}/cancel").json()["error"] == "cancelled"
            seconds.append(time.perf_counter() - started)

        figure(
            benchmark,
            cancel,
            claim=SERVER,
            what="`POST .../cancel` of a running run to its response",
            goal=("seconds", 0.1),
            seconds=seconds,
            rounds=20,
        )


def test_stop(benchmark, folder):
    seconds = []

    def stop():
        store = Path(folder) / f"store{len(seconds)}"
        with ServerProcess(store) as server:
            server.wait_ready()
            run_id = server.post(params={"rows": 200_000})
            server.wait_end(run_id)
            running = server.post(params={"steps": 100_000, "pause": 0.01})
            path = f"/v1/backtests/{run_id}/results"
            readers = [Clients(address_of(server), path, 1) for _ in range(SILENT)]
            for reader in readers:
                reader.ask()
            following = Audience(address_of(server), running, SILENT)
            started = time.perf_counter()
            assert server.stop() == 0
            seconds.append(time.perf_counter() - started)
            for clients in (following, *readers):
                clients.close()

    figure(
        benchmark,
        stop,
        claim=SERVER,
        what=f"SIGTERM to the end; a run, {SILENT} streams and {SILENT} downloads that nobody reads",
        goal=("seconds", 5.0),
        seconds=seconds,
        rounds=5,
    )
