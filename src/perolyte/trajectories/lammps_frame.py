"""One frame of a LAMMPS text dump, as it stands in the file."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.trajectories.failures import CutFileError
from perolyte.trajectories.text import LineReader, is_cut_inside_line
from perolyte.transport.checks import FloatArray

__all__ = ["RawFrame", "read_raw_frame"]

_MAX_ATOMS = 100_000_000


@dataclass(eq=False)
class RawFrame:
    """Items and columns of one frame.

    Attributes
    ----------
    where
        File and lines, for messages.
    number
        Of the frame, from 0.
    step
        Of the integrator.
    time, units
        As ``ITEM: TIME`` and ``ITEM: UNITS`` say; None without.
    cell, origin
        (3, 3) and (3,), in the units of the dump; rows are the lattice vectors.
    columns
        Names.
    tokens
        All entries, row after row.
    """

    where: str
    number: int
    step: int
    time: float | None
    units: str | None
    cell: FloatArray
    origin: FloatArray
    columns: tuple[str, ...]
    tokens: list[str]

    def texts(self, name: str) -> list[str]:
        """Return a column as it is."""
        return self.tokens[self.columns.index(name) :: len(self.columns)]

    def numbers(self, name: str) -> FloatArray:
        """Return a column of numbers, (n_atoms,)."""
        try:
            return np.array(self.texts(name), dtype=np.float64)
        except ValueError as err:
            raise self._refuse(name) from err

    def integers(self, name: str) -> NDArray[np.int64]:
        """Return a column of whole numbers, (n_atoms,)."""
        try:
            return np.array([int(text) for text in self.texts(name)], dtype=np.int64)
        except (ValueError, OverflowError) as err:
            raise self._refuse(name) from err

    def _refuse(self, name: str) -> InputError:
        return InputError(
            f"{self.where}: column {name!r} of frame {self.number} does not hold numbers: the "
            "dump is damaged there, cut it before"
        )


def read_raw_frame(lines: LineReader, number: int) -> RawFrame | None:
    """Read the next frame, None at the end of the file.

    Raises
    ------
    CutFileError
        Where the file ends inside it.
    InputError
        Where an item is not what LAMMPS writes.
    """
    items: dict[str, str] = {}
    box: tuple[FloatArray, FloatArray] | None = None
    start = lines.number + 1
    while True:
        line = lines.read_line()
        if line is None and not items:
            return None
        if line is None:
            raise _cut(lines, number)
        item, _, words = line.strip().partition(":")
        words = words.strip()
        if item != "ITEM":
            if not line.strip() and not items:
                continue
            raise InputError(
                f"{lines.path}: line {lines.number} is {line[:40]!r} where an ITEM of frame "
                f"{number} must stand: the dump is damaged there, cut it before"
            )
        if words.startswith("BOX BOUNDS"):
            box = _read_box(lines, words.removeprefix("BOX BOUNDS").split(), number)
        elif words.startswith("ATOMS"):
            return _finish(lines, number, start, items, box, words.split()[1:])
        else:
            items[words] = _require(lines, number).strip()


def _finish(
    lines: LineReader,
    number: int,
    start: int,
    items: dict[str, str],
    box: tuple[FloatArray, FloatArray] | None,
    columns: list[str],
) -> RawFrame:
    where = f"{lines.path}, lines {start} to {lines.number}"
    try:
        n_atoms, step = int(items["NUMBER OF ATOMS"]), int(items["TIMESTEP"])
        time = float(items["TIME"]) if "TIME" in items else None
    except (KeyError, ValueError) as err:
        raise InputError(
            f"{where}: TIMESTEP or NUMBER OF ATOMS is missing or no number in frame {number}: the "
            "dump is damaged there, cut it before"
        ) from err
    if box is None or not columns or not 0 < n_atoms <= _MAX_ATOMS:
        raise InputError(
            f"{where}: frame {number} has {n_atoms} atoms in {len(columns)} columns and "
            f"{'no' if box is None else 'a'} box; all three are needed: write them with dump custom"
        )
    rows = lines.read_lines(n_atoms)
    tokens = "".join(rows).split()
    is_short = len(tokens) != n_atoms * len(columns)
    is_cut = is_cut_inside_line(rows) or (is_short and not "".join(rows[-1:]).endswith("\n"))
    if len(rows) < n_atoms or is_cut:
        raise _cut(lines, number)
    if is_short:
        raise InputError(
            f"{where}: frame {number} has {len(tokens)} entries for {n_atoms} atoms in "
            f"{len(columns)} columns: the dump is damaged there, cut it before"
        )
    return RawFrame(
        where=where,
        number=number,
        step=step,
        time=time,
        units=items.get("UNITS"),
        cell=box[0],
        origin=box[1],
        columns=tuple(columns),
        tokens=tokens,
    )


def _cut(lines: LineReader, number: int) -> CutFileError:
    return CutFileError(
        f"{lines.path} ends inside frame {number} (line {lines.number}): the file was cut, copy it "
        "again or leave that frame out (--drop-cut-frame)"
    )


def _require(lines: LineReader, number: int) -> str:
    line = lines.read_line()
    if line is None:
        raise _cut(lines, number)
    return line


def _read_box(lines: LineReader, words: list[str], number: int) -> tuple[FloatArray, FloatArray]:
    """Return the cell (rows are lattice vectors) and its origin, in the units of the dump."""
    rows = [_require(lines, number).split() for _ in range(3)]
    try:
        numbers = np.array([[float(text) for text in row] for row in rows])
    except ValueError:
        numbers = np.empty((0, 0))
    boundaries = [word for word in words if len(word) == 2 and set(word) <= set("pfsm")]
    is_general = words[:2] == ["abc", "origin"]
    width = 4 if is_general else 3 if "xy" in words else 2
    if numbers.shape != (3, width) or not np.isfinite(numbers).all():
        raise InputError(
            f"{lines.path}: lines {lines.number - 2} to {lines.number}, the box of frame {number}, "
            f"must hold three rows of {width} numbers: the dump is damaged there, cut it before"
        )
    if any(word != "pp" for word in boundaries):
        raise InputError(
            f"{lines.path}: the box of frame {number} has boundaries {' '.join(boundaries)}; only "
            "cells periodic in all directions (pp pp pp) are read: give a bulk simulation"
        )
    if is_general:
        return numbers[:, :3], numbers[:, 3]
    xy, xz, yz = numbers[:, 2] if width == 3 else (0.0, 0.0, 0.0)
    # The bounds enclose the tilted cell: https://docs.lammps.org/Howto_triclinic.html
    low = numbers[:, 0] - [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]
    high = numbers[:, 1] - [max(0.0, xy, xz, xy + xz), max(0.0, yz), 0.0]
    length = high - low
    cell = np.array([[length[0], 0.0, 0.0], [xy, length[1], 0.0], [xz, yz, length[2]]])
    if not math.isfinite(float(np.linalg.det(cell))) or (length <= 0).any():
        raise InputError(
            f"{lines.path}: the box of frame {number} has edges {length.tolist()}; all must be "
            "above zero: the dump is damaged there, cut it before"
        )
    return cell, low
