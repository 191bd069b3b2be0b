"""All readers of tables take the same steps, with the same notes and errors."""

from typing import ClassVar

import numpy as np
import pandas as pd
import polars as pl
import pytest

import btcore as bt
from btcore.data import Bars, Quotes, Trades, read_arrow, read_csv, read_npz, read_parquet
from btcore.errors import DataError

DAY = 86400 * 10**9
START = 1_704_153_600 * 10**9  # 2024-01-02
KINDS = {"bars": Bars, "quotes": Quotes, "trades": Trades}


def structured(table):
    return np.rec.fromarrays([np.array(x) for x in table.values()], names=list(table)).view(np.ndarray)


def file(name, write, read):
    def route(table, kind, path, options):
        write(pl.DataFrame(table, strict=False), path / name)
        return read(path / name, kind, **options)

    return route


def frame(convert):
    return lambda table, kind, path, options: KINDS[kind].from_frame(convert(table), **options)


ROUTES = {
    "dict": frame(lambda table: table),
    "pandas": frame(pd.DataFrame),
    "polars": frame(lambda table: pl.DataFrame(table, strict=False)),
    "lazy": frame(lambda table: pl.LazyFrame(table, strict=False)),
    "arrow": frame(lambda table: pl.DataFrame(table, strict=False).to_arrow()),
    "csv": file("a.csv", pl.DataFrame.write_csv, read_csv),
    "parquet": file("a.parquet", pl.DataFrame.write_parquet, read_parquet),
    "feather": file("a.feather", pl.DataFrame.write_ipc, read_arrow),
}


@pytest.fixture(params=ROUTES)
def read(request, tmp_path):
    """Reads a table by each route."""

    def reading(table, kind="bars", **options):
        return ROUTES[request.param](table, kind, tmp_path, options)

    reading.first_row = {"csv": 2, "parquet": 1, "feather": 1}.get(request.param, 0)
    return reading


def days(*numbers):
    return [str(np.datetime64(START + day * DAY, "ns"))[:10] for day in numbers]


def candles(times, **changes):
    count = len(times)
    columns = {"open": 2.0, "high": 3.0, "low": 1.0, "close": 2.5, "volume": 10.0}
    return {"Date": times, **{name: [value] * count for name, value in columns.items()}, **changes}


def ticks(*times):
    return [START + time for time in times]


def row(read, number):
    return rf"(row {number + read.first_row}|\[{number}\]): "


class TestSymbols:
    table: ClassVar = {
        "ts_event": ticks(0, 1, 2),
        "price": [4800.25, 16800.5, 4800.5],
        "symbol": ["ESH4", "NQH4", "ESH4"],
    }

    def test_several_are_refused_with_what_can_be_done(self, read):
        with pytest.raises(
            DataError, match=r"'symbol' has 2 values, 'ESH4', 'NQH4'; pass symbol='ESH4'.*by="
        ):
            read(self.table, "trades")

    def test_one_is_taken(self, read):
        trades = read(self.table, "trades", symbol="ESH4")
        assert trades.price.tolist() == [4800.25, 4800.5]
        assert "rows of the symbol 'ESH4': 2 of 3 rows" in trades.notes

    def test_by_gives_each(self, read):
        found = read(self.table, "trades", by="symbol")
        assert {name: data.price.tolist() for name, data in found.items()} == {
            "ESH4": [4800.25, 4800.5],
            "NQH4": [16800.5],
        }

    def test_one_value_is_fine(self, read):
        table = {**self.table, "symbol": ["ESH4"] * 3}
        assert len(read(table, "trades")) == 3
        assert len(read(table, "trades", symbol="ESH4")) == 3
        assert list(read(table, "trades", by="symbol")) == ["ESH4"]
        with pytest.raises(
            DataError, match=r"no 'ES' in the column 'symbol' \(did you mean 'ESH4'\?\); it has 'ESH4'"
        ):
            read(table, "trades", symbol="ES")

    @pytest.mark.parametrize("name", ["Ticker", "contract", "instrument", "<TICKER>", "instrument_id"])
    def test_other_names_of_the_column(self, read, name):
        table = {k: v for k, v in self.table.items() if k != "symbol"} | {name: [1, 2, 1]}
        with pytest.raises(DataError, match=f"the column '{name}' has 2 values, '1', '2'"):
            read(table, "trades")
        assert len(read(table, "trades", symbol="1")) == 2
        assert len(read(table, "trades", columns={"symbol": None})) == 3

    def test_a_second_column_may_have_the_contracts(self, read):
        table = {**self.table, "symbol": ["ES"] * 3, "contract": ["ESH4", "ESM4", "ESH4"]}
        with pytest.raises(DataError, match="the column 'contract' has 2 values"):
            read(table, "trades")
        assert len(read(table, "trades", columns={"symbol": "symbol"})) == 3
        assert len(read(table, "trades", symbol="ESM4")) == 1

    def test_an_invalid_row_of_another_symbol_does_not_matter_and_rows_are_those_of_the_table(self, read):
        table = {**self.table, "price": [1.0, -5.0, 2.0]}
        assert len(read(table, "trades", symbol="ESH4")) == 2
        with pytest.raises(DataError, match=row(read, 1) + "NQH4: price is not positive"):
            read(table, "trades", symbol="NQH4")

    def test_rows_are_those_of_the_table_after_one_of_a_symbol_was_dropped(self, read):
        table = {
            **{"time": ticks(0, 1, 2, 3, 4), "symbol": ["A", "B", "A", "B", "B"]},
            "price": [1.0, None, 1.0, 2.0, -3.0],
        }
        with pytest.raises(DataError, match=row(read, 4) + "B: price is not positive"):
            read(table, "trades", by="symbol", missing="drop")
        with pytest.raises(DataError, match=row(read, 1) + "B: price is missing"):
            read(table, "trades", symbol="B")

    def test_a_table_without_the_column(self, read):
        table = {k: v for k, v in self.table.items() if k != "symbol"}
        for option in ({"symbol": "ES"}, {"by": "symbol"}):
            with pytest.raises(DataError, match=r"no column of symbols; the columns are 'ts_event', 'price'"):
                read(table, "trades", **option)


