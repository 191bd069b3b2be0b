"""JSON text of times and rows, compared with the standard library and msgspec."""

import json
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from btcore.results import export
from btcore.results.json_rows import join_rows, times_json

LIMITS = np.iinfo(np.int64)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ['"', "\\", '\\",', "],["]
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), texts)


def spelled(ts):
    """The expected text, by `datetime`, which has microseconds."""
    second, fraction = divmod(ts, 10**9)
    text = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S")
    digits = next(n for n in (0, 3, 6, 9) if fraction % 10 ** (9 - n) == 0)
    return text + (f".{fraction:09d}"[: 1 + digits] if digits else "") + "Z"


@given(st.lists(st.integers(LIMITS.min, LIMITS.max), max_size=20), st.sampled_from([1, 10**3, 10**6, 10**9]))
@example([LIMITS.min, LIMITS.max, 0, -1, 1, 951_782_400 * 10**9, 951_868_800 * 10**9 - 1], 1)
def test_times_agree_with_datetime(moments, unit):
    moments = [ts // unit * unit if ts // unit * unit >= LIMITS.min else ts for ts in moments]
    assert (
        json.loads(times_json(moments))
        == [spelled(ts) for ts in moments]
        == export.rfc3339(np.array(moments, "i8"))
    )
    optional = [None if ts == -1 else spelled(ts) for ts in moments]
    assert json.loads(times_json(moments, True)) == optional


def test_every_day_of_four_centuries():
    days = np.arange(-100_000, 100_000, dtype=np.int64)[::7] * 86_400 * 10**9
    expected = np.datetime_as_string(days.astype("datetime64[ns]"), unit="s")
    assert export.rfc3339(days) == np.strings.add(expected, "Z").tolist()


@given(
    st.integers(1, 5).flatmap(lambda n: st.lists(st.tuples(*[scalars] * n), max_size=8).map(lambda r: (n, r)))
)
def test_columns_are_joined_row_by_row(case):
    width, rows = case
    keys = [f'k"{i}' for i in range(width)]
    columns = [msgspec.json.encode([row[i] for row in rows]) for i in range(width)]
    text = join_rows([msgspec.json.encode(key) for key in keys], columns, len(rows))
    assert text == msgspec.json.encode([dict(zip(keys, row, strict=True)) for row in rows])


def test_there_is_one_column_for_each_key():
    with pytest.raises(ValueError, match="columns: 1 for 2 keys"):
        join_rows([b'"a"', b'"b"'], [b"[1]"], 1)
    with pytest.raises(ValueError, match="at least one"):
        join_rows([], [], 0)
