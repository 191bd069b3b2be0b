"""Settings, limits and storage of optimizations."""

from pathlib import Path

import pytest
from optimizations import (
    PATH,
    counted,
    ended,
    events,
    own_strategies,
    reached,
    results,
    search,
    start,
    studied,
)  # fmt: skip
from server_process import ServerProcess, check_error, check_history, wait_until

from btserver import settings
from btserver.cli import main
from btserver.settings import Settings, SettingsError, read_settings
from btserver.store.checkup import check_store


def test_settings() -> None:
    environment = {
        "BTSERVER_EXECUTOR": "processes",
        "BTSERVER_OPTIMIZATIONS": "2",
        "BTSERVER_MAX_TRIALS": "7",
        "BTSERVER_MAX_TRIAL_ROWS": "8",
        "BTSERVER_MAX_SEARCH_SECONDS": "9",
    }
    found = read_settings({"executor": "threads"}, environment)
    assert (found.executor, found.optimizations, found.max_trials) == ("threads", 2, 7)
    assert (found.max_trial_rows, found.max_search_seconds) == (8, 9)
    assert read_settings({}, environment).executor == "processes"
    with pytest.raises(SettingsError, match=r"executor: 'dask' is not one of threads, processes, ray"):
        Settings(executor="dask")
    with pytest.raises(SettingsError, match="optimizations: 0"):
        Settings(optimizations=0)


def test_an_executor_whose_package_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "find_spec", lambda _: None)
    assert main(["serve", "--executor", "ray", "--store", str(tmp_path / "store")]) == 2
    assert "pip install 'btcore[ray]'" in capsys.readouterr().err


def test_keys(tmp_path: Path) -> None:
    with ServerProcess(tmp_path / "store", fake=False, keys="k") as server:
        key = start(server, search())
        wrong = {"X-API-Key": "wrong"}
        for method, path in (("GET", ""), ("GET", f"/{key}"), ("GET", f"/{key}/results"), ("POST", "")):
            answer = server.http.request(method, PATH + path, headers=wrong)
            check_error(answer, 401, "unauthorized")
        assert ended(server, key)["state"] == "completed"
        assert server.stop() == 0


def test_a_backup_has_the_studies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a server that searches: what the copy lacks is played when it is served."""
    folder, store, copy = tmp_path / "strategies", tmp_path / "store", tmp_path / "copy"
    with ServerProcess(store, fake=False, flags=own_strategies(folder)) as server:
        server.wait_ready()
        key = start(server, counted(8, pause=0.25, validation_mode=None))
        reached(server, key, 3)
        assert main(["backup", "--store", str(store), str(copy)]) == 0
        assert "is copied" in capsys.readouterr().out
        server.kill()
    copied = studied(copy, key)
    assert 3 <= len(copied) < 8
    assert main(["check", "--store", str(copy)]) == 0
    with ServerProcess(copy, fake=False, flags=("--strategies", str(folder))) as server:
        assert ended(server, key)["trials_completed"] == 8
        assert copied.items() <= studied(copy, key).items()
        assert server.stop() == 0


def test_a_damaged_study(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with ServerProcess(store, fake=False) as server:
        server.wait_ready()
        key = start(server, search())
        ended(server, key)
        assert server.stop() == 0
    assert check_store(store) == (1, [])
    file = store / "studies" / f"{key}.sqlite"
    file.write_bytes(b"no database" * 100)
    _, problems = check_store(store)
    assert problems == [f"study {key}.sqlite: file is not a database"]


def test_the_oldest_are_not_kept(tmp_path: Path) -> None:
    store = tmp_path / "store"
    with ServerProcess(store, fake=False) as server:
        keys = [start(server, search(name=str(i))) for i in range(3)]
        for key in keys:
            ended(server, key)
        run_id = server.post(strategy={"name": "buy_and_hold"})
        server.wait_end(run_id)
        assert server.stop() == 0
    with ServerProcess(store, fake=False, flags=("--keep-runs", "2")) as server:
        wait_until(lambda: len(server.http.get(PATH).json()) == 2, "the deletion of the oldest")
        assert [each["optimization_id"] for each in server.http.get(PATH).json()] == keys[:0:-1]
        assert server.http.get(f"/v1/backtests/{run_id}").status_code == 200
        names = {path.name for path in (store / "studies").iterdir()}
        assert names == {f"{key}.sqlite" for key in keys[1:]}
        assert server.stop() == 0


def test_a_search_that_takes_too_long_can_go_on(tmp_path: Path) -> None:
    folder, store = tmp_path / "strategies", tmp_path / "store"
    flags = own_strategies(folder)
    with ServerProcess(store, fake=False, flags=(*flags, "--max-search-seconds", "3")) as server:
        server.wait_ready()
        key = start(server, counted(8, pause=0.6, validation_mode=None))
        shown = ended(server, key)
        assert (shown["state"], shown["error"]) == ("failed", "the optimization took longer than 3 seconds")
        assert 0 < len(results(server, key)["all_trials"]) < 8
        assert server.stop() == 0
    with ServerProcess(store, fake=False, flags=flags) as server:
        assert server.http.post(f"{PATH}/{key}/resume").json()["state"] == "queued"
        assert ended(server, key)["trials_completed"] == 8
        assert server.stop() == 0


def test_a_search_whose_trials_all_fail(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    with ServerProcess(tmp_path / "store", fake=False, flags=own_strategies(folder)) as server:
        server.wait_ready()
        body = counted(3, params={"fails": True}, validation_mode=None)
        body["search_space"]["parameters"][0]["low"] = 3
        key = start(server, body)
        shown = ended(server, key)
        assert shown["state"] == "failed"
        assert "level 3 is not for this strategy" in shown["error"]
        assert shown["best_trial"] is None
        trials = results(server, key)["all_trials"]
        assert [trial["parameters"] for trial in trials] == [{"level": 3}]
        assert shown["trials_failed"] == 1
        check_history(key, events(server, key))
        assert server.stop() == 0
