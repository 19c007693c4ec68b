"""Weighted lines, and whether two of them describe a series better than one."""

from __future__ import annotations

import numpy as np

from perolyte.transport.checks import FloatArray
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = ["find_kink", "fit_weighted"]

_MIN_POINTS_FOR_KINK = 6
_MIN_POINTS_PER_SEGMENT = 3
_STRONG_BIC_DIFFERENCE = 6.0
"""Kass and Raftery's "strong" evidence, doi 10.1080/01621459.1995.10476572; about 1 straight
series in 100 crosses it by chance."""


def fit_weighted(
    design: FloatArray, y: FloatArray, errors: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Fit y = design @ coefficients with weights 1/errors².

    Parameters
    ----------
    design, y, errors
        (n_points, n_coefficients), (n_points,), and standard errors of y (n_points,).

    Returns
    -------
    tuple
        Coefficients, their covariance (XᵀWX)⁻¹, and χ².

    Examples
    --------
    >>> coefficients, covariance, chi2 = fit_weighted(np.ones((4, 1)), np.ones(4), np.ones(4))
    >>> round(float(coefficients[0]), 9), round(float(covariance[0, 0]), 9), round(chi2, 9)
    (1.0, 0.25, 0.0)
    """
    weighted = design / errors[:, None]
    pseudo_inverse = np.linalg.pinv(weighted)
    coefficients = pseudo_inverse @ (y / errors)
    residuals = (y - design @ coefficients) / errors
    return coefficients, pseudo_inverse @ pseudo_inverse.T, float(residuals @ residuals)


def find_kink(
    x: FloatArray, y: FloatArray, errors: FloatArray, chi2_line: float
) -> tuple[float, float, float] | None:
    """Look for two lines that meet and describe the points better than one.

    They are compared by the Bayesian information criterion (doi 10.1214/aos/1176344136). The kink
    is tried halfway between neighbouring distinct points that leave 3 on each side.

    Parameters
    ----------
    x, y, errors
        (n_points,), -1/(kB T) in 1/eV, ln(σT), and standard errors of y.
    chi2_line
        χ² of the single line.

    Returns
    -------
    tuple or None
        Temperature of the kink (K) and activation energies below and above it (eV); None where
        one line does, or there are fewer than 6 points.

    Examples
    --------
    >>> x = np.linspace(-20.0, -10.0, 8)
    >>> find_kink(x, 0.3 * x, np.full(8, 0.1), 0.0) is None
    True
    """
    distinct = np.unique(x)
    n = len(x)
    if n < _MIN_POINTS_FOR_KINK:
        return None
    best: tuple[float, float, FloatArray] | None = None
    for place in (distinct[1:] + distinct[:-1]) / 2:
        below = int((x < place).sum())
        if min(below, n - below) < _MIN_POINTS_PER_SEGMENT:
            continue
        design = np.stack([np.ones(n), x, np.maximum(x - place, 0.0)], axis=1)
        if np.linalg.matrix_rank(design) < design.shape[1]:
            continue
        coefficients, _, chi2 = fit_weighted(design, y, errors)
        if best is None or chi2 < best[0]:
            best = (chi2, float(place), coefficients)
    if best is None:
        return None
    chi2, place, coefficients = best
    # Errors that are too small would turn scatter into a kink: let the better fit set the scale.
    # Two parameters more than the line: the second slope, and the place.
    scale = max(1.0, chi2 / (n - 4))
    if (chi2_line - chi2) / scale - 2 * np.log(n) <= _STRONG_BIC_DIFFERENCE:
        return None
    kink_temperature = -1.0 / (BOLTZMANN_EV_PER_K * place)
    return kink_temperature, float(coefficients[1]), float(coefficients[1] + coefficients[2])
