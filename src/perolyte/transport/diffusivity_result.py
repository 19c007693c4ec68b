"""What one run says about diffusion."""

from __future__ import annotations

from dataclasses import dataclass

from perolyte.status import Status
from perolyte.transport.checks import FloatArray
from perolyte.transport.collective import ChargeDiffusivityResult

__all__ = ["DiffusivityResult"]


@dataclass(frozen=True, eq=False)
class DiffusivityResult:
    """Diffusivity of the mobile ions in one run.

    Attributes
    ----------
    status
        "converged"; "not_converged" (too short, caged or not diffusive); "unphysical" (the
        framework melts). Only "converged" has a diffusivity.
    reasons
        Why the status is not "converged", in words with numbers and what to do.
    warnings
        What limits a converged number.
    diffusivity_cm2_s, diffusivity_std_cm2_s
        cm²/s, tracer diffusivity and its standard error; None unless converged.
    diffusivity_lower_cm2_s, diffusivity_upper_cm2_s
        cm²/s, 95 % interval D exp(±t relative error), t of Student's distribution (1.96 to 2.8);
        None unless converged.
    diffusivity_upper_bound_cm2_s
        cm²/s, what a run without a diffusivity still excludes at 95 %; None where converged,
        unphysical, or faster than diffusion. See :func:`fit_diffusivity`.
    diffusivity_tensor_cm2_s, diffusivity_tensor_std_cm2_s
        (3, 3), cm²/s, D_ab = slope of <Δa Δb> / 2 and standard errors, in the axes of the
        positions; None unless converged.
    relative_error
        Standard error over value; None unless converged.
    error_source
        "covariance" (of free diffusion, with the variances of this run); "ions" or "blocks" where
        the spread between ions or blocks of the run shows that to be too small; None unless
        converged.
    relative_errors
        The three estimates by name, those that the run is long enough for; None unless converged.
    n_net_hops
        Hops of all ions that the slope amounts to, 2 d D n_ions run length / hop distance².
    n_independent_ions
        Ions that would scatter like these if they moved independently: ``n_ions`` within the noise
        where they do, fewer where they move together; NaN where nothing moves.
    log_log_slope
        d ln MSD / d ln lag over the window: 1 diffusive, below caged, above ballistic or drifting;
        NaN where nothing moves at all.
    window_ps
        First and last lag of the fit, ps.
    intercept_A2
        Å², of the line, about 6 times the mean square amplitude of the rattle along one direction.
    lag_ps, msd_A2, msd_std_A2
        (n_lags,), ps, Å² and Å², lags up to half the run, 8 per doubling; mean squared
        displacement and its standard error.
    n_ions, run_length_ps
        Ions averaged over, and length of the run in ps.
    charge
        Diffusivity of the charge, from the sum of the ions' displacements, and the Haven ratio.
    """

    status: Status
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    n_net_hops: float
    n_independent_ions: float
    log_log_slope: float
    window_ps: tuple[float, float]
    intercept_A2: float
    lag_ps: FloatArray
    msd_A2: FloatArray
    msd_std_A2: FloatArray
    n_ions: int
    run_length_ps: float
    charge: ChargeDiffusivityResult
    diffusivity_cm2_s: float | None = None
    diffusivity_std_cm2_s: float | None = None
    diffusivity_lower_cm2_s: float | None = None
    diffusivity_upper_cm2_s: float | None = None
    diffusivity_upper_bound_cm2_s: float | None = None
    diffusivity_tensor_cm2_s: FloatArray | None = None
    diffusivity_tensor_std_cm2_s: FloatArray | None = None
    relative_error: float | None = None
    relative_errors: dict[str, float] | None = None
    error_source: str | None = None
