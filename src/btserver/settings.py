"""The settings of the server: flags, `BTSERVER_*` environment variables, defaults."""

import os
from collections.abc import Mapping
from ipaddress import ip_address

from msgspec import Struct

DEFAULT_STORE = "btserver-store"


class SettingsError(Exception):
    """An invalid setting; the message names it and says what is allowed."""


def default_workers() -> int:
    """The number of cores less one, which is left to the event loop; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


class Settings(Struct, frozen=True, kw_only=True):
    """Address, directories of data and store, number of workers, and API keys; SettingsError if invalid."""

    host: str = "127.0.0.1"
    port: int = 8000
    data: str | None = None
    store: str = DEFAULT_STORE
    workers: int = 1
    api_keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise SettingsError(f"port: {self.port} is not between 0 and 65535")
        if not 1 <= self.workers <= 1024:
            raise SettingsError(f"workers: {self.workers} is not between 1 and 1024")
        if not self.api_keys and not is_loopback(self.host):
            raise SettingsError(
                f"host: refusing to listen on {self.host!r} without API keys; "
                "set BTSERVER_API_KEYS (comma-separated) or listen on 127.0.0.1"
            )


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

    keys = tuple(key for part in environment.get("BTSERVER_API_KEYS", "").split(",") if (key := part.strip()))
    return Settings(
        host=text("host", default.host),
        port=number("port", default.port),
        data=text("data", "") or None,
        store=text("store", default.store),
        workers=number("workers", default_workers()),
        api_keys=keys,
    )
