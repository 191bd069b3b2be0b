"""Indicators in Numba: the same bytes as over arrays, in loops and in the state of a strategy."""

from typing import Any

import numpy as np
import pytest
from indicator_cases import CASES, Case, as_tuple, inputs_of, market
from numba import njit

import btcore as bt
from btcore import indicators, jit
from btcore.errors import ConfigError


@njit
def loop(state: Any, rows: Any, out: Any) -> None:
    """Each row's outputs; the columns of `rows` that are not used are NaN."""
    for i in range(len(rows)):
        first = jit.update(state, rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3], rows[i, 4])
        for k in range(out.shape[1]):
            out[i, k] = jit.output(state, k)
        if not (first == out[i, 0] or (np.isnan(first) and np.isnan(out[i, 0]))):
            raise ValueError("update returns the first output")


def play(case: Case, columns: Any) -> Any:
    rows = np.full((len(columns[0]), 5), np.nan)
    rows[:, : len(columns)] = np.column_stack(columns)
    expected = as_tuple(getattr(indicators, case.name)(*columns, *case.parameters))
    out = np.empty((len(rows), len(expected)))
    loop(jit.indicator(case.name, *case.parameters), rows, out)
    return out, np.column_stack(expected)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_row_by_row_equals_columns(case: Case) -> None:
    out, expected = play(case, inputs_of(case, market(1, 200)))
    assert out.tobytes() == expected.tobytes()
    assert np.isfinite(out[-1]).all()


def test_a_row_with_a_nan_does_not_count() -> None:
    state, row = jit.indicator("sma", 2), np.full((4, 5), np.nan)
    row[:, 0] = [1.0, np.nan, 3.0, 5.0]
    out = np.empty((4, 1))
    loop(state, row, out)
    np.testing.assert_array_equal(out[:, 0], [np.nan, np.nan, 2.0, 4.0])


@pytest.mark.parametrize(
    "state",
    [
        np.zeros(30), np.zeros(3), np.ones(8), np.full(3, 1e9), np.zeros(1, np.int8),
        jit.indicator("sma", 3)[:2], jit.indicator("sma", 3)[:-1], jit.indicator("sma", 3) + 1,
    ],
)  # fmt: skip
def test_a_state_that_was_not_made_is_refused(state: Any) -> None:
    with pytest.raises(ValueError, match="the state is not that of an indicator"):
        jit.update(state, 1.0)
    with pytest.raises(ValueError, match="the state is not that of an indicator"):
        jit.update_bar(state, np.ones(1, [(name, "f8") for name in ("high", "low", "close", "volume")])[0])


def test_another_number_of_inputs_is_refused() -> None:
    for name, given in (("atr", (1.0,)), ("atr", (1.0, 1.0)), ("sma", (1.0, 1.0)), ("sma", (1.0, 1.0, 1.0))):
        with pytest.raises(ValueError, match="it takes another number of inputs"):
            jit.update(jit.indicator(name, 3), *given)
    assert np.isnan(jit.update(jit.indicator("atr", 3), 1.0, 1.0, 1.0))


STATE = jit.state(
    rsi=jit.indicator("rsi", 5),
    macd=jit.indicator("macd", 3, 6, 4),
    mfi=jit.indicator("mfi", 4),
    bars=0,
    signal=0.0,
)


@jit.cfunc(STATE.dtype)
def dip(first: Any, market: Any, account: Any, out: Any) -> int:
    own = jit.at(first, market.symbol)
    bar = jit.bar(market)
    own.bars += 1
    rsi = jit.update(own.rsi, bar.close)
    jit.update_bar(own.macd, bar)
    jit.update_bar(own.mfi, bar)
    own.signal = jit.output(own.macd, 1)
    if rsi < 40.0:
        jit.order_target(account, out, market.symbol, 10.0)
    elif rsi > 60.0:
        jit.order_target(account, out, market.symbol, 0.0)
    return 0


class Dip(bt.Strategy):
    def on_start(self, ctx: bt.Context) -> None:
        self.rsi = {symbol: ctx.indicator("rsi", symbol, 5) for symbol in ctx.symbols}

    def on_bar(self, ctx: bt.Context, bar: bt.BarEvent) -> None:
        rsi = self.rsi[bar.symbol].value
        if rsi < 40.0:
            ctx.order_target(bar.symbol, 10.0)
        elif rsi > 60.0:
            ctx.order_target(bar.symbol, 0.0)


def test_a_strategy_has_indicators_of_each_symbol_in_its_state() -> None:
    data = {symbol: bt.sample_bars(symbol, "2023-01-01", "2024-01-01") for symbol in ("A", "B")}
    state = np.repeat(STATE, 2)
    compiled = bt.Compiled(dip, state, events="bars")
    player = compiled.handler()
    result = bt.run(data, player)
    python = bt.run(data, Dip)
    assert len(result.trades) > 20
    assert result.trades.tobytes() == python.trades.tobytes()
    assert result.equity_curve.tobytes() == python.equity_curve.tobytes()
    for own, bars in zip(player.final_state, data.values(), strict=True):
        assert own["bars"] == len(bars)
        assert own["signal"] == indicators.macd(bars.close, 3, 6, 4).signal[-1]
        assert jit.output(own["mfi"], 0) == indicators.mfi(bars, 4)[-1]
    again = bt.run(data, compiled)  # the state that was given has not changed
    assert again.trades.tobytes() == result.trades.tobytes()


@pytest.mark.parametrize("name", ["sma", "atr", "donchian", "obv", "mfi"])
def test_update_bar_takes_what_the_indicator_needs(name: str) -> None:
    (case,) = [case for case in CASES if case.name == name][:1]
    m = market(2, 60)
    state = jit.indicator(name, *case.parameters)
    bars = np.zeros(60, [(field, "f8") for field in ("high", "low", "close", "volume")])
    for field in bars.dtype.names or ():
        bars[field] = m[field]

    @njit
    def play_bars(state: Any, bars: Any, out: Any) -> None:
        for i in range(len(bars)):
            out[i] = jit.update_bar(state, bars[i])

    out = np.empty(60)
    play_bars(state, bars, out)
    expected = as_tuple(getattr(indicators, name)(*inputs_of(case, m), *case.parameters))[0]
    assert out.tobytes() == expected.tobytes()


def test_what_has_no_value_of_a_bar_is_nan() -> None:
    bar = np.ones(1, [(field, "f8") for field in ("high", "low", "close", "volume")])[0]
    for name, parameters in (("correlation", (2,)), ("vwap", ())):
        assert np.isnan(jit.update_bar(jit.indicator(name, *parameters), bar))


def test_what_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'rzi' is not one \(did you mean 'rsi'\?\)"):
        jit.indicator("rzi", 5)
    with pytest.raises(ConfigError, match=r"unknown parameter 'length' \(did you mean 'period'\?\)"):
        jit.indicator("rsi", length=5)
    with pytest.raises(IndexError, match="number is not 0, 1 or 2"):
        jit.output(jit.indicator("rsi", 5), 3)
    with pytest.raises(ConfigError, match="name: 'x' is neither a number nor an array of numbers"):
        jit.state(name="x")
    with pytest.raises(ConfigError, match="records: 0 is not 1 or more"):
        jit.state(records=0, a=1)
    assert jit.state(records=3, a=1, b=2.0).shape == (3,)
