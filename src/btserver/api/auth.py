"""API keys. If none is configured, every call is allowed, and `settings` permits loopback addresses only."""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import parse_qsl


class ApiKeys:
    """The configured keys as digests, so that a comparison takes the same time for keys of any length."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = [sha256(key.encode()).digest() for key in keys]

    def __bool__(self) -> bool:
        return bool(self._digests)

    def allow(self, offered: Iterable[bytes]) -> bool:
        """True if no keys are configured, or if `offered` has at least one key and all of them are valid."""
        if not self._digests:
            return True
        valid = [self._is_valid(key) for key in offered]
        return bool(valid) and all(valid)

    def _is_valid(self, key: bytes) -> bool:
        digest = sha256(key).digest()
        found = False
        for known in self._digests:  # all of them, so that the time does not depend on which one matches
            found |= hmac.compare_digest(digest, known)
        return found


def header_keys(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """Keys in `Authorization: Bearer` and `X-API-Key`; another scheme counts as a wrong key."""
    found = []
    for name, value in headers:
        if name == b"x-api-key":
            found.append(value.strip())
        elif name == b"authorization":
            scheme, _, key = value.strip().partition(b" ")
            found.append(key.strip() if scheme.lower() == b"bearer" else b"")
    return found


def query_keys(query: bytes) -> list[bytes]:
    """Keys in `?api_key=`, which only streams accept: browsers cannot set headers on a WebSocket."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace")
    return [value.encode() for name, value in pairs if name == "api_key"]
