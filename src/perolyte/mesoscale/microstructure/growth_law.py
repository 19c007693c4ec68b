"""The law of grain growth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.errors import InputError
from perolyte.mesoscale._checks import check_positive

__all__ = ["GrowthLawResult", "fit_growth_increments", "fit_growth_law"]

_LEAST_GROWTH = 1.5


@dataclass(frozen=True)
class GrowthLawResult:
    """d^n - d0^n = K t, fitted.

    Attributes
    ----------
    exponent, exponent_std
        n, and its standard error; 0 where it was given.
    rate_nm_s, rate_std_nm_s
        K and its standard error, nm^n/s; where n is fitted, at that n.
    initial_size_nm
        d0 of the fit.
    """

    exponent: float
    exponent_std: float
    rate_nm_s: float
    rate_std_nm_s: float
    initial_size_nm: float


def fit_growth_law(
    time_s: ArrayLike,
    size_nm: ArrayLike,
    *,
    size_std_nm: ArrayLike | None = None,
    exponent: float | None = 2.0,
) -> GrowthLawResult:
    """Fit d^n - d0^n = K t (Burke and Turnbull, doi 10.1016/0502-8205(52)90009-9, for n = 2).

    Parameters
    ----------
    time_s
        (n,) s, rising.
    size_nm
        (n,) nm, mean grain sizes.
    size_std_nm
        (n,) nm, standard errors; without them the scatter gives the errors. Sizes of one
        simulation are not independent: use :func:`fit_growth_increments` for them.
    exponent
        n; None to fit it, which needs grains to grow by a factor of 2 or more.

    Returns
    -------
    GrowthLawResult

    Raises
    ------
    InputError
        For fewer points than parameters plus one, times that do not rise, or sizes not above zero.

    Examples
    --------
    >>> time_s = np.linspace(0.0, 100.0, 20)
    >>> found = fit_growth_law(time_s, np.sqrt(50.0**2 + 400.0 * time_s))
    >>> round(found.rate_nm_s, 3), round(found.initial_size_nm, 3)
    (400.0, 50.0)
    """
    from scipy.optimize import curve_fit

    n_free = 2 if exponent is not None else 3
    times, sizes = _check_growth(time_s, size_nm, at_least=n_free + 1)
    errors = None
    if size_std_nm is not None:
        errors = check_positive(np.broadcast_to(size_std_nm, sizes.shape), "size_std_nm", "nm")
    # in units of the data, so that steps of the fit are of order one
    size_unit, time_unit = float(sizes[-1]), float(times[-1] - times[0])
    t, d = (times - times[0]) / time_unit, sizes / size_unit

    def law(t: NDArray[np.float64], d0: float, k: float, n: float) -> NDArray[np.float64]:
        return np.maximum(abs(d0) ** n + k * t, 1e-12) ** (1.0 / n)

    fixed = exponent
    start = [d[0], max(d[-1] ** 2 - d[0] ** 2, 1e-6)]
    found, covariance = curve_fit(
        (lambda t, d0, k: law(t, d0, k, fixed)) if fixed is not None else law,
        t,
        d,
        p0=start if fixed is not None else [*start, 2.0],
        sigma=None if errors is None else errors / size_unit,
        absolute_sigma=errors is not None,
        maxfev=20_000,
    )
    n = float(fixed if fixed is not None else found[2])
    scale = size_unit**n / time_unit
    return GrowthLawResult(
        exponent=n,
        exponent_std=0.0 if fixed is not None else float(np.sqrt(covariance[2, 2])),
        rate_nm_s=float(found[1]) * scale,
        rate_std_nm_s=float(np.sqrt(covariance[1, 1])) * scale,
        # the time axis begins at the first point
        initial_size_nm=abs(float(found[0])) * size_unit,
    )


def fit_growth_increments(
    time_s: ArrayLike, size_nm: ArrayLike, *, n_dimensions: int, n_intervals: int = 20
) -> GrowthLawResult:
    """Fit d^n - d0^n = K t to one simulation, whose sizes depend on those before.

    Grains vanish one by one, and what the mean size gained by chance it keeps: its errors add up,
    so that a fit to sizes has an exponent far off, and an error far too small. What it gains in one
    interval of time is independent of other intervals. So the same law is fitted to what d² gains
    in intervals, each from where it begins, in which d² rises by about equal factors; weighted by
    the scatter of vanishing grains, whose number in an interval scatters by its root.

    Parameters
    ----------
    time_s
        (n,) s, rising.
    size_nm
        (n,) nm, mean grain sizes, which grow by a factor of 1.5 at least.
    n_dimensions
        2 or 3, of the simulation.
    n_intervals
        Into which the time is cut, 8 or more.

    Returns
    -------
    GrowthLawResult
        With errors from the scatter of the intervals.

    Raises
    ------
    InputError
        For times that do not rise, sizes not above zero, fewer sizes than intervals, or sizes that
        grow too little.

    Examples
    --------
    >>> time_s = np.linspace(0.0, 100.0, 200)
    >>> found = fit_growth_increments(time_s, np.sqrt(50.0**2 + 400.0 * time_s), n_dimensions=2)
    >>> round(found.exponent, 2), round(found.rate_nm_s, -1)
    (2.0, 400.0)
    """
    from scipy.optimize import curve_fit

    times, sizes = _check_growth(time_s, size_nm, at_least=n_intervals + 1)
    if n_dimensions not in (2, 3) or n_intervals < 8:
        raise InputError(
            f"{n_dimensions} dimensions and {n_intervals} intervals; give 2 or 3, and 8 or more"
        )
    if sizes[-1] < _LEAST_GROWTH * sizes[0]:
        raise InputError(
            f"sizes grow from {sizes[0]:g} to {sizes[-1]:g} nm; an exponent needs a factor of "
            f"{_LEAST_GROWTH:g}: go on growing"
        )
    # times, not sizes, end the intervals: those ended by the size that is measured are biased
    squares = np.geomspace(sizes[0] ** 2, sizes[-1] ** 2, n_intervals + 1)
    ends = np.interp(squares, [squares[0], squares[-1]], [times[0], times[-1]])
    # in units of the data, so that steps of the fit are of order one
    unit, total = float(sizes[0] * sizes[-1]), float(times[-1] - times[0])
    square = np.interp(ends, times, sizes) ** 2 / unit
    begin, elapsed = square[:-1], np.diff(ends) / total

    def gain(begin: NDArray[np.float64], k: float, n: float) -> NDArray[np.float64]:
        return np.maximum(begin ** (n / 2.0) + k * elapsed, 1e-12) ** (2.0 / n) - begin

    found, covariance = curve_fit(
        gain,
        begin,
        np.diff(square),
        p0=[square[-1] - square[0], 2.0],
        # from where an interval begins, which does not know by how much it grew
        sigma=begin ** (0.5 + n_dimensions / 4.0) * np.sqrt(elapsed),
        maxfev=20_000,
    )
    n = float(found[1])
    scale = unit ** (n / 2.0) / total
    return GrowthLawResult(
        exponent=n,
        exponent_std=float(np.sqrt(covariance[1, 1])),
        rate_nm_s=float(found[0]) * scale,
        rate_std_nm_s=float(np.sqrt(covariance[0, 0])) * scale,
        initial_size_nm=float(sizes[0]),
    )


def _check_growth(
    time_s: ArrayLike, size_nm: ArrayLike, *, at_least: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times = np.atleast_1d(np.asarray(time_s, dtype=np.float64))
    sizes = check_positive(np.atleast_1d(size_nm), "size_nm", "nm")
    if times.shape != sizes.shape or times.ndim != 1 or len(times) < at_least:
        raise InputError(
            f"{times.size} times and {sizes.size} sizes; give as many of both, {at_least} or more"
        )
    if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise InputError("times do not rise; give finite times in s in rising order")
    return times, sizes
