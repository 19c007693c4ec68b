"""Compiled sums of the Ewald matrix and of charge moves."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["add_real_space", "change_charges", "sum_charge_change"]


@njit(cache=True, nogil=True)
def add_real_space(
    matrix: NDArray[np.float64],
    frac_coords: NDArray[np.float64],
    vectors_A: NDArray[np.float64],
    heights_A: NDArray[np.float64],
    cutoff_A: float,
    eta: float,
) -> None:
    """Add ½ Σ_T erfc(√eta |d + T|) / |d + T| to every entry of a matrix, in e²/Å.

    ``vectors_A`` holds the lattice vectors as rows, ``heights_A`` the distances between opposite
    faces of the cell. The zero distance of a site to itself is left out; that of two sites on one
    place gives infinity.
    """
    n_sites = len(frac_coords)
    root = math.sqrt(eta)
    reach = cutoff_A / heights_A
    for i in range(n_sites):
        for j in range(i, n_sites):
            du = frac_coords[j, 0] - frac_coords[i, 0]
            dv = frac_coords[j, 1] - frac_coords[i, 1]
            dw = frac_coords[j, 2] - frac_coords[i, 2]
            total = 0.0
            for a in range(math.ceil(-reach[0] - du), math.floor(reach[0] - du) + 1):
                u = du + a
                for b in range(math.ceil(-reach[1] - dv), math.floor(reach[1] - dv) + 1):
                    v = dv + b
                    for c in range(math.ceil(-reach[2] - dw), math.floor(reach[2] - dw) + 1):
                        w = dw + c
                        x = u * vectors_A[0, 0] + v * vectors_A[1, 0] + w * vectors_A[2, 0]
                        y = u * vectors_A[0, 1] + v * vectors_A[1, 1] + w * vectors_A[2, 1]
                        z = u * vectors_A[0, 2] + v * vectors_A[1, 2] + w * vectors_A[2, 2]
                        distance_A = math.sqrt(x * x + y * y + z * z)
                        if distance_A > cutoff_A:
                            continue
                        if distance_A < 1e-8:
                            if i != j:
                                total = math.inf
                            continue
                        total += math.erfc(root * distance_A) / distance_A
            matrix[i, j] += 0.5 * total
            if i != j:
                matrix[j, i] += 0.5 * total


@njit(cache=True, nogil=True)
def sum_charge_change(
    matrix: NDArray[np.float64],
    potentials_V: NDArray[np.float64],
    indices: NDArray[np.int64],
    changes_e: NDArray[np.float64],
) -> float:
    """Sum Σ_a dq_a V_a + Σ_ab dq_a dq_b M_ab over the sites whose charge changes, in eV."""
    energy_eV = 0.0
    for a in range(len(indices)):
        row = 0.0
        for b in range(len(indices)):
            row += matrix[indices[a], indices[b]] * changes_e[b]
        energy_eV += changes_e[a] * (potentials_V[indices[a]] + row)
    return energy_eV


@njit(cache=True, nogil=True)
def change_charges(
    matrix: NDArray[np.float64],
    potentials_V: NDArray[np.float64],
    indices: NDArray[np.int64],
    changes_e: NDArray[np.float64],
) -> None:
    """Bring the potentials up to date after charges changed, in place: V += 2 M dq."""
    for a in range(len(indices)):
        row = matrix[indices[a]]
        twice = 2.0 * changes_e[a]
        for k in range(len(potentials_V)):
            potentials_V[k] += twice * row[k]
