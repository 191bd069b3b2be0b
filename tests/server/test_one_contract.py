"""The library, the command line and the server give the same document for the same request."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from server_process import ServerProcess

import btcore as bt

ENDS = {
    "tick": "2024-01-04",
    "second": "2024-01-04",
    "minute": "2024-01-09",
    "hour": "2024-02-01",
    "day": "2024-12-01",
}
NOTE = "times: epoch milliseconds"
SYMBOLS = ["^GSPC", "M&M/USD"]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("catalog")
    market = bt.SampleMarket(seed=5)
    for resolution in ENDS:
        window = body(resolution)
        for symbol in SYMBOLS:
            data = market.load(symbol, resolution, window.start_ns, window.end_ns)
            bt.Catalog(path).write(symbol, [stream.with_notes((NOTE,)) for stream in data])
    return path


@pytest.fixture(scope="module")
def server(catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("runs") / "store", fake=False, data=str(catalog)) as served:
        yield served.wait_ready()


def body(resolution: str, intrabar: str = "pessimistic") -> bt.RunRequest:
    costs = {"slippage_bps": 1.0, "commission_bps": 0.5, "latency_ms": 250.0, "leverage": 2.0}
    return msgspec.convert(
        {
            "symbols": SYMBOLS,
            "start_date": "2024-01-02T14:31:00Z",
            "end_date": ENDS[resolution],
            "resolution": resolution,
            "strategy": {"name": "ma_crossover", "params": {"short_period": 3, "long_period": 11}},
            "execution": costs | {"intrabar": intrabar},
            "timezone": "America/New_York",
        },
        bt.RunRequest,
    )


@pytest.mark.parametrize(
    ("resolution", "intrabar"),
    [*((each, "pessimistic") for each in ENDS), ("day", "bounds"), ("tick", "bounds")],
)
def test_the_same_document(
    catalog: Path, server: ServerProcess, tmp_path: Path, resolution: str, intrabar: str
) -> None:
    asked = body(resolution, intrabar)
    source = bt.Catalog(catalog)
    result = bt.run(
        {s: source.load(s, resolution, asked.start_ns, asked.end_ns) for s in SYMBOLS},
        asked.strategy.name,
        asked.strategy.params,
        start=asked.start_date,
        end=asked.end_date,
        execution=asked.execution,
        timezone=asked.timezone,
        data_source="catalog",
    )
    assert len(result.trades) > 4
    by_library = json.loads(msgspec.json.encode(result.document()))

    file = tmp_path / "request.json"
    file.write_bytes(msgspec.json.encode(asked))
    command = [
        sys.executable,
        "-m",
        "btcore",
        "run",
        "--request",
        str(file),
        "--data",
        str(catalog),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, check=True)
    by_shell = json.loads(done.stdout)

    run_id = server.post(**msgspec.to_builtins(asked))
    assert server.wait_end(run_id)["state"] == "completed"
    by_server = server.http.get(f"/v1/backtests/{run_id}/results").json()

    assert by_server.pop("run_id") == run_id
    assert by_shell == by_library
    assert by_server == by_library
    assert ("bounds" in by_server) == (intrabar == "bounds")
    assert f"M&M/USD {result.manifest['data'][-1]['kind']}: {NOTE}" in by_server["logs"]
    logged = [event["payload"]["message"] for event in server.events(run_id) if event["type"] == "log"]
    assert any(NOTE in line for line in logged)
