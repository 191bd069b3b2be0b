"""Studies: a sweep goes on after a kill, and no equal trial is run twice."""

import enum
import functools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from swept_kinds import BARS, KINDS, EveryNth, Slow, market, signals

import btcore as bt

SUPPORT = str(Path(__file__).parents[2] / "support")


def swept(strategy, params=None, data=BARS, **options) -> bt.SweepResult:
    return bt.sweep({"A": data}, strategy, params, progress=False, **options)


def content(result: bt.SweepResult) -> tuple[object, ...]:
    columns = [column.tobytes() for column in result.metrics.values()]
    return columns, None if result.returns is None else result.returns.tobytes()


def rows(path: Path) -> int:
    with sqlite3.connect(path) as file:
        count: int = file.execute("SELECT count(*) FROM trials").fetchone()[0]
    file.close()
    return count


@pytest.mark.parametrize("name", KINDS)
def test_a_second_sweep_plays_nothing(name, tmp_path):
    study = tmp_path / "a.study"
    plain = swept(*KINDS[name])
    first = swept(*KINDS[name], study=study)
    second = swept(*KINDS[name], study=study)
    assert content(first) == content(second) == content(plain)
    assert (first.n_found, second.n_found) == (0, len(plain))
    assert rows(study) == len(plain)


def test_only_new_trials_are_played(tmp_path):
    params = {"folder": str(tmp_path), "seconds": 0.0}
    swept(Slow, {"n": [2, 3, 4]} | params, study=tmp_path / "a.study")
    found = swept(Slow, {"n": [3, 5, 4, 5, 6, 3]} | params, study=tmp_path / "a.study")
    assert found.n_found == 3
    assert found.params["n"].tolist() == [3, 5, 4, 5, 6, 3]
    assert {each.name: each.read_text() for each in tmp_path.glob("played*")} == {
        f"played{n}": "x" for n in range(2, 7)
    }
    assert content(found)[0] == content(swept(EveryNth, {"n": [3, 5, 4, 5, 6, 3]}))[0]


def test_what_changes_a_result_is_another_trial(tmp_path):
    study, params = tmp_path / "a.study", {"short_period": [3], "long_period": [20, 30]}
    swept("ma_crossover", params, study=study)
    assert swept("ma_crossover", params, study=study).n_found == 2
    for change in (
        {"execution": bt.Execution(commission_bps=1.0)},
        {"data": market(seed=8)},
        {"initial_capital": 5e5},
        {"start": "2024-01-03"},
        {"risk_free": 0.01},
    ):
        assert swept("ma_crossover", params, study=study, **change).n_found == 0, change
    assert swept("momentum", {"lookback_period": [5]}, study=study).n_found == 0


def test_the_key_is_the_fingerprint_of_the_run(tmp_path):
    study = tmp_path / "a.study"
    for kind in (KINDS["built-in"], KINDS["class"], KINDS["named"]):
        found = swept(*kind, study=study)
        with sqlite3.connect(study) as file:
            keys = {key for (key,) in file.execute("SELECT fingerprint FROM trials")}
        file.close()
        assert {found.run(i).fingerprint for i in range(len(found))} <= keys


SCRIPT = """
import sys
sys.path.insert(0, {support!r})
import btcore as bt
from swept_kinds import BARS, Slow
bt.sweep({{"A": BARS}}, Slow, {{"n": range(2, 152), "folder": {folder!r}}}, study={study!r}, workers=2,
         executor={executor!r}, progress=False)
"""


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_killed_sweep_goes_on(executor, tmp_path):
    study, folder = tmp_path / "a.study", tmp_path / "played"
    folder.mkdir()
    script = SCRIPT.format(support=SUPPORT, folder=str(folder), study=str(study), executor=executor)
    process = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    until = time.monotonic() + 60
    while len(list(folder.iterdir())) < 40 and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = rows(study)
    assert 0 < kept < 150
    started = {each.name for each in folder.iterdir()}
    found = swept(Slow, {"n": range(2, 152), "folder": str(folder)}, study=study)
    assert found.n_found == kept
    assert content(found)[0] == content(swept(EveryNth, {"n": range(2, 152)}))[0]
    twice = [each for each in folder.iterdir() if each.read_text() != "x"]
    assert {each.name for each in twice} <= started  # only what was lost with the process


def test_failed_and_refused_trials_are_kept_too(tmp_path):
    study = tmp_path / "a.study"
    for n_found in (0, 3):
        found = swept(EveryNth, {"n": [3, 0, 4]}, study=study, on_error="record")
        assert found.n_found == n_found
        assert [each.params for each in found.failed] == [{"n": 0}]
        assert "ZeroDivisionError" in found.failed[0].reason
    with pytest.raises(bt.StrategyError, match="ZeroDivisionError"):
        swept(EveryNth, {"n": [0]}, study=study)


