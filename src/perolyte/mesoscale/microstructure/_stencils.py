"""Gradient, current and divergence of a periodic potential on voxels, in one pass over memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["apply_finite_volume", "apply_rotated", "bound_eigenvalues", "sum_inverses"]

# Fields are (n_components, n_0, n_1, n_2): one component for isotropic voxels, else the six of a
# symmetric tensor in the order xx, yy, zz, yz, xz, xy. Only two planes of the current exist at a
# time, so that a solution costs a few scalar fields and no vector field.


@njit(cache=True, nogil=True)
def _conduct(
    sigma: NDArray[Any], i: int, j: int, e: NDArray[Any], current: NDArray[Any]
) -> tuple[float, float, float, float]:
    """Fill one row of the current (3, n_2) from the field (3, n_2); return Σ current and Σ e·j."""
    sums = np.zeros(4)
    n = e.shape[1]
    if sigma.shape[0] == 1:
        for k in range(n):
            s = sigma[0, i, j, k]
            current[0, k] = s * e[0, k]
            current[1, k] = s * e[1, k]
            current[2, k] = s * e[2, k]
    else:
        for k in range(n):
            x, y, z = e[0, k], e[1, k], e[2, k]
            yz, xz, xy = sigma[3, i, j, k], sigma[4, i, j, k], sigma[5, i, j, k]
            current[0, k] = sigma[0, i, j, k] * x + xy * y + xz * z
            current[1, k] = xy * x + sigma[1, i, j, k] * y + yz * z
            current[2, k] = xz * x + yz * y + sigma[2, i, j, k] * z
    for k in range(n):
        sums[0] += current[0, k]
        sums[1] += current[1, k]
        sums[2] += current[2, k]
        sums[3] += current[0, k] * e[0, k] + current[1, k] * e[1, k] + current[2, k] * e[2, k]
    return sums[0], sums[1], sums[2], sums[3]


@njit(cache=True, nogil=True)
def apply_rotated(
    u: NDArray[Any],
    sigma: NDArray[Any],
    applied: NDArray[np.float64],
    out: NDArray[Any],
    start: int,
    stop: int,
) -> NDArray[np.float64]:
    """Write -div σ(E + grad u) for the planes from start to stop; return Σ current and Σ e·j.

    The potential is at the corners of voxels and the field in their middle: the rotated scheme.
    """
    n_0, n_1, n_2 = u.shape
    flux = np.empty((2, n_1, 3, n_2), u.dtype)
    row = np.empty((3, n_2 + 1), u.dtype)
    e = np.empty((3, n_2), u.dtype)
    sums = np.zeros(4)
    quarter = u.dtype.type(0.25)
    e_0, e_1, e_2 = u.dtype.type(applied[0]), u.dtype.type(applied[1]), u.dtype.type(applied[2])
    for plane in range(start - 1, stop):
        i = plane % n_0
        i_next = (i + 1) % n_0
        new, old = flux[plane & 1], flux[(plane + 1) & 1]
        for j in range(n_1):
            j_next = (j + 1) % n_1
            a, b, c, d = u[i, j], u[i_next, j], u[i, j_next], u[i_next, j_next]
            for k in range(n_2):
                row[0, k] = b[k] + d[k] - a[k] - c[k]
                row[1, k] = c[k] + d[k] - a[k] - b[k]
                row[2, k] = a[k] + b[k] + c[k] + d[k]
            row[:, n_2] = row[:, 0]
            for k in range(n_2):
                e[0, k] = e_0 + quarter * (row[0, k] + row[0, k + 1])
                e[1, k] = e_1 + quarter * (row[1, k] + row[1, k + 1])
                e[2, k] = e_2 + quarter * (row[2, k + 1] - row[2, k])
            found = _conduct(sigma, i, j, e, new[j])
            if plane >= start:
                for axis in range(4):
                    sums[axis] += found[axis]
        if plane < start:
            continue
        for j in range(n_1):
            p, p_last, q, q_last = old[j], old[j - 1], new[j], new[j - 1]
            for k in range(n_2):
                across = p[0, k] + p_last[0, k] - q[0, k] - q_last[0, k]
                across += p_last[1, k] + q_last[1, k] - p[1, k] - q[1, k]
                along = p[2, k] + p_last[2, k] + q[2, k] + q_last[2, k]
                # each value enters two corners of the row: this one and the one before
                row[0, k + 1] = across + along
                row[1, k] = across - along
            row[0, 0] = row[0, n_2]
            for k in range(n_2):
                out[i, j, k] = quarter * (row[0, k] + row[1, k])
    return sums


@njit(cache=True, nogil=True)
def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b)


@njit(cache=True, nogil=True)
def apply_finite_volume(
    u: NDArray[Any],
    sigma: NDArray[Any],
    applied: NDArray[np.float64],
    out: NDArray[Any],
    start: int,
    stop: int,
) -> NDArray[np.float64]:
    """Do what `apply_rotated` does with potentials in the middle of voxels, fields on their faces.

    A face conducts as its two half voxels in series.
    """
    n_0, n_1, n_2 = u.shape
    x, y, z = (0, 0, 0) if sigma.shape[0] == 1 else (0, 1, 2)
    flux = np.empty((2, n_1, 3, n_2), u.dtype)
    sums = np.zeros(4)
    e_0, e_1, e_2 = u.dtype.type(applied[0]), u.dtype.type(applied[1]), u.dtype.type(applied[2])
    for plane in range(start - 1, stop):
        i = plane % n_0
        i_next = (i + 1) % n_0
        new, old = flux[plane & 1], flux[(plane + 1) & 1]
        for j in range(n_1):
            j_next = (j + 1) % n_1
            energy = 0.0
            for k in range(n_2):
                k_next = k + 1 if k + 1 < n_2 else 0
                here = u[i, j, k]
                f_0 = e_0 + u[i_next, j, k] - here
                f_1 = e_1 + u[i, j_next, k] - here
                f_2 = e_2 + u[i, j, k_next] - here
                c_0 = f_0 * _harmonic(sigma[x, i, j, k], sigma[x, i_next, j, k])
                c_1 = f_1 * _harmonic(sigma[y, i, j, k], sigma[y, i, j_next, k])
                c_2 = f_2 * _harmonic(sigma[z, i, j, k], sigma[z, i, j, k_next])
                new[j, 0, k], new[j, 1, k], new[j, 2, k] = c_0, c_1, c_2
                energy += f_0 * c_0 + f_1 * c_1 + f_2 * c_2
            if plane >= start:
                for k in range(n_2):
                    sums[0] += new[j, 0, k]
                    sums[1] += new[j, 1, k]
                    sums[2] += new[j, 2, k]
                sums[3] += energy
        if plane < start:
            continue
        for j in range(n_1):
            for k in range(n_2):
                out[i, j, k] = (old[j, 0, k] - new[j, 0, k] + new[j - 1, 1, k] - new[j, 1, k]) + (
                    new[j, 2, k - 1] - new[j, 2, k]
                )
    return sums


@njit(cache=True, nogil=True)
def bound_eigenvalues(tensors: NDArray[Any]) -> tuple[float, float]:
    """Return the lowest and highest eigenvalue of tensors (6, n); closed form of symmetric 3 x 3.

    Smith (1961), doi 10.1145/355578.366316.
    """
    lowest, highest = np.inf, -np.inf
    for v in range(tensors.shape[1]):
        xx, yy, zz = float(tensors[0, v]), float(tensors[1, v]), float(tensors[2, v])
        yz, xz, xy = float(tensors[3, v]), float(tensors[4, v]), float(tensors[5, v])
        mean = (xx + yy + zz) / 3.0
        spread = (xx - mean) ** 2 + (yy - mean) ** 2 + (zz - mean) ** 2
        spread = np.sqrt((spread + 2.0 * (yz * yz + xz * xz + xy * xy)) / 6.0)
        low = high = mean
        if spread > 0.0:
            a, b, c = (xx - mean) / spread, (yy - mean) / spread, (zz - mean) / spread
            f, g, h = yz / spread, xz / spread, xy / spread
            half = 0.5 * (a * (b * c - f * f) - h * (h * c - f * g) + g * (h * f - b * g))
            angle = np.arccos(min(1.0, max(-1.0, half))) / 3.0
            high = mean + 2.0 * spread * np.cos(angle)
            low = mean + 2.0 * spread * np.cos(angle + 2.0 * np.pi / 3.0)
        lowest = min(lowest, low)
        highest = max(highest, high)
    return lowest, highest


@njit(cache=True, nogil=True)
def sum_inverses(tensors: NDArray[Any], shift: float) -> NDArray[np.float64]:
    """Return the sum of (σ + shift)^-1 over tensors (6, n), as six components."""
    total = np.zeros(6)
    for v in range(tensors.shape[1]):
        xx, yy, zz = tensors[0, v] + shift, tensors[1, v] + shift, tensors[2, v] + shift
        yz, xz, xy = float(tensors[3, v]), float(tensors[4, v]), float(tensors[5, v])
        c_xx, c_xy, c_xz = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - yy * xz
        determinant = xx * c_xx + xy * c_xy + xz * c_xz
        total[0] += c_xx / determinant
        total[1] += (xx * zz - xz * xz) / determinant
        total[2] += (xx * yy - xy * xy) / determinant
        total[3] += (xy * xz - xx * yz) / determinant
        total[4] += c_xz / determinant
        total[5] += c_xy / determinant
    return total
