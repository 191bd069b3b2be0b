"""The forms that the arguments of `bt.Signals` take, and what is refused."""

import datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import btcore as bt

BARS = {s: bt.sample_bars(s, "2024-01-01", "2024-03-01") for s in ("A", "B")}
N = len(BARS["A"])
RNG = np.random.default_rng(4)
ENTRIES, EXITS = RNG.random((N, 2)) < 0.2, RNG.random((N, 2)) < 0.2
SIZES = RNG.uniform(1, 9, (N, 2))


def same(one: bt.Signals, other: bt.Signals) -> bool:
    ours, theirs = one.columns(), other.columns()
    return all(np.array_equal(ours[n], theirs[n], equal_nan=ours[n].dtype.kind == "f") for n in ours)


ARRAYS = bt.Signals(BARS, ENTRIES, EXITS, size=SIZES)


def frame(values: np.ndarray, **options: Any) -> pd.DataFrame:
    return pd.DataFrame(values, columns=["A", "B"], **options)


class TestForms:
    def test_rows_without_a_signal_are_not_kept(self):
        signals = bt.Signals(BARS["A"], ENTRIES[:, 0], EXITS[:, 0])
        assert len(signals) == int((ENTRIES[:, 0] | EXITS[:, 0]).sum())
        assert signals.timestamp.tolist() == BARS["A"].end[ENTRIES[:, 0] | EXITS[:, 0]].tolist()

    @pytest.mark.parametrize("index", [BARS["A"].timestamp, BARS["A"].end])
    def test_pandas_with_an_index_of_opens_or_ends(self, index):
        for times in (pd.to_datetime(index), pd.to_datetime(index, utc=True).tz_convert("Asia/Tokyo")):
            given = (frame(v, index=times) for v in (ENTRIES, EXITS))
            assert same(bt.Signals(BARS, *given, size=frame(SIZES, index=times)), ARRAYS)

    def test_an_index_in_the_time_zone_of_the_bars(self):
        local = pd.date_range("2024-01-02", periods=5, freq="D")
        bars = bt.Bars(local, *np.full((4, 5), 10.0), interval="1d", timezone="America/New_York")
        entries = pd.Series([True, False, False, False, False], index=local)
        assert bt.Signals(bars, entries).timestamp.tolist() == [bars.end[0]]

    def test_tables_of_any_kind_in_any_order_of_columns(self):
        turned = [v[:, ::-1] for v in (ENTRIES, EXITS, SIZES)]
        polars = [pl.DataFrame(v, schema=["B", "A"]) for v in turned]
        assert same(bt.Signals(BARS, polars[0], polars[1], size=polars[2]), ARRAYS)
        pandas = [pd.DataFrame(v, columns=["B", "A"]) for v in turned]
        assert same(bt.Signals(BARS, pandas[0], pandas[1], size=pandas[2]), ARRAYS)
        mappings = [{s: v[:, i] for i, s in enumerate("AB")} for v in (ENTRIES, EXITS, SIZES)]
        assert same(bt.Signals(BARS, mappings[0], mappings[1], size=mappings[2]), ARRAYS)

    def test_columns_of_any_kind(self):
        expected = bt.Signals(BARS["A"], ENTRIES[:, 0], size=SIZES[:, 0])
        for kind in (list, pd.Series, pl.Series, lambda v: pd.Series(v).convert_dtypes()):
            assert same(bt.Signals(BARS["A"], kind(ENTRIES[:, 0]), size=kind(SIZES[:, 0])), expected)

    def test_one_number_holds_for_all_rows_or_for_those_of_a_symbol(self):
        signals = bt.Signals(BARS, ENTRIES, size=3, stop_loss={"A": 0.1, "B": np.full(N, 0.2)})
        assert set(signals.size.tolist()) == {3.0}
        by_symbol = {s: set(signals.stop_loss[signals.symbol == s].tolist()) for s in "AB"}
        assert by_symbol == {"A": {0.1}, "B": {0.2}}

    def test_numbers_of_rows_without_an_entry_do_not_matter(self):
        sizes = np.where(ENTRIES[:, 0], 2.0, np.nan)
        assert same(
            bt.Signals(BARS["A"], ENTRIES[:, 0], size=sizes), bt.Signals(BARS["A"], ENTRIES[:, 0], size=2)
        )

    def test_a_missing_number_is_none(self):
        row = int(ENTRIES[:, 0].argmax())
        stops = pd.Series(np.full(N, 0.1), dtype="Float64")
        stops[row] = pd.NA
        signals = bt.Signals(BARS["A"], ENTRIES[:, 0], stop_loss=stops)
        assert np.isnan(signals.stop_loss[0])
        assert set(signals.stop_loss[1:].tolist()) == {0.1}

    def test_columns_are_read_only(self):
        with pytest.raises(ValueError, match="read-only"):
            ARRAYS.size[0] = 5.0


