"""Tracer diffusivity of one run: the number, its error, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from perolyte.errors import InputError
from perolyte.status import Status
from perolyte.transport.checks import FloatArray, check_positive, check_trajectory
from perolyte.transport.framework import check_framework
from perolyte.transport.hops import MIN_FRAMES, bound_net_hops, choose_error, judge_run
from perolyte.transport.msd import mean_squared_displacement
from perolyte.transport.slope import SlopeResult, choose_window, fit_slope
from perolyte.units import A2_PER_PS_TO_CM2_PER_S, FS_PER_PS

__all__ = ["DiffusivityResult", "fit_diffusivity"]

_N_STORED_LAGS = 200
_TWO_SIDED_95 = float(stats.norm.ppf(0.975))
_SHORTEST_MELTING_TEST_PS = 2.0
"""Some periods of the slowest optical modes and tilts of oxides, about 0.3 to 1 ps each."""


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
        cm²/s, value and standard error; None unless converged.
    diffusivity_lower_cm2_s, diffusivity_upper_cm2_s
        cm²/s, 95 % interval D exp(±1.96 relative error); None unless converged.
    diffusivity_upper_bound_cm2_s
        cm²/s, what a run without a diffusivity still excludes at 95 %; None where converged,
        unphysical, or faster than diffusion. See :func:`fit_diffusivity`.
    relative_error
        Standard error over value; None unless converged.
    error_source
        Which estimate was the largest: "hops", "ions" or "blocks"; None unless converged.
    n_net_hops
        Hops of all ions that the slope amounts to, 2 d D n_ions run length / hop distance².
    log_log_slope
        d ln MSD / d ln lag over the window: 1 diffusive, below caged, above ballistic or drifting;
        NaN where nothing moves at all.
    window_ps
        First and last lag of the fit, ps.
    lag_ps, msd_A2
        (at most 200,), ps and Å², logarithmically spaced lags up to half the run.
    n_ions, run_length_ps
        Ions averaged over, and length of the run in ps.
    """

    status: Status
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    n_net_hops: float
    log_log_slope: float
    window_ps: tuple[float, float]
    lag_ps: FloatArray
    msd_A2: FloatArray
    n_ions: int
    run_length_ps: float
    diffusivity_cm2_s: float | None = None
    diffusivity_std_cm2_s: float | None = None
    diffusivity_lower_cm2_s: float | None = None
    diffusivity_upper_cm2_s: float | None = None
    diffusivity_upper_bound_cm2_s: float | None = None
    relative_error: float | None = None
    error_source: str | None = None


