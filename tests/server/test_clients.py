"""Clients that other people's generators make of the OpenAPI document work with the real server."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_process import ServerProcess, wait_until

KEY = "a-secret"
TYPES = """
import type { components, operations } from "./types";
type Schemas = components["schemas"];
const dates = { start_date: "2024-01-01", end_date: "2024-06-01" };
export const request: Schemas["RunRequest"] = { symbols: ["AAPL"], ...dates };
export const state: Schemas["Status"]["state"] = "queued";
export const side: Schemas["TradeRow"]["side"] = "buy";
export const code: Schemas["Problem"]["code"] = "not_found";
export function total(results: Schemas["Results"]): number {
  return results.equity_curve.map((point) => point.equity).reduce((sum, equity) => sum + equity, 0);
}
export const query: operations["list"]["parameters"]["query"] = { state: "running", limit: 3 };
// @ts-expect-error: a state that there is not
export const wrong: Schemas["Status"]["state"] = "done";
// @ts-expect-error: symbols are required
export const incomplete: Schemas["RunRequest"] = dates;
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("real") / "store", fake=False, keys=KEY) as served:
        yield served.wait_ready()
        assert served.stop() == 0
        assert "Traceback" not in served.log()


@pytest.fixture(scope="module")
def document(server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(server.http.get("/openapi.json").text)
    return path


@pytest.fixture(scope="module")
def generated(document: Path) -> Iterator[Any]:
    """A function that imports a module of the client which `openapi-python-client` makes."""
    pytest.importorskip("openapi_python_client")
    command = [sys.executable, "-W", "ignore", "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += ["--path", str(document), "--output-path", str(document.parent / "generated_client")]
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))  # it formats with ruff
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"PATH": path}
    )
    assert done.returncode == 0, done.stderr
    assert "warning" not in (done.stdout + done.stderr).lower()  # it leaves out what it cannot read
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(document.parent))
        yield lambda name: importlib.import_module(f"generated_client.{name}")


def test_the_generated_python_client_runs_a_backtest(server: ServerProcess, generated: Any) -> None:
    new_client = generated("client").AuthenticatedClient
    models = generated("models")

    def call(name: str, *arguments: Any, **options: Any) -> Any:
        module = generated(f"api.default.{name}")
        with new_client(base_url=server.url, token=KEY) as client:
            return module.sync(*arguments, client=client, **options)

    request = models.RunRequest(
        symbols=["AAPL", "MSFT"],
        start_date="2024-01-01",
        end_date="2024-06-01",
        strategy=models.StrategySpec(name="ma_crossover"),
        execution=models.Execution(slippage_bps=1.0),
        instruments=models.RunRequestInstruments.from_dict({"AAPL": {"tick_size": 0.01}}),
        labels=["generated"],
    )
    created = call("create", body=request)
    assert isinstance(created, models.Status)
    assert created.state == "queued"
    run_id = created.run_id
    shown = wait_until(
        lambda: (s := call("show", run_id)).finished_at and s, "the end of the generated client's run"
    )
    assert (shown.state, shown.error) == ("completed", None)
    assert [run.run_id for run in call("list_", label="generated", limit=3)] == [run_id]
    results = call("results", run_id)
    raw = server.http.get(f"/v1/backtests/{run_id}/results").json()
    read = json.loads(json.dumps(results.to_dict()).replace('+00:00"', 'Z"'))
    assert read == raw
    assert {trade.side for trade in results.trades} == {"buy", "sell"}
    assert call("request", run_id).symbols == ["AAPL", "MSFT"]
    assert "ma_crossover" in {strategy.name for strategy in call("strategies")}
    assert call("symbols").symbols
    assert call("data", "AAPL").symbol == "AAPL"
    assert call("cancel", run_id).error.code == "conflict"
    assert call("delete", run_id) is None
    missing = call("show", run_id)
    assert isinstance(missing, models.ErrorBody)
    assert missing.error.code == "not_found"


def test_the_generated_python_client_reads_errors(server: ServerProcess, generated: Any) -> None:
    models = generated("models")
    create = generated("api.default.create")
    request = models.RunRequest(symbols=[], start_date="2024-01-01", end_date="2024-06-01")
    with generated("client").AuthenticatedClient(base_url=server.url, token=KEY) as client:
        assert create.sync(client=client, body=request).error.details[0].path == "$.symbols"
    with generated("client").Client(base_url=server.url) as client:
        assert create.sync(client=client, body=request).error.code == "unauthorized"


def test_the_generated_types_of_typescript_compile(document: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("there is no node")
    folder = document.parent
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    packages = ["openapi-typescript@7", "typescript@5"]
    try:
        done = subprocess.run([*install, *packages], capture_output=True, text=True, check=False, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm does not install openapi-typescript within two minutes")
    if done.returncode != 0:
        pytest.skip(f"npm cannot install openapi-typescript: {done.stderr[-200:]}")
    programs = folder / "node_modules" / ".bin"
    make = [str(programs / "openapi-typescript"), str(document), "--output", str(folder / "types.ts")]
    make += ["--default-non-nullable=false"]  # a field with a default may be left out of a request
    made = subprocess.run(make, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    (folder / "use.ts").write_text(TYPES)
    compile_ = [str(programs / "tsc"), "--noEmit", "--strict", "--skipLibCheck", str(folder / "use.ts")]
    compiled = subprocess.run(compile_, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stdout


def test_the_document_is_json_that_refers_to_itself_alone(document: Path) -> None:
    text = document.read_text()
    described = json.loads(text)
    names = set(described["components"]["schemas"])
    references = {part.split('"')[0] for part in text.split('"$ref":"')[1:]}
    assert references == {f"#/components/schemas/{name}" for name in names} & references
    assert references
