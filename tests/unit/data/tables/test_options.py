"""Options of readers: unknown names and wrong values are refused, each in words that name what is allowed."""

from typing import Any, get_type_hints

import pytest

from btcore.data.tables.options import TableOptions, TableSettings, TextOptions, TextSettings
from btcore.errors import ConfigError, DataError


def test_settings_have_the_fields_of_the_options() -> None:
    assert set(TableSettings.__struct_fields__) == {"by", "given", *get_type_hints(TableOptions)}
    assert set(TextSettings.__struct_fields__) == {"by", "given", *get_type_hints(TextOptions)}


def test_an_unknown_option_is_a_type_error_that_names_it_and_the_allowed_ones() -> None:
    with pytest.raises(TypeError, match=r"^read_csv: there is no option 'separator'; .*delimiter"):
        TextSettings.of("read_csv", {"separator": ";"})
    with pytest.raises(TypeError, match=r"^read_parquet: there is no option 'delimiter'"):
        TableSettings.of("read_parquet", {"delimiter": ";"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duplicates": "x"}, r"^duplicates: 'x' is not one of refuse, first, last$"),
        ({"duplicates": None}, r"^duplicates: None is not one of refuse, first, last$"),
        ({"missing": "skip"}, r"^missing: 'skip' is not one of refuse, drop$"),
        ({"crossed": True}, r"^crossed: True is not one of refuse, keep, drop$"),
        ({"by": "date"}, r"^by: 'date' is not one of symbol$"),
        ({"stamp": "end"}, r"^stamp: 'end' is not one of open, close$"),
        ({"unit": "minutes"}, r"^unit: 'minutes' is not one of s, ms, us, ns, excel, by_row$"),
        ({"sort": "no"}, r"^sort: 'no' is not True or False$"),
        ({"negative_prices": 1}, r"^negative_prices: 1 is not True or False$"),
        ({"symbol": ""}, r"^symbol: '' is not a text"),
        ({"symbol": 7}, r"^symbol: 7 is not a text"),
        ({"symbol": "A", "by": "symbol"}, r"^symbol and by: pass one of them"),
        ({"columns": ["Date"]}, r"^columns: \['Date'\] is not a mapping"),
        ({"columns": {"open": 3}}, r"^columns\['open'\]: 3 is not the name of a column"),
        ({"columns": {"timestamp": ("a", "b", "c")}}, r"^columns\['timestamp'\]: \('a', 'b', 'c'\) is not"),
        ({"sides": {"A": 2}}, r"^sides\['A'\]: 2 is not 1 \(buy\), -1 \(sell\) or 0 \(unknown\)$"),
        ({"sides": ["A"]}, r"^sides: \['A'\] is not a mapping"),
        ({"years": (2000,)}, r"^years: \(2000,\) is not \(first year, last year\)$"),
        ({"years": (2010, 2000)}, r"^years: \(2010, 2000\) is not"),
        ({"price_divisor": 0}, r"^price_divisor: 0 is not a positive number$"),
        ({"price_divisor": float("nan")}, r"^price_divisor: nan is not"),
        ({"price_divisor": "1e9"}, r"^price_divisor: '1e9' is not"),
    ],
)
def test_a_wrong_value_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        TableSettings.of("read_parquet", options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ""}, r"^delimiter: '' is not one character$"),
        ({"delimiter": "||"}, r"^delimiter: '\|\|' is not one character$"),
        ({"has_header": "yes"}, r"^has_header: 'yes' is not True or False$"),
        ({"decimal": ";"}, r"^decimal: ';' is not one of '\.', ','$"),
        ({"thousands": "."}, None),
        ({"thousands": ".", "decimal": "."}, r"^thousands: '\.' is the decimal point too$"),
        ({"skip_rows": -1}, r"^skip_rows: -1 is not a number of rows, 0 or more$"),
        ({"skip_rows": True}, r"^skip_rows: True is not"),
        ({"encoding": "latin-99"}, r"^encoding: 'latin-99' is not an encoding"),
        ({"encoding": "cp1252", "delimiter": None, "has_header": None}, None),
        ({"comment": ""}, r"^comment: '' is not a text"),
    ],
)
def test_a_wrong_value_of_a_text_option_is_refused(options: dict[str, Any], message: str | None) -> None:
    if message is None:
        TextSettings.of("read_csv", options)
        return
    with pytest.raises(DataError, match=message):
        TextSettings.of("read_csv", options)


def test_zone_and_dst_are_checked_as_in_a_configuration() -> None:
    with pytest.raises(ConfigError, match="timezone: 'Mars' is not a known"):
        TableSettings.of("read_npz", {"timezone": "Mars"})
    with pytest.raises(ConfigError, match=r"^dst: 'guess' is not one of raise, earlier, later, infer$"):
        TableSettings.of("read_npz", {"dst": "guess"})


def test_settings_cannot_change() -> None:
    with pytest.raises(AttributeError):
        TableSettings().sort = True  # type: ignore[misc]
