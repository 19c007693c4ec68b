"""Trajectories held as pymatgen objects: those that perolyte's MD stores, or their JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from perolyte.errors import InputError
from perolyte.trajectories.failures import refuse_damage
from perolyte.trajectories.intervals import ReadingOptions, resolve_interval
from perolyte.trajectories.source import (
    FrameBlock,
    TrajectorySource,
    check_cells,
    check_positions,
    count_block_frames,
)
from perolyte.trajectories.species import check_species
from perolyte.transport.checks import FloatArray

__all__ = ["list_states", "open_trajectory_record", "slice_blocks", "wrap_trajectory"]


def wrap_trajectory(trajectory: Any, *, frame_interval_fs: float) -> TrajectorySource:
    """Take a pymatgen Trajectory that is in memory, such as perolyte's MD stores.

    Parameters
    ----------
    trajectory
        pymatgen.core.trajectory.Trajectory, wrapped or not; it is not changed.
    frame_interval_fs
        fs; the object's own ``time_step`` is that of the integrator.

    Returns
    -------
    TrajectorySource
        Its ``sha256`` is that of the arrays.

    Raises
    ------
    InputError
        For molecules, arrays that do not match, or a time that is not above zero.
    """
    return _open(trajectory, ReadingOptions(frame_interval_fs=frame_interval_fs), path=None)


def open_trajectory_record(
    record: dict[str, Any], path: Path, options: ReadingOptions
) -> TrajectorySource:
    """Open the dictionary of a pymatgen Trajectory, as its JSON has it.

    Raises
    ------
    InputError
        For a dictionary that is damaged, or as :func:`wrap_trajectory`.
    """
    from pymatgen.core.trajectory import Trajectory

    with refuse_damage(f"{path}", "the trajectory in it is damaged, write it again"):
        trajectory = Trajectory.from_dict(record)
    return _open(trajectory, options, path=path)


def _open(trajectory: Any, options: ReadingOptions, *, path: Path | None) -> TrajectorySource:
    name = path or Path("trajectory")
    with refuse_damage(f"{name}", "a periodic trajectory is needed, write it again"):
        scaled = np.asarray(trajectory.coords, dtype=np.float64)
        if trajectory.coords_are_displacement:
            base = np.asarray(trajectory.base_positions, dtype=np.float64)
            scaled = base + np.cumsum(scaled, axis=0)
        cells = np.asarray(trajectory.lattice, dtype=np.float64)
        names = [str(getattr(s, "symbol", s)) for s in trajectory.species]
        states = [getattr(s, "oxi_state", None) for s in trajectory.species]
    species = check_species(names, name)
    cells = np.broadcast_to(cells, (len(scaled), 3, 3)) if cells.shape == (3, 3) else cells
    if (
        scaled.ndim != 3
        or scaled.shape[1:] != (len(species), 3)
        or cells.shape
        != (
            len(scaled),
            3,
            3,
        )
    ):
        raise InputError(
            f"{name} holds coordinates of shape {scaled.shape} and cells of shape {cells.shape} "
            f"for {len(species)} atoms; they must match frame by frame: write it again"
        )
    interval_fs, warnings = resolve_interval(
        name, options, missing="its frames carry no time and need not be successive steps"
    )
    digest = None
    if path is None:
        parts = "".join(species).encode(), scaled.tobytes(), cells.tobytes()
        digest = hashlib.sha256(b"".join(parts)).hexdigest()
    return TrajectorySource(
        path=name,
        format="pymatgen",
        species=species,
        frame_interval_fs=interval_fs,
        iterate=lambda: slice_blocks(scaled, cells, name),
        oxidation_states=list_states(states),
        warnings=warnings,
        content_sha256=digest,
    )


def list_states(states: Sequence[Any]) -> tuple[float, ...] | None:
    """Return oxidation states, None unless every atom has one."""
    known = [float(state) for state in states if isinstance(state, (int, float))]
    return tuple(known) if len(known) == len(states) else None


def slice_blocks(scaled: FloatArray, cells_A: FloatArray, path: Path) -> Iterator[FrameBlock]:
    """Cut arrays in memory, (n_frames, n_atoms, 3) and (n_frames, 3, 3), into checked blocks."""
    n_atoms = scaled.shape[1]
    size = count_block_frames(n_atoms)
    for first in range(0, len(scaled), size):
        block = FrameBlock(first, scaled[first : first + size], cells_A[first : first + size])
        check_cells(block.cells_A, path, first, n_atoms=n_atoms)
        check_positions(block.scaled, path, first)
        yield block
