"""A study: the trials of sweeps in one SQLite file, by fingerprint, so that an equal trial is not run twice.

SQLite is part of Python, needs one file and no server, and survives a kill at any instant; other programs can
read it. Only the process that sweeps writes it; workers do not.
"""

import json
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock, Timer
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from btcore.backtest.manifest import fingerprint
from btcore.backtest.prepare import PreparedRun
from btcore.errors import BtcoreError, ConfigError, DataError, OrderError, StrategyError
from btcore.metrics.run_metrics import RUN_METRICS_DTYPE
from btcore.version import __version__

from .swept import ParameterSet, Swept

FORMAT = 1
COMMIT_SECONDS = 0.2  # a kill loses at most the trials of so long
PART = 500  # keys in one query
COLUMNS = [(name, RUN_METRICS_DTYPE[name].str) for name in RUN_METRICS_DTYPE.names or ()]
SCHEMA = """
CREATE TABLE IF NOT EXISTS about (format INTEGER NOT NULL, metrics TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trials (
    fingerprint TEXT PRIMARY KEY, strategy TEXT NOT NULL, params TEXT NOT NULL, sharpe_ratio REAL, error TEXT,
    error_kind TEXT NOT NULL, is_refused INTEGER NOT NULL, seconds REAL NOT NULL, finished TEXT NOT NULL,
    btcore TEXT NOT NULL, metrics BLOB NOT NULL, returns BLOB
) WITHOUT ROWID;
"""


class StoredTrial(NamedTuple):
    """A trial of a study: its metrics as a record, its period returns if they were kept, its error."""

    metrics: Any
    returns: NDArray[np.float64] | None
    seconds: float
    error: str | None
    is_refused: bool
    kind: str = ""  # the class of the error

    def exception(self) -> Exception:
        """The error, as it was raised."""
        kinds = {each.__name__: each for each in (ConfigError, DataError, OrderError, StrategyError)}
        return kinds.get(self.kind, BtcoreError)(self.error)


class Study:
    """The trials of a file, for the runs of one prepared run and strategy.

    ConfigError if the file is no study, or of another format, or the strategy cannot be identified.
    """

    def __init__(self, path: str | Path, prepared: PreparedRun, swept: Swept) -> None:
        self._path, self._prepared, self._swept = Path(path), prepared, swept
        self._hashes: list[dict[str, Any]] | None = None
        self._committed = time.monotonic()
        self._lock, self._is_closed = Lock(), False
        self._later: Timer | None = None  # commits what no other trial follows
        try:
            self._file = sqlite3.connect(self._path, timeout=30.0, check_same_thread=False)
        except sqlite3.Error as error:
            raise ConfigError(f"study: {self._path}: {error}") from error
        try:
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=NORMAL")
            self._file.executescript(SCHEMA)
            self._check_format()
        except Exception as error:
            self._file.close()
            if isinstance(error, sqlite3.Error):
                raise ConfigError(f"study: {self._path}: {error}") from error
            raise

    def _check_format(self) -> None:
        wanted = (FORMAT, json.dumps(COLUMNS))
        found = self._file.execute("SELECT format, metrics FROM about").fetchone()
        if found is None:
            self._file.execute("INSERT INTO about VALUES (?, ?)", wanted)
            self._file.commit()
        elif found != wanted:
            raise ConfigError(
                f"study: {self._path} is of a release with other metrics than {__version__}; begin a new file"
            )

    def key(self, given: ParameterSet) -> str:
        """The fingerprint of a trial; of a built-in strategy, a Strategy or arrays that of its `Result`."""
        if self._hashes is None:
            self._hashes = self._prepared.data_hashes()
            self._run = self._prepared.describe({})
        strategy = self._swept.describe(given, self._prepared)
        return fingerprint(self._run | {"strategy": strategy}, self._hashes)

    def find(self, keys: Sequence[str]) -> dict[str, StoredTrial]:
        """The trials that have been run, by fingerprint."""
        found: dict[str, StoredTrial] = {}
        for at in range(0, len(keys), PART):
            part = keys[at : at + PART]
            marks = ",".join("?" * len(part))
            rows = self._file.execute(
                "SELECT fingerprint, metrics, returns, seconds, error, is_refused, error_kind FROM trials "
                f"WHERE fingerprint IN ({marks})",
                part,
            )
            for key, metrics, returns, seconds, error, is_refused, kind in rows:
                record = np.frombuffer(metrics, RUN_METRICS_DTYPE)[0]
                kept = None if returns is None else np.frombuffer(returns, np.float64)
                found[key] = StoredTrial(record, kept, seconds, error, bool(is_refused), kind)
        return found

    def add(self, key: str, given: ParameterSet, trial: StoredTrial) -> None:
        """Adds a trial; it is on disk after COMMIT_SECONDS, or after `commit`."""
        with self._lock:
            self._add(key, given, trial)
            if time.monotonic() - self._committed > COMMIT_SECONDS:
                self._commit()
            elif self._later is None:
                self._later = Timer(COMMIT_SECONDS, self.commit)
                self._later.daemon = True
                self._later.start()

    def _add(self, key: str, given: ParameterSet, trial: StoredTrial) -> None:
        sharpe = float(trial.metrics["sharpe_ratio"])
        self._file.execute(
            "INSERT OR IGNORE INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key, self._name, msgspec.json.encode(given.complete, enc_hook=repr).decode(),
                None if np.isnan(sharpe) else sharpe, trial.error, trial.kind,
                int(trial.is_refused), trial.seconds,
                time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), __version__, trial.metrics.tobytes(),
                None if trial.returns is None else trial.returns.tobytes(),
            ),
        )  # fmt: skip

    @property
    def _name(self) -> str:
        strategy = self._swept.strategy
        return (
            strategy
            if isinstance(strategy, str)
            else getattr(strategy, "__qualname__", type(strategy).__name__)
        )

    def commit(self) -> None:
        """Writes what was added to disk."""
        with self._lock:
            self._commit()

    def _commit(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if not self._is_closed:
            self._file.commit()
            self._committed = time.monotonic()

    def close(self) -> None:
        with self._lock:
            self._commit()
            self._is_closed = True
            self._file.close()
