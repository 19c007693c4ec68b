"""Mean squared displacements by fast Fourier transform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import fft

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray, check_trajectory

__all__ = ["MSDResult", "collective_squared_displacement", "mean_squared_displacement"]

_NUMBERS_PER_TRANSFORM = 2**22
"""Ions are transformed in groups of at most about 32 MB, so that memory does not grow with them."""


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
    msd_per_ion_A2
        (n_lags, n_ions), Å², all directions. The collective displacement has one column.
    """

    lag_frames: np.ndarray
    msd_A2: FloatArray
    msd_per_direction_A2: FloatArray
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
    n_frames, n_ions, _ = positions.shape
    largest = n_frames - 1 if max_lag is None else max_lag
    if not 1 <= largest <= n_frames - 1:
        raise InputError(
            f"max_lag is {largest} frames; it must lie between 1 and {n_frames - 1} for "
            f"{n_frames} frames: lower it or give a longer run"
        )
    per_direction = np.zeros((largest + 1, 3))
    per_ion = np.empty((largest + 1, n_ions))
    group = max(1, _NUMBERS_PER_TRANSFORM // (6 * n_frames))
    for first in range(0, n_ions, group):
        part = _squared_displacements(positions[:, first : first + group], largest)
        per_ion[:, first : first + group] = part.sum(axis=2)
        per_direction += part.sum(axis=1)
    per_direction /= n_ions
    return MSDResult(
        lag_frames=np.arange(largest + 1),
        msd_A2=per_direction.sum(axis=1),
        msd_per_direction_A2=per_direction,
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


def _squared_displacements(positions: FloatArray, max_lag: int) -> FloatArray:
    """Return (max_lag + 1, n_ions, 3), Å², averaged over time origins."""
    n_frames = len(positions)
    # Squares are taken about the mean, which keeps the difference of large numbers small.
    centred = positions - positions.mean(axis=0)
    n_origins = (n_frames - np.arange(max_lag + 1))[:, None, None]
    size = fft.next_fast_len(n_frames + max_lag, real=True)
    spectrum = fft.rfft(centred, n=size, axis=0)
    products = fft.irfft(np.abs(spectrum) ** 2, n=size, axis=0)[: max_lag + 1]
    squares = centred**2
    # Frames that a lag leaves without a partner: the first ones as ends, the last ones as starts.
    lost = np.zeros((max_lag + 1, *centred.shape[1:]))
    lost[1:] = np.cumsum(squares[:max_lag] + squares[::-1][:max_lag], axis=0)
    result = (2.0 * squares.sum(axis=0) - lost - 2.0 * products) / n_origins
    result[0] = 0.0
    # Rounding can leave -1e-16 where an ion does not move at all.
    return np.asarray(np.maximum(result, 0.0), dtype=np.float64)
