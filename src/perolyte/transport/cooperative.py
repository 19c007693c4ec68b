"""Jumps of different ions that happen together, against what chance would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from perolyte.errors import InputError
from perolyte.status import Status
from perolyte.transport.checks import check_positive
from perolyte.transport.periodic_cell import find_image_distances
from perolyte.transport.sites import JumpEvents, SiteTrajectory

__all__ = ["CooperationResult", "measure_cooperation"]

_DISTANCE_OVER_HOP = 1.25
"""Middles of neighbouring jumps on a lattice are a hop apart; a quarter more for sites that are not
quite on one."""


@dataclass(frozen=True)
class CooperationResult:
    """Pairs of jumps of different ions, near in time and place.

    Attributes
    ----------
    status
        "converged", or "not_converged" without jumps of two ions near one another.
    reasons
        Why.
    n_pairs
        Pairs seen.
    expected_pairs
        Pairs expected if the same jumps, at the same places, happened at random times.
    enhancement
        Seen over expected, with ``enhancement_lower`` and ``enhancement_upper``, its 95 % interval
        from the Poisson count; 1 where ions jump independently, above 1 where they jump together.
    p_value
        Probability of as many pairs by chance.
    window_ps, distance_A
        What counts as near: at most so long apart (ps), and so far between the middles of the
        jumps (Å).
    """

    status: Status
    reasons: tuple[str, ...]
    n_pairs: int
    expected_pairs: float
    enhancement: float | None
    enhancement_lower: float | None
    enhancement_upper: float | None
    p_value: float | None
    window_ps: float
    distance_A: float


def measure_cooperation(
    path: SiteTrajectory,
    *,
    frame_interval_ps: float,
    window_ps: float = 1.0,
    distance_A: float | None = None,
) -> CooperationResult:
    """Count pairs of jumps of different ions within a time window and one hop distance.

    The number expected by chance keeps where each jump happened and which ion made it, and lets
    its time be any of the run.

    Parameters
    ----------
    path
        From :func:`~perolyte.transport.assign_sites`.
    frame_interval_ps
        ps between frames.
    window_ps
        Largest time between two jumps of a pair, ps.
    distance_A
        Largest distance between their middles, Å; 1.25 mean jump lengths by default.

    Returns
    -------
    CooperationResult
        Pairs seen and expected.

    Raises
    ------
    InputError
        For a number that is not above zero, or a window that is not shorter than the run.

    Examples
    --------
    >>> from perolyte.transport.sites import assign_sites, define_sites
    >>> sites = define_sites([[0, 0, 0], [1 / 3, 0, 0], [2 / 3, 0, 0]], np.diag([12.0, 4.0, 4.0]))
    >>> x = np.where(np.arange(100)[:, None] < 50, [0.0, 4.0], [4.0, 8.0])  # one behind the other
    >>> path = assign_sites(x[:, :, None] * np.array([1.0, 0.0, 0.0]), sites)
    >>> result = measure_cooperation(path, frame_interval_ps=0.1, window_ps=0.2)
    >>> result.n_pairs, round(result.expected_pairs, 2)
    (1, 0.05)
    """
    interval, window = (
        float(check_positive(value, name=name, unit="ps", hint="give a time"))
        for value, name in ((frame_interval_ps, "frame_interval_ps"), (window_ps, "window_ps"))
    )
    n_frames = len(path.site_index)
    window_frames = int(np.floor(window / interval * (1 + 1e-9)))
    if window_frames >= n_frames - 1:
        raise InputError(
            f"window_ps is {window:g} ps; the run has {(n_frames - 1) * interval:g} ps: give a "
            "window that is much shorter"
        )
    jumps = path.jumps
    if distance_A is None:
        lengths = np.linalg.norm(jumps.vector_A, axis=1)
        reach = _DISTANCE_OVER_HOP * float(lengths.mean()) if len(jumps) else 0.0
    else:
        reach = float(
            check_positive(distance_A, name="distance_A", unit="Å", hint="give one hop distance")
        )
    n_pairs, expected = 0, 0.0
    if len(jumps):
        way, are_near = _find_near_ways(path, reach)
        n_pairs = _count_pairs(jumps, way, are_near, window_frames)
        expected = _expect_pairs(jumps, way, are_near) * _chance(window_frames, n_frames - 1)
    return _describe(n_pairs, expected, window_frames * interval, reach)


def _describe(
    n_pairs: int, expected: float, window_ps: float, distance_A: float
) -> CooperationResult:
    if expected == 0.0:
        reason = (
            f"no two ions jumped within {distance_A:.3g} Å of one another at any time: run longer "
            "or raise the temperature"
        )
        return CooperationResult(
            "not_converged", (reason,), n_pairs, 0.0, None, None, None, None, window_ps, distance_A
        )
    lower = float(stats.gamma.ppf(0.025, n_pairs)) if n_pairs else 0.0
    return CooperationResult(
        status="converged",
        reasons=(),
        n_pairs=n_pairs,
        expected_pairs=expected,
        enhancement=n_pairs / expected,
        enhancement_lower=lower / expected,
        enhancement_upper=float(stats.gamma.ppf(0.975, n_pairs + 1)) / expected,
        p_value=float(stats.poisson.sf(n_pairs - 1, expected)),
        window_ps=window_ps,
        distance_A=distance_A,
    )


def _find_near_ways(
    path: SiteTrajectory, reach_A: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the way that each jump took, as a number, and which ways are near one another."""
    jumps, sites = path.jumps, path.sites
    keys = np.column_stack([jumps.origin, jumps.destination, jumps.image])
    unique, way = np.unique(keys, axis=0, return_inverse=True)
    middles = (sites.fractional[unique[:, 0]] + sites.fractional[unique[:, 1]] + unique[:, 2:]) / 2
    # The slack keeps distances that equal the reach on one side, whatever their last bits.
    distances = find_image_distances(middles, middles, sites.cell_A, reach_A)
    return way.ravel(), distances <= reach_A * (1 + 1e-9)


def _count_pairs(
    jumps: JumpEvents, way: NDArray[np.int64], are_near: NDArray[np.bool_], window_frames: int
) -> int:
    order = np.argsort(jumps.arrival_frame, kind="stable")
    frame, ion, way = jumps.arrival_frame[order], jumps.ion[order], way[order]
    n_pairs = 0
    for ahead in range(1, len(frame)):
        is_within = frame[ahead:] - frame[:-ahead] <= window_frames
        if not is_within.any():
            break
        first = np.flatnonzero(is_within)
        second = first + ahead
        counts = (ion[first] != ion[second]) & are_near[way[first], way[second]]
        n_pairs += int(counts.sum())
    return n_pairs


def _expect_pairs(jumps: JumpEvents, way: NDArray[np.int64], are_near: NDArray[np.bool_]) -> float:
    """Return the pairs of jumps of different ions at near places, at any time."""
    by_ion = np.zeros((len(are_near), int(jumps.ion.max()) + 1))
    np.add.at(by_ion, (way, jumps.ion), 1.0)
    near_by_ion = are_near.astype(np.float64) @ by_ion
    all_pairs = by_ion.sum(axis=1) @ near_by_ion.sum(axis=1)
    same_ion = (by_ion * near_by_ion).sum()
    return float(all_pairs - same_ion) / 2


def _chance(window_frames: int, n_steps: int) -> float:
    """Return the probability that two of n_steps frames are at most a window apart."""
    ahead = np.arange(1, window_frames + 1)
    return float((n_steps + 2 * (n_steps - ahead).sum()) / n_steps**2)
