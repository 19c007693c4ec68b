"""Agreement of predicted with reference barriers, compounds kept apart (bvse_barriers.py)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

FloatArray = NDArray[np.float64]
Rows = list[dict[str, Any]]

N_FOLDS = 5
N_BOOTSTRAP = 1000
SEED = 0
SMALLEST_GROUP = 5
REFERENCE = "neb_eV"


@dataclass(frozen=True)
class Agreement:
    """Figures of one predictor; energies in eV."""

    n: int
    n_none: int
    spearman: float
    spearman_low: float
    spearman_high: float
    scale: float
    mae: float
    mae_unscaled: float
    mae_median: float
    low_quarter: float
    """Share with a reference below the median among the quarter predicted lowest; 0.5 by chance."""

    def line(self) -> str:
        return (
            f"n {self.n:3d} ({self.n_none} none)  Spearman {self.spearman:+.2f} "
            f"[{self.spearman_low:+.2f}, {self.spearman_high:+.2f}]  scale {self.scale:.3f}  "
            f"MAE {self.mae:.3f}  unscaled {self.mae_unscaled:.3f}  median {self.mae_median:.3f}  "
            f"low quarter {self.low_quarter:.2f}"
        )

    def as_dict(self) -> dict[str, float]:
        return {key: round(value, 4) for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Comparison:
    """Two predictors on the same hops; the change is second less first, eV."""

    first: Agreement
    second: Agreement
    change: float
    change_low: float
    change_high: float

    def line(self) -> str:
        return (
            f"n {self.first.n}  Spearman {self.first.spearman:+.2f} -> {self.second.spearman:+.2f}"
            f"  MAE {self.first.mae:.3f} -> {self.second.mae:.3f}  change {self.change:+.3f} "
            f"[{self.change_low:+.3f}, {self.change_high:+.3f}]"
        )

    def as_dict(self) -> dict[str, Any]:
        return {
            "n": self.first.n,
            "spearman": [round(self.first.spearman, 4), round(self.second.spearman, 4)],
            "mae": [round(self.first.mae, 4), round(self.second.mae, 4)],
            "change": round(self.change, 4),
            "interval": [round(self.change_low, 4), round(self.change_high, 4)],
        }


def fit_scale(predicted: FloatArray, reference: FloatArray) -> float:
    """Least absolute deviations through zero: the median of the ratios, weighted by prediction."""
    used = predicted > 0.0
    ratios, weights = reference[used] / predicted[used], predicted[used]
    order = np.argsort(ratios)
    half = np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)
    return float(ratios[order[half]])


def split_groups(groups: list[str]) -> NDArray[np.int64]:
    """Fold of each hop: shuffled compounds, each to the fold that has the fewest hops so far."""
    names, counts = np.unique(groups, return_counts=True)
    sizes = np.zeros(N_FOLDS)
    folds: dict[str, int] = {}
    for place in np.random.default_rng(SEED).permutation(len(names)):
        fold = int(sizes.argmin())
        folds[str(names[place])] = fold
        sizes[fold] += counts[place]
    return np.array([folds[group] for group in groups])


def judge_left_out(rows: Rows, predictor: str) -> tuple[FloatArray, FloatArray]:
    """Errors on left-out compounds: of the scaled prediction, and of the median of the others."""
    predicted = np.array([row[predictor] for row in rows])
    reference = np.array([row[REFERENCE] for row in rows])
    folds = split_groups([row["group"] for row in rows])
    scaled, median = np.empty(len(rows)), np.empty(len(rows))
    for fold in range(N_FOLDS):
        out = folds == fold
        scaled[out] = fit_scale(predicted[~out], reference[~out]) * predicted[out]
        median[out] = np.median(reference[~out])
    return np.abs(scaled - reference), np.abs(median - reference)


def resample_groups(rows: Rows) -> list[NDArray[np.int64]]:
    """Return indices of bootstrap samples of whole compounds."""
    groups = np.array([row["group"] for row in rows])
    members = [np.flatnonzero(groups == name) for name in np.unique(groups)]
    rng = np.random.default_rng(SEED)
    return [
        np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        for _ in range(N_BOOTSTRAP)
    ]


def summarize(rows: Rows, predictor: str) -> Agreement:
    """Agreement over the hops for which the predictor is finite."""
    known = [row for row in rows if predictor in row]
    rows = [row for row in known if np.isfinite(row[predictor])]
    predicted = np.array([row[predictor] for row in rows])
    reference = np.array([row[REFERENCE] for row in rows])
    errors, trivial = judge_left_out(rows, predictor)
    ranks = [spearmanr(predicted[i], reference[i]).statistic for i in resample_groups(rows)]
    low, high = np.nanpercentile(ranks, [2.5, 97.5])
    quarter = np.argsort(predicted, kind="stable")[: len(rows) // 4]
    return Agreement(
        n=len(rows),
        n_none=len(known) - len(rows),
        spearman=float(spearmanr(predicted, reference).statistic),
        spearman_low=float(low),
        spearman_high=float(high),
        scale=fit_scale(predicted, reference),
        mae=float(errors.mean()),
        mae_unscaled=float(np.abs(predicted - reference).mean()),
        mae_median=float(trivial.mean()),
        low_quarter=float((reference[quarter] < np.median(reference)).mean()),
    )


def compare_paired(rows: Rows, first: str, second: str) -> Comparison:
    """Compare two predictors on the hops where both are finite."""
    rows = [
        row
        for row in rows
        if np.isfinite(row.get(first, np.inf)) and np.isfinite(row.get(second, np.inf))
    ]
    difference = judge_left_out(rows, second)[0] - judge_left_out(rows, first)[0]
    means = [difference[i].mean() for i in resample_groups(rows)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Comparison(
        first=summarize(rows, first),
        second=summarize(rows, second),
        change=float(difference.mean()),
        change_low=float(low),
        change_high=float(high),
    )


def print_groups(rows: Rows, predictor: str, scaled: str, key: str) -> None:
    """One line for each family or ion with enough hops; the others together."""
    rows = [row for row in rows if np.isfinite(row.get(predictor, np.inf))]
    errors, trivial = judge_left_out(rows, predictor)
    both = np.array([bool(np.isfinite(row.get(scaled, np.inf))) for row in rows])
    paired = [row for row, known in zip(rows, both, strict=True) if known]
    change = np.zeros(len(rows))
    change[both] = judge_left_out(paired, scaled)[0] - judge_left_out(paired, predictor)[0]
    names = np.array([row[key] for row in rows])
    counts = {str(name): int((names == name).sum()) for name in np.unique(names)}
    large = sorted((n for n in counts if counts[n] >= SMALLEST_GROUP), key=lambda n: -counts[n])
    chosen = [(name, names == name) for name in large]
    others = ~np.isin(names, large)
    if others.any():
        chosen.append((f"{len(counts) - len(large)} others", others))
    predicted = np.array([row[predictor] for row in rows])
    reference = np.array([row[REFERENCE] for row in rows])
    for name, mask in chosen:
        rank = spearmanr(predicted[mask], reference[mask]).statistic
        shift = f"{change[mask & both].mean():+.2f}" if (mask & both).any() else " none"
        print(
            f"  {name:22s} n {mask.sum():3d}  NEB median {np.median(reference[mask]):.2f}  "
            f"Spearman {rank:+.2f}  own scale {fit_scale(predicted[mask], reference[mask]):.2f}  "
            f"MAE {errors[mask].mean():.2f}  median predictor {trivial[mask].mean():.2f}  "
            f"change {shift} (n {(mask & both).sum()})"
        )
