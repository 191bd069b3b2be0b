"""Markets written as text files in many layouts, and the options that a reader of each needs."""

import bz2
import gzip
import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pyarrow
from hypothesis import strategies as st

from btcore.data import Bars, Quotes, Trades

START = 1_704_067_200 * 10**9  # 2024-01-01, UTC
NS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
NAMES = {
    "bars": ["timestamp", "open", "high", "low", "close", "volume"],
    "quotes": ["timestamp", "bid", "ask", "bid_size", "ask_size"],
    "trades": ["timestamp", "price", "size", "side"],
}
COMPRESSIONS = ("none", "gzip", "bzip2", "zstd", "zip")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252")
CLOCKS = ("iso", "iso Z", "offset", "local", "date and time", "format", "s", "ms", "us", "ns")


@dataclass(frozen=True)
class Layout:
    """How a market is written."""

    delimiter: str = ","
    decimal: str = "."
    clock: str = "iso"
    zone: str = "UTC"
    newest_first: bool = False
    encoding: str = "utf-8"
    compression: str = "none"
    line_end: str = "\n"
    last_line_end: bool = True
    header: bool = True
    above: tuple[str, ...] = ()
    quoted: bool = False
    symbol: str = ""  # in a column of its own
    order: int = 0  # by how many places the columns are turned
    upper: bool = False

    @property
    def options(self) -> dict[str, object]:
        """The options that a reader needs."""
        needed: dict[str, object] = {}
        if self.clock in ("local", "date and time", "format"):
            needed["timezone"] = self.zone
        if self.clock == "format":
            needed["time_format"] = "%d.%m.%Y %H:%M:%S"
        if self.newest_first:
            needed["sort"] = True
        if self.encoding == "cp1252":
            needed["encoding"] = "cp1252"
        return needed


def write(data: Bars | Quotes | Trades, layout: Layout) -> bytes:
    """The bytes of a file with this market."""
    names, rows = cells(data, layout)
    turn = layout.order % len(names)
    lines = [row[turn:] + row[:turn] for row in ([names, *rows] if layout.header else rows)]
    text = layout.line_end.join([*layout.above, *(_line(line, layout) for line in lines)])
    text += layout.line_end if layout.last_line_end else ""
    mark = "\ufeff" if layout.encoding.startswith("utf-16") else ""
    return compressed((mark + text).encode(layout.encoding), layout.compression)


def cells(data: Bars | Quotes | Trades, layout: Layout) -> tuple[list[str], list[list[str]]]:
    """The names of the columns, and the texts of each row."""
    names = [name for name in NAMES[data.kind] if name in data.columns]
    columns = [_times(data.timestamp.tolist(), layout)]
    for name in names[1:]:
        values = data.columns[name].tolist()
        columns.append([_number(value, layout) for value in values])
    if layout.clock == "date and time":
        names = ["date", "time", *names[1:]]
        columns = [
            [text.split()[0] for text in columns[0]],
            [text.split()[1] for text in columns[0]],
            *columns[1:],
        ]
    if layout.symbol:
        names, columns = [*names, "symbol"], [*columns, [layout.symbol] * len(data)]
    rows = [list(row) for row in zip(*columns, strict=True)]
    names = [name.upper() for name in names] if layout.upper else names
    return names, rows[::-1] if layout.newest_first else rows


def compressed(content: bytes, compression: str) -> bytes:
    """The bytes, compressed."""
    if compression == "gzip":
        return gzip.compress(content, 1)
    if compression == "bzip2":
        return bz2.compress(content, 1)
    if compression == "zstd":
        return bytes(pyarrow.compress(content, codec="zstd", asbytes=True))
    if compression == "zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("inside.csv", content)
        return stream.getvalue()
    return content


def resolution(layout: Layout) -> int:
    """The nanoseconds that the clock of a layout can tell apart."""
    seconds = layout.clock in ("local", "date and time", "format")
    return 10**9 if seconds else NS.get(layout.clock, 1)


def _line(texts: list[str], layout: Layout) -> str:
    def quote(text: str) -> str:
        return f'"{text}"' if layout.quoted or layout.delimiter in text else text

    return layout.delimiter.join(map(quote, texts))


def _number(value: float, layout: Layout) -> str:
    text = repr(int(value) if float(value).is_integer() and abs(value) < 1e15 else value)
    return text.replace(".", layout.decimal)


def _times(times: list[int], layout: Layout) -> list[str]:
    return [_time(ns, layout) for ns in times]


