"""Frames that fit into memory: every n-th of a run that is too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.trajectories.mobile import MobileStream, MobileTrajectory, read_mobile, stream_mobile
from perolyte.trajectories.source import TrajectorySource

__all__ = ["read_thinned"]

FloatArray = NDArray[np.float64]

MAX_POSITIONS = 8_000_000
"""Atoms times frames held at once, 190 MB: 26,000 frames of 300 atoms."""
_FEWEST_FRAMES = 2_000


def read_thinned(
    source: TrajectorySource,
    ion: str,
    *,
    sites: Sequence[int | str] | None = None,
    skip_ps: float = 0.0,
    keep_drift: bool = False,
    max_frames: int | None = None,
) -> tuple[MobileTrajectory, int]:
    """Read the paths of mobile ions and framework, every n-th frame of a run that is too long.

    Parameters
    ----------
    source, ion, sites, skip_ps, keep_drift
        As :func:`perolyte.trajectories.read_mobile`.
    max_frames
        Frames kept at most; by default as many as hold 8 million positions, and 2,000 at least.

    Returns
    -------
    tuple of MobileTrajectory and int
        Paths, whose source has the time between the frames kept, and the n of "every n-th".

    Raises
    ------
    InputError
        As :func:`perolyte.trajectories.read_mobile`, or for fewer than 2 frames.
    """
    limit = max_frames
    if limit is None:
        limit = max(_FEWEST_FRAMES, MAX_POSITIONS // source.n_atoms)
    if limit < 2:
        raise InputError(f"max_frames is {limit}; it must be at least 2: leave it out")
    if not source.is_large:
        whole = read_mobile(source, ion, sites=sites, skip_ps=skip_ps, keep_drift=keep_drift)
        every = -(-whole.n_frames // limit)
        framework = whole.framework_positions_A
        kept = None if framework is None else framework[::every]
        return _gather(whole, whole.positions_A[::every], kept, every), every
    stream = stream_mobile(source, ion, sites=sites, skip_ps=skip_ps, keep_drift=keep_drift)
    every = -(-stream.n_frames // limit)
    ions, others = list[FloatArray](), list[FloatArray]()
    for block in stream.blocks():
        # copied, so that the block itself is let go
        chosen = slice(-block.first_frame % every, None, every)
        ions.append(block.positions_A[chosen].copy())
        others.append(block.framework_positions_A[chosen].copy())
    kept = np.concatenate(others)
    return _gather(stream, np.concatenate(ions), kept if kept.size else None, every), every


def _gather(
    run: MobileStream, positions_A: FloatArray, framework_A: FloatArray | None, every: int
) -> MobileTrajectory:
    """Make the frames kept a run of its own."""
    source = run.source
    if every > 1:
        source = replace(source, frame_interval_fs=source.frame_interval_fs * every)
    return MobileTrajectory(
        source=source,
        mobile=run.mobile,
        cell_A=run.cell_A,
        n_frames=len(positions_A),
        n_skipped=run.n_skipped,
        keeps_drift=run.keeps_drift,
        positions_A=positions_A,
        framework_positions_A=framework_A,
    )
