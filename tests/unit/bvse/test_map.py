"""The map against a plain sum over pairs, and the ways a structure can be wrong."""

from __future__ import annotations

import re

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from scipy.special import erfc

from perolyte.bvse import ENERGY_CAP_EV, energy_map, morse_parameters
from perolyte.bvse.parameters import find_covalent_radius, find_quantum_number
from perolyte.errors import InputError

STATES = {"Li": 1, "Ti": 4, "La": 3, "O": -2}
TABLE_EV = 2e-4
"""Interpolation and the uniform tail, as measured below 10 eV."""
MEANINGFUL_EV = 10.0
"""Voxels above this are inside atoms, where the table is coarse."""
ROUNDING = 1e-8
"""Positions such as 2/3 are rounded, and energies inside atoms are steep."""


@pytest.fixture
def triclinic() -> Structure:
    """Li, La, Ti and O in a cell without symmetry."""
    return Structure(
        Lattice.from_parameters(5.1, 5.6, 6.3, 80, 97, 105),
        ["Li1+", "La3+", "Ti4+", "O2-", "O2-", "O2-", "O2-"],
        [
            [0.1, 0.1, 0.05],
            [0.55, 0.6, 0.4],
            [0.1, 0.5, 0.9],
            [0.3, 0.2, 0.7],
            [0.8, 0.3, 0.2],
            [0.2, 0.75, 0.2],
            [0.7, 0.8, 0.8],
        ],
    )


@pytest.fixture
def perovskite() -> Structure:
    """Cubic LiNbO3."""
    return Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(3.9),
        ["Li", "Nb", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )


PEROVSKITE_STATES = {"Li": 1, "Nb": 5, "O": -2}


def sum_pairs(structure, frac, *, cutoff_A, morse_factor, switch_A):
    """Energy of Li+ at one point, pair by pair."""
    energy = 0.0
    point = structure.lattice.get_cartesian_coords(frac)
    for site in structure.get_sites_in_sphere(point, cutoff_A):
        for species, occupancy in site.species.items():
            element, charge, r = species.symbol, species.oxi_state, site.nn_distance
            if element == "Li":
                continue
            if charge < 0:
                pair = morse_parameters("Li", 1, element, charge)
                morse = (np.exp(pair.alpha_per_A * (pair.r_min_A - r)) - 1) ** 2 - 1
                term = morse_factor * pair.d0_eV * morse
            else:
                radii_A = find_covalent_radius("Li") + find_covalent_radius(element)
                shells = find_quantum_number("Li") * find_quantum_number(element)
                term = 14.4 * charge / np.sqrt(shells) / r * erfc(r / (0.74 * radii_A))
            if switch_A:
                t = max(0.0, (r - cutoff_A + switch_A) / switch_A)
                term *= 1 - 10 * t**3 + 15 * t**4 - 6 * t**5
            energy += float(occupancy) * term
    return energy


@pytest.mark.parametrize(
    ("convention", "cutoff_A", "morse_factor", "switch_A"),
    [("softbv", 8.0, 1.0, 1.0), ("bvlain", 10.0, 0.5, 0.0), ("bvlain", 4.0, 0.5, 0.0)],
)
def test_map_is_the_sum_over_pairs(triclinic, convention, cutoff_A, morse_factor, switch_A):
    mapped = energy_map(triclinic, "Li+", spacing_A=0.4, convention=convention, cutoff_A=cutoff_A)
    rng = np.random.default_rng(5)
    n_compared = 0
    for voxel in rng.integers(0, mapped.divisions, size=(60, 3)):
        expected = sum_pairs(
            triclinic,
            voxel / mapped.divisions,
            cutoff_A=cutoff_A,
            morse_factor=morse_factor,
            switch_A=switch_A,
        )
        if expected < MEANINGFUL_EV:
            assert mapped.energies_eV[tuple(voxel)] == pytest.approx(expected, abs=TABLE_EV)
            n_compared += 1
    assert n_compared > 20


def test_map_says_what_it_was_made_with(triclinic):
    mapped = energy_map(
        triclinic, "Li1+", spacing_A=0.5, cutoff_A=7.0, screening_factor=0.7, convention="bvlain"
    )
    assert (mapped.ion, mapped.ion_charge, mapped.convention) == ("Li+", 1, "bvlain")
    assert (mapped.cutoff_A, mapped.screening_factor) == (7.0, 0.7)
    assert mapped.energies_eV.dtype == np.float64
    assert mapped.energies_eV.max() <= ENERGY_CAP_EV
    assert len(mapped.framework) == 6
    assert len(mapped.structure) == 7
    assert mapped.warnings == ()


@pytest.mark.parametrize("spacing_A", [0.1, 0.23, 0.5])
def test_spacing_is_never_coarser_than_asked(triclinic, spacing_A):
    mapped = energy_map(triclinic, "Li+", spacing_A=spacing_A, cutoff_A=3.0)
    assert max(mapped.spacing_A) <= spacing_A + 1e-12
    assert mapped.divisions == tuple(
        round(length / spacing)
        for length, spacing in zip(triclinic.lattice.abc, mapped.spacing_A, strict=True)
    )


