"""Weighted least squares, and how wide a 95 % interval from it has to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from perolyte.transport.checks import FloatArray

__all__ = ["WeightedFit", "choose_coverage_factor", "fit_weighted"]

_COVERAGE = 0.95


@dataclass(frozen=True, eq=False)
class WeightedFit:
    """Coefficients of y = design @ coefficients.

    Attributes
    ----------
    coefficients
        (n_coefficients,).
    covariance
        (n_coefficients, n_coefficients), (XᵀWX)⁻¹ as the errors promise it, not inflated.
    chi2
        Weighted sum of squared residuals.
    n_points
        Points fitted.
    """

    coefficients: FloatArray
    covariance: FloatArray
    chi2: float
    n_points: int

    @property
    def chi2_reduced(self) -> float:
        """χ² per degree of freedom; 0 where there is none left."""
        free = self.n_points - len(self.coefficients)
        return self.chi2 / free if free > 0 else 0.0

    @property
    def inflated_covariance(self) -> FloatArray:
        """Covariance times the reduced χ² where that is above 1."""
        return self.covariance * max(1.0, self.chi2_reduced)


def fit_weighted(design: FloatArray, y: FloatArray, errors: FloatArray) -> WeightedFit:
    """Fit y = design @ coefficients with weights 1/errors².

    Parameters
    ----------
    design, y, errors
        (n_points, n_coefficients), (n_points,), and standard errors of y (n_points,).

    Returns
    -------
    WeightedFit
        Coefficients, covariance and χ².

    Examples
    --------
    >>> fit = fit_weighted(np.ones((4, 1)), np.ones(4), np.ones(4))
    >>> round(float(fit.coefficients[0]), 9), round(float(fit.covariance[0, 0]), 9)
    (1.0, 0.25)
    """
    weighted = design / errors[:, None]
    pseudo_inverse = np.linalg.pinv(weighted)
    coefficients = pseudo_inverse @ (y / errors)
    residuals = (y - design @ coefficients) / errors
    return WeightedFit(
        coefficients=coefficients,
        covariance=pseudo_inverse @ pseudo_inverse.T,
        chi2=float(residuals @ residuals),
        n_points=len(y),
    )


def choose_coverage_factor(chi2_reduced: float | None, n_points: int) -> float:
    """Return half the width of a 95 % interval in standard errors.

    That of the normal distribution where the errors hold. Where the scatter itself set the scale
    (reduced χ² above 1), Student's t. The stated errors are then kept as evidence worth two
    further points, so that t has n_points degrees of freedom instead of n_points - 2: with three
    points the bare t would be 12.7. With errors of 10 to 30 % that are themselves known to 20 to
    30 %, this covers in 95 to 96 % for 3 to 8 points.

    Parameters
    ----------
    chi2_reduced
        χ² per degree of freedom, or None where it is not known.
    n_points
        Points fitted.

    Returns
    -------
    float
        Standard errors.

    Examples
    --------
    >>> [round(choose_coverage_factor(chi2, 5), 2) for chi2 in (0.5, 2.0)]
    [1.96, 2.57]
    """
    quantile = 0.5 + _COVERAGE / 2
    if chi2_reduced is not None and chi2_reduced > 1:
        return float(stats.t.ppf(quantile, n_points))
    return float(stats.norm.ppf(quantile))
