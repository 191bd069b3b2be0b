"""Prices of zero or less: allowed by a flag of the data in every step, and by the instrument in a run."""

import copy
import pickle

import msgspec
import numpy as np
import polars as pl
import pytest

import btcore as bt
from btcore.data import Bars, Catalog, Quotes, Trades, read_arrow, read_csv, read_npz, read_parquet, resample
from btcore.errors import ConfigError, DataError

MINUTE = 60 * 10**9
TIMES = MINUTE * np.arange(4)
ADMITTED = "; negative_prices=True allows it"


def bars(negative_prices=True, low=-37.63, interval="1min"):
    column = np.array([1.0, low, low, 0.5])
    length = Bars([], [], [], [], [], interval=interval).interval
    return Bars(
        length * np.arange(4),
        column,
        column + 0.25,
        column - 0.25,
        column,
        interval=interval,
        negative_prices=negative_prices,
    )


QUOTES = Quotes(TIMES, [1.0, -2.0, 0.0, 3.0], [1.0, -1.0, 0.0, 4.0], negative_prices=True)
TRADES = Trades(TIMES, [1.0, -2.0, 0.0, 3.0], [1.0, 2.0, 3.0, 4.0], negative_prices=True)
ALL = [bars(), QUOTES, TRADES]


def columns(data):
    return dict(data.columns)


def kinds(data):
    return pytest.mark.parametrize("data", data, ids=lambda d: d.kind)


@kinds(ALL)
def test_the_flag_stays_with_the_data(data):
    assert data.negative_prices is True
    for same in (data.slice(), pickle.loads(pickle.dumps(data)), copy.copy(data), copy.deepcopy(data)):
        assert same.negative_prices is True
        assert same == data
    part = data.slice(int(data.timestamp[1]), int(data.timestamp[3]))
    assert (len(part), part.negative_prices) == (2, True)
    assert len(part.slice(0, 0)) == 0
    assert part.slice(0, 0).negative_prices is True
    with pytest.raises(AttributeError):
        data.negative_prices = False


def test_positive_prices_are_the_default():
    column = [1.0, 2.0]
    for made in (
        Bars([0, MINUTE], *[column] * 4),
        Quotes([0, 1], column, column),
        Trades([0, 1], column),
        bt.sample_bars(),
        bt.sample_quotes(),
    ):
        assert made.negative_prices is False
        assert made.slice(1, 2).negative_prices is False
        assert pickle.loads(pickle.dumps(made)).negative_prices is False


def test_the_flag_counts_in_equality_but_not_in_the_content_hash():
    one, other = bars(True, low=1.0), bars(False, low=1.0)
    assert one != other
    assert one.content_hash == other.content_hash


@kinds(ALL)
def test_frames(data):
    kind = type(data)
    more = {"interval": "1min"} if kind is Bars else {}
    arrays = {**columns(data), "timestamp": data.timestamp.view("datetime64[ns]")}
    for frame in (data.to_pandas(), data.to_polars(), data.to_polars().to_arrow(), arrays):
        assert kind.from_frame(frame, negative_prices=True, **more) == data
        with pytest.raises(DataError, match=f"is not positive .*{ADMITTED}$|{ADMITTED}; the first of"):
            kind.from_frame(frame, **more)


READERS = {
    "csv": (read_csv, lambda frame, path: frame.write_csv(path)),
    "parquet": (read_parquet, lambda frame, path: frame.write_parquet(path)),
    "arrow": (read_arrow, lambda frame, path: frame.write_ipc(path)),
    "npz": (read_npz, lambda frame, path: np.savez(path, **{c: frame[c].to_numpy() for c in frame.columns})),
}


@kinds(ALL)
@pytest.mark.parametrize("name", READERS)
def test_readers(name, data, tmp_path):
    read, write = READERS[name]
    path = tmp_path / f"prices.{name}"
    write(pl.DataFrame(columns(data)), path)
    assert read(path, data.kind, negative_prices=True, unit="ns") == data
    row = 3 if name == "csv" else 2
    with pytest.raises(DataError, match=rf"^prices\.{name} row {row}: \w+ is not positive .*{ADMITTED}"):
        read(path, data.kind, unit="ns")


