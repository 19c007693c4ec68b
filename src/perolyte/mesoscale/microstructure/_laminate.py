"""Voxels near a thin boundary, as laminates of their grain and the boundary."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["fill_laminates"]

Ball = tuple[NDArray[np.int64], NDArray[np.float64]]

_MAX_PAIRS = 24
_FAINT = 1e-12


def _make_ball(radius: float, *, is_plane: bool) -> Ball:
    """Return faces of voxels in a ball, offset of the lower voxel and axis (n, 4), and weights.

    The weights (1 - r²/R²)² of the faces across each axis sum to one: signed faces, so weighted,
    sum to the smoothed area of a boundary per volume, exact for planes along the axes.
    """
    reach = int(np.ceil(radius))
    side = np.arange(-reach, reach + 1)
    middle = np.array([0]) if is_plane else side
    offsets = np.stack(np.meshgrid(side, middle, side, indexing="ij"), -1).reshape(-1, 3)
    faces, weights = [], []
    for axis in (0, 2) if is_plane else (0, 1, 2):
        centres = offsets + 0.5 * np.eye(3)[axis]
        weight = np.clip(1.0 - (centres**2).sum(axis=1) / radius**2, 0.0, None) ** 2
        kept = weight > 0
        faces.append(np.column_stack([offsets[kept], np.full(kept.sum(), axis)]))
        weights.append(weight[kept] / weight.sum())
    return np.concatenate(faces).astype(np.int64), np.concatenate(weights)


@njit(cache=True, nogil=True)
def _sum_faces(
    padded: NDArray[np.int32],
    here: int,
    steps: NDArray[np.int64],
    weights: NDArray[np.float64],
    pairs: NDArray[np.int32],
    areas: NDArray[np.float64],
    n_pairs: int,
) -> int:
    """Add the vector areas of boundaries by the pair of grains beside them; return the pairs.

    ``steps`` (n, 3): from here to the lower voxel of a face, on to the upper one, and the axis.
    With ``n_pairs`` above zero only those pairs are summed.
    """
    is_open = n_pairs == 0
    areas[:n_pairs] = 0.0
    for o in range(steps.shape[0]):
        place = here + steps[o, 0]
        low, high = padded[place], padded[place + steps[o, 1]]
        if low == high:
            continue
        sign = 1.0 if low < high else -1.0
        first, second = min(low, high), max(low, high)
        p = 0
        while p < n_pairs and (pairs[p, 0] != first or pairs[p, 1] != second):
            p += 1
        if p == n_pairs:
            if not is_open or n_pairs == _MAX_PAIRS:
                continue
            pairs[p, 0], pairs[p, 1] = first, second
            areas[p] = 0.0
            n_pairs += 1
        areas[p, steps[o, 2]] += sign * weights[o]
    return n_pairs


@njit(cache=True, nogil=True)
def _multiply(
    tensor: NDArray[np.float64], n: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    out[0] = tensor[0] * n[0] + tensor[5] * n[1] + tensor[4] * n[2]
    out[1] = tensor[5] * n[0] + tensor[1] * n[1] + tensor[3] * n[2]
    out[2] = tensor[4] * n[0] + tensor[3] * n[1] + tensor[2] * n[2]


@njit(cache=True, nogil=True)
def _mix(
    bulk: NDArray[np.float64],
    boundary: NDArray[np.float64],
    share: float,
    n: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write the laminate of a grain and its boundary: exact for layers across n.

    With shares f, a = n·σn and b = σn: 1/a* = <1/a>, b*/a* = <b/a>, and
    σ* = <σ - b b/a> + b* b*/a*. The boundary alone has b = a n.
    """
    b = np.empty(3)
    _multiply(bulk, n, b)
    a = b[0] * n[0] + b[1] * n[1] + b[2] * n[2]
    across, along = boundary
    compliance = (1.0 - share) / a + share / across
    slope = (1.0 - share) / a * b + share * n
    for c in range(6):
        x = c if c < 3 else (1 if c == 3 else 0)
        y = c if c < 3 else (1 if c == 5 else 2)
        plain = (1.0 - share) * (bulk[c] - b[x] * b[y] / a)
        plain += share * along * ((1.0 if c < 3 else 0.0) - n[x] * n[y])
        out[c] = plain + slope[x] * slope[y] / compliance


