"""How stable the chosen parameters are, and what of the objective is left out of sample, in plain words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from btcore.results.summary import format_metric


class ParameterRange(NamedTuple):
    """A parameter that was varied: the lowest and highest value chosen, and those tried; None for texts.

    values: how often each value was chosen, most often first.
    """

    lowest: float | None
    highest: float | None
    lowest_tried: float | None
    highest_tried: float | None
    values: dict[Any, int]


@dataclass(frozen=True)
class Stability:
    """The choices of all folds.

    chosen: the parameter sets that were chosen, with how often, most often first.
    ranges: what was chosen of each parameter that varies.
    in_sample, out_of_sample: the objective of the chosen set in each fold, float64; NaN if undefined.
    share_better: the share of the other sets that are better out of sample than the chosen one, by fold, 0 to
        1: 0.5 is what a choice at random has on average. NaN if not known.
    slope: change of the objective out of sample for 1 more in training, by least squares over the folds; NaN
        with fewer than three folds, if the training never differs, and for `purged_kfold` and `cpcv`, where
        it is
        negative by construction: what is not in the test is in the training.
    """

    objective: str
    chosen: list[tuple[dict[str, Any], int]]
    ranges: dict[str, ParameterRange]
    in_sample: NDArray[np.float64]
    out_of_sample: NDArray[np.float64]
    share_better: NDArray[np.float64]
    slope: float

    def lines(self) -> list[str]:
        """The same in plain words."""
        folds = len(self.in_sample)
        params, times = self.chosen[0]
        most = ", ".join(f"{name}={value}" for name, value in params.items()) or "no parameters"
        lines = [f"{len(self.chosen)} different sets were chosen in {folds} folds; {most} in {times} of them"]
        for name, each in self.ranges.items():
            if each.lowest is None:
                told = ", ".join(f"{value} {count} times" for value, count in each.values.items())
                lines.append(f"{name}: {told}")
            else:
                lines.append(
                    f"{name}: {each.lowest:g} to {each.highest:g} were chosen, of {each.lowest_tried:g} to "
                    f"{each.highest_tried:g} that were tried"
                )
        inside, outside = _mean(self.in_sample), _mean(self.out_of_sample)
        lines.append(
            f"{self.objective}: {value_text(inside)} in training, {value_text(outside)} out of sample, on "
            "average"
        )
        if np.isfinite(self.share_better).any():
            share = 100.0 * _mean(self.share_better)
            lines.append(
                f"out of sample {share:.0f} % of the other sets are better than the chosen one on average; a "
                "choice at random has 50 %"
            )
        if np.isfinite(self.slope):
            lines.append(
                f"a fold with 1 more {self.objective} in training has {self.slope:+.2f} out of sample (slope "
                f"over {folds} folds): 1 would keep all of it, 0 or less nothing"
            )
        return lines


class Chosen(Protocol):
    """The part of a fold that is looked at."""

    @property
    def params(self) -> Mapping[str, Any]: ...
    @property
    def in_sample(self) -> float: ...
    @property
    def out_of_sample(self) -> float: ...
    @property
    def share_better(self) -> float: ...


def stability_of(
    objective: str, folds: Sequence[Chosen], tried: Mapping[str, Sequence[Any]], *, has_slope: bool = True
) -> Stability:
    """The stability of the choices of the folds; `tried` has the values of each parameter that were tried."""
    counts: dict[str, tuple[dict[str, Any], int]] = {}
    for fold in folds:
        key = repr(sorted(fold.params.items()))
        counts[key] = (dict(fold.params), counts.get(key, ({}, 0))[1] + 1)
    inside = np.array([fold.in_sample for fold in folds], np.float64)
    outside = np.array([fold.out_of_sample for fold in folds], np.float64)
    return Stability(
        objective,
        sorted(counts.values(), key=lambda item: -item[1]),
        {
            name: _range([fold.params.get(name) for fold in folds], values)
            for name, values in tried.items()
            if len(set(map(repr, values))) > 1
        },
        inside,
        outside,
        np.array([fold.share_better for fold in folds], np.float64),
        slope_of(inside, outside) if has_slope else float("nan"),
    )


def slope_of(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """The slope of y on x by least squares over the pairs that are known; NaN for fewer than three."""
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    spread = x - x.mean() if len(x) else x
    if len(x) < 3 or not np.any(spread):
        return float("nan")
    return float(np.dot(spread, y - y.mean()) / np.dot(spread, spread))


def rank_of(values: NDArray[np.float64], row: int, *, highest: bool) -> tuple[int | None, float]:
    """The rank of a row by its value, 1 for the best, and the share of the other known values above it.

    None and NaN if its value is undefined, and NaN if there is no other. Equal values count half.
    """
    known = values[np.isfinite(values)]
    if not np.isfinite(values[row]):
        return None, float("nan")
    signed = known if highest else -known
    own = values[row] if highest else -values[row]
    better, equal = int((signed > own).sum()), int((signed == own).sum()) - 1
    share = (better + equal / 2) / (len(known) - 1) if len(known) > 1 else float("nan")
    return 1 + better, share


def _range(chosen: Sequence[Any], tried: Sequence[Any]) -> ParameterRange:
    counts = Counter(value if _is_plain(value) else repr(value) for value in chosen)
    values = dict(counts.most_common())
    if all(_is_number(value) for value in (*chosen, *tried)):
        return ParameterRange(min(chosen), max(chosen), min(tried), max(tried), values)
    return ParameterRange(None, None, None, None, values)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def value_text(value: float) -> str:
    """An objective as text, n/a for NaN."""
    return format_metric(None if np.isnan(value) else value)
