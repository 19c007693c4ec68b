"""Cells of grain boundaries: geometry, neutrality, names and refusals."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure
from pymatgen.core.interface import GrainBoundaryGenerator

from perolyte.errors import InputError
from perolyte.structures import grain_boundary
from perolyte.structures.boundaries import (
    boundary_energy_J_m2,
    boundary_fraction,
    find_boundary_planes,
    find_sigma,
    find_tilt_angle,
    place_segregants,
)
from perolyte.structures.boundaries.segregation import distance_from_boundary_A

IDEAL = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]
TITANATE = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"], IDEAL)
STATES = {"La": 3, "Li": 1, "Ti": 4, "O": -2, "Sr": 2}


def make_llto() -> Structure:
    """La0.5Li0.5TiO3 with one A site in two held by each."""
    species = [{"La3+": 0.5, "Li+": 0.5}, "Ti4+", "O2-"]
    return Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.87), species, IDEAL)


@functools.cache
def thin(plane=(3, 1, 0), shifts=(2, 2), **changes):
    parent = make_llto() if changes.pop("llto", False) else TITANATE
    common = {"min_separation_A": 12.0, "min_width_A": 3.0, "n_samples": 3}
    return grain_boundary(parent, find_sigma(plane), plane, shifts=shifts, **(common | changes))


@given(st.integers(1, 30), st.integers(1, 30))
def test_sigma_is_odd_and_the_angle_is_that_of_the_plane(h, k):
    if h == k:
        with pytest.raises(InputError, match="no symmetric tilt boundary"):
            find_sigma((h, k, 0))
        return
    sigma = find_sigma((h, -k, 0))
    assert sigma % 2 == 1
    assert sigma == find_sigma((k, h, 0)) == find_sigma((3 * h, 3 * k, 0))
    # cos θ of a coincidence rotation has Sigma (or a divisor's multiple) as its denominator
    cosine = np.cos(np.radians(find_tilt_angle((h, k, 0))))
    assert abs(cosine * sigma - round(cosine * sigma)) < 1e-9


@pytest.mark.parametrize(("plane", "angle"), [((3, 1, 0), 36.87), ((3, 2, 0), 67.38)])
def test_known_boundaries(plane, angle):
    assert find_tilt_angle(plane) == pytest.approx(angle, abs=0.005)
    assert plane in find_boundary_planes(find_sigma(plane))


# spglib announces a change of its error handling at every call of pymatgen
@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING:DeprecationWarning")
@pytest.mark.parametrize("plane", [(2, 1, 0), (3, 1, 0)])
def test_the_boundary_is_that_of_the_generator_of_pymatgen(plane):
    found = thin(plane, (1, 1), overlap_fraction=0.3).cells
    n_repeats = round(found[0].separation_A / 3.905 / np.hypot(*plane[:2]))
    other = GrainBoundaryGenerator(TITANATE).gb_from_parameters(
        (0, 0, 1), find_tilt_angle(plane), n_repeats, plane=plane, normal=True, rm_ratio=0.0
    )
    plain = Structure(other.lattice, [s.specie.symbol for s in other], other.frac_coords)
    matcher = StructureMatcher(primitive_cell=False, scale=False, ltol=1e-3, stol=0.02)
    unopened = [cell for cell in found if cell.gap_A == 0.0]
    assert any(
        matcher.fit(plain, cell.structure.copy().remove_oxidation_states()) for cell in unopened
    )


def test_grains_are_perfect_away_from_the_boundaries():
    for cell in thin(min_separation_A=24.0).cells:
        structure = cell.structure
        inside = distance_from_boundary_A(structure) > 4.5
        for index in np.flatnonzero(inside):
            if structure[index].specie.symbol == "Ti":
                bonds = [n.nn_distance for n in structure.get_neighbors(structure[index], 2.4)]
                assert bonds == pytest.approx([3.905 / 2] * 6, abs=1e-6)


def test_both_boundaries_are_the_same():
    for cell in thin().cells:
        # a hair below zero is the boundary itself; a quarter of the smallest step between planes
        heights = np.mod(cell.structure.frac_coords[:, 2] + 0.15 / cell.structure.lattice.c, 1.0)
        halves = [np.sum((heights >= low) & (heights < low + 0.5)) for low in (0.0, 0.5)]
        assert halves[0] == halves[1]
        assert cell.separation_A == pytest.approx(cell.structure.lattice.c / 2)
        assert cell.excess == {}


def test_no_ions_overlap():
    for cell in thin().cells:
        assert cell.min_distance_A >= 0.7 * 3.905 / 2 - 1e-6
        assert 0.0 <= cell.gap_A <= 2.5


def test_equal_shifts_are_kept_once():
    found = thin(shifts=(4, 2))
    by_termination = {cell.termination for cell in found.cells}
    assert len(by_termination) == 2
    for termination in by_termination:
        of_it = [cell for cell in found.cells if cell.termination == termination]
        assert sum(cell.n_equivalent_shifts for cell in of_it) == 8
        # a shift along the tilt axis and its opposite are mirror images
        assert [cell.shift_frac[0] for cell in of_it] == [0, 0, 0.25, 0.25, 0.5, 0.5]


def test_the_same_input_gives_the_same_cells():
    first, second = (
        grain_boundary(
            make_llto(),
            5,
            (2, 1, 0),
            shifts=(1, 2),
            min_separation_A=8.0,
            min_width_A=3.0,
            n_samples=5,
            seed=seed,
        )
        for seed in (1, 1)
    )
    assert [cell.name for cell in first.cells] == [cell.name for cell in second.cells]
    assert [c.structure for c in first.cells] == [c.structure for c in second.cells]
    assert first.cells[0].name.startswith("sigma5_210-")


@pytest.mark.parametrize("overlaps", ["expand", "remove"])
def test_cells_of_a_conductor_are_neutral(overlaps):
    found = thin(llto=True, overlaps=overlaps, min_width_A=7.0)
    assert found.cells
    for cell in found.cells:
        assert cell.structure.charge == 0
        assert cell.mobile_ions_added == -cell.charge_before_e
        removed = sum(cell.n_removed.values())
        lost = -sum(n for element, n in cell.excess.items() if element != "Li")
        assert removed == 0 if overlaps == "expand" else lost <= removed
    assert found.bulk.charge == 0
    for reason in found.rejected.values():
        assert "overlaps='expand'" in reason or "gap" in reason


def test_removed_anions_take_mobile_ions_with_them():
    cells = [c for c in thin(llto=True, overlaps="remove", min_width_A=7.0).cells if c.n_removed]
    assert cells, "some shift brings ions together"
    for cell in cells:
        charge = sum(STATES[element] * n for element, n in cell.excess.items())
        assert charge == 0


def test_without_a_mobile_ion_a_charged_cell_is_rejected_with_a_reason():
    found = thin(overlaps="remove", shifts=(1, 2))
    assert any("no mobile ion" in reason for reason in found.rejected.values())


def test_an_ordered_perovskite_gives_its_cubic_average():
    ordered = Structure.from_spacegroup(
        "Pm-3m", Lattice.cubic(3.87), ["La3+", "Ti4+", "O2-"], IDEAL
    )
    ordered.make_supercell([2, 2, 2])
    for index in (0, 3, 5, 6):  # every other corner of the cube, in one order
        ordered[index] = "Li+"
    found = grain_boundary(
        ordered, 5, (2, 1, 0), shifts=(1, 1), min_separation_A=8.0, min_width_A=3.0, n_samples=2
    )
    held = found.bulk.composition.get_el_amt_dict()
    assert held["La"] == held["Li"] == held["Ti"] / 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sigma": 13}, r"plane \(3 1 0\) belongs to Sigma 5, not to Sigma 13; .*\(3 2 0\)"),
        ({"sigma": 7}, "Sigma 5, 13, 17"),
        ({"plane": (1, 1, 0)}, "no symmetric tilt boundary"),
        ({"plane": (2, 1, 1)}, r"give \(h k 0\)"),
        ({"n_repeats": 1}, r"12\.3 Å apart, allowed from 25 Å on; give 3 repeats"),
        ({"max_atoms": 100}, "allowed are up to 100"),
        ({"shifts": (0, 3)}, "two whole numbers from 1"),
        ({"min_width_A": -1.0}, "above 0"),
        ({"min_separation_A": float("nan")}, "above 0"),
        ({"overlaps": "keep"}, "'expand' or 'remove'"),
        ({"overlap_fraction": 1.0}, "0.3 to below 1"),
        ({"n_repeats": 0}, "at least 1"),
    ],
)
def test_refusals_are_one_line(changes, message):
    given = {"sigma": 5, "plane": (3, 1, 0), "min_width_A": 3.0, **changes}
    with pytest.raises(InputError, match=message) as caught:
        grain_boundary(TITANATE, given.pop("sigma"), given.pop("plane"), **given)
    assert "\n" not in str(caught.value)


def test_other_crystals_are_refused():
    rutile = Structure.from_spacegroup(
        "P4_2/mnm", Lattice.tetragonal(4.59, 2.96), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]
    )
    with pytest.raises(InputError, match=r"tetragonal and no three-dimensional perovskite"):
        grain_boundary(rutile, 5, (2, 1, 0))
    half = Structure(
        Lattice.tetragonal(3.9, 4.2),
        [{"La": 2 / 3}, "Ti", "O", "O", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
    )
    with pytest.raises(InputError, match="partly occupied sites; give a cubic parent"):
        grain_boundary(half, 5, (2, 1, 0))


# -- segregation -----------------------------------------------------------------------------------


def test_segregants_are_balanced_by_the_same_ions():
    cell = thin(llto=True, min_separation_A=24.0, min_width_A=7.0, shifts=(1, 1)).cells[0]
    for dopant, host, state in (("Sr", "Li", 2), ("vacancy", "Li", 0)):
        structure = cell.structure
        if dopant == "vacancy":  # the compensating ion needs room: an empty site half way
            middle = np.argmin(
                np.abs(structure.frac_coords[:, 2] - 0.25)
                + 1.0 * np.array([site.specie.symbol != "Li" for site in structure])
            )
            structure = structure.copy()
            structure.remove_sites([int(middle)])
        found = place_segregants(
            structure,
            dopant,
            host,
            dopant_state=state,
            mobile_ion="Li",
            n_sites=4,
            n_references=3,
        )
        assert len({one.structure.composition.formula for one in found}) == 1
        assert found[0].structure.charge == structure.charge
        near = [one.distance_A for one in found if one.region == "boundary"]
        far = [one.distance_A for one in found if one.region == "grain"]
        assert (len(near), len(far)) == (4, 3)
        assert max(near) < 5.0 < min(far)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"host": "Ca"}, "Ca is not in the cell"),
        ({"dopant_state": 3}, "no mobile ion"),
        ({"width_A": 0.01}, "within 0.005 Å of a boundary"),
    ],
)
def test_refused_segregants(changes, message):
    cell = thin(min_separation_A=24.0, shifts=(1, 1)).cells[0].structure
    given = {"host": "Sr", "dopant_state": 2, **changes}
    with pytest.raises(InputError, match=message):
        place_segregants(cell, "Ba", given.pop("host"), **given)


# -- energies --------------------------------------------------------------------------------------


def test_a_cell_that_lost_an_oxide_is_compared_with_that_oxide():
    plain = boundary_energy_J_m2(-100.0, -104.0, 50.0)
    lost = boundary_energy_J_m2(
        -85.0,
        -104.0,
        50.0,
        excess={"Li": -2, "O": -1},
        chemical_potentials_eV={"Li": -3.0, "O": -9.0},
    )
    assert plain == pytest.approx(lost)
    assert plain == pytest.approx(4.0 / 100.0 * 16.02176634)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.0, 1.0, 0.0), "area_A2 is 0.0"),
        ((float("nan"), 1.0, 1.0), "must be finite"),
    ],
)
def test_refused_energies(arguments, message):
    with pytest.raises(InputError, match=message):
        boundary_energy_J_m2(*arguments)


def test_an_excess_needs_chemical_potentials():
    with pytest.raises(InputError, match=r"\+1 Li beyond the bulk and no chemical potential"):
        boundary_energy_J_m2(1.0, 1.0, 1.0, excess={"Li": 1})


@settings(max_examples=50)
@given(
    st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=20),
    st.floats(0.001, 0.999),
    st.floats(200.0, 3000.0),
)
def test_the_occupancy_lies_between_its_extremes(energies, share, temperature_K):
    mean = boundary_fraction(energies, share, temperature_K)
    ends = [boundary_fraction([e], share, temperature_K) for e in (max(energies), min(energies))]
    rounding = 1e-12
    assert ends[0] - rounding <= mean <= ends[1] + rounding
    assert 0.0 <= mean <= 1.0
    assert boundary_fraction([0.0], share, temperature_K) == pytest.approx(share)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], 0.1, 300.0), "finite energies"),
        (([0.1], 0.0, 300.0), "between 0 and 1"),
        (([0.1], 0.1, 0.0), "above 0"),
    ],
)
def test_refused_occupancies(arguments, message):
    with pytest.raises(InputError, match=message):
        boundary_fraction(*arguments)
