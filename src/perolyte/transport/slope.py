"""The slope of a mean squared displacement and its error, before anyone judges it.

Lags are counted in frames here; :mod:`perolyte.transport.diffusivity` brings in time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perolyte.transport.checks import FloatArray
from perolyte.transport.msd import MSDResult, mean_squared_displacement

__all__ = ["DIFFUSIVE_SLOPES", "SlopeResult", "choose_window", "fit_slope"]

DIFFUSIVE_SLOPES = (0.9, 1.1)
_MIN_BLOCKS = 5
_MAX_BLOCKS = 20
_MIN_IONS_FOR_SPREAD = 5


@dataclass(frozen=True)
class SlopeResult:
    """Slope of a weighted line with free intercept through an MSD.

    Attributes
    ----------
    slope_A2
        Å² per frame.
    ion_std_A2, block_std_A2
        Å² per frame, standard error of the slope from the spread between ions, and between blocks
        of the run; None where there are too few of them.
    local_slopes
        (3,), d ln MSD / d ln lag in thirds of the window on a logarithmic axis.
    log_log_slope
        The same over the whole window, by least squares on logarithmically spaced lags.
    """

    slope_A2: float
    ion_std_A2: float | None
    block_std_A2: float | None
    local_slopes: tuple[float, ...]
    log_log_slope: float

    @property
    def is_slower_than_diffusion(self) -> bool:
        """True where every local slope is below 0.9: caged."""
        return all(slope < DIFFUSIVE_SLOPES[0] for slope in self.local_slopes)

    @property
    def is_faster_than_diffusion(self) -> bool:
        """True where every local slope is above 1.1: ballistic, or drifting."""
        return all(slope > DIFFUSIVE_SLOPES[1] for slope in self.local_slopes)


def choose_window(msd_A2: FloatArray, hop_distance_A: float, n_frames: int) -> tuple[int, int]:
    """Return the first and the last lag (frames) of the fit.

    The last is a fifth of the run: beyond, the error no longer falls with the length of the run.
    The first is where the MSD passes one squared hop, so that the cage is left behind, but at most
    a quarter of the last: a line needs something to lean on.

    Parameters
    ----------
    msd_A2
        (n_lags,), Å², from lag 0.
    hop_distance_A
        Å.
    n_frames
        Frames of the run, at least 5.

    Returns
    -------
    tuple of int
        First and last lag, frames.

    Examples
    --------
    >>> import numpy as np
    >>> choose_window(np.arange(200.0), 4.0, 1001)
    (17, 200)
    """
    last = max(2, int(0.2 * (n_frames - 1)))
    passed = np.flatnonzero(msd_A2[: last + 1] > hop_distance_A**2)
    latest = max(1, last // 4)
    return (min(int(passed[0]), latest) if passed.size else latest), last


def fit_slope(positions: FloatArray, msd: MSDResult, first: int, last: int) -> SlopeResult:
    """Fit a line to the MSD between two lags, and estimate the error of its slope twice.

    Weights are 1/variance for free diffusers: lag² over the number of independent displacements,
    n_ions (n_frames - lag) / lag. They do not look at the data, so the slope is an unbiased mean
    over ions, and the spread between ions is its error whatever the correlations between lags.
    Blocks of the run also see ions that move together, which the spread between ions does not.

    Parameters
    ----------
    positions
        (n_frames, n_ions, 3), Å, unwrapped.
    msd
        Of these positions, up to ``last`` at least.
    first, last
        Lags, frames, first < last.

    Returns
    -------
    SlopeResult
        Å² per frame.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.random.default_rng(1).standard_normal((2000, 10, 3))
    >>> walk = steps.cumsum(axis=0)
    >>> result = fit_slope(walk, mean_squared_displacement(walk, max_lag=400), 4, 400)
    >>> bool(abs(result.slope_A2 - 3.0) < 3 * result.ion_std_A2)
    True
    """
    n_frames, n_ions, _ = positions.shape
    lags = np.arange(first, last + 1)
    per_ion = _slope_weights(lags, n_frames) @ msd.msd_per_ion_A2[lags]
    ion_std = None
    if n_ions >= _MIN_IONS_FOR_SPREAD:
        ion_std = float(per_ion.std(ddof=1) / np.sqrt(n_ions))
    edges = np.unique(np.geomspace(first, last, 4).round().astype(int))
    points = np.unique(np.geomspace(first, last, 20).round().astype(int))
    with np.errstate(divide="ignore", invalid="ignore"):  # ions that never move have MSD 0
        ln_msd = np.log(msd.msd_A2)
        local = np.diff(ln_msd[edges]) / np.diff(np.log(edges))
        ln_lag = np.log(points) - np.log(points).mean()
        log_log = (ln_lag @ ln_msd[points]) / (ln_lag @ ln_lag)
    return SlopeResult(
        slope_A2=float(per_ion.mean()),
        ion_std_A2=ion_std,
        block_std_A2=_estimate_block_error(positions, first, last),
        local_slopes=tuple(float(value) for value in local),
        log_log_slope=float(log_log),
    )


def _slope_weights(lags: np.ndarray, n_frames: int) -> FloatArray:
    """Return w (n_lags,) such that w @ msd is the weighted least-squares slope."""
    weights = (n_frames - lags) / lags.astype(np.float64) ** 3
    weights /= weights.sum()
    centred = lags - weights @ lags
    return np.asarray(weights * centred / (weights @ centred**2), dtype=np.float64)


def _estimate_block_error(positions: FloatArray, first: int, last: int) -> float | None:
    """Return the standard error of the mean slope of blocks (Å² per frame), None below 5 blocks.

    A block is at least four times the first lag, which is about the time of one hop.
    """
    n_blocks = min(_MAX_BLOCKS, len(positions) // max(4 * first, 8))
    if n_blocks < _MIN_BLOCKS:
        return None
    length = len(positions) // n_blocks
    lags = np.arange(first, min(last, length // 2) + 1)
    weights = _slope_weights(lags, length)
    slopes = [
        weights @ mean_squared_displacement(block, max_lag=int(lags[-1])).msd_A2[lags]
        for block in positions[: n_blocks * length].reshape(n_blocks, length, -1, 3)
    ]
    return float(np.std(slopes, ddof=1) / np.sqrt(n_blocks))
