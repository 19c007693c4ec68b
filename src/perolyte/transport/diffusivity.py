"""Tracer diffusivity of one run: the number, its error, or why there is none."""

from __future__ import annotations

from dataclasses import replace

from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.status import Status
from perolyte.transport.checks import check_positive, check_trajectory
from perolyte.transport.collective import fit_charge_diffusivity
from perolyte.transport.diffusivity_result import DiffusivityResult
from perolyte.transport.displacements import (
    DisplacementStatistics,
    average_run,
    sum_ions,
)
from perolyte.transport.framework import FrameworkResult, check_framework
from perolyte.transport.hops import MIN_FRAMES, bound_net_hops, judge_run
from perolyte.transport.interval import bound_value, interval_95
from perolyte.transport.slope import SlopeResult, fit_slope
from perolyte.units import A2_PER_PS_TO_CM2_PER_S, FS_PER_PS

__all__ = ["DiffusivityResult", "fit_diffusivity", "fit_displacements"]

_NOT_LOOKED_FOR = "no framework positions given: melting was not looked for"
_SHORTEST_MELTING_TEST_PS = 2.0
"""Some periods of the slowest optical modes and tilts of oxides, about 0.3 to 1 ps each."""


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

    The line goes through the lags at which the motion is diffusive
    (:func:`perolyte.transport.window.choose_window`), up to a fifth of the run, by generalised
    least squares with the covariance of free diffusion (doi 10.1103/PhysRevE.82.041914 and
    10.1103/PhysRevE.85.061916; as a measure of error arXiv 2305.18244). Its intercept is free,
    because ions rattle in their cages. Errors: :func:`perolyte.transport.slope.fit_slope`. The
    interval is that of ln D, because the error of D is proportional to D.

    Where the run resolves no diffusivity, the upper bound is the largest number of net hops that
    agrees with those seen at 95 % (3 for none, :func:`perolyte.transport.hops.bound_net_hops`)
    times a²/(2 d n_ions run length), or what the error of the slope allows if that is more.

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
    ('converged', 'covariance')
    >>> result.diffusivity_lower_cm2_s < 5e-4 < result.diffusivity_upper_cm2_s
    True
    """
    positions = check_trajectory(positions_A)
    # Before the work, so that a wrong number is named at once.
    _check_run(len(positions), frame_interval_fs, hop_distance_A, dimension)
    unphysical, warnings = _judge_framework(
        framework_positions_A, len(positions), frame_interval_fs, nearest_neighbor_distance_A
    )
    return _fit(
        average_run(positions),
        average_run(sum_ions(positions)),
        unphysical,
        warnings,
        frame_interval_fs / FS_PER_PS,
        hop_distance_A,
        dimension,
    )


def fit_displacements(
    ions: DisplacementStatistics,
    collective: DisplacementStatistics,
    *,
    frame_interval_fs: float,
    hop_distance_A: float,
    framework: FrameworkResult | None = None,
    dimension: int = 3,
) -> DiffusivityResult:
    """Do what :func:`fit_diffusivity` does with displacements averaged before.

    Parameters
    ----------
    ions
        Displacements of the mobile ions, for example from
        :class:`perolyte.transport.streaming_msd.StreamingMSD`.
    collective
        Those of the path :func:`perolyte.transport.displacements.sum_ions`.
    frame_interval_fs, hop_distance_A, dimension
        As :func:`fit_diffusivity`.
    framework
        What :func:`perolyte.transport.check_framework` says; None leaves melting unjudged.

    Returns
    -------
    DiffusivityResult
        As :func:`fit_diffusivity`.

    Raises
    ------
    InputError
        As :func:`fit_diffusivity`.

    Examples
    --------
    >>> import numpy as np
    >>> from perolyte.transport.displacements import measure_displacements
    >>> walk = np.random.default_rng(0).standard_normal((2000, 20, 3)).cumsum(axis=0)
    >>> result = fit_displacements(
    ...     measure_displacements(walk),
    ...     measure_displacements(sum_ions(walk)),
    ...     frame_interval_fs=100.0,
    ...     hop_distance_A=3.0,
    ... )
    >>> result.diffusivity_lower_cm2_s < 5e-4 < result.diffusivity_upper_cm2_s
    True
    """
    _check_run(ions.n_frames, frame_interval_fs, hop_distance_A, dimension)
    unphysical: tuple[str, ...] = ()
    warnings: tuple[str, ...] = (_NOT_LOOKED_FOR,)
    if framework is not None:
        unphysical, warnings = _read_framework(framework)
    step_ps = frame_interval_fs / FS_PER_PS
    return _fit(ions, collective, unphysical, warnings, step_ps, hop_distance_A, dimension)


def _check_run(
    n_frames: int, frame_interval_fs: float, hop_distance_A: float, dimension: int
) -> None:
    if n_frames < 5 or dimension not in {1, 2, 3}:
        raise InputError(
            f"{n_frames} frames in {dimension} dimension(s); at least 5 frames in 1, 2 or 3 "
            "dimensions can be fitted: run longer or correct dimension"
        )
    check_positive(
        frame_interval_fs, name="frame_interval_fs", unit="fs", hint="give the time between frames"
    )
    check_positive(hop_distance_A, name="hop_distance_A", unit="Å", hint="give the site distance")


def _fit(
    ions: DisplacementStatistics,
    collective: DisplacementStatistics,
    unphysical: tuple[str, ...],
    warnings: tuple[str, ...],
    step_ps: float,
    hop_A: float,
    dimension: int,
) -> DiffusivityResult:
    n_frames, n_ions = ions.n_frames, ions.n_ions
    fit = fit_slope(ions, hop_distance_A=hop_A, dimension=dimension)
    n_hops = max(0.0, fit.slope_A2) * n_ions * (n_frames - 1) / hop_A**2
    too_short = judge_run(fit.window, float(ions.msd_A2.max()), hop_A, n_hops, n_frames)
    status: Status = "converged"
    if unphysical or too_short:
        status = "unphysical" if unphysical else "not_converged"
    result = DiffusivityResult(
        status=status,
        reasons=unphysical + too_short,
        warnings=warnings,
        n_net_hops=n_hops,
        n_independent_ions=fit.n_independent_ions,
        log_log_slope=fit.window.log_log_slope,
        window_ps=(fit.window.first * step_ps, fit.window.last * step_ps),
        intercept_A2=fit.intercept_A2,
        lag_ps=ions.lag_frames * step_ps,
        msd_A2=ions.msd_A2,
        msd_std_A2=fit.msd_std_A2,
        n_ions=n_ions,
        run_length_ps=(n_frames - 1) * step_ps,
        charge=fit_charge_diffusivity(
            collective, fit, tracer_status=status, step_ps=step_ps, dimension=dimension
        ),
    )
    to_cm2_s = A2_PER_PS_TO_CM2_PER_S / (2 * dimension * step_ps)
    if status == "converged":
        return _add_value(result, fit, to_cm2_s, dimension)
    if status == "unphysical" or fit.window.is_faster_than_diffusion:
        return result
    slope_per_hop = hop_A**2 / (n_ions * (n_frames - 1))
    most_hops = bound_net_hops(n_hops, n_ions=n_ions, dimension=dimension)
    most_A2 = max(most_hops * slope_per_hop, bound_value(fit.slope_A2, fit.std_A2, fit.n_degrees))
    return replace(result, diffusivity_upper_bound_cm2_s=most_A2 * to_cm2_s)


def _add_value(
    result: DiffusivityResult, fit: SlopeResult, to_cm2_s: float, dimension: int
) -> DiffusivityResult:
    """Return the result with a diffusivity, its error and its interval."""
    value, relative = fit.slope_A2 * to_cm2_s, fit.std_A2 / fit.slope_A2
    lower, upper = interval_95(value, relative, fit.n_degrees)
    estimates = {
        "covariance": fit.covariance_std_A2,
        "ions": fit.ion_std_A2,
        "blocks": fit.block_std_A2,
    }
    return replace(
        result,
        warnings=result.warnings + _list_limits(result, fit),
        diffusivity_cm2_s=value,
        diffusivity_std_cm2_s=value * relative,
        diffusivity_lower_cm2_s=lower,
        diffusivity_upper_cm2_s=upper,
        diffusivity_tensor_cm2_s=fit.slope_tensor_A2 * dimension * to_cm2_s,
        diffusivity_tensor_std_cm2_s=fit.slope_tensor_std_A2 * dimension * to_cm2_s,
        relative_error=relative,
        relative_errors={
            name: std / fit.slope_A2 for name, std in estimates.items() if std is not None
        },
        error_source=fit.error_source,
    )


def _judge_framework(
    framework_positions_A: ArrayLike | None,
    n_frames: int,
    frame_interval_fs: float,
    nearest_A: float | None,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return reasons and warnings that the framework gives."""
    if framework_positions_A is None:
        return (), (_NOT_LOOKED_FOR,)
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
    return _read_framework(check_framework(framework, nearest_neighbor_distance_A=nearest_A))


def _read_framework(framework: FrameworkResult) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return reasons and warnings that a checked framework gives."""
    messages = (framework.message,) if framework.message else ()
    return (messages, ()) if framework.is_melting else ((), messages)


def _list_limits(result: DiffusivityResult, fit: SlopeResult) -> tuple[str, ...]:
    """Return what a reader of a converged number should know."""
    warnings = []
    if not fit.window.is_past_one_hop:
        warnings.append(
            f"the fit starts at {result.window_ps[0]:.3g} ps, before the MSD passes one squared "
            "hop: a longer run would test that the motion is diffusive"
        )
    if fit.error_source != "covariance":
        warnings.append(
            f"{fit.error_source} scatter more than free diffusion explains (standard error "
            f"{fit.std_A2 / fit.slope_A2:.0%} instead of "
            f"{fit.covariance_std_A2 / fit.slope_A2:.0%}): ions differ, or remember for long"
        )
    return tuple(warnings)
