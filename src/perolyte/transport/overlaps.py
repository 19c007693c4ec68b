"""How far the mean squared displacements at two lags are made of the same pieces of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray

__all__ = ["Overlaps", "count_overlaps", "expected_covariance", "hopping_covariance"]


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Averages over all pairs of windows, one of each of two lags, in a run of ``n_steps`` steps.

    Two windows share some steps, and some of their ends. The sign of a shared end is plus where
    both windows begin or both end there, and minus where one begins as the other ends.

    Attributes
    ----------
    squared_steps, steps
        (n_lags, n_lags), frames² and frames, mean square and mean number of shared steps.
    steps_times_ends
        (n_lags, n_lags), frames, mean of shared steps times the sum of signs of shared ends.
    squared_ends
        (n_lags, n_lags), mean square of the sum of signs of shared ends.
    """

    squared_steps: FloatArray
    steps: FloatArray
    steps_times_ends: FloatArray
    squared_ends: FloatArray


def count_overlaps(lag_frames: ArrayLike, n_steps: int) -> Overlaps:
    """Sum the overlaps of all windows of each pair of lags, in closed form.

    For lags n <= m and M = n_steps - m + 1 windows of length m, a window of length n lies wholly
    inside one of length m for m - n + 1 offsets, each met M times, and shares n - k steps at
    offsets k outside it on either side, each met M - k times. Sums of powers of n - k do the rest.
    For a single Brownian particle this is the covariance of doi 10.1103/PhysRevE.82.041914.

    Parameters
    ----------
    lag_frames
        (n_lags,), int, 1 to ``n_steps``.
    n_steps
        Number of frames less one.

    Returns
    -------
    Overlaps
        One entry for each pair of lags.

    Raises
    ------
    InputError
        For a lag outside 1 to ``n_steps``.

    Examples
    --------
    Two windows of two steps in a run of three share two steps when they are the same, else one:

    >>> overlaps = count_overlaps([2], 3)
    >>> float(overlaps.steps[0, 0]), float(overlaps.squared_steps[0, 0])
    (1.5, 2.5)
    """
    lags = np.asarray(lag_frames)
    if lags.ndim != 1 or lags.size == 0 or lags.min() < 1 or lags.max() > n_steps:
        raise InputError(
            f"lag_frames of shape {lags.shape} must be one row of lags between 1 and {n_steps} "
            f"frames in a run of {n_steps + 1} frames: leave out the others"
        )
    first, second = np.meshgrid(lags, lags, indexing="ij")
    short = np.minimum(first, second).astype(np.float64)
    long = np.maximum(first, second).astype(np.float64)
    n_long, n_short = n_steps - long + 1, n_steps - short + 1
    # Shared steps run from short - 1 down to 1, or until no window of the long lag is left.
    least = np.maximum(short - n_long + 1, 1.0)
    line, square, cube = (
        _sum_powers(short - 1, power) - _sum_powers(least - 1, power) for power in (1, 2, 3)
    )
    inside = (long - short + 1) * n_long
    n_pairs = n_long * n_short
    squared_steps = short**2 * inside + 2 * ((n_long - short) * square + cube)
    steps = short * inside + 2 * ((n_long - short) * line + square)
    touching = 2 * np.maximum(n_long - short, 0.0)
    same_ends = np.where(first == second, 4 * n_long, 2 * n_long)
    return Overlaps(
        squared_steps=squared_steps / n_pairs,
        steps=steps / n_pairs,
        steps_times_ends=2 * short * n_long / n_pairs,
        squared_ends=(same_ends + touching) / n_pairs,
    )


def expected_covariance(
    overlaps: Overlaps,
    *,
    slope_A2: float,
    intercept_A2: float,
    participation: float,
    excess_A4: float,
) -> FloatArray:
    """Return the covariance of a mean squared displacement averaged over time and ions.

    Displacements are a walk whose steps do not remember each other, plus a rattle about the site
    that is new in each frame. A walk of normal steps contributes
    2 participation (slope² <o²> + slope intercept <o e> + intercept² <e²>/4), with o and e the
    shared steps and ends of :class:`Overlaps`; hops, which come one at a time, add excess <o>.
    It is exact for walkers on a lattice (doi 10.1103/PhysRevE.85.061916 for one normal walker).

    Parameters
    ----------
    overlaps
        Of the lags.
    slope_A2, intercept_A2
        Å² per frame and Å², of the mean squared displacement.
    participation
        1/(dimension n_ions) for ions that move independently and alike in all directions, up to 1
        for one direction in which all move as one.
    excess_A4
        Å⁴ per frame, fourth cumulant of the steps: slope hop²/n_ions for independent hops.

    Returns
    -------
    numpy.ndarray
        (n_lags, n_lags), Å⁴.

    Examples
    --------
    One step of a walker in one dimension with variance 1 per step: variance 2 of its square.

    >>> walk = {"slope_A2": 1.0, "intercept_A2": 0.0, "participation": 1.0, "excess_A4": 0.0}
    >>> float(expected_covariance(count_overlaps([1], 1), **walk)[0, 0])
    2.0
    """
    walk = slope_A2**2 * overlaps.squared_steps
    mixed = slope_A2 * intercept_A2 * overlaps.steps_times_ends
    rattle = intercept_A2**2 / 4 * overlaps.squared_ends
    return 2 * participation * (walk + mixed + rattle) + excess_A4 * overlaps.steps


def hopping_covariance(
    overlaps: Overlaps,
    *,
    slope_A2: float,
    intercept_A2: float,
    n_ions: int,
    hop_distance_A: float,
    dimension: int,
) -> FloatArray:
    """Return what :func:`expected_covariance` is for ions that hop independently.

    Parameters
    ----------
    overlaps, slope_A2, intercept_A2
        As :func:`expected_covariance`.
    n_ions
        Averaged over.
    hop_distance_A
        Å; 0 where a path is the sum of so many hops that its steps are normal.
    dimension
        Directions in which ions hop.

    Returns
    -------
    numpy.ndarray
        (n_lags, n_lags), Å⁴.

    Examples
    --------
    >>> ions = {"slope_A2": 1.0, "intercept_A2": 0.0, "hop_distance_A": 3.0, "dimension": 3}
    >>> one, ten = (hopping_covariance(count_overlaps([5], 90), n_ions=n, **ions) for n in (1, 10))
    >>> round(float(one[0, 0] / ten[0, 0]), 9)
    10.0
    """
    return expected_covariance(
        overlaps,
        slope_A2=slope_A2,
        intercept_A2=intercept_A2,
        participation=1 / (dimension * n_ions),
        excess_A4=slope_A2 * hop_distance_A**2 / n_ions,
    )


def _sum_powers(last: FloatArray, power: int) -> FloatArray:
    """Return the sum of q**power for q from 1 to ``last``."""
    line = last * (last + 1) / 2
    if power == 1:
        return line
    return line * (2 * last + 1) / 3 if power == 2 else line**2
