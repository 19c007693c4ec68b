"""HDF5 files in the H5MD layout (doi 10.1016/j.cpc.2014.01.018): read in slices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from perolyte.trajectories.failures import refuse_damage
from perolyte.trajectories.h5md_parts import (
    find_group,
    read_box,
    read_species,
    read_times,
    read_unit,
)
from perolyte.trajectories.intervals import ReadingOptions, resolve_interval
from perolyte.trajectories.source import (
    FrameBlock,
    TrajectorySource,
    check_cells,
    check_positions,
    count_block_frames,
)
from perolyte.transport.checks import FloatArray

__all__ = ["open_h5md"]

_ADVICE = "the file is cut, damaged or no H5MD, copy it again"


def open_h5md(path: Path, options: ReadingOptions) -> TrajectorySource:
    """Open an H5MD file: positions, box and species of one particle group.

    Lengths without a ``unit`` attribute are taken as Å; times without one are not used.

    Raises
    ------
    InputError
        For a damaged file, missing parts, or without the time between frames.
    """
    with _open_file(path) as file:
        group = find_group(file, path)
        values = group["position/value"]
        n_frames, n_atoms = values.shape[:2]
        species = read_species(group, n_atoms, options, path)
        length_A = read_unit(values, path, kind="length") or 1.0
        times = read_times(group["position"], n_frames, path)
        box = read_box(group, n_frames, path)
        has_images = "image/value" in group and group["image/value"].shape == values.shape
        has_ids = "id/value" in group and group["id/value"].shape == (n_frames, n_atoms)
    interval_fs, warnings = resolve_interval(
        path,
        options,
        stated_fs=times.interval_fs,
        steps_per_frame=times.steps_per_frame,
        missing="it states no time with a unit; give the time step with --time-step-fs",
    )

    def blocks() -> Iterator[FrameBlock]:
        size = count_block_frames(n_atoms)
        with _open_file(path) as file:
            group = find_group(file, path)
            for first in range(0, n_frames, size):
                stop = min(first + size, n_frames)
                with refuse_damage(f"{path}: frames {first} to {stop - 1}", _ADVICE):
                    positions = np.asarray(group["position/value"][first:stop], dtype=np.float64)
                    cells = box.read_cells(group, first, stop)
                    images = group["image/value"][first:stop] if has_images else None
                    ids = group["id/value"][first:stop] if has_ids else None
                yield _join(positions * length_A, cells, images, ids, path, first)

    return TrajectorySource(
        path=path,
        format="h5md",
        species=species,
        frame_interval_fs=interval_fs,
        iterate=blocks,
        is_unwrapped=has_images,
        has_fixed_order=has_ids,
        warnings=warnings,
    )


def _join(
    positions_A: FloatArray, cells_A: FloatArray, images: Any, ids: Any, path: Path, first: int
) -> FrameBlock:
    check_cells(cells_A, path, first, n_atoms=positions_A.shape[1])
    check_positions(positions_A, path, first)
    scaled = positions_A @ np.linalg.inv(cells_A)
    if images is not None:
        scaled = scaled + np.asarray(images, dtype=np.float64)
    if ids is not None:
        order = np.argsort(np.asarray(ids), axis=1, kind="stable")
        scaled = np.take_along_axis(scaled, order[:, :, None], axis=1)
    check_positions(scaled, path, first)
    return FrameBlock(first_frame=first, scaled=scaled, cells_A=cells_A)


@contextmanager
def _open_file(path: Path) -> Iterator[Any]:
    import h5py

    # around all that is done with it, because any look into a damaged file can fail
    with refuse_damage(f"{path}", _ADVICE), h5py.File(path, "r") as file:
        yield file
