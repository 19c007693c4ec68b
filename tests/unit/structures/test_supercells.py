"""Supercells: the table of LLTO, tolerances, shapes, layers, and refusals."""

from __future__ import annotations

import time

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures.compensation import find_compensations, get_compensation
from perolyte.structures.dopant import Dopant
from perolyte.structures.oxidation import assign_oxidation_states
from perolyte.structures.sublattices import find_sublattices
from perolyte.structures.supercells import CellTarget, find_supercells, measure_supercell
from support.perovskites import build

PEROVSKITE_SITES = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]
PERCENT = 0.005  # half of the last digit of a percentage with two


def perovskite(species, a_A=3.9):
    cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(a_A), species, PEROVSKITE_SITES)
    return assign_oxidation_states(cell).structure


@pytest.fixture(scope="module")
def llto():
    return perovskite([{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"], 3.87)


@pytest.fixture(scope="module")
def sto():
    return perovskite(["Sr", "Ti", "O"])


def states_of(cell):
    return assign_oxidation_states(cell).states


def target(cell, dopants, name, **kwargs):
    dopants = [dopants] if isinstance(dopants, Dopant) else dopants
    compensation = get_compensation(
        name, dopants, states=states_of(cell), sublattices=find_sublattices(cell), **kwargs
    )
    return CellTarget(tuple(dopants), compensation)


def llto_target(llto, element, fraction, name, basis="B_sites"):
    dopant = Dopant(element, fraction=fraction, basis=basis)
    return target(llto, dopant, name, empty_sites={"A": True})


def edges(choice):
    return tuple(int(n) for n in np.diag(choice.matrix))


# Cell, formula units, Li, La, empty, atoms, percentages of 1, 2 and 3 B dopants.
LLTO_CELLS = [
    ((3, 3, 4), 36, (12, 20, 4), 176, (2.78, 5.56, 8.33)),
    ((3, 3, 6), 54, (18, 30, 6), 264, (1.85, 3.70, 5.56)),
    ((6, 6, 2), 72, (24, 40, 8), 352, (1.39, 2.78, 4.17)),
    ((6, 6, 3), 108, (36, 60, 12), 528, (0.93, 1.85, 2.78)),
    ((6, 6, 4), 144, (48, 80, 16), 704, (0.69, 1.39, 2.08)),
    ((6, 6, 6), 216, (72, 120, 24), 1056, (0.46, 0.93, 1.39)),
]


class TestTableOfLlto:
    @pytest.mark.parametrize(("repeats", "n_units", "ions", "n_atoms", "percent"), LLTO_CELLS)
    def test_cells_hold_what_they_should(self, llto, repeats, n_units, ions, n_atoms, percent):
        wanted = [
            target(llto, Dopant("Al", fraction=n / n_units, basis="B_sites"), "A1",
                   empty_sites={"A": True})
            for n in (1, 2, 3)
        ]  # fmt: skip
        cell = measure_supercell(llto, repeats, targets=wanted)
        assert (cell.n_formula_units, cell.n_atoms) == (n_units, n_atoms)
        assert tuple(cell.species[s] for s in ("Li", "La", "vacancy_A")) == ions
        assert [one.counts["Al"] for one in cell.reached] == [1, 2, 3]
        for one, asked in zip(cell.reached, percent, strict=True):
            assert 100 * one.fractions["Al"] == pytest.approx(asked, abs=PERCENT)
        assert cell.composition_error == pytest.approx(0.0, abs=1e-6)
        assert f"{n_atoms} atoms in {n_units} formula units" in cell.reason

    def test_the_search_finds_the_recommended_cell(self, llto):
        wanted = [llto_target(llto, "Al", f, "A1") for f in (0.01, 0.02, 0.03)]
        best = find_supercells(llto, targets=wanted)[0]
        assert (best.n_formula_units, best.n_atoms) == (108, 528)
        assert sorted(edges(best)) == [3, 6, 6]
        assert [one.counts["Al"] for one in best.reached] == [1, 2, 3]

    def test_pairs_of_dopants_need_twice_the_cell(self, llto):
        """1 % with anion vacancies is two dopants in 216 formula units of the exact parent."""
        wanted = [llto_target(llto, "Al", f, "A3") for f in (0.01, 0.02, 0.03)]
        best = find_supercells(llto, targets=wanted, composition_tolerance=1e-6)[0]
        assert (best.n_formula_units, edges(best)) == (216, (6, 6, 6))
        assert [one.counts["Al"] for one in best.reached] == [2, 4, 6]

    def test_triples_of_dopants_ask_for_more_atoms(self, llto):
        with pytest.raises(InputError) as caught:
            find_supercells(llto, targets=[llto_target(llto, "Sr", 0.01, "S5", "A_sites")])
        message = str(caught.value)
        assert "\n" not in message
        assert "3 Sr (0.0122)" in message
        needed = int(message.split("raise max_atoms to ")[1].split(maxsplit=1)[0])
        wanted = [llto_target(llto, "Sr", 0.01, "S5", "A_sites")]
        found = find_supercells(llto, targets=wanted, max_atoms=needed, n_best=1)[0]
        assert found.n_atoms == needed
        with pytest.raises(InputError, match="raise max_atoms"):
            find_supercells(llto, targets=wanted, max_atoms=needed - 1)


class TestFractions:
    def test_each_basis_counts_its_own_sites(self, llto):
        for basis, n_basis in [
            ("A_sites", 36), ("B_sites", 36), ("formula_unit", 36), ("element", 20)
        ]:  # fmt: skip
            one = measure_supercell(
                llto, (3, 3, 4), targets=[llto_target(llto, "Sr", 0.1, "S3", basis)]
            ).reached[0]
            assert one.counts["Sr"] == (4 if basis != "element" else 2)
            assert one.fractions["Sr"] == one.counts["Sr"] / n_basis

    @pytest.mark.parametrize("fraction", [0.01, 0.02, 0.05, 0.11])
    @pytest.mark.parametrize("basis", ["A_sites", "element", "formula_unit"])
    def test_every_choice_keeps_the_tolerance(self, llto, fraction, basis):
        wanted = [llto_target(llto, "Sr", fraction, name, basis) for name in ("S1", "S3")]
        choices = find_supercells(llto, targets=wanted, tolerance=0.05, max_atoms=2500)
        assert [c.n_atoms for c in choices] == sorted({c.n_atoms for c in choices})
        for choice in choices:
            assert choice.composition_error <= 0.005
            charges = {"Li": 1, "La": 3, "Ti": 4, "O": -2, "vacancy_A": 0}
            assert sum(n * charges[s] for s, n in choice.species.items()) == 0
            for one in choice.reached:
                assert abs(one.fractions["Sr"] / fraction - 1) <= 0.05 + 1e-6
                assert one.counts["Sr"] % one.target.compensation.dopants["Sr"] == 0

    def test_no_smaller_cell_would_do(self, sto):
        """By trying all repeats: the first of the right size and shape is the answer."""
        wanted = [target(sto, Dopant("Al", fraction=0.07, basis="B_sites"), "A3")]
        best = find_supercells(sto, targets=wanted)[0]
        good = [
            a * b * c
            for a in range(1, 7) for b in range(a, 7) for c in range(b, 7)
            if c <= 2 * a and any(
                abs(2 * k / (a * b * c) / 0.07 - 1) <= 0.1 for k in range(1, 20)
            )
        ]  # fmt: skip
        assert best.n_formula_units == min(good)

    def test_co_dopants_share_one_number(self, sto):
        pair = [Dopant("Al", fraction=0.06, basis="B_sites"),
                Dopant("Nb", fraction=0.02, basis="B_sites")]  # fmt: skip
        (made,) = find_compensations(pair, states=states_of(sto), sublattices=find_sublattices(sto))
        best = find_supercells(sto, targets=[CellTarget(tuple(pair), made)])[0]
        assert best.reached[0].counts["Al"] == 3 * best.reached[0].counts["Nb"]

    def test_dopants_in_one_ratio_cannot_meet_different_wishes(self, sto):
        """Each fraction alone is easy; one to one, three parts and one never come together."""
        pair = [Dopant("Al", fraction=0.06, basis="B_sites"),
                Dopant("Nb", fraction=0.02, basis="B_sites")]  # fmt: skip
        (made,) = find_compensations(
            pair, states=states_of(sto), sublattices=find_sublattices(sto), ratio=[1, 1]
        )
        with pytest.raises(InputError, match="the nearest is"):
            find_supercells(sto, targets=[CellTarget(tuple(pair), made)], max_atoms=500)

    def test_counts_are_kept(self, sto):
        best = find_supercells(sto, targets=[target(sto, Dopant("Al", count=4), "A3")])[0]
        assert best.reached[0].counts == {"Al": 4}
        assert best.species["Ti"] >= 4
        with pytest.raises(InputError, match="nearest are 2 and 4"):
            find_supercells(sto, targets=[target(sto, Dopant("Al", count=3), "A3")])

    def test_counts_out_of_ratio_are_refused(self, sto):
        pair = [Dopant("Al", count=2), Dopant("Nb", count=2)]
        made = target(sto, pair, "self-compensated")
        wrong = CellTarget((Dopant("Al", count=2), Dopant("Nb", count=1)), made.compensation)
        with pytest.raises(InputError, match="not in the ratio 1:1"):
            find_supercells(sto, targets=[wrong])

    def test_a_cell_without_room_is_said(self, llto):
        many = target(llto, Dopant("Al", count=8), "A1", empty_sites={"A": True})
        with pytest.raises(InputError, match="no room for 8 Al with A1"):
            measure_supercell(llto, (1, 3, 3), targets=[many])
        most = measure_supercell(
            llto, (3, 3, 4), targets=[llto_target(llto, "Al", 0.5, "A1")]
        ).reached[0]
        assert most.counts == {"Al": 4}  # one for each empty site, far from what is asked


class TestShapes:
    def test_layers_keep_their_order(self, llto):
        wanted = [llto_target(llto, "Al", 0.03, "A1")]
        for choice in find_supercells(llto, targets=wanted, even_axes=["c"]):
            assert choice.matrix[2][2] % 2 == 0
        free = find_supercells(llto, targets=wanted, max_atoms=700)
        assert any(c.matrix[2][2] % 2 for c in free)
        layered = build(
            "P4/mmm",
            (3.88, 3.88, 7.76, 90, 90, 90),
            [{"La": 0.9, "Li": 0.05}, {"La": 0.2, "Li": 0.6}, "Ti", "O", "O", "O"],
            [[0, 0, 0], [0, 0, 0.5], [0.5, 0.5, 0.26], [0.5, 0.5, 0], [0.5, 0.5, 0.5],
             [0, 0.5, 0.235]],
        )  # fmt: skip
        choice = find_supercells(layered, targets=[], composition_tolerance=0.05, n_best=1)[0]
        assert choice.n_formula_units == 2 * np.prod(edges(choice))

    def test_even_layers_hold_for_any_edges(self, sto):
        wanted = [target(sto, Dopant("Al", fraction=0.05, basis="B_sites"), "A3")]
        for choice in find_supercells(sto, targets=wanted, shapes="any", even_axes=["b"]):
            assert all(row[1] % 2 == 0 for row in choice.matrix)

    def test_a_primitive_cell_finds_its_cubes(self):
        """Four rock-salt cells make the cubic one, so 32 make its double, a perfect cube."""
        cell = Structure.from_spacegroup(
            "Fm-3m", Lattice.cubic(5.6), ["Na+", "Cl-"], [[0, 0, 0], [0.5, 0.5, 0.5]]
        ).get_primitive_structure()
        wanted = [target(cell, Dopant("Ca", fraction=1 / 32, basis="element"), "S4")]
        best = find_supercells(cell, targets=wanted, tolerance=0.001)[0]
        assert (best.n_formula_units, best.shape) == (32, pytest.approx(1.0, abs=1e-6))
        assert best.shortest_image_A == pytest.approx(11.2, abs=1e-3)
        made = cell.copy()
        made.make_supercell(best.matrix)
        assert len(made) == best.n_atoms
        assert made.lattice.angles == pytest.approx((90, 90, 90), abs=1e-3)

    def test_oblique_cells_come_out_near_cubic(self):
        cell = build("R-3c:H", (5.364, 5.364, 13.11, 90, 90, 120), ["La3+", "Al3+", "O2-"],
                     [[0, 0, 0.25], [0, 0, 0], [0.525, 0, 0.25]])  # fmt: skip
        wanted = [target(cell, Dopant("Sr", fraction=0.05, basis="A_sites"), "S1")]
        for choice in find_supercells(cell, targets=wanted):
            lattice = Lattice(np.array(choice.matrix) @ cell.lattice.matrix)
            n_cells = round(lattice.volume / cell.volume)
            assert choice.n_atoms == n_cells * len(cell)
            images_A = lattice.get_points_in_sphere([[0, 0, 0]], [0, 0, 0], 40.0)
            nearest_A = min(p[1] for p in images_A if p[1] > 1e-6)
            assert choice.shortest_image_A == pytest.approx(nearest_A, abs=1e-4)
            assert choice.shape == pytest.approx(nearest_A / lattice.volume ** (1 / 3), abs=1e-4)
            assert choice.aspect <= 2.0 + 1e-3
            assert np.linalg.det(choice.matrix) > 0

    def test_needles_are_refused(self, sto):
        wanted = [target(sto, Dopant("Al", fraction=2 / 13, basis="B_sites"), "A3")]
        with pytest.raises(InputError, match=r"the nearest is 2 Al \(0.1667\)"):
            find_supercells(sto, targets=wanted, tolerance=0.001, max_atoms=70)
        long = find_supercells(sto, targets=wanted, tolerance=0.001, max_atoms=70, max_aspect=13)
        assert edges(long[0]) == (1, 1, 13)


class TestParents:
    def test_a_garnet_counts_formula_units_by_its_framework(self):
        """Ia-3d, 24 Li sites in tetrahedra and 96 in split octahedra, partly filled."""
        cell = Structure.from_spacegroup(
            "Ia-3d", Lattice.cubic(12.98),
            [{"Li+": 0.5}, {"Li+": 0.45833333}, "La3+", "Zr4+", "O2-"],
            [[0.375, 0, 0.25], [0.0969, 0.6853, 0.5768], [0.125, 0, 0.25], [0, 0, 0],
             [0.2814, 0.1022, 0.1945]],
        )  # fmt: skip
        one = measure_supercell(cell, (1, 1, 1))
        assert one.n_formula_units == 8
        assert one.species["Li"] == 56
        assert one.species["vacancy_Li"] == 64
        tantalum = Dopant("Ta", fraction=0.25, basis="formula_unit")
        found = find_supercells(cell, targets=[target(cell, tantalum, "Zr-vLi")])[0]
        assert (found.n_atoms, found.reached[0].counts) == (192, {"Ta": 2})

    def test_empty_sites_beside_the_structure_count(self, sto):
        one = measure_supercell(sto, (2, 2, 2), empty_sites={"X": 1})
        assert one.species["vacancy_X"] == 8
        assert one.n_atoms == 40

    def test_bad_questions_are_refused(self, sto, llto):
        wanted = [target(sto, Dopant("Al", fraction=0.05, basis="B_sites"), "A3")]
        for kwargs, part in [
            ({"tolerance": -1.0}, "tolerance is -1.0"),
            ({"max_atoms": 0}, "max_atoms is 0"),
            ({"n_best": 0}, "n_best is 0"),
            ({"max_aspect": 0.5}, "max_aspect is 0.5"),
            ({"even_axes": ["z"]}, "even_axes names 'z'"),
        ]:
            with pytest.raises(InputError, match=part):
                find_supercells(sto, targets=wanted, **kwargs)
        for matrix in ((0, 1, 1), (1, 1), (1.5, 1, 1)):
            with pytest.raises(InputError, match="matrix is"):
                measure_supercell(sto, matrix)
        with pytest.raises(InputError, match="those that are neutral are not near-cubic"):
            find_supercells(llto, targets=[], max_atoms=40)
        with pytest.raises(InputError, match="give the same ones"):
            CellTarget((Dopant("Ga", count=1),), wanted[0].compensation)

    def test_a_basis_must_mean_something(self):
        cell = Structure.from_spacegroup(
            "Fm-3m", Lattice.cubic(5.6), ["Na+", "Cl-"], [[0, 0, 0], [0.5, 0.5, 0.5]]
        )
        wanted = [target(cell, Dopant("Ca", fraction=0.1, basis="A_sites"), "S4")]
        with pytest.raises(InputError, match="no sublattice A"):
            find_supercells(cell, targets=wanted)


def test_a_usual_search_takes_less_than_a_second(llto):
    wanted = [
        llto_target(llto, element, fraction, name, "B_sites")
        for fraction in (0.01, 0.02, 0.03)
        for element, name in (("Sr", "S3"), ("Ba", "S4"), ("Al", "A1"), ("Al", "A3"))
    ]
    start = time.perf_counter()
    find_supercells(llto, targets=wanted)
    assert time.perf_counter() - start < 3.0  # a second, with room for a busy machine
