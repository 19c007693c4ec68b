"""Coincidence site lattices of symmetric tilt boundaries about [001] of a cubic crystal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = [
    "TILT_AXIS",
    "OrientedCell",
    "check_plane",
    "find_boundary_planes",
    "find_sigma",
    "find_tilt_angle",
    "orient_cell",
]

TILT_AXIS = (0, 0, 1)
_SAME_PLANE = 1e-3  # of the distance between equal lattice planes
_MAX_INDEX = 12


@dataclass(frozen=True, eq=False)
class OrientedCell:
    """The crystal in a cell whose third axis is normal to the boundary.

    Attributes
    ----------
    lengths_A : ndarray
        ``(3,)``, Å: along the tilt axis, across it in the plane, along the normal.
    coords_A : ndarray
        ``(n_sites, 3)``, Å, the lowest plane at z = 0.
    labels : ndarray of int
        ``(n_sites,)``, sublattice of each site, as given.
    heights_A : tuple of float
        Å, of the different lattice planes within the distance of equal ones.
    """

    lengths_A: NDArray[np.float64]
    coords_A: NDArray[np.float64]
    labels: NDArray[np.int64]
    heights_A: tuple[float, ...]

    def start_at(self, height_A: float) -> OrientedCell:
        """Return the same crystal with the plane at a height moved to z = 0."""
        coords = self.coords_A - [0.0, 0.0, height_A]
        # a hair below zero is the plane itself, not the top of the cell
        coords[:, 2] = np.mod(coords[:, 2] + 1e-6, self.lengths_A[2]) - 1e-6
        return OrientedCell(self.lengths_A, coords, self.labels, self.heights_A)


def find_sigma(plane: tuple[int, int, int]) -> int:
    """Return Sigma of the symmetric tilt boundary about [001] on a plane (h k 0).

    h² + k² without common divisors, halved where it is even (tan(θ/2) = k/h; S. Ranganathan, Acta
    Cryst. 21, 197, 1966).

    Raises
    ------
    InputError
        For a plane that does not hold the tilt axis, or that is no boundary.

    Examples
    --------
    >>> find_sigma((2, 1, 0)), find_sigma((3, 1, 0)), find_sigma((3, 2, 0)), find_sigma((5, 1, 0))
    (5, 5, 13, 13)
    """
    h, k = _reduce(plane)
    total = h * h + k * k
    return total // 2 if total % 2 == 0 else total


def find_tilt_angle(plane: tuple[int, int, int]) -> float:
    """Return the misorientation 2 atan(k/h) of a plane (h k 0) with h > k, degrees.

    Examples
    --------
    >>> round(find_tilt_angle((3, 1, 0)), 2), round(find_tilt_angle((2, 1, 0)), 2)
    (36.87, 53.13)
    """
    h, k = _reduce(plane)
    return math.degrees(2.0 * math.atan2(k, h))


def find_boundary_planes(sigma: int) -> tuple[tuple[int, int, int], ...]:
    """Return the planes of the symmetric tilt boundaries about [001] of a Sigma.

    Examples
    --------
    >>> find_boundary_planes(5), find_boundary_planes(7)
    (((2, 1, 0), (3, 1, 0)), ())
    """
    pairs = [
        (h, k, 0)
        for h in range(2, _MAX_INDEX + 1)
        for k in range(1, h)
        if math.gcd(h, k) == 1 and find_sigma((h, k, 0)) == sigma
    ]
    return tuple(sorted(pairs))


def check_plane(sigma: int, plane: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the plane with h > k > 0 and without common divisor; InputError unless of Sigma."""
    h, k = _reduce(plane)
    own = find_sigma((h, k, 0))
    if own != sigma:
        allowed = find_boundary_planes(sigma)
        hint = (
            f"give one of {', '.join(_write(other) for other in allowed)}"
            if allowed
            else "Sigma 5, 13, 17, 25, 29 and others have such planes"
        )
        raise InputError(
            f"plane {_write(plane)} belongs to Sigma {own}, not to Sigma {sigma}; {hint}"
        )
    return h, k, 0


def orient_cell(cell: Structure, plane: tuple[int, int, int]) -> OrientedCell:
    """Cut the coincidence cell of a boundary out of a cubic crystal.

    The vectors are those of pymatgen's generator (Zheng et al., Acta Materialia 186, 40, 2020).

    Parameters
    ----------
    cell : pymatgen.core.Structure
        Conventional cubic cell; the atomic number of each site is its label.
    plane : tuple of int
        From :func:`check_plane`.

    Returns
    -------
    OrientedCell
        One period along each axis.
    """
    from pymatgen.core.interface import GrainBoundaryGenerator

    vectors, _ = GrainBoundaryGenerator.get_trans_mat(
        TILT_AXIS, find_tilt_angle(plane), normal=True, lat_type="c", surface=plane
    )
    grain = cell * vectors
    lattice = grain.lattice
    lengths_A = np.array(lattice.abc)
    if not np.allclose(lattice.angles, 90.0, atol=1e-4):
        normal_A = lattice.volume / np.linalg.norm(np.cross(lattice.matrix[0], lattice.matrix[1]))
        raise InputError(
            f"the coincidence cell of plane {_write(plane)} is not rectangular (normal "
            f"{normal_A:.2f} Å); give a plane (h k 0) of smaller indices"
        )
    coords = np.mod(np.round(grain.frac_coords, 9), 1.0) * lengths_A
    labels = np.array([site.specie.Z for site in grain], dtype=np.int64)
    spacing_A = cell.lattice.a / math.hypot(*plane)
    heights = np.mod(coords[:, 2] / spacing_A + _SAME_PLANE, 1.0) - _SAME_PLANE
    distinct: list[float] = []
    for height in np.sort(heights):
        if not distinct or height - distinct[-1] > 2 * _SAME_PLANE:
            distinct.append(float(height))
    return OrientedCell(
        lengths_A, coords, labels, tuple(max(0.0, height) * spacing_A for height in distinct)
    )


def _reduce(plane: tuple[int, int, int]) -> tuple[int, int]:
    """Return h > k > 0 without common divisor."""
    whole = [int(index) for index in plane]
    if len(whole) != 3 or whole[2] != 0 or 0 in whole[:2] or abs(whole[0]) == abs(whole[1]):
        raise InputError(
            f"plane {_write(plane)} is no symmetric tilt boundary about [001]; give (h k 0) with "
            "different h and k above 0, e.g. (2 1 0), (3 1 0) or (3 2 0)"
        )
    k, h = sorted(abs(index) for index in whole[:2])
    divisor = math.gcd(h, k)
    return h // divisor, k // divisor


def _write(plane: tuple[int, ...]) -> str:
    return f"({' '.join(str(index) for index in plane)})"
