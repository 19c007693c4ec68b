"""Point-charge energies against known Madelung constants and an independent sum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.core.ewald import EwaldSummation

from perolyte.structures import (
    Dopant,
    Doping,
    Vacancy,
    build_ordered_parent,
    compute_ewald_energies,
    compute_ewald_matrix,
    enumerate_dopings,
    enumerate_vacancies,
)
from perolyte.units import COULOMB_EV_A

# Both sums are converged to 12 digits; energies are rounded to 1e-6 eV for ranking.
AGREEMENT_EV = 2e-6
MADELUNG_TOLERANCE = 1e-6  # the tabulated constants have seven digits
ROLES = {"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]}


@pytest.fixture(scope="module")
def parent():
    cell = Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(3.87),
        [{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )
    return build_ordered_parent(cell, supercell=(2, 2, 3), n_samples=500, seed=0)


@pytest.mark.parametrize(
    ("group", "sites", "nearest", "madelung"),
    [
        ("Fm-3m", [[0, 0, 0], [0.5, 0.5, 0.5]], 0.5, 1.7475646),
        ("Pm-3m", [[0, 0, 0], [0.5, 0.5, 0.5]], np.sqrt(3) / 2, 1.7626748),
        ("F-43m", [[0, 0, 0], [0.25, 0.25, 0.25]], np.sqrt(3) / 4, 1.6380551),
    ],
)
def test_madelung_constants(group, sites, nearest, madelung):
    """NaCl, CsCl and ZnS structures, doi 10.1103/PhysRev.99.1850."""
    a_A = 5.0
    cell = Structure.from_spacegroup(group, Lattice.cubic(a_A), ["Na", "Cl"], sites)
    charges = np.array([[1.0 if s.specie.symbol == "Na" else -1.0 for s in cell]])
    matrix = compute_ewald_matrix(cell.lattice, cell.frac_coords)
    energy_eV = compute_ewald_energies(matrix, charges)[0] / (len(cell) / 2)
    assert -energy_eV * nearest * a_A / COULOMB_EV_A == pytest.approx(
        madelung, abs=MADELUNG_TOLERANCE
    )


def test_a_charged_cell_does_not_depend_on_the_splitting():
    """Cubic Wigner lattice in its background: E = -2.837297 q2 / (2 L)."""
    matrix = compute_ewald_matrix(Lattice.cubic(4.0), np.zeros((1, 3)))
    energy_eV = compute_ewald_energies(matrix, np.array([[2.0]]))[0]
    assert energy_eV == pytest.approx(-2.837297 * 4.0 * COULOMB_EV_A / (2 * 4.0), rel=1e-6)


def test_structures_carry_the_energy_of_an_independent_sum(parent):
    wanted = [("Sr", 2, "S3"), ("Al", 1, "A1"), ("Ga", 2, "A3")]
    doped = enumerate_dopings(
        parent.structure,
        [Doping(Dopant(element, count=n), scheme) for element, n, scheme in wanted],
        roles=ROLES,
        empty_sites_frac={"A": parent.vacancy_sites_frac},
    )
    emptied = enumerate_vacancies(parent.structure, [Vacancy("O", 1, {"Li": 2})])
    energies = [(parent.structure, parent.ewald_energy_eV)]
    energies += [(r.structure, r.placement.ewald_energy_eV) for r in [*doped, *emptied]]
    for structure, energy_eV in energies:
        reference_eV = EwaldSummation(structure).total_energy
        assert energy_eV == pytest.approx(reference_eV, abs=AGREEMENT_EV)


def test_the_best_is_the_best_of_all(parent):
    """One Al with one Li on an empty A site: 12 x 2 placements, all summed one by one."""
    result = enumerate_dopings(
        parent.structure,
        [Doping(Dopant("Al", count=1), "A1")],
        roles=ROLES,
        empty_sites_frac={"A": parent.vacancy_sites_frac},
    )[0]
    assert result.arrangements.n_labelled == 24
    titanium = [i for i, s in enumerate(parent.structure) if s.specie.symbol == "Ti"]
    energies_eV = []
    for site, empty in itertools.product(titanium, parent.vacancy_sites_frac):
        cell = parent.structure.copy()
        cell.replace(site, "Al3+")
        cell.append("Li+", empty)
        energies_eV.append(EwaldSummation(cell).total_energy)
    assert result.placement.ewald_energy_eV == pytest.approx(min(energies_eV), abs=AGREEMENT_EV)
    # symmetry makes equal energies: as many different ones as distinct arrangements, or fewer
    assert len(np.unique(np.round(energies_eV, 5))) <= result.arrangements.n_distinct


def test_point_charges_separate_lanthanum_and_vacancies(parent):
    """The order that formal charges prefer in LLTO: like ions apart, so below the mean energy."""
    random = build_ordered_parent(
        Structure.from_spacegroup(
            "Pm-3m",
            Lattice.cubic(3.87),
            [{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"],
            [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
        ),
        supercell=(2, 2, 3),
        n_samples=1,
        seed=0,
    )
    assert parent.ewald_energy_eV < random.ewald_energy_eV
    a, b = parent.vacancy_sites_frac
    distance_A = parent.structure.lattice.get_distance_and_image(a, b)[0]
    assert distance_A > 3.87 * 1.01  # two vacancies of charge -2 are no nearest neighbours
