"""Errors of values decoded from JSON."""

import json

import msgspec
import pytest

from btcore.config import fault


def decoding_error(value, kind) -> str:
    """The error of decoding `value` from JSON, as the server reports it."""
    text = json.dumps(value)
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.json.decode(text, type=kind)
    return fault(caught.value, msgspec.json.decode(text), kind)
