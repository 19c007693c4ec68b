"""Which site each ion is on, with hysteresis, and when it jumps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_trajectory
from perolyte.transport.periodic_cell import check_cell, count_images, find_shortest_distances

__all__ = ["JumpEvents", "SiteSet", "SiteTrajectory", "assign_sites", "define_sites"]

_CORE_FRACTION = 0.4
"""Of the distance to the nearest site: cores keep a fifth of it between them, which an ion has to
cross before it counts as having jumped."""
_SHORTEST_SITE_DISTANCE_A = 0.1
_FIRST_CAPACITY = 4096


@dataclass(frozen=True, eq=False)
class SiteSet:
    """Sites of a periodic cell, with the cores that an ion must enter.

    Attributes
    ----------
    cell_A
        (3, 3), Å, rows are the lattice vectors.
    fractional
        (n_sites, 3), from 0 to 1.
    core_radii_A
        (n_sites,), Å; cores do not overlap.
    labels
        Name of each site; sites of one name are counted together.
    """

    cell_A: FloatArray
    fractional: FloatArray
    core_radii_A: FloatArray
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class JumpEvents:
    """Jumps of all ions, by ion and then by time.

    Attributes
    ----------
    ion
        (n_jumps,).
    departure_frame, arrival_frame
        (n_jumps,), last frame in the old core and first in the new one.
    origin, destination
        (n_jumps,), sites.
    image
        (n_jumps, 3), cell of the destination relative to that of the origin.
    vector_A
        (n_jumps, 3), Å, from the centre of the origin to that of the destination.
    """

    ion: NDArray[np.int64]
    departure_frame: NDArray[np.int64]
    arrival_frame: NDArray[np.int64]
    origin: NDArray[np.int64]
    destination: NDArray[np.int64]
    image: NDArray[np.int64]
    vector_A: FloatArray

    def __len__(self) -> int:
        return len(self.ion)


@dataclass(frozen=True, eq=False)
class SiteTrajectory:
    """Sites of the ions over time.

    Attributes
    ----------
    sites
        The sites.
    site_index
        (n_frames, n_ions), the site, or -1 in transit between two, before the first and after the
        last visit to a core.
    jumps
        Every change from one core to another.
    unassigned_fraction
        Share of -1 in ``site_index``.
    """

    sites: SiteSet
    site_index: NDArray[np.int32]
    jumps: JumpEvents
    unassigned_fraction: float


def define_sites(
    sites_frac: ArrayLike,
    cell_A: ArrayLike,
    *,
    labels: Sequence[str] | None = None,
    core_fraction: float = _CORE_FRACTION,
) -> SiteSet:
    """Give each site a core, a share of the distance to its nearest neighbour.

    Parameters
    ----------
    sites_frac
        (n_sites, 3), fractional coordinates: crystal sites, or those that
        :func:`~perolyte.transport.find_density_sites` finds.
    cell_A
        (3, 3), Å; rows are the lattice vectors.
    labels
        Name of each site, by default "site" for all.
    core_fraction
        Radius of a core over the distance to the nearest site, above 0 and below 0.5.

    Returns
    -------
    SiteSet
        Sites with cores.

    Raises
    ------
    InputError
        For a wrong shape, sites that are not finite or lie on one another, another number of
        labels, or a fraction out of range.

    Examples
    --------
    >>> sites = define_sites([[0, 0, 0], [0.5, 0, 0]], np.diag([8.0, 4.0, 4.0]))
    >>> sites.core_radii_A.round(3).tolist()
    [1.6, 1.6]
    """
    cell = check_cell(cell_A)
    fractional = np.array(sites_frac, dtype=np.float64)
    if fractional.ndim != 2 or fractional.shape[1] != 3 or len(fractional) == 0:
        raise InputError(
            f"sites_frac has shape {fractional.shape}; it must be (n_sites, 3) with at least one "
            "site: give fractional coordinates"
        )
    if not np.isfinite(fractional).all():
        raise InputError("sites_frac holds a number that is not finite; give fractions of the cell")
    if not 0 < core_fraction < 0.5:
        raise InputError(
            f"core_fraction is {core_fraction:g}; it must be above 0 and below 0.5, or cores "
            "overlap: 0.4 is usual"
        )
    names = tuple(labels) if labels is not None else ("site",) * len(fractional)
    if len(names) != len(fractional):
        raise InputError(
            f"labels has {len(names)} names for {len(fractional)} sites; give one per site"
        )
    fractional -= np.floor(fractional)
    distances = find_shortest_distances(fractional, cell)
    if distances.min() < _SHORTEST_SITE_DISTANCE_A:
        raise InputError(
            f"site {int(distances.argmin())} is {distances.min():.3g} Å from another; sites must "
            f"be at least {_SHORTEST_SITE_DISTANCE_A} Å apart: merge those that are the same"
        )
    return SiteSet(
        cell_A=cell,
        fractional=fractional,
        core_radii_A=core_fraction * distances,
        labels=names,
    )


def assign_sites(positions_A: ArrayLike, sites: SiteSet) -> SiteTrajectory:
    """Follow each ion from core to core.

    An ion stays with its site until it enters the core of another one (or of a periodic copy), so
    that rattling across a boundary is no jump. Frames outside any core belong to the site where
    the ion was and to which it returns; between two sites they are transit.

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, Cartesian, unwrapped, drift of the framework removed; for a cell
        that changes, scaled to the mean cell
        (:func:`~perolyte.transport.unwrap_positions`).
    sites
        Sites in the same frame of reference.

    Returns
    -------
    SiteTrajectory
        Site of each ion in each frame, and the jumps.

    Raises
    ------
    InputError
        For a wrong trajectory.

    Examples
    --------
    >>> sites = define_sites([[0, 0, 0], [0.5, 0, 0]], np.diag([8.0, 4.0, 4.0]))
    >>> x = np.array([0.0, 1.9, 2.1, 1.9, 3.8, 4.1])  # the boundary at 2.0 is crossed three times
    >>> path = assign_sites(x[:, None, None] * np.array([1.0, 0.0, 0.0]), sites)
    >>> path.site_index[:, 0].tolist(), len(path.jumps)
    ([0, -1, -1, -1, 1, 1], 1)
    """
    from perolyte.transport._site_kernels import EVENT_COLUMNS, follow_ions

    positions = np.ascontiguousarray(check_trajectory(positions_A))
    site_index = np.empty(positions.shape[:2], dtype=np.int32)
    inverse_cell = np.asarray(np.linalg.inv(sites.cell_A), dtype=np.float64)
    reach = count_images(sites.cell_A, float(sites.core_radii_A.max()))
    capacity = _FIRST_CAPACITY
    while True:
        events = np.empty((capacity, EVENT_COLUMNS), dtype=np.int64)
        n_jumps = follow_ions(
            positions,
            inverse_cell,
            sites.cell_A,
            sites.fractional,
            sites.core_radii_A**2,
            reach,
            site_index,
            events,
        )
        if n_jumps <= capacity:
            break
        capacity = n_jumps
    events = events[:n_jumps]
    origin, destination, image = events[:, 3], events[:, 4], events[:, 5:]
    vectors = sites.fractional[destination] + image - sites.fractional[origin]
    return SiteTrajectory(
        sites=sites,
        site_index=site_index,
        jumps=JumpEvents(
            ion=events[:, 0],
            departure_frame=events[:, 1],
            arrival_frame=events[:, 2],
            origin=origin,
            destination=destination,
            image=image,
            vector_A=vectors @ sites.cell_A,
        ),
        unassigned_fraction=float((site_index < 0).mean()),
    )
