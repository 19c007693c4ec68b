"""Between which lags ions diffuse."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from perolyte.transport.checks import FloatArray

__all__ = [
    "DIFFUSIVE_SLOPES",
    "MAX_LAG_FRACTION",
    "Window",
    "choose_window",
    "last_lag",
    "measure_log_slopes",
    "pass_one_hop",
]

DIFFUSIVE_SLOPES = (0.9, 1.1)
MAX_LAG_FRACTION = 0.2
"""Of the run. Longer lags have fewer than 5 windows that do not overlap, and add nothing."""
_LATEST_START = 0.25
"""Of the last lag: a line needs something to lean on."""
_LIKELY, _CERTAIN = 2.0, 3.0
"""Standard errors by which a slope must miss the band to count as outside, as one of several
slopes that must all miss it, and alone."""


@dataclass(frozen=True, eq=False)
class Window:
    """The lags of a fit and how the mean squared displacement grows there.

    Attributes
    ----------
    first, last
        Lags, frames.
    log_slopes, log_slope_errors
        (n_octaves,), d ln MSD / d ln lag over each doubling of the lag from ``first`` on, and
        standard errors; NaN where nothing moves.
    log_log_slope
        d ln MSD / d ln lag over the whole window.
    is_past_one_hop
        Whether the mean squared displacement at ``first`` is above one squared hop.
    """

    first: int
    last: int
    log_slopes: FloatArray
    log_slope_errors: FloatArray
    log_log_slope: float
    is_past_one_hop: bool

    @property
    def is_slower_than_diffusion(self) -> bool:
        """True where growth is below 0.9 over every doubling, or clearly over the last one."""
        short_by = (DIFFUSIVE_SLOPES[0] - self.log_slopes) / self.log_slope_errors
        return bool((short_by > _LIKELY).all() or short_by[-1] > _CERTAIN)

    @property
    def is_faster_than_diffusion(self) -> bool:
        """True where growth is above 1.1 over every doubling, or clearly over the last one."""
        above_by = (self.log_slopes - DIFFUSIVE_SLOPES[1]) / self.log_slope_errors
        is_above = (above_by > 0).all() and (above_by > _LIKELY).any()
        return bool(is_above or above_by[-1] > _CERTAIN)


def last_lag(n_frames: int) -> int:
    """Return the longest lag (frames) of a fit, a fifth of the run and at least 2.

    Examples
    --------
    >>> last_lag(1001)
    200
    """
    return max(2, int(MAX_LAG_FRACTION * (n_frames - 1)))


def pass_one_hop(lag_frames: np.ndarray, msd_A2: FloatArray, hop_distance_A: float) -> int:
    """Return the first lag (frames) at which the mean squared displacement is above one hop².

    At most a quarter of the last lag: a line needs something to lean on.

    Parameters
    ----------
    lag_frames, msd_A2
        (n_lags,), frames and Å², up to the last lag of the fit.
    hop_distance_A
        Å.

    Returns
    -------
    int
        Frames; one of ``lag_frames``.

    Examples
    --------
    >>> pass_one_hop(np.arange(1, 201), np.arange(1.0, 201.0), 4.0)
    17
    """
    allowed = lag_frames[: _count_starts(lag_frames)]
    passed = np.flatnonzero(msd_A2[: len(allowed)] > hop_distance_A**2)
    return int(allowed[passed[0]] if passed.size else allowed[-1])


def choose_window(
    lag_frames: np.ndarray,
    msd_A2: FloatArray,
    covariance_A4: FloatArray,
    *,
    hop_distance_A: float,
    first: int | None = None,
) -> Window:
    """Choose the first lag of a fit that ends at the last lag given.

    It is the first lag, up to a quarter of the last, where the mean squared displacement is above
    one squared hop and grows as its lag to a power between 0.9 and 1.1 over the next doubling,
    within two standard errors; where there is none, the first above one squared hop, or else a
    quarter of the last.

    Parameters
    ----------
    lag_frames, msd_A2
        (n_lags,), frames and Å², up to the last lag of the fit.
    covariance_A4
        (n_lags, n_lags), Å⁴, of ``msd_A2``.
    hop_distance_A
        Å.
    first
        First lag, frames, where it is known already.

    Returns
    -------
    Window
        The lags, and how the mean squared displacement grows between them.

    Examples
    --------
    >>> lags = np.arange(1, 201)
    >>> window = choose_window(lags, 1.0 * lags, 1e-4 * np.diag(lags), hop_distance_A=4.0)
    >>> window.first, window.last, round(window.log_log_slope, 6)
    (17, 200, 1.0)
    """
    if first is None:
        hop = pass_one_hop(lag_frames, msd_A2, hop_distance_A)
        first = _find_diffusive_lag(lag_frames, msd_A2, covariance_A4, hop)
    start = int(np.searchsorted(lag_frames, first))
    slopes, errors = measure_log_slopes(lag_frames, msd_A2, covariance_A4, first)
    with np.errstate(divide="ignore", invalid="ignore"):  # ions that never move have MSD 0
        ln_msd = np.log(msd_A2[start:])
        ln_lag = np.log(lag_frames[start:]) - np.log(lag_frames[start:]).mean()
        overall = (ln_lag @ ln_msd) / (ln_lag @ ln_lag)
    return Window(
        first=first,
        last=int(lag_frames[-1]),
        log_slopes=slopes,
        log_slope_errors=errors,
        log_log_slope=float(overall),
        is_past_one_hop=bool(msd_A2[start] > hop_distance_A**2),
    )


def measure_log_slopes(
    lag_frames: np.ndarray,
    msd_A2: FloatArray,
    covariance_A4: FloatArray,
    first: int,
    *,
    n_octaves: int | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Return d ln MSD / d ln lag over doublings of the lag from the first on, and its errors.

    Parameters
    ----------
    lag_frames, msd_A2, covariance_A4
        (n_lags,) frames, (n_lags,) Å², and (n_lags, n_lags) Å⁴.
    first
        Lag to begin with, frames.
    n_octaves
        How many doublings at most; by default all up to the last lag.

    Returns
    -------
    tuple of numpy.ndarray
        (n_octaves,) each; NaN where nothing moves. Where the last lag is less than twice the
        first, the one slope between the two.

    Examples
    --------
    >>> lags = np.array([1, 2, 4])
    >>> slopes, _ = measure_log_slopes(lags, np.array([1.0, 2.0, 8.0]), np.eye(3), 1)
    >>> slopes.tolist()
    [1.0, 2.0]
    """
    most = int(np.log2(lag_frames[-1] / first)) if n_octaves is None else n_octaves
    wanted = [first * 2**octave for octave in range(most + 1)]
    places = np.searchsorted(lag_frames, [lag for lag in wanted if lag <= lag_frames[-1]])
    if len(places) < 2:
        places = np.array([places[0], len(lag_frames) - 1])
    slopes, errors = [], []
    with np.errstate(divide="ignore", invalid="ignore"):
        for one, other in pairwise(places):
            width = np.log(lag_frames[other] / lag_frames[one])
            slopes.append(np.log(msd_A2[other] / msd_A2[one]) / width)
            change = np.array([-1 / msd_A2[one], 1 / msd_A2[other]]) / width
            pair = covariance_A4[np.ix_([one, other], [one, other])]
            errors.append(np.sqrt(change @ pair @ change))
    return np.array(slopes), np.array(errors)


def _find_diffusive_lag(
    lag_frames: np.ndarray, msd_A2: FloatArray, covariance_A4: FloatArray, earliest: int
) -> int:
    """Return the first lag from the earliest on that grows as diffusion does; else the earliest."""
    for candidate in lag_frames[: _count_starts(lag_frames)]:
        if candidate < earliest:
            continue
        (slope,), (error,) = measure_log_slopes(
            lag_frames, msd_A2, covariance_A4, candidate, n_octaves=1
        )
        if max(DIFFUSIVE_SLOPES[0] - slope, slope - DIFFUSIVE_SLOPES[1]) <= _LIKELY * error:
            return int(candidate)
    return earliest


def _count_starts(lag_frames: np.ndarray) -> int:
    """Return how many lags, from the shortest, are up to a quarter of the last; at least 1."""
    return max(1, int(np.searchsorted(lag_frames, _LATEST_START * lag_frames[-1], side="right")))
