"""Definitions beside the data: stored atomically, checked, renamed and deleted with their symbol."""

import datetime
import json

import numpy as np
import pytest
from catalog_data import bars

import btcore as bt
from btcore.data import Bars, Catalog, Definition, Trades
from btcore.errors import ConfigError, DataError

TERMS = bt.Instrument(
    tick_size=0.01,
    lot_size=1.0,
    multiplier=50.0,
    currency="USD",
    splits=[("2020-08-31", 4.0)],
    dividends=[(1_704_067_200 * 10**9, 0.24)],
)


def in_zone(zone, interval="1min"):
    times = np.arange(2) * (60 if interval == "1min" else 86_400) * 10**9
    return Bars(times, *[np.ones(2)] * 4, interval=interval, timezone=zone)


def test_a_definition_is_stored_and_read_by_other_processes(catalog):
    made = catalog.define("META", TERMS, timezone="America/New_York", names=[("2022-06-08", "FB")])
    assert made == Definition(instrument=TERMS, timezone="America/New_York", names=(("2022-06-08", "FB"),))
    other = Catalog(catalog.path)
    assert other.definition("META") == made
    assert other.definitions() == {"META": made}
    assert other.definition("FB") is None
    assert (other.symbols(), other.list()) == ([], [])


def test_a_definition_stays_when_data_are_replaced_and_goes_with_the_whole_symbol(catalog):
    catalog.write("A", [bars(), bars(2.0, "1d")])
    made = catalog.define("A", TERMS)
    catalog.write("A", bars(3.0))
    assert catalog.delete("A", "minute") == 1
    assert catalog.delete("A", "day") == 1
    assert catalog.definition("A") == made
    assert catalog.delete("A") == 0
    assert catalog.definition("A") is None


def test_a_definition_replaces_the_one_before_as_a_whole(catalog):
    catalog.define("A", TERMS, timezone="UTC", names=[(datetime.date(2020, 1, 2), "B")])
    assert catalog.definition("A").names == (("2020-01-02", "B"),)
    assert catalog.define("A") == Definition() == catalog.definition("A")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"instrument": bt.Instrument(tick_size=-1.0)}, ConfigError, "instrument.tick_size: -1.0 is not at"),
        ({"instrument": bt.Instrument(currency="usd")}, ConfigError, "instrument.currency: 'usd'"),
        ({"instrument": {"tick": 1}}, ConfigError, "instrument.tick: unknown field"),
        ({"instrument": 5}, ConfigError, "instrument: 5 is not a mapping"),
        ({"timezone": "New York"}, ConfigError, "timezone: 'New York' is not a known IANA"),
        ({"timezone": 5}, ConfigError, "timezone: 5 is not"),
        ({"names": [("June", "FB")]}, DataError, r"names\[0\]: 'June' is not a date"),
        ({"names": [("2022-06-08", "")]}, DataError, r"names\[0\]: '' is not a ticker"),
        ({"names": ["FB"]}, DataError, r"names\[0\]: 'FB' is not a pair"),
        ({"names": [("2022-06-08", "FB"), ("2022-06-08", "B")]}, DataError, r"names\[1\]: 2022-06-08 is not"),
    ],
)
def test_invalid_definitions_are_refused_with_the_symbol(catalog, arguments, error, message):
    with pytest.raises(error, match=f"definition of META: {message}"):
        catalog.define("META", **arguments)
    with pytest.raises(DataError, match="symbol: 'a b'"):
        catalog.define("a b", **arguments)
    assert not catalog.path.exists()


def test_the_zone_is_that_of_the_definition_else_that_of_all_datasets(catalog):
    assert catalog.timezone("A") is None
    catalog.write("A", [in_zone("Asia/Tokyo"), in_zone("Asia/Tokyo", "1d")])
    assert catalog.timezone("A") == "Asia/Tokyo"
    catalog.write("A", in_zone("UTC", "1d"))
    assert catalog.timezone("A") is None
    assert (catalog.timezone("A", "1min"), catalog.timezone("A", "day")) == ("Asia/Tokyo", "UTC")
    catalog.write("A", Trades([0], [1.0]))
    assert catalog.timezone("A", "tick") is None
    catalog.define("A", timezone="Europe/Berlin")
    assert catalog.timezone("A", "day") == catalog.timezone("A") == "Europe/Berlin"


