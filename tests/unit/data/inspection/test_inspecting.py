"""What can be inspected, files that a reader refuses, and the report."""

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import btcore as bt
from btcore.data.inspection.names import FINDINGS

PAGE = Path(__file__).parents[4] / "docs" / "data.md"
ROW = re.compile(r"^\| `(\w+)` \| (yes|no) \| (.*) \|$", re.MULTILINE)


def frame_of(columns):
    return pl.DataFrame(columns).with_columns(pl.from_epoch("timestamp", time_unit="ns"))


def test_the_page_has_the_findings_of_the_code():
    section = PAGE.read_text().split("## Inspecting")[1].split("\n## ")[0]
    written = {name: (answer == "yes", text) for name, answer, text in ROW.findall(section)}
    assert written == {name: tuple(meaning) for name, meaning in FINDINGS.items()}


def test_a_container_a_table_a_path_and_a_mapping_give_the_same(tmp_path, make, bars):
    columns = make.days()
    columns["volume"][3] = 0
    frame_of(columns).write_csv(tmp_path / "spy.csv")
    given = [
        (bars(columns), "data"),
        (frame_of(columns), "data"),
        (tmp_path / "spy.csv", "spy.csv"),
        (str(tmp_path / "spy.csv"), "spy.csv"),
        ({"SPY": tmp_path / "spy.csv"}, "SPY"),
        ({"SPY": (bars(columns),)}, "SPY"),
    ]
    for data, symbol in given:
        found = bt.inspect(data)
        assert [(each.symbol, each.kind) for each in found.datasets] == [(symbol, "bars")]
        assert [(each.name, each.count) for each in found.findings] == [("zero_volume", 1)]


def test_a_catalog_gives_all_its_datasets_or_those_chosen(tmp_path, make, bars):
    catalog = bt.Catalog(tmp_path)
    catalog.write("A", bars(make.days(), timezone="America/New_York"))
    catalog.write("A", bt.Quotes(**make.quotes()))
    catalog.write("B", bars(make.minutes(), "1min"))
    for data in (catalog, tmp_path, str(tmp_path)):
        found = [(each.symbol, each.kind) for each in bt.inspect(data).datasets]
        assert found == [("A", "bars"), ("A", "quotes"), ("B", "bars")]
    chosen = bt.inspect(catalog, symbols=["A"], resolution="1d").datasets
    assert [each.facts["timezone"] for each in chosen] == ["America/New_York"]
    with pytest.raises(bt.DataError, match="no data of 'C'; the symbols with data are A, B"):
        bt.inspect(catalog, symbols=["C"])
    with pytest.raises(bt.ConfigError, match="symbols: 'A' is not a list"):
        bt.inspect(catalog, symbols="A")


def test_a_catalog_has_splits_and_sessions_of_its_definitions(tmp_path, make, bars, names):
    columns = make.days()
    for name in ("open", "high", "low", "close"):
        columns[name][250:] /= 4
    catalog = bt.Catalog(tmp_path)
    catalog.write("A", bars(columns, timezone="UTC"))
    when = str(np.datetime64(int(columns["timestamp"][250]), "ns").astype("M8[D]"))
    assert names(bt.inspect(catalog)) == {"split_jumps"}
    catalog.define("A", bt.Instrument(splits=[(when, 4)]))
    assert names(bt.inspect(catalog)) == set()
    catalog.define("A", bt.Instrument(splits=[(when, 4)], sessions="XNYS"))
    found = bt.inspect(catalog, calendar="XTKS")
    assert found.datasets[0].facts["sessions"] == "XNYS"
    replaced = bt.inspect(catalog, instruments={"A": bt.Instrument()})
    assert names(replaced) == {"split_jumps"}


def test_another_source_is_inspected_by_resolution():
    found = bt.inspect(bt.SampleMarket(), symbols=["SPY"], resolution="day")
    assert [(each.symbol, each.kind) for each in found.datasets] == [("SPY", "bars")]
    with pytest.raises(bt.ConfigError, match="resolution: inspecting a SampleMarket needs it"):
        bt.inspect(bt.SampleMarket())


def test_a_file_that_is_refused_is_read_leniently(tmp_path, make, names):
    frame = frame_of(make.days())
    shuffled = pl.concat([frame[200:], frame[:200], frame[300:303]])
    shuffled = shuffled.with_columns(
        close=pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise(pl.col("close"))
    )
    shuffled.write_csv(tmp_path / "bad.csv")
    found = bt.inspect(tmp_path / "bad.csv")
    assert {f.name: f.count for f in found.findings} == {
        "refused": 1,
        "missing_values": 1,
        "duplicate_bars": 3,
        "unsorted_rows": 502,
    }
    refused = found.findings[0]
    with pytest.raises(bt.DataError) as error:
        bt.read_csv(tmp_path / "bad.csv")
    assert refused.text == str(error.value)
    assert found.datasets[0].facts["rows"] == 499
    assert not found.ok
    sorted_file = bt.inspect(tmp_path / "bad.csv", sort=True, missing="drop", duplicates="last")
    assert names(sorted_file) == set()