def test_symmetry_changes_nothing_but_the_work(perovskite):
    options = {"oxidation_states": PEROVSKITE_STATES, "divisions": (12, 12, 12)}
    mapped = energy_map(perovskite, "Li+", **options)
    plain = energy_map(perovskite, "Li+", use_symmetry=False, **options)
    assert (mapped.n_operations, plain.n_operations) == (48, 1)
    np.testing.assert_allclose(mapped.energies_eV, plain.energies_eV, rtol=ROUNDING, atol=ROUNDING)


def test_symmetry_in_a_hexagonal_cell():
    hexagonal = Structure.from_spacegroup(
        "P6_3mc",
        Lattice.hexagonal(3.9, 6.1),
        ["Li1+", "F1-"],
        [[1 / 3, 2 / 3, 0.0], [1 / 3, 2 / 3, 0.38]],
    )
    mapped = energy_map(hexagonal, "Li+", spacing_A=0.3)
    plain = energy_map(hexagonal, "Li+", divisions=mapped.divisions, use_symmetry=False)
    assert mapped.n_operations == 12
    np.testing.assert_allclose(mapped.energies_eV, plain.energies_eV, rtol=ROUNDING, atol=ROUNDING)


def test_moving_the_crystal_moves_the_map(triclinic):
    moved = triclinic.copy()
    moved.translate_sites(range(len(moved)), [0.25, 0.5, 0.75], to_unit_cell=False)
    here = energy_map(triclinic, "Li+", divisions=(12, 12, 16)).energies_eV
    there = energy_map(moved, "Li+", divisions=(12, 12, 16)).energies_eV
    np.testing.assert_allclose(
        there, np.roll(here, (3, 6, 12), axis=(0, 1, 2)), rtol=ROUNDING, atol=ROUNDING
    )


def test_a_supercell_repeats_the_map(triclinic):
    doubled = triclinic * (2, 1, 2)
    once = energy_map(triclinic, "Li+", divisions=(10, 11, 12)).energies_eV
    twice = energy_map(doubled, "Li+", divisions=(20, 11, 24), use_symmetry=False).energies_eV
    np.testing.assert_allclose(twice, np.tile(once, (2, 1, 2)), rtol=ROUNDING, atol=ROUNDING)


def test_single_precision_rounds_the_result_only(triclinic):
    double = energy_map(triclinic, "Li+", spacing_A=0.5)
    single = energy_map(triclinic, "Li+", spacing_A=0.5, dtype="float32")
    assert single.energies_eV.dtype == np.float32
    np.testing.assert_array_equal(single.energies_eV, double.energies_eV.astype(np.float32))


def test_energy_is_linear_in_the_occupancy(triclinic):
    def map_with(occupancy: float):
        partial = triclinic.copy()
        partial[1] = {"La3+": occupancy} if occupancy < 1 else "La3+"
        mapped = energy_map(
            partial, "Li+", divisions=(8, 9, 10), use_symmetry=False, charge_tolerance=1.0
        )
        return mapped.energies_eV, mapped.warnings

    full, no_warnings = map_with(1.0)
    half, warnings = map_with(0.5)
    quarter, _ = map_with(0.25)
    open_voxels = full < MEANINGFUL_EV
    slope = (full - half) / 0.5
    expected = half - 0.25 * slope
    np.testing.assert_allclose(quarter[open_voxels], expected[open_voxels], atol=TABLE_EV)
    assert no_warnings == ()
    assert "partly" in warnings[0]


def test_shared_site_keeps_its_other_occupants(llto):
    mapped = energy_map(llto, "Li+", spacing_A=0.5, oxidation_states=STATES)
    shared = [site for site in mapped.framework if "La3+" in site.species_string]
    assert len(shared) == 1
    assert shared[0].species.num_atoms == pytest.approx(5 / 9)


def test_other_oxidation_states_of_the_element_stay():
    copper = Structure(
        Lattice.cubic(5.0),
        ["Cu1+", "Cu1+", "Cu2+", "O2-", "O2-"],
        [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0.25, 0.25, 0.25], [0.75, 0.75, 0.25]],
    )
    mapped = energy_map(copper, "Cu+", spacing_A=0.5)
    assert [str(site.specie) for site in mapped.framework] == ["Cu2+", "O2-", "O2-"]


def test_an_anion_can_move():
    fluorite = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.46), ["Ca2+", "F1-"], [[0, 0, 0], [0.25, 0.25, 0.25]]
    )
    mapped = energy_map(fluorite, "F-", divisions=(24, 24, 24))
    assert mapped.ion_charge == -1
    lowest = np.unravel_index(mapped.energies_eV.argmin(), mapped.divisions)
    # the tetrahedral site of the anion, or a point next to it
    away = np.abs((np.array(lowest) / 24 - 0.25 + 0.25) % 0.5 - 0.25)
    assert away.max() <= 0.1


