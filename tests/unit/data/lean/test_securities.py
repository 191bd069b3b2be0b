"""Factor files, map files and databases of LEAN become splits, dividends, names, sessions and terms."""

import json

import numpy as np
import pytest

import btcore as bt
from btcore.data.lean.factors import NextDay, read_factors
from btcore.data.lean.market_hours import market_hours

NY = "America/New_York"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
# A dividend of 1.00 (ex 2024-01-04) and a split of 2 for 1 (ex 2024-01-08, a Monday).
FACTORS = "20240102,0.99,0.5,1\n20240103,0.99,0.5,100\n20240105,1,0.5,102\n20501231,1,1,0\n"
DAYS = {
    "20240102": 99.0,
    "20240103": 100.0,
    "20240104": 101.0,
    "20240105": 102.0,
    "20240108": 52.0,
    "20240109": 53.0,
}


def daily(closes=DAYS, volume=1000):
    rows = (
        f"{day} 00:00,{p * 1e4:.0f},{p * 1e4:.0f},{p * 1e4:.0f},{p * 1e4:.0f},{volume}"
        for day, p in closes.items()
    )
    return "\n".join(rows)


def hours_entry(segments, **more):
    """An entry of the database; `segments` by day are (state, start, end)."""
    days = {
        day: [{"state": state, "start": begin, "end": end} for state, begin, end in given]
        for day, given in segments.items()
    }
    return {"dataTimeZone": NY, "exchangeTimeZone": NY, "holidays": [], **days, **more}


REGULAR = hours_entry(
    {
        day: [
            ("premarket", "04:00:00", "09:30:00"),
            ("market", "09:30:00", "16:00:00"),
            ("postmarket", "16:00:00", "20:00:00"),
        ]
        for day in WEEKDAYS
    },
    holidays=["1/15/2024"],
    earlyCloses={"7/3/2024": "13:00:00"},
)
PROPERTIES = """market,symbol,type,description,quote_currency,contract_multiplier,minimum_price,lot_size
# a comment

usa,[*],equity,,USD,1,0.01,1
comex,GC,future,Gold,USD,100.0,0.1,1.0,,1
"""


@pytest.fixture
def folder(lean, tmp_path):
    """A folder with one security, its factors and both databases."""
    lean("equity/usa/daily/aaa.zip", daily())
    lean("equity/usa/factor_files/aaa.csv", FACTORS)
    lean("market-hours/market-hours-database.json", json.dumps({"entries": {"Equity-usa-[*]": REGULAR}}))
    lean("symbol-properties/symbol-properties-database.csv", PROPERTIES)
    return tmp_path / "lean"


@pytest.fixture
def catalog(tmp_path):
    return bt.Catalog(tmp_path / "catalog")


def test_raw_prices_have_splits_and_dividends_beside_them(folder, catalog):
    (entry,) = bt.import_lean(folder, catalog)
    assert entry.definition == "adjust raw, 1 split, 1 dividend, sessions"
    bars = catalog.read("AAA", "day")
    assert bars.close.tolist() == list(DAYS.values())
    assert bars.notes[1] == (
        "prices: raw; 1 split and 1 dividend in the definition of the catalog, which a run over the catalog "
        "applies, and one over these data alone does not"
    )
    definition = catalog.definition("AAA")
    instrument = definition.instrument
    assert (definition.timezone, instrument.splits) == (NY, [("2024-01-08", 2.0)])
    assert instrument.dividends == [("2024-01-04", 1.0)]
    assert (instrument.tick_size, instrument.lot_size, instrument.multiplier, instrument.currency) == (
        0.01,
        1,
        1,
        "USD",
    )
    assert instrument.sessions.week["monday"] == [("09:30", "16:00")]
    assert instrument.sessions.holidays == ["2024-01-15"]
    assert instrument.sessions.early_closes == {"2024-07-03": "13:00"}


def test_a_run_over_the_catalog_applies_what_the_prices_lack(folder, catalog):
    bt.import_lean(folder, catalog)
    bought = {"initial_capital": 10_000.0, "symbols": ["AAA"], "resolution": "day"}
    result = bt.run(catalog, "buy_and_hold", **bought)
    # 101 shares (10,000 / 99) are asked for, and 10,000 pays for 100 at 100 on the 3rd; 1.00 each on the 4th;
    # 200 shares at 53 in the end.
    assert result.equity_curve["equity"][-1] == 10_000 - 100 * 100 + 100 * 1.0 + 200 * 53.0
    assert [row for row in result.logs if "prices: raw" in row]
    alone = bt.run({"AAA": catalog.read("AAA", "day")}, "buy_and_hold", initial_capital=10_000.0)
    assert alone.equity_curve["equity"][-1] < 6_000
    assert any(
        "a run over the catalog applies, and one over these data alone does not" in x for x in alone.logs
    )


