"""Kramers-Kronig test of a spectrum, with the fits of the ``impedance`` package."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError

__all__ = ["KramersKronigResult", "check_kramers_kronig"]

_CUT = 0.85
_PER_DECADE = 3
_MOST_ELEMENTS = 60
_TOLERANCE = 0.01
_RUN = 5
_LEAST_POINTS = 8


@dataclass(frozen=True, eq=False)
class KramersKronigResult:
    """How well a spectrum agrees with itself.

    Attributes
    ----------
    is_consistent
        Whether no deviation runs over several frequencies: what fails was not linear, not causal
        or not stationary (drift), and a circuit fitted to it means little.
    systematic
        Largest mean of five neighbouring residuals, as a share of |Z|.
    noise
        Standard deviation of neighbouring residuals against each other, as a share of |Z|.
    n_elements, mu
        Number of relaxation times, and their measure of fit, 0 (too many) to 1 (too few).
    residuals
        (n_frequencies,) complex, (measured - fitted)/|Z|.
    """

    is_consistent: bool
    systematic: float
    noise: float
    n_elements: int
    mu: float
    residuals: NDArray[np.complex128]


def check_kramers_kronig(
    frequency_Hz: NDArray[np.float64], impedance_ohm: NDArray[np.complex128]
) -> KramersKronigResult:
    """Fit relaxations at fixed times, which obey Kramers and Kronig, and judge what is left.

    Linear Kramers-Kronig test (doi 10.1016/j.electacta.2014.01.034) as the ``impedance`` package
    (doi 10.21105/joss.02349) fits it, with a series capacitance for blocking electrodes. Its number
    of relaxation times is the first, from three a decade on, with μ below 0.85: from fewer on, a
    spectrum of narrow arcs ends at three or four. Consistent means that the largest mean of five
    neighbouring residuals is at most 1 % of |Z| beside what noise makes of it. A drift of 10 % over
    the sweep can pass, one of 30 % does not, unless the noise is above 0.5 %.

    Parameters
    ----------
    frequency_Hz
        (n_frequencies,) Hz, at least 8, sorted.
    impedance_ohm
        (n_frequencies,) complex, Ω.

    Returns
    -------
    KramersKronigResult
        With the residuals.

    Raises
    ------
    InputError
        Without the ``impedance`` package, or for too few frequencies.

    Examples
    --------
    >>> frequency = np.geomspace(1e6, 1.0, 49)
    >>> impedance = 100.0 + 1000.0 / (1.0 + (2j * np.pi * frequency * 1e-4) ** 0.9)
    >>> check_kramers_kronig(frequency, impedance).is_consistent
    True
    """
    n_points = frequency_Hz.size
    if n_points < _LEAST_POINTS:
        raise InputError(
            f"{n_points} frequencies are too few for a Kramers-Kronig test; it needs "
            f"{_LEAST_POINTS}: measure more per decade"
        )
    fitted, n_elements, mu = _fit(frequency_Hz, impedance_ohm)
    residuals = np.asarray((impedance_ohm - fitted) / np.abs(impedance_ohm), dtype=np.complex128)
    if not np.isfinite(residuals).all():
        raise InputError(
            "the Kramers-Kronig test has no answer for this spectrum; leave out points of other "
            "sizes than their neighbours"
        )
    means = np.convolve(residuals, np.full(_RUN, 1.0 / _RUN), mode="valid")
    systematic = float(max(np.abs(means.real).max(), np.abs(means.imag).max()))
    # a difference has twice the variance of one residual; two parts of each
    noise = float(np.sqrt(np.mean(np.abs(np.diff(residuals)) ** 2) / 4.0))
    return KramersKronigResult(
        is_consistent=systematic <= _TOLERANCE + 3.0 * noise / math.sqrt(_RUN),
        systematic=systematic,
        noise=noise,
        n_elements=n_elements,
        mu=mu,
        residuals=residuals,
    )


def _fit(
    frequency_Hz: NDArray[np.float64], impedance_ohm: NDArray[np.complex128]
) -> tuple[NDArray[np.complex128], int, float]:
    """Return the fitted impedance, the number of relaxation times and their measure of fit."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of plotting libraries that come with it
            from impedance.validation import eval_linKK, fit_linKK, get_tc_distribution
    except ImportError as err:
        raise InputError(
            "the Kramers-Kronig test needs the package 'impedance': pip install "
            "'perolyte[impedance]'"
        ) from err
    decades = math.log10(float(frequency_Hz.max() / frequency_Hz.min()))
    most = min(_MOST_ELEMENTS, frequency_Hz.size)
    n_elements = min(max(3, math.ceil(_PER_DECADE * decades)), most)
    try:
        with np.errstate(all="ignore"):
            while True:
                times = get_tc_distribution(frequency_Hz, n_elements)
                elements, mu = fit_linKK(
                    frequency_Hz, times, n_elements, impedance_ohm, "complex", add_cap=True
                )
                if mu < _CUT or n_elements >= most:
                    break
                n_elements += 1
            # Plain floats: those of numpy 2 the package's release cannot read back.
            fitted = eval_linKK(elements.astype(object), times.astype(object), frequency_Hz)
    except (np.linalg.LinAlgError, ArithmeticError) as err:
        raise InputError(
            f"the Kramers-Kronig test has no answer for this spectrum ({err}); leave out points of "
            "other sizes than their neighbours"
        ) from err
    return np.asarray(fitted, dtype=np.complex128), n_elements, float(mu)
