"""Octahedra: centres whose six nearest vertices stand at right angles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.perovskite.neighbours import find_neighbours

__all__ = ["Octahedra", "find_octahedra", "measure_search_radius"]

_TRANS_COS = np.cos(np.radians(138.0))  # opposite vertices: 142° where B is far off the centre
_CIS_COS = np.cos(np.radians(52.0))  # neighbouring vertices: 90° ± 38°, judged by the mean below
_MAX_MEAN_DEVIATION_DEG = 16.0  # of the 12 cis angles from 90°
_MAX_STRETCH = 2.0  # longest over shortest bond: 1.3 to 1.8 in supertetragonal cells
_MIN_GAP = 1.08  # the seventh neighbour over the sixth
_RADIUS_RANGE_A = (3.5, 10.0)


@dataclass(frozen=True)
class Octahedra:
    """Octahedra of one cell.

    Attributes
    ----------
    centre : numpy.ndarray
        ``(n,)``, index of the site in each centre.
    vertex : numpy.ndarray
        ``(n, 6)``, index of the site at each vertex.
    image : numpy.ndarray
        ``(n, 6, 3)``, lattice translation of each vertex.
    vector_A : numpy.ndarray
        ``(n, 6, 3)``, Å, from the centre to each vertex.
    opposite : numpy.ndarray
        ``(n, 6)``, slot of the vertex on the other side of each vertex.
    deviation_deg : numpy.ndarray
        ``(n,)``, mean deviation of the twelve cis angles from 90°.
    """

    centre: NDArray[np.int64]
    vertex: NDArray[np.int64]
    image: NDArray[np.int64]
    vector_A: NDArray[np.float64]
    opposite: NDArray[np.int64]
    deviation_deg: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.centre)

    def select(self, keep: NDArray[np.bool_]) -> Octahedra:
        """Return the octahedra for which the mask ``(n,)`` is true."""
        return Octahedra(
            centre=self.centre[keep],
            vertex=self.vertex[keep],
            image=self.image[keep],
            vector_A=self.vector_A[keep],
            opposite=self.opposite[keep],
            deviation_deg=self.deviation_deg[keep],
        )

    @property
    def bond_A(self) -> NDArray[np.float64]:
        """Mean bond length of each octahedron, ``(n,)``, Å."""
        return np.linalg.norm(self.vector_A, axis=2).mean(axis=1)


def measure_search_radius(matrix: NDArray[np.float64], n_vertices: int) -> float:
    """Return a radius in Å that holds a first shell, from the density of the vertices.

    It scales with the crystal, so that a cell in a wrong unit of length keeps its topology.
    """
    spacing = (abs(float(np.linalg.det(matrix))) / max(n_vertices, 1)) ** (1.0 / 3.0)
    return float(np.clip(1.3 * spacing + 1.0, *_RADIUS_RANGE_A))


def find_octahedra(
    matrix: NDArray[np.float64],
    frac: NDArray[np.float64],
    centres: NDArray[np.int64],
    vertices: NDArray[np.int64],
) -> Octahedra:
    """Find the centres that six vertices surround octahedrally.

    Parameters
    ----------
    matrix : numpy.ndarray
        ``(3, 3)``, Å, rows are lattice vectors.
    frac : numpy.ndarray
        ``(n_sites, 3)``, fractional.
    centres, vertices : numpy.ndarray
        Indices of the sites to try.

    Returns
    -------
    Octahedra
        Of the centres whose six nearest vertices form three straight pairs (above 138°) at right
        angles (within 38°, 16° on average), with a seventh neighbour at least 8 % farther.
    """
    radius_A = measure_search_radius(matrix, len(vertices))
    found = find_neighbours(matrix, frac[centres], frac[vertices], n_nearest=7, radius_A=radius_A)
    six = found.distance_A[:, :6]
    with np.errstate(invalid="ignore", divide="ignore"):
        unit = found.vector_A[:, :6] / six[..., None]
        cosine = np.clip(np.einsum("nik,njk->nij", unit, unit), -1.0, 1.0)
        stretch = six[:, 5] / six[:, 0]
        gap = found.distance_A[:, 6] / six[:, 5]
    straight = cosine < _TRANS_COS
    pairs = np.all(straight.sum(axis=2) == 1, axis=1)
    off_diagonal = ~np.eye(6, dtype=bool)[None]
    cis = off_diagonal & ~straight
    right = np.all(~cis | (np.abs(cosine) < _CIS_COS), axis=(1, 2))
    angle = np.degrees(np.arccos(np.where(cis, cosine, 0.0)))
    deviation = np.abs(angle - 90.0).sum(axis=(1, 2)) / 24.0
    keep = (
        np.isfinite(six[:, 5])
        & pairs
        & right
        & (deviation <= _MAX_MEAN_DEVIATION_DEG)
        & (stretch <= _MAX_STRETCH)
        & (gap >= _MIN_GAP)
    )
    index = found.index[:, :6][keep]
    return Octahedra(
        centre=np.asarray(centres)[keep],
        vertex=np.asarray(vertices)[index] if len(vertices) else index,
        image=found.image[:, :6][keep],
        vector_A=found.vector_A[:, :6][keep],
        opposite=np.argmin(cosine[keep], axis=2) if keep.any() else np.zeros((0, 6), np.int64),
        deviation_deg=deviation[keep],
    )
