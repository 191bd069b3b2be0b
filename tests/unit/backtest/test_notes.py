"""What was found when data were read is in the log and the manifest of every run over them."""

import numpy as np
from random_walks import DAY, START, bars, quotes

import btcore as bt

FOUND = ("times: epoch milliseconds", "rows sorted by time: 30")


def test_notes_are_lines_of_the_log_with_symbol_and_kind():
    data = {"A": (bars(30).with_notes(FOUND), quotes(9)), "B": bars(30, seed=1).with_notes(FOUND[:1])}
    result = bt.run(data, "buy_and_hold", data_source="synthetic: made for this test")
    assert result.logs[:4] == [
        "synthetic: made for this test",
        "A bars: times: epoch milliseconds",
        "A bars: rows sorted by time: 30",
        "B bars: times: epoch milliseconds",
    ]


def test_notes_are_in_the_manifest_and_not_in_the_fingerprint():
    plain = bt.run({"A": (bars(30), quotes(9))}, "buy_and_hold")
    noted = bt.run({"A": (bars(30).with_notes(FOUND), quotes(9))}, "buy_and_hold")
    assert [entry.get("notes") for entry in noted.manifest["data"]] == [list(FOUND), None]
    assert noted.fingerprint == plain.fingerprint
    assert "notes" not in str(plain.manifest)
    assert plain.logs == noted.logs[len(FOUND) :]


def test_a_run_of_some_rows_has_the_notes_of_its_data():
    part = bt.run({"A": bars(30).with_notes(FOUND)}, "buy_and_hold", start=START + 9 * DAY)
    assert part.logs[: len(FOUND)] == [f"A bars: {note}" for note in FOUND]


def test_a_run_of_a_sweep_has_them(tmp_path):
    data = {"A": bars(60).with_notes(FOUND)}
    swept = bt.sweep(data, "ma_crossover", {"short_period": [3, 5], "long_period": [9]})
    result = swept.run(1)
    assert result.manifest["data"][0]["notes"] == list(FOUND)
    assert result.logs[0] == "A bars: times: epoch milliseconds"
    result.save(tmp_path / "result.npz")
    assert bt.load_result(tmp_path / "result.npz").manifest == result.manifest


def test_notes_are_no_look_ahead():
    class Dip(bt.Strategy):
        def on_bar(self, ctx, bar):
            ctx.order_target("A", float(bar.close < bar.open))

    bt.leakcheck({"A": bars(60).with_notes(FOUND)}, Dip)

    def each_bar(data):
        times = data["A"].timestamp + DAY
        return bt.Orders(times, "A", np.repeat("buy", len(times)), 1.0)

    bt.leakcheck({"A": bars(60).with_notes(FOUND)}, each_bar)
