"""API keys. If none is configured, every call is allowed, and `settings` permits loopback addresses only."""

import asyncio
import logging
import time
from collections.abc import Collection, Iterable
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import parse_qsl

WRONG_KEY_SECONDS = 0.1  # between the responses to wrong keys from one address
MAX_WAIT = 10.0  # seconds that such a response takes at most
_MAX_ADDRESSES = 4096
_log = logging.getLogger("btserver.auth")


class ApiKeys:
    """The configured keys as digests, so that a comparison takes the same time for keys of any length."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = [sha256(key.encode()).digest() for key in keys]
        self._next_answer: dict[str, float] = {}  # by address

    def __bool__(self) -> bool:
        return bool(self._digests)

    def allow(self, offered: Iterable[bytes]) -> bool:
        """True if no keys are configured, or if `offered` has at least one key and all of them are valid."""
        if not self._digests:
            return True
        has_key = False
        for key in offered:
            digest = sha256(key).digest()
            matches = 0
            for known in self._digests:  # all of them, so that the time does not depend on which one matches
                matches += compare_digest(digest, known)
            if not matches:
                return False
            has_key = True
        return has_key

    async def slow_down(self, address: str | None, offered: Collection[bytes]) -> None:
        """Logs a wrong key without showing it, and waits; a request without a key is not delayed."""
        if not offered:
            return
        client = address or "unknown"
        _log.warning("a wrong API key from %s", client)
        now = time.monotonic()
        if len(self._next_answer) >= _MAX_ADDRESSES:
            self._next_answer = {name: at for name, at in self._next_answer.items() if at > now}
        at = min(max(now, self._next_answer.get(client, 0.0)) + WRONG_KEY_SECONDS, now + MAX_WAIT)
        self._next_answer[client] = at
        await asyncio.sleep(at - now)


def header_keys(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """Keys in `Authorization: Bearer` and `X-API-Key`; other schemes may be for a proxy and do not count."""
    found = []
    for name, value in headers:
        if name == b"x-api-key":
            found.append(value.strip())
        elif name == b"authorization":
            scheme, _, key = value.strip().partition(b" ")
            if scheme.lower() == b"bearer":
                found.append(key.strip())
    return found


def query_keys(query: bytes) -> list[bytes]:
    """Keys in `?api_key=`, which only streams accept: browsers cannot set headers on a WebSocket."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace")
    return [value.encode() for name, value in pairs if name == "api_key"]
