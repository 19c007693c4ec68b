"""The answer does not depend on how a crystal is written down."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures import PerovskiteResult, classify_perovskite
from support.perovskites import cubic, disturb, known_structures

KNOWN = known_structures()
SUPERCELLS = [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 3), (2, 2, 1)]
SKEWED = [[1, 1, 0], [0, 1, 0], [0, 0, 1]]


def summarise(result: PerovskiteResult) -> tuple:
    return (
        result.is_perovskite,
        result.family,
        {site: set(elements) for site, elements in result.sites.items()},
        result.octahedral_network_dimension,
        result.tilt_system,
        result.b_order,
        result.a_order,
        result.mobile_ion_dimension,
        None if result.a_occupancy is None else round(result.a_occupancy, 6),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(sorted(KNOWN)),
    supercell=st.sampled_from(SUPERCELLS),
    skew=st.booleans(),
    seed=st.integers(0, 10_000),
)
def test_supercell_shift_rotation_and_order_change_nothing(name, supercell, skew, seed):
    original = KNOWN[name]
    copy = original.copy()
    copy.make_supercell(supercell)
    if skew:
        copy.make_supercell(SKEWED)
    copy = disturb(copy, seed=seed, rattle_A=0.0)
    assert summarise(classify_perovskite(copy)) == summarise(classify_perovskite(original))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(KNOWN)), seed=st.integers(0, 10_000))
def test_a_rattle_of_a_twentieth_angstrom_changes_nothing(name, seed):
    """0.05 Å is the amplitude of room-temperature vibrations."""
    original = KNOWN[name]
    copy = disturb(original, seed=seed, rattle_A=0.05)
    assert summarise(classify_perovskite(copy)) == summarise(classify_perovskite(original))


def test_topology_does_not_depend_on_the_unit_of_length():
    cell = KNOWN["CaTiO3 Pnma"].copy()
    cell.scale_lattice(cell.volume * 1.8897**3)
    assert classify_perovskite(cell).is_perovskite == "yes"


def test_split_sites_are_one_site():
    """Each oxygen of cubic SrTiO3 in two half-occupied places 0.4 Å apart."""
    whole = KNOWN["SrTiO3"]
    species, positions = [], []
    for site in whole:
        if site.specie.symbol == "O":
            across = np.argmin(np.abs(site.frac_coords))
            for sign in (-1, 1):
                species.append({"O": 0.5})
                positions.append(site.frac_coords + sign * 0.2 / 3.905 * np.eye(3)[across])
        else:
            species.append({site.specie.symbol: 1.0})
            positions.append(site.frac_coords)
    result = classify_perovskite(Structure(whole.lattice, species, positions))
    assert (result.is_perovskite, result.family) == ("yes", "simple")
    assert any("3 split sites were merged" in line for line in result.evidence)


def test_one_missing_anion_in_a_supercell_leaves_a_perovskite_with_a_warning():
    cell = KNOWN["SrTiO3"].copy()
    cell.make_supercell((3, 3, 3))
    cell.remove_sites([next(i for i, s in enumerate(cell) if s.specie.symbol == "O")])
    result = classify_perovskite(cell)
    assert (result.is_perovskite, result.a_occupancy) == ("yes", pytest.approx(1.0))
    assert any("2 of 27 octahedra are incomplete" in line for line in result.warnings)


def test_missing_a_sites_are_counted():
    cell = KNOWN["SrTiO3"].copy()
    cell.make_supercell((2, 2, 2))
    cell.remove_sites([0])
    result = classify_perovskite(cell)
    assert (result.is_perovskite, result.family) == ("yes", "a_site_deficient")
    assert result.a_occupancy == pytest.approx(7 / 8)


def test_a_molecule_counts_as_one_a_ion():
    """Methylammonium lead iodide, with its molecule along one edge of the cube."""
    a = 6.3
    cell = cubic(a, ["Cs", "Pb", "I"])
    cell.remove_sites([0])
    for element, x, y, z in [
        ("C", -0.745, 0, 0),
        ("N", 0.745, 0, 0),
        ("H", -1.1, 1.03, 0),
        ("H", -1.1, -0.51, 0.89),
        ("H", -1.1, -0.51, -0.89),
        ("H", 1.1, 0.97, 0),
        ("H", 1.1, -0.48, 0.84),
        ("H", 1.1, -0.48, -0.84),
    ]:
        cell.append(element, [x / a, y / a, z / a])
    result = classify_perovskite(cell)
    assert (result.is_perovskite, result.family) == ("yes", "simple")
    assert result.a_occupancy == pytest.approx(1.0)
    assert set(result.sites["A"]) == {"C", "N", "H"}
    assert result.tolerance is None
    assert any("molecule" in line for line in result.warnings)


def test_too_large_a_cell_is_left_with_a_reason():
    cell = KNOWN["SrTiO3"].copy()
    cell.make_supercell((8, 8, 8))
    result = classify_perovskite(cell)
    assert (result.is_perovskite, result.family) == ("no", "none")
    assert "2560 sites" in result.warnings[0]


def test_impossible_structures_are_refused_in_one_line():
    broken = Structure(Lattice.cubic(4), ["Sr"], [[np.nan, 0, 0]])
    flat = Structure(Lattice([[1, 0, 0], [0, 1, 0], [1, 1, 1e-6]]), ["Sr"], [[0, 0, 0]])
    for structure, words in ((broken, "finite"), (flat, "volume")):
        with pytest.raises(InputError, match=words) as caught:
            classify_perovskite(structure)
        assert "\n" not in str(caught.value)


def test_an_element_without_electronegativity_is_no_obstacle():
    cell = KNOWN["SrTiO3"].copy()
    cell.replace_species({"Sr": "Ar"})
    assert classify_perovskite(cell).evidence


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_nonsense_gets_an_answer(data):
    """Random atoms in random cells, some on top of each other, some partially occupied."""
    n = data.draw(st.integers(1, 12))
    elements = st.sampled_from(["Li", "La", "Ti", "O", "F", "H", "C", "N", "S", "Te", "I", "Ar"])
    lattice = Lattice.from_parameters(
        *(data.draw(st.floats(1.0, 15.0)) for _ in range(3)),
        *(data.draw(st.floats(60.0, 115.0)) for _ in range(3)),
    )
    species = [{data.draw(elements): data.draw(st.sampled_from([1.0, 0.5, 0.1]))} for _ in range(n)]
    grid = st.sampled_from([0.0, 0.25, 0.5, 0.52, 0.9])
    positions = [[data.draw(grid) for _ in range(3)] for _ in range(n)]
    result = classify_perovskite(Structure(lattice, species, positions))
    assert result.is_perovskite in ("yes", "no", "related")
    assert result.evidence
