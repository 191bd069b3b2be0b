"""The best trial, or the way of choosing it, on data that the search has not seen."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from btcore.backtest.run_one import run
from btcore.data import Catalog, SampleMarket
from btcore.errors import ConfigError
from btcore.research.validation.crossed import cpcv, purged_kfold
from btcore.research.validation.forward import walk_forward
from btcore.research.validation.objectives import check_objective
from btcore.research.validation.spans import span_of
from btserver.optimization_schemas import OptimizationRequest

from .terms import holdout_period, moment, search_period, search_terms, split_ns, strategy_of, whole_space

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "walk_forward": walk_forward, "purged_kfold": purged_kfold, "cpcv": cpcv
}  # fmt: skip
DAY_NS = 86_400 * 10**9
TRAIN_SHARE, TEST_SHARE = 0.5, 0.1  # of the days of a walk forward without lengths
WARM_UP_ROWS = 1000  # before a holdout that a strategy can read


def check_validation(request: OptimizationRequest) -> None:
    """ConfigError, whose message begins with the path, for a validation that cannot be played."""
    mode = request.validation_mode
    if mode is None or mode == "holdout":
        return
    terms = request.validation
    if mode == "walk_forward":
        for name, length in _windows(request).items():
            if length is not None:
                span_of(f"validation.{name}", length)
        return
    check_objective(request.objective_metric)
    if mode == "cpcv" and terms.test_groups >= terms.groups:
        raise ConfigError(
            f"validation.test_groups: {terms.test_groups} of {terms.groups} groups leave none for training"
        )


def validate(
    request: OptimizationRequest,
    source: Catalog | SampleMarket,
    best: tuple[dict[str, Any], float | None],
    playing: dict[str, Any],
    *,
    study: Path,
    progress: Callable[[float], None],
) -> dict[str, Any] | None:
    """What the results say about the validation; None without one.

    best: the parameters of the best trial and its objective. playing: `executor` and `workers` of a sweep.
    """
    if request.validation_mode is None:
        return None
    if request.validation_mode == "holdout":
        return _holdout(request, source, *best)
    return _divided(request, source, {**playing, "study": study}, progress)


def _holdout(
    request: OptimizationRequest, source: Catalog | SampleMarket, params: dict[str, Any], inside: float | None
) -> dict[str, Any]:
    options = holdout_period(request) | {"warm_up": WARM_UP_ROWS}
    result = run(source, strategy_of(request.base_backtest), params, progress=False, **options)
    split = split_ns(request)
    assert split is not None
    return {
        "mode": "holdout",
        "holdout_share": request.holdout_share,
        "begins": moment(split),
        "in_sample": inside,
        "out_of_sample": result.metrics[request.objective_metric],
        "metrics": result.metrics,
        "fingerprint": result.fingerprint,
    }


def _windows(request: OptimizationRequest) -> dict[str, Any]:
    """The lengths of a walk forward; by default shares of the days of the period."""
    base, terms = request.base_backtest, request.validation
    days = (base.end_ns - base.start_ns) // DAY_NS
    return {
        "train": f"{max(1, int(days * TRAIN_SHARE))}d" if terms.train is None else terms.train,
        "test": f"{max(1, int(days * TEST_SHARE))}d" if terms.test is None else terms.test,
        "step": terms.step,
    }


def _divided(
    request: OptimizationRequest,
    source: Catalog | SampleMarket,
    playing: dict[str, Any],
    progress: Callable[[float], None],
) -> dict[str, Any]:
    """The searches of `bt.walk_forward`, `bt.purged_kfold` or `bt.cpcv`."""
    mode, terms = str(request.validation_mode), request.validation
    divided: dict[str, dict[str, Any]] = {
        "walk_forward": {
            **_windows(request),
            "anchored": terms.anchored,
            "purge": terms.purge or None,
            "embargo": terms.embargo or None,
        },
        "purged_kfold": {"folds": terms.folds, "purge": terms.purge, "embargo": terms.embargo},
        "cpcv": {
            "groups": terms.groups,
            "test_groups": terms.test_groups,
            "purge": terms.purge,
            "embargo": terms.embargo,
        },
    }
    found: Any = FUNCTIONS[mode](
        source,
        strategy_of(request.base_backtest),
        whole_space(request),
        objective=request.objective_metric,
        direction=request.direction,
        progress=lambda step: progress(step.fraction),
        **divided[mode],
        **search_period(request),
        **search_terms(request),
        **playing,
    )
    folds = [
        {
            "train": [[moment(start), moment(end)] for start, end in fold.train],
            "test": [[moment(start), moment(end)] for start, end in fold.test],
            "parameters": fold.params,
            "in_sample": fold.in_sample,
            "out_of_sample": fold.out_of_sample,
            "rank": fold.rank,
            "sets": fold.sets,
        }
        for fold in found.folds
    ]
    document = {
        "mode": mode,
        "folds": folds,
        "stability": list(found.stability.lines()),
        "notes": list(found.notes),
    }
    if mode == "cpcv":
        return document | {
            "paths": found.path_objectives.tolist(),
            "distribution": found.distribution(),
        }
    return document | {
        "out_of_sample": found.result.metrics[request.objective_metric],
        "metrics": found.result.metrics,
        "fingerprint": found.result.fingerprint,
    }