def fit_diffusivity(
    positions_A: ArrayLike,
    *,
    frame_interval_fs: float,
    hop_distance_A: float,
    framework_positions_A: ArrayLike | None = None,
    nearest_neighbor_distance_A: float | None = None,
    dimension: int = 3,
) -> DiffusivityResult:
    """Fit D = slope of the MSD / (2 d) where the motion is diffusive, or say why it is not.

    The window starts where the MSD passes one squared hop, ends at a fifth of the run, and the
    intercept is free, because ions rattle in their cages. The error is the largest of three: the
    rule of He et al. on the net hops (doi 10.1038/s41524-018-0074-y), the spread between ions, and
    the spread between at least 5 blocks of the run.

    Where the run resolves no diffusivity, the upper bound is the largest number of net hops that
    agrees with those seen at 95 % (3 for none, :func:`perolyte.transport.hops.bound_net_hops`)
    times a²/(2 d n_ions run length).

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, the mobile ions, unwrapped, framework drift removed.
    frame_interval_fs
        Time between frames, fs.
    hop_distance_A
        Distance between neighbouring sites of the mobile ion, Å.
    framework_positions_A
        (n_frames, n_atoms, 3), Å, all other atoms, unwrapped, drift removed, to notice melting.
    nearest_neighbor_distance_A
        Å, in the framework; estimated by default (:func:`check_framework`).
    dimension
        3; 2 or 1 where the ions are confined to planes or channels.

    Returns
    -------
    DiffusivityResult
        Also for runs that are too short or melt: those carry a status and reasons.

    Raises
    ------
    InputError
        For a wrong trajectory (fewer than 5 frames, NaN, frames that do not match), a time or
        distance that is not above zero, or a dimension other than 1, 2 or 3.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.random.default_rng(0).standard_normal((2000, 20, 3))
    >>> result = fit_diffusivity(steps.cumsum(axis=0), frame_interval_fs=100.0, hop_distance_A=3.0)
    >>> result.status, result.error_source  # the true value is 5e-4 cm²/s
    ('converged', 'hops')
    >>> result.diffusivity_lower_cm2_s < 5e-4 < result.diffusivity_upper_cm2_s
    True
    """
    positions = check_trajectory(positions_A)
    n_frames, n_ions, _ = positions.shape
    if n_frames < 5 or dimension not in {1, 2, 3}:
        raise InputError(
            f"{n_frames} frames in {dimension} dimension(s); at least 5 frames in 1, 2 or 3 "
            "dimensions can be fitted: run longer or correct dimension"
        )
    step_fs = check_positive(
        frame_interval_fs, name="frame_interval_fs", unit="fs", hint="give the time between frames"
    )
    step_ps = float(step_fs) / FS_PER_PS
    hop_A = float(
        check_positive(
            hop_distance_A, name="hop_distance_A", unit="Å", hint="give the site distance"
        )
    )
    unphysical, warnings = _judge_framework(
        framework_positions_A, n_frames, frame_interval_fs, nearest_neighbor_distance_A
    )
    msd = mean_squared_displacement(positions, max_lag=max(2, n_frames // 2))
    first, last = choose_window(msd.msd_A2, hop_A, n_frames)
    fit = fit_slope(positions, msd, first, last)
    n_hops = max(0.0, fit.slope_A2) * n_ions * (n_frames - 1) / hop_A**2
    too_short = judge_run(fit, float(msd.msd_A2.max()), hop_A, n_hops, n_frames)
    kept = _thin_lags(len(msd.lag_frames))
    result = DiffusivityResult(
        status="unphysical" if unphysical else "not_converged" if too_short else "converged",
        reasons=unphysical + too_short,
        warnings=warnings,
        n_net_hops=n_hops,
        log_log_slope=fit.log_log_slope,
        window_ps=(first * step_ps, last * step_ps),
        lag_ps=msd.lag_frames[kept] * step_ps,
        msd_A2=msd.msd_A2[kept],
        n_ions=n_ions,
        run_length_ps=(n_frames - 1) * step_ps,
    )
    if result.status == "unphysical":
        return result
    to_cm2_s = A2_PER_PS_TO_CM2_PER_S / (2 * dimension * step_ps)
    if result.status == "not_converged":
        if fit.is_faster_than_diffusion:
            return result
        slope_per_hop = hop_A**2 / (n_ions * (n_frames - 1))
        most_hops = bound_net_hops(n_hops, n_ions=n_ions, dimension=dimension)
        return replace(result, diffusivity_upper_bound_cm2_s=most_hops * slope_per_hop * to_cm2_s)
    return _add_value(
        replace(result, warnings=warnings + _list_limits(fit, float(msd.msd_A2[first]), hop_A)),
        fit,
        fit.slope_A2 * to_cm2_s,
    )


def _add_value(result: DiffusivityResult, fit: SlopeResult, value: float) -> DiffusivityResult:
    """Return the result with a diffusivity (cm²/s), its error and its interval."""
    relative, source = choose_error(fit, result.n_net_hops)
    return replace(
        result,
        diffusivity_cm2_s=value,
        diffusivity_std_cm2_s=value * relative,
        diffusivity_lower_cm2_s=value * float(np.exp(-_TWO_SIDED_95 * relative)),
        diffusivity_upper_cm2_s=value * float(np.exp(_TWO_SIDED_95 * relative)),
        relative_error=relative,
        error_source=source,
    )


def _judge_framework(
    framework_positions_A: ArrayLike | None,
    n_frames: int,
    frame_interval_fs: float,
    nearest_A: float | None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return reasons and warnings that the framework gives."""
    if framework_positions_A is None:
        return (), ("no framework positions given: melting was not looked for",)
    framework = check_trajectory(framework_positions_A, name="framework_positions_A")
    if len(framework) != n_frames:
        raise InputError(
            f"framework_positions_A has {len(framework)} frames, positions_A has {n_frames}; "
            "both must come from one run: give the same frames"
        )
    if n_frames < MIN_FRAMES:
        return (), (f"melting was not looked for in {n_frames} frames, below {MIN_FRAMES}",)
    run_ps = (n_frames - 1) * frame_interval_fs / FS_PER_PS
    if run_ps < _SHORTEST_MELTING_TEST_PS:
        warning = (
            f"melting was not looked for in a run of {run_ps:.2g} ps, below "
            f"{_SHORTEST_MELTING_TEST_PS:g} ps: vibrations are not averaged out"
        )
        return (), (warning,)
    result = check_framework(framework, nearest_neighbor_distance_A=nearest_A)
    messages = (result.message,) if result.message else ()
    return (messages, ()) if result.is_melting else ((), messages)


def _list_limits(fit: SlopeResult, first_msd_A2: float, hop_A: float) -> tuple[str, ...]:
    """Return what a reader of a converged number should know."""
    warnings = []
    if first_msd_A2 <= hop_A**2:
        warnings.append(
            f"the fit starts at an MSD of {first_msd_A2:.2g} Å², below one squared hop "
            f"({hop_A**2:.3g} Å²): a longer run would test that the motion is diffusive"
        )
    if fit.block_std_A2 is None:
        warnings.append("the run is too short for 5 blocks: ions that move together are not seen")
    return tuple(warnings)


def _thin_lags(n_lags: int) -> np.ndarray:
    """Return at most 200 lags, logarithmically spaced, without lag 0."""
    return np.unique(np.geomspace(1, n_lags - 1, _N_STORED_LAGS).round().astype(int))
