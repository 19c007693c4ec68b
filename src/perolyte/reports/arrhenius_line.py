"""Numbers behind the Arrhenius plot: a band, bars, and bounds of σ."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from perolyte.reports.selection import is_resolved_point
from perolyte.reports.text import finite_or_none
from perolyte.schemas import ArrheniusFit, ConductivityPoint
from perolyte.transport import ArrheniusPrediction, ArrheniusResult

__all__ = ["NORMAL_95", "bar_of_point", "bound_conductivity", "predict_line"]

NORMAL_95: Final = NormalDist().inv_cdf(0.975)
"""Half the width of a two-sided 95 % interval, in standard errors."""


def predict_line(fit: ArrheniusFit, temperature_K: ArrayLike) -> ArrheniusPrediction:
    """Read an Arrhenius line with its 95 % band.

    Parameters
    ----------
    fit
        The line of one candidate.
    temperature_K
        Any shape, K.

    Returns
    -------
    perolyte.transport.ArrheniusPrediction
        S/cm, same shape.
    """
    result = ArrheniusResult(
        status="converged",
        reasons=(),
        activation_energy_eV=fit.activation_energy_eV,
        activation_energy_std_eV=fit.activation_energy_std_eV,
        ln_prefactor=fit.ln_prefactor,
        covariance=np.asarray(fit.covariance, dtype=np.float64),
        chi2_reduced=fit.chi2_reduced,
        n_points=fit.n_points,
        temperature_min_K=fit.temperature_min_K,
        temperature_max_K=fit.temperature_max_K,
        kink_temperature_K=None,
        model_error=fit.model_error,
    )
    return result.predict(temperature_K)


def bound_conductivity(point: ConductivityPoint) -> float | None:
    """Return the 95 % upper bound of σ, S/cm, of a temperature that has no value."""
    if is_resolved_point(point):
        return None
    return finite_or_none(point.conductivity_upper_bound_S_cm)


def bar_of_point(point: ConductivityPoint) -> tuple[float, float, float]:
    """Return lower end, value and upper end of σ of a resolved temperature, S/cm, 95 %.

    Documents of earlier versions hold only the standard error: it is taken as that of ln σ.
    """
    value = point.conductivity_S_cm or math.nan
    lower, upper = point.conductivity_lower_S_cm, point.conductivity_upper_S_cm
    if lower is None or upper is None:
        factor = math.exp(NORMAL_95 * (finite_or_none(point.conductivity_std_S_cm) or 0.0) / value)
        lower, upper = value / factor, value * factor
    return lower, value, upper
