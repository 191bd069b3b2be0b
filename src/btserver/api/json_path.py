"""Names the keys in the path of a decoding error: msgspec writes `[...]` for the key of a mapping."""

import re
from bisect import bisect_left
from typing import Any

import msgspec

SHOWN = 64  # characters of a key
MAX_KEYS = 256  # more than a valid request has; bisection decodes the body several times
_AT = re.compile(r"^(?P<message>.*) - at (?P<is_key>`key` in )?`(?P<path>[^`]*)`$", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>\w+)|\[(?P<index>\d+)\]")


def name_keys(text: str, body: bytes, kind: Any) -> str:
    """The text of the error that decoding `body` as `kind` raised, with keys: `$.fx['EUR']` for `$.fx[...]`.

    Unchanged if a key cannot be found: the JSON is invalid after the error, or the mapping has too many keys.
    """
    at = _AT.match(text)
    if at is None or not (at["is_key"] or "[...]" in at["path"]):
        return text
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return text
    path, *others = at["path"].split("[...]")
    value = _follow(document, path)
    for part in others:
        key = _invalid_key(document, value, kind, text)
        if key is None:
            return text
        path += f"[{key[:SHOWN]!r}]{part}"
        value = _follow(value[key], part)
    if not at["is_key"]:
        return f"{at['message']} - at `{path}`"
    key = _invalid_key(document, value, kind, text)
    return text if key is None else f"key {key[:SHOWN]!r}: {at['message']} - at `{path}`"


def _follow(value: Any, path: str) -> Any:
    for step in _STEP.finditer(path):
        value = value[int(step["index"])] if step["index"] else value[step["name"]]
    return value


def _invalid_key(document: Any, mapping: dict[str, Any], kind: Any, text: str) -> str | None:
    """The first key that makes `document` fail with `text`, by bisection; `mapping` then has no other key."""
    items = list(mapping.items())
    if len(items) > MAX_KEYS:
        return None

    def fails(count: int) -> bool:
        mapping.clear()
        mapping.update(items[:count])
        try:
            msgspec.convert(document, kind)
        except msgspec.ValidationError as error:
            return str(error) == text
        return False

    at = bisect_left(range(1, len(items) + 1), True, key=fails)
    if at == len(items):
        return None
    mapping.clear()
    mapping.update(items[at : at + 1])
    return items[at][0]
