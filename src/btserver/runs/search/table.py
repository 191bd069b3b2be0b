"""Trials as a table for Arrow and Parquet: a column for each parameter and each metric."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pyarrow

from btserver.runs.engine import write_arrow

FIRST, LAST = ("trial_id", "objective"), ("duration_seconds", "error")


def write_trials(media_type: str, trials: Sequence[Mapping[str, Any]]) -> bytes:
    """The trials as an Arrow stream or a Parquet file.

    A parameter with the name of another column is `param_NAME`; one whose values are of several types is
    JSON text.
    """
    parameters = dict.fromkeys(name for trial in trials for name in trial["parameters"])
    metrics = dict.fromkeys(name for trial in trials for name in trial["metrics"])
    taken = {*FIRST, *LAST, *metrics}
    found: dict[str, list[Any]] = {"trial_id": [trial["trial_id"] for trial in trials]}
    for name in parameters:
        column = f"param_{name}" if name in taken else name
        found[column] = [trial["parameters"].get(name) for trial in trials]
    found["objective"] = [trial["objective"] for trial in trials]
    for name in metrics:
        found[name] = [trial["metrics"].get(name) for trial in trials]
    for name in LAST:
        found[name] = [trial[name] for trial in trials]
    table = pyarrow.table({name: _column(values) for name, values in found.items()})
    return write_arrow(media_type, table)


def _column(values: list[Any]) -> Any:
    kinds = {type(value) for value in values} - {type(None)}
    if kinds == {int, float}:
        return pyarrow.array(values, pyarrow.float64())
    if len(kinds) > 1 or kinds & {list, dict}:
        return pyarrow.array([msgspec.json.encode(value).decode() for value in values])
    return pyarrow.array(values)
