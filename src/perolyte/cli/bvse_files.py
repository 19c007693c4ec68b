"""The output directory of ``perolyte bvse``: what it may hold, and the files of each structure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymatgen.core import Structure
from pymatgen.io.vasp import Poscar

from perolyte.bvse import EnergyMap, MapFormat, SiteNetwork, format_map, neb_images
from perolyte.cli.result_folder import explain_writing, lock_results
from perolyte.errors import InputError
from perolyte.files import replace_file
from perolyte.jobs.bvse import BvseRun, list_hop_kinds

__all__ = [
    "DOCUMENTS",
    "TABLE",
    "SideFiles",
    "claim_folder",
    "name_stems",
    "write_side_files",
]

TABLE = "bvse.csv"
DOCUMENTS = "bvse.json"
CLAIM = "bvse_command.json"
_UNSAFE = re.compile(r"[^\w.+()-]+", re.ASCII)
"""What a shell or another system may trip over in the name of a file."""
SHORT_CELL_A = 8.0
"""In shorter cells the relaxation around a moving ion overlaps with that of its copies."""


@dataclass(frozen=True)
class SideFiles:
    """What is written for each structure, and where."""

    folder: Path
    export: MapFormat | None = None
    n_images: int | None = None
    has_figures: bool = False


def name_stems(files: Sequence[Path]) -> list[str]:
    """Return a different beginning of file names for each file; equal names are numbered.

    Examples
    --------
    >>> name_stems([Path("a/x.cif"), Path("b/x.cif"), Path("POSCAR_1")])
    ['x', 'x-2', 'POSCAR_1']
    """
    taken: set[str] = set()
    stems = []
    for file in files:
        stem = file.stem if file.suffix.lower() in (".cif", ".vasp") else file.name
        stem = _UNSAFE.sub("_", stem)
        unique, count = stem, 1
        while unique.lower() in taken:
            count += 1
            unique = f"{stem}-{count}"
        taken.add(unique.lower())
        stems.append(unique)
    return stems


@contextmanager
def claim_folder(folder: Path, command: dict[str, Any], stems: Sequence[str]) -> Iterator[None]:
    """Hold a directory for one command; the same command may come again.

    Raises
    ------
    InputError
        When it holds the results of another command, or files that would be replaced.
    StoreError
        When it cannot be written, or another process writes there.
    """
    # as it will be read again
    command = json.loads(json.dumps(command))
    _refuse_foreign(folder, command, stems)
    with lock_results(folder):
        _refuse_foreign(folder, command, stems)  # another process may have been faster
        with explain_writing(folder):
            replace_file(folder / CLAIM, json.dumps(command, indent=2) + "\n")
        yield


def _refuse_foreign(folder: Path, command: dict[str, Any], stems: Sequence[str]) -> None:
    path = folder / CLAIM
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        for name in _list_names(stems):
            if (folder / name).exists():
                raise InputError(
                    f"{folder / name} is there and is not of this command; choose another "
                    "directory with -o, or move it"
                ) from None
        return
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is not readable as a note of the command ({error}); choose another directory "
            "with -o, or remove that file"
        ) from error
    if held == command:
        return
    changed = [
        key for key in command if not isinstance(held, dict) or held.get(key) != command[key]
    ]
    raise InputError(
        f"{folder} holds the results of another command (other {', '.join(changed) or 'options'}); "
        "choose another directory with -o, or remove it first"
    )


def _list_names(stems: Sequence[str]) -> Iterator[str]:
    """Names that a command writes."""
    yield from (TABLE, DOCUMENTS)
    for stem in stems:
        for pattern in ("{}.cube", "{}.grd", "LOCPOT_{}", "{}.html", "{}_hops.png", "{}_hops.svg"):
            yield pattern.format(stem)
        yield f"{stem}_neb"


def write_side_files(run: BvseRun, stem: str, wanted: SideFiles) -> tuple[list[str], list[str]]:
    """Write the map, the NEB images and the figures of one structure, as far as asked for.

    Returns
    -------
    tuple of two lists of str
        Names of the files, or folders, relative to the directory; and what could not be made.

    Raises
    ------
    StoreError
        When a file cannot be written.
    """
    files: list[str] = []
    notes: list[str] = []
    with explain_writing(wanted.folder):
        if wanted.export is not None and run.energies is not None:
            files.append(_write_map(run.energies, stem, wanted.folder, wanted.export))
        structure = run.document.structure
        if wanted.n_images is not None and run.network is not None and structure is not None:
            made, notes = _write_images(
                run.network, structure, stem, wanted.folder, wanted.n_images
            )
            files += made
        if wanted.has_figures:
            files += _write_figures(run, stem, wanted.folder)
    return files, notes


def _write_map(energies: EnergyMap, stem: str, folder: Path, file_format: MapFormat) -> str:
    name = f"LOCPOT_{stem}" if file_format == "locpot" else f"{stem}.{file_format}"
    replace_file(folder / name, "".join(format_map(energies, file_format)))
    return name


def _write_images(
    network: SiteNetwork, structure: Structure, stem: str, folder: Path, n_images: int
) -> tuple[list[str], list[str]]:
    """Write one folder per kind of hop, numbered as in the document, with 00, 01, ... in it."""
    kinds = list_hop_kinds(network)
    files: list[str] = []
    reasons: list[str] = []
    for number, edges in enumerate(kinds, start=1):
        try:
            images = neb_images(network, edges[0], structure, n_images=n_images)
        except InputError as error:
            reasons.append(str(error).partition(";")[0])  # its advice is for Python
            continue
        name = f"{stem}_neb/hop_{number:02d}"
        files.append(name)
        for index, image in enumerate(images):
            # grouped by element, as VASP's POTCAR needs it, in the same order in every image
            poscar = Poscar(image.get_sorted_structure(), comment=f"{stem} hop {number} {index}")
            path = folder / name / f"{index:02d}" / "POSCAR"
            replace_file(path, poscar.get_str(significant_figures=10))
    notes = []
    shortest_A = min(structure.lattice.abc)
    if files and shortest_A < SHORT_CELL_A:
        notes.append(
            f"the cell is {shortest_A:.1f} Å short: in its NEB images the moving ion meets its own "
            "copies; give a supercell"
        )
    if reasons:
        n_without = f"{len(reasons)} of {len(kinds)} kinds of hops"
        notes.append(f"no NEB images for {n_without}: {reasons[0]}")
    return files, notes


def _write_figures(run: BvseRun, stem: str, folder: Path) -> list[str]:
    # plotly and matplotlib take longer to load than a barrier to compute
    from perolyte.reports.bvse_isosurface import isosurface_html
    from perolyte.reports.bvse_network import network_figure
    from perolyte.reports.figures import render_figure, settle_layout

    if run.energies is None or run.percolation is None or run.network is None:
        return []
    document = run.document
    title = f"{document.ion} in {document.formula}, {stem} ({document.settings.convention})"
    names = [f"{stem}.html", f"{stem}_hops.png", f"{stem}_hops.svg"]
    page = isosurface_html(run.energies, run.percolation, run.network, title=title)
    replace_file(folder / names[0], page)
    figure = network_figure(run.network, run.percolation, title=title)
    settle_layout(figure)
    for name in names[1:]:
        replace_file(folder / name, render_figure(figure, name.rpartition(".")[2]))
    return names
