"""Diffusivity of the charge: what all ions together carry."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from perolyte.status import Status
from perolyte.transport.checks import FloatArray
from perolyte.transport.displacements import DisplacementStatistics
from perolyte.transport.hops import judge_growth
from perolyte.transport.interval import bound_value, interval_95
from perolyte.transport.slope import SlopeResult, fit_slope
from perolyte.units import A2_PER_PS_TO_CM2_PER_S

__all__ = ["ChargeDiffusivityResult", "fit_charge_diffusivity"]

INTERCEPT_STD = 0.1 / 3
"""Of the MSD at the first lag: with an intercept above a tenth of it, three standard deviations,
the log-log slope there is outside 0.9 to 1.1."""
_LARGEST_HAVEN_ERROR = 1.0


@dataclass(frozen=True, eq=False)
class ChargeDiffusivityResult:
    """Diffusivity of the sum of the ions' displacements in one run.

    Attributes
    ----------
    status
        "converged", "not_converged" or "unphysical". Only "converged" has numbers.
    reasons
        Why the status is not "converged", in words with numbers and what to do.
    diffusivity_cm2_s, diffusivity_std_cm2_s
        cm²/s, slope of <|Σ_i Δr_i|²>/n_ions over 2 d, and its standard error.
    diffusivity_lower_cm2_s, diffusivity_upper_cm2_s
        cm²/s, 95 % interval of its logarithm.
    diffusivity_upper_bound_cm2_s
        cm²/s, what a run without a value still excludes at 95 %, one-sided; None where converged,
        unphysical, or not diffusive.
    diffusivity_tensor_cm2_s, diffusivity_tensor_std_cm2_s
        (3, 3), cm²/s, value and standard error for each pair of directions.
    relative_error
        Standard error over value.
    error_source
        "covariance" or "blocks", as for the tracer diffusivity.
    haven_ratio, haven_ratio_std
        Tracer over charge diffusivity and its standard error.
    haven_ratio_lower, haven_ratio_upper
        95 % interval of its logarithm.
    log_log_slope
        d ln MSD / d ln lag over the window.
    msd_A2, msd_std_A2
        (n_lags,), Å², mean squared displacement of the sum over n_ions, and its standard error, at
        the lags of the tracer's.
    """

    status: Status
    reasons: tuple[str, ...]
    log_log_slope: float
    msd_A2: FloatArray
    msd_std_A2: FloatArray
    diffusivity_cm2_s: float | None = None
    diffusivity_std_cm2_s: float | None = None
    diffusivity_lower_cm2_s: float | None = None
    diffusivity_upper_cm2_s: float | None = None
    diffusivity_upper_bound_cm2_s: float | None = None
    diffusivity_tensor_cm2_s: FloatArray | None = None
    diffusivity_tensor_std_cm2_s: FloatArray | None = None
    relative_error: float | None = None
    error_source: str | None = None
    haven_ratio: float | None = None
    haven_ratio_std: float | None = None
    haven_ratio_lower: float | None = None
    haven_ratio_upper: float | None = None


def fit_charge_diffusivity(
    collective: DisplacementStatistics,
    tracer: SlopeResult,
    *,
    tracer_status: Status,
    step_ps: float,
    dimension: int = 3,
) -> ChargeDiffusivityResult:
    """Fit the slope of the collective mean squared displacement in the tracer's window.

    The sum of all ions is one path in three directions, so its error is about sqrt(n_ions) times
    that of the tracer (doi 10.1038/s41524-018-0074-y), and a free intercept would double it. The
    intercept is therefore expected to be the tracer's, which is the rattle of one ion, within a
    tenth of the collective MSD at the first lag (three standard deviations): with more, growth
    there would not count as diffusive. In a long run that is no restriction.

    Parameters
    ----------
    collective
        Of the path :func:`perolyte.transport.displacements.sum_ions`.
    tracer
        Slope of the ions' own mean squared displacement.
    tracer_status
        A charge diffusivity is read only from a run whose tracer diffusivity is "converged".
    step_ps
        Time between frames, ps.
    dimension
        Directions in which ions move.

    Returns
    -------
    ChargeDiffusivityResult
        "not_converged" where the Haven ratio would have an error above 100 %.

    Examples
    --------
    >>> from perolyte.transport.displacements import measure_displacements, sum_ions
    >>> walk = np.random.default_rng(2).standard_normal((2000, 20, 3)).cumsum(axis=0)
    >>> tracer = fit_slope(measure_displacements(walk), hop_distance_A=3.0)
    >>> charge = fit_charge_diffusivity(
    ...     measure_displacements(sum_ions(walk)), tracer, tracer_status="converged", step_ps=0.1
    ... )
    >>> bool(charge.haven_ratio_lower < 1.0 < charge.haven_ratio_upper)
    True
    """
    fit = _fit_collective_slope(collective, tracer, dimension)
    to_cm2_s = A2_PER_PS_TO_CM2_PER_S / (2 * dimension * step_ps)
    result = ChargeDiffusivityResult(
        status=tracer_status,
        reasons=(),
        log_log_slope=fit.window.log_log_slope,
        msd_A2=collective.msd_A2,
        msd_std_A2=fit.msd_std_A2,
    )
    if tracer_status != "converged":
        return replace(result, reasons=(f"the tracer diffusivity is {tracer_status}",))
    growth = judge_growth(fit.window)
    if growth:
        reasons = tuple(f"sum of ions: {reason}" for reason in growth)
        return replace(result, status="not_converged", reasons=reasons)
    relative = fit.std_A2 / fit.slope_A2 if fit.slope_A2 > 0 else float("inf")
    tracer_relative = tracer.std_A2 / tracer.slope_A2
    haven_relative = float(np.hypot(relative, tracer_relative))
    if haven_relative > _LARGEST_HAVEN_ERROR:
        bound = bound_value(fit.slope_A2, fit.std_A2, fit.n_degrees) * to_cm2_s
        reason = (
            f"the charge diffusivity is {fit.slope_A2 * to_cm2_s:.2g} ± "
            f"{fit.std_A2 * to_cm2_s:.2g} cm²/s, at most 100 % of error allowed in the Haven "
            "ratio; run longer or average over independent runs"
        )
        return replace(
            result,
            status="not_converged",
            reasons=(reason,),
            diffusivity_upper_bound_cm2_s=bound,
        )
    value, haven = fit.slope_A2 * to_cm2_s, tracer.slope_A2 / fit.slope_A2
    n_degrees = min(fit.n_degrees, tracer.n_degrees)
    lower, upper = interval_95(value, relative, fit.n_degrees)
    haven_lower, haven_upper = interval_95(haven, haven_relative, n_degrees)
    return replace(
        result,
        diffusivity_cm2_s=value,
        diffusivity_std_cm2_s=value * relative,
        diffusivity_lower_cm2_s=lower,
        diffusivity_upper_cm2_s=upper,
        diffusivity_tensor_cm2_s=fit.slope_tensor_A2 * dimension * to_cm2_s,
        diffusivity_tensor_std_cm2_s=fit.slope_tensor_std_A2 * dimension * to_cm2_s,
        relative_error=relative,
        error_source=fit.error_source,
        haven_ratio=haven,
        haven_ratio_std=haven * haven_relative,
        haven_ratio_lower=haven_lower,
        haven_ratio_upper=haven_upper,
    )


def _fit_collective_slope(
    collective: DisplacementStatistics, tracer: SlopeResult, dimension: int
) -> SlopeResult:
    first = tracer.window.first
    at_first = float(collective.msd_A2[np.searchsorted(collective.lag_frames, first)])
    spread = float(np.hypot(tracer.intercept_std_A2, INTERCEPT_STD * at_first))
    # Where no ion moves, any positive spread gives the slope 0.
    prior = (max(0.0, tracer.intercept_A2), spread or 1.0)
    return fit_slope(
        collective,
        hop_distance_A=0.0,
        dimension=dimension,
        first=first,
        intercept_prior=prior,
    )
