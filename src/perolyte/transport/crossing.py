"""Diffusivity across a cell with boundaries: from its run, and from a profile by the series law."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.status import Status
from perolyte.transport.checks import check_positive, check_trajectory
from perolyte.transport.displacements import DisplacementStatistics, measure_displacements
from perolyte.transport.interval import bound_value
from perolyte.transport.slope import fit_slope
from perolyte.transport.window import last_lag
from perolyte.units import A2_PER_PS_TO_CM2_PER_S, FS_PER_PS

__all__ = ["CrossingDiffusivity", "fit_crossing_diffusivity", "series_diffusivity"]

_FEWEST_DECAYS = 3.0
"""Relaxation times between boundaries before the first lag."""
_TRANSIENT_LEFT = 0.1
"""Of the diffusivity across, at the first lag; the fit over all lags keeps some per cent of it."""
_FEWEST_LAGS = 3
_LAGS_OF_BOUND = 8
_LARGEST_RELATIVE_ERROR = 0.5


@dataclass(frozen=True)
class CrossingDiffusivity:
    """Diffusivity along the normal of a whole cell, at lags at which ions cross its boundaries.

    Attributes
    ----------
    status
        "converged" or "not_converged"; only "converged" has a value.
    reasons
        Why not, with numbers.
    first_lag_ps
        ps, from which on the motion is that of the whole cell.
    run_length_ps
        ps.
    diffusivity_cm2_s, std_cm2_s
        cm²/s, D_zz and its standard error.
    n_degrees
        Degrees of freedom with which the error is known.
    upper_bound_cm2_s
        cm²/s, what the run excludes at 95 % where there is no value; None where it says nothing.
    """

    status: Status
    reasons: tuple[str, ...]
    first_lag_ps: float
    run_length_ps: float
    diffusivity_cm2_s: float | None = None
    std_cm2_s: float | None = None
    n_degrees: int = 1
    upper_bound_cm2_s: float | None = None


def fit_crossing_diffusivity(
    positions_A: ArrayLike,
    *,
    separation_A: float,
    bulk_diffusivity_cm2_s: float,
    frame_interval_fs: float,
    hop_distance_A: float,
    normal: tuple[float, float, float] = (0.0, 0.0, 1.0),
) -> CrossingDiffusivity:
    """Fit D_zz of a cell with boundaries at lags at which ions have crossed from one to the next.

    At shorter lags ions feel the grain alone, and the slope of their mean squared displacement is
    that of the bulk. Between planes at a distance L the slowest transient of diffusion decays with
    L²/(π² D) (J. Crank, The Mathematics of Diffusion, Oxford 1975, chapter 4), from the slope of
    the grain. The fit starts where a tenth of the slope is left of it, after three of these times
    or more, and ends at a fifth of the run.

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, unwrapped, framework drift removed.
    separation_A
        Å, between neighbouring boundaries.
    bulk_diffusivity_cm2_s
        cm²/s, of the grain.
    frame_interval_fs, hop_distance_A
        fs and Å, as :func:`perolyte.transport.fit_diffusivity`.
    normal
        Direction across the boundaries.

    Returns
    -------
    CrossingDiffusivity
        "not_converged" with an upper bound where the run is too short for such lags.

    Raises
    ------
    InputError
        For a wrong trajectory, or numbers that are not above zero.
    """
    positions = check_trajectory(positions_A)
    for name, value, unit in (
        ("separation_A", separation_A, "Å"),
        ("bulk_diffusivity_cm2_s", bulk_diffusivity_cm2_s, "cm²/s"),
        ("frame_interval_fs", frame_interval_fs, "fs"),
        ("hop_distance_A", hop_distance_A, "Å"),
    ):
        check_positive(value, name=name, unit=unit, hint="give that of this run")
    direction = np.asarray(normal, dtype=np.float64) / np.linalg.norm(normal)
    step_ps = frame_interval_fs / FS_PER_PS
    along = np.zeros_like(positions)
    along[..., 2] = positions @ direction
    run = measure_displacements(along)
    lags = run.lag_frames[run.lag_frames <= last_lag(run.n_frames)]
    decay_ps = separation_A**2 * A2_PER_PS_TO_CM2_PER_S / (math.pi**2 * bulk_diffusivity_cm2_s)
    scale = A2_PER_PS_TO_CM2_PER_S / (2 * step_ps)
    n_decays = _FEWEST_DECAYS
    while True:
        first = math.ceil(n_decays * decay_ps / step_ps)
        if np.count_nonzero(lags >= first) < _FEWEST_LAGS:
            return _bound_only(run, lags, n_decays * decay_ps, step_ps, hop_distance_A)
        fit = fit_slope(run, hop_distance_A=hop_distance_A, dimension=1, first=first)
        contrast = bulk_diffusivity_cm2_s / max(fit.slope_A2 * scale, 1e-300)
        needed = math.log(max(1.0, contrast) / _TRANSIENT_LEFT)
        if needed <= n_decays:
            break
        n_decays = needed
    value, std = fit.slope_A2 * scale, fit.std_A2 * scale
    common: dict[str, Any] = {
        "first_lag_ps": n_decays * decay_ps,
        "run_length_ps": (run.n_frames - 1) * step_ps,
        "n_degrees": fit.n_degrees,
    }
    if not value > 0 or std > _LARGEST_RELATIVE_ERROR * value:
        reason = f"D_zz of {value:.2g} cm²/s has an error of {std:.2g} cm²/s: run longer"
        bound = bound_value(fit.slope_A2, fit.std_A2, fit.n_degrees) * scale
        return CrossingDiffusivity("not_converged", (reason,), upper_bound_cm2_s=bound, **common)
    return CrossingDiffusivity("converged", (), diffusivity_cm2_s=value, std_cm2_s=std, **common)


def _bound_only(
    run: DisplacementStatistics,
    lags: np.ndarray,
    first_ps: float,
    step_ps: float,
    hop_distance_A: float,
) -> CrossingDiffusivity:
    """Return a bound: the slope at the longest lags is above that of the whole cell."""
    start = int(lags[-min(_LAGS_OF_BOUND, len(lags))])
    fit = fit_slope(run, hop_distance_A=hop_distance_A, dimension=1, first=start)
    run_ps, longest_ps = (run.n_frames - 1) * step_ps, float(lags[-1]) * step_ps
    reason = (
        f"ions need {first_ps:.3g} ps to forget the boundary they left and the longest lag is "
        f"{longest_ps:.3g} ps: run {1.5 * first_ps * run_ps / longest_ps:.2g} ps or longer, or at "
        "a higher temperature"
    )
    bound = bound_value(fit.slope_A2, fit.std_A2, fit.n_degrees)
    return CrossingDiffusivity(
        "not_converged",
        (reason,),
        first_ps,
        run_ps,
        n_degrees=fit.n_degrees,
        upper_bound_cm2_s=bound * A2_PER_PS_TO_CM2_PER_S / (2 * step_ps),
    )


def series_diffusivity(
    density: ArrayLike, diffusivity_cm2_s: ArrayLike, position_A: ArrayLike
) -> float:
    """Return the diffusivity across a periodic profile, by the series law.

    1/(c D)_eff = (1/L) ∫ dz/[c(z) D(z)], and D_eff = (c D)_eff/<c> (S. Lifson, J. L. Jackson,
    J. Chem. Phys. 36, 2410, 1962).

    Parameters
    ----------
    density
        (n_bins,), of the mobile ions, in any unit, above zero.
    diffusivity_cm2_s
        (n_bins,), cm²/s, above zero, across the planes.
    position_A
        (n_bins,), Å, equally spaced middles of bins that fill the period.

    Returns
    -------
    float
        cm²/s.

    Raises
    ------
    InputError
        For arrays that do not match, numbers not above zero, or bins of different widths.

    Examples
    --------
    >>> series_diffusivity([1, 1], [1e-5, 1e-7], [0.5, 1.5])  # doctest: +ELLIPSIS
    1.98...e-07
    """
    c = check_positive(density, name="density", unit="", hint="leave no bin empty")
    D = check_positive(diffusivity_cm2_s, name="diffusivity_cm2_s", unit="cm²/s", hint="measure it")
    z = np.asarray(position_A, dtype=np.float64)
    if not c.shape == D.shape == z.shape or c.ndim != 1 or len(c) == 0:
        raise InputError(
            f"density {c.shape}, diffusivity {D.shape} and position {z.shape} do not match; give "
            "one number for each bin"
        )
    if len(z) > 2 and not np.allclose(np.diff(z), z[1] - z[0], rtol=1e-6):
        raise InputError("bins of position_A have different widths; give equal ones")
    return float(1.0 / (np.mean(1.0 / (c * D)) * np.mean(c)))
