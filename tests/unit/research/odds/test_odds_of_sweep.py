"""The odds of a sweep: figures of the functions, reasons for those that are missing, sentences."""

from math import sqrt
from typing import Any

import msgspec
import numpy as np
import pytest

import btcore as bt
from btcore import ConfigError, metrics
from btcore.research.odds import of_sweep
from btcore.research.odds.of_sweep import SweepOdds
from btcore.research.odds.sharpe import column_sharpes

OF_THE_BEST = ["probabilistic_sharpe", "deflated_sharpe", "track_record"]


def noise(periods: int, trials: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.01, (periods, trials))


def odds_of(returns: np.ndarray, *, trials: int | None = None, **settings: Any) -> SweepOdds:
    ratios = column_sharpes(returns)
    best = int(np.nanargmax(ratios))
    count = returns.shape[1] if trials is None else trials
    return SweepOdds(returns, best, count, float(np.nanvar(ratios, ddof=1)), 252.0, **settings)


def test_the_figures_are_those_of_the_functions() -> None:
    returns = noise(503, 50)
    odds = odds_of(returns, seed=5, resamples=200)
    assert odds.deflated_sharpe is not None
    assert odds.deflated_sharpe == bt.deflated_sharpe(returns)
    assert odds.best is not None
    best = returns[:, odds.best]
    assert odds.probabilistic_sharpe == metrics.probabilistic_sharpe_ratio(best)
    assert odds.track_record == bt.min_track_record_length(best, odds.deflated_sharpe.threshold)
    assert odds.spa == bt.spa(returns, seed=5, resamples=200)
    assert odds.reality_check == bt.reality_check(returns, seed=5, resamples=200)
    assert odds.pbo is not None
    assert odds.pbo.pbo == bt.pbo(returns).pbo
    assert odds.missing == {}


def test_trials_that_never_trade_are_not_compared_and_columns_keep_their_numbers() -> None:
    returns = noise(320, 12)
    returns[:, 11] += 0.01
    full = odds_of(returns)
    wide = np.insert(returns, [0, 4], 0.0, axis=1)
    wide[:, 5] = 1e-5  # interest only
    wide = np.insert(wide, 3, np.nan, axis=1)
    odds = SweepOdds(wide, 14, 15, full.variance, 252.0)
    assert odds.usable.tolist() == [1, 2, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14]
    assert odds.pbo is not None
    assert full.pbo is not None
    assert odds.pbo.pbo == full.pbo.pbo
    assert set(odds.pbo.chosen) == {14}
    assert odds.spa is not None
    assert full.spa is not None
    assert (odds.spa.best, odds.spa.p_value) == (14, full.spa.p_value)
    assert odds.reality_check is not None
    assert odds.reality_check.best == 14
    assert odds.deflated_sharpe is not None
    assert (odds.deflated_sharpe.trials, odds.deflated_sharpe.best) == (15, 14)
    assert odds.lines()[0] == (
        "the odds of the best of 15 trials over 320 periods "
        "(3 that never vary or are not finite, which are not compared)"
    )


def test_all_trials_that_were_run_count() -> None:
    returns = noise(320, 95)
    odds = odds_of(returns, trials=100)
    assert odds.deflated_sharpe is not None
    assert odds.deflated_sharpe.trials == 100
    assert odds.pbo is not None
    assert "95 trials" in repr(odds.pbo)
    assert "(5 without returns at hand)" in odds.lines()[0]


def test_a_selection_is_not_compared() -> None:
    odds = odds_of(noise(320, 89), trials=100)
    reason = "the returns of 89 of 100 trials are at hand, and those of 90% are needed"
    assert odds.missing == {"pbo": reason, "reality_check": reason, "spa": reason}
    assert odds.pbo is odds.spa is odds.reality_check is None
    assert f"probability of backtest overfitting missing: {reason}" in odds.lines()
    assert f"SPA and reality check missing: {reason}" in odds.lines()
    assert odds.headline().endswith(", no PBO, no SPA")


@pytest.mark.parametrize(
    ("returns", "best", "trials", "variance", "expected"),
    [
        (
            noise(320, 1), 0, 1, None,
            {"deflated_sharpe": "one trial was run", "pbo": "one trial was run"},
        ),
        (
            noise(320, 4), 2, 4, float("nan"),
            {"deflated_sharpe": "the variance of the Sharpe ratios of all trials is not known"},
        ),
        (
            noise(320, 4), None, 4, 0.1,
            dict.fromkeys(OF_THE_BEST, "no trial is the best"),
        ),
        (
            noise(320, 4) * [1, 0, 1, 1], 1, 4, 0.1,
            dict.fromkeys(
                OF_THE_BEST,
                "the returns of the best trial are all 0",
            ),
        ),
        (noise(20, 4), 0, 4, 0.1, {"pbo": "returns of shape (20, 4): 20 periods"}),
        (
            noise(9, 4), 0, 4, 0.1,
            dict.fromkeys(["pbo", "reality_check", "spa"], "returns of shape (9, 4): 9 periods"),
        ),
        (
            noise(320, 4) * [1, 0, 0, 0], 0, 4, 0.1,
            {"pbo": "the returns of 1 trials vary, and at least 2 are needed"},
        ),
        (
            np.empty((0, 0)), None, 3, None,
            dict.fromkeys(OF_THE_BEST, "no trial is the best")
            | dict.fromkeys(["pbo", "reality_check", "spa"], "the returns of 0 of 3 trials are at hand"),
        ),
    ],
)  # fmt: skip
def test_a_missing_figure_has_a_reason(
    returns: np.ndarray, best: int | None, trials: int, variance: float | None, expected: dict[str, str]
) -> None:
    odds = SweepOdds(returns, best, trials, variance, 252.0, resamples=50)
    assert list(odds.missing) == list(expected)
    for name, reason in expected.items():
        assert odds.missing[name].startswith(reason)
        assert getattr(odds, name) is None
    figures = odds.to_dict()
    assert figures["missing"] == odds.missing
    assert all(value is None or not np.isnan(value) for name, value in figures.items() if name != "missing")
    assert len(odds.lines()) >= 6
    assert "nan" not in repr(odds)


