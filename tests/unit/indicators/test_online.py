"""Row by row, in pieces and over whole columns: the same bytes. A value never depends on later rows."""

import copy
import pickle
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from indicator_cases import CASES, Case, as_tuple, inputs_of, market
from numpy.typing import NDArray

from btcore import indicators
from btcore.errors import ConfigError, DataError
from btcore.indicators import Indicator
from btcore.indicators.kernels import new_block, run_columns
from btcore.indicators.table import INDICATORS

INDICATORS_OF_MANY_BYTES = {"tema": (9,), "stochastic": (9, 8, 7), "macd": (5, 7, 9), "correlation": (12,)}


def over_columns(case: Case, columns: Any) -> NDArray[np.float64]:
    """The values, (rows, fields)."""
    function = getattr(indicators, case.name)
    return np.column_stack(as_tuple(function(*columns, *case.parameters)))


def row_by_row(case: Case, columns: Any) -> NDArray[np.float64]:
    indicator = Indicator(case.name, *case.parameters)
    rows = [np.atleast_1d(indicator.update(*row)) for row in zip(*columns, strict=True)]
    return np.array(rows).reshape(len(rows), len(indicator.fields))


numbers = st.one_of(
    st.floats(1e-3, 1e6),
    st.sampled_from([0.0, 1.0, 100.0, 100.01, -5.0, 1e-9, 123456.789]),
)


@st.composite
def columns_of(draw: Any, case: Case) -> tuple[NDArray[np.float64], ...]:
    """Columns of any numbers, of which some rows at the beginning may be NaN."""
    rows = draw(st.integers(0, 40))
    columns = [
        np.array(draw(st.lists(numbers, min_size=rows, max_size=rows)), np.float64) for _ in case.inputs
    ]
    for column in columns:
        column[: draw(st.integers(0, 3))] = np.nan
    return tuple(columns)


@pytest.mark.parametrize("case", CASES, ids=str)
@given(data=st.data())
def test_row_by_row_equals_columns(case: Case, data: Any) -> None:
    columns = data.draw(columns_of(case))
    assert row_by_row(case, columns).tobytes() == over_columns(case, columns).tobytes()


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_row_by_row_equals_columns_of_a_market(case: Case, seed: int) -> None:
    columns = inputs_of(case, market(seed, 300, cents=seed == 2))
    found = over_columns(case, columns)
    assert row_by_row(case, columns).tobytes() == found.tobytes()
    assert np.isfinite(found[50:]).all()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_row_by_row_equals_long_columns(case: Case) -> None:
    """Columns are computed some thousand values at a time."""
    columns = inputs_of(case, market(4, 4500))
    assert row_by_row(case, columns).tobytes() == over_columns(case, columns).tobytes()


@pytest.mark.parametrize("case", CASES, ids=str)
@given(cuts=st.lists(st.integers(0, 90), max_size=5))
def test_pieces_equal_columns(case: Case, cuts: list[int]) -> None:
    columns = inputs_of(case, market(5, 90))
    block = new_block(case.name, case.parameters)
    pieces = []
    edges = sorted({0, 90, *cuts})
    for first, last in pairwise(edges):
        outputs = tuple(np.empty(last - first) for _ in INDICATORS[case.name].fields)
        run_columns(block, tuple(column[first:last] for column in columns), outputs)
        pieces.append(np.column_stack(outputs))
    assert np.concatenate(pieces).tobytes() == over_columns(case, columns).tobytes()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_value_does_not_depend_on_later_rows(case: Case) -> None:
    columns, later = inputs_of(case, market(1, 80)), inputs_of(case, market(2, 80))
    whole = over_columns(case, columns)
    for cut in range(0, 80, 7):
        assert over_columns(case, [column[:cut] for column in columns]).tobytes() == whole[:cut].tobytes()
        changed = [np.concatenate([a[:cut], b[cut:]]) for a, b in zip(columns, later, strict=True)]
        assert over_columns(case, changed)[:cut].tobytes() == whole[:cut].tobytes()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rows_before_the_first_number_are_skipped(case: Case) -> None:
    columns = inputs_of(case, market(1, 60))
    padded = [np.concatenate([np.full(5, np.nan), column]) for column in columns]
    found = over_columns(case, padded)
    assert np.isnan(found[:5]).all()
    assert found[5:].tobytes() == over_columns(case, columns).tobytes()
    assert np.isnan(over_columns(case, [np.full(4, np.nan) for _ in columns])).all()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_byte_of_a_new_state_is_defined(case: Case) -> None:
    """The hash of a Numba strategy's state is part of a run's fingerprint."""
    others = [Case(name, INDICATORS_OF_MANY_BYTES[name]) for name in INDICATORS_OF_MANY_BYTES]
    first = new_block(case.name, case.parameters).tobytes()
    for other in others:  # leaves other bytes on the stack
        new_block(other.name, other.parameters)
        assert new_block(case.name, case.parameters).tobytes() == first


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_copy_continues_by_itself(case: Case) -> None:
    columns = inputs_of(case, market(1, 80))
    first, expected = Indicator(case.name, *case.parameters), over_columns(case, columns)
    for row in zip(*(column[:40] for column in columns), strict=True):
        first.update(*row)
    copies = [copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first))]
    first.update(*[1e5] * len(columns))
    for each in copies:
        rest = [np.atleast_1d(each.update(*r)) for r in zip(*(c[40:] for c in columns), strict=True)]
        assert np.array(rest).tobytes() == expected[40:].tobytes()


