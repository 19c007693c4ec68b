"""Where ions go: what is compared, what is kept, and how fair the random ones are."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from scipy.stats import chisquare

from perolyte.errors import InputError
from perolyte.structures import SelectionRule
from perolyte.structures._host import Host, prepare_host
from perolyte.structures.arrangements import SublatticeMove
from perolyte.structures.placement import PlacementResult, place_ions

STATES = {"Sr": 2, "Ti": 4, "O": -2, "Al": 3, "La": 3}
ALL = 10_000
"""More than there are arrangements."""


@pytest.fixture(scope="module")
def host() -> Host:
    """SrTiO3, 2 x 2 x 2."""
    cell = Structure.from_spacegroup(
        "Pm-3m", Lattice.cubic(3.9), ["Sr2+", "Ti4+", "O2-"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )  # fmt: skip
    return prepare_host(cell * (2, 2, 2), {"A": ["Sr"], "B": ["Ti"], "X": ["O"]})


def find_sites(host: Host, sublattice: str) -> tuple[int, ...]:
    return tuple(np.flatnonzero(host.sublattice_of == sublattice).tolist())


def list_moves(host: Host, n_al: int = 2) -> list[SublatticeMove]:
    """Al on Ti, half as many O vacancies."""
    return [
        SublatticeMove(find_sites(host, "B"), {"Ti": n_al}, {"Al": n_al}),
        SublatticeMove(find_sites(host, "X"), {"O": n_al // 2}, {}),
    ]


def place(host: Host, n_al: int = 2, *, seed: int = 0, pair=None, **rule: int) -> PlacementResult:
    return place_ions(
        host,
        list_moves(host, n_al),
        states=STATES,
        rule=SelectionRule(**rule),
        seed=[seed],
        pair=pair,
    )


@pytest.mark.parametrize(
    ("name", "lowest"), [("n_keep", 1), ("n_random", 0), ("max_enumerated", 0), ("n_samples", 1)]
)
def test_a_rule_holds_whole_numbers(name, lowest):
    assert getattr(SelectionRule(**{name: lowest}), name) == lowest
    for wrong in (lowest - 1, 1.0, "3", True, None):
        with pytest.raises(InputError, match=f"{name} is {wrong!r}, allowed are integers from"):
            SelectionRule(**{name: wrong})


def test_the_lowest_is_kept_and_what_it_is_of_is_said(host):
    found = place(host)
    (best,) = found.placements
    assert (best.order, best.rank, best.kept_as, best.pair) == (0, 0, "lowest energy", None)
    assert (found.method, found.warnings) == ("enumerated", ())
    assert found.n_compared == found.n_distinct == 11
    assert found.n_labelled == 28 * 24  # two of 8 Ti, one of 24 O
    counts = Counter(best.symbols.tolist())
    assert counts == {"Sr": 8, "Ti": 6, "Al": 2, "O": 23, "": 1}


def test_every_arrangement_can_be_kept_in_the_order_of_energy(host):
    found = place(host, n_keep=ALL)
    kept = found.placements
    assert len(kept) == found.n_distinct
    assert [p.rank for p in kept] == [p.order for p in kept] == list(range(len(kept)))
    energies = [p.ewald_energy_eV for p in kept]
    assert energies == sorted(energies)
    assert sum(p.degeneracy for p in kept) == found.n_labelled
    assert found.warnings == (f"{ALL} arrangements were asked, 11 were found",)
    assert [p.extend_name("x") for p in kept[:3]] == ["x", "x-r1", "x-r2"]


def test_energies_are_those_of_point_charges(host):
    """Against pymatgen's Ewald sum of the same cell."""
    from pymatgen.analysis.ewald import EwaldSummation

    for placement in place(host, n_keep=3).placements:
        structure = host.sites.build_structure(placement.symbols, STATES)
        reference_eV = EwaldSummation(structure, acc_factor=14).total_energy
        # pymatgen's sum is cut at its accuracy factor
        assert placement.ewald_energy_eV == pytest.approx(reference_eV, abs=1e-4)


