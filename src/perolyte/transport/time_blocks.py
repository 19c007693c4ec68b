"""Whether blocks of a run scatter as they should, a cross-check that assumes little of ions."""

from __future__ import annotations

import numpy as np

from perolyte.transport.blocks import BlockMoments
from perolyte.transport.displacements import DisplacementStatistics, choose_lags
from perolyte.transport.generalised_least_squares import LineFit, fit_line
from perolyte.transport.msd import average_displacements
from perolyte.transport.overlaps import count_overlaps, expected_covariance

__all__ = ["compare_blocks"]

_MIN_BLOCKS = 5
_MAX_BLOCKS = 20
_FIRST_LAGS_PER_BLOCK = 4
_SNAPSHOTS_PER_FIRST_LAG = 4
"""Finer time resolution tells nothing about lags above the first."""


def compare_blocks(
    run: DisplacementStatistics, line: LineFit, moments: BlockMoments, *, first: int, last: int
) -> tuple[float, int] | None:
    """Return the scatter of the slopes of blocks over what is expected, and their number.

    A block is at least four times the first lag, which is about the time of one hop, so that
    blocks tell little of each other even where ions remember for longer than they should.

    Parameters
    ----------
    run
        Displacements of the whole run; its snapshots are cut into blocks.
    line
        Through the whole run.
    moments
        How displacements scatter over short pieces of the run.
    first, last
        Lags of the fit, frames; the last is at most half a block here.

    Returns
    -------
    tuple or None
        Standard deviation over the expected one, and 5 to 20 blocks; None where the run is too
        short for 5 blocks.

    Examples
    --------
    >>> from perolyte.transport.blocks import measure_blocks
    >>> from perolyte.transport.displacements import measure_displacements
    >>> walk = np.random.default_rng(1).standard_normal((2000, 10, 3)).cumsum(axis=0)
    >>> run = measure_displacements(walk)
    >>> line = LineFit(3.0, 0.0, np.ones(1), np.ones(1), 0.0)
    >>> moments = measure_blocks(walk, interval=1, block_frames=4)
    >>> ratio, n_blocks = compare_blocks(run, line, moments, first=4, last=400)
    >>> n_blocks, bool(0.5 < ratio < 1.5)
    (20, True)
    """
    stride = max(1, first // (_SNAPSHOTS_PER_FIRST_LAG * run.snapshot_interval))
    snapshots = run.snapshots_A[::stride]
    interval = stride * run.snapshot_interval
    start = max(1, round(first / interval))
    n_blocks = min(_MAX_BLOCKS, len(snapshots) // max(_FIRST_LAGS_PER_BLOCK * start, 8))
    if n_blocks < _MIN_BLOCKS or line.slope <= 0:
        return None
    length = len(snapshots) // n_blocks
    lags = choose_lags(min(max(start + 1, last // interval), length // 2))
    lags = lags[lags >= start]
    # With snapshots as the unit of time.
    covariance = expected_covariance(
        count_overlaps(lags, length - 1),
        slope_A2=line.slope * interval,
        intercept_A2=max(0.0, line.intercept),
        participation=moments.participation,
        excess_A4=moments.excess_A4 * interval,
    )
    weights = fit_line(lags.astype(np.float64), np.ones(len(lags)), covariance).slope_weights
    blocks = snapshots[: n_blocks * length].reshape(n_blocks, length, run.n_ions, 3)
    # Each ion of each block is the path of one ion.
    paths = blocks.transpose(1, 0, 2, 3).reshape(length, n_blocks * run.n_ions, 3)
    per_path, _ = average_displacements(paths, lags)
    slopes = (weights @ per_path).reshape(n_blocks, run.n_ions).mean(axis=1)
    expected = float(np.sqrt(weights @ covariance @ weights))
    return float(np.std(slopes, ddof=1)) / expected, n_blocks
