"""Sites, hops between them, and what the periodic graph of both says about long-range motion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.bvse.bottleneck import Bottleneck, RadiusKind
from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["MigrationEdge", "Site", "SiteNetwork", "find_network_thresholds"]

Image = tuple[int, int, int]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Site:
    """Local minimum of an energy map.

    Attributes
    ----------
    index : int
        Position in ``SiteNetwork.sites``; 0 is the deepest.
    fractional : tuple of float
        Position of the minimum, refined between the voxels where ``refined``; not wrapped, so that
        it stays beside its voxel.
    energy_eV : float
        Energy of the lowest voxel, from which barriers are counted, eV.
    refined_energy_eV : float
        Energy of the refined minimum, eV.
    refined : bool
        Whether a quadratic fit gave the position.
    voxel : tuple of int
        Lowest voxel.
    volume_A3 : float
        Volume of the basin below the energy limit, Å³.
    equivalence : int
        Lowest index among the sites that the symmetry of the framework maps onto this one.
    """

    index: int
    fractional: tuple[float, float, float]
    energy_eV: float
    refined_energy_eV: float
    refined: bool
    voxel: tuple[int, int, int]
    volume_A3: float
    equivalence: int


@dataclass(frozen=True, eq=False)
class MigrationEdge:
    """Hop from a site in cell 0 to a site in the cell ``image``.

    Of several ways between the same two sites and cells it is the one with the lowest saddle.

    Attributes
    ----------
    index : int
        Position in ``SiteNetwork.edges``; 0 has the lowest saddle.
    start, end : int
        Sites; the same one when the hop leads to a periodic image.
    image : tuple of int
        Cell of ``end``.
    saddle_eV : float
        Energy of the lowest voxel at which the two basins meet, eV.
    forward_eV, reverse_eV : float
        Barriers from ``start`` and from ``end``, eV.
    is_saddle : bool
        Whether the two sides are apart just below that voxel. If not, the basins only touch there
        (at an edge or corner), and a path over other sites avoids the voxel.
    equivalence : int
        Lowest index among the edges that the symmetry of the framework maps onto this one.
    path_fractional : ndarray
        (n_points, 3), unwrapped fractional coordinates of the voxels of the path.
    path_energies_eV : ndarray
        (n_points,), eV.
    length_A : float
        Length of the polyline through the voxels, Å; it zigzags, up to 13 % longer than a smooth
        path.
    bottleneck : Bottleneck
        Critical point, its free radius and the atoms around it.
    """

    index: int
    start: int
    end: int
    image: Image
    saddle_eV: float
    forward_eV: float
    reverse_eV: float
    is_saddle: bool
    equivalence: int
    path_fractional: FloatArray
    path_energies_eV: FloatArray
    length_A: float
    bottleneck: Bottleneck


@dataclass(frozen=True, eq=False)
class SiteNetwork:
    """Sites of a mobile ion and the hops between them.

    Attributes
    ----------
    framework : pymatgen.core.Structure
        Structure without the mobile ion.
    ion : str
        Mobile ion, e.g. "Li+".
    shape : tuple of int
        Voxels along a, b and c.
    sites : tuple of Site
        Ascending in energy.
    edges : tuple of MigrationEdge
        Ascending in saddle energy; each pair of basins once per image, in one direction.
    energy_limit_eV : float
        Above the lowest voxel; nothing above it was looked at, eV.
    merge_below_eV : float
        Depth below which minima were merged, eV.
    connectivity : int
        6 or 26 neighbours of a voxel.
    radius_kind : str
        "ionic" or "covalent": what the bottleneck radii subtract.
    """

    framework: Structure
    ion: str
    shape: tuple[int, int, int]
    sites: tuple[Site, ...]
    edges: tuple[MigrationEdge, ...]
    energy_limit_eV: float
    merge_below_eV: float
    connectivity: int
    radius_kind: RadiusKind

    def find_thresholds(self) -> dict[int, float]:
        """Energies (eV) at which the network percolates in 1, 2 and 3 dimensions, inf for never.

        They equal those of the map (:func:`perolyte.bvse.percolation_barriers`, ``thresholds_eV``)
        up to the energy limit.
        """
        return find_network_thresholds(
            len(self.sites), [(e.start, e.end, e.image, e.saddle_eV) for e in self.edges]
        )


def find_network_thresholds(
    n_sites: int, edges: Iterable[tuple[int, int, Image, float]]
) -> dict[int, float]:
    """Return the energies at which a periodic graph first percolates in 1, 2 and 3 dimensions.

    Edges are added in ascending order. A union-find keeps for each site the cell offset to the
    root of its cluster; an edge within a cluster that does not close with offset zero adds a
    winding vector, and the rank of the winding vectors is the dimension of the cluster.

    Parameters
    ----------
    n_sites : int
        Number of sites.
    edges : iterable of tuple
        Start, end, image of the end, and energy in eV.

    Returns
    -------
    dict of int to float
        Dimension (1, 2, 3) to energy in eV; inf where the graph does not percolate.

    Raises
    ------
    InputError
        When an edge names a site that does not exist.

    Examples
    --------
    >>> find_network_thresholds(1, [(0, 0, (1, 0, 0), 0.3), (0, 0, (1, 1, 0), 0.5)])
    {1: 0.3, 2: 0.5, 3: inf}
    """
    parents = list(range(n_sites))
    offsets = np.zeros((n_sites, 3), dtype=np.int64)
    windings: list[list[NDArray[np.int64]]] = [[] for _ in range(n_sites)]
    thresholds = dict.fromkeys((1, 2, 3), np.inf)

    def find(site: int) -> tuple[int, NDArray[np.int64]]:
        total = np.zeros(3, dtype=np.int64)
        while parents[site] != site:
            total = total + offsets[site]
            site = parents[site]
        return site, total

    for start, end, image, energy in sorted(edges, key=lambda edge: edge[3]):
        if not (0 <= start < n_sites and 0 <= end < n_sites):
            raise InputError(
                f"an edge joins the sites {start} and {end}; they must lie in 0 to {n_sites - 1}"
            )
        (root, to_root), (other, to_other) = find(start), find(end)
        # start lies at root + to_root, end at other + to_other, and the edge adds the image.
        difference = to_root - to_other - np.array(image)
        if root == other:
            if not difference.any():
                continue
            windings[root] = _extend_basis(windings[root], difference)
        else:
            parents[other] = root
            offsets[other] = difference
            for vector in windings[other]:
                windings[root] = _extend_basis(windings[root], vector)
        for dimension in range(1, len(windings[root]) + 1):
            thresholds[dimension] = min(thresholds[dimension], float(energy))
    return thresholds


def _extend_basis(
    basis: list[NDArray[np.int64]], vector: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Add a vector when it is independent; exact for the small integers of winding vectors."""
    if np.linalg.matrix_rank(np.array([*basis, vector])) > len(basis):
        return [*basis, vector]
    return basis
