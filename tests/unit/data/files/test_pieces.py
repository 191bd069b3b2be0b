"""Tables in pieces become the container of the whole file, cut; the last piece has the notes of all."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from btcore.data import Bars, Trades
from btcore.data.files.build import Pieces, Reading
from btcore.data.files.lines import Lines
from btcore.data.tables.options import TableSettings
from btcore.errors import ConfigError, DataError

START = 1_704_205_800 * 10**9  # 2024-01-02 14:30


def pieces(frame, size, kind="trades", **options):
    """The containers of a frame that is cut into pieces of `size` rows; row 0 is line 2."""
    reading = Reading(
        Path("a.csv"), kind, TableSettings.of("scan_csv", options), Lines.counted(2), ("by hand",)
    )
    made = Pieces(reading, reading.match(frame.columns))
    for start in range(0, frame.height, size):
        piece = made.add(frame[start : start + size], Lines.counted(2 + start))
        if piece is not None:
            yield piece
    yield made.finish()


def trades(prices, **more):
    times = START + np.arange(len(prices)) * 10**9
    return pl.DataFrame({"time": times, "price": prices, **more}, strict=False)


def test_pieces_are_the_rows_of_the_whole_file():
    frame = trades([float(x) for x in range(1, 12)])
    made = list(pieces(frame, 4))
    assert [len(piece) for piece in made] == [4, 4, 3]
    whole = Trades.from_frame(frame)
    assert np.concatenate([piece.price for piece in made]).tolist() == whole.price.tolist()
    assert np.concatenate([piece.timestamp for piece in made]).tolist() == whole.timestamp.tolist()


def test_counts_of_the_last_piece_are_those_of_the_file():
    frame = trades([1.0, None, 3.0, None, 5.0, None, None, 8.0, 9.0])
    made = list(pieces(frame, 4, missing="drop"))
    assert [len(piece) for piece in made] == [2, 2, 1]
    assert [piece.notes for piece in made[:-1]] == [(), ()]
    assert "by hand" in made[-1].notes
    assert "rows dropped, as price is missing: 4 of 9 rows" in made[-1].notes


def test_the_rows_of_a_symbol_may_be_in_some_pieces_only():
    frame = trades([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], symbol=["A", "A", "B", "B", "A", "B"])
    made = list(pieces(frame, 2, symbol="A"))
    assert [piece.price.tolist() for piece in made] == [[1.0, 2.0], [5.0]]
    assert "rows of the symbol 'A': 3 of 6 rows" in made[-1].notes
    with pytest.raises(DataError, match=r"^a\.csv: no rows are left"):
        list(pieces(frame, 2, symbol="C"))


def test_a_second_symbol_in_a_later_piece_is_refused():
    frame = trades([1.0, 2.0, 3.0, 4.0], symbol=["A", "A", "A", "B"])
    found = pieces(frame, 2)
    assert next(found).price.tolist() == [1.0, 2.0]
    with pytest.raises(DataError, match=r"a\.csv: the column 'symbol' has 2 values, 'A', 'B'"):
        next(found)


def bars_of(dates):
    prices = {name: pl.lit(1.0) for name in ("open", "high", "low", "close")}
    return pl.DataFrame({"date": dates}).with_columns(**prices)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_notes_of_the_last_piece_are_those_of_the_file_each_once(size):
    times = [f"2024-11-03 0{hour}" for hour in ("0:59", "1:00", "1:30", "1:59", "2:00")]
    frame = pl.DataFrame({"time": times, "price": [1.0] * len(times)})
    options = {"timezone": "America/New_York", "dst": "earlier"}
    *_, last = pieces(frame, size, **options)
    assert last.notes == ("by hand", *Trades.from_frame(frame, **options).notes)
    assert "local times that occur twice (dst=earlier): 3 of 5 rows" in last.notes


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("sides", ["AABBSS", "BBSSAA", "ANNSBB"])
def test_letters_with_two_meanings_in_different_pieces_are_refused(size, sides):
    with pytest.raises(DataError, match=r"side is not .*there are A and others than B and N"):
        list(pieces(trades([1.0] * 6, side=list(sides)), size))


def test_digits_of_times_of_day_are_those_of_the_first_piece():
    """In the second piece 500 is 00:05:00, not 05:00, after the 093000 of the first."""
    dates = ["20240102", "20240102", "20240103", "20240103"]
    frame = pl.DataFrame({"date": dates, "time": ["93000", "93001", "0", "500"], "price": [1.0] * 4})
    made = np.concatenate([piece.timestamp for piece in pieces(frame, 2)])
    assert made.tolist() == Trades.from_frame(frame).timestamp.tolist()
    later = frame.with_columns(time=pl.Series(["0", "500", "93000", "93001"]), date=pl.lit("20240102"))
    with pytest.raises(DataError, match=r"time: times of day of 5 digits follow those of 4"):
        list(pieces(later, 2))


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_bars_end_where_they_do_in_the_whole_file(size):
    days = bars_of([f"2024-03-{day:02}" for day in range(7, 14)])  # that of the 10th has 23 hours
    options = {"interval": "1d", "timezone": "America/New_York"}
    whole = Bars.from_frame(days, **options)
    made = list(pieces(days, size, "bars", **options))
    assert np.concatenate([piece.end for piece in made]).tolist() == whole.end.tolist()
    assert np.concatenate([piece.timestamp for piece in made]).tolist() == whole.timestamp.tolist()


@pytest.mark.parametrize(
    ("prices", "times", "message"),
    [
        ([1.0, 2.0, 3.0, -4.0], [0, 1, 2, 3], r"a\.csv row 5: price is not positive"),
        ([1.0, 2.0, 3.0, 4.0], [0, 1, 0, 3], r"a\.csv row 4: unsorted"),
        ([1.0, 2.0, 3.0, 4.0], [0, 1, 3, 2], r"a\.csv row 5: unsorted"),
        ([1.0, 2.0, None, 4.0], [0, 1, 2, 3], r"a\.csv row 4: price is missing"),
    ],
)
def test_pieces_before_an_invalid_row_are_given(prices, times, message):
    frame = pl.DataFrame({"time": [START + time for time in times], "price": prices})
    found = pieces(frame, 2)
    assert next(found).price.tolist() == [1.0, 2.0]
    with pytest.raises(DataError, match=message):
        list(found)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (["2024-01-03", "2024-01-02"], r"a\.csv row 5: unsorted"),
        (["2024-01-02", "2024-01-03"], r"a\.csv row 4: .*(duplicate|same)"),
        (["2023-12-31", "2024-01-03"], r"a\.csv row 4: unsorted"),
    ],
)
def test_a_bar_that_does_not_follow_is_found_in_its_own_piece(second, message):
    frame = pl.DataFrame({"date": ["2024-01-01", "2024-01-02", *second]}).with_columns(
        **{name: pl.lit(1.0) for name in ("open", "high", "low", "close")}
    )
    found = pieces(frame, 2, "bars", interval="1d")
    assert len(next(found)) == 2
    with pytest.raises(DataError, match=message):
        list(found)


@pytest.mark.parametrize(
    "options", [{"sort": True}, {"by": "symbol"}, {"duplicates": "first"}, {"duplicates": "last"}]
)
def test_options_that_need_all_rows_are_refused(options):
    with pytest.raises(DataError, match=rf"^a\.csv: {next(iter(options))} needs all rows of the file"):
        list(pieces(trades([1.0]), 2, **options))
    with pytest.raises(ConfigError, match="dst"):
        list(pieces(trades([1.0]), 2, dst="infer"))


def test_numbers_are_written_alike_in_all_pieces():
    frame = trades(["187,15", "1.250", "1.234", "1.500"])
    made = list(pieces(frame, 2))
    assert [piece.price.tolist() for piece in made] == [[187.15, 1250.0], [1234.0, 1500.0]]
    frame = trades(["187.15", "1.25", "1,234", "1.5"])
    assert list(pieces(frame, 2))[1].price.tolist() == [1234.0, 1.5]
    with pytest.raises(
        DataError, match=r"a\.csv row 4: price is not a number with the decimal point '.' \(price='187,15'\)"
    ):
        list(pieces(trades(["5", "6", "187,15", "7"]), 2))


def test_a_file_without_rows():
    with pytest.raises(DataError, match=r"^a\.csv: the file has no rows"):
        list(pieces(trades([]), 2))
