"""Intervals of numbers that are above zero and known to a relative error."""

from __future__ import annotations

import numpy as np
from scipy import stats

__all__ = ["bound_value", "interval_95"]


def interval_95(value: float, relative_error: float, n_degrees: int) -> tuple[float, float]:
    """Return the 95 % interval value exp(±t relative error).

    The error of a diffusivity is proportional to the diffusivity, so its logarithm is the number
    with a constant error. With the prior 1/error² for an unknown error, the posterior of the
    logarithm is Student's t distribution.

    Parameters
    ----------
    value
        Above zero.
    relative_error
        Standard error over value.
    n_degrees
        Degrees of freedom with which the error is known.

    Returns
    -------
    tuple of float
        Lower and upper end.

    Examples
    --------
    >>> lower, upper = interval_95(1.0, 0.1, 1000)
    >>> round(lower, 2), round(upper, 2)
    (0.82, 1.22)
    """
    half_width = float(stats.t.ppf(0.975, n_degrees)) * relative_error
    return value * float(np.exp(-half_width)), value * float(np.exp(half_width))


def bound_value(value: float, error: float, n_degrees: int) -> float:
    """Return what a number with a standard error does not exceed, at 95 %; one-sided.

    It is value exp(t error/value) where the error is below half of the value, and else
    value + t error, with a value below zero counted as zero.

    Parameters
    ----------
    value, error
        In one unit.
    n_degrees
        Degrees of freedom with which the error is known.

    Returns
    -------
    float
        In the same unit.

    Examples
    --------
    >>> round(bound_value(1.0, 0.1, 1000), 2), round(bound_value(-1.0, 1.0, 1000), 2)
    (1.18, 1.65)
    """
    quantile = float(stats.t.ppf(0.95, n_degrees))
    if error < 0.5 * value:
        return value * float(np.exp(quantile * error / value))
    return max(0.0, value) + quantile * error
