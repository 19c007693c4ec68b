"""Recognise the format of a trajectory file and open it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from perolyte.errors import InputError
from perolyte.trajectories.analyzer import open_analyzer_record
from perolyte.trajectories.ase_files import open_ase_file, open_ase_trajectory
from perolyte.trajectories.chunked import RUN_FORMAT, open_run
from perolyte.trajectories.failures import PARSER_ERRORS, CutFileError, shorten_error
from perolyte.trajectories.h5md import open_h5md
from perolyte.trajectories.intervals import ReadingOptions
from perolyte.trajectories.lammps_dump import open_lammps_dump
from perolyte.trajectories.source import TrajectorySource
from perolyte.trajectories.stored import open_trajectory_record
from perolyte.trajectories.text import is_compressed, read_all, read_head
from perolyte.trajectories.vasprun import open_vasprun
from perolyte.trajectories.xdatcar import open_xdatcar

__all__ = ["FORMATS", "open_trajectory", "recognise_format"]

_HEAD_BYTES = 1 << 16
_CONFIGURATION = re.compile(rb"^\s*(direct|cartesian)\s+configuration\s*=", re.IGNORECASE | re.M)
_EXTENDED_XYZ = re.compile(rb"^\s*\d+\s*\n[^\n]*\b(Lattice|Properties)\s*=", re.IGNORECASE)
_ASE_FORMATS = ("vasp-out", "espresso-out", "castep-md", "aims-output", "abinit-out", "xsf")
"""Formats with a cell in every frame that ASE recognises; others must be named."""


def open_trajectory(
    path: str | Path,
    *,
    format: str | None = None,
    time_step_fs: float | None = None,
    frame_interval_fs: float | None = None,
    species_of_type: Mapping[int, str] | None = None,
    drop_cut_frame: bool = False,
) -> TrajectorySource:
    r"""Open a trajectory of any known format; its frames are read later, block by block.

    Parameters
    ----------
    path
        The file; text formats may be packed with gzip, bzip2 or xz. For perolyte's own MD the
        folder of a replica, or the manifest in it.
    format
        One of :data:`FORMATS`, or a name of :func:`ase.io.iread`; recognised by default from what
        the file holds.
    time_step_fs
        fs, of the integrator, for files that count steps (LAMMPS, H5MD, XDATCAR).
    frame_interval_fs
        fs, between stored frames; comes before what the file says.
    species_of_type
        Element symbol of each atom type, for files that number them.
    drop_cut_frame
        Leave out a frame in which a text file ends, instead of refusing the file.

    Returns
    -------
    TrajectorySource
        What the file holds.

    Raises
    ------
    InputError
        For a file that is missing, cut, damaged or of no known format, or where the time between
        frames or an element is not known.

    Examples
    --------
    >>> import tempfile
    >>> lines = ["a run", "1.0", "5 0 0", "0 5 0", "0 0 5", "Li O", "1 1"]
    >>> lines += ["Direct configuration= 1", "0.0 0.0 0.0", "0.5 0.5 0.5"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "XDATCAR"
    ...     _ = path.write_text("\n".join(lines))
    ...     source = open_trajectory(path, frame_interval_fs=20.0)
    >>> source.format, source.species, source.frame_interval_fs
    ('xdatcar', ('Li', 'O'), 20.0)
    """
    where = Path(path)
    options = ReadingOptions(
        frame_interval_fs=frame_interval_fs,
        time_step_fs=time_step_fs,
        species_of_type=tuple(sorted((species_of_type or {}).items())),
        drop_cut_frame=drop_cut_frame,
    )
    name = recognise_format(where) if format is None else format
    opener = _OPENERS.get(name)
    if opener is not None:
        return opener(where, options)
    if name not in _list_ase_formats():
        raise InputError(
            f"format {name!r} is not known; allowed are {', '.join(FORMATS)} and what ase.io.iread "
            "reads: correct the format"
        )
    read_head(where, 1)  # a missing or packed-and-broken file is named as such
    return open_ase_file(where, options, name)


def recognise_format(path: Path) -> str:
    """Return the format of a file from its first bytes.

    Raises
    ------
    InputError
        For an empty file, or one of no known format.
    """
    if path.is_dir():
        return RUN_FORMAT
    head = read_head(path, _HEAD_BYTES)
    if not head.strip():
        raise InputError(f"{path} is empty: copy it again")
    start = head.lstrip()
    found = None
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        found = "h5md"
    elif head.startswith(b"- of Ulm"):
        found = "ase-traj"
    if found is not None and is_compressed(path):
        raise InputError(
            f"{path} is a packed {found} file, which is read in place: unpack it first"
        )
    if found is not None:
        return found
    for begins, name in ((b"ITEM:", "lammps-dump"), (b"{", "json")):
        if start.startswith(begins):
            return name
    if b"<modeling" in head:
        return "vasprun"
    if _CONFIGURATION.search(head):
        return "xdatcar"
    if _EXTENDED_XYZ.match(head):
        return "extxyz"
    return _ask_ase(path)


def _ask_ase(path: Path) -> str:
    from ase.io.formats import UnknownFileTypeError, filetype

    try:
        found = str(filetype(str(path), guess=False))
    except (UnknownFileTypeError, *PARSER_ERRORS):
        found = ""
    if found in _ASE_FORMATS:
        return found
    raise InputError(
        f"{path} is of no known format; known are {', '.join(FORMATS)}: check the file, or name a "
        "format that ase.io.iread reads with format (--format)"
    )


def _list_ase_formats() -> set[str]:
    from ase.io.formats import ioformats

    # external databases are no files
    return {name for name, entry in ioformats.items() if entry.can_read and entry.acceptsfd}


def _open_json(path: Path, options: ReadingOptions) -> TrajectorySource:
    """Open the JSON of a DiffusionAnalyzer or of a pymatgen Trajectory, read at once."""
    content = read_all(path)
    try:
        record: Any = json.loads(content)
    except PARSER_ERRORS as err:
        raise CutFileError(
            f"{path} is no complete JSON ({shorten_error(err)}): it was cut or damaged, copy it "
            "again"
        ) from err
    kind = record.get("@class") if isinstance(record, dict) else None
    if isinstance(record, dict) and record.get("format") == RUN_FORMAT:
        return open_run(path, options)
    if kind == "Trajectory":
        return open_trajectory_record(record, path, options)
    if kind == "DiffusionAnalyzer" or (
        isinstance(record, dict) and {"structure", "displacements"} <= set(record)
    ):
        return open_analyzer_record(record, path, options)
    raise InputError(
        f"{path} is JSON of {kind!r}, not of a DiffusionAnalyzer or a pymatgen Trajectory: give "
        "one of these"
    )


_OPENERS: dict[str, Callable[[Path, ReadingOptions], TrajectorySource]] = {
    "xdatcar": open_xdatcar,
    "vasprun": open_vasprun,
    "extxyz": lambda path, options: open_ase_file(path, options, "extxyz"),
    "ase-traj": open_ase_trajectory,
    "lammps-dump": open_lammps_dump,
    "json": _open_json,
    "h5md": open_h5md,
    RUN_FORMAT: open_run,
}
FORMATS = tuple(_OPENERS)
"""Formats that are recognised; "json" is that of a DiffusionAnalyzer or a pymatgen Trajectory."""
