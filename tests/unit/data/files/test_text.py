"""Text files in every layout become the same columns, with the line of each row."""

import bz2
import gzip
import io
import re
import zipfile

import polars as pl
import pyarrow
import pytest

from btcore.data.files import chunks, text
from btcore.data.files.opened import open_text
from btcore.data.files.text import Columns, open_table
from btcore.data.tables.options import TextSettings
from btcore.errors import DataError

NAMES = ["time", "bid", "ask"]
QUOTES = Columns(["bid", "ask"], [], ["time"])
ROWS = [
    ["2024-01-02 09:30", "1.5", "1.75"],
    ["2024-01-02 09:31", "1.25", "2"],
    ["2024-01-02 09:32", "3", "4"],
]
VALUES = [("2024-01-02 09:30", 1.5, 1.75), ("2024-01-02 09:31", 1.25, 2.0), ("2024-01-02 09:32", 3.0, 4.0)]
PLAIN = "".join(",".join(row) + "\n" for row in [NAMES, *ROWS])


def is_header(names):
    return set(NAMES) <= {name.strip("<>").lower() for name in names}


@pytest.fixture
def table(tmp_path):
    def table(content, name="q.csv", **options):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return open_table(file, TextSettings.of("read_csv", options), is_header)

    return table


@pytest.fixture
def read(table):
    """(rows, lines of the rows, notes), the same whether the file is read whole or in parts."""

    def read(content, name="q.csv", **options):
        found = table(content, name, **options)
        time, *numbers = found.dialect.names[:3]
        (frame, lines), notes = found.read(Columns(numbers, [], [time]))
        rows = frame.select(time, *numbers).rows()
        numbered = [lines.line(row) for row in range(frame.height)]
        in_parts, also = [], []
        for part, of_part in found.parts(Columns(numbers, [], [time]), also):
            assert of_part.numbers.tolist() == numbered[len(in_parts) :][: part.height]
            in_parts += part.select(time, *numbers).rows()
        assert [tuple(map(str, row)) for row in in_parts] == [tuple(map(str, row)) for row in rows]
        assert also == notes
        return rows, numbered, [*found.notes, *notes]

    return read


def zipped(content):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.csv", content)
    return stream.getvalue()


def zstd(content):
    return pyarrow.compress(content, codec="zstd", asbytes=True)


COMPRESS = {"gzip": gzip.compress, "bzip2": bz2.compress, "zstd": zstd, "zip": zipped}


@pytest.mark.parametrize("compression", COMPRESS)
def test_a_compressed_file_is_known_by_its_content(read, compression):
    compressed = COMPRESS[compression](PLAIN.encode())
    assert read(compressed, "q.csv") == (VALUES, [2, 3, 4], [f"compressed: {compression}"])


def test_compressions_in_each_other_and_in_several_members(read):
    both = zipped(gzip.compress(PLAIN.encode()))
    assert read(both) == (VALUES, [2, 3, 4], ["compressed: gzip in zip"])
    half = len(PLAIN) // 2
    for pack in (gzip.compress, bz2.compress, zstd):
        assert read(pack(PLAIN[:half].encode()) + pack(PLAIN[half:].encode()))[0] == VALUES


def test_plain_text_with_the_name_of_a_gzip(read):
    assert read(PLAIN, "q.csv.gz") == (VALUES, [2, 3, 4], [])


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_compressed_file_that_is_cut_off_is_damaged(table, compression, kept):
    compressed = COMPRESS[compression]((PLAIN * 200).encode())
    with pytest.raises(DataError, match=rf"^q\.csv: not a readable {compression}: it is damaged or cut off$"):
        table(compressed[: int(len(compressed) * kept)]).read(QUOTES)


def test_a_changed_byte_in_a_gzip_is_found_by_its_check_sum(table):
    compressed = bytearray(gzip.compress(PLAIN.encode()))
    compressed[-6] ^= 1
    with pytest.raises(DataError, match="not a readable gzip: it is damaged"):
        table(bytes(compressed)).read(QUOTES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1....", "a Parquet file: use read_parquet"),
        (b"ARROW1\0\0", "an Arrow file: use read_arrow"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook is not a text file"),
        (b"PK\x05\x06" + bytes(18), "the zip has 0 members; exactly one is allowed"),
        (b"t\0i\0m\0e\0,\0b\0", "every second byte is NUL, as in UTF-16, .* encoding='utf-16-le'"),
        (b"\0t\0i\0m\0e\0,\0b", "every second byte is NUL, as in UTF-16, .* encoding='utf-16-be'"),
    ],
)
def test_other_formats_are_named(table, content, message):
    with pytest.raises(DataError, match=rf"^q\.csv: {message}"):
        table(content)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_utf_16_and_32_with_a_mark(read, encoding):
    content = ("\ufeff" + PLAIN.replace("bid", "bid")).encode(encoding)
    assert read(content) == (VALUES, [2, 3, 4], [f"encoding: {encoding}"])
    assert read(content, encoding=encoding) == (VALUES, [2, 3, 4], [f"encoding: {encoding}"])
    assert read(content[len("\ufeff".encode(encoding)) :], encoding=encoding)[0] == VALUES
    assert read(gzip.compress(content))[2] == ["compressed: gzip", f"encoding: {encoding}"]


