"""LAMMPS text dumps (dump custom and dump atom).

ASE reads the whole file at once and knows no unwrapped columns beside images, so that it is read
here. Layout: https://docs.lammps.org/dump.html
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.trajectories.intervals import ReadingOptions, StepWatch, resolve_interval
from perolyte.trajectories.lammps_frame import RawFrame, read_raw_frame
from perolyte.trajectories.source import Frame, TrajectorySource, gather_blocks
from perolyte.trajectories.species import check_species, map_types
from perolyte.trajectories.text import open_lines
from perolyte.transport.checks import FloatArray
from perolyte.units import BOHR_TO_A, FS_PER_PS

__all__ = ["open_lammps_dump"]

_LENGTHS_A = {
    "metal": 1.0,
    "real": 1.0,
    "nano": 10.0,
    "micro": 1e4,
    "cgs": 1e8,
    "si": 1e10,
    "electron": BOHR_TO_A,
}
_TIMES_FS = {
    "metal": FS_PER_PS,
    "real": 1.0,
    "nano": 1e6,
    "micro": 1e9,
    "cgs": 1e15,
    "si": 1e15,
    "electron": 1.0,
}
_CONTINUOUS = (("xu", "yu", "zu", False), ("xsu", "ysu", "zsu", True))
_WRAPPED = (("xs", "ys", "zs", True), ("x", "y", "z", False))
_IMAGES = ("ix", "iy", "iz")


def open_lammps_dump(path: Path, options: ReadingOptions) -> TrajectorySource:
    """Open a dump with atom ids, elements or types, and positions of any kind.

    Raises
    ------
    InputError
        For a dump without ids or positions, types without elements, a cell that is not periodic,
        units lj, or without the time between frames.
    """
    with open_lines(path) as lines:
        first = read_raw_frame(lines, 0)
        second = read_raw_frame(lines, 1) if first is not None else None
    if first is None:
        raise InputError(f"{path} holds no frame: check that it is a LAMMPS dump")
    length_A, time_fs = _find_units(first, path)
    order = _sort_atoms(first, path)
    stated_fs = spacing = None
    if second is not None:
        spacing = float(second.step - first.step)
        if first.time is not None and second.time is not None and time_fs is not None:
            stated_fs = (second.time - first.time) * time_fs
    interval_fs, warnings = resolve_interval(
        path,
        options,
        stated_fs=stated_fs,
        steps_per_frame=spacing,
        missing="a dump counts steps: give the time step with time_step_fs (--time-step-fs)",
    )
    ids = first.integers("id")[order]

    def frames() -> Iterator[Frame]:
        watch = StepWatch(path, "steps")
        with open_lines(path) as lines:
            number = 0
            while (raw := read_raw_frame(lines, number)) is not None:
                watch.follow(raw.step)
                yield _read_frame(raw, ids, length_A, path)
                number += 1

    return TrajectorySource(
        path=path,
        format="lammps-dump",
        species=_find_species(first, order, options, path),
        frame_interval_fs=interval_fs,
        iterate=lambda: gather_blocks(frames(), path, drop_cut_frame=options.drop_cut_frame),
        is_unwrapped=_find_columns(first, path)[2],
        has_fixed_order=True,
        warnings=warnings,
    )


def _find_units(frame: RawFrame, path: Path) -> tuple[float, float | None]:
    """Return Å and fs per unit of the dump; without a word about units, Å and no time."""
    if frame.units is None:
        return 1.0, None
    if frame.units not in _LENGTHS_A:
        raise InputError(
            f"{path} is in units {frame.units!r}, which have no length in Å; allowed are "
            f"{', '.join(_LENGTHS_A)}: convert it"
        )
    return _LENGTHS_A[frame.units], _TIMES_FS[frame.units]


def _sort_atoms(frame: RawFrame, path: Path) -> NDArray[np.intp]:
    """Return the rows of a frame in the order of the atom ids."""
    if "id" not in frame.columns:
        raise InputError(
            f"{path} has no column 'id', and LAMMPS changes the order of atoms on the way: write "
            "the dump with id, e.g. 'dump 1 all custom 100 file id element xu yu zu'"
        )
    ids = frame.integers("id")
    order = np.argsort(ids, kind="stable")
    if (np.diff(ids[order]) == 0).any():
        raise InputError(
            f"{path}: frame {frame.number} names an atom id twice: the dump is damaged"
        )
    return order


def _find_species(
    frame: RawFrame, order: NDArray[np.intp], options: ReadingOptions, path: Path
) -> tuple[str, ...]:
    if "element" in frame.columns and not options.species_of_type:
        names = frame.texts("element")
        return check_species([names[row] for row in order], path)
    if "type" not in frame.columns:
        raise InputError(
            f"{path} has neither a column 'element' nor 'type': write the dump with one of them"
        )
    types = frame.integers("type")[order]
    return map_types([int(number) for number in types], options.species_of_type, path)


def _find_columns(frame: RawFrame, path: Path) -> tuple[tuple[str, str, str], bool, bool]:
    """Return the columns of the positions, whether they are scaled, and unwrapped."""
    for x, y, z, is_scaled in _CONTINUOUS:
        if {x, y, z} <= set(frame.columns):
            return (x, y, z), is_scaled, True
    for x, y, z, is_scaled in _WRAPPED:
        if {x, y, z} <= set(frame.columns):
            return (x, y, z), is_scaled, set(_IMAGES) <= set(frame.columns)
    raise InputError(
        f"{path} has no positions among its columns ({', '.join(frame.columns)}): write x y z, "
        "xs ys zs, xu yu zu or xsu ysu zsu"
    )


def _read_frame(raw: RawFrame, ids: NDArray[np.int64], length_A: float, path: Path) -> Frame:
    order = _sort_atoms(raw, path)
    if len(order) != len(ids) or (raw.integers("id")[order] != ids).any():
        raise InputError(
            f"{path}: frame {raw.number} holds {len(order)} atoms, not the {len(ids)} of the first "
            "frame with the same ids; atoms must stay the same: cut the file before it"
        )
    names, is_scaled, is_unwrapped = _find_columns(raw, path)
    positions: FloatArray = np.stack([raw.numbers(name) for name in names], axis=1)[order]
    cell_A = raw.cell * length_A
    if not is_scaled:
        positions = (positions - raw.origin) * length_A
    if is_unwrapped and names[0] in {"x", "xs"}:
        images = np.stack([raw.numbers(name) for name in _IMAGES], axis=1)[order]
        positions = positions + (images if is_scaled else images @ cell_A)
    return Frame(positions=positions, cell_A=cell_A, is_scaled=is_scaled)