class TestMissing:
    @pytest.mark.parametrize(
        ("kind", "name", "values"),
        [
            ("bars", "close", [2.0, None, 2.0]),
            ("bars", "volume", [1.0, None, 2.0]),
            ("bars", "open", ["2", "-", "2"]),
            ("quotes", "ask", [4800500000000, 2**63 - 1, 4800500000000]),
            ("quotes", "bid", ["1.5", "N/A", "1.5"]),
            ("trades", "price", [2.0, None, 2.0]),
        ],
    )
    def test_a_row_without_a_value_is_refused_or_dropped(self, read, kind, name, values):
        table = {
            "bars": candles(days(0, 1, 2)),
            "quotes": {"time": ticks(0, 1, 2), "bid": [1.0] * 3, "ask": [4.0] * 3},
            "trades": {"time": ticks(0, 1, 2), "price": [1.0] * 3},
        }[kind] | {name: values}
        more = {"interval": "1d"} if kind == "bars" else {}
        with pytest.raises(DataError, match=row(read, 1) + f'{name} is missing.*missing="drop"'):
            read(table, kind, **more)
        data = read(table, kind, missing="drop", **more)
        assert len(data) == 2
        assert f"rows dropped, as {name} is missing: 1 of 3 rows" in data.notes

    def test_rows_after_a_dropped_one_keep_their_number(self, read):
        table = candles(days(0, 1, 2), close=[2.0, None, 9.0])
        with pytest.raises(DataError, match=row(read, 2) + "close > high"):
            read(table, missing="drop", interval="1d")

    def test_a_row_without_a_time(self, read):
        table = candles([days(0)[0], None, days(2)[0]])
        with pytest.raises(
            DataError, match=row(read, 1) + "Date is missing|" + row(read, 1) + "timestamp is"
        ):
            read(table, interval="1d")
        assert len(read(table, missing="drop", interval="1d")) == 2

    def test_a_volume_that_no_row_has_is_left_out(self, read):
        bars = read(candles(days(0, 1), volume=[None, None]))
        assert bars.volume is None
        assert "volume has no value in any row and is left out" in bars.notes


