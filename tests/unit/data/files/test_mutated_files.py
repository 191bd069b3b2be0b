"""A file that was cut, doubled, shuffled or changed in a byte gives what it says, or a DataError."""

import csv
import io
import random
import re
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from text_layouts import NAMES, Layout, layouts, markets, write

from btcore.data import read_csv
from btcore.errors import DataError

random_files = settings(
    max_examples=500,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
MUTATIONS = ("cut", "doubled", "shuffled", "changed", "lost", "added", "line lost", "line doubled", "swapped")


@random_files
@given(st.data())
def test_a_mutated_file_is_read_rightly_or_refused(tmp_path, drawn):
    assert_right_or_refused(tmp_path, drawn)


@pytest.mark.long
@settings(random_files, max_examples=20_000)
@given(st.data())
def test_a_mutated_file_is_read_rightly_or_refused_many_times(tmp_path, drawn):
    assert_right_or_refused(tmp_path, drawn)


@settings(random_files, max_examples=200)
@given(st.data(), layouts())
def test_a_mutated_file_of_any_layout_is_read_or_refused(tmp_path, drawn, layout):
    """What it says is not checked here: compressed files and other decimal points have no simple reading."""
    data = drawn.draw(markets(layout))
    file = tmp_path / "market.csv"
    file.write_bytes(mutated(write(data, layout), drawn))
    attempt(file, data.kind, layout.options)


def assert_right_or_refused(tmp_path, drawn):
    layout = drawn.draw(
        st.builds(
            Layout,
            delimiter=st.sampled_from([",", ";", "\t"]),
            clock=st.sampled_from(["iso Z", "ms", "ns"]),
            line_end=st.sampled_from(["\n", "\r\n"]),
            quoted=st.booleans(),
        )
    )
    data = drawn.draw(markets(layout))
    content = mutated(write(data, layout), drawn)
    file = tmp_path / "market.csv"
    file.write_bytes(content)
    found = attempt(file, data.kind, {}, len(content.splitlines()))
    if found is not None:
        assert_says(found, content.decode(), layout)


def mutated(content, drawn):
    """The bytes after one accident."""
    what = drawn.draw(st.sampled_from(MUTATIONS))
    place = drawn.draw(st.integers(0, len(content) - 1))
    byte = bytes(
        [drawn.draw(st.one_of(st.integers(0, 255), st.sampled_from(list(b'"\n\r,;\t 0123456789-.'))))]
    )
    lines = content.splitlines(keepends=True)
    line = place % len(lines)
    if what == "shuffled":
        lines[1:] = random.Random(place).sample(lines[1:], len(lines) - 1)
        return b"".join(lines)
    if what == "swapped":
        other = (place * 7 + 1) % len(content)
        swapped = bytearray(content)
        swapped[place], swapped[other] = swapped[other], swapped[place]
        return bytes(swapped)
    return {
        "cut": content[:place],
        "doubled": content + content,
        "changed": content[:place] + byte + content[place + 1 :],
        "lost": content[:place] + content[place + 1 :],
        "added": content[:place] + byte + content[place:],
        "line lost": b"".join(lines[:line] + lines[line + 1 :]),
        "line doubled": b"".join(lines[: line + 1] + lines[line:]),
    }[what]


def attempt(file, kind, options, lines=None):
    """The container, or None if the file is refused as files are to be refused."""
    try:
        return read_csv(file, kind, **options)
    except DataError as error:
        text = str(error)
    place = re.match(r"market\.csv(?: (?:line|row) ([1-9]\d*))?: ", text)
    assert place, text
    if lines is not None and place[1]:
        assert int(place[1]) <= lines, text
    for foreign in ("polars", "numpy", "truncate_ragged_lines", "Schema", "Traceback", "dtype"):
        assert foreign not in text
    return None


def assert_says(found, text, layout):
    """The container has the values that stand in the text, read in the simplest way."""
    universal = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = csv.reader(io.StringIO(universal), delimiter=layout.delimiter, strict=True)
    header, *texts = [[value.strip() for value in row] for row in lines if any(map(str.strip, row))]
    names = [letters(name) for name in header]
    texts = [row for row in texts if row != header]
    assert len(found) == len(texts)
    for name in NAMES[found.kind]:
        if name != "timestamp" and name in found.columns:
            place = names.index(letters(name))
            assert [number(row[place]) for row in texts] == found.columns[name].tolist()
    times = [row[names.index("timestamp")].upper() for row in texts]
    scale = {"ms": 10**6, "ns": 1}.get(layout.clock)
    expected = [int(Decimal(time) * scale) if scale else instant(time) for time in times]
    assert found.timestamp.tolist() == expected


def letters(name):
    """What counts in the name of a column."""
    return re.sub(r"[\W_]", "", name).lower()


def number(text):
    """A number, which may have currency signs or end in %, K, M, B or T, or an empty text for none."""
    text = text.strip("$€£¥ ")
    scale = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "%": 1}.get(text[-1:].upper())
    return float(text or 0) if scale is None else float(text[:-1]) * scale


def instant(time):
    """Nanoseconds of an ISO 8601 time in UTC whose hour and others may lack their zero."""
    time = re.sub(r"\s+(?=\d)", " ", time)  # an hour of one digit may have a blank more before it
    padded = re.sub(r"(?<!\d)(?<!\.)(\d)(?!\d)", r"0\1", time.removesuffix("Z"))
    return int(np.datetime64(padded, "ns").astype(np.int64))
