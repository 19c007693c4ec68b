"""Whether the framework stayed solid while the ions moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_positive, check_trajectory

__all__ = ["FrameworkResult", "check_framework", "shortest_lag"]

_MELTING_LINDEMANN = 0.15
_GROWTH_SLOPE = 0.2
"""Local slope of the framework's MSD: 0 for vibration about fixed sites, 1 for diffusion."""


@dataclass(frozen=True)
class FrameworkResult:
    """How far framework atoms move, and whether they still move on.

    Attributes
    ----------
    lindemann_ratio
        Root mean square distance of an atom from its site over the nearest-neighbour distance.
    growth_slope
        d ln MSD / d ln lag between a twentieth and a fifth of the run.
    nearest_neighbor_distance_A
        Å, as given or estimated.
    is_melting
        True where the ratio is above 0.15 and the MSD still grows (slope above 0.2). Hot oxygen in
        a perovskite can pass the ratio while it only vibrates, hence both.
    message
        What is wrong, in words with numbers; empty where nothing is.
    """

    lindemann_ratio: float
    growth_slope: float
    nearest_neighbor_distance_A: float
    is_melting: bool
    message: str


def check_framework(
    framework_positions_A: ArrayLike, *, nearest_neighbor_distance_A: float | None = None
) -> FrameworkResult:
    """Tell a vibrating framework from a melting one by the Lindemann ratio and its growth.

    The distance from the site is taken from the MSD at a fifth of the run, MSD = 2 <u²>
    (Lindemann's criterion, as used for MD in doi 10.1103/PhysRevLett.87.055703).

    Parameters
    ----------
    framework_positions_A
        (n_frames, n_atoms, 3), Å, unwrapped, drift removed; at least 20 frames.
    nearest_neighbor_distance_A
        Å. By default the median over atoms of the distance to the nearest atom of the mean
        structure; neighbours across the periodic boundary are not seen, which matters only for
        cells of a few atoms.

    Returns
    -------
    FrameworkResult
        Ratio, growth and verdict.

    Raises
    ------
    InputError
        For a wrong trajectory, fewer than 20 frames, a distance that is not above zero, or a
        single atom without a distance.

    Examples
    --------
    >>> import numpy as np
    >>> sites = 4.0 * np.indices((3, 3, 3)).reshape(3, -1).T
    >>> shake = 0.1 * np.random.default_rng(0).standard_normal((200, 27, 3))
    >>> check_framework(sites + shake).is_melting
    False
    """
    positions = check_trajectory(framework_positions_A, name="framework_positions_A")
    n_frames = len(positions)
    if n_frames < 20:
        raise InputError(
            f"framework_positions_A holds {n_frames} frames; at least 20 are needed: "
            "write frames more often or run longer"
        )
    if nearest_neighbor_distance_A is None:
        nearest = _estimate_neighbor_distance(positions)
    else:
        nearest = float(
            check_positive(
                nearest_neighbor_distance_A,
                name="nearest_neighbor_distance_A",
                unit="Å",
                hint="give the shortest bond of the framework",
            )
        )
    long_lag, short_lag = n_frames // 5, shortest_lag(n_frames)
    short_msd, long_msd = (_average_at_lag(positions, lag) for lag in (short_lag, long_lag))
    lindemann = float(np.sqrt(long_msd / 2)) / nearest
    slope = 0.0
    if short_msd > 0:
        slope = float(np.log(long_msd / short_msd) / np.log(long_lag / short_lag))
    is_loose, is_growing = lindemann > _MELTING_LINDEMANN, slope > _GROWTH_SLOPE
    message = ""
    if is_loose or is_growing:
        message = (
            f"framework: Lindemann ratio {lindemann:.2f} (solid below {_MELTING_LINDEMANN}), slope "
            f"of its MSD {slope:.2f} (vibration below {_GROWTH_SLOPE})"
        )
        if is_loose and is_growing:
            message += ": it melts or diffuses; lower the temperature or check the potential"
    return FrameworkResult(
        lindemann_ratio=lindemann,
        growth_slope=slope,
        nearest_neighbor_distance_A=nearest,
        is_melting=is_loose and is_growing,
        message=message,
    )


def shortest_lag(n_frames: int) -> int:
    """Return the shorter of the two lags, in frames, between which growth is looked for."""
    return max(1, n_frames // 20)


def _average_at_lag(positions: FloatArray, lag: int) -> float:
    """Return the mean squared displacement (Å²) at one lag; two lags need no FFT over all."""
    return float(((positions[lag:] - positions[:-lag]) ** 2).sum(axis=2).mean())


def _estimate_neighbor_distance(positions: FloatArray) -> float:
    """Return the median nearest distance (Å) in the mean structure of the first twentieth.

    A melting framework loses its structure, so only the beginning of the run is averaged.
    """
    if positions.shape[1] < 2:
        raise InputError(
            "a framework of 1 atom has no nearest neighbour in the cell; "
            "give nearest_neighbor_distance_A in Å"
        )
    mean = positions[: max(1, len(positions) // 20)].mean(axis=0)
    distances, _ = cKDTree(mean).query(mean, k=2)
    nearest = float(np.median(distances[:, 1]))
    if nearest == 0:
        raise InputError(
            "framework_positions_A puts atoms on one another (nearest distance 0 Å); "
            "check the trajectory or give nearest_neighbor_distance_A"
        )
    return nearest
