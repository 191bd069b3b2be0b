"""The report of a check, and what cannot be checked."""

import inspect
import re
import threading
from textwrap import dedent

import numpy as np
import pytest
from lookahead_data import DAY, ONE, START, Follow, honest, rising

import btcore as bt
from btcore.audit.lookahead import LeakReport, LookaheadError, leakcheck
from btcore.strategies import check_params, make_handler


def of_the_sample(data):
    return bt.Orders(data["A"].timestamp[:-1], "A", "buy", data["A"].close.mean())


def test_same_seed_same_report_other_seed_other_cuts():
    reports = [leakcheck(ONE, honest, seed=seed) for seed in (1, 1, 2)]
    assert reports[0] == reports[1]
    assert reports[0].cuts != reports[2].cuts
    assert list(reports[0].cuts) == sorted(set(reports[0].cuts))
    with pytest.raises(LookaheadError) as one:
        leakcheck(ONE, of_the_sample, seed=4)
    with pytest.raises(LookaheadError, match=re.escape(str(one.value))):
        leakcheck(ONE, of_the_sample, seed=4)


def test_the_report_says_what_was_compared():
    report = leakcheck(ONE, honest)
    assert repr(report) == (
        f"<LeakReport: no look-ahead in {report.orders_checked} orders and {report.fills_checked} fills; "
        "8 cuts, 25 runs>"
    )
    assert report == LeakReport(25, report.cuts, report.orders_checked, report.fills_checked, True)
    assert "computed before the run are not covered" in repr(leakcheck(ONE, honest(ONE)))

    report = leakcheck(ONE, lambda data: bt.Orders(data["A"].timestamp[:0], "A", "buy", []))
    assert report.orders_checked == report.fills_checked == 0
    assert "nothing checked" in repr(report)


def test_the_example_in_the_docstring_is_true():
    text = inspect.getdoc(leakcheck)
    example, error = re.search(r"\n( +def .*?)\n\n +(LookaheadError: .*?)\n\n", text, re.DOTALL).groups()
    with pytest.raises(LookaheadError) as caught:
        exec(dedent(example), {"bt": bt, "np": np, "leakcheck": leakcheck})
    assert f"LookaheadError: {caught.value}" == " ".join(error.split())


def test_what_cannot_be_played_again_is_refused():
    with pytest.raises(bt.ConfigError, match="function of the data"):
        leakcheck(ONE, make_handler("rsi", check_params("rsi", {}), 1))
    uncopied = Follow()
    uncopied.lock = threading.Lock()
    with pytest.raises(bt.ConfigError, match=r"this Follow cannot be copied.*pass its class"):
        leakcheck(ONE, uncopied)


def test_a_function_that_fails_on_less_data_is_not_called_a_leak():
    def wants_a_year(data):
        if len(data["A"]) < 250:
            raise ArithmeticError("too short")
        return honest(data)

    with pytest.raises(
        bt.StrategyError, match=r"created with the future after .*: ArithmeticError: too short$"
    ) as caught:
        leakcheck(ONE, wants_a_year)
    assert not isinstance(caught.value, LookaheadError)
    assert isinstance(caught.value.__cause__, ArithmeticError)


def test_a_strategy_whose_runs_differ_is_not_called_a_leak():
    sent = []

    class Remembers(bt.Strategy):
        def on_bar(self, ctx, bar):
            sent.append(1)
            ctx.buy("A", len(sent))

    with pytest.raises(bt.StrategyError, match="two runs on the same data differ") as caught:
        leakcheck(ONE, lambda data: Remembers())
    assert not isinstance(caught.value, LookaheadError)


def test_invalid_arguments_are_refused():
    for wrong in ({"cuts": 0}, {"cuts": 1.5}, {"seed": -1}):
        with pytest.raises(bt.ConfigError, match=f"^{next(iter(wrong))}: "):
            leakcheck(ONE, honest, **wrong)
    with pytest.raises(bt.DataError, match="there is no time"):
        leakcheck({"A": rising(1)}, "buy_and_hold")
    late = bt.Bars([START + 90 * DAY], [1.0], [1.0], [1.0], [1.0], interval="1d")
    with pytest.raises(bt.DataError, match="there is no time"):
        leakcheck({"A": rising(10), "B": late}, "buy_and_hold")
    with pytest.raises(bt.ConfigError, match=r"not the name of a built-in|unknown"):
        leakcheck(ONE, "no such")
    with pytest.raises(ZeroDivisionError):
        leakcheck(ONE, lambda data: 1 / 0)
