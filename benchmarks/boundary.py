"""Energies of the Sigma 5 (2 1 0) and (3 1 0) boundaries of SrTiO3 with a pretrained potential.

Usage: python benchmarks/boundary.py [--quick] [--planes 210 310] [--potential chgnet-0.3.0]
       [--device cpu] [--write]

For both terminations and a grid of rigid shifts it prints the energy of each relaxed cell, then the
lowest and the spread of each boundary. With --write the numbers of a plane go to
docs/data/boundary_energies.json when it is done; the table of docs/boundaries_atomistic.md is made
from them. Cells are small (one period in the plane, 12 Å or more between boundaries), so that the
whole takes some CPU minutes. No published DFT energy of these boundaries could be read at its
source, so none is printed beside. Imaeda et al. (doi 10.1103/PhysRevB.78.245320) find by DFT that
rigid shifts are needed for the stable (3 1 0) structure, which is what `shift_lowers_J_m2` says of
these numbers.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from pymatgen.core import Lattice, Structure

from perolyte.potentials import load_potential, relax_batch
from perolyte.structures import grain_boundary
from perolyte.structures.boundaries import boundary_energy_J_m2

LATTICE_A = 3.905
SITES = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]
PLANES = {"210": (2, 1, 0), "310": (3, 1, 0)}
FORCE_LIMIT_EV_A = 0.1
TARGET = Path(__file__).parents[1] / "docs" / "data" / "boundary_energies.json"


def relax_plane(
    parent: Structure, plane: tuple[int, int, int], potential: Any, *, is_quick: bool
) -> dict[str, Any]:
    """Relax the cells of one plane and sum up their energies."""
    found = grain_boundary(
        parent,
        5,
        plane,
        shifts=(2, 1) if is_quick else (2, 3),
        min_separation_A=12.0,
        min_width_A=3.0,
    )
    structures = [found.bulk, *(cell.structure for cell in found.cells)]
    bulk, *ends = relax_batch(
        potential,
        structures,
        fmax_eV_A=FORCE_LIMIT_EV_A,
        max_steps=20 if is_quick else 150,
    )
    rows = []
    for cell, end in zip(found.cells, ends, strict=True):
        lattice = end.structure.lattice
        energy_J_m2 = boundary_energy_J_m2(
            end.energy_eV, bulk.energy_eV, lattice.a * lattice.b, excess=cell.excess
        )
        rows.append(
            {
                "cell": cell.name,
                "termination": cell.termination,
                "shift_frac": [round(share, 4) for share in cell.shift_frac],
                "n_atoms": len(cell.structure),
                "energy_J_m2": round(energy_J_m2, 4),
                "max_force_eV_A": round(end.fmax_eV_A, 4),
                "is_converged": end.converged,
                "separation_A": round(lattice.c / 2, 2),
            }
        )
        state = "relaxed" if end.converged else f"not relaxed, {end.fmax_eV_A:.2f} eV/Å left"
        print(f"  {cell.name}: {energy_J_m2:.3f} J/m2 ({len(cell.structure)} atoms, {state})")
    return {"sigma": 5, "plane": list(plane), "summary": summarise(rows), "cells": rows}


def summarise(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the lowest energy, and the spread over shifts for each termination."""
    lowest = min(rows, key=lambda row: row["energy_J_m2"])
    unshifted = min(row["energy_J_m2"] for row in rows if not any(row["shift_frac"]))
    spread = {
        name: [
            min(row["energy_J_m2"] for row in rows if row["termination"] == name),
            max(row["energy_J_m2"] for row in rows if row["termination"] == name),
        ]
        for name in sorted({row["termination"] for row in rows})
    }
    return {
        "lowest_J_m2": lowest["energy_J_m2"],
        "lowest_cell": lowest["cell"],
        "lowest_to_highest_J_m2": spread,
        "shift_lowers_J_m2": round(unshifted - lowest["energy_J_m2"], 4),
        "n_cells": len(rows),
        "n_relaxed": sum(row["is_converged"] for row in rows),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="two shifts, 20 steps")
    parser.add_argument("--planes", nargs="+", choices=sorted(PLANES), default=sorted(PLANES))
    parser.add_argument("--potential", default="chgnet-0.3.0")
    parser.add_argument("--device", default=None)
    parser.add_argument("--write", action="store_true", help=f"write {TARGET.name}")
    arguments = parser.parse_args()
    parent = Structure.from_spacegroup("Pm-3m", Lattice.cubic(LATTICE_A), ["Sr", "Ti", "O"], SITES)
    potential = load_potential(arguments.potential, device=arguments.device)
    for name in arguments.planes:
        plane = PLANES[name]
        print(f"Sigma 5 ({' '.join(map(str, plane))}):", flush=True)
        start_s = time.process_time()
        found = relax_plane(parent, plane, potential, is_quick=arguments.quick)
        found["cpu_minutes"] = round((time.process_time() - start_s) / 60, 1)
        print(f"  {json.dumps(found['summary'])}, {found['cpu_minutes']} CPU minutes", flush=True)
        if arguments.write:
            write(found, name, arguments.potential)


def write(found: dict[str, Any], name: str, potential: str) -> None:
    """Put the numbers of a plane beside those of the others with the same potential."""
    record = json.loads(TARGET.read_text("utf-8")) if TARGET.is_file() else {}
    if record.get("potential") != potential:
        record = {"boundaries": {}}
    record |= {
        "material": "SrTiO3",
        "potential": potential,
        "force_limit_eV_A": FORCE_LIMIT_EV_A,
        "boundaries": {**record["boundaries"], name: found},
    }
    TARGET.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
