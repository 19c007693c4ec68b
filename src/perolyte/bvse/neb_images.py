"""First images for a nudged elastic band: one ion moved along a path of the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse.framework import parse_ion
from perolyte.bvse.network import MigrationEdge, SiteNetwork
from perolyte.bvse.parameters import find_covalent_radius
from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["neb_images"]

FloatArray = NDArray[np.float64]

_OCCUPIED_A = 1.0
"""An ion at most this far from a minimum of the map sits on that site."""
_OVERLAP_FRACTION = 0.6
"""Atoms nearer than this share of the sum of their covalent radii overlap (Li-O 1.2 Å, Li-Li
1.5 Å); bonds at a bottleneck are longer."""


def neb_images(
    network: SiteNetwork,
    edge: MigrationEdge,
    structure: Structure,
    *,
    n_images: int = 5,
    other_ions: Literal["keep", "remove"] = "keep",
) -> list[Structure]:
    """Build the chain of structures in which one ion makes the hop of an edge.

    The moving ion goes along the path of the edge in steps of equal length, from the refined
    minimum of one site to that of the other. With other ions kept, those that sit on the two sites
    (within 1 Å) are taken out first: where both were occupied, the chain is a hop into a vacancy;
    where one was, that ion hops into an empty site. With other ions removed it is the hop of a
    single ion in the empty framework.

    A hop to an image of the same site moves all periodic copies of the ion together; for a hop
    into a vacancy make the network of a supercell.

    Parameters
    ----------
    network : SiteNetwork
        From :func:`perolyte.bvse.migration_paths`.
    edge : MigrationEdge
        One of its edges.
    structure : pymatgen.core.Structure
        Ordered structure in the cell of the network, with or without oxidation states.
    n_images : int
        Images between the two ends, 1 or more.
    other_ions : str
        "keep" or "remove" the other mobile ions.

    Returns
    -------
    list of pymatgen.core.Structure
        ``n_images`` + 2 structures with the same order of sites; the moving ion is the last site.
        Its coordinates are not wrapped into the cell, so that interpolation between images and
        their forces stay continuous.

    Raises
    ------
    InputError
        When the cell differs, the structure is disordered, no ion sits on either site, or the
        moving ion would overlap another atom.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from pymatgen.core import Lattice, Structure
    >>> from perolyte.bvse.paths import migration_paths
    >>> wave = (1 - np.cos(2 * np.pi * np.arange(20) / 20)) / 2
    >>> energies = wave[:, None, None] + wave[:, None] + wave
    >>> cage = Structure(Lattice.cubic(6.0), ["O2-"], [[0.5, 0.5, 0.5]])
    >>> network = migration_paths(
    ...     SimpleNamespace(energies_eV=energies, framework=cage, ion="Li+"), energy_limit_eV=1.5
    ... )
    >>> images = neb_images(network, network.edges[0], cage, n_images=3, other_ions="remove")
    >>> [round(float(image[-1].frac_coords.sum()), 2) for image in images]
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    _check_input(network, structure, n_images, other_ions)
    ends = _locate_ends(network, edge)
    ion = parse_ion(network.ion)
    mobile = np.array(
        [
            site.specie.symbol == ion.element
            and getattr(site.specie, "oxi_state", None) in (ion.charge, None)
            for site in structure
        ]
    )
    if other_ions == "remove":
        removed = mobile
    else:
        removed = _find_occupants(structure, ends, mobile)
        if not removed.any():
            raise InputError(
                f"no {network.ion} within {_OCCUPIED_A} Å of either end of edge {edge.index}; "
                'choose another edge or give other_ions="remove"'
            )
    decorated = any(getattr(site.specie, "oxi_state", None) is not None for site in structure)
    moving = network.ion if decorated else ion.element
    points = _resample(edge.path_fractional, ends, structure.lattice.matrix, n_images + 2)
    species = [site.specie for site, gone in zip(structure, removed, strict=True) if not gone]
    coords = structure.frac_coords[~removed]
    _check_overlap(structure, species, coords, points, ion.element)
    return [
        type(structure)(structure.lattice, [*species, moving], np.vstack([coords, point]))
        for point in points
    ]


def _check_input(
    network: SiteNetwork, structure: Structure, n_images: int, other_ions: str
) -> None:
    if other_ions not in ("keep", "remove"):
        raise InputError(f'other_ions is {other_ions!r}; choose "keep" or "remove"')
    if n_images < 1:
        raise InputError(f"n_images is {n_images}; give 1 or more images between the ends, e.g. 5")
    if not structure.is_ordered:
        raise InputError(
            f"{structure.composition.reduced_formula} has partly occupied sites; order it first"
        )
    difference = np.abs(structure.lattice.matrix - network.framework.lattice.matrix).max()
    if difference > 1e-3:
        raise InputError(
            f"the cell differs from that of the network by up to {difference:.3g} Å; give the "
            "structure that the energy map was made from"
        )


def _locate_ends(network: SiteNetwork, edge: MigrationEdge) -> FloatArray:
    start, end = network.sites[edge.start], network.sites[edge.end]
    return np.array([start.fractional, np.add(end.fractional, edge.image)])


def _find_occupants(
    structure: Structure, ends: FloatArray, mobile: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Mark the ion nearest to each end, where one is near enough."""
    occupants = np.zeros(len(structure), dtype=np.bool_)
    indices = np.flatnonzero(mobile)
    if len(indices) == 0:
        return occupants
    distances_A = structure.lattice.get_all_distances(ends, structure.frac_coords[indices])
    for row in distances_A:
        if row.min() <= _OCCUPIED_A:
            occupants[indices[row.argmin()]] = True
    return occupants


def _resample(
    path: FloatArray, ends: FloatArray, matrix_A: FloatArray, n_points: int
) -> FloatArray:
    """Points at equal distances along the polyline from end to end, fractional."""
    corners = np.vstack([ends[:1], path[1:-1], ends[1:]])
    steps_A = np.linalg.norm(np.diff(corners, axis=0) @ matrix_A, axis=1)
    along_A = np.concatenate([[0.0], np.cumsum(steps_A)])
    wanted_A = np.linspace(0.0, along_A[-1], n_points)
    return np.stack([np.interp(wanted_A, along_A, column) for column in corners.T], axis=1)


def _check_overlap(
    structure: Structure,
    species: Sequence[object],
    coords: FloatArray,
    points: FloatArray,
    ion: str,
) -> None:
    if len(coords) == 0:
        return
    symbols = [getattr(one, "symbol", str(one)) for one in species]
    limits_A = _OVERLAP_FRACTION * np.array(
        [find_covalent_radius(ion) + find_covalent_radius(symbol) for symbol in symbols]
    )
    distances_A = structure.lattice.get_all_distances(points, coords)
    ratio = distances_A / limits_A
    image, atom = np.unravel_index(ratio.argmin(), ratio.shape)
    if ratio[image, atom] < 1.0:
        raise InputError(
            f"in image {image} the moving {ion} is {distances_A[image, atom]:.2f} Å from "
            f"{symbols[atom]} (at least {limits_A[atom]:.2f} Å is needed); choose another edge or "
            'give other_ions="remove"'
        )