def test_resampling():
    two = resample(bars(), "2min")
    assert two.negative_prices is True
    assert (two.open.tolist(), two.low.tolist()) == ([1.0, -37.63], [-37.88, -37.88])
    mids = resample(QUOTES, "2min")
    assert (mids.negative_prices, mids.low.tolist()) == (True, [-1.5, 0.0])
    prints = resample(TRADES, "2min")
    assert (prints.negative_prices, prints.low.tolist(), prints.volume.tolist()) == (
        True,
        [-2.0, 0.0],
        [3.0, 7.0],
    )
    for data in ALL:
        assert resample(data.slice(0, 0), "2min").negative_prices is True
        assert resample(data, "1min").negative_prices is True
    assert resample(bars(False, low=1.0), "2min").negative_prices is False


@pytest.fixture
def catalog(tmp_path):
    return Catalog(tmp_path / "data")


def test_the_catalog_keeps_the_flag(catalog):
    plain = bars(False, low=1.0, interval="1d")
    catalog.write("CL", [bars(), plain, QUOTES, TRADES])
    again = Catalog(catalog.path)
    assert again.read("CL", "minute") == bars()
    assert again.read("CL", "day") == plain
    assert again.read("CL", "minute", 0, MINUTE).negative_prices is True
    assert again.load("CL", "tick", 0, 10**18) == (QUOTES, TRADES)
    assert {entry.negative_prices for entry in again.list() if entry.resolution == "day"} == {False}


def test_a_dataset_from_before_the_flag_reads_as_without(catalog):
    plain = bars(False, low=1.0)
    catalog.write("A", plain)
    index = catalog.path / "index.json"
    assert b"negative_prices" not in index.read_bytes()  # an index without the flag is as before
    assert Catalog(catalog.path).read("A", "minute") == plain
    catalog.write("CL", bars())
    described = msgspec.json.decode(index.read_bytes())["datasets"]
    assert [entry.get("negative_prices", False) for entry in described] == [False, True]


def test_the_same_prices_may_be_written_again_with_the_flag(catalog):
    for flag in (False, True, False):
        catalog.write("A", bars(flag, low=1.0))
        assert Catalog(catalog.path).read("A", "minute") == bars(flag, low=1.0)


class Holds(bt.Strategy):
    """Buys one as soon as a price is negative."""

    def on_bar(self, ctx, bar):
        self.look(ctx, bar.symbol, bar.close)

    def on_quote(self, ctx, quote):
        self.look(ctx, quote.symbol, quote.ask)

    def on_trade(self, ctx, trade):
        self.look(ctx, trade.symbol, trade.price)

    def look(self, ctx, symbol, price):
        if price < 0.0 and ctx.position(symbol) == 0.0:
            ctx.buy(symbol, 1)


END = {"bars": 0.5, "quotes": 3.5, "trades": 3.0}  # the last mark of each kind

NEGATIVE = {"CL": bt.Instrument(negative_prices=True)}


@kinds(ALL)
@pytest.mark.parametrize("given", [None, {"CL": bt.Instrument(tick_size=0.01)}])
def test_a_run_refuses_prices_that_the_instrument_does_not_allow(data, given):
    with pytest.raises(ConfigError) as caught:
        bt.run({"A": bars(False, low=1.0), "CL": data}, Holds(), instruments=given)
    expected = f"its {data.kind} have prices of 0 or less; Instrument(negative_prices=True) allows them"
    assert str(caught.value) == f"instruments['CL']: {expected}"


def test_a_run_checks_every_stream_of_a_symbol():
    quotes = Quotes(TIMES, [1.0] * 4, [2.0] * 4)
    with pytest.raises(ConfigError, match=r"instruments\['CL'\]: its trades have prices of 0 or less"):
        bt.run({"CL": (quotes, TRADES)}, Holds())


def test_a_price_of_zero_is_refused_as_well():
    zero = Trades(TIMES, [1.0, 0.0, 1.0, 1.0], negative_prices=True)
    with pytest.raises(ConfigError, match="its trades have prices of 0 or less"):
        bt.run({"CL": zero}, Holds())


@kinds(ALL)
def test_a_run_checks_only_rows_between_start_and_end(data):
    assert len(bt.run({"CL": data}, Holds(), end=MINUTE).journal.curve.equity)
    assert len(bt.run({"CL": bars(True, low=1.0)}, Holds()).journal.curve.equity)


@kinds(ALL)
def test_a_run_accepts_them_if_the_instrument_does(data):
    result = bt.run({"CL": data}, Holds(), instruments=NEGATIVE)
    (fill,) = result.journal.fills
    assert fill["last_px"] <= 0.0
    assert result.journal.curve.equity[-1] == 1_000_000.0 + END[data.kind] - fill["last_px"]