def test_rename_keeps_data_definition_and_merge_orders(catalog):
    catalog.write("A", [bars(), Trades([0, 5], [1.0, 2.0])])
    catalog.write("B", Trades([1, 4], [1.0, 2.0]))
    made = catalog.define("A", TERMS)
    order = catalog.merge(["A", "B"], "tick").order.tolist()
    before = sorted(path.name for path in (catalog.path / "datasets").iterdir())
    catalog.rename("A", "C/1")
    assert sorted(path.name for path in (catalog.path / "datasets").iterdir()) == before
    assert catalog.symbols() == ["B", "C/1"]
    assert catalog.read("C/1", "minute") == bars()
    assert (catalog.definition("C/1"), catalog.definition("A")) == (made, None)
    merged = catalog.merge(["C/1", "B"], "tick")
    assert isinstance(merged.order.base, np.memmap)
    assert merged.order.tolist() == order
    # The old name is free again; the same content under both is two datasets.
    catalog.write("A", bars())
    assert catalog.delete("C/1", "minute") == 1
    assert catalog.read("A", "minute") == bars()


def test_rename_refuses_names_that_are_missing_taken_or_invalid(catalog):
    with pytest.raises(DataError, match="rename: there is no 'A'; the catalog is empty"):
        catalog.rename("A", "B")
    assert not catalog.path.exists()
    catalog.write("A", bars())
    catalog.define("D", TERMS)
    for new in ("A", "D"):
        with pytest.raises(DataError, match=f"rename: there is a '{new}' already"):
            catalog.rename("A", new)
    with pytest.raises(DataError, match="symbol: 'a b'"):
        catalog.rename("A", "a b")
    catalog.rename("D", "E")
    assert (catalog.definition("E").instrument, catalog.symbols()) == (TERMS, ["A"])


def test_remove_is_the_former_name_of_delete(catalog):
    catalog.write("A", bars())
    with pytest.warns(DeprecationWarning, match=r"Catalog\.remove is now Catalog\.delete"):
        assert catalog.remove("A") == 1


def test_an_older_release_names_the_version_that_it_cannot_read(catalog):
    """Releases before 0.4.0 show the first field of the index that they do not know, or its version."""
    catalog.define("A", TERMS)
    index = json.loads((catalog.path / "index.json").read_text())
    assert index["version"] == 2
    assert set(index) - {"version", "datasets"} == {"definitions of version 2"}


def test_a_failed_write_leaves_no_files(catalog):
    catalog.write("A", bars())
    before = sorted(catalog.path.rglob("*"))

    def failing():
        yield bars(2.0)
        raise RuntimeError("the disk of the source is gone")

    with pytest.raises(RuntimeError):
        catalog.write_stream({"B": [bars(4.0)], "A": failing()})
    assert sorted(catalog.path.rglob("*")) == before


def test_writing_again_repairs_missing_and_damaged_columns(catalog):
    catalog.write("A", bars())
    for damage in (lambda file: file.unlink(), lambda file: file.write_bytes(b"")):
        (column,) = catalog.path.glob("datasets/*/close.npy")
        damage(column)
        with pytest.raises(DataError, match="write the dataset again"):
            catalog.read("A", "minute")
        catalog.write("A", bars())
        assert catalog.read("A", "minute") == bars()


def test_an_unknown_exchange_is_refused(tmp_path):
    pytest.importorskip("exchange_calendars")
    catalog = bt.Catalog(tmp_path / "catalog")
    with pytest.raises(
        bt.ConfigError, match=r"definition of A: instrument\.sessions: 'XXXX' is not in exchange_"
    ):
        catalog.define("A", bt.Instrument(sessions="XXXX"))
    assert catalog.definition("A") is None
