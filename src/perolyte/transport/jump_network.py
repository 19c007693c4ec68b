"""The network of sites that jumps span, with a rate and a barrier for each way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from perolyte.transport.checks import FloatArray
from perolyte.transport.periodic_cell import count_neighbors
from perolyte.transport.rates import (
    BarrierEstimate,
    RateEstimate,
    estimate_barrier,
    estimate_rate,
)
from perolyte.transport.sites import SiteTrajectory

__all__ = ["JumpEdge", "build_jump_network"]

_DISTANCE_GAP_A = 0.2
"""Between lengths of jumps that are different ways, and not one way with sites slightly off."""

_FindBarrier = Callable[[RateEstimate], BarrierEstimate | None]


@dataclass(frozen=True, eq=False)
class JumpEdge:
    """Jumps along one way: from a site to a periodic copy of another, or between two labels.

    Attributes
    ----------
    origin, destination
        Sites; None for jumps pooled over the sites of two labels.
    image
        Cell of the destination relative to that of the origin; None where pooled.
    origin_label, destination_label
        Names of the sites.
    distance_A
        Å between the centres of the sites; the mean of the jumps where pooled.
    n_paths
        Different ways that were used: 1, or their number where pooled.
    rate
        Per ion on the origin and per way: jumps over the time spent there; where pooled, over the
        ways of this length that each site has, used or not.
    barrier
        From the rate and the attempt frequency; None without a temperature.
    """

    origin: int | None
    destination: int | None
    image: tuple[int, int, int] | None
    origin_label: str
    destination_label: str
    distance_A: float
    n_paths: int
    rate: RateEstimate
    barrier: BarrierEstimate | None


def build_jump_network(
    path: SiteTrajectory,
    time_on_site_ps: FloatArray,
    *,
    temperature_K: float | None,
    attempt_frequency_THz: float,
) -> tuple[tuple[JumpEdge, ...], tuple[JumpEdge, ...]]:
    """Give each way between sites that was used a rate, and each kind of way.

    Parameters
    ----------
    path
        From :func:`~perolyte.transport.assign_sites`.
    time_on_site_ps
        (n_sites,), ps, summed over ions.
    temperature_K, attempt_frequency_THz
        K and THz, for barriers; no temperature for none.

    Returns
    -------
    tuple of tuple of JumpEdge
        Ways from site to site, and the same pooled over the sites of two labels; lengths more than
        0.2 Å apart are kept apart.

    Raises
    ------
    InputError
        For a temperature or frequency that is not above zero.

    Examples
    --------
    >>> from perolyte.transport.sites import assign_sites, define_sites
    >>> sites = define_sites([[0, 0, 0]], 4 * np.eye(3))
    >>> x = np.repeat([0.0, 4.0, 8.0, 4.0], 5)
    >>> path = assign_sites(x[:, None, None] * np.array([1.0, 0.0, 0.0]), sites)
    >>> edges, (pooled,) = build_jump_network(
    ...     path, np.array([2.0]), temperature_K=None, attempt_frequency_THz=10.0)
    >>> [edge.image for edge in edges], pooled.rate.rate_per_ps  # one way of six, 3 jumps in 2 ps
    ([(-1, 0, 0), (1, 0, 0)], 0.25)
    """

    def find_barrier(rate: RateEstimate) -> BarrierEstimate | None:
        if temperature_K is None:
            return None
        return estimate_barrier(
            rate, temperature_K=temperature_K, attempt_frequency_THz=attempt_frequency_THz
        )

    counted = _list_edges(path, time_on_site_ps)
    return (
        tuple(_describe(edge, path, find_barrier) for edge in counted),
        _pool(counted, path, time_on_site_ps, find_barrier),
    )


@dataclass(frozen=True)
class _Counted:
    """An edge before it has a rate."""

    origin: int
    destination: int
    image: tuple[int, int, int]
    distance_A: float
    n_jumps: int
    time_ps: float


def _list_edges(path: SiteTrajectory, time_on_site: FloatArray) -> list[_Counted]:
    jumps = path.jumps
    if not len(jumps):
        return []
    keys = np.column_stack([jumps.origin, jumps.destination, jumps.image])
    unique, first, counts = np.unique(keys, axis=0, return_index=True, return_counts=True)
    distances = np.linalg.norm(jumps.vector_A[first], axis=1)
    return [
        _Counted(
            origin=int(key[0]),
            destination=int(key[1]),
            image=(int(key[2]), int(key[3]), int(key[4])),
            distance_A=float(distance),
            n_jumps=int(count),
            time_ps=float(time_on_site[key[0]]),
        )
        for key, distance, count in zip(unique, distances, counts, strict=True)
    ]


def _describe(edge: _Counted, path: SiteTrajectory, find_barrier: _FindBarrier) -> JumpEdge:
    rate = estimate_rate(edge.n_jumps, edge.time_ps)
    return JumpEdge(
        origin=edge.origin,
        destination=edge.destination,
        image=edge.image,
        origin_label=path.sites.labels[edge.origin],
        destination_label=path.sites.labels[edge.destination],
        distance_A=edge.distance_A,
        n_paths=1,
        rate=rate,
        barrier=find_barrier(rate),
    )


def _pool(
    edges: list[_Counted],
    path: SiteTrajectory,
    time_on_site: FloatArray,
    find_barrier: _FindBarrier,
) -> tuple[JumpEdge, ...]:
    """Pool the edges between two labels of one length."""
    labels = np.array(path.sites.labels)
    pooled = []
    for members in _group_ways(edges, path.sites.labels):
        origin, destination = labels[members[0].origin], labels[members[0].destination]
        n_jumps = sum(edge.n_jumps for edge in members)
        # Ways are counted in the crystal, because in a short run some are never used.
        ways = count_neighbors(
            path.sites.fractional[labels == origin],
            path.sites.fractional[labels == destination],
            path.sites.cell_A,
            nearest_A=min(edge.distance_A for edge in members) - _DISTANCE_GAP_A / 2,
            farthest_A=max(edge.distance_A for edge in members) + _DISTANCE_GAP_A / 2,
        )
        rate = estimate_rate(n_jumps, float(time_on_site[labels == origin] @ ways))
        distance = sum(edge.n_jumps * edge.distance_A for edge in members) / n_jumps
        pooled.append(
            JumpEdge(
                origin=None,
                destination=None,
                image=None,
                origin_label=str(origin),
                destination_label=str(destination),
                distance_A=distance,
                n_paths=len(members),
                rate=rate,
                barrier=find_barrier(rate),
            )
        )
    return tuple(pooled)


def _group_ways(edges: list[_Counted], labels: tuple[str, ...]) -> list[list[_Counted]]:
    """Group edges by the labels they join, and these by gaps in their lengths."""
    ordered = sorted(
        edges, key=lambda edge: (labels[edge.origin], labels[edge.destination], edge.distance_A)
    )
    groups: list[list[_Counted]] = []
    for edge in ordered:
        last = groups[-1][-1] if groups else None
        if (
            last is not None
            and labels[last.origin] == labels[edge.origin]
            and labels[last.destination] == labels[edge.destination]
            and edge.distance_A - last.distance_A < _DISTANCE_GAP_A
        ):
            groups[-1].append(edge)
        else:
            groups.append([edge])
    return groups
