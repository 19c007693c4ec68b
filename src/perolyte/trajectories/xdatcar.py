"""VASP's XDATCAR, with one cell or one for each frame.

pymatgen and ASE read the whole file at once, so that it is read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from perolyte.errors import InputError
from perolyte.trajectories.failures import CutFileError
from perolyte.trajectories.intervals import ReadingOptions, StepWatch, resolve_interval
from perolyte.trajectories.source import Frame, TrajectorySource, gather_blocks
from perolyte.trajectories.species import check_species, map_types
from perolyte.trajectories.text import LineReader, is_cut_inside_line, open_lines
from perolyte.transport.checks import FloatArray

__all__ = ["open_xdatcar"]

_TITLE = re.compile(r"^\s*(direct|cartesian)\s+configuration\s*=\s*(\S*)", re.IGNORECASE)
_MAX_ATOMS = 10_000_000


@dataclass(frozen=True, eq=False)
class _Header:
    cell_A: FloatArray
    scale: FloatArray
    names: tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def n_atoms(self) -> int:
        return sum(self.counts)


def open_xdatcar(path: Path, options: ReadingOptions) -> TrajectorySource:
    """Open an XDATCAR; its configurations carry no time.

    Raises
    ------
    InputError
        For a header that is none, or without the time between frames.
    """
    with open_lines(path) as lines:
        header = _read_header(lines, lines.read_line() or "")
        species = _list_species(header, options, path)
        titles = _peek_titles(lines, header.n_atoms)
    spacing = titles[1] - titles[0] if len(titles) == 2 else None
    interval_fs, warnings = resolve_interval(
        path,
        options,
        steps_per_frame=spacing if spacing and spacing > 0 else None,
        missing="an XDATCAR states no time; it is POTIM times NBLOCK",
    )
    if options.frame_interval_fs is None and spacing == 1:
        warning = (
            f"configurations numbered one by one were taken as successive MD steps, {interval_fs:g}"
            " fs apart; with NBLOCK above 1 give the time between frames"
        )
        warnings = (warning,)

    def frames() -> Iterator[Frame]:
        with open_lines(path) as lines:
            yield from _read_frames(lines)

    return TrajectorySource(
        path=path,
        format="xdatcar",
        species=species,
        frame_interval_fs=interval_fs,
        iterate=lambda: gather_blocks(frames(), path, drop_cut_frame=options.drop_cut_frame),
        warnings=warnings,
    )


def _list_species(header: _Header, options: ReadingOptions, path: Path) -> tuple[str, ...]:
    if header.names:
        repeated = [n for n, k in zip(header.names, header.counts, strict=True) for _ in range(k)]
        return check_species(repeated, path)
    types = [n for n, k in enumerate(header.counts, start=1) for _ in range(k)]
    return map_types(types, options.species_of_type, path)


def _peek_titles(lines: LineReader, n_atoms: int) -> list[int]:
    """Return the numbers of the first two configurations, as far as they can be read."""
    numbers = []
    for _ in range(n_atoms + 9):  # the second may come after a header of its own
        title = _TITLE.match(lines.read_line() or "")
        if title:
            numbers.append(_read_number(title[2]))
        if len(numbers) == 2:
            break
    return [number for number in numbers if number is not None]


def _read_number(text: str) -> int | None:
    """Return the number of a configuration; it becomes stars above 999999."""
    return int(text) if text.isdecimal() and len(text) < 18 else None


def _read_frames(lines: LineReader) -> Iterator[Frame]:
    header = _read_header(lines, lines.read_line() or "")
    first = header
    watch = StepWatch(lines.path, "configurations", may_restart=True)
    n_frames = 0
    while (line := lines.read_line()) is not None:
        title = _TITLE.match(line)
        if title:
            watch.follow(_read_number(title[2]))
            is_scaled = title[1].lower() == "direct"
            positions = _read_positions(lines, header.n_atoms, n_frames)
            positions = positions if is_scaled else positions * header.scale
            yield Frame(positions=positions, cell_A=header.cell_A, is_scaled=is_scaled)
            n_frames += 1
        elif line.strip():
            header = _read_header(lines, line)
            if (header.names, header.counts) != (first.names, first.counts):
                raise InputError(
                    f"{lines.path}: the header at line {lines.number} has {_describe(header)}, the "
                    f"first one {_describe(first)}; atoms must stay the same: give each run on its "
                    "own"
                )
    if n_frames == 0:
        raise CutFileError(f"{lines.path} holds no configuration: the run wrote none, or copy it")


def _describe(header: _Header) -> str:
    names = header.names or tuple("?" for _ in header.counts)
    return " ".join(f"{name}{count}" for name, count in zip(names, header.counts, strict=True))


def _read_header(lines: LineReader, title: str) -> _Header:
    """Read scale, cell, names and numbers of the atoms; ``title`` is the line before them."""
    if _TITLE.match(title):
        raise InputError(
            f"{lines.path} begins with a configuration and has no header with cell and atoms; "
            "XDATCAR files of VASP 5 and 6 are read: put the header of the run before it"
        )
    start = lines.number
    rows = [lines.read_line() for _ in range(5)]
    texts = [row.split() for row in rows if row is not None]
    if len(texts) < 5:
        raise CutFileError(
            f"{lines.path} ends inside the header at line {lines.number}: it was cut, copy it again"
        )
    try:
        scale = np.array([float(x) for x in texts[0]])
        cell = np.array([[float(x) for x in text[:3]] for text in texts[1:4]])
        names = () if texts[4] and texts[4][0].isdecimal() else tuple(texts[4])
        counts = tuple(map(int, texts[4] if not names else (lines.read_line() or "").split()))
    except ValueError as err:
        raise _refuse_header(lines, start) from err
    is_odd = cell.shape != (3, 3) or scale.size not in {1, 3} or not counts or min(counts) < 1
    if is_odd or (names and len(names) != len(counts)) or sum(counts) > _MAX_ATOMS:
        raise _refuse_header(lines, start)
    if scale.size == 1 and scale[0] < 0:  # VASP's way to give the volume
        volume = abs(float(np.linalg.det(cell)))
        scale = np.cbrt(-scale / volume) if volume > 0 else scale
    return _Header(cell_A=cell * scale, scale=scale, names=names, counts=counts)


def _refuse_header(lines: LineReader, start: int) -> InputError:
    return InputError(
        f"{lines.path}: lines {start} to {lines.number} are no header of an XDATCAR (title, scale, "
        "three vectors, elements, numbers): check the file"
    )


def _read_positions(lines: LineReader, n_atoms: int, frame: int) -> FloatArray:
    start = lines.number
    rows = lines.read_lines(n_atoms)
    is_short = len(rows) < n_atoms or is_cut_inside_line(rows)
    if is_short or (len(rows[-1].split()) < 3 and not rows[-1].endswith("\n")):
        raise CutFileError(
            f"{lines.path} ends inside frame {frame} (line {lines.number}, {len(rows)} of "
            f"{n_atoms} atoms): the file was cut, copy it again or leave that frame out "
            "(--drop-cut-frame)"
        )
    try:
        numbers = np.array("".join(rows).split(), dtype=np.float64)
        if numbers.size != 3 * n_atoms:  # other columns may follow
            numbers = np.array([[float(x) for x in row.split()[:3]] for row in rows])
        return numbers.reshape(n_atoms, 3)
    except ValueError as err:
        raise InputError(
            f"{lines.path}: lines {start + 1} to {lines.number}, frame {frame}, must hold three "
            f"numbers for each of {n_atoms} atoms: the file is damaged there, cut it before"
        ) from err
