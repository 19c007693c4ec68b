"""How far displacements are from the Gaussian that free diffusion gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_positive, check_trajectory

__all__ = ["NonGaussianResult", "measure_non_gaussian"]

_N_LAGS = 40


@dataclass(frozen=True, eq=False)
class NonGaussianResult:
    """Non-Gaussian parameter over time.

    Attributes
    ----------
    lag_ps
        (n_lags,), ps.
    alpha2
        (n_lags,), 3 <r⁴>/(5 <r²>²) - 1: 0 for free diffusion, above 0 where some ions moved far and
        others stayed; its maximum marks the time that ions spend in their cages.
    alpha2_std
        (n_lags,), standard error from leaving out one ion at a time; NaN with a single ion.
    """

    lag_ps: FloatArray
    alpha2: FloatArray
    alpha2_std: FloatArray


def measure_non_gaussian(
    positions_A: ArrayLike, *, frame_interval_ps: float, lags: Sequence[int] | None = None
) -> NonGaussianResult:
    """Measure α₂(t) = 3 <r⁴>/(5 <r²>²) - 1 over all ions and starting times.

    Rahman, doi 10.1103/PhysRev.136.A405.

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, Cartesian, unwrapped, drift of the framework removed.
    frame_interval_ps
        ps between frames.
    lags
        Frames, at least 1; by default up to 40 from 1 to half the run, evenly on a logarithmic
        scale.

    Returns
    -------
    NonGaussianResult
        α₂ with errors; NaN at a lag over which no ion moved.

    Raises
    ------
    InputError
        For a wrong trajectory, a lag out of range, or an interval that is not above zero.

    Examples
    --------
    >>> steps = np.random.default_rng(0).standard_normal((2000, 20, 3))
    >>> result = measure_non_gaussian(np.cumsum(steps, axis=0), frame_interval_ps=0.1, lags=[10])
    >>> bool(abs(result.alpha2[0]) < 4 * result.alpha2_std[0])
    True
    """
    positions = check_trajectory(positions_A)
    interval = float(
        check_positive(
            frame_interval_ps, name="frame_interval_ps", unit="ps", hint="give the time per frame"
        )
    )
    n_frames, n_ions, _ = positions.shape
    steps = _choose_lags(n_frames) if lags is None else [int(lag) for lag in lags]
    for lag in steps if lags is None else lags:
        if lag != int(lag) or not 1 <= lag < n_frames:
            raise InputError(
                f"lags holds {lag}; each must be a whole number from 1 to {n_frames - 1} for "
                f"{n_frames} frames: give frames, not times"
            )
    alpha2, errors = np.empty(len(steps)), np.full(len(steps), np.nan)
    for row, lag in enumerate(steps):
        squares = ((positions[lag:] - positions[:-lag]) ** 2).sum(axis=2)
        second, fourth = squares.mean(axis=0), (squares**2).mean(axis=0)
        alpha2[row] = _combine(second.mean(), fourth.mean())
        if n_ions > 1:
            others = [(moment.sum() - moment) / (n_ions - 1) for moment in (second, fourth)]
            left_out = _combine(others[0], others[1])
            errors[row] = np.sqrt((n_ions - 1) * left_out.var())
    return NonGaussianResult(
        lag_ps=interval * np.array(steps, dtype=np.float64), alpha2=alpha2, alpha2_std=errors
    )


def _combine(second: ArrayLike, fourth: ArrayLike) -> FloatArray:
    second, fourth = np.asarray(second, dtype=np.float64), np.asarray(fourth, dtype=np.float64)
    moved = second > 0
    ratio = np.divide(3 * fourth, 5 * second**2, out=np.full_like(second, np.nan), where=moved)
    return np.asarray(ratio - 1)


def _choose_lags(n_frames: int) -> list[int]:
    longest = max(1, n_frames // 2)
    return sorted({int(lag) for lag in np.geomspace(1, longest, _N_LAGS).round()})