def test_adjusted_for_splits(folder, catalog):
    bt.import_lean(folder, catalog, adjust="splits")
    bars = catalog.read("AAA", "day")
    assert bars.close.tolist() == [49.5, 50.0, 50.5, 51.0, 52.0, 53.0]
    assert bars.volume.tolist() == [2000, 2000, 2000, 2000, 1000, 1000]
    instrument = catalog.definition("AAA").instrument
    assert (instrument.splits, instrument.dividends, instrument.tick_size) == ([], [("2024-01-04", 0.5)], 0.0)
    assert bars.notes[1].startswith("prices: adjusted for splits; 1 dividend in the definition")


def test_adjusted_for_splits_and_dividends(folder, catalog):
    bt.import_lean(folder, catalog, adjust="total")
    bars = catalog.read("AAA", "day")
    np.testing.assert_allclose(bars.close, [99 * 0.495, 100 * 0.495, 50.5, 51.0, 52.0, 53.0], rtol=1e-15)
    assert bars.volume.tolist() == [2000, 2000, 2000, 2000, 1000, 1000]
    instrument = catalog.definition("AAA").instrument
    assert (instrument.splits, instrument.dividends, instrument.tick_size) == ([], [], 0.0)
    assert bars.notes[1] == "prices: adjusted for splits and dividends; they are on no tick"


def test_minutes_quotes_and_ticks_are_adjusted_by_their_local_date(folder, catalog, lean):
    bar, side = "10000,10000,10000,10000", "10000,10000,10000,10000,100"
    for day in ("20240105", "20240108"):
        lean(f"equity/usa/minute/aaa/{day}_trade.zip", f"34200000,{bar},100\n72000000,{bar},100")
        lean(f"equity/usa/minute/aaa/{day}_quote.zip", f"34200000,{side},{side}")
        lean(f"equity/usa/tick/aaa/{day}_trade.zip", "34200000,10000,100,P,0,0")
        lean(f"equity/usa/tick/aaa/{day}_quote.zip", "34200000,10000,100,10000,100,P,0,0")
    bt.import_lean(folder, catalog, adjust="splits")
    minutes = catalog.read("AAA", "minute", source="trade")
    assert minutes.close.tolist() == [0.5, 0.5, 1.0, 1.0]
    assert minutes.volume.tolist() == [200, 200, 100, 100]
    both = catalog.read("AAA", "minute", source="mid")
    assert (both.bid.close.tolist(), both.ask.high.tolist()) == ([0.5, 1.0], [0.5, 1.0])
    trades, quotes = (catalog.read("AAA", "tick", kind=kind) for kind in ("trades", "quotes"))
    assert (trades.price.tolist(), trades.size.tolist()) == ([0.5, 1.0], [200, 100])
    assert (quotes.bid.tolist(), quotes.ask_size.tolist()) == ([0.5, 1.0], [200, 100])


def test_a_split_takes_effect_between_the_minutes_of_its_days(folder, catalog, lean):
    for day, price in (("20240105", 1_020_000), ("20240108", 510_000)):
        rows = (f"{ms},{price},{price},{price},{price},100" for ms in range(34_200_000, 34_500_000, 60_000))
        lean(f"equity/usa/minute/aaa/{day}_trade.zip", "\n".join(rows))
    bt.import_lean(folder, catalog, hours="regular")
    result = bt.run(catalog, "buy_and_hold", symbols=["AAA"], resolution="minute", initial_capital=10_200.0)
    assert result.equity_curve["equity"].tolist() == [10_200.0] * len(result.equity_curve)


def test_rows_of_another_company_are_dropped(lean, catalog, tmp_path):
    lean("equity/usa/daily/new.zip", daily({"20231229": 5.0, **DAYS}))
    lean("equity/usa/factor_files/new.csv", "20240103,1,1,1\n20501231,1,1,0")
    (entry,) = bt.import_lean(tmp_path / "lean", catalog)
    assert (entry.dropped, entry.rows_kept) == ({"other_company": 2}, 5)
    assert "rows: 2 dropped (2 other_company)" in catalog.read("NEW", "day").notes


