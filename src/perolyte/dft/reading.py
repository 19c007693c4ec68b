"""Read labels from files of several formats; a file that cannot be used says why."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from perolyte.dft.extxyz import label_from_atoms, name_by_path, read_extxyz
from perolyte.dft.labels import RawLabel
from perolyte.dft.theory import LevelOfTheory
from perolyte.dft.vasp import EnergyCorrection
from perolyte.dft.vasprun import read_vasprun
from perolyte.errors import InputError
from perolyte.parsing import refuse_damage

__all__ = ["FORMATS", "LabelFile", "ReadingChoices", "list_label_files", "read_label_files"]

LabelFormat = Literal["extxyz", "vasprun", "traj", "gpw"]
FORMATS: tuple[LabelFormat, ...] = ("extxyz", "vasprun", "traj", "gpw")
_ENDINGS: dict[str, LabelFormat] = {
    ".extxyz": "extxyz",
    ".xyz": "extxyz",
    ".traj": "traj",
    ".gpw": "gpw",
}
_ULM = b"- of UlmGPAW"


@dataclass(frozen=True)
class ReadingChoices:
    """What the user says of files that do not say it themselves.

    Parameters
    ----------
    stated
        Level of theory of frames without one (extxyz, traj and gpw files).
    steps
        Of a VASP calculation: every ionic step, or the last.
    correction
        Of VASP's energies.
    """

    stated: LevelOfTheory | None = None
    steps: Literal["all", "last"] = "all"
    correction: EnergyCorrection | None = "MP2020"


@dataclass(frozen=True)
class LabelFile:
    """What a file gave.

    Parameters
    ----------
    path
        As it was given.
    format
        None where it was not recognised.
    labels
        Of its frames.
    reason
        Why there is none.
    """

    path: Path
    format: LabelFormat | None
    labels: tuple[RawLabel, ...] = field(default=(), repr=False)
    reason: str | None = None


def list_label_files(paths: Sequence[str | Path]) -> list[Path]:
    """List files: those given, whatever their names, and those with labels in folders.

    Parameters
    ----------
    paths
        Files and folders.

    Returns
    -------
    list of pathlib.Path
        In the order given, sorted within a folder; each file once.

    Raises
    ------
    InputError
        When a path does not exist, or nothing is found.
    """
    found: dict[str, Path] = {}
    for path in map(Path, paths):
        if path.is_dir():
            files = sorted(
                file
                for file in path.rglob("*")
                if file.is_file() and not _is_hidden(file, path) and _name_format(file)
            )
        elif path.is_file():
            files = [path]
        else:
            raise InputError(f"{path} does not exist, or is no file; check the path")
        for file in files:
            found.setdefault(os.path.abspath(file), file)  # noqa: PTH100 (resolve() follows links)
    if not found:
        listed = ", ".join(map(str, paths)) or "no path at all"
        raise InputError(
            f"no file of labels in {listed}; give extxyz, vasprun.xml, .traj or .gpw files"
        )
    return list(found.values())


def read_label_files(
    paths: Iterable[str | Path], choices: ReadingChoices | None = None
) -> list[LabelFile]:
    """Read files; a name that an earlier label has gets the file's name beside it.

    Parameters
    ----------
    paths
        Files.
    choices
        What files do not say.

    Returns
    -------
    list of LabelFile
        One for each path, in their order.
    """
    choices = choices or ReadingChoices()
    files = [_read_one(Path(path), choices) for path in paths]
    seen: Counter[str] = Counter()
    return [
        replace(file, labels=tuple(_tell_apart(file, seen))) if file.labels else file
        for file in files
    ]


def _read_one(path: Path, choices: ReadingChoices) -> LabelFile:
    kind: LabelFormat | None = None
    try:
        with refuse_damage(f"{path}", "check the file"):
            kind = _name_format(path) or _guess_format(path)
        if kind is not None:
            return LabelFile(path, kind, tuple(_READERS[kind](path, choices)))
    except InputError as err:
        return LabelFile(path, kind, reason=str(err))
    reason = f"{path} is of no known format; give extxyz, vasprun.xml, .traj or .gpw"
    return LabelFile(path, None, reason=reason)


def _tell_apart(file: LabelFile, seen: Counter[str]) -> list[RawLabel]:
    """Return the labels, those with a name that was there before under another one."""
    labels = []
    for label in file.labels:
        name = label.name
        seen[name] += 1
        if seen[name] > 1:
            again = f" #{seen[name]}" if seen[name] > 2 else ""
            name = f"{name} ({file.path}{again})"
        labels.append(replace(label, name=name))
    return labels


def _name_format(path: Path) -> LabelFormat | None:
    """Return the format that a name says."""
    name = path.name.lower()
    for packed in (".gz", ".bz2", ".xz"):
        name = name.removesuffix(packed)
    if name.endswith(".xml") and "vasprun" in name:
        return "vasprun"
    return _ENDINGS.get(Path(name).suffix)


def _guess_format(path: Path) -> LabelFormat | None:
    """Return the format that the first bytes say."""
    with path.open("rb") as file:
        head = file.read(40)
    if head.lstrip().startswith(b"<?xml"):
        return "vasprun"
    if head.startswith(b"- of Ulm"):
        return "gpw" if head.startswith(_ULM) else "traj"
    first = head.split(b"\n")[0].strip()
    return "extxyz" if first.isdigit() else None


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)


def _read_ase(path: Path, ase_format: str, choices: ReadingChoices) -> list[RawLabel]:
    from ase.io import read

    with refuse_damage(f"{path}", f"the file is cut, damaged or no .{ase_format}; copy it again"):
        images: Any = read(path, index=":", format=ase_format)
    if not images:
        raise InputError(f"{path} holds no frame; check that the run wrote one")
    stem = name_by_path(path)
    labels = []
    for index, atoms in enumerate(images):
        with refuse_damage(f"{path}: frame {index}", "copy the file again"):
            labels.append(
                label_from_atoms(
                    atoms,
                    name=f"{stem}-{index}",
                    trajectory=stem,
                    source=str(path),
                    stated=choices.stated,
                )
            )
    return labels


_READERS: dict[LabelFormat, Any] = {
    "extxyz": lambda path, choices: read_extxyz(path, stated=choices.stated),
    "vasprun": lambda path, choices: read_vasprun(
        path, steps=choices.steps, correction=choices.correction
    ),
    "traj": lambda path, choices: _read_ase(path, "traj", choices),
    "gpw": lambda path, choices: _read_ase(path, "gpw", choices),
}