class TestOrder:
    def test_newest_first(self, read):
        table = candles(days(2, 1, 0), close=[1.0, 2.0, 3.0])
        with pytest.raises(DataError, match=row(read, 1) + "unsorted.*newest first; sort=True"):
            read(table)
        bars = read(table, sort=True)
        assert bars.close.tolist() == [3.0, 2.0, 1.0]
        assert any(note.startswith("rows put in order of time") and "3 of 3" in note for note in bars.notes)

    def test_out_of_order(self, read):
        table = {"time": ticks(0, 5, 2, 7), "price": [1.0, 2.0, 3.0, 4.0]}
        with pytest.raises(DataError, match=row(read, 2) + "unsorted.*sort=True orders rows by time"):
            read(table, "trades")
        assert read(table, "trades", sort=True).price.tolist() == [1.0, 3.0, 2.0, 4.0]

    def test_ticks_that_are_newest_first_are_reversed(self, read):
        table = {"time": ticks(5, 5, 0, 0), "price": [1.0, 2.0, 3.0, 4.0]}
        trades = read(table, "trades", sort=True)
        assert trades.price.tolist() == [4.0, 3.0, 2.0, 1.0]
        assert any("rows reversed, as they were newest first: 4 of 4" in note for note in trades.notes)

    def test_rows_of_one_time_keep_their_order(self, read):
        table = {"time": ticks(5, 5, 0, 0, 2), "price": [1.0, 2.0, 3.0, 4.0, 5.0]}
        trades = read(table, "trades", sort=True)
        assert trades.price.tolist() == [3.0, 4.0, 5.0, 1.0, 2.0]
        assert any("order may be the other way round: 2 of 5 rows" in note for note in trades.notes)

    def test_sorted_data_have_no_note(self, read):
        assert not any("order" in note for note in read(candles(days(0, 1)), sort=True).notes)

    def test_an_invalid_row_of_sorted_data_has_its_number_in_the_table(self, read):
        with pytest.raises(DataError, match=row(read, 0) + "close > high"):
            read(candles(days(2, 1, 0), close=[9.0, 2.0, 3.0]), sort=True)


class TestDuplicates:
    table = candles(days(0, 1, 1, 2), close=[1.0, 1.5, 2.0, 2.5])

    def test_they_are_refused(self, read):
        with pytest.raises(
            DataError, match=row(read, 2) + 'duplicate bar: same timestamp.*duplicates="first"'
        ):
            read(self.table)

    @pytest.mark.parametrize(("keep", "close"), [("first", 1.5), ("last", 2.0)])
    def test_one_is_kept(self, read, keep, close):
        bars = read(self.table, duplicates=keep)
        assert bars.close.tolist() == [1.0, close, 2.5]
        assert any(f"the {keep} is kept" in note and "1 of 4 rows" in note for note in bars.notes)

    @pytest.mark.parametrize("name", ["what", "listing", "security"])
    def test_a_column_of_texts_may_name_symbols(self, read, name):
        table = {**candles(days(0, 0, 1, 1)), name: ["A", "B", "A", "B"]}
        with pytest.raises(DataError, match=f"the column '{name}' may name symbols, such as 'A' and 'B'"):
            read(table)
        assert len(read(table, columns={"symbol": name}, symbol="A")) == 2

    def test_a_column_of_times_of_day_may_be_left_out(self, read):
        table = {**candles(days(0, 0, 0)), "Time": ["09:30", "09:31", "09:32"]}
        with pytest.raises(DataError, match=r"time of day may be in 'Time': columns=.*\('Date', 'Time'\)"):
            read(table, columns={"timestamp": "Date"})
        assert read(table).interval == 60 * 10**9

    def test_they_are_no_fault_of_ticks(self, read):
        assert len(read({"time": ticks(0, 0), "price": [1.0, 2.0]}, "trades")) == 2
        with pytest.raises(DataError, match=r"^(a.*: )?duplicates: it is for bars, not for trades"):
            read({"time": ticks(0, 0), "price": [1.0, 2.0]}, "trades", duplicates="first")


