"""The deflated Sharpe ratio of the best of noise, its settings, and the length of a track record."""

from collections.abc import Callable

import numpy as np
import pytest
from moments import returns_with

import btcore as bt
from btcore import ConfigError, metrics
from btcore.research.odds import sharpe
from btcore.research.odds.sharpe import column_sharpes, expected_maximum


def test_the_best_of_noise_averages_a_half_where_the_naive_figure_nearly_always_passes() -> None:
    generator = np.random.default_rng(1)
    deflated, naive, over = [], [], []
    for _ in range(200):
        noise = generator.normal(0, 0.01, (500, 100))
        found = bt.deflated_sharpe(noise)
        assert found.best is not None
        deflated.append(found.probability)
        naive.append(metrics.probabilistic_sharpe_ratio(noise[:, found.best]))
        over.append(found.sharpe - found.threshold)
    assert 0.46 < np.mean(deflated) < 0.54
    assert np.mean(np.array(deflated) > 0.95) < 0.02
    assert np.mean(np.array(naive) > 0.95) > 0.98
    assert abs(np.mean(over)) < 0.003  # a ratio per period, whose deviation is 0.045


def test_an_edge_passes() -> None:
    noise = np.random.default_rng(2).normal(0, 0.01, (1500, 100))
    noise[:, 7] += 0.002
    found = bt.deflated_sharpe(noise)
    assert found.best == 7
    assert float(found) == found.probability > 0.95


def test_a_matrix_equals_its_best_column_with_all_ratios() -> None:
    noise = np.random.default_rng(3).standard_t(4, (300, 40))
    ratios = noise.mean(axis=0) / noise.std(axis=0, ddof=1)
    assert column_sharpes(noise) == pytest.approx(ratios, rel=1e-12)
    best = int(ratios.argmax())
    whole = bt.deflated_sharpe(noise)
    column = noise[:, best]
    for other in (
        bt.deflated_sharpe(column, ratios),
        bt.deflated_sharpe(column, trials=40, variance=np.var(ratios, ddof=1)),
    ):
        assert other.probability == pytest.approx(whole.probability, rel=1e-12)
        assert (other.trials, other.best, other.periods) == (40, None, 300)
    assert whole.best == best
    assert whole.threshold == pytest.approx(expected_maximum(40, np.var(ratios, ddof=1)))
    assert whole.probability == metrics.probabilistic_sharpe_ratio(column, target=whole.threshold)
    assert whole.skew == pytest.approx(metrics.skew(column))
    assert whole.kurtosis == pytest.approx(metrics.kurtosis(column) + 3)


def test_trials_and_variance_override_the_ratios() -> None:
    noise = np.random.default_rng(4).normal(0, 0.01, (300, 40))
    more = bt.deflated_sharpe(noise, trials=4000)
    assert (more.trials, more.variance) == (4000, bt.deflated_sharpe(noise).variance)
    assert more.probability < bt.deflated_sharpe(noise).probability
    wider = bt.deflated_sharpe(noise[:, 0], column_sharpes(noise), variance=1.0)
    assert (wider.trials, wider.variance) == (40, 1.0)


def test_trials_with_equal_ratios_deflate_nothing() -> None:
    returns = np.random.default_rng(5).normal(0.001, 0.01, 300)
    found = bt.deflated_sharpe(returns, trials=10, variance=0.0)
    assert found.threshold == 0.0
    assert found.probability == metrics.probabilistic_sharpe_ratio(returns)


def test_a_risk_free_rate_is_taken_off_every_trial() -> None:
    noise = np.random.default_rng(6).normal(0.001, 0.01, (300, 5))
    rate = np.linspace(0, 2e-3, 300)
    assert bt.deflated_sharpe(noise, risk_free=1e-3) == bt.deflated_sharpe(noise - 1e-3)
    assert bt.deflated_sharpe(noise, risk_free=rate) == bt.deflated_sharpe(noise - rate[:, None])
    column = noise[:, 1]
    known = bt.min_track_record_length(column, risk_free=rate)
    assert known == bt.min_track_record_length(column - rate)


def test_a_track_record_is_as_long_as_its_confidence_needs() -> None:
    returns = returns_with(400, 0.1, -0.5, 5)
    found = bt.min_track_record_length(returns, 0.02, confidence=0.9)
    # 1 + (1 + 0.5 * 0.1 + (5 - 1) / 4 * 0.01) * (1.2815516 / 0.08)**2 = 1 + 1.06 * 256.62 = 273.01
    assert found.needed == pytest.approx(273.01, abs=0.02)
    assert found.is_long_enough
    assert repr(found) == "<TrackRecord: 273.0 periods needed, 400 at hand>"
    # With just that many returns of these moments the probability is the confidence.
    assert metrics.probabilistic_sharpe_ratio(returns_with(273, 0.1, -0.5, 5), target=0.02) == pytest.approx(
        0.9, abs=1e-4
    )
    longer = bt.min_track_record_length(returns, 0.02, confidence=0.99)
    assert not longer.is_long_enough
    assert longer.needed is not None
    assert longer.needed > 400


