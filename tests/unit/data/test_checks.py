"""The compiled checks accept exactly the data in which the numpy rules find no invalid row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from btcore.data import checks, validate
from btcore.errors import RowError

MINUTE = 60 * 10**9
NUMBERS = st.sampled_from([1.0, 1.5, 2.0, 0.0, -0.0, -1.0, 5e-324, np.nan, np.inf, -np.inf, 1.7e308])
MOSTLY = st.one_of(st.just(1.0), st.just(1.0), st.just(1.0), NUMBERS)
ENDS = [-(2**63), -(2**63) + 1, 2**63 - 1, 2**63 - MINUTE - 1]


def columns(draw, names, rows):
    made = {name: np.array(draw(st.lists(MOSTLY, min_size=rows, max_size=rows))) for name in names}
    step = draw(st.sampled_from([0, 1, MINUTE, 2**61]))
    times = np.arange(rows, dtype=np.int64) * step
    for row in draw(st.lists(st.integers(0, max(rows - 1, 0)), max_size=2)) if rows else []:
        times[row] = draw(st.sampled_from([0, MINUTE - 1, *ENDS]))
    return {"timestamp": times} | made


def refused(monkeypatch, name, check, *arguments):
    """True if the numpy rules alone raise a RowError."""
    with monkeypatch.context() as patch:
        patch.setattr(validate, name, lambda *_, **__: False)
        try:
            check(*arguments)
        except RowError:
            return True
    return False


@pytest.fixture(scope="module")
def monkeypatch():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


rows = st.integers(0, 40)


@given(data=st.data(), rows=rows, negative=st.booleans(), sized=st.booleans())
def test_quotes(monkeypatch, data, rows, negative, sized):
    names = ("bid", "ask", "bid_size", "ask_size") if sized else ("bid", "ask")
    found = columns(data.draw, names, rows)
    above = -np.inf if negative else 0.0
    fast = checks.valid_quotes(
        found["timestamp"], found["bid"], found["ask"], found.get("bid_size"), found.get("ask_size"), above
    )
    assert fast != refused(monkeypatch, "valid_quotes", validate.check_quotes, found, negative)


@given(data=st.data(), rows=rows, negative=st.booleans(), sized=st.booleans())
def test_trades(monkeypatch, data, rows, negative, sized):
    found = columns(data.draw, ("price", "size") if sized else ("price",), rows)
    above = -np.inf if negative else 0.0
    fast = checks.valid_trades(found["timestamp"], found["price"], found.get("size"), above)
    assert fast != refused(monkeypatch, "valid_trades", validate.check_trades, found, negative)


@given(
    data=st.data(), rows=rows, negative=st.booleans(), interval=st.sampled_from([1, MINUTE, 1440 * MINUTE])
)
def test_bars(monkeypatch, data, rows, negative, interval):
    found = columns(data.draw, ("open", "high", "low", "close", "volume"), rows)
    if data.draw(st.booleans()):  # valid candles more often than by chance
        prices = np.array([found[name] for name in ("open", "high", "low", "close")])
        found["high"], found["low"] = prices.max(axis=0), prices.min(axis=0)
    if data.draw(st.booleans()):
        found["end"] = found["timestamp"] + data.draw(st.sampled_from([0, 1, MINUTE, MINUTE + 1]))
    if data.draw(st.booleans()):
        del found["volume"]
    above = -np.inf if negative else 0.0
    fast = checks.valid_bars(**{"volume": None} | found, above=above, interval=interval)
    assert fast != refused(monkeypatch, "valid_bars", validate.check_bars, found, interval, negative)


@pytest.mark.parametrize("row", [0, 1, 15, 16, 17, 998, 999])
def test_one_invalid_value_is_found_in_any_row(row):
    """In the body of a vectorized loop and in the remainder after it."""
    n = 1000
    good = {name: np.full(n, 2.0) for name in ("bid", "ask", "bid_size", "ask_size")}
    times = np.arange(n)
    assert checks.valid_quotes(times, *good.values(), 0.0)
    for name in good:
        for value in (np.nan, np.inf, -1.0):
            bad = {k: v.copy() for k, v in good.items()}
            bad[name][row] = value
            assert not checks.valid_quotes(times, *bad.values(), 0.0)
    late = times.copy()
    late[row] = n if row < n - 1 else 0
    assert not checks.valid_quotes(late, *good.values(), 0.0)
