"""Instruments that a catalog defines: the library, requests, the shell and the server give the same bytes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from server_process import ServerProcess

import btcore as bt

NY = "America/New_York"
CAPITAL = 1000.0
RAW = [400, 400, 420, 105, 108, 106, 110]  # closes; each bar opens at the close before it, in the same shares
OPENS = [400, 400, 400, 105, 105, 106, 106]
SPLIT, DIVIDEND = ("2024-01-04", 4.0), ("2024-01-06", 2.0)
# 1000 / 400 = 2.5 shares become 10, which receive 10 * 2 and are worth 10 * 110 at the end.
TOTAL = 1120.0
UNADJUSTED = 2.5 * 110


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = bt.Catalog(tmp_path_factory.mktemp("raw") / "catalog")
    days = pd.date_range("2024-01-01", periods=len(RAW), freq="D", tz=NY).as_unit("ns").asi8
    low = [min(pair) for pair in zip(OPENS, RAW, strict=True)]
    high = [max(pair) for pair in zip(OPENS, RAW, strict=True)]
    made.write("RAW", bt.Bars(days, OPENS, high, low, RAW, interval="1d", timezone=NY))
    made.define("RAW", bt.Instrument(splits=[SPLIT], dividends=[DIVIDEND]), timezone=NY)
    times = days[0] + 300 * 10**9 * pd.RangeIndex(500).to_numpy()
    walk = 100 + 0.01 * (pd.RangeIndex(500).to_numpy() % 37)
    made.write("FIVE", bt.Bars(times, walk, walk, walk, walk, interval="5min", timezone=NY))
    made.define("FIVE", bt.Instrument(tick_size=0.01, lot_size=1.0, multiplier=5.0))
    return made.path


@pytest.fixture(scope="module")
def server(catalog: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("runs") / "store", fake=False, data=str(catalog)) as served:
        yield served.wait_ready()


def asked(**more: Any) -> dict[str, Any]:
    base = {"symbols": ["RAW"], "start_date": "2024-01-01", "end_date": "2024-01-08"}
    return {**base, "initial_capital": CAPITAL, "timezone": NY, **more}


def by_library(catalog: Path, body: dict[str, Any]) -> bt.Result:
    """The run of a request, by the arguments of `run`."""
    request = msgspec.convert(body, bt.RunRequest)
    return bt.run(
        bt.Catalog(catalog),
        request.strategy.name,
        request.strategy.params,
        symbols=request.symbols,
        resolution=request.resolution,
        start=request.start_date,
        end=request.end_date,
        timezone=request.timezone,
        initial_capital=request.initial_capital,
        instruments=request.instruments,
    )


def document(result: bt.Result) -> Any:
    return json.loads(msgspec.json.encode(result.document()))


BODIES = {
    "raw": asked(),
    "raw, in UTC": asked(timezone="UTC"),
    "one given": asked(instruments={"RAW": {"dividends": [["2024-01-06", 1.0]]}}),
    "five minutes": asked(
        symbols=["FIVE"], resolution="5min", strategy={"name": "ma_crossover", "params": {"short_period": 3}}
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_the_same_bytes(catalog: Path, server: ServerProcess, tmp_path: Path, name: str) -> None:
    body = BODIES[name]
    expected = document(by_library(catalog, body))
    request = msgspec.convert(body, bt.RunRequest)
    assert document(bt.run_request(request, bt.Catalog(catalog))) == expected

    (tmp_path / "request.json").write_bytes(msgspec.json.encode(body))
    command = [sys.executable, "-m", "btcore", "run", "--json", "--data", str(catalog)]
    done = subprocess.run(
        [*command, "--request", str(tmp_path / "request.json")], capture_output=True, check=True
    )
    assert json.loads(done.stdout) == expected

    run_id = server.post(**body)
    assert server.wait_end(run_id)["state"] == "completed"
    served = server.http.get(f"/v1/backtests/{run_id}/results").json()
    assert served.pop("run_id") == run_id
    assert served == expected


@pytest.mark.parametrize("zone", [NY, "UTC", "Asia/Tokyo", None])
def test_raw_prices_with_splits_and_dividends_give_the_total_return(catalog: Path, zone: str | None) -> None:
    result = bt.run(catalog, "buy_and_hold", symbols=["RAW"], initial_capital=CAPITAL, timezone=zone)
    assert result.metrics["final_equity"] == pytest.approx(TOTAL, rel=1e-12)
    equity = result.equity_curve["equity"]
    assert equity.tolist() == pytest.approx([1000, 1000, 1000, 1050, 1050, 1080, 1080, 1120])


def test_a_merge_of_a_catalog_keeps_them(catalog: Path) -> None:
    source = bt.Catalog(catalog)
    for merged in (source.merge(["RAW"], "day", keep=False), bt.merge(source, symbols=["RAW"])):
        result = bt.run(merged, "buy_and_hold", initial_capital=CAPITAL)
        assert result.metrics["final_equity"] == pytest.approx(TOTAL)
        assert result.manifest["data_source"] == "catalog"
        assert result.manifest["timezone_from"] == "data"


def test_without_them_it_is_wrong_so_the_log_says_what_replaces_them(catalog: Path) -> None:
    over = {"symbols": ["RAW"], "initial_capital": CAPITAL}
    result = bt.run(catalog, "buy_and_hold", **over, instruments={"RAW": bt.Instrument()})
    assert result.metrics["final_equity"] == pytest.approx(UNADJUSTED)
    assert "instruments: those given for RAW replace those of the data source whole" in result.logs
    assert "instruments: those of the data source for RAW" in bt.run(catalog, "buy_and_hold", **over).logs


def test_a_saved_manifest_suffices_to_run_again(catalog: Path, tmp_path: Path) -> None:
    bt.run(catalog, "buy_and_hold", symbols=["RAW"], initial_capital=CAPITAL).save(tmp_path / "result.npz")
    saved = bt.load_result(tmp_path / "result.npz")
    run = saved.manifest["run"]
    again = bt.run(
        {"RAW": bt.Catalog(catalog).read("RAW", "day")},
        run["strategy"]["name"],
        run["strategy"]["params"],
        instruments=msgspec.convert(run["instruments"], dict[str, bt.Instrument]),
        initial_capital=run["initial_capital"],
        timezone=run["timezone"],
    )
    assert again.fingerprint == saved.fingerprint
    assert again.metrics == saved.metrics


def test_the_server_says_where_a_request_is_wrong(server: ServerProcess) -> None:
    for change, path in (
        ({"resolution": "week"}, "$.resolution"),
        ({"resolution": "15min"}, "$.symbols[0]"),
        ({"symbols": ["NONE"]}, "$.symbols[0]"),
    ):
        answer = server.http.post("/v1/backtests", json=asked(**change))
        assert answer.status_code == 422
        assert [each["path"] for each in answer.json()["error"]["details"]] == [path]
