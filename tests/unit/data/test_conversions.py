"""Containers as tables of pandas, polars and Arrow, and back from them."""

import sys

import numpy as np
import polars as pl
import pytest

from btcore.data import Bars, Quotes, Trades

START = 1_704_205_800 * 10**9
TIMES = START + np.array([0, 60, 121]) * 10**9 + 7
ONES = np.ones(3)
DATA = {
    "bars with ends": Bars(TIMES, *[ONES] * 4, ONES, interval="1min", end=TIMES + 59 * 10**9),
    "bars without volume": Bars(TIMES, *[ONES] * 4, interval="1min"),
    "bars of bid and ask": Bars(TIMES, bid=[ONES] * 4, ask=[2 * ONES] * 4, interval="1min"),
    "quotes": Quotes(TIMES, ONES, 2 * ONES, ONES, 3 * ONES),
    "trades": Trades(TIMES, ONES, ONES, np.array([1, -1, 0])),
}


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("package", ["pandas", "polars", "arrow"])
def test_a_container_is_read_back_from_its_table(name, package):
    data = DATA[name]
    table = getattr(data, f"to_{package}")()
    more = {"interval": "1min", "source": data.source} if isinstance(data, Bars) else {}
    found = type(data).from_frame(table, **more)
    assert found == data
    assert found.content_hash == data.content_hash


def test_times_and_ends_are_timestamps_in_nanoseconds_utc():
    data = DATA["bars with ends"]
    times = {
        "polars": [data.to_polars().schema[name] for name in ("timestamp", "end")],
        "arrow": [data.to_arrow().schema.field(name).type for name in ("timestamp", "end")],
        "pandas": [data.to_pandas().index.dtype, data.to_pandas()["end"].dtype],
    }
    assert times["polars"] == [pl.Datetime("ns", "UTC")] * 2
    assert [str(found) for found in times["arrow"]] == ["timestamp[ns, tz=UTC]"] * 2
    assert [str(found) for found in times["pandas"]] == ["datetime64[ns, UTC]"] * 2
    assert data.to_polars()["end"].to_physical().to_list() == data.end.tolist()


def test_an_arrow_table_shares_the_memory():
    data = DATA["quotes"]
    table = data.to_arrow()
    for name, column in data.columns.items():
        assert table[name].chunk(0).buffers()[1].address == column.ctypes.data


def test_a_table_of_pandas_can_be_changed_and_the_container_cannot():
    data = DATA["trades"]
    frame = data.to_pandas()
    frame.iloc[0, 0] = 5.0
    assert data.price[0] == 1.0


@pytest.mark.parametrize(
    ("package", "extra"),
    [("pandas", "pandas"), ("polars", "'btcore[data]'"), ("pyarrow", "'btcore[data]'")],
)
def test_without_the_package_the_error_says_how_to_install_it(package, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError) as refused:
        getattr(DATA["trades"], f"to_{package.removeprefix('py')}")()
    assert str(refused.value) == f"{package} is not installed: pip install {extra}"