def test_the_sentences_say_what_each_figure_means() -> None:
    returns = noise(504, 100)
    odds = odds_of(returns, resamples=100)
    ratio = column_sharpes(returns).max() * sqrt(252)
    assert odds.deflated_sharpe is not None
    assert odds.pbo is not None
    assert odds.spa is not None
    assert odds.reality_check is not None
    threshold = odds.deflated_sharpe.threshold * sqrt(252)
    lines = odds.lines()
    assert repr(odds) == "\n".join(lines)
    assert lines[0] == "the odds of the best of 100 trials over 504 periods"
    assert lines[1] == (
        f"deflated Sharpe {odds.deflated_sharpe.probability:.2f}: probability that the true Sharpe ratio is "
        f"above what the best of 100 trials without skill is expected to show, {threshold:.2f} a year; the "
        "best of such trials averages 0.5 and hardly ever exceeds 0.95, so it is no 5 % test"
    )
    assert lines[2].startswith(f"probabilistic Sharpe {odds.probabilistic_sharpe:.3f}: ")
    assert f"with {ratio:.2f} a year, were the only trial" in lines[2]
    assert lines[3].startswith("minimum track record")
    assert lines[3].endswith("; 504 periods (2.0 years) are at hand")
    assert lines[4].startswith(
        f"probability of backtest overfitting {odds.pbo.pbo:.2f}: share of 12,870 splits in"
    )
    assert lines[4].endswith("; the first 8 periods left out")
    assert lines[5].startswith(f"SPA p {odds.spa.p_value:.3f} (lower {odds.spa.lower:.3f}, upper ")
    assert lines[6] == f"reality check p {odds.reality_check.p_value:.3f}: the same of the plain mean return"
    assert odds.headline() == (
        f"deflated Sharpe {odds.deflated_sharpe.probability:.2f}, PBO {odds.pbo.pbo:.2f}, "
        f"SPA p {odds.spa.p_value:.3f}"
    )


def test_without_a_year_ratios_are_per_period() -> None:
    returns = noise(504, 10) + 0.002
    odds = SweepOdds(returns, 0, 10, 1e-3)
    assert odds.track_record is not None
    assert odds.track_record.needed is not None
    assert odds.lines()[3] == (
        f"minimum track record {odds.track_record.needed:,.0f} periods: what 95% confidence in a true Sharpe "
        f"ratio above {odds.track_record.target:.4f} a period needs, if that of the best stays as it is; 504 "
        "periods are at hand"
    )
    assert (
        odds_of(noise(504, 10) - 0.01).lines()[3].startswith("minimum track record: no length shows a true")
    )


def test_figures_are_computed_when_read_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    for name in ("pbo", "both_tests"):
        original = getattr(of_sweep, name)

        def counted(*given: Any, _name: str = name, _call: Any = original, **more: Any) -> Any:
            calls.append(_name)
            return _call(*given, **more)

        monkeypatch.setattr(of_sweep, name, counted)
    odds = odds_of(noise(64, 5), resamples=20)
    assert odds.deflated_sharpe is not None
    assert calls == []
    assert odds.spa is not None
    assert odds.reality_check is not None
    assert calls == ["both_tests"]
    for _ in range(2):
        odds.lines()
    assert calls == ["both_tests", "pbo"]


def test_the_figures_are_plain_numbers() -> None:
    odds = odds_of(noise(64, 5), resamples=20)
    figures = odds.to_dict()
    assert msgspec.json.decode(msgspec.json.encode(figures)) == figures
    assert odds.deflated_sharpe is not None
    assert figures["deflated_sharpe"] == odds.deflated_sharpe.probability
    assert figures["missing"] == {}
    assert all(
        isinstance(value, float) for name, value in figures.items() if not name.startswith(("tr", "mi"))
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"returns": noise(64, 5).astype(np.float32)}, r"returns: float32 of shape \(64, 5\) is not"),
        ({"returns": noise(64, 5)[:, 0]}, r"returns: float64 of shape \(64,\) is not \(periods, trials\)"),
        ({"best": 5}, "best: 5 is not a whole number of at least 0 and at most 4"),
        ({"best": -1}, "best: -1 is not a whole number"),
        ({"trials": 4}, "trials: 4 is not a whole number of at least 5"),
        ({"variance": -1.0}, "variance: -1.0 is not at least 0"),
        ({"periods_per_year": 0}, "periods_per_year: 0 is not above 0"),
        ({"periods_per_year": float("nan")}, "periods_per_year: nan is not a finite number"),
        ({"blocks": 3}, "blocks: 3 is not even"),
        ({"resamples": 0}, "resamples: 0 is not a whole number of at least 1"),
        ({"seed": -1}, "seed: -1 is not a whole number of at least 0"),
    ],
)
def test_wrong_settings_are_refused(change: dict[str, Any], message: str) -> None:
    given = {"returns": noise(64, 5), "best": 0, "trials": 5, "variance": 0.1, "periods_per_year": 252.0}
    with pytest.raises(ConfigError, match=message):
        SweepOdds(**{**given, **change})
