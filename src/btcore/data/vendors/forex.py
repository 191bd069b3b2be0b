"""Layouts of vendors and platforms of foreign exchange, and of Stooq."""

import re
from collections.abc import Mapping
from typing import Any

from btcore.data.tables.cleaning import Notes

from .layout import Details, Layout, Sample
from .shapes import matches, numbers
from .values import filled_forward, is_all_zero

_SERVER = "the server of the broker, which the file does not name"
_TICK_VOLUME = "counts changes of the price, no quantity, and is not used"


def _is_metatrader4(row: list[str]) -> bool:
    dated = matches(r"\d{4}\.\d\d\.\d\d", row[0]) and matches(r"\d\d:\d\d(:\d\d)?", row[1])
    return dated and numbers(*row[2:])


def _check_real_volume(table: Mapping[str, Any], said: Notes) -> None:
    if "<VOL>" in table and is_all_zero(table["<VOL>"]):
        said.say("<VOL> is 0 in all rows: no volume is known; columns={'volume': None} leaves it out")


def _fill_sides(table: Mapping[str, Any], said: Notes) -> dict[str, Any]:
    """MetaTrader 5 writes only the side of a quote that changed."""
    filled = dict(table)
    for name in ("<BID>", "<ASK>"):
        if name in table:
            filled[name], count = filled_forward(table[name])
            said.count(f"{name} is empty where it did not change, and is that of the row before", count)
    return filled


def _stooq(sample: Sample) -> Details:
    per = sample.value("<PER>")
    if not per.isdigit():
        return Details({}, ("the dates are days of the exchange",))
    return Details({"timezone": "Europe/Warsaw"})


def _dukascopy(sample: Sample) -> Details:
    text = next(filter(None, map(sample.value, _DUKASCOPY_TIMES)), "")
    options: dict[str, Any] = {}
    needs: tuple[str, ...] = ()
    fraction = r"(\.\d+)?"
    if found := re.fullmatch(rf"\d\d\.\d\d\.\d{{4}} \d\d:\d\d:\d\d{fraction}( GMT[+-]\d{{4}})?", text):
        zone = " GMT%z" if found[2] else ""
        options["time_format"] = f"%d.%m.%Y %H:%M:%S{'.%f' if found[1] else ''}{zone}"
        if not zone and sample.value("Local time"):
            needs = ("timezone",)
    elif found := re.fullmatch(rf"\d{{4}}\.\d\d\.\d\d \d\d:\d\d:\d\d{fraction}", text):
        options["time_format"] = f"%Y.%m.%d %H:%M:%S{'.%f' if found[1] else ''}"
    if sample.value("Gmt time") or sample.value("Time (UTC)"):
        options["timezone"] = "UTC"
    if sample.value("Time (EET)"):
        options["timezone"] = "Europe/Athens"
    return Details(options, needs=needs)


def _dukascopy_bars(sample: Sample) -> Details:
    side = re.search(r"(?:^|[_ ])(bid|ask)(?:[_. ]|$)", sample.file, re.IGNORECASE)
    prices = f"the prices are of the {side[1].lower()}, by the name of the file" if side else _ONE_SIDE
    details = _dukascopy(sample)
    return details._replace(notes=(prices, "the volume is in the unit of the export, by default millions"))


_ONE_SIDE = "the prices are of one side, bid or ask, which the file does not say"
_DUKASCOPY_TIMES = ("Gmt time", "Local time", "Time (EET)", "Time (UTC)")
_DUKASCOPY_CLOCKS = {
    "Gmt time": "UTC",
    "Local time": "offsets in the file, else that of the computer that exported it",
    "Time (EET)": "Europe/Athens",
    "Time (UTC)": "UTC",
}


def _dukascopy_layouts() -> tuple[Layout, ...]:
    """Bars and ticks for each name of the column of times."""
    made = []
    for time in _DUKASCOPY_TIMES:
        needs = "`timezone`, if there are no offsets" if time == "Local time" else ""
        common: dict[str, Any] = {"name": "dukascopy", "clock": _DUKASCOPY_CLOCKS[time], "is_sure": True}
        common |= {"asked": needs, "columns": {"timestamp": time} if time == "Time (EET)" else {}}
        made += [
            Layout(
                **common,
                title="Dukascopy bars",
                kind="bars",
                file=f"candlesticks with `{time}`",
                stamps="open",
                header=(time, "Open", "High", "Low", "Close", "Volume"),
                details=_dukascopy_bars,
            ),
            Layout(
                **common,
                title="Dukascopy ticks",
                kind="quotes",
                file=f"ticks with `{time}`",
                stamps="quote",
                header=(time, "Ask", "Bid", "AskVolume", "BidVolume"),
                details=_dukascopy,
            ),
        ]
    return tuple(made)


