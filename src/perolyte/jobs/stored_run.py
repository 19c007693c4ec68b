"""A run wherever it is kept: in memory, in a file, or in the documents of perolyte's own MD."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core.trajectory import Trajectory

from perolyte.errors import InputError, PathError
from perolyte.jobs.run_files import restore_files
from perolyte.schemas import Status, TrajectorySetDoc
from perolyte.trajectories import TrajectorySource, open_trajectory, wrap_trajectory

__all__ = ["Run", "UnusableRunError", "open_stored_run", "read_mean_temperature"]

Run = Trajectory | TrajectorySetDoc | str | None
"""What MD jobs give: a pymatgen Trajectory, perolyte's own documents (with their large data), the
path of a file or of a run's folder, or None where the job failed."""


class UnusableRunError(Exception):
    """A run that gives no numbers, which is a result: the job failed, melted or exploded.

    Parameters
    ----------
    status
        Of the document that says so.
    reason
        In words.
    """

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@contextmanager
def open_stored_run(
    run: Run,
    *,
    position: int | None = None,
    frame_interval_fs: float | None = None,
    reading: dict[str, Any] | None = None,
) -> Iterator[TrajectorySource]:
    """Open a run for as long as the block lasts.

    Parameters
    ----------
    run
        Where it is.
    position
        Which replica of perolyte's own documents.
    frame_interval_fs
        fs; needed for a Trajectory, and for files that do not say it.
    reading
        Further keyword arguments of :func:`perolyte.trajectories.open_trajectory` for a file; atom
        types may be text, as stores have them.

    Yields
    ------
    TrajectorySource
        Its frames are read within the block.

    Raises
    ------
    UnusableRunError
        For a job that failed, a replica that a guard stopped, and, from within the block, paths of
        an own run that cannot be followed: with frames as close as MD writes them it has exploded.
    InputError
        For a file that cannot be read or followed.
    """
    if run is None:
        raise UnusableRunError("rejected", "the MD job failed; its error is in the run's log")
    if isinstance(run, str):
        options = dict(reading or {})
        types = options.pop("species_of_type", None) or {}
        yield open_trajectory(
            Path(run),
            frame_interval_fs=frame_interval_fs,
            species_of_type={int(number): symbol for number, symbol in types.items()},
            **options,
        )
        return
    try:
        if isinstance(run, TrajectorySetDoc):
            with _restored(run, position) as folder:
                yield open_trajectory(folder)
        else:
            yield _wrap(run, frame_interval_fs)
    except PathError as err:
        raise UnusableRunError("unphysical", f"the MD run cannot be followed: {err}") from err


@contextmanager
def _restored(runs: TrajectorySetDoc, position: int | None) -> Iterator[Path]:
    """Write the files of one replica to a folder that goes with the block."""
    if position is None or not 0 <= position < len(runs.trajectories):
        raise InputError(
            f"position is {position}; {runs.name} holds {len(runs.trajectories)} runs, give 0 to "
            f"{len(runs.trajectories) - 1}"
        )
    replica = runs.trajectories[position]
    if replica.status == "unphysical":
        reason = f"the MD run was stopped ({replica.md_status}): {'; '.join(replica.reasons)}"
        raise UnusableRunError("unphysical", reason)
    with tempfile.TemporaryDirectory(prefix="perolyte-") as folder:
        restore_files(replica, Path(folder))
        yield Path(folder)


def _wrap(trajectory: Trajectory, frame_interval_fs: float | None) -> TrajectorySource:
    if frame_interval_fs is None:
        raise InputError(
            "frame_interval_fs is not given; a stored trajectory does not say it: give the time "
            "between its frames in fs"
        )
    return wrap_trajectory(trajectory, frame_interval_fs=frame_interval_fs)


def read_mean_temperature(run: Run, *, position: int | None, n_skipped: int) -> float | None:
    """Return the mean kinetic temperature in K after frames left out, None where nobody says it."""
    if isinstance(run, TrajectorySetDoc):
        return None if position is None else run.trajectories[position].mean_temperature_K
    properties = run.frame_properties or [] if isinstance(run, Trajectory) else []
    values = [frame["temperature"] for frame in properties[n_skipped:] if "temperature" in frame]
    return float(np.mean(values)) if values else None