def test_a_study_of_the_best_has_the_returns_of_all(tmp_path):
    study = tmp_path / "a.study"
    few = swept(*KINDS["class"], study=study, keep=2)
    assert (len(few), few.returns) == (2, None)
    whole = swept(*KINDS["class"], study=study)
    assert whole.n_found == len(whole) == 7
    assert content(whole) == content(swept(*KINDS["class"]))


def test_a_strategy_that_cannot_be_identified_is_refused(tmp_path):
    lock = threading.Lock()

    def make(k):
        assert lock
        return signals(k)

    with pytest.raises(bt.ConfigError, match=r"study: .*lock.* cannot be identified"):
        swept(make, {"k": [1]}, study=tmp_path / "a.study")


def test_a_file_that_is_no_study(tmp_path):
    (tmp_path / "a.study").write_bytes(b"no database" * 100)
    with pytest.raises(bt.ConfigError, match=r"study: .*a\.study: file is not a database"):
        swept(EveryNth, {"n": [3]}, study=tmp_path / "a.study")
    with pytest.raises(bt.ConfigError, match=r"study: .*unable to open database file"):
        swept(EveryNth, {"n": [3]}, study=tmp_path / "nowhere" / "a.study")
    with sqlite3.connect(tmp_path / "b.study") as file:
        file.execute("CREATE TABLE about (format INTEGER, metrics TEXT)")
        file.execute("INSERT INTO about VALUES (1, '[]')")
    file.close()
    with pytest.raises(bt.ConfigError, match="is of a release with other metrics"):
        swept(EveryNth, {"n": [3]}, study=tmp_path / "b.study")


def test_optuna_asks_for_the_same_trials_again(tmp_path):
    pytest.importorskip("optuna")
    params = {"short_period": bt.IntRange(2, 20), "long_period": bt.IntRange(5, 60)}
    options = {"method": "optuna", "trials": 40, "seed": 3, "constraints": "short_period < long_period"}
    study = tmp_path / "a.study"
    first = swept("ma_crossover", params, study=study, **options)
    second = swept("ma_crossover", params, study=study, **options)
    assert first.n_found < 10  # it may propose a set twice
    assert second.n_found == 40
    alone = swept("ma_crossover", params, workers=1, **options)
    for other in (second, alone, swept("ma_crossover", params, executor="processes", workers=2, **options)):
        assert {n: c.tolist() for n, c in other.params.items()} == {
            n: c.tolist() for n, c in first.params.items()
        }
        assert content(other)[0] == content(first)[0]
    assert np.all(first.params["short_period"] < first.params["long_period"])


class Scaled:
    """Makes signals of `factor` times its parameter, also as a method."""

    def __init__(self, factor):
        self.factor = factor

    def __call__(self, k):
        return signals(self.factor * k)

    def made(self, k):
        return self(k)


def decorated(factor):
    @functools.wraps(signals)
    def scaled(k):
        return signals(factor * k)

    return scaled


@pytest.mark.parametrize(
    "kind",
    [
        decorated,
        Scaled,
        lambda factor: Scaled(factor).made,
        lambda factor: functools.partial(lambda k, factor: signals(factor * k), factor=factor),
    ],
    ids=["decorated", "object", "method", "partial"],
)
def test_a_function_is_known_by_what_it_is_bound_to(kind, tmp_path):
    study = tmp_path / "a.study"
    for factor in (1, 3):
        fresh, again = (swept(kind(factor), {"k": [1, 2]}, study=study) for _ in range(2))
        assert (fresh.n_found, again.n_found) == (0, 2)
        expected = swept(signals, {"k": [factor, 2 * factor]})
        assert content(fresh) == content(again) == content(expected)


class Kind(enum.Enum):
    A, B = 1, 2


LONG = np.arange(3000.0)
ALIKE = {
    "keys": [{1: 2}, {"1": 2}],
    "sequences": [(1, 2), [1, 2]],
    "numbers": [1, True, 1.0, "1"],
    "arrays": [LONG, np.where(LONG == 1500, -1.0, LONG)],
    "dtypes": [np.array([1, 2]), np.array([1.0, 2.0])],
    "dates": [date(2024, 1, 2), "2024-01-02", datetime(2024, 1, 2)],
    "enums": [Kind.A, Kind.B, 1],
    "sets": [{1, 2}, {1, 3}],
    "missing": [None, float("nan"), "nan"],
    "decimals": [Decimal("0.1"), Decimal("0.2")],
}


@pytest.mark.parametrize("values", ALIKE.values(), ids=ALIKE)
def test_parameters_of_any_type_are_told_apart(values, tmp_path):
    def make(x):  # without state, so that an equal trial stays equal
        places = [i for i, each in enumerate(values) if each is x]
        return signals(1 + places[0])

    plain = swept(make, {"x": values})
    for n_found in (0, len(values)):
        found = swept(make, {"x": values}, study=tmp_path / "a.study")
        assert found.n_found == n_found
        assert content(found) == content(plain)
