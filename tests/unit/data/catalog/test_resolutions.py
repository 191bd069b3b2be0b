"""Bars of any length are stored, several streams of a symbol beside each other, and read as they were."""

import numpy as np
import pytest

from btcore.data import Bars, Catalog, Quotes, Trades
from btcore.errors import DataError

MINUTE = 60 * 10**9
DAY = 1440 * MINUTE
START = 1_704_067_200 * 10**9  # 2024-01-01 00:00 UTC, a Monday
ONES = np.ones(3)


def fixed(length):
    return Bars(START + length * np.arange(3), *[ONES] * 4, interval=int(length))


def calendar(unit, name):
    starts = np.arange("2024", "2027", dtype=f"M8[{unit}]")[:3].astype("M8[ns]")
    return Bars(starts, *[ONES] * 4, interval=name, timezone="UTC")


def irregular():
    starts = START + np.array([0, 10, 700])
    return Bars(starts, *[ONES] * 4, interval=0, end=starts + 5)


STREAMS = {
    "15s": fixed(15 * 10**9),
    "5min": fixed(5 * MINUTE),
    "15min": fixed(15 * MINUTE),
    "4h": fixed(240 * MINUTE),
    "1w": fixed(7 * DAY),
    "250ms": fixed(250 * 10**6),
    "1mo": calendar("M", "1mo"),
    "1q": Bars(np.array(["2024-01-01", "2024-04-01", "2024-07-01"], "M8[ns]"), *[ONES] * 4, interval="1q"),
    "1y": calendar("Y", "1y"),
    "irregular": irregular(),
    "minute": fixed(MINUTE),
    "day": fixed(DAY),
}


@pytest.mark.parametrize("resolution", STREAMS)
@pytest.mark.parametrize("streamed", [False, True])
def test_bars_of_any_length_are_read_as_written(catalog, resolution, streamed):
    bars = STREAMS[resolution].with_notes(("read from a file",))
    (entry,) = catalog.write_stream({"A": [bars]}) if streamed else catalog.write("A", bars, resolution)
    assert entry.resolution == resolution == bars.resolution
    found = Catalog(catalog.path).read("A", resolution)
    assert found == bars
    assert found.content_hash == bars.content_hash
    assert (found.resolution, found.timezone, found.notes) == (resolution, bars.timezone, bars.notes)
    assert found.end.tolist() == bars.end.tolist()


def test_all_streams_of_a_symbol_lie_beside_its_ticks(catalog):
    quotes, trades = Quotes([START], [1.0], [2.0]), Trades([START], [1.5])
    for bars in STREAMS.values():
        catalog.write("A", bars)
    catalog.write("A", [quotes, trades])
    assert len(catalog.list()) == len(STREAMS) + 2
    for resolution, bars in STREAMS.items():
        assert catalog.load("A", resolution, START, START + 3000 * DAY) == (bars,)
        assert catalog.symbols(resolution) == ["A"]
        assert list(catalog.merge(["A"], resolution)) == ["A"]
        catalog.check("A", resolution, START, START + 1)
    assert catalog.load("A", "tick", START, START + 1) == (quotes, trades)


@pytest.mark.parametrize(
    ("other", "resolution"),
    [("7d", "1w"), ("300s", "5min"), ("60s", "minute"), ("1d", "day"), ("24h", "day"), ("12mo", "1y")],
)
def test_other_names_of_a_length_mean_the_same_dataset(catalog, other, resolution):
    bars = STREAMS[resolution]
    catalog.write("A", bars, other)
    assert catalog.read("A", other) == bars
    assert catalog.load("A", other, START, START + DAY)
    assert catalog.symbols(other) == ["A"]
    catalog.check("A", other, START, START + 1)
    assert catalog.delete("A", other) == 1


def test_days_of_the_calendar_keep_their_zone_and_their_ends(catalog):
    days = np.arange("2024-03-08", "2024-03-13", dtype="M8[D]")  # New York's clock is put forward
    bars = Bars(days.astype("M8[ns]"), *[np.ones(5)] * 4, interval="1d", timezone="America/New_York")
    catalog.write("A", bars)
    found = catalog.read("A", "day")
    assert found.timezone == "America/New_York"
    assert set((found.end - found.timestamp).tolist()) == set((bars.end - bars.timestamp).tolist())


def test_source_chooses_among_bars_of_one_length(catalog):
    trade, mid = (
        STREAMS["5min"],
        Bars(STREAMS["5min"].timestamp, *[ONES * 2] * 4, interval="5min", source="mid"),
    )
    catalog.write("A", [trade, mid])
    assert catalog.read("A", "5min") == trade
    assert catalog.read("A", "5min", source="mid") == mid
    with pytest.raises(DataError, match="no 5min bars of bid of 'A'; there is 5min bars of mid from"):
        catalog.read("A", "5min", kind="bars", source="bid")


@pytest.mark.parametrize("wrong", ["5 min", "weekly", "0min", "5Min", "", None, 5, "999999999y"])
def test_what_is_no_resolution_is_refused(catalog, wrong):
    catalog.write("A", STREAMS["5min"])
    with pytest.raises(DataError, match="resolution: "):
        catalog.load("A", wrong, 0, 1)
    with pytest.raises(DataError, match="resolution: "):
        catalog.merge(["A"], wrong)
    if wrong is not None:
        with pytest.raises(DataError, match="resolution: "):
            catalog.delete("A", wrong)
        with pytest.raises(DataError, match="resolution: "):
            catalog.symbols(wrong)
        with pytest.raises(DataError, match="resolution: "):
            catalog.write("A", STREAMS["5min"], wrong)


def test_errors_list_the_resolutions_there_are(catalog):
    catalog.write("A", [STREAMS["5min"], STREAMS["1mo"]])
    with pytest.raises(DataError, match=r"no minute data of 'A'; there is 1mo bars from .*; 5min bars from"):
        catalog.read("A", "minute")
    with pytest.raises(DataError, match="A: the data have resolution 5min, not 15min"):
        catalog.write("A", STREAMS["5min"], "15min")


def test_pieces_of_several_zones_have_none_and_a_note_says_so(catalog):
    first, second = (
        Bars([START + i * MINUTE], [1.0], [1.0], [1.0], [1.0], interval="1min", timezone=zone)
        for i, zone in enumerate(["Asia/Tokyo", None])
    )
    (entry,) = catalog.write_stream({"A": [first, second]})
    assert entry.timezone is None
    assert entry.notes[-1] == "timezone: unknown, as the pieces have several: Asia/Tokyo and unknown"
    assert catalog.write_stream({"A": [first]})[0].timezone == "Asia/Tokyo"


def test_pieces_of_other_months_are_refused(catalog):
    month, quarter = (
        Bars(np.array([start], "M8[ns]"), [1.0], [1.0], [1.0], [1.0], interval=length)
        for start, length in (("2024-01-01", "1mo"), ("2024-04-01", "1q"))
    )
    with pytest.raises(DataError, match=r"months=3\) cannot follow .*months=1\)"):
        catalog.write_stream({"A": [month, quarter]})
