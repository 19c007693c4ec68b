"""Point-charge energies of many arrangements on one set of sites.

The Ewald sum is a quadratic form of the charges. Its matrix depends on the sites only, so it is
computed once; an arrangement then costs one matrix-vector product, and a swap of two charges a few
operations once the potentials of the sites are kept up to date.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.units import COULOMB_EV_A

if TYPE_CHECKING:
    from pymatgen.core.lattice import Lattice

__all__ = [
    "compute_charge_change_energy",
    "compute_ewald_energies",
    "compute_ewald_matrix",
    "compute_potentials",
    "compute_swap_energy",
    "update_potentials",
]

# exp(-x²) falls to 1e-12 here: both sums end where their terms do.
_CUTOFF_EXPONENT = math.sqrt(12.0 * math.log(10.0))
_WAVES_PER_BLOCK = 512


def compute_ewald_matrix(lattice: Lattice, frac_coords: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ewald matrix M of a periodic set of sites, so that E = qᵀ M q.

    The sum and its splitting between direct and reciprocal space are those of
    doi 10.1016/0010-4655(96)00016-1, with tin-foil boundary conditions.

    Parameters
    ----------
    lattice : pymatgen.core.Lattice
        Cell.
    frac_coords : ndarray
        ``(n_sites, 3)``, fractional; no two sites may coincide.

    Returns
    -------
    ndarray
        ``(n_sites, n_sites)``, symmetric, eV per e². A cell that is not neutral is embedded in a
        uniform background of opposite charge (doi 10.1016/0010-4655(96)00016-1); only energies of
        cells of the same charge compare.

    Raises
    ------
    InputError
        When there are no sites, or two of them coincide.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> matrix = compute_ewald_matrix(Lattice.cubic(2.0), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
    >>> matrix.shape
    (2, 2)
    """
    from perolyte.structures._ewald_kernels import add_real_space

    n_sites = len(frac_coords)
    if n_sites == 0:
        raise InputError("an Ewald sum over 0 sites was asked; give at least one site")
    # A skewed cell has far more images and waves to go through than the same crystal reduced.
    reduced = lattice.get_lll_reduced_lattice()
    vectors_A = np.array(reduced.matrix, dtype=np.float64)
    coords = np.mod(np.asarray(frac_coords, float) @ lattice.matrix @ np.linalg.inv(vectors_A), 1.0)
    volume_A3 = abs(float(np.linalg.det(vectors_A)))
    # Equal work in both spaces, up to the speed of their loops: eta grows as (n / V²)^⅓.
    eta = math.pi * (n_sites / volume_A3**2) ** (1.0 / 3.0)
    matrix = np.zeros((n_sites, n_sites))
    for waves in _generate_waves(vectors_A, coords, eta=eta, volume_A3=volume_A3):
        matrix += waves @ waves.T
    cutoff_A = _CUTOFF_EXPONENT / math.sqrt(eta)
    heights_A = 1.0 / np.linalg.norm(np.linalg.inv(vectors_A), axis=0)
    add_real_space(matrix, coords, vectors_A, heights_A, cutoff_A, eta)
    if not np.all(np.isfinite(matrix)):
        i, j = np.argwhere(~np.isfinite(matrix))[0]
        raise InputError(
            f"sites {i} and {j} are at the same place, allowed are sites apart; remove one of them"
        )
    matrix -= math.pi / (2.0 * volume_A3 * eta)  # neutralising background
    matrix[np.diag_indices(n_sites)] -= math.sqrt(eta / math.pi)  # a charge on its own Gaussian
    # The product of a matrix with its transpose is symmetric in exact arithmetic only.
    return (matrix + matrix.T) * (0.5 * COULOMB_EV_A)