@pytest.mark.parametrize("header", ["time,bid,ask", '"time","bid","ask"', "time,bid,ask,größe"])
def test_utf_8_with_a_mark(read, header):
    tail = ",5" if "größe" in header else ""
    content = header + "\n" + "".join(",".join(row) + tail + "\n" for row in ROWS)
    assert read("\ufeff" + content) == (VALUES, [2, 3, 4], [])
    assert read("\ufeff" + content.split("\n", 1)[1], has_header=False)[0] == VALUES


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp437", "koi8-r", "shift_jis"])
def test_other_encodings_by_name(read, table, encoding):
    letter = {"koi8-r": "ж", "shift_jis": "銘"}.get(encoding, "ö")
    content = PLAIN.replace("\n", f",{letter}\n").replace(letter, "note", 1).encode(encoding)
    rows, lines, notes = read(content, encoding=encoding)
    assert (rows, lines, len(notes)) == (VALUES, [2, 3, 4], 1)
    with pytest.raises(DataError, match=r"^q\.csv line 2: byte 0x.. is not UTF-8; pass encoding="):
        table(content).read(QUOTES)


def test_bytes_that_are_not_in_the_encoding_are_named_by_their_line(table):
    with pytest.raises(DataError, match=r"^q\.csv line 3: byte 0x81 is not in the encoding cp1252$"):
        table(PLAIN.encode().replace(b"1.25", b"1\x815"), encoding="cp1252")
    for bad in (b"\0time", b"ti\xffme", b"a\xff title\ntime", b'"time\0"'):
        with pytest.raises(DataError, match=r"^q\.csv line 1: (a NUL byte|byte 0xFF is not UTF-8)"):
            table(PLAIN.encode().replace(b"time", bad))
    with pytest.raises(DataError, match=r"^q\.csv line 3: byte 0xFF is not UTF-8"):
        table(PLAIN.encode().replace(b"1.25", b"1\xff5")).read(QUOTES)
    odd = ("\ufeff" + PLAIN).encode("utf-16-le")[:-1]
    with pytest.raises(DataError, match=r"^q\.csv line 4: byte 0x0A is not in the encoding utf-16-le"):
        table(odd)
    with pytest.raises(DataError, match="mark of utf-8; encoding= is 'latin-1'"):
        table(b"\xef\xbb\xbf" + PLAIN.encode(), encoding="latin-1")
    with pytest.raises(DataError, match="there is no byte order mark; pass encoding='utf-16-le' or"):
        table(PLAIN.encode("utf-16-le"), encoding="utf-16")
    with pytest.raises(DataError, match="encoding: 'base64' is not an encoding of text"):
        table(PLAIN, encoding="base64")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_ends_of_lines(read, end, last, pack):
    content = PLAIN.replace("\n", end)
    content = content if last else content.removesuffix(end)
    assert read(pack(content.encode()))[:2] == (VALUES, [2, 3, 4])


def test_ends_of_lines_may_differ_in_one_file(read):
    lines = PLAIN.splitlines()
    for ends in (("\r\n", "\n", "\r\n", "\n"), ("\n", "\r", "\n", ""), ("\r", "\n", "\r\n", "\r")):
        content = "".join(line + end for line, end in zip(lines, ends, strict=True))
        assert read(content)[:2] == (VALUES, [2, 3, 4])


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_delimiters_are_found(read, delimiter):
    noted = [] if delimiter == "," else [f"delimiter: {'tab' if delimiter == chr(9) else delimiter}"]
    content = PLAIN.replace(",", delimiter)
    assert read(content) == (VALUES, [2, 3, 4], noted)
    assert read(content, delimiter=delimiter) == (VALUES, [2, 3, 4], [])


def test_other_delimiters_are_given(read, table):
    assert read(PLAIN.replace(",", "~"), delimiter="~") == (VALUES, [2, 3, 4], [])
    for bad in ("§", '"', "\n"):
        with pytest.raises(DataError, match=re.escape(f"delimiter: {bad!r} is not")):
            table(PLAIN, delimiter=bad)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("header", [True, False])
