"""The whole life of optimizations, on a real server with the engine."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pyarrow.ipc
import pyarrow.parquet
import pytest
from optimizations import (
    PATH,
    base,
    counted,
    ended,
    events,
    own_strategies,
    plays,
    results,
    search,
    start,
    status,
    whole,
)  # fmt: skip
from server_process import UNKNOWN, ServerProcess, check_error, check_history

import btcore as bt


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own") / "strategies"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[ServerProcess]:
    store = tmp_path_factory.mktemp("server") / "store"
    with ServerProcess(store, fake=False, flags=own_strategies(folder)) as served:
        yield served.wait_ready()
        assert served.stop() == 0
        assert "Traceback" not in served.log()


@pytest.fixture(scope="module")
def key(server: ServerProcess) -> str:
    """A grid of 12 crossovers that is completed."""
    made = start(server, search(name="crossovers"))
    assert ended(server, made)["error"] is None
    return made


def swept(end: str) -> bt.SweepResult:
    """The same search by the library, until a time."""
    return bt.sweep(
        bt.SampleMarket(),
        "ma_crossover",
        {"short_period": range(5, 9), "long_period": range(20, 41, 10)},
        symbols=["AAPL"],
        resolution="day",
        timezone="UTC",
        start="2023-01-01",
        end=end,
    )


def test_the_status_of_a_completed_one(server: ServerProcess, key: str) -> None:
    shown = status(server, key)
    assert shown | {"best_trial": None, "created_at": 0, "started_at": 0, "finished_at": 0} == {
        "optimization_id": key,
        "name": "crossovers",
        "state": "completed",
        "progress": 1.0,
        "trials_completed": 12,
        "trials_failed": 0,
        "trials_running": 0,
        "best_trial": None,
        "created_at": 0,
        "started_at": 0,
        "finished_at": 0,
        "error": None,
    }
    assert shown["created_at"] <= shown["started_at"] <= shown["finished_at"]
    assert shown["best_trial"] == results(server, key, fields="best_trial")["best_trial"]


def test_results_are_those_of_the_library(server: ServerProcess, key: str) -> None:
    found = results(server, key)
    expected = swept(found["validation"]["begins"])
    assert [trial["parameters"] for trial in found["all_trials"]] == [
        {name: run.params[name] for name in ("short_period", "long_period")} for run in expected
    ]
    for trial, run in zip(found["all_trials"], expected, strict=True):
        assert set(trial) == {
            "trial_id", "parameters", "objective", "metrics", "duration_seconds", "error",
        }  # fmt: skip
        assert trial["metrics"] == dict(run.metrics)
        assert trial["objective"] == run.metrics["sharpe_ratio"]
        assert trial["error"] is None
        assert trial["duration_seconds"] > 0
    assert len({trial["trial_id"] for trial in found["all_trials"]}) == 12
    best = expected.best()
    assert found["best_trial"] == found["all_trials"][best.row]
    odds = expected.odds
    numbers = odds.to_dict() | {"lines": odds.lines(), "headline": odds.headline()}
    # A sum of BLAS depends on its threads, of which a worker has one.
    slopes = [each.pop("pbo_slope") for each in (found["odds"], numbers)]
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-12)
    assert found["odds"] == numbers
    assert found["manifest"]["best_run"]["run"] == expected.run(best.row).manifest["run"]
    searched = found["manifest"]["search"]
    assert (searched["method"], searched["random_seed"], searched["executor"]) == ("grid", 0, "threads")
    assert searched["data"][0]["sha256"] == expected.run(0).manifest["data"][0]["sha256"]
    assert searched["versions"]["btcore"] == bt.__version__
    assert any("deflated Sharpe" in line for line in found["logs"])


def test_the_holdout_is_not_searched(server: ServerProcess, key: str) -> None:
    found = results(server, key)
    held = found["validation"]
    assert (held["mode"], held["holdout_share"]) == ("holdout", 0.3)
    assert held["begins"] == "2023-09-13T00:00:00.000000Z"  # 365 days less three tenths, at midnight
    alone = bt.run(
        bt.SampleMarket(),
        "ma_crossover",
        found["best_trial"]["parameters"],
        symbols=["AAPL"],
        resolution="day",
        timezone="UTC",
        start=held["begins"],
        end="2024-01-01",
        warm_up=1000,
    )
    assert held["metrics"] == dict(alone.metrics)
    assert held["out_of_sample"] == alone.metrics["sharpe_ratio"]
    assert held["in_sample"] == found["best_trial"]["objective"]


def test_events_are_those_of_a_backtest(server: ServerProcess, key: str) -> None:
    seen = events(server, key)
    check_history(key, seen)
    assert {event["type"] for event in seen} == {"state", "log", "progress", "metric"}
    states = [event["payload"]["state"] for event in seen if event["type"] == "state"]
    assert states == ["queued", "running", "completed"]
    told = [event["payload"]["progress"] for event in seen if event["type"] == "progress"]
    assert told == sorted(told)
    assert told[-1] == 1.0
    numbers = {
        event["payload"]["name"]: event["payload"]["value"] for event in seen if event["type"] == "metric"
    }
    best = results(server, key)["best_trial"]
    assert numbers["trials_completed"] == 12
    assert numbers["sharpe_ratio"] == best["objective"]
    assert numbers["total_return"] == best["metrics"]["total_return"]
    for after in (1, len(seen) // 2, len(seen)):
        assert events(server, key, after) == seen[after:]


def test_paths_without_the_prefix(server: ServerProcess, key: str) -> None:
    for path in ("", "/results", "/request"):
        assert (
            server.http.get(f"/optimizations/{key}{path}").json()
            == server.http.get(f"{PATH}/{key}{path}").json()
        )
    assert server.http.get("/optimizations").json() == server.http.get(PATH).json()


def test_the_request_as_it_was_accepted(server: ServerProcess, key: str) -> None:
    told = server.http.get(f"{PATH}/{key}/request").json()
    sent = search(name="crossovers")
    assert told["search_space"] == sent["search_space"]
    assert {name: told["base_backtest"][name] for name in base()} == base() | {
        "strategy": {"name": "ma_crossover", "params": {}}
    }
    assert (told["method"], told["validation_mode"], told["max_trials"]) == ("grid", "holdout", None)
    again = start(server, told)
    ended(server, again)
    assert (
        results(server, again, fields="all_trials")["all_trials"][0]["metrics"]
        == results(server, key, fields="all_trials")["all_trials"][0]["metrics"]
    )


def get(server: ServerProcess, key: str, accept: str, **query: str) -> httpx2.Response:
    return server.http.get(f"{PATH}/{key}/results", params=query, headers={"accept": accept})


def test_formats_of_results(server: ServerProcess, key: str) -> None:
    document = results(server, key)
    assert msgspec.msgpack.decode(get(server, key, "application/msgpack").content) == document
    arrow = get(server, key, "application/vnd.apache.arrow.stream").content
    parquet = get(server, key, "application/vnd.apache.parquet").content
    tables = pyarrow.ipc.open_stream(arrow).read_all(), pyarrow.parquet.read_table(io.BytesIO(parquet))
    for table in tables:
        rows = table.to_pylist()
        for row, trial in zip(rows, document["all_trials"], strict=True):
            assert row["trial_id"] == trial["trial_id"]
            assert {name: row[name] for name in trial["parameters"]} == trial["parameters"]
            assert {name: row[name] for name in trial["metrics"]} == trial["metrics"]
    assert set(results(server, key, fields="odds")) == {"optimization_id", "odds"}
    packed = server.http.get(f"{PATH}/{key}/results", headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == document
    check_error(get(server, key, "text/html"), 406, "validation_error")
    check_error(get(server, key, "*/*", fields="odd"), 422, "validation_error", "$.fields")
    check_error(
        get(server, key, "application/vnd.apache.parquet", fields="odds"), 422, "validation_error", "$.fields"
    )


def test_a_failing_trial_is_counted(server: ServerProcess, folder: Path) -> None:
    """A Python strategy of the folder: one of its levels raises, the others are played."""
    body = counted(4, params={"fails": True}, validation_mode=None)
    key = start(server, body)
    shown = ended(server, key)
    assert (shown["state"], shown["trials_completed"], shown["trials_failed"]) == ("completed", 3, 1)
    found = results(server, key)
    assert [trial["parameters"] for trial in found["all_trials"]] == [{"level": n} for n in (1, 2, 4, 3)]
    failed = found["all_trials"][-1]
    assert "level 3 is not for this strategy" in failed["error"]
    assert (failed["objective"], failed["metrics"]) == (None, {})
    assert found["validation"] is None
    assert set(plays(folder)) == {1, 2, 3, 4}


def test_refused_sets_are_failed_trials(server: ServerProcess) -> None:
    body = search(whole("short_period", 18, 21), whole("long_period", 20, 21))
    key = start(server, body)
    shown = ended(server, key)
    assert (shown["trials_completed"], shown["trials_failed"]) == (5, 3)
    errors = [trial["error"] for trial in results(server, key)["all_trials"]]
    assert errors[:5] == [None] * 5
    assert all("is not below long_period" in error for error in errors[5:])
    kept = start(server, body | {"constraints": ["short_period < long_period"]})
    assert (ended(server, kept)["trials_completed"], status(server, kept)["trials_failed"]) == (5, 0)


@pytest.mark.parametrize("method", ["random", "optuna"])
def test_methods_that_draw(server: ServerProcess, method: str) -> None:
    body = search(
        whole("short_period", 2, 30),
        {"name": "long_period", "kind": "choice", "values": [40, 50, 60]},
        {"name": "weight", "kind": "float_range", "low": 0.5, "high": 1.0},
        method=method,
        max_trials=9,
        objective_metric="max_drawdown",
        direction="minimize",
        random_seed=4,
    )
    keys = [start(server, body) for _ in range(2)]
    found = []
    for key in keys:
        assert ended(server, key)["trials_completed"] == 9
        found.append(results(server, key))
    first, second = ([trial["parameters"] for trial in each["all_trials"]] for each in found)
    assert first == second
    lowest = min(trial["objective"] for trial in found[0]["all_trials"])
    assert found[0]["best_trial"]["objective"] == lowest
    assert found[0]["best_trial"]["metrics"]["max_drawdown"] == lowest


@pytest.mark.parametrize(
    ("mode", "terms", "folds"),
    [
        ("walk_forward", {"train": "180d", "test": "60d"}, 3),
        ("purged_kfold", {"folds": 4, "purge": 2}, 4),
        ("cpcv", {"groups": 4, "test_groups": 2}, 6),
    ],
)
def test_validations_that_search_again(
    server: ServerProcess, mode: str, terms: dict[str, Any], folds: int
) -> None:
    key = start(server, search(validation_mode=mode, validation=terms))
    shown = ended(server, key)
    assert (shown["error"], shown["trials_completed"]) == (None, 12)  # those of the folds do not count
    found = results(server, key)["validation"]
    assert (found["mode"], len(found["folds"])) == (mode, folds)
    assert all(set(fold["parameters"]) >= {"short_period"} for fold in found["folds"])
    assert found["stability"]
    if mode == "cpcv":
        assert len(found["paths"]) == 3
    else:
        assert found["out_of_sample"] == found["metrics"]["sharpe_ratio"]
    assert server.http.delete(f"{PATH}/{key}").status_code == 204


def test_lists(server: ServerProcess, key: str) -> None:
    listed = server.http.get(PATH).json()
    keys = [each["optimization_id"] for each in listed]
    assert keys == sorted(keys, reverse=True)  # ids begin with the time
    assert key in keys
    assert [each["optimization_id"] for each in server.http.get(f"{PATH}?limit=2").json()] == keys[:2]
    after = server.http.get(f"{PATH}?limit=2&after={keys[1]}").json()
    assert [each["optimization_id"] for each in after] == keys[2:4]
    assert server.http.get(f"{PATH}?state=running").json() == []
    assert len(server.http.get(f"{PATH}?state=completed").json()) == len(keys)
    assert server.http.get("/v1/backtests").json() == []  # they are no backtests
    check_error(server.http.get(f"{PATH}?state=done"), 422, "validation_error", "$.state")
    check_error(server.http.get(f"{PATH}?after={UNKNOWN}"), 422, "validation_error", "$.after")
    check_error(server.http.get(f"{PATH}?limit=201"), 422, "validation_error", "$.limit")


def test_an_idempotency_key_makes_one(server: ServerProcess) -> None:
    header = {"Idempotency-Key": "search-1"}
    first, second = (start(server, search(name="once"), **header) for _ in range(2))
    assert first == second
    other = server.http.post(PATH, json=search(name="twice"), headers=header)
    check_error(other, 409, "conflict")
    assert len([x for x in server.http.get(PATH).json() if x["name"] == "once"]) == 1


def test_unknown_ids(server: ServerProcess) -> None:
    for path in ("", "/results", "/request"):
        check_error(server.http.get(f"{PATH}/{UNKNOWN}{path}"), 404, "not_found")
    for path in ("/cancel", "/resume"):
        check_error(server.http.post(f"{PATH}/{UNKNOWN}{path}"), 404, "not_found")
    check_error(server.http.delete(f"{PATH}/{UNKNOWN}"), 404, "not_found")
    check_error(server.http.get(f"/v1/backtests/{UNKNOWN}"), 404, "not_found")


def test_an_ended_one_is_not_cancelled_or_resumed(server: ServerProcess, key: str) -> None:
    check_error(server.http.post(f"{PATH}/{key}/cancel"), 409, "conflict")
    check_error(server.http.post(f"{PATH}/{key}/resume"), 409, "conflict")


def test_counters(server: ServerProcess, key: str) -> None:
    for listed in server.http.get(PATH).json():
        ended(server, listed["optimization_id"])
    page: Any = server.http.get("/metrics").text
    count = len(server.http.get(f"{PATH}?limit=200").json())
    assert f'btserver_optimizations{{state="completed"}} {count}\n' in page
    assert 'btserver_runs{state="completed"} 0\n' in page
