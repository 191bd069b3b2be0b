"""The settings of the server: flags, `BTSERVER_*` environment variables, defaults."""

import contextlib
import os
import re
from collections.abc import Mapping
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

from msgspec import Struct

_ORIGIN = re.compile(r"https?://[^/\s*]+\Z")
DEFAULT_STORE = "btserver-store"
EXECUTORS = {"threads": None, "processes": "loky", "ray": "ray"}  # and the package that each needs


class SettingsError(Exception):
    """An invalid setting; the message names it and says what is allowed."""


def default_workers() -> int:
    """The number of cores less one, which is left to the event loop; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one server; SettingsError if one is invalid."""

    host: str = "127.0.0.1"
    port: int = 8000
    data: str | None = None
    strategies: str | None = None  # folder of strategies of one's own
    store: str = DEFAULT_STORE
    workers: int = 1
    api_keys: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    max_rows: int = 500_000_000  # of a run; 0 for no limit, also below
    max_memory: int = 0  # MiB of a worker
    max_seconds: int = 3600  # of a run
    executor: str = "threads"  # of the trials of optimizations
    optimizations: int = 1  # at a time
    max_trials: int = 10_000  # of an optimization; 0 for no limit, also below
    max_trial_rows: int = 50_000_000_000  # rows of a run times trials of an optimization
    max_search_seconds: int = 86_400  # of an optimization
    keep_days: int = 0  # for which ended runs are kept
    keep_runs: int = 0  # ended runs that are kept
    keep_mib: int = 0  # of the store, above which the oldest are deleted
    quota_mib: int = 0  # of the store, above which no run is accepted

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"port: {self.port} is not between 0 and 65535")
        if not 1 <= self.workers <= 1024:
            raise SettingsError(f"workers: {self.workers} is not between 1 and 1024")
        if not 1 <= self.optimizations <= 1024:
            raise SettingsError(f"optimizations: {self.optimizations} is not between 1 and 1024")
        if self.executor not in EXECUTORS:
            allowed = ", ".join(EXECUTORS)
            raise SettingsError(f"executor: {self.executor!r} is not one of {allowed}")
        package = EXECUTORS[self.executor]
        if package and find_spec(package) is None:
            raise SettingsError(
                f"executor: {self.executor!r} needs {package}: pip install 'btcore[{self.executor}]'"
            )
        if self.allowed_hosts and not self.api_keys:
            raise SettingsError("allowed_hosts: without API keys only names of this machine are answered")
        for origin in self.cors_origins:
            if not _ORIGIN.match(origin):
                raise SettingsError(
                    f"cors_origins: {origin!r} is not an origin such as https://app.example.com"
                )
        if not self.api_keys and not is_loopback(self.host):
            raise SettingsError(
                f"host: refusing to listen on {self.host!r} without API keys; "
                "set BTSERVER_API_KEYS (comma-separated) or listen on 127.0.0.1"
            )


def default_memory_mib(workers: int) -> int:
    """Four fifths of the memory of the machine, or of its control group, for all workers; each has 1024."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return max(1024, total * 4 // 5 // 2**20 // max(workers, 1))


def is_loopback(host: str) -> bool:
    """True for loopback addresses and `localhost`; other names are not resolved."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_settings(flags: Mapping[str, object], environment: Mapping[str, str]) -> Settings:
    """A flag that is not None takes precedence over `BTSERVER_*`, which takes precedence over the default."""
    default = Settings()

    def text(name: str, fallback: str) -> str:
        flag = flags.get(name)
        return str(flag) if flag is not None else environment.get(f"BTSERVER_{name.upper()}") or fallback

    def number(name: str, fallback: int) -> int:
        value = text(name, str(fallback))
        if not value.isascii() or not value.isdigit():
            raise SettingsError(f"{name}: {value!r} is not a whole number of 0 or more")
        return int(value)

    def several(name: str) -> tuple[str, ...]:
        return tuple(item for part in text(name, "").split(",") if (item := part.strip()))

    workers = number("workers", default_workers())
    return Settings(
        host=text("host", default.host),
        port=number("port", default.port),
        data=text("data", "") or None,
        strategies=text("strategies", "") or None,
        store=text("store", default.store),
        workers=workers,
        api_keys=several("api_keys"),
        allowed_hosts=several("allowed_hosts"),
        cors_origins=several("cors_origins"),
        max_rows=number("max_rows", default.max_rows),
        max_memory=number("max_memory", default_memory_mib(workers)),
        max_seconds=number("max_seconds", default.max_seconds),
        executor=text("executor", default.executor),
        optimizations=number("optimizations", default.optimizations),
        max_trials=number("max_trials", default.max_trials),
        max_trial_rows=number("max_trial_rows", default.max_trial_rows),
        max_search_seconds=number("max_search_seconds", default.max_search_seconds),
        keep_days=number("keep_days", 0),
        keep_runs=number("keep_runs", 0),
        keep_mib=number("keep_mib", 0),
        quota_mib=number("quota_mib", 0),
    )