def test_a_longer_bond_moves_the_minimum_outwards():
    pair = Structure(Lattice.cubic(14.0), ["Li1+", "Cl1-"], [[0.5, 0.5, 0.5], [0, 0, 0]])

    def find_minimum_A(factor: float) -> float:
        scaling = {"Cl": factor} if factor != 1.0 else None
        line = energy_map(
            pair, "Li+", divisions=(1, 1, 1400), cutoff_A=6.0, radius_scaling=scaling
        ).energies_eV[0, 0, :700]
        return 0.01 * int(line.argmin())

    bond_A = morse_parameters("Li", 1, "Cl", -1).r_min_A
    assert find_minimum_A(1.0) == pytest.approx(bond_A, abs=0.02)
    assert find_minimum_A(1.1) == pytest.approx(1.1 * bond_A, abs=0.02)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ion": "Na+"}, r"no Na\+ is in .*whose ions are La3\+, Li\+, O2-, Ti4\+"),
        ({"ion": "Li2+"}, r"no Li2\+ is in"),
        ({"ion": "Li"}, "'Li' is no ion; write an element with its charge"),
        ({"ion": "lithium"}, "'lithium' is no ion"),
        ({"convention": "vesta"}, "convention is 'vesta'; it must be one of softbv, bvlain"),
        ({"spacing_A": 0.0}, "spacing_A is 0 Å; it must be from 0.01 to 1 Å"),
        ({"cutoff_A": 100.0}, "cutoff_A is 100 Å"),
        ({"screening_factor": -1.0}, "screening_factor is -1"),
        ({"divisions": (0, 4, 4)}, "divisions are"),
        ({"radius_scaling": {"Ti": 1.1}}, r"radius_scaling is given for Ti.*: O"),
        ({"radius_scaling": {"O": 9.0}}, "radius_scaling of O is 9"),
        ({"oxidation_states": {"Li": 1, "O": -2}}, "no oxidation state is given for La, Ti"),
        ({"oxidation_states": STATES | {"Ti": 0}}, "oxidation state of Ti is unknown or 0"),
        ({"oxidation_states": STATES | {"Ti": 3}}, "net charge of -1 e"),
        ({"oxidation_states": {"Li": 3, "La": 2, "Ti": 3, "O": -2}}, r"no Li\+ is in"),
    ],
)
def test_wrong_input_is_refused_in_one_line(triclinic, change, message):
    arguments = {"ion": "Li+"} | change
    with pytest.raises(InputError, match=message) as caught:
        energy_map(triclinic, arguments.pop("ion"), **arguments)
    assert "\n" not in str(caught.value)


def test_undecorated_structure_is_refused(perovskite):
    with pytest.raises(InputError, match="oxidation state of Li, Nb, O is unknown or 0"):
        energy_map(perovskite, "Li+")


def test_overlapping_sites_are_refused(triclinic):
    triclinic.append("O2-", [0.3, 0.2, 0.72])
    with pytest.raises(InputError, match=r"sites 3 \(O2-\) and 7 \(O2-\) are 0.13 Å apart"):
        energy_map(triclinic, "Li+", charge_tolerance=1.0)


def test_split_sites_that_exclude_each_other_are_allowed(triclinic):
    triclinic[0] = {"Li1+": 0.5}
    triclinic.append({"Li1+": 0.5}, [0.13, 0.1, 0.05])
    assert len(energy_map(triclinic, "Li+", spacing_A=0.8).framework) == 6


def test_crystal_of_nothing_but_the_ion_is_refused():
    with pytest.raises(InputError, match=r"holds nothing but Li\+"):
        energy_map(Structure(Lattice.cubic(3), ["Li1+"], [[0, 0, 0]]), "Li+", charge_tolerance=1.0)


def test_missing_pair_is_named():
    phosphide = Structure(
        Lattice.cubic(5.0), ["Li1+"] * 3 + ["P3-"], [[0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0.5] * 3]
    )
    with pytest.raises(InputError, match=r"no bond-valence parameters for Li\+1 with P-3"):
        energy_map(phosphide, "Li+")


def test_unphysical_pair_is_named():
    telluride = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(5.9), ["Mg2+", "Te2-"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )
    with pytest.raises(InputError, match=r"Mg\+2 with Te-2 has a softness of -1.47 1/Å"):
        energy_map(telluride, "Mg2+")


def test_grid_that_does_not_fit_names_a_spacing_that_does(triclinic):
    with pytest.raises(InputError, match=r"voxels needs .* GB, allowed are 0.001 GB") as caught:
        energy_map(triclinic, "Li+", spacing_A=0.05, memory_limit_GB=0.001)
    spacing_A = float(re.search(r"a spacing of ([\d.]+) Å fits", str(caught.value)).group(1))
    assert energy_map(triclinic, "Li+", spacing_A=spacing_A, memory_limit_GB=0.001).energies_eV.size
