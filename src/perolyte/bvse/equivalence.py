"""Which sites and hops of a network are the same by the symmetry of the framework."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["SiteMapping", "label_equivalent_edges", "label_equivalent_sites", "map_sites"]

Image = tuple[int, int, int]

_SYMPREC_A = 0.01
_TOLERANCE_VOXELS = 1.0
"""Largest difference along each axis: a grid that the symmetry does not map onto itself moves
minima by up to half a voxel each."""


@dataclass(frozen=True, eq=False)
class SiteMapping:
    """What one symmetry operation does to the sites.

    Attributes
    ----------
    rotation : ndarray of int
        (3, 3), acts on fractional coordinates and on cell offsets.
    targets : ndarray of int
        (n_sites,), site that each one is mapped onto; -1 where there is none.
    cells : ndarray of int
        (n_sites, 3), cell of that site.
    """

    rotation: NDArray[np.int64]
    targets: NDArray[np.int64]
    cells: NDArray[np.int64]


def map_sites(
    framework: Structure, fractional: NDArray[np.float64], shape: tuple[int, int, int]
) -> tuple[SiteMapping, ...]:
    """Apply each symmetry operation of the framework to the sites.

    Parameters
    ----------
    framework : pymatgen.core.Structure
        Structure without the mobile ion.
    fractional : ndarray
        (n_sites, 3), positions.
    shape : tuple of int
        Voxels along a, b and c; positions are compared to one voxel along each axis.

    Returns
    -------
    tuple of SiteMapping
        One per operation of the space group (spglib, 0.01 Å).
    """
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer
    from scipy.spatial import KDTree

    if len(fractional) == 0:
        return ()
    with warnings.catch_warnings():
        # spglib announces a change of its error handling at every call.
        warnings.simplefilter("ignore", DeprecationWarning)
        analyzer = SpacegroupAnalyzer(framework, symprec=_SYMPREC_A)
        operations = analyzer.get_symmetry_operations(cartesian=False)
    grid = np.array(shape, dtype=np.float64)
    tree = KDTree(_wrap(fractional) * grid, boxsize=grid)
    mappings = []
    for operation in operations:
        moved = fractional @ operation.rotation_matrix.T + operation.translation_vector
        distances, nearest = tree.query(_wrap(moved) * grid, p=np.inf)
        targets = np.where(distances <= _TOLERANCE_VOXELS, nearest, -1)
        mappings.append(
            SiteMapping(
                rotation=np.rint(operation.rotation_matrix).astype(np.int64),
                targets=targets.astype(np.int64),
                cells=np.rint(moved - fractional[nearest]).astype(np.int64),
            )
        )
    return tuple(mappings)


def label_equivalent_sites(n_sites: int, mappings: Sequence[SiteMapping]) -> list[int]:
    """Return for each site the lowest index of its orbit.

    Parameters
    ----------
    n_sites : int
        Number of sites.
    mappings : sequence of SiteMapping
        From :func:`map_sites`.

    Returns
    -------
    list of int
        Labels.
    """
    pairs = [
        (site, int(target))
        for mapping in mappings
        for site, target in enumerate(mapping.targets)
        if target >= 0
    ]
    return _label_orbits(n_sites, pairs)


def label_equivalent_edges(
    edges: Sequence[tuple[int, int, Image]], mappings: Sequence[SiteMapping]
) -> list[int]:
    """Return for each edge the lowest index of its orbit.

    Parameters
    ----------
    edges : sequence of tuple
        Start, end and image of the end.
    mappings : sequence of SiteMapping
        From :func:`map_sites`.

    Returns
    -------
    list of int
        Labels.
    """
    if not edges:
        return []
    numbers: dict[tuple[int, int, Image], int] = {}
    for index, (start, end, image) in enumerate(edges):
        numbers[start, end, image] = index
        numbers[end, start, _negative(image)] = index
    starts = np.array([edge[0] for edge in edges])
    ends = np.array([edge[1] for edge in edges])
    images = np.array([edge[2] for edge in edges])
    pairs = []
    for mapping in mappings:
        moved = mapping.cells[ends] + images @ mapping.rotation.T - mapping.cells[starts]
        targets = zip(
            mapping.targets[starts].tolist(),
            mapping.targets[ends].tolist(),
            map(tuple, moved.tolist()),
            strict=True,
        )
        for index, (start, end, image) in enumerate(targets):
            other = numbers.get((start, end, image))
            if other is not None:
                pairs.append((index, other))
    return _label_orbits(len(edges), pairs)


def _label_orbits(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    labels = list(range(count))

    def find(index: int) -> int:
        while labels[index] != index:
            labels[index] = labels[labels[index]]
            index = labels[index]
        return index

    for left, right in pairs:
        low, high = sorted((find(left), find(right)))
        labels[high] = low
    return [find(index) for index in range(count)]


def _wrap(fractional: NDArray[np.float64]) -> NDArray[np.float64]:
    wrapped = fractional - np.floor(fractional)
    # A value just below zero rounds to 1, which a periodic tree refuses.
    return np.where(wrapped >= 1.0, 0.0, wrapped)


def _negative(image: Image) -> Image:
    return -image[0], -image[1], -image[2]