def test_a_decimal_comma_is_found_where_it_is_sure(table, delimiter, header):
    content = PLAIN.replace(",", delimiter).replace(".", ",")
    found = table(content if header else content.split("\n", 1)[1])
    assert (found.dialect.delimiter, found.dialect.decimal) == (delimiter, ",")
    (frame, _), _ = found.read(Columns(found.dialect.names[1:], [], found.dialect.names[:1]))
    assert frame[found.dialect.names[1]].to_list() == ["1,5", "1,25", "3"]


@pytest.mark.parametrize(
    ("bids", "expected"),
    [
        (["1,5", "1234,5"], ","),
        (["0,123", "1,234"], ","),
        (["1.234,5", "1"], ","),
        (["1,234", "5,678"], None),  # one or a thousand
        (["1,5", "1.5"], None),
        (["1,234.5", "1"], None),
        (["1,234,567", "1"], None),
        (["1.5", "2.5"], None),
    ],
)
def test_when_a_decimal_comma_is_sure(table, bids, expected):
    rows = "".join(f"2024-01-0{day};{bid};9\n" for day, bid in enumerate(bids, 1))
    assert table("time;bid;ask\n" + rows).dialect.decimal == expected
    assert table("time;bid;ask\n" + rows, decimal=".").dialect.decimal == "."


@pytest.mark.parametrize(
    "above",
    [
        "https://www.example.com\n",
        "Quotes of a vendor\n\n",
        "Quotes, of a vendor\nmade 2024-02-03\n",
        "Symbol,EURUSD\nPeriod,M1\nSpread,,\n",
        '"A title, quoted"\n',
        "# comment\n",
        "\n\n",
    ],
)
def test_lines_above_the_header_are_left_out(read, above):
    count = above.count("\n")
    rows, lines, notes = read(above + PLAIN)
    assert (rows, lines) == (VALUES, [2 + count, 3 + count, 4 + count])
    assert notes == ([f"lines above the header: {count}, left out"] if above.strip() else [])
    assert read(above + PLAIN, skip_rows=count) == (rows, lines, [])
    assert read(above.encode() * 1 + PLAIN.replace("\n", "\r").encode())[0] == VALUES


def test_rows_above_the_header_are_refused(table):
    first, rest = PLAIN.split("\n", 1)
    with pytest.raises(
        DataError, match=r"^q\.csv line 1: it looks like a row, but is above the header in line 4"
    ):
        table(rest + PLAIN)
    assert table(rest + PLAIN, has_header=False).dialect.names == ["column_1", "column_2", "column_3"]
    assert table(rest + PLAIN, skip_rows=3).dialect.header == first


def test_no_header(read, table):
    rest = PLAIN.split("\n", 1)[1]
    noted = ["no header: the columns are column_1 to column_3"]
    assert read(rest) == (VALUES, [1, 2, 3], noted)
    assert read(rest, has_header=False) == (VALUES, [1, 2, 3], [])
    assert read("a title\n" + rest, has_header=False)[:2] == (VALUES, [2, 3, 4])
    assert read("a title\n" + rest)[2] == [*noted, "lines above the first row: 1, left out"]
    assert table(rest, has_header=True).dialect.header == ",".join(ROWS[0])
    unknown = table(PLAIN.replace("bid", "left"))
    assert (unknown.dialect.header, unknown.dialect.names) == ("time,left,ask", ["time", "left", "ask"])


def test_comments(read, table):
    lines = PLAIN.splitlines()
    content = "\n".join(["# a,b", lines[0], "# x", lines[1], lines[2], '# "unbalanced', "#", lines[3], "#"])
    assert read(content, comment="#") == (VALUES, [4, 5, 8], ["comments: 4, left out"])
    assert read(content.replace("#", "//"), comment="//")[:2] == (VALUES, [4, 5, 8])
    assert read(content.replace("#", "%").replace(",", ";"), comment="%")[:2] == (VALUES, [4, 5, 8])
    with pytest.raises(DataError, match=r"line 3: 1 field, but .*; pass comment='#' if this is a comment"):
        table(content.replace('"', "")).read(QUOTES)


def test_a_header_that_is_repeated_is_left_out(read):
    twice = PLAIN + PLAIN.replace("2024-01-02", "2024-01-03")
    rows, lines, notes = read(twice)
    assert rows == VALUES + [(time.replace("-02 ", "-03 "), *rest) for time, *rest in VALUES]
    assert (lines, notes) == ([2, 3, 4, 6, 7, 8], ["repeated headers: 1, left out"])
    assert read(twice + PLAIN.split("\n")[0])[2] == ["repeated headers: 2, left out"]