def _generate_waves(
    vectors_A: NDArray[np.float64],
    frac_coords: NDArray[np.float64],
    *,
    eta: float,
    volume_A3: float,
) -> Iterator[NDArray[np.float64]]:
    """Cosines and sines W of the reciprocal sum in blocks, so that it is the sum of W Wᵀ.

    Each block is ``(n_sites, n_waves)``, scaled by √((4π/V) exp(-G²/4eta) / G²): half of the
    reciprocal vectors stand for all, which makes up for the factor ½ of the energy.
    """
    cutoff_per_A = 2.0 * math.sqrt(eta) * _CUTOFF_EXPONENT
    reciprocal = 2.0 * math.pi * np.linalg.inv(vectors_A).T
    limits = np.floor(cutoff_per_A * np.linalg.norm(vectors_A, axis=1) / (2.0 * math.pi))
    ranges = [np.arange(-n, n + 1) for n in limits.astype(int)]
    indices = np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)
    indices = indices[len(indices) // 2 + 1 :]  # the box is symmetric: one of each G and -G
    squares = np.sum((indices @ reciprocal) ** 2, axis=1)
    inside = squares <= cutoff_per_A**2
    indices, squares = indices[inside], squares[inside]
    scales = np.sqrt(4.0 * math.pi / volume_A3 * np.exp(-squares / (4.0 * eta)) / squares)
    for start in range(0, len(indices), _WAVES_PER_BLOCK):
        block = slice(start, start + _WAVES_PER_BLOCK)
        phases = 2.0 * math.pi * (frac_coords @ indices[block].T)
        yield np.hstack([np.cos(phases) * scales[block], np.sin(phases) * scales[block]])


def compute_ewald_energies(
    matrix: NDArray[np.float64], charges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Energies of arrangements of charges on the sites of an Ewald matrix.

    Parameters
    ----------
    matrix : ndarray
        ``(n_sites, n_sites)``, eV per e², from :func:`compute_ewald_matrix`.
    charges : ndarray
        ``(n_arrangements, n_sites)``, e; 0 on empty sites.

    Returns
    -------
    ndarray
        ``(n_arrangements,)``, eV per cell.

    Examples
    --------
    >>> compute_ewald_energies(np.eye(2), np.array([[1.0, -1.0], [2.0, 0.0]]))
    array([2., 4.])
    """
    return np.einsum("ij,ij->i", charges @ matrix, charges)


def compute_potentials(
    matrix: NDArray[np.float64], charges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the potential V = dE/dq = 2 M q at every site.

    It holds the field of a site's own images, so a site that stays in place needs no correction.

    Parameters
    ----------
    matrix : ndarray
        ``(n_sites, n_sites)``, eV per e².
    charges : ndarray
        ``(n_sites,)``, e.

    Returns
    -------
    ndarray
        ``(n_sites,)``, V.

    Examples
    --------
    >>> compute_potentials(np.eye(2), np.array([1.0, -1.0]))
    array([ 2., -2.])
    """
    return 2.0 * (matrix @ charges)


def compute_charge_change_energy(
    matrix: NDArray[np.float64],
    potentials_V: NDArray[np.float64],
    *,
    sites: ArrayLike,
    changes_e: ArrayLike,
) -> float:
    """Energy of changing the charges of k sites, in O(k²): dE = Σ dq V + Σ Σ dq dq' M.

    Parameters
    ----------
    matrix : ndarray
        ``(n_sites, n_sites)``, eV per e².
    potentials_V : ndarray
        ``(n_sites,)``, V, before the change, from :func:`compute_potentials`.
    sites : array_like
        ``(k,)``, indices of the sites, each once.
    changes_e : array_like
        ``(k,)``, e, new charge minus old.

    Returns
    -------
    float
        Energy after minus before, eV.

    Examples
    --------
    >>> matrix, charges = np.array([[-1.0, 0.5], [0.5, -1.0]]), np.array([1.0, 0.0])
    >>> potentials_V = compute_potentials(matrix, charges)
    >>> compute_charge_change_energy(matrix, potentials_V, sites=[1], changes_e=[-1.0])
    -2.0
    """
    from perolyte.structures._ewald_kernels import sum_charge_change

    return float(
        sum_charge_change(
            matrix,
            potentials_V,
            np.asarray(sites, dtype=np.int64),
            np.asarray(changes_e, dtype=np.float64),
        )
    )


def compute_swap_energy(
    matrix: NDArray[np.float64],
    potentials_V: NDArray[np.float64],
    charges: NDArray[np.float64],
    *,
    first: int,
    second: int,
) -> float:
    """Energy of exchanging the charges of two sites, in a handful of operations.

    Parameters
    ----------
    matrix : ndarray
        ``(n_sites, n_sites)``, eV per e².
    potentials_V : ndarray
        ``(n_sites,)``, V, before the swap.
    charges : ndarray
        ``(n_sites,)``, e, before the swap.
    first, second : int
        Indices of the two sites; one of them may be empty (charge 0), which makes it a move.

    Returns
    -------
    float
        Energy after minus before, eV.

    Examples
    --------
    >>> matrix, charges = np.array([[-1.0, 0.5], [0.5, -2.0]]), np.array([1.0, 0.0])
    >>> potentials_V = compute_potentials(matrix, charges)
    >>> compute_swap_energy(matrix, potentials_V, charges, first=0, second=1)
    -1.0
    """
    if first == second:
        return 0.0
    change_e = float(charges[second] - charges[first])
    return compute_charge_change_energy(
        matrix, potentials_V, sites=(first, second), changes_e=(change_e, -change_e)
    )


def update_potentials(
    matrix: NDArray[np.float64],
    potentials_V: NDArray[np.float64],
    *,
    sites: ArrayLike,
    changes_e: ArrayLike,
) -> None:
    """Bring the potentials up to date, in place, after the charges of k sites changed: O(k n).

    Parameters
    ----------
    matrix : ndarray
        ``(n_sites, n_sites)``, eV per e².
    potentials_V : ndarray
        ``(n_sites,)``, V; changed in place.
    sites : array_like
        ``(k,)``, indices of the sites.
    changes_e : array_like
        ``(k,)``, e, new charge minus old.

    Examples
    --------
    >>> potentials_V = np.zeros(2)
    >>> update_potentials(np.eye(2), potentials_V, sites=[0], changes_e=[1.0])
    >>> potentials_V
    array([2., 0.])
    """
    from perolyte.structures._ewald_kernels import change_charges

    change_charges(
        matrix,
        potentials_V,
        np.asarray(sites, dtype=np.int64),
        np.asarray(changes_e, dtype=np.float64),
    )
