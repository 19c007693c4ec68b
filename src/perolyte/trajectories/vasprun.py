"""Ionic steps of VASP's vasprun.xml, one at a time.

pymatgen keeps every step in memory, and ASE the whole tree, so that it is read here.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from perolyte.errors import InputError
from perolyte.trajectories.failures import CutFileError, shorten_error
from perolyte.trajectories.intervals import ReadingOptions, resolve_interval
from perolyte.trajectories.source import Frame, TrajectorySource, gather_blocks
from perolyte.trajectories.species import check_species
from perolyte.trajectories.text import LineReader, open_lines
from perolyte.transport.checks import FloatArray

__all__ = ["open_vasprun"]

_LINES_AT_ONCE = 2000
_KEPT = {"v", "varray", "crystal", "structure", "c", "rc", "set", "array", "i"}
"""Elements that a frame, the atoms or the settings are made of; others are dropped as they end."""


@dataclass
class _Run:
    """What comes before the first ionic step."""

    names: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


def open_vasprun(path: Path, options: ReadingOptions) -> TrajectorySource:
    """Open a vasprun.xml of a molecular dynamics run.

    Raises
    ------
    InputError
        For another file, a relaxation, a temperature that is ramped, or without the time between
        frames.
    """
    run = _Run()
    with closing(_read_elements(path, run)) as elements:
        next(elements, None)
    if not run.names:
        raise InputError(f"{path} names no atoms: it is no vasprun.xml of a run, check the file")
    species = check_species(run.names, path)
    stated_fs, missing = _find_interval(run.settings, path)
    interval_fs, warnings = resolve_interval(path, options, stated_fs=stated_fs, missing=missing)

    def frames() -> Iterator[Frame]:
        for number, structure in enumerate(_read_elements(path, _Run())):
            yield _read_structure(structure, path, number, n_atoms=len(species))

    return TrajectorySource(
        path=path,
        format="vasprun",
        species=species,
        frame_interval_fs=interval_fs,
        iterate=lambda: gather_blocks(frames(), path, drop_cut_frame=options.drop_cut_frame),
        temperature_K=_find_temperature(run.settings, path),
        warnings=warnings,
    )


def _find_interval(settings: dict[str, str], path: Path) -> tuple[float | None, str]:
    """Return POTIM (fs), or None and why it is not the time between frames."""
    if settings.get("IBRION", "0") != "0":
        raise InputError(
            f"{path} has IBRION = {settings['IBRION']}, which is no molecular dynamics; a run with "
            "IBRION = 0 is needed: give another file"
        )
    for name in ("NBLOCK", "ML_OUTBLOCK"):
        if settings.get(name, "1") != "1":
            return None, f"{name} is {settings[name]}, and not every step may be written"
    try:
        return float(settings["POTIM"]), ""
    except (KeyError, ValueError):
        return None, "the file has no POTIM"


def _find_temperature(settings: dict[str, str], path: Path) -> float | None:
    try:
        begin, end = float(settings["TEBEG"]), float(settings["TEEND"])
    except (KeyError, ValueError):
        return None
    if abs(begin - end) > 0.5:
        raise InputError(
            f"{path} goes from {begin:g} to {end:g} K (TEBEG, TEEND); a diffusivity needs one "
            "temperature: give a run at a fixed one"
        )
    return begin if begin > 0 else None


class _Events:
    """Starts and ends of the elements of a file that may be packed."""

    def __init__(self, lines: LineReader) -> None:
        self._lines = lines
        self._parser: Any = ET.XMLPullParser(events=("start", "end"))
        self.is_at_end = False

    def __iter__(self) -> Iterator[Any]:
        while part := self._lines.read_lines(_LINES_AT_ONCE):
            self._parser.feed("".join(part))
            yield from self._parser.read_events()
        self.is_at_end = True
        self._parser.close()
        yield from self._parser.read_events()


def _read_elements(path: Path, run: _Run) -> Generator[ET.Element]:
    """Yield the structure of each ionic step; fill ``run`` before the first."""
    n_steps, in_step = 0, False
    with open_lines(path) as lines:
        events = _Events(lines)
        try:
            for event, element in events:
                if event == "start":
                    in_step = in_step or element.tag == "calculation"
                elif element.tag == "structure" and in_step:
                    yield element
                    n_steps += 1
                    element.clear()
                elif element.tag == "calculation":
                    in_step = False
                    element.clear()
                else:
                    _note(element, run)
        except ET.ParseError as err:
            raise _refuse_xml(err, path, n_steps, is_at_end=events.is_at_end) from err
    if n_steps == 0:
        raise InputError(f"{path} holds no ionic step: give the vasprun.xml of a finished run")


def _note(element: ET.Element, run: _Run) -> None:
    """Keep what describes the run, and forget all that is not part of something kept."""
    if element.tag == "i":
        name = element.get("name", "")
        if name in {"IBRION", "POTIM", "TEBEG", "TEEND", "NBLOCK", "ML_OUTBLOCK"}:
            run.settings[name] = (element.text or "").strip()
    elif element.tag == "array" and element.get("name") == "atoms":
        run.names = [(row[0].text or "").strip() for row in element.iter("rc") if len(row)]
    if element.tag not in _KEPT:
        element.clear()


def _refuse_xml(err: ET.ParseError, path: Path, n_steps: int, *, is_at_end: bool) -> InputError:
    where = f"inside frame {n_steps}" if n_steps else "before its first frame"
    if is_at_end:
        return CutFileError(
            f"{path} ends {where}: the file was cut or the run still writes it, copy it again or "
            "leave that frame out (--drop-cut-frame)"
        )
    return InputError(
        f"{path} is broken {where} ({shorten_error(err)}): it is no complete vasprun.xml, copy it "
        "again"
    )


def _read_structure(element: ET.Element, path: Path, frame: int, *, n_atoms: int) -> Frame:
    cell = _read_vectors(element.findall("crystal/varray[@name='basis']/v"))
    positions = _read_vectors(element.findall("varray[@name='positions']/v"))
    if cell is None or cell.shape != (3, 3) or positions is None or len(positions) != n_atoms:
        found = "no" if positions is None else str(len(positions))
        raise InputError(
            f"{path}: frame {frame} has {found} readable positions for {n_atoms} atoms, or no cell "
            "of three vectors: the file is damaged there, copy it again"
        )
    return Frame(positions=positions, cell_A=cell, is_scaled=True)


def _read_vectors(elements: list[ET.Element]) -> FloatArray | None:
    """Return (n, 3), None where they are no numbers."""
    try:
        rows = [[float(x) for x in (element.text or "").split()] for element in elements]
        return np.array(rows, dtype=np.float64).reshape(len(rows), 3)
    except ValueError:
        return None
