"""Stores that are truncated, overwritten or damaged in a part: a clear line or a 500, no wrong result."""

import random
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import lmdb
import pytest
from server_process import DEADLINE, HERE, ServerProcess, read_until_closed, request

SAVED = Path(__file__).parents[3] / "tests" / "saved" / "0.1.0" / "store" / "data.mdb"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A store with a completed run, and the id of the run."""
    store = tmp_path_factory.mktemp("original") / "store"
    with ServerProcess(store) as server:
        run_id = server.post(params={"rows": 5000})
        server.wait_end(run_id)
        assert server.stop() == 0
    return store, run_id


@pytest.fixture
def copy(original: tuple[Path, str], tmp_path: Path) -> Path:
    return Path(shutil.copytree(original[0], tmp_path / "store"))


def run_cli(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "serve_fake.py"), *flags]
    environment = {"PYTHONPATH": str(HERE)}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=DEADLINE, env=environment
    )


def check_refused(store: Path) -> None:
    refused = run_cli("serve", "--store", str(store), "--port", "0")
    assert refused.returncode == 2, refused.stderr
    assert refused.stderr.count("\n") == 1
    assert refused.stderr.startswith("btserver: ")
    assert "damaged" in refused.stderr or "cannot be opened" in refused.stderr


@pytest.mark.parametrize("share", [0.9, 0.5, 0.1, 0.01])
def test_a_truncated_store_is_refused(copy: Path, share: float) -> None:
    data = copy / "data.mdb"
    content = data.read_bytes()
    data.write_bytes(content[: int(len(content) * share)])
    check_refused(copy)


@pytest.mark.parametrize("size", [1, 4096, 100_000])
def test_random_bytes_are_refused(tmp_path: Path, size: int) -> None:
    (tmp_path / "data.mdb").write_bytes(random.Random(size).randbytes(size))
    check_refused(tmp_path)


def blocks_of(store: Path) -> list[bytes]:
    with lmdb.open(str(store), max_dbs=16) as env:
        results = env.open_db(b"results")
        with env.begin(results) as txn:
            return [key for key, _ in txn.cursor()]


def damage(store: Path, key: bytes, seed: int) -> None:
    """Changes a byte of the value of a key, and nothing of the structure of the file."""
    with lmdb.open(str(store), max_dbs=16) as env:
        results = env.open_db(b"results")
        with env.begin(results, write=True) as txn:
            value = bytearray(txn.get(key))
            place = random.Random(seed).randrange(len(value))
            value[place] ^= 0x40
            txn.put(key, bytes(value))


def test_a_damaged_result_is_a_500_and_found_by_check(original: tuple[Path, str], tmp_path: Path) -> None:
    """A byte of each block in turn, at a few places."""
    original_store, run_id = original
    keys = blocks_of(original_store)
    store = Path(shutil.copytree(original_store, tmp_path / "store"))
    saved = (store / "data.mdb").read_bytes()
    for seed, key in enumerate(keys):
        (store / "data.mdb").write_bytes(saved)
        damage(store, key, seed)
        found = run_cli("check", "--store", str(store))
        assert found.returncode == 1, (key, found.stdout)
        assert f"run {run_id}: " in found.stdout
        if seed % 3 == 0:
            with ServerProcess(store) as server:
                answer = server.http.get(f"/v1/backtests/{run_id}/results")
                assert answer.status_code == 500, key
                assert answer.json()["error"]["code"] == "internal_error"
                assert "damaged" in answer.json()["detail"]
                assert server.status(run_id)["state"] == "completed"
                assert "Traceback" not in server.log()
                assert server.stop() == 0


def test_a_missing_block_is_a_500(copy: Path, original: tuple[Path, str]) -> None:
    with lmdb.open(str(copy), max_dbs=16) as env:
        results = env.open_db(b"results")
        with env.begin(results, write=True) as txn:
            txn.delete(blocks_of(original[0])[-1])
    with ServerProcess(copy) as server:
        assert server.http.get(f"/v1/backtests/{original[1]}/results").status_code == 500


def test_a_damaged_record_spoils_no_other_run(copy: Path, original: tuple[Path, str]) -> None:
    with ServerProcess(copy) as server:
        other = server.post()
        server.wait_end(other)
        assert server.stop() == 0
    with lmdb.open(str(copy), max_dbs=16) as env:
        runs = env.open_db(b"runs")
        with env.begin(runs, write=True) as txn:
            key = next(txn.cursor().iternext(values=False))
            txn.put(key, b"\xc1 no record")
    with ServerProcess(copy) as server:
        assert server.http.get(f"/v1/backtests/{original[1]}").status_code == 500
        seen, code, reason = read_until_closed(server.stream(original[1]))
        assert (seen, code) == ([], 1011)
        assert reason == "what is stored of this backtest is damaged"
        assert "Traceback" not in server.log()
        assert [run["run_id"] for run in server.http.get("/v1/backtests").json()] == [other]
        assert server.wait_end(server.post())["state"] == "completed"
        assert server.stop() == 0
    assert "is damaged" in run_cli("check", "--store", str(copy)).stdout


@pytest.mark.parametrize("table", ["requests", "marks", "idempotency", "inputs"])
@pytest.mark.parametrize("is_missing", [True, False])
def test_check_finds_a_damaged_request_and_what_a_run_is_found_by(
    tmp_path: Path, table: str, is_missing: bool
) -> None:
    store = tmp_path / "store"
    with ServerProcess(store) as server:
        answer = server.http.post("/v1/backtests", json=request(), headers={"Idempotency-Key": "k"})
        run_id = answer.json()["run_id"]
        server.wait_end(run_id)
        assert server.stop() == 0
    assert run_cli("check", "--store", str(store)).returncode == 0
    with lmdb.open(str(store), max_dbs=16) as env, env.begin(write=True) as txn:
        db = env.open_db(table.encode(), txn)
        cursor = txn.cursor(db)
        assert cursor.first()
        key, value = cursor.item()
        txn.delete(key, db=db)
        if not is_missing and table == "inputs":
            txn.put(key[:-1] + bytes([key[-1] ^ 1]), value, db=db)
        elif not is_missing:
            txn.put(key, bytes([value[0] ^ 0x80]) + value[1:], db=db)
    found = run_cli("check", "--store", str(store))
    if table == "marks" and is_missing:  # as a run of an earlier release
        assert found.returncode == 0
        return
    assert found.returncode == 1, found.stdout
    with ServerProcess(store) as server:
        again = server.http.post("/v1/backtests", json=request(), headers={"Idempotency-Key": "k"})
        assert again.status_code in {201, 409}, again.text
        assert server.http.delete(f"/v1/backtests/{run_id}").status_code in {204, 500}
        assert "Traceback" not in server.log()


def test_a_backup_that_fails_can_be_made_again(copy: Path, tmp_path: Path) -> None:
    target = tmp_path / "backup"
    limit = (resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))  # bytes of a file
    command = [sys.executable, str(HERE / "serve_fake.py"), "backup", "--store", str(copy), str(target)]
    failed = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(HERE)},
        preexec_fn=lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(*limit)),
    )
    assert (failed.returncode, failed.stderr.count("\n")) == (2, 1), failed.stderr
    assert run_cli("backup", "--store", str(copy), str(target)).returncode == 0
    assert run_cli("check", "--store", str(target)).returncode == 0


def test_check_of_sound_stores(copy: Path, tmp_path: Path) -> None:
    assert run_cli("check", "--store", str(copy)).stdout == f"{copy} is sound: 1 runs\n"
    old = tmp_path / "old"
    old.mkdir()
    shutil.copy(SAVED, old)
    found = run_cli("check", "--store", str(old))
    assert (found.returncode, found.stdout) == (0, f"{old} is sound: 4 runs\n")
    nothing = run_cli("check", "--store", str(tmp_path / "none"))
    assert (nothing.returncode, nothing.stderr.count("\n")) == (2, 1)


def test_check_refuses_the_store_of_a_running_server(copy: Path) -> None:
    with ServerProcess(copy):
        found = run_cli("check", "--store", str(copy))
    assert found.returncode == 2
    assert "in use by another btserver" in found.stderr


def test_a_backup_of_a_running_server_has_every_run(
    copy: Path, original: tuple[Path, str], tmp_path: Path
) -> None:
    target = tmp_path / "backup"
    with ServerProcess(copy) as server:
        run_id = server.post(params={"rows": 2000})
        server.wait_end(run_id)
        results = server.http.get(f"/v1/backtests/{run_id}/results").json()
        done = run_cli("backup", str(target), "--store", str(copy))
        assert done.returncode == 0, done.stderr
        assert run_cli("backup", str(target), "--store", str(copy)).returncode == 2  # not over another
        assert server.stop() == 0
    assert (target / "data.mdb").stat().st_mode & 0o777 == 0o600
    assert run_cli("check", "--store", str(target)).stdout == f"{target} is sound: 2 runs\n"
    with ServerProcess(target) as server:
        assert server.http.get(f"/v1/backtests/{run_id}/results").json() == results


@pytest.mark.parametrize("seeds", [range(4), pytest.param(range(4, 200), marks=pytest.mark.long)])
def test_random_damage_gives_no_wrong_result(
    original: tuple[Path, str], tmp_path: Path, seeds: range
) -> None:
    """Bytes of the file are overwritten: `check` says so, or nothing depends on them; no traceback."""
    path = f"/v1/backtests/{original[1]}/results"
    with ServerProcess(Path(shutil.copytree(original[0], tmp_path / "sound"))) as server:
        expected = server.http.get(path).json()
    for seed in seeds:
        store = Path(shutil.copytree(original[0], tmp_path / f"store{seed}"))
        chance = random.Random(seed)
        with (store / "data.mdb").open("r+b") as file:
            size = file.seek(0, 2)
            for _ in range(chance.choice([1, 8, 64])):
                file.seek(chance.randrange(size))
                file.write(chance.randbytes(chance.choice([1, 16, 512])))
            file.truncate(size)
        checked = run_cli("check", "--store", str(store))
        assert checked.returncode in {0, 1, 2}, (seed, checked.stderr)
        assert "Traceback" not in checked.stderr, (seed, checked.stderr)
        if checked.returncode == 0:
            with ServerProcess(store) as server:
                assert server.http.get(path).json() == expected, seed
                assert "Traceback" not in server.log()
        shutil.rmtree(store)
