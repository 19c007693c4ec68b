"""Barriers against those that another code computed, on its grid and in its convention."""

from __future__ import annotations

import csv
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from perolyte.bvse import energy_map, percolation_barriers
from perolyte.bvse.parameters import find_covalent_radius
from perolyte.structures import assign_oxidation_states, read_structure

BISECTION_EV = 0.01
"""bvlain halves an interval until it is this narrow and reports its upper end."""
BVLAIN_SPACING_A = 0.2
TABLE_EV = 3e-4
"""Interpolation, uniform tail, and the six digits of its tabulated depths, below 10 eV."""
CHEMICAL_EV = 10.0
LIFEPO4_EV = {1: 0.4395, 2: 3.3301, 3: 3.3496}


def bvlain_divisions(structure: Structure) -> tuple[int, int, int]:
    """Voxels of bvlain's grid; it repeats the first plane of each axis as its last."""
    n_a, n_b, n_c = (int(length // BVLAIN_SPACING_A) - 1 for length in structure.lattice.abc)
    return n_a, n_b, n_c


def read_reference(folder: Path) -> list[dict[str, str]]:
    with (folder / "bvse_reference" / "bvlain_barriers.csv").open(newline="") as file:
        return [row for row in csv.DictReader(file) if row["E_1D_eV"]]


def find_barriers(path: Path, ion: str) -> dict[int, float]:
    structure = assign_oxidation_states(read_structure(path).structure).structure
    mapped = energy_map(structure, ion, convention="bvlain", divisions=bvlain_divisions(structure))
    # the reference searched up to 5 eV
    return dict(percolation_barriers(mapped, energy_limit_eV=5.0).barriers_from_cell_minimum_eV)


@pytest.mark.shared_data
def test_barriers_of_twelve_crystals(shared_data: Path):
    rows = read_reference(shared_data)
    assert len(rows) == 12
    for row in rows:
        found = find_barriers(shared_data / row["cif"], row["mobile_ion"])
        for dimension in (1, 2, 3):
            expected = float(row[f"E_{dimension}D_eV"])
            if math.isinf(expected):
                assert math.isinf(found[dimension]), row
            else:
                assert found[dimension] == pytest.approx(expected, abs=BISECTION_EV), row


@pytest.mark.shared_data
def test_lithium_iron_phosphate(shared_data: Path):
    found = find_barriers(shared_data / "cif_corpus" / "cifs" / "pm_lifepo4.cif", "Li1+")
    assert found == pytest.approx(LIFEPO4_EV, abs=BISECTION_EV)


@pytest.mark.shared_data
def test_barriers_converge_with_the_spacing(shared_data: Path):
    path = shared_data / "cif_corpus" / "cifs" / "pm_lifepo4.cif"
    structure = assign_oxidation_states(read_structure(path).structure).structure
    barriers = {
        (spacing_A, connectivity): percolation_barriers(
            energy_map(structure, "Li+", spacing_A=spacing_A), connectivity=connectivity
        ).barriers_eV[1]
        for spacing_A in (0.2, 0.1)
        for connectivity in (6, 26)
    }
    # corner-cutting paths are a lower bound, and the two bounds close in
    assert 0.0 <= barriers[0.1, 6] - barriers[0.1, 26] <= barriers[0.2, 6] - barriers[0.2, 26]
    assert abs(barriers[0.1, 26] - barriers[0.2, 26]) < 0.02


@pytest.fixture
def bvlain():
    """The other code; it announces nothing but deprecations when it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("bvlain")


def test_map_is_that_of_bvlain(bvlain):
    structure = Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(4.056),
        ["Li1+", "O2-", "Br1-"],
        [[0.5, 0, 0], [0, 0, 0], [0.5, 0.5, 0.5]],
    )
    code = bvlain.Lain(verbose=False)
    code.read_structure(structure, oxi_check=False)
    with np.errstate(all="ignore"):  # some of its voxels are on atoms
        # 400 neighbours: all that are within its cutoff of 10 Å
        theirs = code.bvse_distribution(mobile_ion="Li1+", resolution=BVLAIN_SPACING_A, k=400)
    ours = energy_map(
        structure, "Li+", convention="bvlain", divisions=bvlain_divisions(structure)
    ).energies_eV
    theirs = theirs[:-1, :-1, :-1]
    assert ours.shape == theirs.shape
    chemical = theirs < CHEMICAL_EV
    assert chemical.mean() > 0.5
    np.testing.assert_allclose(ours[chemical], theirs[chemical], atol=TABLE_EV)


def test_covalent_radii_are_those_of_bvlain(bvlain):
    from bvlain.data.covalent_radii import covalent_radii_softbv, get_covalent_radii
    from pymatgen.core.periodic_table import Element

    for number in covalent_radii_softbv:
        assert find_covalent_radius(Element.from_Z(number).symbol) == get_covalent_radii(number)
