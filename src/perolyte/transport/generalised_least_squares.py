"""A straight line through points whose errors depend on each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from perolyte.transport.checks import FloatArray

__all__ = ["LineFit", "fit_line"]

_SMALLEST_EIGENVALUE = 1e-10
"""Of the largest: neighbouring lags are nearly the same number, and rounding must not matter."""


@dataclass(frozen=True, eq=False)
class LineFit:
    """A line y = slope x + intercept as a linear function of the points.

    Attributes
    ----------
    slope, intercept
        In units of y over x, and of y.
    slope_weights, intercept_weights
        (n_points,), derivatives of slope and intercept with respect to each point.
    slope_per_prior
        Derivative of the slope with respect to the intercept expected beforehand; 0 without.
    """

    slope: float
    intercept: float
    slope_weights: FloatArray
    intercept_weights: FloatArray
    slope_per_prior: float


def fit_line(
    x: FloatArray,
    y: FloatArray,
    covariance: FloatArray,
    *,
    intercept_prior: tuple[float, float] | None = None,
) -> LineFit:
    """Fit a line by generalised least squares, the best linear unbiased estimate (Aitken).

    doi 10.1017/S0370164600014346. Only the shape of the covariance matters here; the error of the
    slope is that of ``slope_weights @ y`` under whatever covariance is held to be true.

    Parameters
    ----------
    x, y
        (n_points,), at least two distinct x.
    covariance
        (n_points, n_points), of y, up to a factor where there is no prior.
    intercept_prior
        Mean and standard deviation of the intercept known from elsewhere; None leaves it free.

    Returns
    -------
    LineFit
        Slope and intercept.

    Examples
    --------
    >>> x = np.array([1.0, 2.0, 4.0])
    >>> line = fit_line(x, 3.0 * x + 1.0, np.diag(x))
    >>> round(line.slope, 9), round(line.intercept, 9), line.slope_per_prior
    (3.0, 1.0, 0.0)
    """
    scale = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(scale, scale)
    correlation[np.diag_indices_from(correlation)] += _SMALLEST_EIGENVALUE * len(x)
    # The slope is fitted per largest x, so that both columns have the size of the points.
    unit = float(np.abs(x).max())
    design = np.stack([x / unit, np.ones_like(x)], axis=1) / scale[:, None]
    weighted = linalg.solve(correlation, design, assume_a="pos")
    precision = design.T @ weighted
    pull = np.zeros(2)
    if intercept_prior is not None:
        mean, std = intercept_prior
        precision[1, 1] += 1 / std**2
        pull[1] = 1 / std**2
    weights = linalg.solve(precision, weighted.T, assume_a="sym") / scale
    per_prior = linalg.solve(precision, pull, assume_a="sym")
    solution = weights @ y
    if intercept_prior is not None:
        solution = solution + per_prior * mean
    return LineFit(
        slope=float(solution[0]) / unit,
        intercept=float(solution[1]),
        slope_weights=weights[0] / unit,
        intercept_weights=weights[1],
        slope_per_prior=float(per_prior[0]) / unit,
    )
