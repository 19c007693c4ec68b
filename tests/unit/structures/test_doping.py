"""Dopings of an ordered parent: what is built, what is recorded, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures import Dopant, Doping, SelectionRule, enumerate_dopings
from perolyte.structures._counting import reach_count


def dope_with(element: str, scheme: str = "all", pair=None, **amount) -> Doping:
    return Doping(Dopant(element, **amount), scheme, pair)


@pytest.fixture
def cubic_zirconate() -> Structure:
    cell = Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(4.2),
        ["Ba2+", "Zr4+", "O2-"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )
    return cell * (3, 3, 3)


QUICKSTART = [
    dope_with("Sr", "S3", count=2),
    dope_with("Ba", "S3", count=2),
    dope_with("Al", "A1", count=1),
    dope_with("Al", "A2", count=2),
]


@pytest.fixture
def dope(ordered_llto, llto_roles):
    def _dope(*dopings, **changes):
        rule = SelectionRule(
            **{key: changes.pop(key) for key in list(changes) if key.startswith(("n_", "max_"))}
        )
        arguments = {
            "roles": llto_roles,
            "empty_sites_frac": {"A": ordered_llto.vacancy_sites_frac},
            "rule": rule,
            "seed": 5,
        }
        return enumerate_dopings(ordered_llto.structure, list(dopings), **(arguments | changes))

    return _dope


def test_the_quickstart_dopings(dope):
    results = dope(*QUICKSTART)
    assert [r.name for r in results] == ["Sr2-S3", "Ba2-S3", "Al1-A1", "Al2-A2"]
    assert [r.structure.composition.get_el_amt_dict() for r in results] == [
        {"Li": 2, "La": 6, "Sr": 2, "Ti": 12, "O": 36},
        {"Li": 2, "La": 6, "Ba": 2, "Ti": 12, "O": 36},
        {"Li": 4, "La": 7, "Ti": 11, "Al": 1, "O": 36},
        {"Li": 2, "La": 8, "Ti": 10, "Al": 2, "O": 36},
    ]
    assert [len(r.empty_sites_frac["A"]) for r in results] == [2, 2, 1, 2]
    assert all(r.structure.is_ordered and r.structure.charge == 0 for r in results)
    assert all(r.warnings == () and r.placement.order == 0 for r in results)
    assert "→" in results[0].compensation.reaction


def test_a_doping_does_not_depend_on_its_neighbours_in_the_list(dope):
    alone = dope(QUICKSTART[2])[0]
    among = dope(*reversed(QUICKSTART))[1]
    assert among.name == alone.name
    assert among.structure == alone.structure
    assert among.placement.ewald_energy_eV == alone.placement.ewald_energy_eV


def test_all_arrangements_are_compared_when_they_are_few(dope):
    (result,) = dope(dope_with("Al", "A1", count=1))
    found = result.arrangements
    assert found.method == "enumerated"
    assert found.n_compared == found.n_distinct
    assert found.n_labelled == 12 * 2  # Al on 12 Ti sites, Li on 2 empty A sites
    assert 1 <= result.placement.degeneracy <= found.n_labelled


def test_above_the_limit_they_are_sampled_and_the_reason_says_so(dope):
    doping = dope_with("Ca", "S1", count=2)
    (best,) = dope(doping)
    (sampled,) = dope(doping, max_enumerated=10, n_samples=100)
    assert sampled.arrangements.method == "sampled"
    assert "Monte Carlo" in sampled.arrangements.reason
    assert sampled.arrangements.n_distinct == best.arrangements.n_distinct
    # the search finds what the complete enumeration finds
    assert sampled.placement.ewald_energy_eV == best.placement.ewald_energy_eV


def test_random_arrangements_depend_on_the_seed_and_the_best_does_not(dope):
    doping = dope_with("Ca", "S1", count=2)
    made = [dope(doping, seed=seed, n_random=3) for seed in range(3)]
    assert len({m[0].placement.ewald_energy_eV for m in made}) == 1
    drawn = [tuple(r.placement.ewald_energy_eV for r in m[1:]) for m in made]
    assert len(set(drawn)) > 1
    assert all(r.placement.kept_as == "random" for m in made for r in m[1:])
    names = [r.name for r in made[0]]
    assert names == ["Ca2-S1", "Ca2-S1-r1", "Ca2-S1-r2", "Ca2-S1-r3"]


def test_all_schemes_that_the_cell_can_hold(dope):
    made = dope(dope_with("Sr", count=2))
    assert [r.compensation.name for r in made] == ["S1", "S2", "S3"]
    left_out = made[0].warnings
    assert any("S4" in text and "allowed are up to 1" in text for text in left_out)
    assert any("S5" in text and "multiple of 3" in text for text in left_out)


def test_co_doping_that_balances_itself(dope):
    (result,) = dope(Doping([Dopant("Al", count=1), Dopant("Nb", count=1)]))
    assert result.name == "Al1Nb1-self-compensated"
    assert result.structure.composition["Ti4+"] == 10
    assert [amount.count for amount in result.amounts] == [1, 1]


def test_co_doping_takes_its_ratio_from_fractions_of_different_bases(dope):
    both = [
        Dopant("Al", fraction=2 / 12, basis="B_sites"),
        Dopant("F", fraction=2 / 12, basis="formula_unit"),
    ]
    (result,) = dope(Doping(both, "self-compensated"))
    assert [amount.count for amount in result.amounts] == [2, 2]
    assert result.structure.composition["F-"] == 2


def test_a_pair_gives_the_best_cell_of_every_distance(dope):
    made = dope(dope_with("Al", "A3", count=2, pair=("Al", "vacancy_X")))
    shells = [r.placement.pair.shell for r in made]
    assert shells == list(range(1, len(made) + 1))
    assert len(made) > 1
    distances_A = [r.placement.pair.distance_A for r in made]
    assert distances_A[0] == pytest.approx(3.87 / 2)
    assert distances_A == sorted(distances_A)
    assert made[0].name == "Al2-A3-n1"
    for result in made:
        aluminium = [s.frac_coords for s in result.structure if s.specie.symbol == "Al"]
        vacancy = result.empty_sites_frac["X"]
        nearest_A = result.structure.lattice.get_all_distances(aluminium, vacancy).min()
        assert nearest_A == pytest.approx(result.placement.pair.distance_A, abs=1e-6)


def test_a_sampled_pair_finds_the_same_distances_and_energies(cubic_zirconate):
    doping = dope_with("Y", "A3", count=2, host="Zr", pair=("Y", "vacancy_X"))
    energies = []
    for max_enumerated in (5000, 5):
        rule = SelectionRule(max_enumerated=max_enumerated, max_shells=4)
        made = enumerate_dopings(cubic_zirconate, [doping], rule=rule)
        assert [r.placement.pair.shell for r in made] == [1, 2, 3, 5]  # nearest, and the farthest
        energies.append([r.placement.ewald_energy_eV for r in made])
        assert "5 distances" in made[0].warnings[0]
    assert energies[0] == energies[1]


def test_the_same_content_gives_the_same_cell_twice(dope):
    first, again = dope(*QUICKSTART, n_random=1), dope(*QUICKSTART, n_random=1)
    assert [r.structure for r in first] == [r.structure for r in again]


def test_no_site_is_taken_twice(dope):
    for result in dope(*QUICKSTART, dope_with("Ca", "S4", count=1), dope_with("Ga", "A3", count=2)):
        distances_A = result.structure.distance_matrix
        assert np.min(distances_A[np.triu_indices(len(distances_A), 1)]) > 1.5
        others = ("Ti", "Al", "Ga", "O")
        ions = [s.frac_coords for s in result.structure if s.specie.symbol not in others]
        all_a = np.vstack([ions, result.empty_sites_frac.get("A", np.empty((0, 3)))])
        assert len(all_a) == 12
        assert np.allclose(all_a * [2, 2, 3], np.round(all_a * [2, 2, 3]))


def test_n_keep_gives_different_arrangements_in_order(dope):
    kept = dope(dope_with("Al", "A2", count=2), n_keep=4)
    assert [r.name for r in kept] == ["Al2-A2", "Al2-A2-r1", "Al2-A2-r2", "Al2-A2-r3"]
    energies = [r.placement.ewald_energy_eV for r in kept]
    assert energies == sorted(energies)
    assert [r.placement.rank for r in kept] == [0, 1, 2, 3]
    few = dope(dope_with("Ca", "S4", count=1), n_keep=50)
    assert len(few) == few[0].arrangements.n_distinct < 50
    assert "50 arrangements were asked" in few[0].warnings[0]


@pytest.mark.parametrize(
    ("basis", "fraction", "count"),
    [
        ("A_sites", 2 / 12, 2),
        ("B_sites", 4 / 12, 4),
        ("element", 2 / 7, 2),
        ("formula_unit", 0.5, 6),
    ],
)
def test_fractions_count_what_their_basis_says(dope, basis, fraction, count):
    result = dope(dope_with("Sr", "S3", fraction=fraction, basis=basis))[0]
    assert result.amounts[0].count == count
    assert result.amounts[0].achieved_fraction == pytest.approx(fraction)
    assert result.warnings == ()


def test_the_achieved_fraction_is_recorded_when_it_differs(dope):
    result = dope(dope_with("Sr", "S3", fraction=0.2, basis="element"))[0]
    assert result.amounts[0].achieved_fraction == pytest.approx(2 / 7)
    assert "0.2857" in result.warnings[0]


@pytest.mark.parametrize(
    ("dopings", "changes", "parts"),
    [
        ([dope_with("Mn", "A1", count=1)], {}, ["Mn", "oxidation_state"]),
        ([dope_with("La", "S3", count=2)], {}, ["La", "already an element"]),
        ([dope_with("Al", "S1", count=2)], {}, ["S1", "Al3+", "A1, A2, A3, A4"]),
        ([dope_with("Sr", "S9", count=2)], {}, ["S9", "S1, S2, S3, S4, S5"]),
        ([dope_with("Sr", "S3", host="Na", count=2)], {}, ["Na", "not in the structure"]),
        ([dope_with("Sr", "S3", count=3)], {}, ["multiple of 2", "2 and 4"]),
        ([dope_with("Sr", "S3", count=8)], {}, ["up to 6", "Li", "has 3"]),
        ([dope_with("Al", "A1", count=3)], {}, ["up to 2", "empty A sites", "has 2"]),
        ([dope_with("Sr", "S3", fraction=0.01, basis="element")], {}, ["0.01", "0.2857 (2 Sr)"]),
        ([dope_with("Sr", "S3", fraction=1.0, basis="A_sites")], {}, ["0.5000 (6 Sr)"]),
        ([dope_with("Sr", "S3", count=2), dope_with("Sr", "S3", fraction=0.2, basis="A_sites")],
         {}, ["Sr2-S3", "same cell"]),
        ([dope_with("Sr", "S1", count=2)], {"roles": {"A": ["Li"], "B": ["Ti"], "X": ["O"]}},
         ["La", "no sublattice"]),
        ([dope_with("Al", "A3", count=2, pair=("Al", "vacancy_Q"))], {}, ["Q", "A, B, X"]),
        ([dope_with("Al", "A3", count=2, pair=("Al", "Mg"))], {}, ["Mg", "vacancy_X"]),
        ([dope_with("Sr", "S3", count=2)], {"n_keep": 0}, ["n_keep"]),
        ([dope_with("Sr", "S3", count=2)], {"seed": -1}, ["seed"]),
    ],
)  # fmt: skip
def test_impossible_dopings_are_refused_in_one_line(dope, dopings, changes, parts):
    with pytest.raises(InputError) as caught:
        dope(*dopings, **changes)
    message = str(caught.value)
    assert all(part in message for part in parts), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"dopants": ()}, "at least one"),
        ({"dopants": [Dopant("Sr", count=1), Dopant("Sr", count=2)]}, "Sr is given twice"),
        ({"dopants": Dopant("Sr", count=1), "pair": ("Sr",)}, "two defects"),
        ({"dopants": {"element": "Qq", "count": 2}}, "no chemical element"),
        ({"dopants": {"element": "Sr"}}, "exactly one"),
    ],
)
def test_a_doping_that_says_nonsense_cannot_be_made(arguments, part):
    with pytest.raises(InputError, match=part):
        Doping(**arguments)


def test_the_parent_must_be_ordered_decorated_and_neutral(cubic_llto, ordered_llto, llto_roles):
    arguments = {"roles": llto_roles}
    with pytest.raises(InputError, match="order it first"):
        enumerate_dopings(cubic_llto, QUICKSTART, **arguments)
    bare = ordered_llto.structure.copy()
    bare.remove_oxidation_states()
    with pytest.raises(InputError, match="decorate"):
        enumerate_dopings(bare, QUICKSTART, **arguments)
    charged = ordered_llto.structure.copy()
    charged.remove_sites([0])
    with pytest.raises(InputError, match="net charge"):
        enumerate_dopings(charged, QUICKSTART, **arguments)


@pytest.mark.parametrize(
    ("fraction", "n_basis", "step", "max_count", "count"),
    [(0.25, 12, 2, 12, 4), (0.0833, 12, 1, 12, 1), (0.04, 12, 1, 12, None), (0.9, 12, 2, 8, None),
     (1.0, 7, 2, 8, 8)],
)  # fmt: skip
def test_reach_count(fraction, n_basis, step, max_count, count):
    assert reach_count(fraction, n_basis=n_basis, step=step, max_count=max_count) == count
