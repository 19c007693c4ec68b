"""What happens in a slab around a plane: how many ions are there, how they move along it.

Only motion in the plane is measured in a slab. Motion along the normal is confined by choosing
ions that stay, so that a mean squared displacement along it says nothing about a resistance:
:mod:`perolyte.transport.boundary_resistance` takes it from the whole cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from perolyte.errors import InputError
from perolyte.status import Status
from perolyte.transport.checks import FloatArray, check_positive, check_trajectory
from perolyte.units import A2_PER_PS_TO_CM2_PER_S, FS_PER_PS

__all__ = ["DensityProfile", "SlabDiffusivity", "measure_density_profile", "measure_slab"]

_N_BLOCKS = 5
_MIN_STAYS = 50
"""Displacements of ions that stay, below which a slab says nothing."""


@dataclass(frozen=True, eq=False)
class DensityProfile:
    """Number density of ions along the normal.

    Attributes
    ----------
    position_A
        (n_bins,), Å, middles of the bins over the whole cell.
    density_per_A3
        (n_bins,), 1/Å³, mean over the run.
    """

    position_A: FloatArray
    density_per_A3: FloatArray


@dataclass(frozen=True)
class SlabDiffusivity:
    """Diffusivity in the plane of ions that stay in a slab.

    Attributes
    ----------
    status
        "converged" or "not_converged"; only "converged" has numbers.
    reasons
        Why not, with numbers.
    diffusivity_cm2_s, std_cm2_s
        cm²/s, slope of MSD_xy over 4 τ, and its standard error from blocks of the run.
    n_stays
        Displacements at the longer lag, overlapping ones counted.
    lags_ps
        ps, the two lags between which the slope is taken.
    """

    status: Status
    reasons: tuple[str, ...]
    n_stays: int
    lags_ps: tuple[float, float]
    diffusivity_cm2_s: float | None = None
    std_cm2_s: float | None = None


def measure_density_profile(
    positions_A: ArrayLike, cell_A: ArrayLike, *, bin_A: float = 1.0
) -> DensityProfile:
    """Count ions in bins along the third axis of a cell.

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, unwrapped.
    cell_A
        (3, 3), Å, lattice vectors in rows, the normal of the bins across the first two.
    bin_A
        Å, about the width of a bin; a whole number of bins fills the cell.

    Returns
    -------
    DensityProfile
        The integral over the cell is the number of ions.

    Raises
    ------
    InputError
        For a wrong trajectory or cell, or a width that is not above zero.

    Examples
    --------
    >>> import numpy as np
    >>> run = np.zeros((3, 1, 3)) + [0.0, 0.0, 2.5]
    >>> measure_density_profile(run, np.diag([2.0, 2.0, 4.0])).density_per_A3.round(6).tolist()
    [0.0, 0.0, 0.25, 0.0]
    """
    positions = check_trajectory(positions_A)
    cell = _check_cell(cell_A)
    check_positive(bin_A, name="bin_A", unit="Å", hint="give the width of a bin")
    volume_A3 = abs(float(np.linalg.det(cell)))
    height_A = volume_A3 / float(np.linalg.norm(np.cross(cell[0], cell[1])))
    n_bins = max(1, round(height_A / bin_A))
    scaled = np.mod((positions @ np.linalg.inv(cell))[..., 2], 1.0)
    counts = np.bincount((scaled.ravel() * n_bins).astype(int) % n_bins, minlength=n_bins)
    middles = (np.arange(n_bins) + 0.5) / n_bins * height_A
    return DensityProfile(middles, counts / len(positions) / (volume_A3 / n_bins))


def measure_slab(
    positions_A: ArrayLike,
    cell_A: ArrayLike,
    *,
    centres: tuple[float, ...],
    width_A: float,
    frame_interval_fs: float,
    lags_ps: tuple[float, float],
) -> SlabDiffusivity:
    """Measure the diffusivity in the plane of ions that stay within |z - z0| < width/2.

    D = [MSD_xy(τ2) - MSD_xy(τ1)]/[4 (τ2 - τ1)] over displacements of ions that are inside at every
    frame from their start to their end. Motion along the plane does not depend on staying, so that
    the choice of ions does not bias it where both are independent; short lags keep that error, and
    the loss of ions, small.

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, unwrapped, framework drift removed.
    cell_A
        (3, 3), Å, lattice vectors in rows; the third is normal to the slab.
    centres
        Fractions of the third axis, slabs that count as one.
    width_A
        Å, of each slab.
    frame_interval_fs
        fs.
    lags_ps
        ps, the two lags, the first beyond the rattle in a site.

    Returns
    -------
    SlabDiffusivity
        "not_converged" with fewer than 50 displacements, or none in a fifth of the run.

    Raises
    ------
    InputError
        For a wrong trajectory, cell, width or lags.

    Examples
    --------
    >>> import numpy as np
    >>> walk = np.random.default_rng(0).normal(size=(4000, 20, 3)).cumsum(axis=0)
    >>> walk[..., 2] = 0.0
    >>> found = measure_slab(walk, np.eye(3) * 30, centres=(0.0,), width_A=10.0,
    ...                      frame_interval_fs=100.0, lags_ps=(0.5, 2.0))
    >>> bool(abs(found.diffusivity_cm2_s - 5e-4) < 3 * found.std_cm2_s)  # 5 Å²/ps
    True
    """
    positions = check_trajectory(positions_A)
    cell = _check_cell(cell_A)
    check_positive(width_A, name="width_A", unit="Å", hint="give the width of the slab")
    check_positive(frame_interval_fs, name="frame_interval_fs", unit="fs", hint="give fs")
    short, long = (round(lag * FS_PER_PS / frame_interval_fs) for lag in lags_ps)
    if not 0 < short < long < len(positions):
        raise InputError(
            f"lags of {lags_ps[0]:g} and {lags_ps[1]:g} ps are {short} and {long} frames of "
            f"{len(positions)}; give two that rise, of at least one frame and within the run"
        )
    fraction = (positions @ np.linalg.inv(cell))[..., 2]
    inside = np.zeros(fraction.shape, dtype=bool)
    height_A = abs(float(np.linalg.det(cell))) / float(np.linalg.norm(np.cross(cell[0], cell[1])))
    for centre in centres:
        offset = fraction - centre
        inside |= np.abs(offset - np.round(offset)) * height_A < width_A / 2
    msd, n_stays = _average_stays(positions[..., :2], inside, (short, long))
    used = lags_ps[0], lags_ps[1]
    if n_stays.sum(axis=0)[1] < _MIN_STAYS or (n_stays == 0).any():
        reason = (
            f"{n_stays.sum(axis=0)[1]} displacements of {lags_ps[1]:g} ps stay in the slab of "
            f"{width_A:g} Å, needed are {_MIN_STAYS} and some in each fifth of the run: run "
            "longer, or shorten the lags"
        )
        return SlabDiffusivity("not_converged", (reason,), int(n_stays.sum(axis=0)[1]), used)
    span_ps = (long - short) * frame_interval_fs / FS_PER_PS
    slopes = (msd[:, 1] - msd[:, 0]) / (4.0 * span_ps) * A2_PER_PS_TO_CM2_PER_S
    weights = n_stays[:, 1] / n_stays[:, 1].sum()
    value = float(weights @ slopes)
    std = float(np.sqrt(np.sum(weights**2 * (slopes - value) ** 2) * _N_BLOCKS / (_N_BLOCKS - 1)))
    if value <= float(stats.t.ppf(0.95, _N_BLOCKS - 1)) * std:
        reason = (
            f"the slope of {value:.2g} cm²/s is within its error of {std:.2g} cm²/s: run longer"
        )
        return SlabDiffusivity("not_converged", (reason,), int(n_stays.sum(axis=0)[1]), used)
    return SlabDiffusivity(
        "converged", (), int(n_stays.sum(axis=0)[1]), used, diffusivity_cm2_s=value, std_cm2_s=std
    )


def _average_stays(
    planar_A: FloatArray, inside: np.ndarray, lags: tuple[int, int]
) -> tuple[FloatArray, np.ndarray]:
    """Return (n_blocks, 2), Å², and the number of displacements, of ions that stay."""
    n_inside = np.vstack([np.zeros(inside.shape[1], dtype=int), np.cumsum(inside, axis=0)])
    msd = np.zeros((_N_BLOCKS, len(lags)))
    n_stays = np.zeros((_N_BLOCKS, len(lags)), dtype=int)
    for column, lag in enumerate(lags):
        stays = n_inside[lag + 1 :] - n_inside[: -lag - 1] == lag + 1
        squared = ((planar_A[lag:] - planar_A[:-lag]) ** 2).sum(axis=-1)
        for block, origins in enumerate(np.array_split(np.arange(len(stays)), _N_BLOCKS)):
            chosen = stays[origins]
            n_stays[block, column] = int(chosen.sum())
            if n_stays[block, column]:
                msd[block, column] = float(squared[origins][chosen].mean())
    return msd, n_stays


def _check_cell(cell_A: ArrayLike) -> FloatArray:
    cell = np.asarray(cell_A, dtype=np.float64)
    if cell.shape != (3, 3) or not np.isfinite(cell).all() or abs(np.linalg.det(cell)) < 1e-6:
        raise InputError(
            f"cell_A has shape {cell.shape}, or no volume; give three lattice vectors in rows, Å"
        )
    return cell
