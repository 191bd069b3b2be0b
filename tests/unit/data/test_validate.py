"""Invalid data are refused, and the message names the row and the value."""

import pickle

import numpy as np
import pytest

from btcore.data import Bars, Quotes, Trades
from btcore.errors import DataError

MINUTE = 60 * 10**9
ROWS = 20

CROSSED_HINT = 'crossed="keep" allows it, crossed="drop" leaves such rows out'


def bars(interval="1min", negative_prices=False, **changes):
    columns = {
        "timestamp": np.arange(ROWS) * MINUTE,
        "open": np.full(ROWS, 2.0),
        "high": np.full(ROWS, 3.0),
        "low": np.full(ROWS, 1.0),
        "close": np.full(ROWS, 2.0),
        "volume": np.full(ROWS, 5.0),
    }
    for name, rows in changes.items():
        for row, value in rows.items():
            columns[name][row] = value
    return Bars(**columns, interval=interval, negative_prices=negative_prices)


def ticks(kind, negative_prices=False, **changes):
    columns = {
        name: np.full(ROWS, 2.0)
        for name in (("price", "size") if kind is Trades else ("bid", "ask", "bid_size", "ask_size"))
    }
    columns["timestamp"] = np.arange(ROWS) // 2
    for name, rows in changes.items():
        for row, value in rows.items():
            columns[name][row] = value
    return kind(**columns, negative_prices=negative_prices)


def test_valid_data_pass():
    assert len(bars()) == ROWS
    assert len(ticks(Quotes, bid_size={3: 0.0})) == ROWS
    assert len(ticks(Trades)) == ROWS


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"low": {17: 4.0}}, "bars[17]: high < low (high=3.0, low=4.0)"),
        ({"high": {3: 1.5, 5: 1.5}}, "bars[3]: open > high (open=2.0, high=1.5); the first of 2 such rows"),
        ({"open": {3: 0.5}}, "bars[3]: open < low (open=0.5, low=1.0)"),
        ({"close": {3: 3.5}}, "bars[3]: close > high (close=3.5, high=3.0)"),
        ({"close": {3: 0.5}}, "bars[3]: close < low (close=0.5, low=1.0)"),
        ({"open": {0: np.nan}}, "bars[0]: open is NaN, not a finite number"),
        ({"high": {19: np.inf}}, "bars[19]: high is infinite, not a finite number"),
        ({"low": {4: 0.0}}, "bars[4]: low is not positive (low=0.0); negative_prices=True allows it"),
        ({"low": {4: -1.0}}, "bars[4]: low is not positive (low=-1.0); negative_prices=True allows it"),
        ({"volume": {4: -1.0}}, "bars[4]: volume is negative (volume=-1.0)"),
        ({"volume": {4: np.nan}}, "bars[4]: volume is NaN, not a finite number"),
        ({"volume": {4: np.inf}}, "bars[4]: volume is infinite, not a finite number"),
        (
            {"timestamp": {4: 2 * MINUTE}},
            "bars[4]: unsorted: earlier than the row before (timestamp=1970-01-01T00:02:00Z, "
            "before=1970-01-01T00:03:00Z)",
        ),
        ({"timestamp": {4: 3 * MINUTE}}, "bars[4]: duplicate bar: same timestamp as the row before"),
        (
            {"timestamp": {4: 4 * MINUTE - 1}},
            "bars[4]: overlapping: the bar before is 1min long and has not ended",
        ),
    ],
)
def test_bars(changes, message):
    with pytest.raises(DataError) as caught:
        bars(**changes)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"bid": {7: 2.5, 9: 2.5}},
            f"quotes[7]: crossed: bid > ask (bid=2.5, ask=2.0); {CROSSED_HINT}; the first of 2 such rows",
        ),
        ({"bid": {7: np.nan}}, "quotes[7]: bid is NaN, not a finite number"),
        ({"ask": {7: 0.0}}, "quotes[7]: ask is not positive (ask=0.0); negative_prices=True allows it"),
        ({"ask": {7: np.inf}}, "quotes[7]: ask is infinite, not a finite number"),
        ({"bid_size": {7: -1.0}}, "quotes[7]: bid_size is negative (bid_size=-1.0)"),
        ({"ask_size": {7: np.nan}}, "quotes[7]: ask_size is NaN, not a finite number"),
        ({"timestamp": {7: 0}}, "quotes[7]: unsorted: earlier than the row before"),
    ],
)
def test_quotes(changes, message):
    with pytest.raises(DataError) as caught:
        ticks(Quotes, **changes)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"price": {7: np.nan}}, "trades[7]: price is NaN, not a finite number"),
        ({"price": {7: -np.inf}}, "trades[7]: price is infinite, not a finite number"),
        ({"price": {7: 0.0}}, "trades[7]: price is not positive (price=0.0); negative_prices=True allows it"),
        ({"size": {7: 0.0}}, "trades[7]: size is not positive (size=0.0)"),
        ({"size": {7: -3.0}}, "trades[7]: size is not positive (size=-3.0)"),
        ({"size": {7: np.nan}}, "trades[7]: size is NaN, not a finite number"),
        ({"timestamp": {7: 0}}, "trades[7]: unsorted: earlier than the row before"),
    ],
)
def test_trades(changes, message):
    with pytest.raises(DataError) as caught:
        ticks(Trades, **changes)
    assert str(caught.value).startswith(message)


