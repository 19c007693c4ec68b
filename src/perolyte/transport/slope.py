"""The slope of a mean squared displacement and its error, before anyone judges it.

Lags are counted in frames here; :mod:`perolyte.transport.diffusivity` brings in time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from perolyte.transport.blocks import BlockMoments, measure_blocks, remove_rattle
from perolyte.transport.checks import FloatArray
from perolyte.transport.displacements import DisplacementStatistics
from perolyte.transport.generalised_least_squares import LineFit, fit_line
from perolyte.transport.overlaps import count_overlaps, expected_covariance, hopping_covariance
from perolyte.transport.time_blocks import compare_blocks
from perolyte.transport.window import Window, choose_window, last_lag, pass_one_hop

__all__ = ["SlopeResult", "fit_slope"]

_MIN_BLOCKS = 50
"""Pieces of the run from which the scatter of displacements is measured: its error is then 20 %,
and that of the standard error of the slope 10 % at most."""
_MIN_IONS_FOR_SPREAD = 5
_CHANCE = 0.01
"""Of a cross-check that calls a right error too small."""
_SMALLEST_SLOPE = 1e-3
"""Of MSD over lag at the last lag: the covariance of a walk that stands still is singular."""
_N_REFINEMENTS = 3


@dataclass(frozen=True, eq=False)
class SlopeResult:
    """Slope of a line through a mean squared displacement by generalised least squares.

    Attributes
    ----------
    slope_A2, intercept_A2, intercept_std_A2
        Å² per frame, Å² and Å²; the last is a standard error.
    std_A2, n_degrees, error_source
        Å² per frame, standard error of the slope; degrees of freedom with which it is known; and
        "covariance", or "ions" or "blocks" where that cross-check shows it to be too small.
    covariance_std_A2, ion_std_A2, block_std_A2
        Å² per frame, standard error from the covariance of free diffusion scaled by measured
        variances, from the spread between ions, and between blocks of the run; None where there
        are too few of them.
    slope_tensor_A2, slope_tensor_std_A2
        (3, 3), Å² per frame, slope for each pair of directions, and standard errors.
    msd_std_A2
        (n_lags,), Å², standard error of the mean squared displacement at the lags of the run.
    n_independent_ions
        Ions that would scatter like these if they moved independently.
    window
        Lags of the fit.
    """

    slope_A2: float
    intercept_A2: float
    intercept_std_A2: float
    std_A2: float
    n_degrees: int
    error_source: str
    covariance_std_A2: float
    ion_std_A2: float | None
    block_std_A2: float | None
    slope_tensor_A2: FloatArray
    slope_tensor_std_A2: FloatArray
    msd_std_A2: FloatArray
    n_independent_ions: float
    window: Window


def fit_slope(
    run: DisplacementStatistics,
    *,
    hop_distance_A: float,
    dimension: int = 3,
    first: int | None = None,
    intercept_prior: tuple[float, float] | None = None,
) -> SlopeResult:
    """Fit the slope where the motion is diffusive, and estimate its error three times.

    The points are weighted by the covariance expected of independent hopping ions, so that
    weights do not follow the noise. The error of the slope with these weights comes from the same
    covariance with measured variances, ions moving together as they do in this run
    (:func:`perolyte.transport.blocks.measure_blocks`), in the spirit of arXiv 2305.18244. Where
    the spread between ions or between blocks of the run is larger than chance allows (1 %), ions
    differ, or remember for longer than the window knows, and the larger error is taken.

    Parameters
    ----------
    run
        Displacements of the ions, or of their sum.
    hop_distance_A
        Å; 0 for the sum of ions.
    dimension
        Directions in which ions move.
    first
        First lag of the fit, frames; by default the window is chosen.
    intercept_prior
        Å², mean and standard deviation of the intercept known beforehand; None leaves it free.

    Returns
    -------
    SlopeResult
        Å² per frame.

    Examples
    --------
    >>> from perolyte.transport.displacements import measure_displacements
    >>> walk = np.random.default_rng(1).standard_normal((2000, 10, 3)).cumsum(axis=0)
    >>> result = fit_slope(measure_displacements(walk), hop_distance_A=3.0)
    >>> bool(abs(result.slope_A2 - 3.0) < 3 * result.std_A2)
    True
    """
    n_lags = int(np.searchsorted(run.lag_frames, last_lag(run.n_frames), side="right"))
    lags, msd = run.lag_frames[:n_lags], run.msd_A2[:n_lags]
    start = pass_one_hop(lags, msd, hop_distance_A) if first is None else first
    line, blocks = _fit_from(run, start, n_lags, hop_distance_A, dimension, intercept_prior)
    window = choose_window(
        lags,
        msd,
        _expect(run, line, blocks)[:n_lags, :n_lags],
        hop_distance_A=hop_distance_A,
        first=first,
    )
    if window.first != start:
        line, blocks = _fit_from(
            run, window.first, n_lags, hop_distance_A, dimension, intercept_prior
        )
    covariance = _expect(run, line, blocks)
    used = slice(n_lags - len(line.slope_weights), n_lags)
    prior_std = 0.0 if intercept_prior is None else intercept_prior[1]
    errors = _estimate_errors(run, line, blocks, covariance[used, used], window, prior_std)
    source = _choose_error(errors)
    return SlopeResult(
        slope_A2=line.slope,
        intercept_A2=line.intercept,
        intercept_std_A2=_propagate(line.intercept_weights, covariance[used, used]),
        std_A2=errors[source][0],
        n_degrees=errors[source][1],
        error_source=source,
        covariance_std_A2=errors["covariance"][0],
        ion_std_A2=errors["ions"][0] if "ions" in errors else None,
        block_std_A2=errors["blocks"][0] if "blocks" in errors else None,
        slope_tensor_A2=np.einsum("l,lab->ab", line.slope_weights, run.msd_tensor_A2[used]),
        slope_tensor_std_A2=_find_tensor_std(run, line, blocks, used),
        msd_std_A2=np.sqrt(np.diag(covariance)),
        n_independent_ions=1 / (dimension * blocks.participation),
        window=window,
    )


def _fit_from(
    run: DisplacementStatistics,
    first: int,
    n_lags: int,
    hop_distance_A: float,
    dimension: int,
    prior: tuple[float, float] | None,
) -> tuple[LineFit, BlockMoments]:
    """Fit the lags from ``first`` on, and measure blocks as long as that lag or shorter."""
    used = slice(int(np.searchsorted(run.lag_frames, first)), n_lags)
    lags, msd = run.lag_frames[used].astype(np.float64), run.msd_A2[used]
    overlaps = count_overlaps(run.lag_frames[used], run.n_frames - 1)
    # Where nothing moves at all the weights are those of any walk.
    least = float(_SMALLEST_SLOPE * msd[-1] / lags[-1]) or 1.0
    slope, intercept = max(least, float(msd[0] / lags[0])), 0.0
    for _ in range(_N_REFINEMENTS):
        covariance = hopping_covariance(
            overlaps,
            slope_A2=slope,
            intercept_A2=intercept,
            n_ions=run.n_ions,
            hop_distance_A=hop_distance_A,
            dimension=dimension,
        )
        line = fit_line(lags, msd, covariance, intercept_prior=prior)
        slope, intercept = max(least, line.slope), max(0.0, line.intercept)
    blocks = measure_blocks(
        run.snapshots_A,
        interval=run.snapshot_interval,
        block_frames=max(1, min(first, (run.n_frames - 1) // _MIN_BLOCKS)),
    )
    least_participation = 1 / (dimension * run.n_ions)
    return line, remove_rattle(
        blocks, slope_A2=line.slope, intercept_A2=line.intercept, least=least_participation
    )


def _expect(run: DisplacementStatistics, line: LineFit, blocks: BlockMoments) -> FloatArray:
    """Return the covariance (Å⁴) of the mean squared displacement at all lags, as measured."""
    return expected_covariance(
        count_overlaps(run.lag_frames, run.n_frames - 1),
        slope_A2=max(0.0, line.slope),
        intercept_A2=max(0.0, line.intercept),
        participation=blocks.participation,
        excess_A4=blocks.excess_A4,
    )


def _find_tensor_std(
    run: DisplacementStatistics, line: LineFit, blocks: BlockMoments, used: slice
) -> FloatArray:
    """Return standard errors (3, 3), Å² per frame, of the slope for each pair of directions."""
    overlaps = count_overlaps(run.lag_frames[used], run.n_frames - 1)
    std = np.empty((3, 3))
    for a, b in np.ndindex(3, 3):
        covariance = expected_covariance(
            overlaps,
            slope_A2=max(0.0, line.slope),
            intercept_A2=max(0.0, line.intercept),
            participation=float(np.nan_to_num(blocks.participation_tensor[a, b])),
            excess_A4=float(blocks.excess_tensor_A4[a, b]),
        )
        std[a, b] = _propagate(line.slope_weights, covariance)
    return std


def _estimate_errors(
    run: DisplacementStatistics,
    line: LineFit,
    blocks: BlockMoments,
    covariance: FloatArray,
    window: Window,
    prior_std_A2: float,
) -> dict[str, tuple[float, int]]:
    """Return standard errors of the slope, Å² per frame, and their degrees of freedom."""
    from_prior = line.slope_per_prior * prior_std_A2
    expected = float(np.hypot(_propagate(line.slope_weights, covariance), from_prior))
    errors = {"covariance": (expected, blocks.n_blocks - 1)}
    if run.n_ions >= _MIN_IONS_FOR_SPREAD:
        first = int(np.searchsorted(run.lag_frames, window.first))
        last = first + len(line.slope_weights)
        slopes = line.slope_weights @ run.msd_per_ion_A2[first:last]
        errors["ions"] = float(slopes.std(ddof=1) / np.sqrt(run.n_ions)), run.n_ions - 1
    by_blocks = compare_blocks(run, line, blocks, first=window.first, last=window.last)
    if by_blocks is not None:
        ratio, n_blocks = by_blocks
        errors["blocks"] = ratio * expected, n_blocks - 1
    return errors


def _propagate(weights: FloatArray, covariance: FloatArray) -> float:
    """Return the standard error of ``weights @ y``."""
    return float(np.sqrt(np.maximum(0.0, weights @ covariance @ weights)))


def _choose_error(errors: dict[str, tuple[float, int]]) -> str:
    """Return "covariance", or the largest error that exceeds it by more than chance allows."""
    expected, n_degrees = errors["covariance"]
    significant = {"covariance": expected}
    for name, (error, degrees) in errors.items():
        limit = stats.f.isf(_CHANCE, degrees, n_degrees)
        if name != "covariance" and error**2 > limit * expected**2:
            significant[name] = error
    return max(significant, key=lambda name: significant[name])
