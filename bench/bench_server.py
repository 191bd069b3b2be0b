"""A server process and one client on a loopback socket: a durable POST, and POST to completed."""

import http.client
import json
import re
import subprocess
import sys
import time

import pytest

BODY = json.dumps(
    {
        "symbols": ["AAPL", "MSFT"],
        "start_date": "2023-01-01",
        "end_date": "2024-01-01",
        "strategy": {"name": "ma_crossover"},
        "execution": {"slippage_bps": 1.0, "commission_bps": 0.5},
    }
)
SERVER = 8  # the claim after the engine's seven
HEADERS = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    command = [sys.executable, "-m", "btserver", "serve", "--port", "0", "--store", str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        line = next(line for line in server.stdout if "listening on" in line)
        port = int(re.search(r":(\d+)", line.split("listening on")[1])[1])
        connection = http.client.HTTPConnection("127.0.0.1", port)
        yield connection
        connection.close()
        server.terminate()


def call(client, method, path, body=None):
    client.request(method, path, body, HEADERS if body else {})
    answer = client.getresponse()
    return answer.status, json.loads(answer.read())


def wait(client, run_id):
    while True:
        _, status = call(client, "GET", f"/v1/backtests/{run_id}")
        if status["state"] in ("completed", "failed"):
            assert status["state"] == "completed", status
            return
        time.sleep(0.0005)


def name(benchmark, what):
    benchmark.extra_info |= {"claim": SERVER, "what": what}


def test_post(benchmark, client):
    """The response 201 is sent after the run is on disk."""
    posted = []

    def post():
        status, answer = call(client, "POST", "/v1/backtests", BODY)
        assert status == 201
        posted.append(answer["run_id"])

    benchmark.pedantic(post, rounds=300, warmup_rounds=20, setup=lambda: posted and wait(client, posted[-1]))
    name(benchmark, "`POST /v1/backtests` to its 201; the run is then synced to disk")


def test_post_to_completed(benchmark, client):
    """Two symbols, one year of daily bars."""

    def run():
        _, answer = call(client, "POST", "/v1/backtests", BODY)
        wait(client, answer["run_id"])

    benchmark.pedantic(run, rounds=50, warmup_rounds=5)
    name(benchmark, "the same to `completed`: two symbols, a year of day bars, polled every 0.5 ms")


def test_get(benchmark, client):
    _, answer = call(client, "POST", "/v1/backtests", BODY)
    wait(client, answer["run_id"])
    benchmark.pedantic(
        call, (client, "GET", f"/v1/backtests/{answer['run_id']}"), rounds=500, warmup_rounds=20
    )
    name(benchmark, "`GET /v1/backtests/{run_id}`")
