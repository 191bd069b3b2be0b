"""API keys: who may call. With none configured everyone may, and `settings` keeps the server on loopback."""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import parse_qsl


class Keys:
    """The configured keys, as digests: comparing those takes the same time whatever the length."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests = [sha256(key.encode()).digest() for key in keys]

    def __bool__(self) -> bool:
        return bool(self._digests)

    def allow(self, offered: Iterable[bytes]) -> bool:
        """True if at least one key was offered and every one offered is valid (or no keys are configured)."""
        if not self._digests:
            return True
        answers = [self._known(key) for key in offered]
        return bool(answers) and all(answers)

    def _known(self, key: bytes) -> bool:
        digest = sha256(key).digest()
        found = False
        for known in self._digests:  # all of them, so that the time does not tell which one matched
            found |= hmac.compare_digest(digest, known)
        return found


def header_keys(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """Keys offered as `Authorization: Bearer` and `X-API-Key`; another scheme counts as a wrong key."""
    found = []
    for name, value in headers:
        if name == b"x-api-key":
            found.append(value.strip())
        elif name == b"authorization":
            scheme, _, key = value.strip().partition(b" ")
            found.append(key.strip() if scheme.lower() == b"bearer" else b"")
    return found


def query_keys(query: bytes) -> list[bytes]:
    """Keys offered as `?api_key=`, for streams alone: browsers cannot set headers on a WebSocket."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace")
    return [value.encode() for name, value in pairs if name == "api_key"]