def _time(ns: int, layout: Layout) -> str:
    if layout.clock in NS:
        return str(ns // NS[layout.clock])
    moment = datetime.fromtimestamp(ns // 10**9, ZoneInfo(layout.zone))
    fraction = f"{ns % 10**9:09d}"
    if layout.clock == "format":
        return f"{moment:%d.%m.%Y %H:%M:%S}"
    if layout.clock in ("local", "date and time"):
        return f"{moment:%Y-%m-%d %H:%M:%S}"
    if layout.clock == "offset":
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction}{moment:%z}"
    end = "Z" if layout.clock == "iso Z" else ""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{fraction}{end}"


@st.composite
def layouts(draw: st.DrawFn) -> Layout:
    """Any layout whose texts can be read in one way only."""
    delimiter = draw(st.sampled_from([",", ";", "\t", "|"]))
    quoted = draw(st.booleans())
    encoding = draw(st.sampled_from(ENCODINGS))
    title = "Größen" if encoding != "utf-8" else "Prices of a vendor"
    above = draw(
        st.sampled_from([(), (title,), (title, ""), (f"{title}{delimiter} of a vendor", "made by hand")])
    )
    return Layout(
        delimiter=delimiter,
        decimal=draw(st.sampled_from([".", ","] if delimiter != "," or quoted else ["."])),
        clock=draw(st.sampled_from(CLOCKS)),
        zone=draw(st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"])),
        newest_first=draw(st.booleans()),
        encoding=encoding,
        compression=draw(st.sampled_from(COMPRESSIONS)),
        line_end=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        last_line_end=draw(st.booleans()),
        above=above,
        quoted=quoted,
        symbol=draw(st.sampled_from(["", "ES"])),
        order=draw(st.integers(0, 5)),
        upper=draw(st.booleans()),
    )


prices = st.one_of(
    st.integers(1, 10**6).map(lambda cents: cents / 100),
    st.floats(1e-6, 1e9),
    st.sampled_from([0.1 + 0.2, 1e-300, 1e300, 1 / 3, 5e-324, 1e22]),
)
sizes = st.one_of(st.integers(0, 10**9).map(float), st.floats(0, 1e12))


@st.composite
def markets(draw: st.DrawFn, layout: Layout) -> Bars | Quotes | Trades:
    """Bars, quotes or trades whose times the clock of the layout can tell apart."""
    kind = draw(st.sampled_from(list(NAMES)))
    rows = draw(st.integers(3, 12))
    step = resolution(layout)
    if kind == "bars":
        length = draw(st.sampled_from([1, 5, 60, 300, 3600])) * 10**9
        gaps = [
            length * gap
            for gap in draw(st.lists(st.sampled_from([1, 1, 1, 2, 5]), min_size=rows, max_size=rows))
        ]
        gaps[1] = length
    else:
        least = 1 if layout.newest_first else 0  # rows of one time would change places
        some = st.one_of(st.integers(least, 3), st.integers(least, 10**15 // step))
        gaps = [step * gap for gap in draw(st.lists(some, min_size=rows, max_size=rows))]
    times, now = [], START
    for gap in gaps:
        now += gap
        times.append(now)
    if kind == "bars":
        four = st.tuples(prices, prices, prices, prices).map(_bar)
        columns = list(zip(*draw(st.lists(four, min_size=rows, max_size=rows)), strict=True))
        volume = draw(st.none() | st.lists(sizes, min_size=rows, max_size=rows))
        return Bars(times, *columns, volume, interval=length)
    if kind == "quotes":
        two = st.tuples(prices, prices).map(sorted)
        bid, ask = zip(*draw(st.lists(two, min_size=rows, max_size=rows)), strict=True)
        both = draw(st.none() | st.lists(st.tuples(sizes, sizes), min_size=rows, max_size=rows))
        return Quotes(times, bid, ask, *(zip(*both, strict=True) if both else ()))
    price = draw(st.lists(prices, min_size=rows, max_size=rows))
    size = draw(st.none() | st.lists(sizes.map(lambda size: size + 1), min_size=rows, max_size=rows))
    side = draw(st.none() | st.lists(st.sampled_from([1, -1, 0]), min_size=rows, max_size=rows))
    return Trades(times, price, size, side=side)


def _bar(four: tuple[float, ...]) -> tuple[float, ...]:
    first, *middle, last = sorted(four)
    return middle[0], last, first, middle[1]
