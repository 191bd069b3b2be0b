"""Rows before a run are seen by its strategy alone: nothing that happens in the run depends on them."""

from dataclasses import replace
from functools import partial
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from engines import Case, Maker, result_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markets import EXAMPLES, cases
from strategy_scripts import Script, scripted
from variations import law

import btcore as bt
from btcore.errors import BtcoreError
from btcore.results.tables import TABLES

often = settings(law, max_examples=max(EXAMPLES // 4, 1), deadline=None)


def played(case: Case, make: Maker, rows: int) -> bt.Result | str:
    """The result of a case with rows before it, or the text of the error."""
    with patch("btcore.run", partial(bt.run, warm_up=rows)):
        try:
            result = result_of(case, make)
            result.metrics  # noqa: B018 - computed here, where an error belongs to the case
            return result
        except BtcoreError as error:
            return str(error)


def session_lines(result: bt.Result) -> list[str]:
    return [line for line in result.logs if "end at a session close" in line]


@often
@given(cases(), st.floats(0.1, 0.9), st.integers(1, 12))
def test_a_run_does_not_depend_on_the_rows_before_it(
    drawn: tuple[Case, Script], part: float, rows: int
) -> None:
    case, script = drawn
    times = sorted({int(row[0]) for s in case.streams.values() for kind in ("bars", "quotes", "trades")
                    for row in s.get(kind) or []})  # fmt: skip
    case = replace(case, start=times[int(part * len(times))])
    make = scripted(script)
    cold, warm = played(case, make, 0), played(case, make, rows)
    if isinstance(cold, str) or isinstance(warm, str):
        assert cold == warm
        return
    # Whether bars are those of regular hours is judged by all rows that are read.
    assume(bool(session_lines(cold)) == bool(session_lines(warm)))
    for name in TABLES:
        assert cold.table(name).tobytes() == warm.table(name).tobytes(), name
    assert repr(cold.metrics) == repr(warm.metrics)
    assert repr(cold.strategy.seen) == repr(warm.strategy.seen)


NAMES = ("ema_crossover", "ma_crossover", "mean_reversion", "momentum", "rsi")
PERIODS: dict[str, dict[str, Any]] = {
    "ema_crossover": {"short_period": 3, "long_period": 9},
    "ma_crossover": {"short_period": 3, "long_period": 9},
    "mean_reversion": {"lookback_period": 8, "entry_z": 1.5},
    "momentum": {"lookback_period": 5},
    "rsi": {"period": 5},
}


def closes_of(prices: Any, start: int) -> bt.Bars:
    times = (start + np.arange(len(prices))) * 86_400 * 10**9
    return bt.Bars(times, prices, prices, prices, prices, interval="1d")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(6))
def test_a_built_in_strategy_has_the_state_of_all_rows_and_begins_flat(name: str, seed: int) -> None:
    """From the first moment at which a run over all rows is flat, both runs trade alike."""
    rng = np.random.default_rng(seed)
    prices = 100.0 + np.cumsum(rng.normal(0, 1, 120))
    bars = closes_of(prices, 19_000)
    start = int(bars.timestamp[60])
    whole = bt.run({"A": bars}, name, PERIODS[name], progress=False)
    warm = bt.run({"A": bars}, name, PERIODS[name], start=start, warm_up=60, progress=False)
    held, flat = 0.0, None
    for row in whole.trades:
        if row["timestamp"] > start and held == 0.0:
            flat = int(row["timestamp"])
            break
        held = 0.0 if row["side"] == "sell" else 1.0
    if flat is None:
        pytest.skip("the whole run is never flat after the start")
    later = [each.trades[each.trades["timestamp"] >= flat] for each in (whole, warm)]
    assert later[0]["timestamp"].tolist() == later[1]["timestamp"].tolist()
    assert later[0]["side"].tolist() == later[1]["side"].tolist()
    assert len(later[0])