def test_empty_lines(read):
    assert read(PLAIN + "\n \n,,\n , ,\n\t\n") == (VALUES, [2, 3, 4], [])
    lines = PLAIN.splitlines()
    rows, numbers, _ = read("\n".join([*lines[:2], "", "  ", lines[2], ",,", lines[3], ""]))
    nothing = (None, None, None)
    assert rows == [VALUES[0], nothing, nothing, VALUES[1], nothing, VALUES[2]]
    assert numbers == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1.25,2\n", "1.25,2,7\n", "line 3: 4 fields, but the header in line 1 has 3"),
        ("1.25,2\n", "1.25\n", "line 3: 2 fields, but the header in line 1 has 3"),
        ("1.25,2\n", "1.25,2,\n", "line 3: 4 fields, but the header in line 1 has 3"),
        ("1.25,2\n", "1.25;2\n", "line 3: 2 fields, but the header in line 1 has 3"),
        ("1.25,2\n", "1.25,2,,,,\n", "line 3: 7 fields, but the header in line 1 has 3"),
        ("2\n2024", "22024", "line 3: 5 fields, but the header in line 1 has 3"),
        ("3,4\n", "3", "line 4: 2 fields, but the header in line 1 has 3"),
        ("1.25", '"1.25', "line 3: a quote that begins in this row is not closed"),
        ("1.25", '1.25"', "line 3: a quote neither begins nor ends a value, or is not closed"),
        ("1.25", '1"."25', "line 3: a quote neither begins nor ends a value, or is not closed"),
        ("1.25", '"1.25"x', "line 3: a quote neither begins nor ends a value, or is not closed"),
        ("1.25", "1\0.25", "line 3: a NUL byte"),
        ("3,4", "3,\0", "line 4: a NUL byte"),
        ("1.25,2\n2024-01-02 09:32,3", '"1.25,2\n2024-01-02 09:32",3', "line 3: a quote that begins in this"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_that_are_no_rows_are_named_by_their_line(table, old, new, message, end):
    found = table(PLAIN.replace(old, new, 1).replace("\n", end))
    with pytest.raises(DataError, match=rf"^q\.csv {message}"):
        found.read(QUOTES)
    with pytest.raises(DataError, match=rf"^q\.csv {message}"):
        list(found.parts(QUOTES, []))


def test_quoted_values_and_line_breaks_in_them(read):
    everything = "\n".join(",".join(f'"{value}"' for value in row) for row in [NAMES, *ROWS])
    assert read(everything) == (VALUES, [2, 3, 4], [])
    assert read(everything.replace("\n", "\r\n"))[0] == VALUES
    texts = ["note", '"a ""quoted"" word"', '"two\nlines, one row"', '""']
    content = "\n".join(f"{line},{text}" for line, text in zip(PLAIN.splitlines(), texts, strict=True))
    assert read(content) == (VALUES, [2, 3, 5], [])


def test_numbers_that_are_not_plain_make_all_columns_texts(read):
    rows, lines, _ = read(PLAIN.replace("1.25", "1.25 "))
    assert rows == [tuple(row) for row in [ROWS[0], [ROWS[1][0], "1.25 ", "2"], ROWS[2]]]
    assert lines == [2, 3, 4]


def test_a_delimiter_after_every_last_value(read, table):
    body = "\n".join(line + "," for line in PLAIN.splitlines()[1:])
    assert read("time,bid,ask\n" + body)[:2] == (VALUES, [2, 3, 4])
    with pytest.raises(DataError, match="line 3: 3 fields, but the header in line 1 has 4"):
        table("time,bid,ask,\n" + body.replace("2,\n", "2\n")).read(QUOTES)


@pytest.mark.parametrize("size", [1, 30, 64, 1000])
def test_rows_may_lie_in_several_blocks(read, monkeypatch, size):
    monkeypatch.setattr(text, "blocks", lambda parts: chunks.blocks(pieces(parts), size))

    def pieces(parts):
        for part in parts:
            yield from (part[i : i + 7] for i in range(0, len(part), 7))

    for end in ("\n", "\r\n", "\r"):
        content = ("\n\n" + PLAIN.replace("3,4", '"3",4') + "\n\n").replace("\n", end)
        assert read(content.encode("utf-16"))[:2] == (VALUES, [4, 5, 6])
    lines = [f'{",".join(row)},"a\n\nb, ""c"" {row[0]}"' for row in ROWS]
    assert read("time,bid,ask,note\n" + "\n".join(lines))[:2] == (VALUES, [2, 5, 8])
    assert read("\n".join([PLAIN, "", PLAIN.splitlines()[0], *lines[:1]][:3]))[1] == [2, 3, 4]


def test_long_lines(table, monkeypatch):
    long = PLAIN.replace("ask\n", "ask,note\n").replace("1.75\n", "1.75," + "x" * 300_000 + "\n")
    long = long.replace("2\n", "2,\n").replace("4\n", "4,y\n")
    assert table(long).read(QUOTES)[0][0]["bid"].to_list() == [1.5, 1.25, 3]
    for module in (chunks, text):
        monkeypatch.setattr(module, "LONGEST", 1000)
    monkeypatch.setattr(text, "blocks", lambda parts: chunks.blocks(parts, 1000))
    with pytest.raises(DataError, match=r"^q\.csv: a line is longer than"):
        list(table("x" * (10 << 20)).parts(Columns([], [], ["column_1"]), []))


def test_files_without_rows(table):
    for content in (b"", b"\n\n", b" \n", b"\xef\xbb\xbf", "\ufeff".encode("utf-16-le"), gzip.compress(b"")):
        with pytest.raises(DataError, match=r"^q\.csv: the file has no rows$"):
            table(content)
    for content in (PLAIN.splitlines()[0], PLAIN.splitlines()[0] + "\n\n,,\n", "a title\ntime,bid,ask\n"):
        with pytest.raises(DataError, match=r"^q\.csv: the file has no rows$"):
            table(content).read(QUOTES)


def test_errors_of_polars_do_not_reach_the_user(table, monkeypatch):
    def panic(*_, **__):
        raise pl.exceptions.PanicException("internal")

    monkeypatch.setattr(pl, "read_csv", panic)
    with pytest.raises(DataError, match=r"^q\.csv line 2: the lines from there to 4 are not rows of values$"):
        table(PLAIN).read(QUOTES)


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize(
    ("rows", "line"),
    [
        (["1,2,3,4,5", "1,2,3,4", "1,2,3"], 2),  # as many delimiters as three rows of four
        (["1,2,3,4", "1,2,3", "1,2,3,4,5"], 3),
        (["1,2,3,4", "1,2,3,4,5", "1,2,3,4"], 3),
        (["1,2,3,4", "1,2,3,4", "1,2,3"], 4),
        (["1,2,3,4", "1,2,3,4\r1,2,3", "1,2,3,4"], 4),
    ],
)
def test_fields_are_counted_in_columns_that_are_not_used(table, quote, rows, line):
    rows = [row.replace("1", f"{quote}1{quote}") for row in rows]
    found = table("time,note,bid,ask\n" + "\n".join(rows) + "\n")
    with pytest.raises(DataError, match=rf"^q\.csv line {line}: [35] fields, but the header in line 1 has 4"):
        found.read(QUOTES)
    with pytest.raises(DataError, match=rf"^q\.csv line {line}: [35] fields, but the header in line 1 has 4"):
        list(found.parts(QUOTES, []))


def test_a_delimiter_in_quotes_is_none(table):
    rows = ['1,2,3,"a,b"', "1,2,3,4"]
    (frame, _), _ = table("time,bid,ask,note\n" + "\n".join(rows)).read(QUOTES)
    assert frame["ask"].to_list() == [3, 3]
    with pytest.raises(DataError, match=r"^q\.csv line 3: 3 fields"):
        table("time,bid,ask,note\n" + "\n".join([rows[0], "1,2,3"])).read(QUOTES)


def test_line_breaks_in_quotes_are_lines_and_no_rows(read):
    content = "time,bid,ask,note\n" + "".join(",".join(row) + ',"a\nb"\n' for row in ROWS)
    assert read(content)[:2] == (VALUES, [2, 4, 6])
    assert read(content.replace('"a\nb"', '"""a\n\n"""'))[:2] == (VALUES, [2, 5, 8])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_chunks_may_end_anywhere(tmp_path, size, end):
    file = tmp_path / "q.csv"
    plain = ("größe\n" + PLAIN + "\n").replace("\n", end)
    for content in (plain.encode(), ("\ufeff" + plain).encode("utf-16-be"), gzip.compress(plain.encode())):
        file.write_bytes(content)
        with open_text(file, size=size) as opened:
            assert b"".join(opened.chunks).decode() == plain
        with open_text(file, size=size) as opened:
            ends = b"".join(chunks.normal_line_ends(opened.chunks))
        assert ends.decode() == plain.replace("\r\n", "\n").replace("\r", "\n")
