"""Minimum of an energy grid between its voxels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["refine_minimum"]

FloatArray = NDArray[np.float64]


def refine_minimum(
    energies_eV: NDArray[np.floating], voxel: tuple[int, int, int]
) -> tuple[FloatArray, float, bool]:
    """Fit a quadratic form to the 27 voxels around a minimum.

    The fit is used when it has a minimum, and that minimum lies within one voxel of the lowest
    voxel and not above it; otherwise (plateaus, minima at the edge of the allowed energies, axes
    of fewer than three voxels) the voxel itself is returned.

    Parameters
    ----------
    energies_eV : ndarray
        (n_a, n_b, n_c), eV, periodic.
    voxel : tuple of int
        Lowest voxel.

    Returns
    -------
    tuple
        Fractional coordinates (3,), not wrapped; energy in eV; whether the fit was used.

    Examples
    --------
    >>> u = 2 * np.pi * (np.arange(20) / 20 - 0.26)
    >>> wave = -np.cos(u)
    >>> grid = wave[:, None, None] + wave[None, :, None] + wave[None, None, :]
    >>> position, energy, fitted = refine_minimum(grid, (5, 5, 5))
    >>> position.round(3).tolist(), round(energy, 2), fitted
    ([0.26, 0.26, 0.26], -3.0, True)
    """
    shape = np.array(energies_eV.shape)
    centre = np.array(voxel)
    lowest = float(energies_eV[voxel])
    if shape.min() < 3:
        return centre / shape, lowest, False
    steps = np.indices((3, 3, 3)).reshape(3, -1).T - 1
    values = energies_eV[tuple(((centre + steps) % shape).T)].astype(np.float64)
    x, y, z = steps.T.astype(np.float64)
    columns = [np.ones(27), x, y, z, x * x, y * y, z * z, x * y, x * z, y * z]
    # Subtracting the minimum keeps the fit accurate beside walls of several eV.
    c = np.linalg.lstsq(np.stack(columns, axis=1), values - lowest, rcond=None)[0]
    hessian = np.array([[2 * c[4], c[7], c[8]], [c[7], 2 * c[5], c[9]], [c[8], c[9], 2 * c[6]]])
    eigenvalues = np.linalg.eigvalsh(hessian)
    if eigenvalues[0] <= 1e-9 * max(eigenvalues[-1], 1e-30):
        return centre / shape, lowest, False
    shift = -np.linalg.solve(hessian, c[1:4])
    # Between a fit and the data lies its residual: it must not lift the minimum.
    offset = min(0.0, 0.5 * float(c[1:4] @ shift))
    if np.abs(shift).max() > 1.0:
        return centre / shape, lowest, False
    return (centre + shift) / shape, lowest + offset, True