def test_a_ratio_below_the_target_has_no_length_and_a_reason() -> None:
    found = bt.min_track_record_length(returns_with(400, 0.1, 0, 3), 0.1 + 1e-9)
    assert found.needed is None
    assert not found.is_long_enough
    assert found.reason == "no length is enough, as the Sharpe ratio 0.1000 a period is not above 0.1"
    assert repr(found) == f"<TrackRecord: {found.reason}, 400 at hand>"


def test_it_shows_the_probability_and_what_it_is_against() -> None:
    found = bt.deflated_sharpe(returns_with(1000, 0.1, 0, 3), trials=1000, variance=1e-3)
    # 3.2551 * sqrt(0.001) = 0.1029; Phi((0.1 - 0.1029) * sqrt(999 / 1.005)) = Phi(-0.0925)
    assert repr(found) == (
        "<DeflatedSharpe 0.463: Sharpe ratio 0.1000 a period, and 0.1029 is expected of the best of 1,000 "
        "trials without skill>"
    )


R = np.random.default_rng(7).normal(0, 0.01, 50)
M = np.random.default_rng(8).normal(0, 0.01, (50, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: bt.deflated_sharpe(R),
            "trials: is required, unless trial_sharpes or the returns of all trials",
        ),
        (lambda: bt.deflated_sharpe(R, trials=10), "variance: is required, unless trial_sharpes"),
        (
            lambda: bt.deflated_sharpe(R, trials=1, variance=1),
            "trials: 1 is not a whole number of at least 2",
        ),
        (lambda: bt.deflated_sharpe(R, trials=2.5, variance=1), "trials: 2.5 is not a whole number"),
        (lambda: bt.deflated_sharpe(R, trials=5, variance=-1.0), "variance: -1.0 is not at least 0"),
        (lambda: bt.deflated_sharpe(R, trials=5, variance=np.nan), "variance: nan is not a finite number"),
        (lambda: bt.deflated_sharpe(R, [0.1]), "trial_sharpes: 1 values are not at least 2"),
        (lambda: bt.deflated_sharpe(R, [0.1, np.nan]), r"trial_sharpes\[1\]: nan is not a finite number"),
        (lambda: bt.deflated_sharpe(M, [0.1, 0.2]), "trial_sharpes: returns of shape .* have the ratios"),
        (lambda: bt.deflated_sharpe(M[:, :1]), "trials: 1 is not a whole number of at least 2"),
        (lambda: bt.deflated_sharpe(M[:, :1], trials=5), "variance: is required"),
        (lambda: bt.deflated_sharpe(M * [1, 0, 0]), r"returns\[:, 1\]: all 50 values are 0"),
        (
            lambda: bt.deflated_sharpe(R * 0 + 0.1, trials=5, variance=1),
            r"returns\[:, 0\]: all 50 values are 0.1",
        ),
        (
            lambda: bt.deflated_sharpe(R[:1], trials=5, variance=1),
            r"returns of shape \(1, 1\): 1 period, not at least 2",
        ),
        (
            lambda: bt.deflated_sharpe(M, risk_free=[0.1, 0.2]),
            r"risk_free: shape \(2,\) is not a number or 50 of",
        ),
        (lambda: bt.deflated_sharpe(M, risk_free=np.nan), "risk_free: nan is not a finite number"),
        (lambda: bt.min_track_record_length(M), "returns: 2 dimensions are not 1"),
        (lambda: bt.min_track_record_length([0.1]), "returns: 1 values are not at least 2"),
        (lambda: bt.min_track_record_length([0.1, None]), r"returns\[1\]: nan is not a finite number"),
        (lambda: bt.min_track_record_length(R * 0), r"returns\[:, 0\]: all 50 values are 0"),
        (lambda: bt.min_track_record_length(R, "0"), "target: '0' is not a finite number"),
        (lambda: bt.min_track_record_length(R, confidence=95), "confidence: 95.0 is not between 0 and 1"),
    ],
)
def test_what_has_no_figure_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        call()


def test_a_ratio_without_a_standard_error_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharpe, "probabilistic_sharpe_ratio", lambda column, target: float("nan"))
    with pytest.raises(ConfigError, match="the standard error of their Sharpe ratio is 0 or undefined"):
        bt.deflated_sharpe(M)
