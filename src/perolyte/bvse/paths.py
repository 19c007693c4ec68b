"""Migration paths: the minimum-barrier path between every pair of neighbouring minima of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse.basins import flood_basins, list_neighbour_steps
from perolyte.bvse.bottleneck import choose_radii, measure_bottleneck
from perolyte.bvse.equivalence import (
    SiteMapping,
    label_equivalent_edges,
    label_equivalent_sites,
    map_sites,
)
from perolyte.bvse.merging import Contact, MergedBasins, merge_shallow_basins
from perolyte.bvse.minima import refine_minimum
from perolyte.bvse.network import MigrationEdge, Site, SiteNetwork
from perolyte.bvse.shortest_path import PathFinder
from perolyte.errors import InputError

if TYPE_CHECKING:
    from perolyte.bvse.map import EnergyMap

__all__ = ["migration_paths"]

Image = tuple[int, int, int]
FloatArray = NDArray[np.float64]


def migration_paths(
    energy_map: EnergyMap,
    *,
    energy_limit_eV: float,
    merge_below_eV: float = 0.025,
    connectivity: int = 26,
) -> SiteNetwork:
    """Find the sites of the mobile ion and the hops between neighbouring ones.

    The map is divided into the basins of its minima; where two basins meet (also a basin and its
    own periodic image), the lowest voxel of contact is the saddle. On the grid this is exact: the
    energies at which the network percolates equal those of the map. The path of each hop runs
    along the valley and not above the saddle.

    Parameters
    ----------
    energy_map : EnergyMap
        From :func:`perolyte.bvse.energy_map`.
    energy_limit_eV : float
        Height above the lowest voxel up to which sites and saddles are looked for, eV; a small
        limit saves time.
    merge_below_eV : float
        Minima less deep than this are merged into their neighbours, eV; about kT at room
        temperature, below which a well does not hold an ion. Thresholds do not depend on it.
    connectivity : int
        Neighbours of a voxel, 6 or 26; 26 lets paths cross edges and corners.

    Returns
    -------
    SiteNetwork
        Sites and edges.

    Raises
    ------
    InputError
        When a limit is negative or no number, or the connectivity is not 6 or 26.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from pymatgen.core import Lattice, Structure
    >>> u = np.arange(20) / 20
    >>> wave = (1 - np.cos(2 * np.pi * u)) / 2
    >>> energies = 0.3 * wave[:, None, None] + 0.5 * wave[:, None] + 0.9 * wave
    >>> cage = Structure(Lattice.cubic(4.0), ["O2-"], [[0.5, 0.5, 0.5]])
    >>> network = migration_paths(
    ...     SimpleNamespace(energies_eV=energies, framework=cage, ion="Li+"), energy_limit_eV=1.0
    ... )
    >>> [(e.image, round(e.forward_eV, 3)) for e in network.edges if e.is_saddle]
    [((1, 0, 0), 0.3), ((0, 1, 0), 0.5), ((0, 0, 1), 0.9)]
    """
    if not 0.0 < energy_limit_eV < np.inf:
        raise InputError(
            f"energy_limit_eV is {energy_limit_eV} eV; give a height above the lowest voxel, e.g. 3"
        )
    energies = energy_map.energies_eV
    raw = flood_basins(
        energies,
        energy_limit_eV=float(energies.min()) + energy_limit_eV,
        connectivity=connectivity,
    )
    basins = merge_shallow_basins(raw, energies, merge_below_eV=merge_below_eV)
    sites, mappings = _list_sites(energy_map, basins)
    # Energies of equivalent saddles differ in their last digits; the order must not follow those.
    order = sorted(basins.contacts, key=lambda key: (round(basins.contacts[key].energy_eV, 6), key))
    builder = _EdgeBuilder(energy_map, basins, sites, connectivity)
    labels = label_equivalent_edges(order, mappings)
    edges = [builder.build(index, key, labels[index]) for index, key in enumerate(order)]
    return SiteNetwork(
        framework=energy_map.framework,
        ion=energy_map.ion,
        shape=_shape(energies),
        sites=sites,
        edges=tuple(edges),
        energy_limit_eV=energy_limit_eV,
        merge_below_eV=merge_below_eV,
        connectivity=connectivity,
        radius_kind=builder.radius_kind,
    )


def _list_sites(
    energy_map: EnergyMap, basins: MergedBasins
) -> tuple[tuple[Site, ...], tuple[SiteMapping, ...]]:
    """Sites, and what the symmetry of the framework does to them."""
    energies, framework = energy_map.energies_eV, energy_map.framework
    voxels = [_unravel(int(voxel), energies) for voxel in basins.minima]
    fits = [refine_minimum(energies, voxel) for voxel in voxels]
    positions = np.array([position for position, _, _ in fits]).reshape(-1, 3)
    mappings = map_sites(framework, positions, _shape(energies))
    labels = label_equivalent_sites(len(fits), mappings)
    counts = np.bincount(basins.labels[basins.labels >= 0], minlength=len(fits))
    sites = tuple(
        Site(
            index=index,
            fractional=(float(position[0]), float(position[1]), float(position[2])),
            energy_eV=float(energies[voxels[index]]),
            refined_energy_eV=refined_eV,
            refined=refined,
            voxel=voxels[index],
            volume_A3=float(counts[index] * framework.volume / energies.size),
            equivalence=labels[index],
        )
        for index, (position, refined_eV, refined) in enumerate(fits)
    )
    return sites, mappings


class _EdgeBuilder:
    """Builds edges from contacts; holds what all of them share."""

    def __init__(
        self,
        energy_map: EnergyMap,
        basins: MergedBasins,
        sites: tuple[Site, ...],
        connectivity: int,
    ) -> None:
        self.framework = energy_map.framework
        self.steps = list_neighbour_steps(connectivity)
        self.energies = energy_map.energies_eV
        self.basins = basins
        self.sites = sites
        self.radii_A, self.radius_kind = choose_radii(self.framework)
        self.matrix_A = self.framework.lattice.matrix
        self.finder = PathFinder(
            basins, self.energies, matrix_A=self.matrix_A, connectivity=connectivity
        )

    def build(self, index: int, key: tuple[int, int, Image], equivalence: int) -> MigrationEdge:
        start, end, image = key
        contact = self.basins.contacts[key]
        saddle = contact.energy_eV
        voxels, cells = self.finder.find(start, end, image, saddle)
        grid = np.array(self.energies.shape)
        path = np.stack(np.unravel_index(voxels, self.energies.shape), axis=1) / grid + cells
        own_cell = np.array(image) * contact.voxel_in_second - self.basins.copies[contact.voxel]
        critical = np.array(np.unravel_index(contact.voxel, self.energies.shape)) / grid + own_cell
        steps_A = np.diff(path, axis=0) @ self.matrix_A
        return MigrationEdge(
            index=index,
            start=start,
            end=end,
            image=image,
            saddle_eV=saddle,
            forward_eV=saddle - self.sites[start].energy_eV,
            reverse_eV=saddle - self.sites[end].energy_eV,
            is_saddle=self._separates(key, contact),
            equivalence=equivalence,
            path_fractional=path,
            path_energies_eV=self.energies.reshape(-1)[voxels].astype(np.float64),
            length_A=float(np.linalg.norm(steps_A, axis=1).sum()),
            bottleneck=measure_bottleneck(self.framework, self.radii_A, critical),
        )

    def _separates(self, key: tuple[int, int, Image], contact: Contact) -> bool:
        """Whether the lower neighbours of the saddle fall apart into the two basins.

        If one connected part of them holds voxels of both basins, a path crosses from one to the
        other beside the saddle and below it.
        """
        start, end, image = key
        labels, copies = self.basins.labels, self.basins.copies
        grid = np.array(self.energies.shape)
        moved = np.array(np.unravel_index(contact.voxel, self.energies.shape)) + self.steps
        cells = moved // grid
        voxels = np.ravel_multi_index(tuple((moved - cells * grid).T), self.energies.shape)
        energies = self.energies.reshape(-1)[voxels]
        # Equal voxels rank by index, as in the flooding; this puts both sides among the lower ones.
        earlier = (energies == contact.energy_eV) & (voxels < contact.voxel)
        lower = (labels[voxels] >= 0) & ((energies < contact.energy_eV) | earlier)
        own = np.array(image) * contact.voxel_in_second - copies[contact.voxel]
        copy = copies[voxels] + cells + own
        in_start = lower & (labels[voxels] == start) & (copy == 0).all(axis=1)
        in_end = lower & (labels[voxels] == end) & (copy == np.array(image)).all(axis=1)
        parts = _label_parts(self.steps[lower], self.steps)
        return not set(parts[in_start[lower]]) & set(parts[in_end[lower]])


def _label_parts(positions: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.int32]:
    """Label the connected parts of some neighbours of a voxel."""
    from scipy.sparse.csgraph import connected_components

    difference = positions[:, None] - positions[None, :]
    touching = (difference[:, :, None] == steps).all(axis=-1).any(axis=-1)
    return np.asarray(connected_components(touching, directed=False)[1])


def _shape(energies: NDArray[np.floating]) -> tuple[int, int, int]:
    return energies.shape[0], energies.shape[1], energies.shape[2]


def _unravel(voxel: int, energies: NDArray[np.floating]) -> tuple[int, int, int]:
    a, b, c = np.unravel_index(voxel, energies.shape)
    return int(a), int(b), int(c)
