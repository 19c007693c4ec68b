"""Numbers behind the Arrhenius plot that no document states: a band, and bounds of σ."""

from __future__ import annotations

from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from perolyte.reports.selection import is_resolved_point, resolved_points
from perolyte.reports.text import finite_or_none
from perolyte.schemas import (
    ArrheniusFit,
    ConductivityPoint,
    ResultRow,
)
from perolyte.transport import ArrheniusPrediction, ArrheniusResult

__all__ = ["NORMAL_95", "bound_conductivity", "predict_line"]

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


def bound_conductivity(row: ResultRow, point: ConductivityPoint) -> float | None:
    """Turn the upper bound of a diffusivity into one of the conductivity, S/cm.

    σT/D = N z² e²/(V kB) is the same at all temperatures of one cell, so that any resolved
    temperature gives it; None without one, or without a bound.
    """
    bound = finite_or_none(point.diffusivity_upper_bound_cm2_s)
    ratios = [
        known.conductivity_S_cm * known.temperature_K / known.diffusivity_cm2_s
        for known in resolved_points(row)
        if known.conductivity_S_cm and known.diffusivity_cm2_s
    ]
    if bound is None or not ratios or is_resolved_point(point):
        return None
    return float(np.mean(ratios)) * bound / point.temperature_K
