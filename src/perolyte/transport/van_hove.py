"""Van Hove correlation functions: where ions are a time after one of them was here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_positive, check_trajectory
from perolyte.transport.periodic_cell import check_cell, count_images
from perolyte.transport.radial_distribution import make_shells

__all__ = ["VanHoveResult", "measure_van_hove"]


@dataclass(frozen=True, eq=False)
class VanHoveResult:
    """Van Hove functions at several lags.

    Attributes
    ----------
    lag_ps
        (n_lags,), ps.
    distance_A
        (n_bins,), Å, middles of the bins.
    self_part
        (n_lags, n_bins), 1/Å, G_s: probability that an ion is at this distance from where it was,
        per Å of distance (the factor 4πr² is included), so that its integral is the share of ions
        within the cutoff.
    distinct_part
        (n_lags, n_bins), G_d: density of other ions around where an ion was, over (N-1)/V; 1 at
        large distances. A peak that grows at 0: sites are refilled at once.
    n_origins
        (n_lags,), times averaged.
    """

    lag_ps: FloatArray
    distance_A: FloatArray
    self_part: FloatArray
    distinct_part: FloatArray
    n_origins: tuple[int, ...]


def measure_van_hove(
    positions_A: ArrayLike,
    cell_A: ArrayLike,
    lags: Sequence[int],
    *,
    frame_interval_ps: float,
    cutoff_A: float | None = None,
    bin_width_A: float = 0.1,
    max_origins: int = 200,
) -> VanHoveResult:
    """Measure the self and the distinct part of the Van Hove function.

    Van Hove, doi 10.1103/PhysRev.95.249.

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, Cartesian, unwrapped, drift of the framework removed.
    cell_A
        (3, 3), Å; rows are the lattice vectors.
    lags
        Frames between the two times, 0 or more.
    frame_interval_ps
        ps between frames.
    cutoff_A
        Å, largest distance; by default half the smallest distance between faces of the cell.
    bin_width_A
        Å.
    max_origins
        Times averaged per lag, spread evenly over the run; the distinct part takes time with the
        square of the number of ions for each.

    Returns
    -------
    VanHoveResult
        Both parts, a row per lag. With one ion the distinct part is 0.

    Raises
    ------
    InputError
        For wrong positions or cell, a lag out of range, or numbers that are not above zero.

    Examples
    --------
    >>> positions = np.zeros((3, 2, 3))
    >>> positions[:, 1, 0] = 2.0
    >>> result = measure_van_hove(positions, 8 * np.eye(3), [0, 1], frame_interval_ps=0.1)
    >>> result.distance_A[result.distinct_part[1] > 0].round(2).tolist()
    [2.05]
    """
    from perolyte.transport._pair_kernels import count_distances

    cell = check_cell(cell_A)
    positions = check_trajectory(positions_A)
    n_frames, n_ions, _ = positions.shape
    interval = float(
        check_positive(
            frame_interval_ps, name="frame_interval_ps", unit="ps", hint="give the time per frame"
        )
    )
    steps = _check_lags(lags, n_frames, max_origins)
    edges = make_shells(cell, cutoff_A, bin_width_A)
    width = float(edges[1])
    volumes = 4 / 3 * np.pi * np.diff(edges**3)
    reach = count_images(cell, float(edges[-1]))
    fractional = positions @ np.linalg.inv(cell)
    self_part = np.empty((len(steps), len(volumes)))
    distinct_part = np.zeros_like(self_part)
    n_origins = []
    for row, lag in enumerate(steps):
        origins = np.unique(np.linspace(0, n_frames - 1 - lag, max_origins).round().astype(int))
        n_origins.append(len(origins))
        moved = np.linalg.norm(positions[origins + lag] - positions[origins], axis=2)
        hits = np.histogram(moved, bins=edges)[0]
        self_part[row] = hits / (moved.size * width)
        if n_ions > 1:
            counts = np.zeros(len(volumes), dtype=np.int64)
            now, later = fractional[origins], fractional[origins + lag]
            count_distances(now, later, cell, reach, width, 2, counts)
            density = (n_ions - 1) / abs(np.linalg.det(cell))
            distinct_part[row] = counts / (len(origins) * n_ions * density * volumes)
    return VanHoveResult(
        lag_ps=interval * np.array(steps, dtype=np.float64),
        distance_A=(edges[1:] + edges[:-1]) / 2,
        self_part=self_part,
        distinct_part=distinct_part,
        n_origins=tuple(n_origins),
    )


def _check_lags(lags: Sequence[int], n_frames: int, max_origins: int) -> list[int]:
    steps = [int(lag) for lag in lags]
    wrong = [lag for lag, step in zip(lags, steps, strict=True) if lag != step]
    wrong += [step for step in steps if not 0 <= step < n_frames]
    if wrong or not steps:
        raise InputError(
            f"lags is {wrong[0] if wrong else 'empty'}; each must be a whole number from 0 to "
            f"{n_frames - 1} for {n_frames} frames: give frames, not times"
        )
    if max_origins < 1:
        raise InputError(f"max_origins is {max_origins}; it must be at least 1: 200 is usual")
    return steps