@njit(cache=True, nogil=True)
def _fill(
    padded: NDArray[np.int32],
    reach: tuple[int, int, int],
    tensors: NDArray[np.float64],
    boundary: NDArray[np.float64],
    thickness: float,
    near: Ball,
    wide: Ball,
    out: NDArray[np.float64],
    start: int,
    stop: int,
) -> tuple[int, float]:
    _, n_1, n_2 = out.shape[1:]
    flat = padded.ravel()
    stride_1 = padded.shape[2]
    stride_0 = padded.shape[1] * stride_1
    areas, wide_areas = np.zeros((_MAX_PAIRS, 3)), np.zeros((_MAX_PAIRS, 3))
    pairs = np.zeros((_MAX_PAIRS, 2), np.int32)
    normal, tensor, mixed = np.zeros(3), np.zeros(6), np.zeros(6)
    n_laminates, volume = 0, 0.0
    for i in range(start, stop):
        for j in range(n_1):
            for k in range(n_2):
                here = (i + reach[0]) * stride_0 + (j + reach[1]) * stride_1 + k + reach[2]
                tensor[:] = tensors[flat[here]]
                n_pairs = _sum_faces(flat, here, near[0], near[1], pairs, areas, 0)
                if n_pairs:
                    n_laminates += 1
                    _sum_faces(flat, here, wide[0], wide[1], pairs, wide_areas, n_pairs)
                for p in range(n_pairs):
                    area = np.sqrt((areas[p] ** 2).sum())
                    length = np.sqrt((wide_areas[p] ** 2).sum())
                    if length < _FAINT:
                        continue
                    for axis in range(3):
                        normal[axis] = wide_areas[p, axis] / length
                    share = min(1.0, thickness * area)
                    _mix(tensor, boundary, share, normal, mixed)
                    tensor[:] = mixed
                    volume += share
                for c in range(6):
                    out[c, i, j, k] = tensor[c]
    return n_laminates, volume


def fill_laminates(
    labels: NDArray[np.int32],
    tensors: NDArray[np.float64],
    boundary: NDArray[np.float64],
    thickness: float,
    *,
    radii: tuple[float, float],
    n_threads: int,
) -> tuple[NDArray[np.float64], int, float]:
    """Return components (6, n_0, n_1, n_2), the number of laminates, the volume of the boundary.

    ``labels`` (n_0, n_1, n_2), a plane across the middle axis; ``tensors`` (n_grains, 6) and
    ``boundary`` (2,), across and along; ``thickness`` in voxels. The area of a boundary is found in
    a ball of the first radius, its normal in that of the second: at the rim of the first few faces
    are left to tell the normal. Where several boundaries meet, the voxel is laminated with one
    after the other, so that it lets no current pass by.
    """
    is_plane = labels.shape[1] == 1
    margin = int(np.ceil(radii[1])) + 1
    reach = (margin, 0 if is_plane else margin, margin)
    padded = np.pad(labels, [(r, r) for r in reach], mode="wrap")
    strides = np.array([padded.shape[1] * padded.shape[2], padded.shape[2], 1])

    def lay_out(radius: float) -> Ball:
        faces, weights = _make_ball(radius, is_plane=is_plane)
        steps = np.stack([faces[:, :3] @ strides, strides[faces[:, 3]], faces[:, 3]], axis=1)
        return np.ascontiguousarray(steps), weights

    out = np.empty((6, *labels.shape))
    near, wide = lay_out(radii[0]), lay_out(radii[1])
    cuts = np.linspace(0, len(labels), min(n_threads, len(labels)) + 1).astype(int).tolist()

    def work(block: tuple[int, int]) -> tuple[int, float]:
        return _fill(padded, reach, tensors, boundary, thickness, near, wide, out, *block)

    with ThreadPoolExecutor(n_threads) as pool:
        parts = list(pool.map(work, itertools.pairwise(cuts)))
    return out, sum(n for n, _ in parts), sum(volume for _, volume in parts)
