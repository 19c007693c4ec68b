"""Near-cubic supercells of a given number of cells, as integer matrices."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["CellShape", "find_best_shape", "is_nearly_orthogonal", "measure_shape"]

_ORTHOGONAL_TOLERANCE_DEG = 10.0
_MAX_VECTORS = 160  # lattice vectors nearest to the wanted edge; keeps the search below 0.1 s
_MAX_COSINE = 0.35  # between two edges: angles from 70 to 110 degrees
_ASPECT_SLACK = 1e-3  # lattice parameters have three digits
_DECIMALS = 6  # lengths are compared rounded, so that equivalent cells tie exactly
_NEIGHBOURS = np.array([n for n in itertools.product((-1, 0, 1), repeat=3) if n > (0, 0, 0)])
"""``(13, 3)``: neighbouring images, one of each opposite pair; the nearest one is among them when
the edges are not far from orthogonal."""


@dataclass(frozen=True)
class CellShape:
    """A supercell and how near to a cube it is.

    Attributes
    ----------
    matrix : tuple of tuple of int
        Rows: edges of the supercell in edges of the parent's cell.
    shortest_image_A : float
        Distance of a site to its nearest periodic image, Å.
    shape : float
        ``shortest_image_A`` over the cube root of the volume: 1 for a cube, 2**(1/6) = 1.12 at
        most (face-centred cubic), small for needles and plates.
    aspect : float
        Longest over shortest edge of the Minkowski-reduced cell.
    """

    matrix: tuple[tuple[int, int, int], ...]
    shortest_image_A: float
    shape: float
    aspect: float


def is_nearly_orthogonal(lattice_A: NDArray[np.float64]) -> bool:
    """Say whether all angles of a cell are within 10 degrees of 90.

    Parameters
    ----------
    lattice_A : ndarray
        ``(3, 3)``, rows are edges, Å.
    """
    unit = lattice_A / np.linalg.norm(lattice_A, axis=1, keepdims=True)
    cosines = np.abs(unit @ unit.T)[np.triu_indices(3, 1)]
    return bool(np.all(cosines <= np.sin(np.radians(_ORTHOGONAL_TOLERANCE_DEG))))


def measure_shape(lattice_A: NDArray[np.float64], matrix: NDArray[np.int64]) -> CellShape:
    """Measure the supercell of a matrix.

    Parameters
    ----------
    lattice_A : ndarray
        ``(3, 3)``, rows are edges of the parent's cell, Å.
    matrix : ndarray of int
        ``(3, 3)``, rows are edges of the supercell in edges of the parent's cell.
    """
    from ase.geometry import minkowski_reduce

    cell = matrix @ lattice_A
    # The first edge of a Minkowski-reduced cell is the shortest lattice vector.
    reduced, _ = minkowski_reduce(cell)
    lengths_A = np.linalg.norm(reduced, axis=1)
    image_A = round(float(np.min(lengths_A)), _DECIMALS)
    aspect = round(float(np.max(lengths_A) / np.min(lengths_A)), _DECIMALS)
    edge_A = float(np.abs(np.linalg.det(cell))) ** (1 / 3)
    rows = tuple((int(a), int(b), int(c)) for a, b, c in matrix)
    return CellShape(rows, image_A, round(image_A / edge_A, _DECIMALS), aspect)


def find_best_shape(
    lattice_A: NDArray[np.float64],
    n_cells: int,
    *,
    diagonal: bool,
    even_axes: Sequence[int] = (),
    max_aspect: float,
) -> CellShape | None:
    """Find the supercell of a number of cells that is nearest to a cube.

    Parameters
    ----------
    lattice_A : ndarray
        ``(3, 3)``, rows are edges of the parent's cell, Å.
    n_cells : int
        Cells of the parent in the supercell.
    diagonal : bool
        Only repeats along the edges; otherwise any edges that are nearly orthogonal and of nearly
        equal length.
    even_axes : sequence of int
        Edges of the parent along which the supercell must hold an order of two layers.
    max_aspect : float
        Largest :attr:`CellShape.aspect`.

    Returns
    -------
    CellShape or None
        The best; of equal ones that of the shortest edges, then the first by its numbers. None
        when none is good enough.
    """
    search = _list_diagonal if diagonal else _list_general
    candidates = search(lattice_A, n_cells, even_axes)
    if len(candidates) == 0:
        return None
    cells_A = candidates @ lattice_A
    images_A = np.linalg.norm(_NEIGHBOURS @ cells_A, axis=2).min(axis=1).round(_DECIMALS)
    squares_A2 = (cells_A**2).sum(axis=(1, 2)).round(_DECIMALS)
    # Reduced edges bound the volume: it is at most image * (aspect * image)**2.
    volume_A3 = n_cells * float(np.abs(np.linalg.det(lattice_A)))
    least_A = (volume_A3 / (max_aspect + _ASPECT_SLACK) ** 2) ** (1 / 3)
    good = images_A >= least_A * (1 - _ASPECT_SLACK)
    candidates, squares_A2, images_A = candidates[good], squares_A2[good], images_A[good]
    # The last key of lexsort is the first to compare.
    for index in np.lexsort((*candidates.reshape(-1, 9).T[::-1], squares_A2, -images_A)):
        shape = measure_shape(lattice_A, candidates[index])
        if shape.aspect <= max_aspect + _ASPECT_SLACK:
            return shape
    return None


def _list_diagonal(
    lattice_A: NDArray[np.float64], n_cells: int, even_axes: Sequence[int]
) -> NDArray[np.int64]:
    matrices = []
    for first in range(1, n_cells + 1):
        if n_cells % first:
            continue
        rest = n_cells // first
        for second in range(1, rest + 1):
            if rest % second:
                continue
            repeats = (first, second, rest // second)
            if all(repeats[axis] % 2 == 0 for axis in even_axes):
                matrices.append(np.diag(repeats))
    return np.array(matrices, dtype=np.int64).reshape(-1, 3, 3)


def _list_general(
    lattice_A: NDArray[np.float64], n_cells: int, even_axes: Sequence[int]
) -> NDArray[np.int64]:
    """Triples of lattice vectors near the wanted edge that span the number of cells."""
    edge_A = (n_cells * float(np.abs(np.linalg.det(lattice_A)))) ** (1 / 3)
    vectors = _list_vectors(lattice_A, edge_A, even_axes)
    cartesian_A = vectors @ lattice_A
    unit = cartesian_A / np.linalg.norm(cartesian_A, axis=1, keepdims=True)
    square = np.triu(np.abs(unit @ unit.T) <= _MAX_COSINE, 1)
    first, second = np.nonzero(square)
    n_spanned = np.cross(vectors[first], vectors[second]) @ vectors.T
    pair, third = np.nonzero((np.abs(n_spanned) == n_cells) & square[first] & square[second])
    triples = vectors[np.stack([first[pair], second[pair], third], axis=1)]
    return np.array([_orient(rows) for rows in triples], dtype=np.int64).reshape(-1, 3, 3)


def _list_vectors(
    lattice_A: NDArray[np.float64], edge_A: float, even_axes: Sequence[int]
) -> NDArray[np.int64]:
    """``(n, 3)`` lattice vectors, one of each pair of opposite ones, nearest to a length first."""
    reach_A = 1.3 * edge_A
    # The spacing of lattice planes bounds each coefficient of a vector of this length.
    limits = np.floor(reach_A * np.linalg.norm(np.linalg.inv(lattice_A), axis=0)).astype(int)
    axes = [np.arange(-limit, limit + 1) for limit in limits]
    box = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    for axis in even_axes:
        box = box[box[:, axis] % 2 == 0]
    # Of two opposite vectors, the one whose first coefficient that is not zero is positive.
    leading = np.where(box[:, 0] != 0, box[:, 0], np.where(box[:, 1] != 0, box[:, 1], box[:, 2]))
    box = box[leading > 0]
    lengths_A = np.linalg.norm(box @ lattice_A, axis=1)
    near = (lengths_A > 0.7 * edge_A) & (lengths_A < reach_A)
    box, lengths_A = box[near], lengths_A[near]
    order = np.lexsort((*box.T[::-1], np.round(np.abs(lengths_A - edge_A), _DECIMALS)))
    return box[order[:_MAX_VECTORS]].astype(np.int64)


def _orient(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sort the edges, and turn the last one round where that makes them right-handed."""
    ordered = np.array(sorted(rows.tolist(), reverse=True), dtype=np.int64)
    if round(float(np.linalg.det(ordered))) < 0:
        ordered[2] *= -1
    return ordered
