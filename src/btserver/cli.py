"""`btserver serve`: read the settings, open the store, listen, say where."""

import argparse
import copy
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Sequence
from importlib.metadata import version
from types import FrameType
from typing import Any

import uvicorn

from btserver.api.app import create_app
from btserver.api.limits import HttpProtocol, WebSocketProtocol
from btserver.store.store import Store, StoreError, StoreLockedError

from .settings import Settings, SettingsError, read_settings

GRACE_SECONDS = 3  # for requests under way; with the workers' end that stays below 5
_SECRET = re.compile(r"(api_key=)[^&\s\"']+")

_LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "btserver.cli.Redact"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]},
    },
    "loggers": {
        "btserver": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # At INFO uvicorn writes the path of every WebSocket with its query string, API key included.
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
    },
}


class Redact(logging.Filter):
    """No API key in any line, whoever writes it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without its secrets."""
        record.msg = _SECRET.sub(r"\1***", record.getMessage())
        record.args = None
        return True


class Server(uvicorn.Server):
    """uvicorn's server, which tells its address once it really answers."""

    def __init__(self, config: uvicorn.Config, banner: str) -> None:
        super().__init__(config)
        self._banner = banner

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where we listen, after the workers are under way and the sockets accept."""
        await super().startup(sockets)
        print(self._banner, flush=True)


def main(argv: Sequence[str] | None = None, *, engine: str = "btserver.runs.engine") -> int:
    """The command line; the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        settings = read_settings(vars(arguments), os.environ)
        return serve(settings, engine=engine)
    except (SettingsError, StoreLockedError, StoreError, OSError) as error:
        print(f"btserver: {error}", file=sys.stderr)
        return 2


def serve(settings: Settings, *, engine: str) -> int:
    """Serve until a signal ends it; 0 after a clean stop."""
    store = Store(settings.store)
    try:
        app = create_app(settings, store, engine=engine)
        listener = _listen(settings.host, settings.port)
    except BaseException:
        store.close()
        raise
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
        message = "NO API KEYS are configured: everyone on this machine may call. Set BTSERVER_API_KEYS."
        logging.getLogger("btserver").warning(message)
    server = Server(config, _banner(settings, listener))
    # uvicorn raises the signal again after a clean stop; by then there is nothing left for it to end.
    previous = {number: signal.signal(number, _ignore) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="btserver", description="Backtests over HTTP and WebSocket.")
    parser.add_argument("--version", action="version", version=f"btserver {version('btcore')}")
    command = parser.add_subparsers(dest="command", required=True).add_parser("serve", help="run the server")
    command.add_argument("--host", help="address to listen on (BTSERVER_HOST, 127.0.0.1)")
    command.add_argument("--port", help="port, 0 for a free one (BTSERVER_PORT, 8000)")
    command.add_argument(
        "--data", help="catalog directory (BTSERVER_DATA; without one: synthetic sample data)"
    )
    command.add_argument("--store", help="directory for runs and results (BTSERVER_STORE, btserver-store)")
    command.add_argument("--workers", help="backtests at a time (BTSERVER_WORKERS, cores - 1)")
    return parser


def _listen(host: str, port: int) -> socket.socket:
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        return socket.create_server((bare, port), family=family, backlog=2048)
    except OSError as error:
        raise OSError(f"cannot listen on {host} port {port}: {error.strerror or error}") from error


def _banner(settings: Settings, listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    address = f"[{host}]" if ":" in host else host
    return "\n".join(
        (
            f"btserver {version('btcore')}",
            f"  data     {settings.data or 'synthetic sample data'}",
            f"  store    {settings.store}",
            f"  workers  {settings.workers}",
            f"  keys     {len(settings.api_keys) or 'NONE: open to everyone on this machine'}",
            f"btserver listening on http://{address}:{port}",
        )
    )


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """The signal has been served."""
