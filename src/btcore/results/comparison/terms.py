"""What differs between runs: settings, data and versions of their manifests."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from btcore.results.pages import shorten
from btcore.times.clock import moment_text

ABSENT = "-"
TIMES = ("first", "last", "start", "end")
LONGEST = 80  # characters of a value


def differing_terms(manifests: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The terms that are not the same in all manifests, each with a text for every run."""
    all_terms = [dict(_terms(manifest)) for manifest in manifests]
    names = dict.fromkeys(name for terms in all_terms for name in terms)
    return {
        name: [_text(name, terms[name]) if name in terms else ABSENT for terms in all_terms]
        for name in names
        if any(name not in terms or terms[name] != all_terms[0].get(name) for terms in all_terms)
    }


def _terms(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in manifest.items():
        if name == "run" and isinstance(value, Mapping):
            yield from _flat("", value)
        elif name == "data" and isinstance(value, list):
            for stream in value:
                below = f"data.{stream.get('symbol')}.{stream.get('kind')}"
                yield from _flat(
                    below, {k: v for k, v in stream.items() if k not in ("symbol", "kind", "notes")}
                )
        else:
            yield from _flat(name, value)


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield name, value
        return
    for key, each in value.items():
        yield from _flat(f"{name}.{key}" if name else str(key), each)


def _text(name: str, value: Any) -> str:
    last = name.rpartition(".")[2]
    if value is None:
        return "none"
    if last.endswith("sha256"):
        return str(value)[:12]
    if last in TIMES and isinstance(value, int):
        return moment_text(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return shorten(text, LONGEST)
