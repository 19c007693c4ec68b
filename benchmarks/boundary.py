"""Energy of the Sigma 5 (3 1 0) boundary of SrTiO3 with CHGNet, over some rigid shifts.

Usage: python benchmarks/boundary.py [--quick] [--device cpu]

Prints one line for each cell and, last, one JSON object. No published DFT energy of this very
boundary was at hand with a DOI, so none is compared; Imaeda et al. (doi
10.1103/PhysRevB.78.245320) find by DFT that rigid shifts are needed for the stable structure,
which is what `shifted_is_lower` says of these numbers.
"""

from __future__ import annotations

import argparse
import json
import time

from pymatgen.core import Lattice, Structure

from perolyte.potentials import load_potential, relax_batch
from perolyte.structures import grain_boundary
from perolyte.structures.boundaries import boundary_energy_J_m2

LATTICE_A = 3.905
SITES = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="thin grains, four shifts")
    parser.add_argument("--device", default=None)
    arguments = parser.parse_args()
    parent = Structure.from_spacegroup("Pm-3m", Lattice.cubic(LATTICE_A), ["Sr", "Ti", "O"], SITES)
    potential = load_potential("chgnet-0.3.0", device=arguments.device)
    start = time.perf_counter()
    found = grain_boundary(
        parent,
        5,
        (3, 1, 0),
        shifts=(2, 1) if arguments.quick else (5, 5),
        min_separation_A=12.0 if arguments.quick else 25.0,
        min_width_A=3.0,
    )
    outcomes = relax_batch(
        potential,
        [found.bulk, *(cell.structure for cell in found.cells)],
        fmax_eV_A=0.1 if arguments.quick else 0.05,
        max_steps=60 if arguments.quick else 500,
    )
    bulk, *others = outcomes
    energies = {}
    for cell, end in zip(found.cells, others, strict=True):
        lattice = end.structure.lattice
        energies[cell.name] = boundary_energy_J_m2(
            end.energy_eV, bulk.energy_eV, lattice.a * lattice.b, excess=cell.excess
        )
        state = "relaxed" if end.converged else f"not relaxed ({end.fmax_eV_A:.2f} eV/Å)"
        print(f"{cell.name} {energies[cell.name]:.3f} J/m2, {len(cell.structure)} atoms, {state}")
    lowest = min(energies, key=energies.__getitem__)
    unshifted = [value for name, value in energies.items() if name.endswith("s00-00")]
    print(
        json.dumps(
            {
                "lowest_J_m2": round(energies[lowest], 4),
                "lowest": lowest,
                "highest_J_m2": round(max(energies.values()), 4),
                "shifted_is_lower": energies[lowest] < min(unshifted) - 1e-6,
                "n_cells": len(energies),
                "n_relaxed": sum(end.converged for end in others),
                "seconds": round(time.perf_counter() - start, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
