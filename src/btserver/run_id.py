"""Run ids: UUIDs of version 7, as 16 bytes in the store and as 36 characters in the API."""

import re
import secrets

RUN_ID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![\s\S])"
_RUN_ID = re.compile(RUN_ID_PATTERN)


def new_run_key(now_ns: int) -> bytes:
    """A new UUID of version 7 as bytes: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = (now_ns // 1_000_000) & (2**48 - 1)
    value = milliseconds << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return value.to_bytes(16, "big")


def run_text(run: bytes) -> str:
    """The id as text, as clients see it."""
    text = run.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def run_key(text: str) -> bytes | None:
    """The 16 bytes of an id, or None if `text` is not a run id in lower case."""
    return bytes.fromhex(text.replace("-", "")) if _RUN_ID.match(text) else None