def test_the_order_of_the_sites_does_not_matter(host):
    shuffled = np.random.default_rng(3).permutation(len(host.symbols))
    structure = host.sites.build_structure(host.symbols, STATES)
    other = prepare_host(
        Structure.from_sites([structure[n] for n in shuffled]),
        {"A": ["Sr"], "B": ["Ti"], "X": ["O"]},
    )
    first, second = place(host, n_keep=ALL), place(other, n_keep=ALL)
    assert [p.ewald_energy_eV for p in first.placements] == pytest.approx(
        [p.ewald_energy_eV for p in second.placements], abs=2e-6
    )


def test_sampled_and_enumerated_agree_on_the_best(host):
    for n_al in (2, 4):
        enumerated = place(host, n_al)
        sampled = place(host, n_al, max_enumerated=3, n_samples=60)
        assert sampled.method == "sampled"
        assert "above the limit of 3" in sampled.reason
        assert "Monte Carlo" in sampled.reason
        assert (sampled.n_distinct, sampled.n_labelled) == (
            enumerated.n_distinct, enumerated.n_labelled,
        )  # fmt: skip
        best, found = enumerated.placements[0], sampled.placements[0]
        assert found.ewald_energy_eV == best.ewald_energy_eV
        assert found.degeneracy == best.degeneracy


@pytest.mark.parametrize("seed", range(3))
def test_a_rare_best_is_found_by_the_search(host, seed):
    """24 copies among 19,320 arrangements: 80 draws have one of them in one case of ten."""
    best = place(host, 4).placements[0]
    found = place(host, 4, max_enumerated=0, n_samples=80, seed=seed)
    assert (best.degeneracy, found.n_labelled) == (24, 19_320)
    assert found.placements[0].ewald_energy_eV == best.ewald_energy_eV


def test_random_ones_come_last_and_are_none_of_the_kept(host):
    found = place(host, n_keep=2, n_random=4)
    assert [p.kept_as for p in found.placements] == ["lowest energy"] * 2 + ["random"] * 4
    assert [p.order for p in found.placements] == list(range(6))
    assert len({p.rank for p in found.placements}) == 6
    assert place(host, n_random=100).warnings == (
        "100 random arrangements were asked, 10 more were found",
    )


def test_none_is_left_to_draw(host):
    found = place(host, n_keep=11, n_random=2)
    assert len(found.placements) == 11
    assert found.warnings == ("2 random arrangements were asked, 0 more were found",)


def test_the_seed_decides_about_the_random_ones_alone(host):
    def ranks(seed: int) -> list[int]:
        return [p.rank for p in place(host, seed=seed, n_random=3).placements]

    assert ranks(1) == ranks(1)
    drawn = [ranks(seed) for seed in range(8)]
    assert {first for first, *_ in drawn} == {0}
    assert len({tuple(rest) for _, *rest in drawn}) > 1


@pytest.mark.parametrize("rule", [{}, {"max_enumerated": 0, "n_samples": 400}])
def test_random_ones_are_as_probable_as_they_are_frequent(host, rule):
    """Each distinct arrangement in proportion to its equivalent copies, as at high temperature."""
    kept = place(host, n_keep=ALL).placements
    degeneracy_of = {round(p.ewald_energy_eV, 3): p.degeneracy for p in kept[1:]}
    assert len(degeneracy_of) == len(kept) - 1, "energies tell them apart"
    n_draws = 400
    drawn = Counter(
        round(place(host, seed=seed, n_random=1, **rule).placements[1].ewald_energy_eV, 3)
        for seed in range(n_draws)
    )
    observed = np.array([drawn[energy] for energy in degeneracy_of])
    weights = np.array(list(degeneracy_of.values()))
    assert observed.sum() == n_draws, "the best is kept already and never drawn"
    expected = n_draws * weights / weights.sum()
    assert expected.min() > 5, "enough for a chi-square test"
    # the seeds are fixed: this is one draw of a fair selection, and no draw of an unfair one
    assert chisquare(observed, expected).pvalue > 1e-3
    assert chisquare(observed).pvalue < 1e-6


