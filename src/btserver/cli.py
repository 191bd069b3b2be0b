"""The command line: `btserver serve` listens and prints its address; `check` and `backup` of a store."""

import argparse
import asyncio
import copy
import gc
import logging
import os
import re
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from btcore.cli.parser import Parser
from btcore.errors import ConfigError
from btserver.api.app import create_app
from btserver.api.limits import HttpProtocol
from btserver.api.websocket_protocol import WebSocketProtocol
from btserver.store.checkup import check_store
from btserver.store.files import back_up
from btserver.store.store import Store, StoreError, StoreLockedError

from .settings import Settings, SettingsError, read_settings

SPARE_DESCRIPTORS = 16  # for files, sockets that are being refused, and the store
WORKER_DESCRIPTORS = 4  # that the start of a worker needs
GRACE_SECONDS = 3  # for open requests; with the end of the workers, a stop takes less than 5 s
_SECRET = re.compile(r"(api_key=)[^&\s\"']+")

_SERVE_FLAGS = {
    "host": "address to listen on (BTSERVER_HOST; default 127.0.0.1)",
    "port": "port; 0 for any free one (BTSERVER_PORT; default 8000)",
    "data": "catalog directory (BTSERVER_DATA; default synthetic sample data)",
    "strategies": "folder of Python files with strategies, which are executed (BTSERVER_STRATEGIES)",
    "store": "directory for runs and results (BTSERVER_STORE; default btserver-store)",
    "workers": "number of backtests at a time (BTSERVER_WORKERS; default cores - 1)",
    "allowed-hosts": "names in Host, comma-separated (BTSERVER_ALLOWED_HOSTS; default any)",
    "cors-origins": "origins whose pages may call, comma-separated (BTSERVER_CORS_ORIGINS)",
    "max-rows": "rows of a run; 0 for any (BTSERVER_MAX_ROWS; default 500000000)",
    "max-memory": "MiB of a worker; 0 for any (BTSERVER_MAX_MEMORY; default 80%% of the machine, shared)",
    "max-seconds": "seconds of a run; 0 for any (BTSERVER_MAX_SECONDS; default 3600)",
    "executor": "what plays trials: threads, processes or ray (BTSERVER_EXECUTOR; default threads)",
    "optimizations": "number of optimizations at a time (BTSERVER_OPTIMIZATIONS; default 1)",
    "max-trials": "trials of an optimization; 0 for any (BTSERVER_MAX_TRIALS; default 10000)",
    "max-trial-rows": "rows times trials; 0 for any (BTSERVER_MAX_TRIAL_ROWS; default 50000000000)",
    "max-search-seconds": "seconds of an optimization; 0: any (BTSERVER_MAX_SEARCH_SECONDS; default 86400)",
    "keep-days": "days for which ended runs are kept; 0 for ever (BTSERVER_KEEP_DAYS)",
    "keep-runs": "ended runs that are kept; 0 for all (BTSERVER_KEEP_RUNS)",
    "keep-mib": "MiB of the store above which the oldest ended runs are deleted (BTSERVER_KEEP_MIB)",
    "quota-mib": "MiB of the store above which no run is accepted (BTSERVER_QUOTA_MIB)",
}

_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "btserver.cli.RedactKeys"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]},
    },
    "loggers": {
        "btserver": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # At INFO, uvicorn logs the path of every WebSocket with its query string, which may hold an API key.
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}


class RedactKeys(logging.Filter):
    """Removes API keys from every log line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replaces the values of `api_key=` in the message; passes every record."""
        record.msg = _SECRET.sub(r"\1***", record.getMessage())
        record.args = None
        return True


