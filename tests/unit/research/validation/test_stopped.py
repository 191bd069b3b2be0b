"""A walk that is stopped: the windows that were played are joined."""

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from validations import COSTS, GRID

import btcore as bt
from btcore.research.sweeps.options import StoppedEarlyError
from btcore.research.validation import forward as module


def walked(bars: bt.Bars, **options: Any) -> bt.WalkForward:
    return bt.walk_forward(
        {"A": bars}, "ma_crossover", GRID, train="1y", test="6mo", execution=COSTS, progress=False, **options
    )


def after(calls: int) -> Callable[[], bool]:
    """Says to stop once it has been asked so often."""
    left = [calls]

    def stop() -> bool:
        left[0] -= 1
        return left[0] < 0

    return stop


def test_the_windows_so_far_are_those_of_the_whole(forward: bt.WalkForward, bars: bt.Bars) -> None:
    asked = [0]

    def count() -> bool:
        asked[0] += 1
        return False

    whole = walked(bars, stop=count)
    assert whole.result.fingerprint == forward.result.fingerprint
    assert not whole.is_stopped
    lengths = set()
    for calls in range(0, asked[0] + 1, 3):
        try:
            found = walked(bars, stop=after(calls))
        except StoppedEarlyError:
            lengths.add(0)
            continue
        lengths.add(len(found))
        assert found.is_stopped == (len(found) < len(forward))
        for fold, expected in zip(found.folds, forward.folds, strict=False):
            assert fold.params == expected.params
            assert (fold.rank, fold.in_sample, fold.sets) == (
                expected.rank,
                expected.in_sample,
                expected.sets,
            )
            assert fold.result is not None
            assert expected.result is not None
            assert fold.result.fingerprint == expected.result.fingerprint
        last = found.folds[-1].result
        assert last is not None
        assert found.result.metrics["final_equity"] == last.metrics["final_equity"]
        if found.is_stopped:
            assert found.notes[-1].startswith(f"window {len(found)}, ")
            assert found.notes[-1].endswith(" and later ones are not played: stopped")
    assert lengths == set(range(len(forward) + 1))
    with pytest.raises(bt.BtcoreError, match="walk_forward: stopped before the first window had ended"):
        walked(bars, stop=lambda: True)


def test_an_event_and_progress(bars: bt.Bars) -> None:
    stop, seen = Event(), list[float]()

    def see(progress: bt.Progress) -> None:
        seen.append(progress.fraction)
        stop.set()

    found = bt.walk_forward(
        {"A": bars}, "ma_crossover", GRID, train="1y", test="6mo", stop=stop, progress=see
    )
    assert (len(found), found.is_stopped, len(seen)) == (1, True, 1)


def test_another_error_is_not_taken_for_a_stop(bars: bt.Bars, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = Event()

    def fails(*_: Any, **__: Any) -> None:
        stop.set()
        raise bt.LookaheadError("it peeks")

    monkeypatch.setattr(module.WindowRuns, "check_leaks", fails)
    with pytest.raises(bt.LookaheadError, match=r"window 0, .*: it peeks"):
        walked(bars, stop=stop)


def test_what_is_no_stop_is_refused_before_any_run(bars: bt.Bars) -> None:
    with pytest.raises(bt.ConfigError, match=r"^stop: 5 is not a function or a threading.Event"):
        walked(bars, stop=5)
