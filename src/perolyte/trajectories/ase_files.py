"""Files that ASE reads frame by frame: .traj, extxyz and others."""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perolyte.errors import InputError
from perolyte.trajectories.failures import CutFileError, refuse_damage
from perolyte.trajectories.intervals import ReadingOptions, resolve_interval
from perolyte.trajectories.source import Frame, TrajectorySource, gather_blocks
from perolyte.trajectories.species import check_species
from perolyte.trajectories.text import LineReader, is_cut_inside_line, open_bytes, open_lines
from perolyte.transport.checks import FloatArray

__all__ = ["open_ase_file", "open_ase_trajectory"]

_ADVICE = "the file is cut, damaged or of another format, copy it again or name it with --format"
_MAX_DIGITS = 9
"""Of a number of atoms; a longer one is damage."""


@dataclass(frozen=True, eq=False)
class _Image:
    """What is used of ASE's atoms."""

    symbols: list[str]
    positions_A: FloatArray
    cell_A: FloatArray
    n_periodic: int


def open_ase_trajectory(path: Path, options: ReadingOptions) -> TrajectorySource:
    """Open a .traj file; where an MD object of ASE wrote it, it carries its time step.

    Raises
    ------
    InputError
        For a damaged file, atoms without a periodic cell, or without the time between frames.
    """
    from ase import units

    described = _read_description(path)
    step, every, temperature_K = (
        _as_number(described.get(name)) for name in ("timestep", "interval", "temperature_K")
    )
    stated_fs = None
    if step is not None and every is not None:
        stated_fs = step / units.fs * every
    return _open(
        path,
        options,
        ase_format="traj",
        name="ase-traj",
        stated_fs=stated_fs,
        temperature_K=temperature_K if temperature_K is not None and temperature_K > 0 else None,
        missing="no MD object of ASE noted its time step and interval in the file",
    )


def open_ase_file(path: Path, options: ReadingOptions, ase_format: str) -> TrajectorySource:
    """Open a file of a format that ASE reads, as ASE names it; it carries no time.

    Raises
    ------
    InputError
        As :func:`open_ase_trajectory`.
    """
    return _open(
        path,
        options,
        ase_format=ase_format,
        name=ase_format,
        missing=f"a file of format {ase_format} states none",
    )


def _as_number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _read_description(path: Path) -> dict[str, Any]:
    from ase.io.trajectory import TrajectoryReader

    with open_bytes(path) as file, refuse_damage(f"{path}", _ADVICE):
        return dict(getattr(TrajectoryReader(file), "description", None) or {})


def _open(
    path: Path,
    options: ReadingOptions,
    *,
    ase_format: str,
    name: str,
    missing: str,
    stated_fs: float | None = None,
    temperature_K: float | None = None,
) -> TrajectorySource:
    with closing(_read_images(path, ase_format)) as images:
        first = next(images, None)
    if first is None:
        raise InputError(f"{path} holds no frame: check that the run wrote one")
    species = check_species(first.symbols, path)
    interval_fs, warnings = resolve_interval(path, options, stated_fs=stated_fs, missing=missing)

    def frames() -> Iterator[Frame]:
        for number, image in enumerate(_read_images(path, ase_format)):
            yield _as_frame(image, species, number, path)

    return TrajectorySource(
        path=path,
        format=name,
        species=species,
        frame_interval_fs=interval_fs,
        iterate=lambda: gather_blocks(frames(), path, drop_cut_frame=options.drop_cut_frame),
        temperature_K=temperature_K,
        warnings=warnings,
    )


def _read_images(path: Path, ase_format: str) -> Generator[_Image]:
    """Yield what ASE reads, frame by frame."""
    from ase.io import iread
    from ase.io.formats import ioformats

    if ase_format == "extxyz":
        yield from _read_extxyz(path)
        return
    with open_bytes(path) as file:
        # opened here, because ASE leaves files open where it fails
        stream = file if ioformats[ase_format].isbinary else io.TextIOWrapper(file, "utf-8")
        images = iread(stream, index=":", format=ase_format)
        for number in itertools.count():
            with refuse_damage(f"{path}: frame {number}", _ADVICE):
                atoms = next(images, None)
                image = None if atoms is None else _as_image(atoms)
            if image is None:
                return
            yield image


def _read_extxyz(path: Path) -> Iterator[_Image]:
    """Give ASE one frame at a time: by itself it goes through the whole file first."""
    from ase.io.extxyz import read_xyz

    with open_lines(path) as lines:
        for number in itertools.count():
            text = _read_frame_text(lines, number)
            if not text:
                return
            with refuse_damage(f"{path}: frame {number}", _ADVICE):
                image = _as_image(next(read_xyz(io.StringIO(text), index=slice(0, 1))))
            yield image


def _read_frame_text(lines: LineReader, number: int) -> str:
    """Return the lines of one frame, none at the end of the file."""
    title = lines.read_line()
    while title is not None and not title.strip():
        title = lines.read_line()
    if title is None:
        return ""
    count = title.strip()
    if not (count.isdecimal() and 0 < len(count) < _MAX_DIGITS):
        raise InputError(
            f"{lines.path}: line {lines.number} is {count[:40]!r} where the number of atoms of "
            f"frame {number} must stand: {_ADVICE}"
        )
    rows = lines.read_lines(int(count) + 1)
    if len(rows) < int(count) + 1 or is_cut_inside_line(rows[1:]):
        raise CutFileError(
            f"{lines.path} ends inside frame {number} (line {lines.number}): the file was cut, "
            "copy it again or leave that frame out (--drop-cut-frame)"
        )
    return f"{count}\n{''.join(rows)}"


def _as_image(atoms: Any) -> _Image:
    return _Image(
        symbols=atoms.get_chemical_symbols(),
        positions_A=np.array(atoms.get_positions(), dtype=np.float64).reshape(-1, 3),
        cell_A=np.array(atoms.cell.array, dtype=np.float64).reshape(3, 3),
        n_periodic=int(np.sum(atoms.pbc)),
    )


def _as_frame(image: _Image, species: tuple[str, ...], number: int, path: Path) -> Frame:
    symbols = image.symbols
    if len(symbols) != len(species):
        raise InputError(
            f"{path}: frame {number} holds {len(symbols)} atoms, the first one {len(species)}; "
            "atoms must stay the same: cut the file where they change"
        )
    changed = [n for n, pair in enumerate(zip(symbols, species, strict=True)) if len(set(pair)) > 1]
    if changed:
        raise InputError(
            f"{path}: atom {changed[0]} is {symbols[changed[0]]} in frame {number} and "
            f"{species[changed[0]]} in the first; the order of atoms must stay the same: write the "
            "frames in one order"
        )
    if image.n_periodic < 3:
        raise InputError(
            f"{path}: frame {number} is periodic in {image.n_periodic} of 3 directions; a crystal "
            "periodic in all is needed: write the cell and pbc with the frames"
        )
    return Frame(positions=image.positions_A, cell_A=image.cell_A, is_scaled=False)
