"""Documents of simulated boundaries with chosen numbers, and small real cells."""

from __future__ import annotations

from functools import cache

from pymatgen.core import Lattice, Structure

from perolyte.jobs import BoundaryRecipe, build_boundaries
from perolyte.schemas import (
    BoundaryEnergy,
    BoundaryProfile,
    BoundaryScreenDoc,
    BoundarySetDoc,
    BoundaryValue,
    GrainBoundaryDoc,
)
from support.documents import PROVENANCE

UNKNOWN = BoundaryValue(status="not_converged", reasons=["too short"])
RESOLVED = {
    "status": "converged",
    "reasons": ["800 K: not told apart from zero"],
    "asr_ohm_cm2": [
        BoundaryValue(
            status="not_converged",
            lower_bound=-1e-6,
            upper_bound=2e-5,
            reasons=["not told apart from zero"],
        ),
        BoundaryValue(status="converged", value=3.2e-6, error=4e-7),
    ],
    "specific_conductivity_S_cm": [
        BoundaryValue(
            status="not_converged", lower_bound=5e-3, reasons=["not told apart from zero"]
        ),
        BoundaryValue(status="converged", value=3.1e-2, error=4e-3),
    ],
}
"""Fields of `make_document`: bounds at 800 K, values at 1000 K."""


@cache
def make_cells() -> BoundarySetDoc:
    """Li3OCl: two terminations with two shifts each."""
    salt = Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(3.9),
        ["O2-", "Cl-", "Li+"],
        [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0.5, 0]],
    )
    recipe = BoundaryRecipe(
        5, (2, 1, 0), shifts=(1, 2), min_separation_A=8.0, min_width_A=3.0, n_samples=1
    )
    return build_boundaries(salt, recipe, name="$a_b$", mobile_ion="Li")


def make_screen(**changes) -> BoundaryScreenDoc:
    cells = make_cells()
    energies = [
        BoundaryEnergy(
            name=cell.name,
            stage="relaxed",
            energy_J_m2=0.9 + 0.1 * index,
            cell_energy_eV=-1.0,
            max_force_eV_A=0.04,
            is_converged=index != 3,
        )
        for index, cell in enumerate(cells.cells)
    ]
    best = energies[1].model_copy(update={"stage": "annealed", "energy_J_m2": 0.7})
    given = {
        "name": "s",
        "status": "converged",
        "provenance": PROVENANCE,
        "sigma_value": 5,
        "miller": (2, 1, 0),
        "axis": (0, 0, 1),
        "formula": "Li3ClO",
        "mobile_ion": "Li",
        "energies": [*energies, best],
        "chosen": best.name,
        "chosen_stage": "annealed",
        "boundary_energy_J_m2": 0.7,
        "bulk_energy_eV": -1.0,
        "structure": cells.cells[1].structure,
        "separation_A": cells.cells[1].separation_A,
    }
    return BoundaryScreenDoc(**given | changes)


def make_document(**changes) -> GrainBoundaryDoc:
    cell = make_cells().cells[0]
    length_A = cell.structure.lattice.c
    profiles = [
        BoundaryProfile(
            temperature_K=kelvin,
            position_A=[length_A * (i + 0.5) / 10 for i in range(10)],
            density_per_A3=[0.01 * (i + 1) for i in range(10)],
            boundary_diffusivity_cm2_s=UNKNOWN,
            grain_diffusivity_cm2_s=UNKNOWN,
        )
        for kelvin in (800.0, 1000.0)
    ]
    given = {
        "name": "$b_c$",
        "status": "not_converged",
        "reasons": ["too short"],
        "provenance": PROVENANCE,
        "sigma_value": 5,
        "miller": (2, 1, 0),
        "axis": (0, 0, 1),
        "formula": "Li3ClO",
        "mobile_ion": "Li",
        "temperatures_K": [800.0, 1000.0],
        "bulk_conductivity_S_cm": [UNKNOWN] * 2,
        "cell_conductivity_S_cm": [UNKNOWN] * 2,
        "asr_ohm_cm2": [UNKNOWN] * 2,
        "specific_conductivity_S_cm": [UNKNOWN] * 2,
        "thickness_A": 10.0,
        "boundary_energy_J_m2": 0.7,
        "profiles": profiles,
        "separation_A": cell.separation_A,
        "structure": cell.structure,
        "is_poor_proxy": True,
    }
    return GrainBoundaryDoc(**given | changes)