def test_earlier_tickers_belong_to_the_security(lean, catalog, tmp_path):
    lean("equity/usa/daily/new.zip", daily({"20240102": 5.0, "20240104": 101.0, "20240105": 102.0}))
    lean("equity/usa/daily/old.zip", daily({"20240102": 99.0, "20240103": 100.0, "20240104": 7.0}))
    lean("equity/usa/map_files/new.csv", "20240102,old,N\n20240103,old,N\n20501231,new,N")
    report = bt.import_lean(tmp_path / "lean", catalog, symbols=["NEW"])
    assert catalog.read("NEW", "day").close.tolist() == [99.0, 100.0, 101.0, 102.0]
    assert report[0].dropped == {"other_company": 2}
    assert catalog.definition("NEW").names == (("2024-01-03", "OLD"),)


def test_regular_hours(folder, catalog, lean):
    bar = "10000,10000,10000,10000,100"
    starts = (34_140_000, 34_200_000, 57_540_000, 57_600_000)  # 09:29, 09:30, 15:59, 16:00
    lean("equity/usa/minute/aaa/20240105_trade.zip", "\n".join(f"{ms},{bar}" for ms in starts))
    lean("equity/usa/minute/aaa/20240115_trade.zip", f"36000000,{bar}")  # a holiday
    lean("equity/usa/minute/aaa/20240703_trade.zip", f"46740000,{bar}\n46800000,{bar}")  # closes at 13:00
    lean("equity/usa/hour/aaa.zip", f"20240105 09:00,{bar}\n20240105 16:00,{bar}")
    lean(
        "equity/usa/tick/aaa/20240105_trade.zip",
        "34199999,10000,1,P,0,0\n34200000,10000,1,P,0,0\n57600000,10000,1,P,0,0",
    )
    report = {(e.resolution, e.kind): e for e in bt.import_lean(folder, catalog, hours="regular")}
    assert report["minute", "bars"].dropped == {"outside_hours": 4}
    assert report["hour", "bars"].dropped == {"outside_hours": 1}
    assert report["tick", "trades"].dropped == {"outside_hours": 2}
    assert report["day", "bars"].dropped == {}
    for entry in report.values():
        assert entry.rows_read == entry.rows_kept + sum(entry.dropped.values())
    extended = {(e.resolution, e.kind): e.dropped for e in bt.import_lean(folder, catalog)}
    assert extended["minute", "bars"] == {}


def test_a_folder_without_databases_and_factors_says_so(lean, catalog, tmp_path):
    lean("equity/usa/daily/aaa.zip", daily())
    bt.import_lean(tmp_path / "lean", catalog)
    assert catalog.read("AAA", "day").notes[1:] == (
        "prices: as in the file; there is no factor file, so splits and dividends are unknown",
        "sessions: unknown, as market-hours/market-hours-database.json has no entry or is missing",
        "tick and lot: unknown, as symbol-properties/symbol-properties-database.csv has no row or is missing",
    )
    assert catalog.definition("AAA").timezone == NY
    with pytest.raises(bt.DataError, match=r'hours="regular" needs market-hours/market-hours-database.json'):
        bt.import_lean(tmp_path / "lean", catalog, hours="regular")


def test_one_symbol_is_not_adjusted_in_two_ways(folder, catalog, lean):
    lean("equity/usa/hour/aaa.zip", "20240105 10:00,1,1,1,1,0")
    bt.import_lean(folder, catalog)
    with pytest.raises(bt.DataError, match=r"AAA: its hour bars in the catalog have 'prices: raw.*same way"):
        bt.import_lean(folder, catalog, adjust="total", resolutions=["day"])
    assert catalog.definition("AAA").instrument.splits
    bt.import_lean(folder, catalog, adjust="total")


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        (
            "equity/usa/factor_files/aaa.csv",
            "20240102,x,1,1",
            r"aaa.csv line 1: '20240102,x,1,1' is not date, price",
        ),
        ("equity/usa/factor_files/aaa.csv", "20240102,1,0,1", "is not date, price factor"),
        ("equity/usa/factor_files/aaa.csv", "2024-01-02,1,1,1", "'2024-01-02' is not a date YYYYMMDD"),
        ("equity/usa/factor_files/aaa.csv", "20240103,1,1,1\n20240102,1,1,1", "the dates must ascend"),
        ("equity/usa/map_files/aaa.csv", "20240102", "is not date, ticker"),
        ("market-hours/market-hours-database.json", "{", "it is not JSON with entries"),
        (
            "symbol-properties/symbol-properties-database.csv",
            "usa,[*],equity,,USD,x,0.01,1",
            "has a text for a number",
        ),
    ],
)
def test_wrong_files_are_named(folder, catalog, lean, path, text, message):  # noqa: PLR0917
    lean(path, text)
    with pytest.raises(bt.DataError, match=message):
        bt.import_lean(folder, catalog)
    assert catalog.list() == []


