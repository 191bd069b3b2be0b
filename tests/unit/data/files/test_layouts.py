"""A market written in any layout is read back to the nanosecond and to the last bit."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from text_layouts import layouts, markets, write

from btcore.data import read_csv, scan_csv

random_files = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def same(found, data):
    assert type(found) is type(data)
    assert found.timestamp.tolist() == data.timestamp.tolist()
    assert set(found.columns) == set(data.columns)
    for name, column in data.columns.items():
        assert found.columns[name].tobytes() == column.tobytes(), name
    assert found == data


@given(st.data())
@random_files
def test_any_layout_gives_the_market(tmp_path, drawn):
    assert_read_back(tmp_path, drawn)


@pytest.mark.long
@settings(random_files, max_examples=10_000)
@given(st.data())
def test_any_layout_gives_the_market_many_times(tmp_path, drawn):
    assert_read_back(tmp_path, drawn)


def assert_read_back(tmp_path, drawn):
    layout = drawn.draw(layouts())
    data = drawn.draw(markets(layout))
    file = tmp_path / "market.csv"
    file.write_bytes(write(data, layout))
    options = {**layout.options}
    if layout.decimal == ",":
        options["decimal"] = ","
    if data.kind == "bars":
        options["interval"] = data.interval
    same(read_csv(file, data.kind, **options), data)
    if layout.newest_first:
        return
    pieces = list(scan_csv(file, data.kind, rows=drawn.draw(st.integers(1, 13)), **options))
    for name, column in data.columns.items():
        assert np.concatenate([piece.columns[name] for piece in pieces]).tobytes() == column.tobytes()
