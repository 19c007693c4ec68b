"""Structures in files: a folder with everything below it, or files by name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from perolyte.errors import InputError
from perolyte.sources.base import LoadedStructure, SourceItem

if TYPE_CHECKING:
    from perolyte.structures import ParsedStructure

__all__ = ["FolderSource", "is_poscar", "is_structure_file", "list_structure_files", "load_file"]

MAX_FILE_MB = 50.0
"""A CIF of 10,000 atoms has 1 MB; what is much larger holds something else beside the structure."""
_BYTES_PER_MB = 1e6


@dataclass(frozen=True)
class FolderSource:
    """All CIF and POSCAR files of a folder and the folders in it.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where to look; names that begin with a dot are passed over.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.cif").write_text("data_a")
    ...     _ = Path(folder, "notes.txt").write_text("")
    ...     [item.name for item in FolderSource(folder)]
    ['a.cif']
    """

    kind: ClassVar[str] = "file"

    folder: str | Path

    def __iter__(self) -> Iterator[SourceItem]:
        """Yield the files, sorted by path, named relative to the folder."""
        for path in list_structure_files([self.folder]):
            yield SourceItem(str(path.relative_to(self.folder)), partial(load_file, str(path)))


def is_structure_file(path: Path) -> bool:
    """Tell by its name whether a file should hold a structure.

    Examples
    --------
    >>> [is_structure_file(Path(name)) for name in ("a.CIF", "POSCAR_1", "b.vasp", "c.txt")]
    [True, True, True, False]
    """
    return path.suffix.lower() == ".cif" or is_poscar(path)


def is_poscar(path: Path) -> bool:
    """Tell by its name whether a file is read as POSCAR; every other one is read as CIF."""
    return path.suffix == ".vasp" or path.name.upper().startswith(("POSCAR", "CONTCAR"))


def list_structure_files(paths: Sequence[str | Path]) -> list[Path]:
    """List files: those given, whatever their names, and the structure files of folders.

    Parameters
    ----------
    paths : sequence of str or pathlib.Path
        Files and folders.

    Returns
    -------
    list of pathlib.Path
        In the order given, sorted within a folder; each file once.

    Raises
    ------
    InputError
        When a path does not exist or is neither file nor folder.
    """
    found: dict[str, Path] = {}
    for path in map(Path, paths):
        if path.is_dir():
            files = _walk(path)
        elif path.is_file():
            files = [path]
        elif os.path.lexists(path):
            raise InputError(f"{path} is neither a file nor a folder; give a CIF or POSCAR file")
        else:
            raise InputError(f"{path} does not exist; check the path")
        for file in files:
            found.setdefault(os.path.abspath(file), file)  # noqa: PTH100 (resolve() follows links)
    return list(found.values())


def _walk(folder: Path) -> list[Path]:
    """Collect structure files; a broken link stays in the list, so that it gets its row."""
    files = []
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            special = path.exists() and not path.is_file()  # a pipe would be waited for
            if not name.startswith(".") and is_structure_file(path) and not special:
                files.append(path)
    return sorted(files)


def _refuse(error: OSError) -> None:
    raise InputError(
        f"cannot look into {error.filename}: {error.strerror}; change its rights or leave it out"
    ) from error


def load_file(path: str) -> LoadedStructure:
    """Read one file.

    Raises
    ------
    InputError
        When it is missing, larger than 50 MB, or holds no structure.
    """
    from perolyte.structures import read_structure

    try:
        size_MB = Path(path).stat().st_size / _BYTES_PER_MB
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot read {path!r}: {reason}; give an existing file") from error
    if size_MB > MAX_FILE_MB:
        raise InputError(
            f"{Path(path).name} has {size_MB:.0f} MB, allowed are {MAX_FILE_MB:g} MB; keep only "
            "the structure in the file"
        )
    return _from_parsed(read_structure(path))


def _from_parsed(parsed: ParsedStructure) -> LoadedStructure:
    """Take over what the reader found."""
    return LoadedStructure(
        structure=parsed.structure,
        source=FolderSource.kind,
        sha256=parsed.sha256,
        path=parsed.path,
        dois=parsed.dois,
        source_id=parsed.source_id,
        stated_formula=parsed.stated_formula,
        oxidation=parsed.oxidation,
        warnings=tuple((remark.code.value, str(remark)) for remark in parsed.warnings),
        notes=tuple((remark.code.value, str(remark)) for remark in parsed.notes),
    )