def test_unknown_choices_are_refused(folder, catalog):
    for name in ("adjust", "hours", "quote_bars"):
        with pytest.raises(bt.DataError, match=f"{name}: 'other' is not one of"):
            bt.import_lean(folder, catalog, **{name: "other"})


def test_a_dividend_on_the_day_of_a_split_is_that_of_a_new_share(lean, tmp_path):
    lean("equity/usa/factor_files/aaa.csv", "20240105,0.98,0.5,100\n20501231,1,1,0")
    factors = read_factors(tmp_path / "lean", "equity", "usa", "AAA")
    assert factors.splits(NextDay()) == [("2024-01-08", 2.0)]
    assert factors.dividends(NextDay(), split_adjusted=False) == [("2024-01-08", 1.0)]
    assert factors.dividends(NextDay(frozenset(["2024-01-08"])), split_adjusted=True) == [("2024-01-09", 1.0)]


@pytest.mark.parametrize(
    ("factor", "ratio"), [("0.03571430", 7.0), ("0.6666667", 0.375), ("0.2456789", 0.25 / 0.2456789)]
)
def test_a_ratio_is_a_simple_one_if_the_digits_allow_it(lean, tmp_path, factor, ratio):
    lean("equity/usa/factor_files/aaa.csv", f"20240105,1,{factor},100\n20501231,1,0.25,0")
    factors = read_factors(tmp_path / "lean", "equity", "usa", "AAA")
    assert factors.splits(NextDay()) == [("2024-01-08", pytest.approx(ratio, rel=1e-12))]


def test_a_market_without_a_close_has_days(lean):
    whole = [("market", "00:00:00", "1.00:00:00")]
    every = dict.fromkeys(("sunday", *WEEKDAYS, "saturday"), whole)
    crypto = market_hours(hours_entry(every), "crypto").sessions
    assert crypto.week == {day: [("00:00", "24:00")] for day in (*WEEKDAYS, "saturday", "sunday")}
    forex = dict.fromkeys(WEEKDAYS, whole) | {"sunday": [("market", "17:00:00", "1.00:00:00")]}
    forex["friday"] = [("market", "00:00:00", "17:00:00")]
    found = market_hours(hours_entry(forex), "forex").sessions
    assert found.week == {day: [("17:00", "17:00")] for day in WEEKDAYS}
    evening = {
        "sunday": [("market", "18:00:00", "1.00:00:00")],
        "monday": [("market", "00:00:00", "17:00:00")],
    }
    assert market_hours(hours_entry(evening), "future").sessions.week == {"monday": [("18:00", "17:00")]}
    assert market_hours(hours_entry({}), "future").sessions is None


def test_terms_of_the_symbol_go_before_those_of_its_market(lean, catalog, tmp_path):
    lean(
        "symbol-properties/symbol-properties-database.csv",
        PROPERTIES + "usa,BBB,equity,,EUR,1,0.05,10,,,100\n",
    )
    for name in ("aaa", "bbb"):
        lean(f"equity/usa/daily/{name}.zip", daily())
    lean("future/comex/tick/gc/20240102_trade.zip", {"20240102_gc_201312.csv": "0,1000,1,X,0,0"})
    bt.import_lean(tmp_path / "lean", catalog)
    terms = {symbol: catalog.definition(symbol).instrument for symbol in catalog.symbols()}
    assert (terms["AAA"].tick_size, terms["BBB"].tick_size, terms["BBB"].currency) == (0.01, 0.05, "EUR")
    assert "price magnifier: 100, which is not used" in catalog.read("BBB", "day").notes
    (gold,) = [symbol for symbol in terms if symbol.startswith("GC")]
    assert (terms[gold].multiplier, terms[gold].tick_size) == (100, 0.1)
