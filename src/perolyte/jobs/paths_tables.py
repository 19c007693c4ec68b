"""Tables of sites and jumps of a document: what was seen, and rates only where there are enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from perolyte.schemas import JumpDescription, SiteDescription, SiteKindDescription
from perolyte.transport import (
    HopFreeEnergy,
    JumpEdge,
    JumpStatistics,
    RateEstimate,
    SiteTrajectory,
    estimate_rate,
    measure_residence,
)

__all__ = [
    "MIN_JUMPS",
    "MIN_JUMPS_OF_A_WAY",
    "describe_jumps",
    "describe_kinds",
    "describe_sites",
    "is_resolved",
    "thin",
    "to_vector",
]

T = TypeVar("T")
FloatArray = NDArray[np.float64]

MIN_JUMPS = 100
"""Of all ions, for any rate; as many net hops as a diffusivity needs."""
MIN_JUMPS_OF_A_WAY = 10
"""Their number is known within a third."""
_N_BLOCKS = 5
_MAX_SURVIVAL_POINTS = 60


def is_resolved(rate: RateEstimate, n_jumps: int) -> bool:
    """Say whether a rate has enough jumps, in a run with so many in all."""
    return rate.n_events >= MIN_JUMPS_OF_A_WAY and n_jumps >= MIN_JUMPS


def describe_sites(path: SiteTrajectory, statistics: JumpStatistics) -> list[SiteDescription]:
    """Describe each site: ions on it, and how long they stay."""
    sites, jumps = path.sites, path.jumps
    n_sites, n_ions = len(sites.labels), path.site_index.shape[1]
    blocks = _count_in_blocks(path)
    departures = np.bincount(jumps.origin, minlength=n_sites)
    moves = departures + np.bincount(jumps.destination, minlength=n_sites)
    visited = np.zeros((n_sites + 1, n_ions), dtype=np.bool_)
    visited[path.site_index, np.arange(n_ions)] = True  # -1 is the last row
    described = []
    for site in range(n_sites):
        occupation, error = _average_blocks(blocks[:, site], has_moved=moves[site] > 0)
        middle, lower, upper = _invert(
            int(departures[site]), float(statistics.time_on_site_ps[site]), statistics.n_jumps
        )
        described.append(
            SiteDescription(
                index=site,
                label=sites.labels[site],
                fractional=to_vector(sites.fractional[site]),
                core_radius_A=float(sites.core_radii_A[site]),
                occupation=occupation,
                occupation_std=error,
                n_ions=int(visited[site].sum()),
                n_departures=int(departures[site]),
                residence_ps=middle,
                residence_lower_ps=lower,
                residence_upper_ps=upper,
            )
        )
    return described


def describe_kinds(
    path: SiteTrajectory, statistics: JumpStatistics, *, frame_interval_ps: float
) -> list[SiteKindDescription]:
    """Describe the sites of each label together."""
    labels = np.array(path.sites.labels)
    blocks = _count_in_blocks(path)
    residences = {
        found.label: found for found in measure_residence(path, frame_interval_ps=frame_interval_ps)
    }
    described = []
    for label in sorted(set(path.sites.labels)):
        chosen = labels == label
        n_moves = np.isin(path.jumps.origin, np.flatnonzero(chosen)).sum()
        n_moves += np.isin(path.jumps.destination, np.flatnonzero(chosen)).sum()
        occupation, error = _average_blocks(blocks[:, chosen].mean(axis=1), has_moved=n_moves > 0)
        found = residences.get(label)
        n_departures = 0 if found is None else found.leaving.n_events
        exposure = 0.0 if found is None else found.leaving.exposure_ps
        middle, lower, upper = _invert(n_departures, exposure, statistics.n_jumps)
        rows = thin(range(0 if found is None else len(found.time_ps)), _MAX_SURVIVAL_POINTS)
        described.append(
            SiteKindDescription(
                label=label,
                n_sites=int(chosen.sum()),
                occupation=occupation,
                occupation_std=error,
                n_departures=n_departures,
                residence_ps=middle,
                residence_lower_ps=lower,
                residence_upper_ps=upper,
                survival_time_ps=[] if found is None else found.time_ps[rows].tolist(),
                survival=[] if found is None else found.survival[rows].tolist(),
                survival_std=[] if found is None else found.survival_std[rows].tolist(),
            )
        )
    return described


def describe_jumps(
    edges: Sequence[JumpEdge],
    path: SiteTrajectory,
    statistics: JumpStatistics,
    *,
    free_energies: Sequence[HopFreeEnergy] = (),
) -> list[JumpDescription]:
    """Describe ways from site to site, or kinds of ways; the most used ones first.

    ``free_energies`` belong to the edges in front that have any.
    """
    return [
        _describe_jump(
            edge, path, statistics, free_energies[row] if row < len(free_energies) else None
        )
        for row, edge in enumerate(edges)
    ]


def _describe_jump(
    edge: JumpEdge, path: SiteTrajectory, statistics: JumpStatistics, free: HopFreeEnergy | None
) -> JumpDescription:
    rate, barrier = edge.rate, edge.barrier
    vector = None
    if edge.origin is not None and edge.destination is not None and edge.image is not None:
        fractional = path.sites.fractional
        step = fractional[edge.destination] + np.array(edge.image) - fractional[edge.origin]
        vector = to_vector(step @ path.sites.cell_A)
    has_rate = is_resolved(rate, statistics.n_jumps)
    reasons = [] if has_rate else [_explain(rate, statistics.n_jumps)]
    if has_rate and barrier is not None and barrier.reason:
        reasons.append(barrier.reason)
    has_barrier = has_rate and barrier is not None and barrier.barrier_eV is not None
    return JumpDescription(
        origin=edge.origin,
        destination=edge.destination,
        image=edge.image,
        vector_A=vector,
        origin_label=edge.origin_label,
        destination_label=edge.destination_label,
        distance_A=edge.distance_A,
        n_paths=edge.n_paths,
        n_jumps=rate.n_events,
        exposure_ps=rate.exposure_ps,
        rate_per_ps=rate.rate_per_ps if has_rate else None,
        rate_lower_per_ps=rate.lower_per_ps,
        rate_upper_per_ps=rate.upper_per_ps,
        barrier_eV=barrier.barrier_eV if has_barrier and barrier is not None else None,
        barrier_lower_eV=barrier.lower_eV if has_barrier and barrier is not None else None,
        barrier_upper_eV=barrier.upper_eV if has_barrier and barrier is not None else None,
        free_energy_barrier_eV=None if free is None else free.barrier_eV,
        free_energy_reason=(free.reason or None) if free is not None else None,
        reasons=reasons,
    )


def _explain(rate: RateEstimate, n_jumps: int) -> str:
    if n_jumps < MIN_JUMPS:
        return f"{n_jumps} jumps in the run, at least {MIN_JUMPS} needed for rates"
    return f"{rate.n_events} jumps on this way, at least {MIN_JUMPS_OF_A_WAY} needed for a rate"


def _count_in_blocks(path: SiteTrajectory) -> FloatArray:
    """Return the mean number of ions on each site in parts of the run, (n_blocks, n_sites).

    Frames that do not fill a part are left to the last ones, so that the mean over parts is that
    over frames within the length of a part.
    """
    n_sites = len(path.sites.labels)
    parts = np.array_split(path.site_index, min(_N_BLOCKS, len(path.site_index)))
    counts = [np.bincount(part.ravel() + 1, minlength=n_sites + 1)[1:] for part in parts]
    lengths = np.array([len(part) for part in parts])
    return np.asarray(np.array(counts) / lengths[:, np.newaxis])


def _average_blocks(blocks: FloatArray, *, has_moved: bool) -> tuple[float, float | None]:
    """Return mean and standard error; without a move the equal parts say nothing of the error."""
    mean = float(blocks.mean())
    if not has_moved or len(blocks) < 2:
        return mean, None
    return mean, float(blocks.std(ddof=1) / np.sqrt(len(blocks)))


def _invert(
    n_departures: int, exposure_ps: float, n_jumps: int
) -> tuple[float | None, float | None, float | None]:
    """Return the mean time of a stay in ps, with the ends of its 95 % interval."""
    if exposure_ps <= 0:
        return None, None, None
    leaving = estimate_rate(n_departures, exposure_ps)
    has_value = is_resolved(leaving, n_jumps) and leaving.rate_per_ps is not None
    middle = 1 / leaving.rate_per_ps if has_value and leaving.rate_per_ps else None
    upper = 1 / leaving.lower_per_ps if leaving.lower_per_ps > 0 else None
    return middle, 1 / leaving.upper_per_ps, upper


def thin(values: Sequence[T], n_most: int) -> list[T]:
    """Return at most so many of the values, evenly spread, the first and the last among them.

    Examples
    --------
    >>> thin(range(10), 4)
    [0, 3, 6, 9]
    """
    if len(values) <= n_most:
        return list(values)
    return [values[int(row)] for row in np.linspace(0, len(values) - 1, n_most).round()]


def to_vector(values: FloatArray) -> tuple[float, float, float]:
    """Return three plain numbers.

    Examples
    --------
    >>> to_vector(np.array([0.0, 0.5, 1.0]))
    (0.0, 0.5, 1.0)
    """
    x, y, z = (float(u) for u in values)
    return x, y, z
