"""JSON objects that an option names, in a file or on stdin."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from btcore.errors import ConfigError


def read_object(option: str, name: str, what: str) -> dict[str, Any]:
    """The JSON object in the file of that name, or on stdin for "-".

    ConfigError, which names the option and the file, if it is not valid JSON or not an object; `what` is the
    end of that message, which describes the object.
    """
    text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise ConfigError(f"{option} {name}: not valid JSON: {reason}") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{option} {name}: not a JSON object{what}")
    return found