class Server(uvicorn.Server):
    """uvicorn's server, which prints a banner when it has started."""

    def __init__(self, config: uvicorn.Config, banner: str) -> None:
        super().__init__(config)
        self._banner = banner

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Prints the banner once the application has started and the sockets accept."""
        await super().startup(sockets)
        # What exists now stays: the collector need not look at it again, which takes 30 ms each time.
        gc.collect()
        gc.freeze()
        print(self._banner, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Also aborts connections that are still open: what they were sent is not read."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)  # a turn in which they close


def main(argv: Sequence[str] | None = None, *, engine: str = "btserver.runs.engine") -> int:
    """Runs the command line; returns the exit code, 2 for a setting or store that cannot be used."""
    try:
        arguments = _parser().parse_args(argv)
        settings = read_settings(vars(arguments), os.environ)
        if arguments.command == "check":
            return check(Path(settings.store))
        if arguments.command == "backup":
            return backup(Path(settings.store), Path(arguments.directory))
        return serve(settings, engine=engine)
    except (ConfigError, SettingsError, StoreLockedError, StoreError, OSError) as error:
        print(f"btserver: {error}", file=sys.stderr)
        return 2


def serve(settings: Settings, *, engine: str) -> int:
    """Serves until SIGTERM or SIGINT; returns 0 after a clean stop."""
    store = Store(settings.store)
    try:
        app = create_app(settings, store, engine=engine)
        listener = _listen(settings.host, settings.port)
    except BaseException:
        store.close()
        raise
    HttpProtocol.max_connections = _connection_limit(settings.workers + settings.optimizations)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_per_message_deflate=False,
        ws_max_size=65536,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=2048,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
        log_config=copy.deepcopy(_LOGGING),
    )
    if not settings.api_keys:
        message = "NO API KEYS are configured: every user of this machine has access. Set BTSERVER_API_KEYS."
        logging.getLogger("btserver").warning(message)
    server = Server(config, _banner(settings, listener))
    # uvicorn raises the signal again after a clean stop; ignored, so that the exit code is 0.
    previous = {number: signal.signal(number, _ignore) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0


def check(store: Path) -> int:
    """Prints what is damaged in a store; returns 1 if anything is."""
    if not (store / "data.mdb").exists():
        raise StoreError(f"{store} has no store")
    runs, problems = check_store(store)
    for problem in problems:
        print(problem)
    print(f"{store}: {len(problems)} problems" if problems else f"{store} is sound: {runs} runs")
    return 1 if problems else 0


def backup(store: Path, directory: Path) -> int:
    """Copies a store, which may be in use, to a new directory."""
    size = back_up(store, directory)
    print(f"{store} is copied to {directory}: {size} bytes")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="btserver", description="Backtests over HTTP and WebSocket.")
    parser.add_argument("--version", action="version", version=f"btserver {version('btcore')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    command = commands.add_parser("serve", help="run the server")
    for flag, text in _SERVE_FLAGS.items():
        command.add_argument(f"--{flag}", help=text)
    for name, text in (
        ("check", "look for damage in the store of a server that is stopped"),
        ("backup", "copy a store, also of a running server"),
    ):
        other = commands.add_parser(name, help=text)
        other.add_argument("--store", help="directory of the store (BTSERVER_STORE; default btserver-store)")
        if name == "backup":
            other.add_argument("directory", help="where the copy goes; a new or empty directory")
    return parser


def _listen(host: str, port: int) -> socket.socket:
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        return socket.create_server((bare, port), family=family, backlog=2048)
    except OSError as error:
        raise OSError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error


def _connection_limit(workers: int) -> int:
    """How many connections the descriptors of this process allow, if some are kept for workers and files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    limit = hard if hard != resource.RLIM_INFINITY else 2**20
    opened = Path("/proc/self/fd")
    kept = len(list(opened.iterdir())) if opened.is_dir() else 32
    kept += SPARE_DESCRIPTORS + WORKER_DESCRIPTORS * workers
    return max(1, min(HttpProtocol.max_connections, limit - kept))


def _banner(settings: Settings, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    address = f"[{host}]" if ":" in host else host
    return "\n".join(
        (
            f"btserver {version('btcore')}",
            f"  data     {settings.data or 'synthetic sample data'}",
            *([f"  own      strategies of {settings.strategies}"] if settings.strategies else []),
            f"  store    {settings.store}",
            f"  workers  {settings.workers}",
            f"  trials   by {settings.executor}",
            f"  keys     {len(settings.api_keys) or 'NONE: open to every user of this machine'}",
            f"btserver listening on http://{address}:{port}",
        )
    )


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Ignores a signal that uvicorn has handled already."""