class TestRounding:
    @pytest.mark.parametrize(
        ("name", "value", "bound", "limit"),
        [
            ("open", 187.15000000000003, "high", 187.15),
            ("close", 187.15000000000003, "high", 187.15),
            ("open", 0.1, "low", 0.1 + 1.4e-17),
            ("close", 1e-9, "low", 1e-9 + 3 * np.spacing(1e-9)),
            ("close", 65000.0 + 4 * np.spacing(65000.0), "high", 65000.0),
        ],
    )
    def test_a_rounding_error_is_repaired(self, read, name, value, bound, limit):
        table = candles(days(0, 1), open=[value] * 2, high=[value] * 2, low=[value] * 2, close=[value] * 2)
        for column in ("open", "close"):
            table[column] = [value if column == name else limit] * 2
        table["high"] = [limit if bound == "high" else value] * 2
        table["low"] = [limit] * 2
        bars = read(table)
        assert getattr(bars, bound).tolist() == [value] * 2
        assert (
            "bars repaired: open or close was beyond high or low by a rounding error: 2 of 2 rows"
            in bars.notes
        )

    def test_more_is_refused(self, read):
        value = 187.15 + 5 * np.spacing(187.15)
        with pytest.raises(DataError, match=row(read, 1) + "open > high"):
            read(candles(days(0, 1), open=[2.0, value], high=[3.0, 187.15], close=[2.0, 187.0]))

    def test_prices_of_bid_and_ask(self, read):
        table = {"time": days(0, 1)}
        for side, base in (("bid", 1.0), ("ask", 2.0)):
            table |= {f"{side}_{price}": [base] * 2 for price in ("open", "high", "low", "close")}
        table["ask_open"] = [2.0, np.nextafter(2.0, 3)]
        bars = read(table)
        assert bars.ask.high.tolist() == table["ask_open"]
        assert any("rounding error of ask: 1 of 2" in note for note in bars.notes)


class TestCrossed:
    table: ClassVar = {"time": ticks(0, 1, 2), "bid": [1.0, 3.0, 1.0], "ask": [2.0, 2.0, 2.0]}

    def test_refused_kept_or_dropped(self, read):
        with pytest.raises(
            DataError, match=row(read, 1) + r"crossed: bid > ask \(bid=3.0, ask=2.0\); crossed="
        ):
            read(self.table, "quotes")
        kept = read(self.table, "quotes", crossed="keep")
        assert (kept.crossed, kept.bid.tolist()) == ("keep", [1.0, 3.0, 1.0])
        assert "crossed quotes (bid > ask) kept: 1 of 3 rows" in kept.notes
        dropped = read(self.table, "quotes", crossed="drop")
        assert (dropped.crossed, dropped.bid.tolist()) == ("refuse", [1.0, 1.0])
        assert "crossed quotes (bid > ask) dropped: 1 of 3 rows" in dropped.notes


class TestPrices:
    def test_a_divisor(self, read):
        table = {"time": ticks(0, 1), "price": [4800250000000, 4800500000000], "size": [1, 2]}
        trades = read(table, "trades", price_divisor=1e9)
        assert (trades.price.tolist(), trades.size.tolist()) == ([4800.25, 4800.5], [1, 2])
        plain = read(table, "trades")
        assert plain.price.tolist() == [4800250000000, 4800500000000]
        assert any("price_divisor=1e9" in note for note in plain.notes)

    def test_quotients_of_large_integers_are_exact(self):
        cents = [1_443_950_364_469_935_044, 2_121_167_162_699_269_654, 2**53 + 1]
        trades = Trades.from_frame({"time": ticks(0, 1, 2), "price": cents}, price_divisor=1e9)
        assert trades.price.tolist() == [cent / 10**9 for cent in cents]

    def test_texts_with_a_decimal_comma(self, read):
        prices = {"open": ["2,0"] * 2, "high": ["3"] * 2, "low": ["1,125"] * 2, "close": ["2,25", "2,5"]}
        bars = read(candles(days(0, 1), **prices, volume=["1.000", "2.500"]))
        assert (bars.close.tolist(), bars.volume.tolist()) == ([2.25, 2.5], [1000, 2500])
        assert "open, low, close: ',' is the decimal point" in bars.notes

    def test_texts_that_may_be_two_numbers(self, read):
        prices = {name: ["1,234", "2,345"] for name in ("open", "high", "low", "close")}
        table = candles(days(0, 1), **prices, volume=[10, 10])
        with pytest.raises(DataError, match="can be read in two ways"):
            read(table)
        assert read(table, decimal=",").close.tolist() == [1.234, 2.345]
        assert read(table, decimal=".").close.tolist() == [1234, 2345]

    def test_currencies_and_suffixes(self, read):
        bars = read(candles(days(0, 1), close=["$2.25", "$2.5"], volume=["1.5K", "2.5M"]))
        assert (bars.close.tolist(), bars.volume.tolist()) == ([2.25, 2.5], [1500, 2500000])

    def test_infinity_is_refused(self, read):
        with pytest.raises(DataError, match=row(read, 1) + "price is infinite"):
            read({"time": ticks(0, 1), "price": [1.0, float("inf")]}, "trades")


