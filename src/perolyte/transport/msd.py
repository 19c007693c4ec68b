"""Mean squared displacements by fast Fourier transform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_trajectory

__all__ = [
    "MSDResult",
    "average_displacements",
    "collective_squared_displacement",
    "mean_squared_displacement",
]

_NUMBERS_PER_TRANSFORM = 2**20
"""Ions are transformed in groups of about 8 MB, which is fastest and bounds the memory."""
_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


@dataclass(frozen=True, eq=False)
class MSDResult:
    """Squared displacements averaged over time origins.

    Attributes
    ----------
    lag_frames
        (n_lags,), int, 0 to the largest lag.
    msd_A2
        (n_lags,), Å², all directions, averaged over ions.
    msd_per_direction_A2
        (n_lags, 3), Å², x, y and z apart, averaged over ions.
    msd_tensor_A2
        (n_lags, 3, 3), Å², products of displacements along two directions, averaged over ions.
    msd_per_ion_A2
        (n_lags, n_ions), Å², all directions. The collective displacement has one column.
    """

    lag_frames: np.ndarray
    msd_A2: FloatArray
    msd_per_direction_A2: FloatArray
    msd_tensor_A2: FloatArray
    msd_per_ion_A2: FloatArray


def mean_squared_displacement(positions_A: ArrayLike, *, max_lag: int | None = None) -> MSDResult:
    """Average |r(t + lag) - r(t)|² over time origins and ions.

    The sum over time origins is split into a part that a recursion gives and an autocorrelation
    that an FFT gives: O(n log n) in the number of frames (doi 10.1051/sfn/201112010).

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, unwrapped, without framework drift.
    max_lag
        Largest lag in frames, 1 to n_frames - 1 (default: n_frames - 1).

    Returns
    -------
    MSDResult
        Lags 0 to ``max_lag``.

    Raises
    ------
    InputError
        For a wrong shape, one frame, NaN, or a lag outside the run.

    Examples
    --------
    >>> import numpy as np
    >>> steady = np.arange(5.0)[:, None, None] * np.array([1.0, 0.0, 0.0])
    >>> np.round(mean_squared_displacement(steady, max_lag=3).msd_A2, 9).tolist()
    [0.0, 1.0, 4.0, 9.0]
    """
    positions = check_trajectory(positions_A)
    n_frames = len(positions)
    largest = n_frames - 1 if max_lag is None else max_lag
    if not 1 <= largest <= n_frames - 1:
        raise InputError(
            f"max_lag is {largest} frames; it must lie between 1 and {n_frames - 1} for "
            f"{n_frames} frames: lower it or give a longer run"
        )
    lags = np.arange(largest + 1)
    per_ion, tensor = average_displacements(positions, lags)
    per_direction = np.diagonal(tensor, axis1=1, axis2=2)
    return MSDResult(
        lag_frames=lags,
        msd_A2=per_direction.sum(axis=1),
        msd_per_direction_A2=per_direction,
        msd_tensor_A2=tensor,
        msd_per_ion_A2=per_ion,
    )


def collective_squared_displacement(
    positions_A: ArrayLike, *, max_lag: int | None = None
) -> MSDResult:
    """Average |Σ_i [r_i(t + lag) - r_i(t)]|² / n_ions over time origins.

    Its slope over 2 d is the charge diffusivity, as that of the mean squared displacement is the
    tracer diffusivity; the two are equal for ions that move independently. It is averaged over
    time only, so its error is about sqrt(n_ions) times larger (doi 10.1038/s41524-018-0074-y).

    Parameters
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, unwrapped, without framework drift; ions of one charge.
    max_lag
        Largest lag in frames, 1 to n_frames - 1 (default: n_frames - 1).

    Returns
    -------
    MSDResult
        Lags 0 to ``max_lag``; ``msd_per_ion_A2`` has the one column ``msd_A2``.

    Raises
    ------
    InputError
        As :func:`mean_squared_displacement`.

    Examples
    --------
    Two ions that move together count twice as much as one:

    >>> import numpy as np
    >>> together = np.arange(4.0)[:, None, None] * np.ones((1, 2, 1)) * np.array([1.0, 0, 0])
    >>> np.round(collective_squared_displacement(together, max_lag=2).msd_A2, 9).tolist()
    [0.0, 2.0, 8.0]
    """
    positions = check_trajectory(positions_A)
    dipole = positions.sum(axis=1, keepdims=True) / np.sqrt(positions.shape[1])
    return mean_squared_displacement(dipole, max_lag=max_lag)


def average_displacements(
    positions: FloatArray, lag_frames: np.ndarray
) -> tuple[FloatArray, FloatArray]:
    """Average products of displacements over time origins at chosen lags.

    Parameters
    ----------
    positions
        (n_frames, n_ions, 3), Å, unwrapped.
    lag_frames
        (n_lags,), int, increasing, 0 to n_frames - 1.

    Returns
    -------
    tuple of numpy.ndarray
        (n_lags, n_ions), Å², squared displacement of each ion, all directions; and
        (n_lags, 3, 3), Å², products for each pair of directions, averaged over ions.

    Examples
    --------
    >>> steady = np.arange(5.0)[:, None, None] * np.array([1.0, 2.0, 0.0])
    >>> per_ion, tensor = average_displacements(steady, np.array([0, 2]))
    >>> np.round(per_ion[:, 0], 9).tolist(), round(float(tensor[1, 0, 1]), 9)
    ([0.0, 20.0], 8.0)
    """
    n_frames, n_ions, _ = positions.shape
    largest = int(lag_frames[-1])
    size = fft.next_fast_len(n_frames + largest, real=True)
    n_origins = n_frames - lag_frames
    per_ion = np.empty((len(lag_frames), n_ions))
    spectra = np.zeros((len(_PAIRS), size // 2 + 1))
    squares = np.zeros((len(_PAIRS), n_frames))
    group = max(1, _NUMBERS_PER_TRANSFORM // (6 * size))
    for first in range(0, n_ions, group):
        paths = np.ascontiguousarray(positions[:, first : first + group].transpose(1, 2, 0))
        # Squares are taken about the mean, which keeps the difference of large numbers small.
        paths -= paths.mean(axis=2, keepdims=True)
        spectrum = fft.rfft(paths, n=size, axis=2)
        power = (spectrum.real**2 + spectrum.imag**2).sum(axis=1)
        products = fft.irfft(power, n=size, axis=1)[:, lag_frames]
        own_squares = (paths**2).sum(axis=1)
        kept = _sum_kept(own_squares, lag_frames) - 2.0 * products
        per_ion[:, first : first + group] = (kept / n_origins).T
        for row, (a, b) in enumerate(_PAIRS):
            one, other = spectrum[:, a], spectrum[:, b]
            spectra[row] += (one.real * other.real + one.imag * other.imag).sum(axis=0)
            squares[row] += (paths[:, a] * paths[:, b]).sum(axis=0)
    products = fft.irfft(spectra, n=size, axis=1)[:, lag_frames]
    pairs = (_sum_kept(squares, lag_frames) - 2.0 * products) / (n_origins * n_ions)
    tensor = np.empty((len(lag_frames), 3, 3))
    for row, (a, b) in enumerate(_PAIRS):
        # Rounding can leave -1e-16 where an ion does not move at all.
        tensor[:, a, b] = tensor[:, b, a] = np.maximum(pairs[row], 0.0) if a == b else pairs[row]
    tensor[lag_frames == 0] = 0.0
    per_ion[lag_frames == 0] = 0.0
    return np.maximum(per_ion, 0.0), tensor


def _sum_kept(values: FloatArray, lag_frames: np.ndarray) -> FloatArray:
    """Return (n_rows, n_lags), sums over starts and over ends of the windows of each lag."""
    sums = np.zeros((len(values), values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    starts = sums[:, values.shape[1] - lag_frames]
    return np.asarray(starts + sums[:, -1:] - sums[:, lag_frames])