def test_a_pair_keeps_the_best_of_every_shell(host):
    found = place(host, pair=("Al", "vacancy_X"))
    every = place(host, n_keep=ALL, pair=("Al", "vacancy_X")).placements
    assert [p.kept_as for p in found.placements] == [
        f"lowest energy of shell {n}" for n in range(1, len(found.placements) + 1)
    ]
    for placement in found.placements:
        same = [p for p in every if p.pair.shell == placement.pair.shell]
        assert placement.ewald_energy_eV == min(p.ewald_energy_eV for p in same)
        assert (placement.order, placement.extend_name("x")) == (0, f"x-n{placement.pair.shell}")
    distances_A = [p.pair.distance_A for p in found.placements]
    assert distances_A == sorted(distances_A)
    assert distances_A[0] == pytest.approx(3.9 / 2)
    assert len(every) == found.n_distinct
    assert every[1].extend_name("x") == "x-n1-r1"


def test_shells_in_which_no_arrangement_is(host):
    """The nearest of two Al is never the farthest of all Ti-O distances of the cell."""
    found = place(host, 4, pair=("Al", "vacancy_X"))
    shells = {p.pair.shell for p in found.placements}
    n_shells = found.placements[0].pair.n_shells
    missing = set(range(1, n_shells + 1)) - shells
    assert missing
    (warning,) = found.warnings
    assert warning.startswith(f"{n_shells} distances of Al and vacancy_X exist, {len(shells)} are")


def test_random_ones_are_named_within_their_shell(host):
    found = place(host, n_random=3, pair=("Al", "vacancy_X"))
    names = [p.extend_name("x") for p in found.placements]
    assert len(set(names)) == len(names)
    assert [p.kept_as for p in found.placements[-3:]] == ["random"] * 3


def test_nothing_moves():
    """An ordered parent without changes has one arrangement: itself."""
    cell = Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.2), ["Sr2+", "O2-"], [[0] * 3, [0.5] * 3]
    )
    host = prepare_host(cell, {"A": ["Sr"], "X": ["O"]})
    found = place_ions(host, [], states=STATES, rule=SelectionRule(), seed=[0])
    assert (found.n_distinct, found.n_labelled, len(found.placements)) == (1, 1, 1)
    assert found.placements[0].symbols.tolist() == host.symbols.tolist()
    assert found.placements[0].degeneracy == 1


def test_split_sites_are_never_both_occupied(host):
    """La may enter a site on top of a Sr, or one of its own between two of them."""
    blocked = [[0.0, 0.0, 0.02]]
    free = [[0.25, 0.0, 0.0]]
    moves_of = lambda split: [  # noqa: E731
        SublatticeMove(find_sites(split, "extra"), {}, {"La": 1}),
        SublatticeMove(find_sites(split, "A"), {"Sr": 1}, {}),
    ]
    both = host.with_empty_sites(np.array(blocked + free), "extra")
    found = place_ions(
        both, moves_of(both), states=STATES, rule=SelectionRule(n_keep=ALL), seed=[0]
    )
    assert found.n_compared < found.n_distinct
    for placement in found.placements:
        structure = both.sites.build_structure(placement.symbols, STATES)
        assert structure.distance_matrix[np.triu_indices(len(structure), 1)].min() > 1.0
    only = host.with_empty_sites(np.array(blocked), "extra")
    moves = [SublatticeMove(find_sites(only, "extra"), {}, {"La": 1})]
    with pytest.raises(InputError, match="in all 1 arrangements compared two ions are nearer"):
        place_ions(only, moves, states=STATES, rule=SelectionRule(), seed=[0])


@pytest.mark.parametrize(
    ("pair", "part"),
    [
        (("Al", "vacancy_A"), "does not hold two such defects"),
        (("Al", "vacancy_Q"), "no sublattice 'Q'"),
        (("Al", "Mg"), "no arrangement holds 'Mg'"),
        (("Al", "interstitial"), "the interstitial sites hold no ion"),
    ],
)
def test_pairs_that_are_not_there(host, pair, part):
    with pytest.raises(InputError, match=part):
        place(host, pair=pair)