_EST = "Etc/GMT+5"  # UTC-5 in summer too
_HISTDATA: dict[str, Any] = {
    "name": "histdata",
    "clock": "UTC-5, without daylight saving time",
    "has_header": False,
}
_HISTDATA_BARS: dict[str, Any] = _HISTDATA | {
    "title": "HistData bars",
    "kind": "bars",
    "stamps": "open",
    "notes": ("the prices are of the bid",),
    "column_notes": {"volume": "HistData has no volume; the column of zeros is left out"},
}

LAYOUTS = (
    Layout(
        name="metatrader4",
        title="MetaTrader 4 bars",
        kind="bars",
        file="History Center, without a header",
        stamps="open",
        clock=_SERVER,
        header=("date", "time", "open", "high", "low", "close", "tick_volume"),
        shape=_is_metatrader4,
        has_header=False,
        columns={"timestamp": ("date", "time"), "volume": None},
        needs=("timezone",),
        column_notes={"volume": f"tick_volume {_TICK_VOLUME}"},
    ),
    Layout(
        name="metatrader5",
        title="MetaTrader 5 bars",
        kind="bars",
        file="Symbols, Bars, Export",
        stamps="open",
        clock=_SERVER,
        header=("<DATE>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<TICKVOL>", "<VOL>", "<SPREAD>"),
        is_sure=True,
        needs=("timezone",),
        checked=("<VOL>",),
        check=_check_real_volume,
    ),
    Layout(
        name="metatrader5",
        title="MetaTrader 5 ticks",
        kind="quotes",
        file="Symbols, Ticks, Export",
        stamps="quote",
        clock=_SERVER,
        header=("<DATE>", "<TIME>", "<BID>", "<ASK>", "<LAST>", "<VOLUME>"),
        is_sure=True,
        needs=("timezone",),
        check=_fill_sides,
        whole=True,
    ),
    Layout(
        name="metatrader5",
        title="MetaTrader 5 rates of Python",
        kind="bars",
        file="`copy_rates_range` of the Python package",
        stamps="open",
        clock="seconds on the clock of the server, read as UTC",
        header=("time", "open", "high", "low", "close", "tick_volume", "spread", "real_volume"),
        is_sure=True,
        notes=(
            "the times are counts on the clock of the server of the broker, read as UTC, "
            "which they are only if that clock is",
        ),
    ),
    Layout(
        name="stooq",
        title="Stooq",
        kind="bars",
        file="`aapl.us.txt` of the archives",
        stamps="open",
        clock="days of the exchange; times in Europe/Warsaw",
        header=(
            *("<TICKER>", "<PER>", "<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"),
            "<OPENINT>",
        ),
        is_sure=True,
        details=_stooq,
    ),
    Layout(
        name="stooq",
        title="Stooq",
        kind="bars",
        file="`aapl_us_d.csv` of the page of a symbol",
        stamps="open",
        clock="days of the exchange",
        header=("Date", "Open", "High", "Low", "Close"),
        notes=("the dates are days of the exchange",),
    ),
    *_dukascopy_layouts(),
    Layout(
        **_HISTDATA_BARS,
        file="`DAT_ASCII_EURUSD_M1_2012.csv`",
        header=("time", "open", "high", "low", "close", "volume"),
        columns={"volume": None},
        shape=lambda row: matches(r"\d{8} \d{6}", row[0]) and numbers(*row[1:]),
        options={"time_format": "%Y%m%d %H%M%S", "timezone": _EST},
    ),
    Layout(
        **_HISTDATA_BARS,
        file="`DAT_MT_EURUSD_M1_2012.csv`",
        header=("date", "time", "open", "high", "low", "close", "volume"),
        columns={"timestamp": ("date", "time"), "volume": None},
        shape=_is_metatrader4,
        options={"timezone": _EST},
    ),
    Layout(
        **_HISTDATA,
        title="HistData ticks",
        kind="quotes",
        file="`DAT_ASCII_EURUSD_T_201202.csv`",
        stamps="quote",
        header=("time", "bid", "ask", "volume"),
        shape=lambda row: matches(r"\d{8} \d{9}", row[0]) and numbers(*row[1:]),
        options={"time_format": "%Y%m%d %H%M%S%f", "timezone": _EST},
    ),
    Layout(
        name="truefx",
        title="TrueFX",
        kind="quotes",
        file="`EURUSD-2012-02.csv`, without a header",
        stamps="quote",
        clock="UTC",
        header=("pair", "time", "bid", "ask"),
        shape=lambda row: (
            matches(r"[A-Z]{3}/[A-Z]{3}", row[0])
            and matches(r"\d{8} \d\d:\d\d:\d\d\.\d+", row[1])
            and numbers(*row[2:])
        ),
        has_header=False,
        is_sure=True,
        options={"time_format": "%Y%m%d %H:%M:%S.%f", "timezone": "UTC"},
    ),
)
