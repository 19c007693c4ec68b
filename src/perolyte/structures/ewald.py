"""Point-charge energies of many arrangements on one set of sites.

The Ewald sum is a quadratic form of the charges. Its matrix depends on the sites only, so it is
computed once and each arrangement costs one matrix-vector product.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.lattice import Lattice

__all__ = ["compute_ewald_energies", "compute_ewald_matrix"]


def compute_ewald_matrix(lattice: Lattice, frac_coords: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ewald matrix M of a periodic set of sites, so that E = qᵀ M q.

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
        When there are no sites.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> matrix = compute_ewald_matrix(Lattice.cubic(2.0), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
    >>> matrix.shape
    (2, 2)
    """
    from pymatgen.core.ewald import EwaldSummation
    from pymatgen.core.periodic_table import Species
    from pymatgen.core.structure import Structure

    n_sites = len(frac_coords)
    if n_sites == 0:
        raise InputError("an Ewald sum over 0 sites was asked; give at least one site")
    # The splitting parameter of pymatgen's default, named here because the background needs it.
    eta = math.pi * (n_sites / (math.sqrt(2.0) * lattice.volume**2)) ** (1.0 / 3.0)
    units = Structure(lattice, [Species("H", 1)] * n_sites, frac_coords)
    matrix = np.asarray(EwaldSummation(units, eta=eta).total_energy_matrix, dtype=np.float64)
    background = EwaldSummation.CONV_FACT * math.pi / (2.0 * lattice.volume * eta)
    return 0.5 * (matrix + matrix.T) - background


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
