"""Grain growth by the motion of boundaries, as a phase field with several order parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.mesoscale.microstructure._solver_settings import Precision
from perolyte.mesoscale.microstructure.grain_map import GrainMap
from perolyte.mesoscale.microstructure.growth_run import (
    BoundaryKinetics,
    GrainGrowthState,
    GrowthRun,
    distribute_grains,
)

__all__ = [
    "GrainGrowthResult",
    "simulate_grain_growth",
    "start_grain_growth",
]

_RISE = 1e-6
"""Relative rise of the energy that rounding and the moving of grains may cause."""


@dataclass(frozen=True, eq=False)
class GrainGrowthResult:
    """A simulation of grain growth.

    Attributes
    ----------
    state
        At the end: give it to :func:`simulate_grain_growth` to go on.
    time_s
        (n_records,) s.
    n_grains
        (n_records,)
    mean_size_nm
        (n_records,) nm, diameter of the circle or sphere of the mean area or volume.
    energy_J_m2
        (n_records,) energy of the boundaries over volume, times the edge of a voxel: J/m².
    is_monotonic
        Whether the energy never rose, beyond rounding.
    warnings
        What makes the numbers doubtful.
    """

    state: GrainGrowthState
    time_s: NDArray[np.float64]
    n_grains: NDArray[np.int64]
    mean_size_nm: NDArray[np.float64]
    energy_J_m2: NDArray[np.float64]
    is_monotonic: bool
    warnings: tuple[str, ...]


def start_grain_growth(
    grains: GrainMap, *, width_voxels: float = 6.0, precision: Precision = "float64"
) -> GrainGrowthState:
    """Return the state of sharp boundaries that a map of grains describes.

    Parameters
    ----------
    grains
        Of :func:`generate_polycrystal`, or any other.
    width_voxels
        As in :class:`BoundaryKinetics`.
    precision
        "float32" halves memory and time.

    Raises
    ------
    InputError
        For another precision.
    """
    if precision not in ("float64", "float32"):
        raise InputError(f"precision is {precision!r}; it must be float64 or float32")
    colours = distribute_grains(grains.labels, width_voxels)
    n = int(colours.max()) + 1
    at = colours[grains.labels]
    fields = np.stack([at == q for q in range(n)]).astype(precision)
    return GrainGrowthState(fields, grains, colours, 0, 0.0)


def simulate_grain_growth(
    start: GrainMap | GrainGrowthState,
    kinetics: BoundaryKinetics,
    *,
    n_steps: int,
    step: float = 0.2,
    record_every: int = 50,
    precision: Precision = "float64",
    n_threads: int = 1,
) -> GrainGrowthResult:
    """Let boundaries move with their curvature.

    The energy Σ (-η²/2 + η⁴/4) + γ Σ_{i<j} η_i² η_j² + (κ/2) Σ |grad η|², in units of m, of the
    model of Fan and Chen (doi 10.1016/S1359-6454(96)00200-5), with γ = 1.5 and κ = l²/8, for which
    boundaries have the energy, width and mobility asked for (Moelans, Blanpain and Wollants, doi
    10.1103/PhysRevB.78.024113). The gradient is implicit and solved by FFT, the rest explicit (doi
    10.1016/S0010-4655(97)00115-X). Grains share order parameters and are moved to another before
    they meet one of the same (Krill and Chen, doi 10.1016/S1359-6454(02)00084-8), so that the cost
    does not grow with the number of grains.

    Parameters
    ----------
    start
        A map of grains, or the state of an earlier simulation, which then goes on.
    kinetics
        Of the boundaries.
    n_steps
        To do now.
    step
        Time step over 1/(L m), up to 0.5. In seconds: times
        :meth:`BoundaryKinetics.time_unit_s`, over 1 + 0.4 step, by which the implicit gradient
        slows boundaries.
    record_every
        Steps between records; grains are told apart anew as often, 10 to 100.
    precision
        Of a simulation that starts; a state keeps its own.
    n_threads
        Of FFT and reaction.

    Returns
    -------
    GrainGrowthResult
        The first record is the start.

    Raises
    ------
    InputError
        For a number out of its range.

    Examples
    --------
    >>> from perolyte.mesoscale.microstructure import generate_polycrystal
    >>> grains = generate_polycrystal((64, 64), n_grains=8, grain_size_nm=200.0, seed=0)
    >>> kinetics = BoundaryKinetics(energy_J_m2=0.5, mobility_m4_J_s=1e-16)
    >>> result = simulate_grain_growth(grains, kinetics, n_steps=100)
    >>> bool(result.energy_J_m2[-1] < result.energy_J_m2[0]), result.is_monotonic
    (True, True)
    """
    _check_steps(n_steps, step, record_every, n_threads)
    if isinstance(start, GrainGrowthState):
        state = start
    else:
        state = start_grain_growth(start, width_voxels=kinetics.width_voxels, precision=precision)
    run = GrowthRun(state, kinetics, step, n_threads)
    records = [run.record()]
    for done in range(1, n_steps + 1):
        run.advance()
        # counted from the very start, so that a state goes on as if it had not been put away
        if run.n_steps % record_every == 0:
            run.follow_grains()
        if run.n_steps % record_every == 0 or done == n_steps:
            records.append(run.record())
    time_s, n_grains, size_nm, energy = (np.array(column) for column in zip(*records, strict=True))
    rises = np.diff(energy) > _RISE * energy[:-1]
    warnings = _judge(kinetics, size_nm, n_grains, run.grains.voxel_nm)
    return GrainGrowthResult(
        state=run.state(),
        time_s=time_s,
        n_grains=n_grains.astype(np.int64),
        mean_size_nm=size_nm,
        energy_J_m2=energy,
        is_monotonic=not rises.any(),
        warnings=(*warnings, *(["the energy rose: take a smaller step"] if rises.any() else [])),
    )


def _check_steps(n_steps: int, step: float, record_every: int, n_threads: int) -> None:
    for name, value in (("n_steps", n_steps), ("n_threads", n_threads)):
        if not value >= 1:
            raise InputError(f"{name} is {value}; it must be at least 1")
    if not 0.0 < step <= 0.5:
        raise InputError(f"step is {step:g}; it must be above 0 and up to 0.5 of 1/(L m)")
    if not 1 <= record_every <= 100:
        raise InputError(
            f"record_every is {record_every}; grains are told apart as often: give 1 to 100 steps"
        )


def _judge(
    kinetics: BoundaryKinetics,
    size_nm: NDArray[np.float64],
    n_grains: NDArray[np.int64],
    voxel_nm: float,
) -> list[str]:
    warnings = []
    across = size_nm[0] / voxel_nm / kinetics.width_voxels
    if across < 3.0:
        warnings.append(
            f"grains are {across:.1f} boundary widths across at the start: below 3 they shrink "
            "too fast; take more voxels for each grain"
        )
    if n_grains[-1] < 20:
        warnings.append(f"{n_grains[-1]} grains are left: too few for a mean size")
    return warnings
