"""Mean squared displacements of runs too long for memory, block of frames after block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.transport.checks import FloatArray
from perolyte.transport.displacements import (
    LAGS_PER_OCTAVE,
    DisplacementStatistics,
    choose_lags,
    sum_ions,
)
from perolyte.transport.snapshots import Snapshots

__all__ = ["StreamedDisplacements", "StreamingMSD"]

_MAX_SNAPSHOTS = 4096
_SNAPSHOT_NUMBERS = 2**23
"""64 MB; with more ions there are fewer snapshots, but at least 512."""
_FEWEST_SNAPSHOTS = 512


@dataclass(frozen=True, eq=False)
class StreamedDisplacements:
    """What :class:`StreamingMSD` knows of a run.

    Attributes
    ----------
    ions, collective
        Displacements of the ions and of their sum, for
        :func:`perolyte.transport.fit_displacements`.
    msd_variance_A4
        (n_lags,), Å⁴, variance of the squared displacement of an ion over windows and ions.
    n_independent
        (n_lags,), windows that do not overlap, of all ions: n_ions times run length over lag.
    """

    ions: DisplacementStatistics
    collective: DisplacementStatistics
    msd_variance_A4: FloatArray
    n_independent: np.ndarray

    @property
    def msd_std_A2(self) -> FloatArray:
        """(n_lags,), Å², standard error of the mean for ions that move independently.

        It counts windows that do not overlap, and so is an upper limit.
        """
        return np.sqrt(self.msd_variance_A4 / self.n_independent)


class StreamingMSD:
    """Averages squared displacements at the lags of :func:`choose_lags` as frames arrive.

    A correlator of levels (doi 10.1063/1.3491098) without averaging of positions: level l sees
    every 2^l-th frame and adds the displacements of 9 to 16 of its intervals (level 0: 1 to 16).
    Each mean is over windows that start every 2^l frames, at least nine to a window's length; the
    windows in between would tell next to nothing more. Memory does not grow with the run.

    Examples
    --------
    >>> walk = np.random.default_rng(0).standard_normal((5000, 20, 3)).cumsum(axis=0)
    >>> streaming = StreamingMSD()
    >>> for block in np.array_split(walk, 7):
    ...     streaming.add(block)
    >>> run = streaming.result()
    >>> run.ions.n_frames, bool(abs(run.ions.msd_A2[99 - 51] / run.ions.lag_frames[48] - 3) < 0.5)
    (5000, True)
    """

    def __init__(self) -> None:
        self._n_frames = 0
        self._levels: dict[str, list[_Level]] = {"ions": [], "sum": []}
        self._snapshots: dict[str, Snapshots] = {}
        self._shape: tuple[int, ...] | None = None

    def add(self, positions_A: ArrayLike) -> None:
        """Go on with a block of frames.

        Parameters
        ----------
        positions_A
            (n_frames, n_ions, 3), Å, unwrapped across blocks, without framework drift; any number
            of frames.

        Raises
        ------
        InputError
            For another shape than that of the blocks before, or a number that is not finite.
        """
        block = np.ascontiguousarray(positions_A, dtype=np.float64)
        expected = block.shape[1:] if self._shape is None else self._shape
        if block.ndim != 3 or block.shape[1:] != expected or 0 in expected or expected[-1] != 3:
            raise InputError(
                f"a block of shape {block.shape} cannot follow {self._n_frames} frames; it must be "
                "(n_frames, n_ions, 3) with the same ions in each block: give frames in order"
            )
        if not np.isfinite(block).all():
            frame, ion = np.argwhere(~np.isfinite(block).all(axis=2))[0]
            raise InputError(
                f"positions_A of frame {self._n_frames + frame}, ion {ion} is "
                f"{block[frame, ion].tolist()} Å; positions must be finite: cut the trajectory "
                "before the simulation broke"
            )
        if self._shape is None:
            self._shape = block.shape[1:]
        for name, path in (("ions", block), ("sum", sum_ions(block))):
            if name not in self._snapshots:
                self._snapshots[name] = Snapshots(capacity=_choose_capacity(path.shape[1]))
            self._snapshots[name].add(path)
            _add_to_levels(self._levels[name], path)
        self._n_frames += len(block)

    def result(self) -> StreamedDisplacements:
        """Return the averages over the frames so far; more may be added later.

        Returns
        -------
        StreamedDisplacements
            Lags up to half the run.

        Raises
        ------
        InputError
            For fewer than two frames.
        """
        if self._n_frames < 2 or self._shape is None:
            raise InputError(
                f"{self._n_frames} frame(s) were added; a displacement needs at least 2: "
                "write frames more often or run longer"
            )
        lags = choose_lags(max(1, self._n_frames // 2))
        ions, variance = self._average("ions", lags)
        collective, _ = self._average("sum", lags)
        return StreamedDisplacements(
            ions=ions,
            collective=collective,
            msd_variance_A4=variance,
            n_independent=ions.n_ions * ((self._n_frames - 1) // lags),
        )

    def _average(self, name: str, lags: np.ndarray) -> tuple[DisplacementStatistics, FloatArray]:
        levels, snapshots = self._levels[name], self._snapshots[name]
        n_lags = len(lags)
        counts = np.concatenate([level.counts for level in levels])[:n_lags]
        per_ion = np.concatenate([level.per_ion for level in levels])[:n_lags] / counts[:, None]
        n_ions = per_ion.shape[1]
        pairs = np.concatenate([level.pairs for level in levels])[:n_lags]
        pairs = pairs / (counts * n_ions)[:, None]
        squares = np.concatenate([level.squares for level in levels])[:n_lags] / (counts * n_ions)
        run = DisplacementStatistics(
            n_frames=self._n_frames,
            n_ions=n_ions,
            lag_frames=lags,
            msd_tensor_A2=pairs[:, [[0, 3, 4], [3, 1, 5], [4, 5, 2]]],
            msd_per_ion_A2=per_ion,
            snapshots_A=snapshots.positions_A,
            snapshot_interval=snapshots.interval,
        )
        return run, np.maximum(0.0, squares - run.msd_A2**2)


@dataclass(eq=False)
class _Level:
    """Sums of one level, and the last frames that it has seen."""

    lags: np.ndarray
    recent: FloatArray
    n_seen: int = 0
    counts: np.ndarray = field(init=False)
    per_ion: FloatArray = field(init=False)
    pairs: FloatArray = field(init=False)
    squares: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        n_lags = len(self.lags)
        self.counts = np.zeros(n_lags, dtype=np.int64)
        self.per_ion = np.zeros((n_lags, self.recent.shape[1]))
        self.pairs = np.zeros((n_lags, 6))
        self.squares = np.zeros(n_lags)


def _add_to_levels(levels: list[_Level], frames: FloatArray) -> None:
    """Feed new frames to each level, every second one to the next, and open levels as needed."""
    from perolyte.transport._displacement_kernel import add_displacements

    depth = 0
    while len(frames):
        if depth == len(levels):
            first = 1 if depth == 0 else LAGS_PER_OCTAVE + 1
            lags = np.arange(first, 2 * LAGS_PER_OCTAVE + 1)
            levels.append(_Level(lags, np.empty((0, *frames.shape[1:]))))
        level = levels[depth]
        joined = np.concatenate([level.recent, frames])
        add_displacements(
            joined,
            len(level.recent),
            level.lags,
            level.per_ion,
            level.pairs,
            level.squares,
            level.counts,
        )
        level.recent = joined[-2 * LAGS_PER_OCTAVE :].copy()
        # The second, fourth, ... frame, so that a level opens only when there is work for it.
        passed_on = frames[(level.n_seen + 1) % 2 :: 2]
        level.n_seen += len(frames)
        frames, depth = passed_on, depth + 1


def _choose_capacity(n_ions: int) -> int:
    """Return how many snapshots are kept; even."""
    fit = _SNAPSHOT_NUMBERS // (3 * n_ions) // 2 * 2
    return int(np.clip(fit, _FEWEST_SNAPSHOTS, _MAX_SNAPSHOTS))
