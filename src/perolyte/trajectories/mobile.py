"""Unwrapped paths of the mobile ions in the frame of the framework, block by block or at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.trajectories.paths import follow_paths
from perolyte.trajectories.source import TrajectorySource
from perolyte.transport.checks import FloatArray
from perolyte.transport.selection import select_ions
from perolyte.units import FS_PER_PS

__all__ = ["MobileBlock", "MobileStream", "MobileTrajectory", "read_mobile", "stream_mobile"]


@dataclass(frozen=True, eq=False)
class MobileBlock:
    """Successive frames of continuous paths without drift.

    Attributes
    ----------
    first_frame
        Number of the first one among the frames kept, from 0.
    positions_A
        (n_frames, n_ions, 3), Å, unwrapped, the mobile ions.
    framework_positions_A
        (n_frames, n_framework, 3), Å, unwrapped, all other atoms.
    """

    first_frame: int
    positions_A: FloatArray
    framework_positions_A: FloatArray


@dataclass(frozen=True, eq=False)
class MobileStream:
    """Paths of the mobile ions that are read as they are used.

    Attributes
    ----------
    source
        The file.
    mobile
        (n_atoms,), bool.
    cell_A
        (3, 3), Å, mean over the frames kept.
    n_frames, n_skipped
        Frames kept, and left out before them.
    keeps_drift
        True where the drift of the framework was not taken out.
    """

    source: TrajectorySource
    mobile: NDArray[np.bool_]
    cell_A: FloatArray
    n_frames: int
    n_skipped: int
    keeps_drift: bool = False

    @property
    def n_ions(self) -> int:
        """Mobile ions."""
        return int(self.mobile.sum())

    @property
    def volume_A3(self) -> float:
        """Volume of the mean cell, Å³."""
        return float(abs(np.linalg.det(self.cell_A)))

    @property
    def run_length_ps(self) -> float:
        """From the first to the last frame kept, ps."""
        return (self.n_frames - 1) * self.source.frame_interval_fs / FS_PER_PS

    def blocks(self) -> Iterator[MobileBlock]:
        """Read the paths from the first frame kept to the last, again at each call.

        Yields
        ------
        MobileBlock
            Some megabytes each.

        Raises
        ------
        InputError
            Where the file cannot be read or followed, naming file and frame.
        """
        first = 0
        for scaled, _ in follow_paths(self.source, self.mobile, self.n_skipped, self.keeps_drift):
            path = scaled @ self.cell_A
            yield MobileBlock(first, path[:, self.mobile], path[:, ~self.mobile])
            first += len(scaled)


@dataclass(frozen=True, eq=False)
class MobileTrajectory(MobileStream):
    """Paths of the mobile ions in memory.

    Attributes
    ----------
    positions_A
        (n_frames, n_ions, 3), Å, unwrapped.
    framework_positions_A
        (n_frames, n_framework, 3), Å, unwrapped; None without a framework, or where it was not
        asked for.
    """

    positions_A: FloatArray = field(kw_only=True)
    framework_positions_A: FloatArray | None = field(kw_only=True)


def read_mobile(
    source: TrajectorySource,
    ion: str,
    *,
    sites: Sequence[int | str] | None = None,
    skip_ps: float = 0.0,
    keep_drift: bool = False,
    with_framework: bool = True,
) -> MobileTrajectory:
    """Read the paths of the mobile ions into memory, in one pass through the file.

    Parameters
    ----------
    source
        From :func:`open_trajectory` or :func:`wrap_trajectory`.
    ion, sites
        Which atoms: :func:`perolyte.transport.selection.select_ions`.
    skip_ps
        ps, left out at the start.
    keep_drift
        Do not subtract the motion of the framework's centre of mass; needed for a file that holds
        nothing but the mobile ions.
    with_framework
        Keep the paths of the other atoms too.

    Returns
    -------
    MobileTrajectory
        At least two frames.

    Raises
    ------
    InputError
        Naming the file, and the frame where there is one: for ions that are not there, fewer than
        two frames, a step that cannot be unwrapped, atoms that change places, no framework.

    Examples
    --------
    >>> import numpy as np
    >>> from pymatgen.core import Lattice
    >>> from pymatgen.core.trajectory import Trajectory
    >>> from perolyte.trajectories import wrap_trajectory
    >>> coords = [[[0.9, 0, 0], [0.5, 0.5, 0.5]], [[0.1, 0, 0], [0.5, 0.5, 0.5]]]
    >>> trajectory = Trajectory(["Li", "O"], np.array(coords), lattice=Lattice.cubic(5.0))
    >>> mobile = read_mobile(wrap_trajectory(trajectory, frame_interval_fs=2.0), "Li")
    >>> mobile.positions_A[:, 0, 0].round(6).tolist()
    [4.5, 5.5]
    """
    mobile = _select(source, ion, sites)
    n_skipped = _count_skipped(source, skip_ps)
    ions, others, cells_sum, n_frames = list[FloatArray](), list[FloatArray](), np.zeros((3, 3)), 0
    for scaled, cells in follow_paths(source, mobile, n_skipped, keep_drift):
        ions.append(scaled[:, mobile])
        if with_framework and not mobile.all():
            others.append(scaled[:, ~mobile])
        cells_sum += cells.sum(axis=0)
        n_frames += len(scaled)
    _check_length(source, n_frames, n_skipped)
    cell_A = cells_sum / n_frames
    return MobileTrajectory(
        source=source,
        mobile=mobile,
        cell_A=cell_A,
        n_frames=n_frames,
        n_skipped=n_skipped,
        keeps_drift=keep_drift,
        positions_A=_join(ions, cell_A),
        framework_positions_A=_join(others, cell_A) if others else None,
    )


def stream_mobile(
    source: TrajectorySource,
    ion: str,
    *,
    sites: Sequence[int | str] | None = None,
    skip_ps: float = 0.0,
    keep_drift: bool = False,
) -> MobileStream:
    """Prepare to read the paths of the mobile ions block by block, whatever the length of the run.

    A first pass through the file finds the mean cell and the number of frames.

    Parameters
    ----------
    source, ion, sites, skip_ps, keep_drift
        As :func:`read_mobile`.

    Returns
    -------
    MobileStream
        Its ``blocks()`` gives the paths.

    Raises
    ------
    InputError
        As :func:`read_mobile`; what goes wrong in a frame also on the way.
    """
    mobile = _select(source, ion, sites)
    n_skipped = _count_skipped(source, skip_ps)
    cells_sum, n_frames = np.zeros((3, 3)), 0
    for block in source.blocks():
        kept = block.cells_A[max(0, n_skipped - block.first_frame) :]
        cells_sum += kept.sum(axis=0)
        n_frames += len(kept)
    _check_length(source, n_frames, n_skipped)
    return MobileStream(
        source=source,
        mobile=mobile,
        cell_A=cells_sum / n_frames,
        n_frames=n_frames,
        n_skipped=n_skipped,
        keeps_drift=keep_drift,
    )


def _select(
    source: TrajectorySource, ion: str, sites: Sequence[int | str] | None
) -> NDArray[np.bool_]:
    try:
        return select_ions(
            source.species,
            ion,
            sites=sites,
            oxidation_states=source.oxidation_states,
            labels=source.labels,
        )
    except InputError as err:
        raise InputError(f"{source.path}: {err}") from err


def _count_skipped(source: TrajectorySource, skip_ps: float) -> int:
    if not (np.isfinite(skip_ps) and skip_ps >= 0):
        raise InputError(f"skip_ps is {skip_ps} ps; it must be 0 or more: give the ps to leave out")
    return round(skip_ps * FS_PER_PS / source.frame_interval_fs)


def _check_length(source: TrajectorySource, n_frames: int, n_skipped: int) -> None:
    if n_frames < 2:
        after = f" after {n_skipped} skipped ones" if n_skipped else ""
        raise InputError(
            f"{source.path} holds {n_frames} frame(s){after}; a displacement needs at least 2: "
            "give a longer run, or skip less"
        )


def _join(parts: list[FloatArray], cell_A: FloatArray) -> FloatArray:
    """Put blocks together in Å; each is let go as it is taken over."""
    n_frames = sum(map(len, parts))
    joined = np.empty((n_frames, *parts[0].shape[1:]))
    first = 0
    for index, part in enumerate(parts):
        np.matmul(part, cell_A, out=joined[first : first + len(part)])
        first += len(part)
        parts[index] = part[:0]
    return joined