def test_an_indicator_has_its_values_as_attributes() -> None:
    macd = Indicator("macd", fast=2, slow=3, signal=2)
    assert not macd.ready
    for price in (1.0, 2.0, 4.0, 8.0):
        last = macd.update(price)
    assert macd.ready
    assert (macd.line, macd.signal, macd.histogram) == last == macd.values
    assert macd.fields == ("line", "signal", "histogram")
    with pytest.raises(AttributeError, match="macd has no 'value'; its values are line, signal, histogram"):
        float(macd)
    assert "macd(fast=2, slow=3, signal=2): line=" in repr(macd)

    mean = Indicator("sma", 2)
    assert np.isnan(mean.update(1.0))
    assert not mean.ready
    assert mean.update(2.0) == mean.value == float(mean) == 1.5
    assert mean.ready


def test_update_takes_an_object_with_the_inputs() -> None:
    class Bar:
        high, low, close = 3.0, 1.0, 2.0

    atr = Indicator("atr", 1)
    atr.update(Bar)
    assert atr.update(Bar) == 2.0
    with pytest.raises(DataError, match="atr: update takes high, low, close, not 2 values"):
        atr.update(1.0, 2.0)


def test_update_refuses_what_columns_refuse() -> None:
    mean = Indicator("sma", 2)
    assert np.isnan(mean.update(np.nan))
    mean.update(1.0)
    with pytest.raises(DataError, match="sma: a row after the first has no values"):
        mean.update(np.nan)
    with pytest.raises(DataError, match="sma: values inf is not a finite number"):
        mean.update(np.inf)
    assert mean.update(2.0) == 1.5


@pytest.mark.parametrize(
    ("given", "named", "message"),
    [
        (("rzi",), {}, r"indicator: 'rzi' is not one \(did you mean 'rsi'\?\); choose from sma, ema"),
        (("bbands", 20), {}, r"'bbands' is not one \(did you mean 'bollinger'\?\)"),
        (("sma",), {}, "sma.period: is required"),
        (("sma", 0), {}, "sma.period: 0 is not from 1 to 100,000,000: period must be >= 1"),
        (("sma", 2.5), {}, "sma.period: 2.5 is not a whole number"),
        (("sma", True), {}, "sma.period: True is not a whole number"),
        (
            ("sma",),
            {"length": 3},
            r"sma: unknown parameter 'length' \(did you mean 'period'\?\); its parameters are",
        ),
        (("obv", 3), {}, "obv: takes no parameters, not 1 parameters"),
        (("sma", 3), {"period": 3}, "sma.period: given twice"),
        (("adx", 1), {}, "adx.period: 1 is not from 2"),
        (("macd", 26, 12), {}, "macd.fast: 26 is not below slow, 12"),
        (("bollinger", 20, -1.0), {}, "bollinger.deviations: -1.0 is not 0 or more"),
        (("bollinger", 20, np.nan), {}, "bollinger.deviations: nan is not a finite number"),
    ],
)
def test_an_invalid_indicator_is_refused(given: Any, named: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Indicator(*given, **named)