def test_an_unknown_option_is_named(read):
    with pytest.raises(TypeError, match="there is no option 'separator'; the options are"):
        read(candles(days(0, 1)), separator=";")


def test_options_for_another_kind_are_refused(read):
    for kind, option in (
        ("trades", {"crossed": "keep"}),
        ("quotes", {"sides": {"A": 1}}),
        ("quotes", {"stamp": "open"}),
    ):
        with pytest.raises(DataError, match=r"it is for \w+, not for"):
            read({"time": ticks(0), "price": [1.0], "bid": [1.0], "ask": [1.0]}, kind, **option)


def test_options_that_have_no_effect_are_noted(read):
    trades = read({"time": ticks(0), "price": [1.0]}, "trades", interval="1min")
    assert "interval is not used: it is for bars, not for trades" in trades.notes


def test_an_optional_column_can_be_left_out(read):
    table: ClassVar = {"time": ticks(0, 1), "price": [1.0, 2.0], "side": ["up", "down"]}
    with pytest.raises(DataError, match=row(read, 0) + "side is not buy or sell"):
        read(table, "trades")
    assert read(table, "trades", columns={"side": None}).side is None
    assert read(table, "trades", sides={"up": 1, "down": -1}).side.tolist() == [1, -1]


def test_a_structured_array_and_an_npz_go_the_same_way(tmp_path):
    table: ClassVar = {"time": ticks(2, 1, 0), "price": [1.0, 2.0, 3.0], "symbol": ["A", "B", "A"]}
    np.savez(tmp_path / "a.npz", **{name: np.array(values) for name, values in table.items()})
    for read in (
        lambda **more: Trades.from_frame(structured(table), **more),
        lambda **more: read_npz(tmp_path / "a.npz", "trades", **more),
    ):
        with pytest.raises(DataError, match="'symbol' has 2 values"):
            read()
        assert read(symbol="A", sort=True).price.tolist() == [3.0, 1.0]


def test_displayed_sizes_of_vendors_limit_fills():
    table: ClassVar = {
        **{"timestamp": [1704205800000000, 1704205800100000], "ask_amount": [0.5, 0.6]},
        **{"ask_price": [42000.5] * 2, "bid_price": [42000.0] * 2, "bid_amount": [0.25, 0.35]},
    }
    quotes = Quotes.from_frame(table)
    assert (quotes.ask_size.tolist(), quotes.bid_size.tolist()) == ([0.5, 0.6], [0.25, 0.35])

    class Buyer(bt.Strategy):
        def on_start(self, context):
            self.seen = 0

        def on_quote(self, context, quote):
            self.seen += 1
            if self.seen == 1:
                context.buy(quote.symbol, 10)

    result = bt.run({"B": quotes}, Buyer, execution=bt.Execution(displayed_size=True))
    assert result.trades["quantity"][0] == 0.5


@pytest.mark.parametrize(
    "column",
    [
        pd.array([1.0, None, 3.0], dtype="Float64"),
        pd.Series([1, None, 3], dtype="Int64"),
        pd.Series([1.0, pd.NA, 3.0], dtype=object),
        pd.Series(["1", pd.NA, "3"], dtype="string"),
        pl.Series([1.0, None, 3.0]),
        np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False]),
    ],
)
def test_a_value_that_is_null_is_said_to_be_missing(column):
    frame = {"time": np.array([1, 2, 3]).view("M8[ns]"), "price": column}
    with pytest.raises(DataError, match=r"trades\[1\]: price is missing; missing="):
        Trades.from_frame(frame)
    assert Trades.from_frame(frame, missing="drop").price.tolist() == [1.0, 3.0]


def test_the_error_of_a_missing_volume_says_that_the_column_may_be_left_out():
    times = np.array(["2024-01-01", "2024-01-02"], "M8[D]")
    frame = {
        "time": times,
        **{name: [1.0, 1.0] for name in ("open", "high", "low", "close")},
        "volume": [1.0, None],
    }
    with pytest.raises(DataError, match=r'volume is missing; .*columns=\{"volume": None\} the column'):
        Bars.from_frame(frame)
    assert Bars.from_frame(frame, columns={"volume": None}).volume is None
