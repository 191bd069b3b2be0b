"""Lengths of time."""

import re
from pathlib import Path

import btcore
from btcore.times.intervals import DAY_NS


def test_a_day_has_the_same_length_in_c() -> None:
    header = (Path(btcore.__file__).parent / "model.pxd").read_text()
    lengths = re.findall(r"#define BTCORE_DAY_NS INT64_C\((\d+)\)", header)
    assert [int(length) for length in lengths] == [DAY_NS]
