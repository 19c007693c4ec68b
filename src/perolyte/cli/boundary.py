"""``perolyte boundary``: cells of a grain boundary as files, with energies where asked for."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymatgen.io.cif import CifWriter
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from perolyte.cli.outputs import make_console
from perolyte.cli.result_folder import open_result_folder, write_figure
from perolyte.cli.transport_files import check_folder
from perolyte.files import replace_file
from perolyte.jobs import BoundaryRecipe, build_boundaries, screen_boundaries
from perolyte.reports.boundary_cells_plot import boundary_cells_figure
from perolyte.schemas import BoundaryScreenDoc, BoundarySetDoc
from perolyte.structures import read_structure

__all__ = ["BoundaryOptions", "make_boundary"]

MANIFEST = "boundary.json"


@dataclass(frozen=True)
class BoundaryOptions:
    """Options of the command.

    Parameters
    ----------
    recipe
        Fields of :class:`~perolyte.jobs.BoundaryRecipe`.
    ion
        That balances charge.
    potential
        None for no energies.
    max_steps, seed
        Of relaxations, and of arrangements.
    """

    recipe: dict[str, Any]
    ion: str | None = None
    potential: str | None = None
    max_steps: int = 500
    seed: int = 0


def make_boundary(
    path: Path, options: BoundaryOptions, *, output: Path | None, as_json: bool
) -> None:
    """Build the cells, relax them where asked for, print and write.

    Raises
    ------
    InputError
        For what cannot be read or built, or a folder with cells of another boundary.
    StoreError
        When a file cannot be written.
    """
    if output is not None:
        check_folder(output)
    parsed = read_structure(path)
    found = build_boundaries(
        parsed.structure,
        BoundaryRecipe(**options.recipe),
        name=path.stem,
        mobile_ion=options.ion,
        seed=options.seed,
        input_hash=hashlib.sha256(path.read_bytes()).hexdigest(),
        warnings=[str(warning) for warning in parsed.warnings],
    )
    screen = None if options.potential is None else _screen(found, options, output)
    record = _describe(found, screen, options)
    if output is not None:
        _write(found, screen, record, output)
    if as_json:
        sys.stdout.write(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    else:
        _print(make_console(), found, screen, output)


def _screen(
    found: BoundarySetDoc, options: BoundaryOptions, output: Path | None
) -> BoundaryScreenDoc:
    from perolyte.potentials.choosing import build_batch_potential

    engine = build_batch_potential(options.potential or "chgnet")
    with (
        Console(stderr=True).status(f"relaxing {len(found.cells) + 1} cells"),
        tempfile.TemporaryDirectory(prefix="perolyte-") as scratch,
    ):
        return screen_boundaries(
            found, engine, folder=Path(scratch), name=found.name, max_steps=options.max_steps
        )


def _describe(
    found: BoundarySetDoc, screen: BoundaryScreenDoc | None, options: BoundaryOptions
) -> dict[str, Any]:
    """Return what the manifest and --json say."""
    energies = {} if screen is None else {e.name: e for e in screen.energies}
    cells = []
    for cell in found.cells:
        row = cell.model_dump(mode="json", exclude={"structure"})
        row["n_atoms"] = len(cell.structure)
        row["file"] = f"{cell.name}.cif"
        if cell.name in energies:
            row["energy"] = energies[cell.name].model_dump(mode="json")
        cells.append(row)
    return {
        "schema": {"name": "perolyte.boundary", "version": 1},
        "sigma": found.sigma_value,
        "plane": list(found.miller),
        "axis": list(found.axis),
        "angle_degrees": found.angle_degrees,
        "formula": found.formula,
        "template": found.template,
        "input_sha256": found.provenance.input_hash,
        "seed": options.seed,
        "options": {key: _plain(value) for key, value in options.recipe.items()},
        "potential": options.potential,
        "warnings": found.warnings if screen is None else screen.warnings,
        "chosen": None if screen is None else screen.chosen,
        "boundary_energy_J_m2": None if screen is None else screen.boundary_energy_J_m2,
        "cells": cells,
        "rejected": found.rejected,
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _write(
    found: BoundarySetDoc, screen: BoundaryScreenDoc | None, record: dict[str, Any], folder: Path
) -> None:
    """Write a CIF of each cell and of the bulk, a figure, and the manifest last."""
    with open_result_folder(folder, MANIFEST, _identify, record, "boundaries, or other options"):
        replace_file(folder / "bulk.cif", str(CifWriter(found.bulk)))
        for cell in found.cells:
            replace_file(folder / f"{cell.name}.cif", str(CifWriter(cell.structure)))
        if screen is not None and screen.structure is not None:
            replace_file(folder / "lowest.cif", str(CifWriter(screen.structure)))
        write_figure(boundary_cells_figure(found, screen), folder, "boundary")
        text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
        replace_file(folder / MANIFEST, text)


def _identify(record: dict[str, Any]) -> list[str]:
    return [json.dumps(record[key], sort_keys=True) for key in ("input_sha256", "options", "seed")]


def _print(
    console: Console,
    found: BoundarySetDoc,
    screen: BoundaryScreenDoc | None,
    output: Path | None,
) -> None:
    plane = " ".join(map(str, found.miller))
    console.print(
        f"{found.formula}: Sigma {found.sigma_value} ({plane}), {found.angle_degrees:.2f}° about "
        f"[001], {found.template}",
        markup=False,
    )
    energies = {} if screen is None else {e.name: e for e in screen.energies}
    table = Table(box=SIMPLE_HEAD)
    columns = ("cell", "atoms", "gap (Å)", "separation (Å)", "mobile ions", "shifts")
    for title in columns if screen is None else (*columns, "γ (J/m²)"):
        table.add_column(title, justify="left" if title == "cell" else "right")
    for cell in found.cells:
        row = [
            cell.name,
            str(len(cell.structure)),
            f"{cell.gap_A:.2f}",
            f"{cell.separation_A:.1f}",
            f"{cell.mobile_ions_added:+d}",
            str(cell.n_equivalent_shifts),
        ]
        if screen is not None:
            energy = energies[cell.name].energy_J_m2
            row.append("none" if energy is None else f"{energy:.3f}")
        table.add_row(*row)
    console.print(table)
    for name, reason in found.rejected.items():
        console.print(f"{name}: {reason}", markup=False)
    for warning in found.warnings if screen is None else screen.warnings:
        console.print(f"warning: {warning}", markup=False)
    if output is not None:
        console.print(f"written to {output}", markup=False)