def test_crossed_quotes_of_a_file_are_kept_to_show_them(tmp_path, make):
    columns = make.quotes()
    columns["ask"][[5, 6]] = 1.0
    frame_of(columns).write_csv(tmp_path / "quotes.csv")
    found = {f.name: f.count for f in bt.inspect(tmp_path / "quotes.csv").findings}
    assert (found["refused"], found["crossed_quotes"]) == (1, 2)


def test_a_file_that_cannot_be_read_at_all_has_only_the_refusal(tmp_path):
    (tmp_path / "notes.csv").write_text("a,b\n1,2\n")
    (tmp_path / "high.csv").write_text("date,open,high,low,close\n2024-01-02,5,4,3,4\n2024-01-03,4,4,4,4\n")
    for name in ("notes.csv", "high.csv"):
        found = bt.inspect(tmp_path / name)
        assert [f.name for f in found.findings] == ["refused"]
        assert found.datasets[0].facts == {"rows": "none can be read"}
        assert not found.ok
    assert "high.csv row 2: open > high" in found.findings[0].text


def test_a_file_of_several_symbols_gives_each_or_one(tmp_path, make):
    frame = frame_of(make.days())
    both = pl.concat([frame.with_columns(symbol=pl.lit(name)) for name in ("A", "B")])
    both.write_csv(tmp_path / "both.csv")
    assert [each.symbol for each in bt.inspect(tmp_path / "both.csv").datasets] == ["A", "B"]
    (one,) = bt.inspect(tmp_path / "both.csv", symbol="B").datasets
    assert (one.symbol, one.facts["rows"]) == ("B", 500)


def test_what_cannot_be_asked_for_is_an_error(tmp_path, make, bars):
    with pytest.raises(FileNotFoundError, match=r"there is no file or folder 'none\.csv'"):
        bt.inspect("none.csv")
    with pytest.raises(bt.ConfigError, match="resolution: it is for a Catalog"):
        bt.inspect(bars(make.days()), resolution="day")
    with pytest.raises(bt.ConfigError, match="symbol: 'A' is given, but data maps symbols itself"):
        bt.inspect({"A": bars(make.days())}, symbol="A")
    with pytest.raises(TypeError, match="there is no option 'colour'"):
        bt.inspect(frame_of(make.days()), colour=1)
    with pytest.raises(bt.ConfigError, match="sort: it is for files and tables, not for Bars"):
        bt.inspect({"A": bars(make.days())}, sort=True)
    with pytest.raises(bt.ConfigError, match="instruments: 'B' is not among the symbols A"):
        bt.inspect({"A": bars(make.days())}, instruments={"B": bt.Instrument()})
    with pytest.raises(bt.ConfigError, match="kind: 'candles' is not one of bars, quotes, trades"):
        bt.inspect(frame_of(make.days()), kind="candles")
    for data in (5, None, {"A": 5}):
        with pytest.raises(bt.ConfigError, match="or another Source is needed, not"):
            bt.inspect(data)
    with pytest.raises(bt.ConfigError, match="the mapping has no symbol"):
        bt.inspect({})
    with pytest.raises(bt.ConfigError, match="calendar: 5 is not an exchange"):
        bt.inspect(bars(make.days()), calendar=5)
    with pytest.raises(bt.ConfigError, match="calendar: 'XABC' is not in"):
        bt.inspect(bars(make.days()), calendar="XABC")


def test_the_text_is_readable_and_the_dict_is_json(make, bars):
    columns = make.days()
    columns["high"][7] *= 3
    found = bt.inspect(bars(columns), symbol="SPY")
    text = str(found)
    assert text.startswith("SPY day bars\n  rows           500\n  first          2022-01-03T00:00:00Z\n")
    assert "  ! outliers (1): a price is 50% or more off its neighbours" in text
    assert text.endswith("1 of 1 findings would change results (!)")
    assert repr(found) == "Inspection(1 datasets, 1 findings, not ok)"
    made = json.loads(json.dumps(found.to_dict()))
    assert made["ok"] is False
    (dataset,) = made["datasets"]
    assert (dataset["symbol"], dataset["facts"]["resolution"]) == ("SPY", "day")
    (finding,) = dataset["findings"]
    assert (finding["name"], finding["changes_results"], finding["rows"][0]["number"]) == (
        "outliers",
        True,
        7,
    )
