"""The inner loop of the streaming mean squared displacement."""

from __future__ import annotations

import numpy as np
from numba import njit

from perolyte.transport.checks import FloatArray

__all__ = ["add_displacements"]


@njit(cache=True, nogil=True)
def add_displacements(
    frames: FloatArray,
    n_old: int,
    lags: np.ndarray,
    per_ion: FloatArray,
    pairs: FloatArray,
    squares: FloatArray,
    counts: np.ndarray,
) -> None:
    """Add all displacements that end in the new frames to the sums of their lags.

    Parameters
    ----------
    frames
        (n_old + n_new, n_ions, 3), Å, old frames first.
    n_old
        Frames whose displacements among themselves have been added before.
    lags
        (n_lags,), int64, increasing, in these frames.
    per_ion
        (n_lags, n_ions), Å², sums of squares, changed.
    pairs
        (n_lags, 6), Å², sums over ions of products xx, yy, zz, xy, xz, yz, changed.
    squares
        (n_lags,), Å⁴, sums over ions of squared squares, changed.
    counts
        (n_lags,), int64, number of windows, changed.
    """
    n_ions = frames.shape[1]
    for end in range(n_old, frames.shape[0]):
        for row in range(lags.shape[0]):
            start = end - lags[row]
            if start < 0:
                break
            counts[row] += 1
            xx = yy = zz = xy = xz = yz = fourth = 0.0
            for ion in range(n_ions):
                x = frames[end, ion, 0] - frames[start, ion, 0]
                y = frames[end, ion, 1] - frames[start, ion, 1]
                z = frames[end, ion, 2] - frames[start, ion, 2]
                square = x * x + y * y + z * z
                per_ion[row, ion] += square
                fourth += square * square
                xx += x * x
                yy += y * y
                zz += z * z
                xy += x * y
                xz += x * z
                yz += y * z
            squares[row] += fourth
            pairs[row, 0] += xx
            pairs[row, 1] += yy
            pairs[row, 2] += zz
            pairs[row, 3] += xy
            pairs[row, 4] += xz
            pairs[row, 5] += yz