def test_any_finite_price_passes_with_negative_prices():
    low = bars(negative_prices=True, low={3: -2.5, 4: 0.0}, open={3: -1.0}, close={3: -2.5}, high={3: -0.5})
    assert (low.low.min(), low.high.min()) == (-2.5, -0.5)
    assert (
        ticks(Quotes, negative_prices=True, bid={3: -2.0, 4: -5.0}, ask={3: 0.0, 4: -5.0}).bid.min() == -5.0
    )
    assert ticks(Trades, negative_prices=True, price={3: -2.0, 4: 0.0}).price.min() == -2.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bars(negative_prices=True, open={0: np.nan}), "bars[0]: open is NaN, not a finite number"),
        (
            lambda: bars(negative_prices=True, low={4: -np.inf}),
            "bars[4]: low is infinite, not a finite number",
        ),
        (
            lambda: bars(negative_prices=True, high={4: np.inf}),
            "bars[4]: high is infinite, not a finite number",
        ),
        (
            lambda: bars(negative_prices=True, low={4: -1.0}, high={4: -2.0}),
            "bars[4]: high < low (high=-2.0, low=-1.0)",
        ),
        (
            lambda: bars(negative_prices=True, open={4: -0.5}),
            "bars[4]: open < low (open=-0.5, low=1.0)",
        ),
        (
            lambda: bars(negative_prices=True, volume={4: -1.0}),
            "bars[4]: volume is negative (volume=-1.0)",
        ),
        (
            lambda: ticks(Quotes, negative_prices=True, bid={7: -2.0}, ask={7: -3.0}),
            f"quotes[7]: crossed: bid > ask (bid=-2.0, ask=-3.0); {CROSSED_HINT}",
        ),
        (
            lambda: ticks(Quotes, negative_prices=True, ask={7: np.nan}),
            "quotes[7]: ask is NaN, not a finite number",
        ),
        (
            lambda: ticks(Quotes, negative_prices=True, bid={7: -np.inf}),
            "quotes[7]: bid is infinite, not a finite number",
        ),
        (
            lambda: ticks(Quotes, negative_prices=True, bid_size={7: -1.0}),
            "quotes[7]: bid_size is negative (bid_size=-1.0)",
        ),
        (
            lambda: ticks(Trades, negative_prices=True, price={7: -np.inf}),
            "trades[7]: price is infinite, not a finite number",
        ),
        (
            lambda: ticks(Trades, negative_prices=True, size={7: 0.0}),
            "trades[7]: size is not positive (size=0.0)",
        ),
    ],
)
def test_everything_else_is_checked_with_negative_prices(make, message):
    with pytest.raises(DataError) as caught:
        make()
    assert str(caught.value) == message


def test_the_hint_names_the_argument_that_allows_a_price():
    with pytest.raises(DataError) as caught:
        bars(open={17: -0.5})
    assert str(caught.value) == "bars[17]: open is not positive (open=-0.5); negative_prices=True allows it"


def test_errors_travel_between_processes():
    with pytest.raises(DataError) as caught:
        bars(low={17: 4.0})
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_columns_of_different_lengths():
    with pytest.raises(DataError, match=r"quotes\.ask: 2 rows, but timestamp has 3"):
        Quotes([1, 2, 3], [1, 1, 1], [1, 1])
    with pytest.raises(DataError, match=r"bars\.volume: 1 rows, but timestamp has 2"):
        Bars([0, MINUTE], [1, 1], [1, 1], [1, 1], [1, 1], [1])


def test_a_local_day_of_23_hours_does_not_overlap():
    hour = 3600 * 10**9
    two = [1, 1]
    assert len(Bars([0, 23 * hour], two, two, two, two, interval="1d")) == 2
    with pytest.raises(DataError, match="overlapping"):
        Bars([0, 23 * hour - 1], two, two, two, two, interval="1d")
    with pytest.raises(DataError, match="overlapping"):
        Bars([0, hour - 1], two, two, two, two, interval="1h")


def test_times_centuries_apart_are_still_in_order():
    ends = [-(2**62) - 2**61, 2**62 + 2**61]
    assert len(Trades(ends, [1, 1])) == 2
    assert len(Bars(ends, [1, 1], [1, 1], [1, 1], [1, 1], interval="1min")) == 2
    with pytest.raises(DataError, match="unsorted"):
        Trades(ends[::-1], [1, 1])
    with pytest.raises(DataError, match=r"bars\[0\]: ends after the year 2262"):
        Bars([2**63 - 5], [1], [1], [1], [1], interval="1min")