ONE = ENTRIES[:, 0]
SHIFTED = pd.Series(ONE).shift(1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([None, ONE], "signals.bars: NoneType is not a Bars or a mapping of symbols to Bars"),
        ([{}, ONE], "signals.bars: the mapping has no symbols"),
        ([{"A": 3}, ONE], r"signals.bars\['A'\]: int is not a Bars"),
        ([{3: BARS["A"]}, ONE], "signals.bars: 3 is not the name of a symbol"),
        ([BARS["A"], ONE[1:]], f"signals.entries: {N - 1} rows are not the {N} of the bars"),
        ([BARS["A"], ONE.astype(int)], r"signals.entries\[0\]: [01] is not True or False"),
        ([BARS["A"], SHIFTED], r"signals.entries\[0\]: nan is not True or False"),
        ([BARS["A"], pd.Series(ONE, dtype="boolean").shift(1)], r"signals.entries\[0\]: <NA> is not True or"),
        ([BARS["A"], pl.Series(ONE).shift(1)], r"signals.entries\[0\]: None is not True or False"),
        ([BARS["A"], ["yes"] * N], r"signals.entries\[0\]: yes is not True or False"),
        ([BARS["A"], True], "signals.entries: a single value is not one column"),
        ([BARS["A"], ENTRIES], f"signals.entries: {N} x 2 is not one column"),
        ([BARS, ONE], f"signals.entries: {N} is not rows x 2, one column for each symbol of bars"),
        ([BARS, ENTRIES, EXITS[:-1]], rf"signals.exits\['A'\]: {N - 1} rows are not the {N}"),
        ([BARS, {"A": ONE}], "signals.entries: 'B' has no column; the symbols are A, B"),
        ([BARS, {"A": ONE, "C": ONE, "B": ONE}], "signals.entries: column 'C' is not a symbol of bars; the"),
        ([BARS, frame(ENTRIES).rename(columns={"B": "b"})], "signals.entries: column 'b' is not a symbol of"),
        ([BARS["A"], frame(ENTRIES)], "signals.entries: 2 columns for one Bars; give a mapping of symbols"),
        ([{"A": BARS["A"], "B": BARS["B"].slice(None, 9)}, ENTRIES], "the bars of B do not end when"),
        (
            [BARS["A"], pd.Series(ONE, index=pd.date_range("2024-01-02", periods=N))],
            r"signals.entries\[0\]: its index is 2024-01-02T00:00:00.0*, and the bar is that from 2024-01-01",
        ),
    ],
)  # fmt: skip
def test_flags_that_are_refused(arguments: list[Any], message: str) -> None:
    with pytest.raises(bt.OrderError, match=message):
        bt.Signals(*arguments)


FIRST = int(ONE.argmax())


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"size": 0}, rf"signals.size\[{FIRST}\]: 0.0 is not a number above 0"),
        (
            {"size": np.where(np.arange(N) > FIRST, 1, np.nan)},
            rf"signals.size\[{FIRST}\]: nan is not a number",
        ),
        ({"size": np.inf}, rf"signals.size\[{FIRST}\]: inf is not a number above 0"),
        ({"size": True}, "signals.size: True is not a number"),
        ({"size": "5"}, "signals.size: '5' is not a number"),
        ({"size": ["x"] * N}, "signals.size: not a column of numbers"),
        ({"size": datetime.date(2024, 1, 1)}, "signals.size: .* is not a number"),
        (
            {"stop_loss": 1.0},
            rf"signals.stop_loss\[{FIRST}\]: 1.0 is not a fraction above 0 and below 1, 0.02",
        ),
        ({"stop_loss": -0.1}, r"-0.1 is not a fraction above 0"),
        ({"trailing_stop": 2}, r"signals.trailing_stop\[.*: 2.0 is not a fraction above 0 and below 1"),
        ({"take_profit": 0.0}, r"signals.take_profit\[.*: 0.0 is not a fraction above 0, and for a short"),
        ({"limit": np.inf}, r"signals.limit\[.*: inf is not a finite price other than 0"),
        ({"limit": np.ones(3)}, f"signals.limit: 3 rows are not the {N} of the bars"),
    ],
)
def test_numbers_that_are_refused(terms: dict[str, Any], message: str) -> None:
    with pytest.raises(bt.OrderError, match=message):
        bt.Signals(BARS["A"], ONE, **terms)


def test_a_target_above_1_is_for_long_entries() -> None:
    assert bt.Signals(BARS["A"], ONE, take_profit=1.5).take_profit[0] == 1.5
    with pytest.raises(
        bt.OrderError, match=r"take_profit\[\d+\]: 1.5 is not a fraction above 0, and for a short"
    ):
        bt.Signals(BARS["A"], None, None, ONE, take_profit=1.5)


@pytest.mark.parametrize(
    ("signals", "options", "message"),
    [
        (bt.Signals(BARS["A"], ONE), {}, "signals: the run has the symbols A, B; give bars as a mapping"),
        (bt.Signals({"C": BARS["A"]}, ONE), {}, "signals: 'C' is not in this run; its symbols are A, B"),
        (
            bt.Signals(BARS, None, None, ENTRIES),
            {"execution": bt.Execution(account="cash")},
            "signals: short entry at 2024-.*Z; a cash account cannot sell short",
        ),
        (
            bt.Signals(BARS, ENTRIES),
            {"execution": bt.Execution(position_mode="hedging")},
            "signals: an exit closes a net position; position_mode must be 'netting'",
        ),
    ],
)
def test_runs_that_are_refused(signals: bt.Signals, options: dict[str, Any], message: str) -> None:
    with pytest.raises(bt.OrderError, match=message):
        bt.run(BARS, signals, **options)


def test_signals_take_no_parameters() -> None:
    with pytest.raises(bt.ConfigError, match="only a strategy given by name or class, or made by"):
        bt.run(BARS, ARRAYS, {"size": 1})
