"""Free-energy barriers of single hops, from where ions were seen between two sites."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray
from perolyte.transport.density import ProbabilityDensity
from perolyte.transport.free_energy import map_free_energy
from perolyte.transport.jump_network import JumpEdge
from perolyte.transport.sites import SiteSet

__all__ = ["HopFreeEnergy", "find_hop_free_energies"]

_REACH_OVER_DISTANCE = 0.75
"""How far from the straight line a hop may go, over the distance of its sites: round a corner of a
triangle, but not by way of a third site in line with them."""
_SAME_CELL_A = 1e-3
_TOUCHING = np.ones((3, 3, 3), dtype=np.int64)


@dataclass(frozen=True)
class HopFreeEnergy:
    """Free-energy barrier of one hop.

    Attributes
    ----------
    origin, destination
        Sites.
    image
        Cell of the destination relative to that of the origin.
    barrier_eV
        eV, highest free energy on the best way above the lowest in the core of the origin; None
        where no way was visited all along.
    reason
        Why there is no value; empty where there is one.
    """

    origin: int
    destination: int
    image: tuple[int, int, int]
    barrier_eV: float | None
    reason: str


def find_hop_free_energies(
    density: ProbabilityDensity,
    sites: SiteSet,
    edges: Iterable[JumpEdge],
    *,
    temperature_K: float,
) -> tuple[HopFreeEnergy, ...]:
    """Find the free-energy barrier of each hop on a grid on which voxels touch at corners.

    To be compared with the barrier from the rate of the same hop
    (:attr:`~perolyte.transport.JumpEdge.barrier`), which needs an attempt frequency.

    Parameters
    ----------
    density
        From :func:`~perolyte.transport.map_density`, not folded.
    sites
        Sites in the same cell.
    edges
        Hops from site to site: ``edges`` of :func:`~perolyte.transport.jump_statistics`.
    temperature_K
        K, of the run.

    Returns
    -------
    tuple of HopFreeEnergy
        One per edge, in their order.

    Raises
    ------
    InputError
        For another cell, a pooled edge, or a temperature that is not above zero.

    Examples
    --------
    >>> from perolyte.transport.density import map_density
    >>> from perolyte.transport.jumps import jump_statistics
    >>> from perolyte.transport.sites import assign_sites, define_sites
    >>> x = np.repeat([0.0, 1.0, 2.0, 3.0, 4.0], [20, 4, 2, 4, 20])
    >>> positions, cell = x[:, None, None] * np.array([1.0, 0, 0]), 4 * np.eye(3)
    >>> sites = define_sites([[0, 0, 0]], cell)
    >>> jumps = jump_statistics(assign_sites(positions, sites), frame_interval_ps=0.1)
    >>> density = map_density(positions, cell, spacing_A=1.0)
    >>> (hop,) = find_hop_free_energies(density, sites, jumps.edges, temperature_K=600.0)
    >>> round(hop.barrier_eV, 4)  # 40 visits to 2
    0.1549
    """
    if not np.allclose(density.cell_A, sites.cell_A, rtol=0, atol=_SAME_CELL_A):
        raise InputError(
            "the density and the sites have different cells; give a density of the cell of the "
            "sites, not folded"
        )
    energies = map_free_energy(density, temperature_K=temperature_K)
    results = []
    for edge in edges:
        if edge.origin is None or edge.destination is None or edge.image is None:
            raise InputError(
                f"the edge from {edge.origin_label} to {edge.destination_label} is pooled over "
                "sites; give edges from site to site"
            )
        barrier, reason = _find_barrier(
            energies, sites, edge.origin, edge.destination, np.array(edge.image)
        )
        results.append(HopFreeEnergy(edge.origin, edge.destination, edge.image, barrier, reason))
    return tuple(results)


def _find_barrier(
    energies: FloatArray, sites: SiteSet, origin: int, destination: int, image: FloatArray
) -> tuple[float | None, str]:
    start, end = sites.fractional[origin], sites.fractional[destination] + image
    length = float(np.linalg.norm((end - start) @ sites.cell_A))
    box, places = _cut_out(energies, sites.cell_A, (start, end), _REACH_OVER_DISTANCE * length)
    ends = []
    for site, centre in ((origin, start), (destination, end)):
        away = np.linalg.norm((places - centre) @ sites.cell_A, axis=-1)
        core = np.where(away <= sites.core_radii_A[site], box, np.inf)
        if np.isinf(core.min()):
            return None, f"no ion was seen in the core of site {site}"
        ends.append(np.unravel_index(core.argmin(), core.shape))
    lowest = float(box[ends[0]])
    # The lowest level at which both ends are in one connected region, by bisection.
    levels = np.unique(box[np.isfinite(box)])
    levels = levels[levels >= max(lowest, float(box[ends[1]]))]
    if not _is_open(box, levels[-1], ends):
        return None, "no ion was seen all along a way between the sites; run longer"
    below, above = -1, len(levels) - 1
    while above - below > 1:
        middle = (below + above) // 2
        if _is_open(box, levels[middle], ends):
            above = middle
        else:
            below = middle
    return float(levels[above]) - lowest, ""


def _is_open(box: FloatArray, level: float, ends: list[tuple[np.intp, ...]]) -> bool:
    regions, _ = ndimage.label(box <= level, structure=_TOUCHING)
    return bool(regions[ends[0]] == regions[ends[1]])


def _cut_out(
    energies: FloatArray,
    cell_A: FloatArray,
    ends: tuple[FloatArray, FloatArray],
    reach_A: float,
) -> tuple[FloatArray, FloatArray]:
    """Return the voxels near the straight line between two points, without periodicity.

    Energies (n_a, n_b, n_c), inf farther away, and fractional coordinates (n_a, n_b, n_c, 3).
    """
    shape = np.array(energies.shape)
    margin = reach_A * np.linalg.norm(np.linalg.inv(cell_A), axis=0)
    first = np.floor((np.minimum(*ends) - margin) * shape).astype(int)
    last = np.ceil((np.maximum(*ends) + margin) * shape).astype(int)
    axes = [np.arange(low, high + 1) for low, high in zip(first, last, strict=True)]
    indices = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    places = indices / shape
    line = (ends[1] - ends[0]) @ cell_A
    from_start = (places - ends[0]) @ cell_A
    along = np.clip(from_start @ line / (line @ line), 0.0, 1.0)
    away = np.linalg.norm(from_start - along[..., None] * line, axis=-1)
    box = energies[tuple(np.moveaxis(indices % shape, -1, 0))]
    return np.where(away <= reach_A, box, np.inf), places
