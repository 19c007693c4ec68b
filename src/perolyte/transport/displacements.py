"""All that a diffusivity is fitted to: displacements at some lags, and snapshots of the run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from perolyte.transport.checks import FloatArray, check_trajectory
from perolyte.transport.msd import average_displacements

__all__ = [
    "DisplacementStatistics",
    "average_run",
    "choose_lags",
    "measure_displacements",
    "sum_ions",
]

LAGS_PER_OCTAVE = 8
"""Neighbouring mean squared displacements share most of their windows: more lags say no more."""


@dataclass(frozen=True, eq=False)
class DisplacementStatistics:
    """Displacements of ions, averaged over time origins.

    Attributes
    ----------
    n_frames, n_ions
        Of the run.
    lag_frames
        (n_lags,), int, those of :func:`choose_lags`.
    msd_tensor_A2
        (n_lags, 3, 3), Å², for each pair of directions, averaged over ions.
    msd_per_ion_A2
        (n_lags, n_ions), Å², all directions.
    snapshots_A
        (n_snapshots, n_ions, 3), Å, unwrapped, of the whole run.
    snapshot_interval
        Frames between snapshots.
    """

    n_frames: int
    n_ions: int
    lag_frames: np.ndarray
    msd_tensor_A2: FloatArray
    msd_per_ion_A2: FloatArray
    snapshots_A: FloatArray
    snapshot_interval: int

    @property
    def msd_A2(self) -> FloatArray:
        """(n_lags,), Å², all directions, averaged over ions."""
        return np.asarray(np.trace(self.msd_tensor_A2, axis1=1, axis2=2))


def choose_lags(max_lag: int) -> np.ndarray:
    """Return every lag up to 16 frames, and 8 per doubling from there.

    They are those of a correlator of levels, each with twice the interval of the one before
    (doi 10.1063/1.3491098), so that a run too long for memory is averaged at the same lags.

    Parameters
    ----------
    max_lag
        Largest lag allowed, frames, at least 1.

    Returns
    -------
    numpy.ndarray
        (n_lags,), int, increasing.

    Examples
    --------
    >>> choose_lags(40)[14:].tolist()
    [15, 16, 18, 20, 22, 24, 26, 28, 30, 32, 36, 40]
    """
    lags = list(range(1, 2 * LAGS_PER_OCTAVE + 1))
    while lags[-1] < max_lag:
        step = lags[-1] // LAGS_PER_OCTAVE
        lags += [lags[-1] + step * (k + 1) for k in range(LAGS_PER_OCTAVE)]
    return np.array([lag for lag in lags if lag <= max_lag])


def measure_displacements(positions_A: ArrayLike) -> DisplacementStatistics:
    """Average displacements up to half of a run that is in memory.

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, unwrapped, without framework drift.

    Returns
    -------
    DisplacementStatistics
        The averages run over all time origins; the snapshots are the positions themselves.

    Raises
    ------
    InputError
        For a wrong shape, one frame, or NaN.

    Examples
    --------
    >>> steady = np.arange(9.0)[:, None, None] * np.ones((1, 2, 3))
    >>> np.round(measure_displacements(steady).msd_A2, 9).tolist()
    [3.0, 12.0, 27.0, 48.0]
    """
    return average_run(check_trajectory(positions_A))


def average_run(positions: FloatArray) -> DisplacementStatistics:
    """Do what :func:`measure_displacements` does with positions that have been checked.

    Parameters
    ----------
    positions
        (n_frames, n_ions, 3), Å.

    Returns
    -------
    DisplacementStatistics
        As :func:`measure_displacements`.
    """
    n_frames, n_ions, _ = positions.shape
    lags = choose_lags(max(1, n_frames // 2))
    per_ion, tensor = average_displacements(positions, lags)
    return DisplacementStatistics(
        n_frames=n_frames,
        n_ions=n_ions,
        lag_frames=lags,
        msd_tensor_A2=tensor,
        msd_per_ion_A2=per_ion,
        snapshots_A=positions,
        snapshot_interval=1,
    )


def sum_ions(positions_A: ArrayLike) -> FloatArray:
    """Return the collective coordinate Σ_i r_i / sqrt(n_ions), as the path of one ion.

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, unwrapped, without framework drift; ions of one charge.

    Returns
    -------
    numpy.ndarray
        (n_frames, 1, 3), Å.

    Examples
    --------
    >>> sum_ions(np.ones((2, 4, 3)))[0, 0].tolist()
    [2.0, 2.0, 2.0]
    """
    positions = np.asarray(positions_A, dtype=np.float64)
    total = np.einsum("fix->fx", positions)[:, np.newaxis]
    return np.asarray(total / np.sqrt(positions.shape[1]))
