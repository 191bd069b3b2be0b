"""Documents with nulls for what is not given, and with fractions of 0."""

from typing import Any

import pytest

import btcore as bt
from btcore.backtest.request import check_request
from btcore.config import RunRequest, as_written, checked
from btcore.data import SampleMarket
from btcore.errors import BtcoreError

BASE = {"symbols": ["AAPL"], "start_date": "2024-01-01", "end_date": "2024-03-01"}


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ({"execution": None}, {}),
        ({"initial_capital": None}, {"initial_capital": None}),
        ({"symbols": None}, {"symbols": None}),
        ({"calendar": None, "mark_every": None}, {"calendar": None, "mark_every": None}),
        ({"execution": {"seed": 5.0, "leverage": 2.0}}, {"execution": {"seed": 5, "leverage": 2.0}}),
        ({"execution": {"seed": 5.5}}, {"execution": {"seed": 5.5}}),
        ({"execution": {"seed": 2.0**60}}, {"execution": {"seed": 2.0**60}}),
        ({"execution": {"seed": None, "maker_bps": None}}, {"execution": {"maker_bps": None}}),
        ({"execution": {"unknown": None}}, {"execution": {"unknown": None}}),
        ({"execution": 5.0}, {"execution": 5.0}),
        ({"fx": {"EUR": None}}, {"fx": {"EUR": None}}),
        (
            {"instruments": {"A": {"tick_size": None, "commission": {"bps": None, "minimum": None}}}},
            {"instruments": {"A": {"commission": {"minimum": None}}}},
        ),
        (
            {"strategy": {"name": None, "params": {"x": None, "y": 5.0}}},
            {"strategy": {"params": {"x": None, "y": 5.0}}},
        ),
        ([1.0, None], [1.0, None]),
    ],
)
def test_as_written(written: Any, plain: Any) -> None:
    assert repr(as_written(written, RunRequest)) == repr(plain)


def test_parameters_of_a_strategy() -> None:
    bars = {"AAPL": bt.sample_bars("AAPL", "2024-01-01", "2024-06-01")}
    written = bt.run(bars, "ma_crossover", {"short_period": 5.0, "long_period": 30.0})
    plain = bt.run(bars, "ma_crossover", {"short_period": 5})
    assert written.fingerprint == plain.fingerprint
    with pytest.raises(BtcoreError, match=r"short_period: 5\.5 is not a whole number"):
        bt.run(bars, "ma_crossover", {"short_period": 5.5})
    with pytest.raises(BtcoreError, match=r"short_period: None is not a whole number"):
        bt.run(bars, "ma_crossover", {"short_period": None})


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (
            {"instruments": {"AAPL": {"funding": [["zzzz", 0.1]]}}},
            r"\['AAPL'\].funding\[0\]: 'zzzz' is",
        ),
        ({"instruments": {"AAPL": {"splits": [["2024-13-01", 2]]}}}, r"instruments\['AAPL'\].splits\[0\]: "),
        (
            {"instruments": {"AAPL": {"halts": [["2024-02-01", "2024-01-01"]]}}},
            r"'AAPL'\].halts\[0\]",
        ),
        ({"instruments": {"AAPL": {"currency": "EUR"}}}, r"fx: 'EUR', the currency of instruments\['AAPL'\]"),
        (
            {"instruments": {"AAPL": {"currency": "EUR"}}, "fx": {"EUR": [["2024-02-01", 1.1]]}},
            r"fx\['EUR'\]: no rate is dated at or before the start",
        ),
        ({"fx": {"EUR": 1.1}, "risk_free": [["never", 0.1]]}, r"risk_free\[0\]: 'never' is"),
        (
            {"execution": {"latency_ms": [["2024-02-01", 1], ["2024-01-01", 2]]}},
            r"latency_ms\[1\]: ",
        ),
    ],
)
def test_dated_values_and_currencies_are_checked_with_the_request(terms: Any, message: str) -> None:
    request = checked("", BASE | terms, RunRequest)
    with pytest.raises(BtcoreError, match=message):
        check_request(request, SampleMarket())


def test_a_request_without_dated_values_passes() -> None:
    check_request(checked("", BASE, RunRequest), SampleMarket())
    rates = {"instruments": {"AAPL": {"currency": "EUR"}}, "fx": {"EUR": 1.1}}
    check_request(checked("", BASE | rates, RunRequest), SampleMarket())
