"""Data merged once give the same runs; a catalog stores the order of events as long as the data."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import btcore as bt
from btcore.data import Catalog
from btcore.data.markets import build_tape, select_rows
from btcore.errors import ConfigError, DataError
from btcore.feed.tape import Tape

SECOND = 10**9
ROWS = 300


def ticks(seed, kind="quotes", rows=ROWS):
    random = np.random.default_rng(seed)
    times = np.sort(random.integers(0, 1000, rows)) * SECOND
    price = 100.0 + np.cumsum(random.integers(-1, 2, rows)) * 0.5
    return bt.Quotes(times, price, price + 0.5) if kind == "quotes" else bt.Trades(times, price)


def bars(seed, interval="1min"):
    price = 100.0 + np.cumsum(np.random.default_rng(seed).integers(-1, 2, 16)) * 0.5
    step = 60 * SECOND if interval == "1min" else 30 * SECOND
    return bt.Bars(np.arange(16) * step, price, price, price, price, interval=step)


def own_ends(seed):
    """Bars of 30 to 90 seconds, some of which end where the next begins."""
    random = np.random.default_rng(seed)
    times = np.cumsum(random.integers(30, 91, 16)) * SECOND
    ends = np.minimum(times + random.integers(1, 91, 16) * SECOND, np.r_[times[1:], times[-1] + 60 * SECOND])
    price = 100.0 + np.cumsum(random.integers(-1, 2, 16)) * 0.5
    return bt.Bars(times, price, price, price, price, end=ends)


MARKETS = {
    "ticks": {"A": (ticks(1), ticks(2, "trades")), "B": ticks(3), "C": [ticks(4, "trades")]},
    "bars": {"A": bars(1), "B": bars(2)},
    "mixed": {"A": (bars(1), ticks(2)), "B": bars(3, "30s")},
    "one": {"A": ticks(1)},
    "own ends": {"A": own_ends(1), "B": own_ends(2), "C": bars(3)},
    "own ends and ticks": {"A": (own_ends(3), ticks(2)), "B": ticks(4)},
    "late": {"A": (ticks(1), ticks(2, "trades").slice(500 * SECOND, None)), "B": ticks(3)},
}
moments = st.one_of(st.none(), st.integers(0, 1000).map(lambda s: s * SECOND))


@given(st.sampled_from(sorted(MARKETS)), moments, moments)
def test_the_order_of_a_window_is_that_of_its_rows(name, start, end):
    data = MARKETS[name]
    try:
        markets = select_rows(data, start, end)
    except DataError:
        return
    given = build_tape(bt.merge(data), markets, start, end)
    plain = Tape(markets)
    assert given.containers == plain.containers
    assert (given.order is None) == (plain.order is None)
    assert plain.order is None or given.order.tolist() == plain.order.tolist()


@pytest.mark.parametrize("name", MARKETS)
def test_a_run_over_merged_data_is_the_same_run(name):
    data = MARKETS[name]
    merged = bt.merge(data)
    for span in ({}, {"start": 100 * SECOND, "end": 900 * SECOND}):
        runs = [
            bt.run(d, "ma_crossover", {"short_period": 2, "long_period": 5}, **span) for d in (data, merged)
        ]
        assert runs[0].fingerprint == runs[1].fingerprint
        for table in ("orders", "trades", "equity_curve"):
            one, other = (run.table(table) for run in runs)
            assert one.tobytes() == other.tobytes()


def test_a_slice_of_the_order_is_used_if_it_is_valid():
    merged = bt.merge(MARKETS["ticks"])
    assert build_tape(merged, select_rows(merged, None, None), None, None).order is merged.order
    assert merged.order_between(0, 1001 * SECOND) is merged.order
    assert np.shares_memory(merged.order_between(100 * SECOND, 900 * SECOND), merged.order)
    assert bt.merge(merged) is merged
    mixed = bt.merge(MARKETS["mixed"])
    assert mixed.order_between(None, None) is mixed.order
    assert mixed.order_between(60 * SECOND, None) is None
    late = bt.merge(MARKETS["late"])
    assert late.order_between(0, 400 * SECOND) is None  # one stream is empty, so the others get new numbers


def test_mapping_and_errors():
    merged = bt.merge(MARKETS["ticks"])
    assert list(merged) == ["A", "B", "C"]
    assert merged["B"] == (ticks(3),)
    assert len(merged) == 3
    assert repr(merged) == "Merged(3 symbols, 4 streams, 1200 events)"
    with pytest.raises(ConfigError, match="at least one symbol"):
        bt.merge({})
    with pytest.raises(ConfigError, match="two streams of quotes"):
        bt.merge({"A": (ticks(1), ticks(2))})


# -- stored in a catalog -----------------------------------------------------------------------------------


@pytest.fixture
def catalog(tmp_path):
    catalog = Catalog(tmp_path / "data")
    for symbol, data in (("A", [ticks(1), ticks(2, "trades"), bars(5)]), ("B", ticks(3)), ("C", ticks(4))):
        catalog.write(symbol, data)
    return catalog


def kept(catalog):
    return sorted(p.name for p in (catalog.path / "datasets").glob("order-*"))


def is_mapped(merged):
    return isinstance(merged.order.base, np.memmap)


def test_an_order_is_stored_and_found_again(catalog):
    first = catalog.merge(["A", "B"], "tick")
    assert first == {"A": (ticks(1), ticks(2, "trades")), "B": (ticks(3),)}
    assert not is_mapped(first)
    again = Catalog(catalog.path).merge(["A", "B"], "tick")
    assert is_mapped(again)
    np.testing.assert_array_equal(again.order, first.order)
    assert len(kept(catalog)) == 1
    script = (
        "import sys, btcore as bt; print(type(bt.Catalog(sys.argv[1]).merge(['A', 'B'], 'tick').order.base))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(catalog.path)], capture_output=True, text=True, check=True
    )
    assert "memmap" in run.stdout


def test_other_streams_have_another_order(catalog):
    selections = [
        (["A", "B"], "tick", None, None, None),
        (["B", "A"], "tick", None, None, None),
        (["A", "B", "C"], "tick", None, None, None),
        (["A", "B"], "tick", 100 * SECOND, None, None),
        (["A", "B"], "tick", 100 * SECOND, 900 * SECOND, None),
        (["B", "C"], "tick", None, None, "quotes"),
    ]
    for _ in range(2):
        for symbols, *rest in selections:
            merged = catalog.merge(symbols, *rest)
            np.testing.assert_array_equal(merged.order, bt.merge(dict(merged)).order)
    assert len(kept(catalog)) == len(selections)
    catalog.merge(["A", "B"], "tick", -5, 10**15)  # all rows, so the first order
    assert len(kept(catalog)) == len(selections)


def test_one_stream_has_no_order(catalog):
    assert catalog.merge(["B"], "tick").order is None
    assert catalog.merge(["A"], "minute") == {"A": (bars(5),)}
    assert kept(catalog) == []


def test_an_order_is_removed_with_its_data(catalog):
    catalog.merge(["A", "B"], "tick")
    mapped = catalog.merge(["A", "B"], "tick")
    before = mapped.order.tolist()
    catalog.merge(["B", "C"], "tick")
    catalog.write("D", ticks(9))
    assert len(kept(catalog)) == 2
    catalog.write("A", ticks(7))
    (left,) = kept(catalog)
    assert mapped.order.tolist() == before  # mapped data do not change
    fresh = catalog.merge(["A", "B"], "tick")
    assert not is_mapped(fresh)
    np.testing.assert_array_equal(fresh.order, bt.merge(dict(fresh)).order)
    catalog.delete("C")
    assert left not in kept(catalog)
    assert len(kept(catalog)) == 1


def test_keep_false_stores_nothing(catalog):
    assert catalog.merge(["A", "B"], "tick", keep=False).order is not None
    assert kept(catalog) == []
    catalog.merge(["A", "B"], "tick")
    assert is_mapped(catalog.merge(["A", "B"], "tick", keep=False))


def test_a_read_only_catalog_is_merged_each_time(catalog, monkeypatch):
    def refuse(root):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("btcore.data.catalog.orders.edit_index", refuse)
    assert not is_mapped(catalog.merge(["A", "B"], "tick"))
    assert not is_mapped(catalog.merge(["A", "B"], "tick"))


def test_no_order_is_stored_for_data_replaced_meanwhile(catalog, monkeypatch):
    """The rows of the order are no longer in the catalog when it would be stored."""
    import btcore.data.catalog.reading as module

    real = module.store_order

    def late(root, parts, order):
        Catalog(root).write("A", ticks(8))
        real(root, parts, order)

    monkeypatch.setattr(module, "store_order", late)
    catalog.merge(["A", "B"], "tick")
    assert kept(catalog) == []


def test_a_damaged_order_is_refused(catalog):
    catalog.merge(["A", "B"], "tick")
    (file,) = catalog.path.glob("datasets/order-*/order.npy")
    whole = file.read_bytes()
    for damage, reason in (
        (whole[:-3], "not a readable column"),
        (whole[:-1] + b"\7", "other numbers of rows"),
        (whole[:20], "not a readable column"),
    ):
        file.write_bytes(damage)
        with pytest.raises(DataError, match=rf"order\.npy: .*{reason}"):
            catalog.merge(["A", "B"], "tick")
    np.save(file, np.zeros(ROWS * 3, np.uint16))
    with pytest.raises(DataError, match=r"it is damaged and may be removed: order: .* uint16"):
        catalog.merge(["A", "B"], "tick")
    np.save(file, np.zeros(5, np.uint8))
    with pytest.raises(DataError, match=r"says \(900,\)"):
        catalog.merge(["A", "B"], "tick")
    file.unlink()
    assert not is_mapped(catalog.merge(["A", "B"], "tick"))


def test_errors_of_merge(catalog):
    with pytest.raises(DataError, match="no tick data of 'Z'"):
        catalog.merge(["A", "Z"], "tick")
    with pytest.raises(DataError, match="no tick trades of 'B' from 1970-01-01T00:00:05Z"):
        catalog.merge(["A", "B"], "tick", start=5 * SECOND, kind="trades")
    for symbols in ([], ["A", "A"]):
        with pytest.raises(DataError, match="symbols: one or more are needed, none of them twice"):
            catalog.merge(symbols, "tick")


def test_a_request_uses_the_stored_order(catalog):
    request = bt.RunRequest(
        symbols=["A", "B"],
        resolution="tick",
        start_date="1970-01-01",
        end_date="1970-01-02",
        strategy=bt.StrategySpec(name="buy_and_hold"),
    )
    plain = bt.run_request(request, catalog)
    assert kept(catalog) == []
    catalog.merge(["A", "B"], "tick")
    assert bt.run_request(request, catalog).fingerprint == plain.fingerprint
