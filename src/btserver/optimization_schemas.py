"""Structs of optimizations: the request, the status, a trial, the results."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct, field

from btserver.run_id import run_text
from btserver.schemas import Fraction, Label, RunId, RunRecord, RunRequest, State, Time, Trials, to_datetime

Method = Literal["grid", "random", "latin_hypercube", "sobol", "optuna"]
Direction = Literal["maximize", "minimize"]
ValidationMode = Literal["holdout", "walk_forward", "purged_kfold", "cpcv"]
Whole = Annotated[int, Meta(ge=0, le=1_000_000)]
Span = Annotated[int, Meta(ge=1, le=1_000_000)] | Annotated[str, Meta(min_length=1, max_length=32)]


class SearchParameter(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A parameter of the strategy and the values that it may have.

    low, high: the bounds of `float_range`, `int_range` and `log_uniform`, both included.
    step: the distance of the values of `float_range` and `int_range`; null for any number between the bounds.
    values: those of `choice`.
    """

    name: Annotated[str, Meta(min_length=1, max_length=128)]
    kind: Literal["float_range", "int_range", "log_uniform", "choice"]
    low: int | float | None = None
    high: int | float | None = None
    step: int | float | None = None
    values: Annotated[list[Any], Meta(max_length=100_000)] | None = None


class SearchSpace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parameters that are searched."""

    parameters: Annotated[list[SearchParameter], Meta(min_length=1, max_length=64)]


class ValidationTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How periods are divided by the modes other than `holdout`.

    train, test, step: of `walk_forward`: lengths such as "1y", "90d" or "500 bars", or a number of periods;
        by default half and a tenth of the time. anchored: every training begins at the start.
    folds: of `purged_kfold`. groups, test_groups: of `cpcv`.
    purge, embargo: periods that are left out of the training beside a test.
    """

    train: Span | None = None
    test: Span | None = None
    step: Span | None = None
    anchored: bool = False
    folds: Annotated[int, Meta(ge=2, le=1000)] = 5
    groups: Annotated[int, Meta(ge=2, le=1000)] = 6
    test_groups: Annotated[int, Meta(ge=1, le=999)] = 2
    purge: Whole = 0
    embargo: Whole = 0


class OptimizationRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search of the parameters with which a backtest has the best metric.

    name, labels, note: for its readers; they have no effect on the result.
    base_backtest: what each trial plays, with the searched parameters in place of those of its strategy.
    max_trials: how many sets are tried; a grid without it tries all.
    concurrency: how many trials are played at once; null for what the server has room for.
    constraints: conditions that a set keeps, such as "short_period < long_period".
    validation_mode: how the choice is tried on data that it has not seen; null for not at all.
    holdout_share: the last share of the period, which a search with `holdout` does not see.
    random_seed: the same seed gives the same trials, but for `grid`, which has none.
    """

    base_backtest: RunRequest
    search_space: SearchSpace
    name: Annotated[str, Meta(max_length=256)] = ""
    method: Method = "grid"
    max_trials: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    concurrency: Annotated[int, Meta(ge=1, le=65_536)] | None = None
    objective_metric: Annotated[str, Meta(min_length=1, max_length=64)] = "sharpe_ratio"
    direction: Direction = "maximize"
    constraints: Annotated[list[Annotated[str, Meta(max_length=1000)]], Meta(max_length=32)] = field(
        default_factory=list
    )
    validation_mode: ValidationMode | None = "holdout"
    holdout_share: Annotated[float, Meta(ge=0.01, le=0.9)] = 0.3
    validation: ValidationTerms = field(default_factory=ValidationTerms)
    random_seed: Annotated[int, Meta(ge=0, le=2**53)] = 0
    labels: Annotated[list[Label], Meta(max_length=32)] = field(default_factory=list)
    note: Annotated[str, Meta(max_length=10_000)] | None = None


class Trial(Struct, frozen=True, kw_only=True):
    """One parameter set and what came of it.

    trial_id: follows from the parameters, so that a set has the same one in every attempt.
    parameters: the searched ones.
    objective: the metric that is sought; null if it is undefined or the trial failed.
    metrics: as in `metrics_summary` of a backtest; empty if the trial failed.
    duration_seconds: null for a set that the strategy refused before it was played.
    error: why the trial failed, or the set was refused.
    """

    trial_id: str
    parameters: dict[str, Any]
    objective: float | None
    metrics: dict[str, Any]
    duration_seconds: float | None
    error: str | None


class OptimizationStatus(Struct, frozen=True, kw_only=True):
    """An optimization as `GET /v1/optimizations/{optimization_id}` shows it."""

    optimization_id: RunId
    name: str
    state: State
    progress: Fraction
    trials_completed: int
    trials_failed: int
    trials_running: int
    best_trial: Trial | None
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    error: str | None


class OptimizationResults(Struct, frozen=True, kw_only=True):
    """The results of an optimization that has ended.

    all_trials: in the order of the search, then those that failed or were refused; of one that did not
        complete the trials that ended, in the order of their end.
    odds: how likely the best trial is luck, as numbers, with `lines` that say them in words. validation: the
        best trial on data that the search has not seen, with `holdout` its metrics there. manifest: of the
        search (`search`) and of the run of the best trial (`best_run`). These are null until it is completed.
    """

    optimization_id: RunId
    state: State
    error: str | None
    best_trial: Trial | None
    odds: dict[str, Any] | None
    validation: dict[str, Any] | None
    manifest: dict[str, Any] | None
    logs: list[str]
    all_trials: list[Trial]


class _Name(Struct):
    name: str = ""


_decode_name = msgspec.json.Decoder(_Name).decode
_decode_trial = msgspec.json.Decoder(Trial).decode
NO_TRIALS = Trials()


def name_of(request: bytes) -> str:
    """The name in a stored request; empty if it cannot be read."""
    try:
        return _decode_name(request).name
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def status_of(optimization: bytes, record: RunRecord, request: bytes) -> OptimizationStatus:
    """The record and the request as `GET /v1/optimizations/{optimization_id}` shows them."""
    trials = record.trials or NO_TRIALS
    status = record.status(optimization)
    return OptimizationStatus(
        optimization_id=run_text(optimization),
        name=name_of(request),
        state=record.state,
        progress=record.progress,
        trials_completed=trials.completed,
        trials_failed=trials.failed,
        trials_running=trials.running,
        best_trial=_decode_trial(trials.best) if trials.best else None,
        created_at=to_datetime(record.created_ns),
        started_at=status.started_at,
        finished_at=status.finished_at,
        error=record.error,
    )
