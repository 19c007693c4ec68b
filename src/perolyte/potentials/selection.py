"""Which frames to label: those that are doubtful, and far from each other and from the known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError

__all__ = ["Selection", "select_frames"]

_DIGITS = 9
"""Of scores, relative to the largest: further ones depend on the order of additions."""


@dataclass(frozen=True)
class Selection:
    """Frames chosen out of many.

    Attributes
    ----------
    indices
        In the order in which they were chosen.
    distances
        Of each to the nearest known or earlier one, in the unit of the features; inf for the first
        where nothing is known.
    n_doubtful
        Frames within the limits of uncertainty.
    n_too_near
        Of those, the ones that were left out because they are nearer than allowed to a known or
        chosen frame.
    """

    indices: tuple[int, ...]
    distances: tuple[float, ...]
    n_doubtful: int
    n_too_near: int


def select_frames(
    features: ArrayLike,
    uncertainties_eV_A: ArrayLike,
    *,
    n_frames: int,
    min_uncertainty_eV_A: float,
    max_uncertainty_eV_A: float = math.inf,
    known: ArrayLike | None = None,
    min_distance: float = 0.0,
) -> Selection:
    """Choose frames one by one: that of largest uncertainty times distance to the nearest chosen.

    This is the farthest-point traversal of doi 10.1016/0304-3975(85)90224-5, with distances
    weighted by uncertainty. Without known frames the first is the most uncertain one. The result
    depends on nothing but the arguments; of equal scores the first frame is taken.

    Parameters
    ----------
    features
        (n, d) of the candidates; any unit.
    uncertainties_eV_A
        (n,), eV/Å.
    n_frames
        To choose at most.
    min_uncertainty_eV_A, max_uncertainty_eV_A
        eV/Å; frames outside are left alone: known well, or so far off that they are no matter.
    known
        (m, d) features of frames that are labelled.
    min_distance
        No two frames are nearer than this, in the unit of the features, known ones included.
        Equal frames are never chosen.

    Raises
    ------
    InputError
        For arrays that do not fit together, numbers that are not finite, or limits out of range.

    Examples
    --------
    >>> features = [[0.0], [0.1], [1.0], [5.0]]
    >>> found = select_frames(
    ...     features, [0.3, 0.4, 0.2, 0.05], n_frames=3, min_uncertainty_eV_A=0.1, min_distance=0.5
    ... )
    >>> found.indices, found.n_doubtful, found.n_too_near
    ((1, 2), 3, 1)
    """
    points, doubts, old = _check(features, uncertainties_eV_A, known)
    if n_frames < 1 or not 0 <= min_uncertainty_eV_A <= max_uncertainty_eV_A:
        raise InputError(
            f"{n_frames} frames of {min_uncertainty_eV_A} to {max_uncertainty_eV_A} eV/Å cannot be "
            "chosen; give at least 1 frame, and limits from 0 on that rise"
        )
    if not (math.isfinite(min_distance) and min_distance >= 0):
        raise InputError(f"min_distance is {min_distance}; it must be 0 or more")
    is_doubtful = (doubts >= min_uncertainty_eV_A) & (doubts <= max_uncertainty_eV_A)
    nearest = np.full(len(points), np.inf)
    for point in old:
        nearest = np.minimum(nearest, _measure(points, point))
    chosen, distances = list[int](), list[float]()
    while len(chosen) < n_frames:
        free = np.flatnonzero(is_doubtful & (nearest > 0) & (nearest >= min_distance))
        if not len(free):
            break
        best = int(free[_find_best(nearest[free], doubts[free])])
        chosen.append(best)
        distances.append(float(nearest[best]))
        nearest = np.minimum(nearest, _measure(points, points[best]))
        nearest[best] = -1.0
    left = is_doubtful & (nearest >= 0) & ((nearest == 0) | (nearest < min_distance))
    return Selection(
        tuple(chosen), tuple(distances), int(is_doubtful.sum()), int(np.count_nonzero(left))
    )


def _check(
    features: ArrayLike, uncertainties: ArrayLike, known: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    points = np.asarray(features, dtype=float)
    doubts = np.asarray(uncertainties, dtype=float)
    if points.ndim != 2 or doubts.shape != points.shape[:1]:
        raise InputError(
            f"features {points.shape} and uncertainties {doubts.shape} do not fit together; give "
            "(n, d) and (n,)"
        )
    old = np.empty((0, points.shape[1])) if known is None else np.asarray(known, dtype=float)
    if old.ndim != 2 or old.shape[1] != points.shape[1]:
        raise InputError(
            f"known features are {old.shape}, those of the candidates {points.shape}; describe all "
            "of them in one way"
        )
    if not (np.isfinite(points).all() and np.isfinite(doubts).all() and np.isfinite(old).all()):
        raise InputError("features or uncertainties are not finite; leave such frames out")
    return points, doubts, old


def _measure(points: NDArray[np.float64], point: NDArray[np.float64]) -> NDArray[np.float64]:
    distances: NDArray[np.float64] = np.linalg.norm(points - point, axis=1)
    return distances


def _find_best(nearest: NDArray[np.float64], doubts: NDArray[np.float64]) -> int:
    scores = doubts if np.isinf(nearest).any() else nearest * doubts
    largest = float(scores.max())
    if largest > 0:
        scores = np.round(scores / largest, _DIGITS)
    return int(np.argmax(scores))
