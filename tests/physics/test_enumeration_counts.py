"""Numbers of distinct arrangements known beforehand, and counting against generating."""

from __future__ import annotations

import time
from math import comb, factorial

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from perolyte.structures.arrangements import EMPTY, SublatticeMove
from perolyte.structures.enumeration import (
    ArrangementSet,
    SitePermutations,
    count_arrangements,
    count_labelled,
    enumerate_arrangements,
    find_site_permutations,
)
from support.perovskites import build, cubic, known_structures

COUNT_LIMIT_S = 5.0
MOST_ORBITS = 2000


def simple_cubic(shape: tuple[int, int, int]) -> tuple[int, SitePermutations]:
    sites = np.array(list(np.ndindex(*shape))) / shape
    lattice = Lattice.orthorhombic(*(4.0 * n for n in shape))
    return len(sites), find_site_permutations(lattice, sites, ["A"] * len(sites))


# Colourings of a simple cubic lattice with 0, 1, 2, ... sites of the second colour, found by hand
# and by summation over the translations times the point group.
REFERENCE = {
    (2, 2, 2): (48, [1, 1, 3, 3, 6, 3, 3, 1, 1]),
    (3, 3, 3): (1296, [1, 1, 3, 10, 34]),
    (3, 3, 4): (576, [1, 1, 8, 31, 189]),
    (4, 4, 4): (3072, [1, 1, 9, 44, 432]),
    (5, 5, 4): (1600, [1, 1, 17, 172]),
    (5, 5, 5): (6000, [1, 1, 9, 95]),
    (6, 6, 3): (1728, [1, 1, 19, 199]),
}


@pytest.mark.parametrize(("shape", "expected"), REFERENCE.items())
def test_reference_counts_of_the_simple_cubic_lattice(shape, expected):
    n_sites, group = simple_cubic(shape)
    order, counts = expected
    assert group.n_operations == order
    for n, count in enumerate(counts):
        moves = [SublatticeMove(tuple(range(n_sites)), {"A": n}, {"B": n})]
        assert count_arrangements(["A"] * n_sites, moves, group) == count
        found = enumerate_arrangements(["A"] * n_sites, moves, group)
        assert len(found) == count
        assert sum(found.degeneracies.tolist()) == comb(n_sites, n)


def test_all_colourings_of_a_cube_are_22():
    _, group = simple_cubic((2, 2, 2))
    moves = [SublatticeMove(tuple(range(8)), {"A": n}, {}) for n in range(9)]
    assert sum(count_arrangements(["A"] * 8, [move], group) for move in moves) == 22


def test_llto_of_36_formula_units_has_the_known_number_of_arrangements():
    """36! / (12! 20! 4!), about 1.3e13; without symmetry all of them are distinct."""
    n_sites, group = simple_cubic((3, 3, 4))
    moves = [SublatticeMove(tuple(range(36)), {}, {"Li": 12, "La": 20})]
    total = factorial(36) // (factorial(12) * factorial(20) * factorial(4))
    assert count_labelled([EMPTY] * n_sites, moves) == total
    alone = SitePermutations([range(36)])
    assert count_arrangements([EMPTY] * n_sites, moves, alone) == total
    # Nearly every arrangement of so many has no symmetry of its own.
    by_symmetry = count_arrangements([EMPTY] * n_sites, moves, group)
    assert total / 576 < by_symmetry < 1.001 * total / 576


def test_216_formula_units_with_three_species_are_counted_in_seconds():
    start_s = time.process_time()
    n_sites, group = simple_cubic((6, 6, 6))
    sites = tuple(range(216))
    placed = count_arrangements(
        [EMPTY] * n_sites, [SublatticeMove(sites, {}, {"Li": 72, "La": 120})], group
    )
    assert time.process_time() - start_s < COUNT_LIMIT_S
    assert group.n_operations == 48 * 216
    # The same from a full lanthanum sublattice: another path through the recursion.
    replaced = count_arrangements(
        ["La"] * n_sites, [SublatticeMove(sites, {"La": 96}, {"Li": 72})], group
    )
    assert placed == replaced
    labelled = count_labelled([EMPTY] * n_sites, [SublatticeMove(sites, {}, {"Li": 72, "La": 120})])
    assert labelled < placed * group.n_operations < labelled * (1 + 1e-6)


def test_neighbour_pairs_of_a_perovskite_are_one_orbit_per_distance():
    """One Al and one oxygen vacancy in 4 x 4 x 4: pairs differ by their vector up to symmetry."""
    cell = cubic(3.905, ["Sr", "Ti", "O"])
    cell.make_supercell((4, 4, 4))
    symbols = [site.specie.symbol for site in cell]
    group = find_site_permutations(cell.lattice, cell.frac_coords, symbols)
    moves = [
        SublatticeMove(find(symbols, "Ti"), {"Ti": 1}, {"Al": 1}),
        SublatticeMove(find(symbols, "O"), {"O": 1}, {}),
    ]
    # Along the bond 1/2 or 3/2 cells, across it two of 0, 1, 2 in any order: 2 x 6.
    assert count_arrangements(symbols, moves, group) == 12


def find(symbols: list[str], element: str) -> tuple[int, ...]:
    return tuple(i for i, symbol in enumerate(symbols) if symbol == element)


GARNET = build(
    "Ia-3d",
    (12.97, 12.97, 12.97, 90, 90, 90),
    ["La", "Zr", "O", "Li", "Li"],
    [[0.125, 0, 0.25], [0, 0, 0], [0.1, 0.195, 0.28], [0.375, 0, 0.25], [0.125, 0.6866, 0.5634]],
)
KNOWN = known_structures()
STRONTIUM_TITANATE, BARIUM_ZIRCONATE = KNOWN["SrTiO3"], cubic(4.19, ["Ba", "Zr", "O"])
# Places for protons, at 1 Å from oxygen; they stand as H until the moves fill some of them.
PROTON_SITES = build(
    "Pm-3m",
    (4.19, 4.19, 4.19, 90, 90, 90),
    ["Ba", "Zr", "O", "H"],
    [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0.26, 0]],
)
TILTED = [[1, 1, 0], [1, -1, 0], [0, 0, 2]]
RICH, POOR = "Li:0.05, La:0.9", "Li:0.6, La:0.2"
SHARED = "Li:0.333, La:0.556"

# Parent, supercell and, per sublattice, what leaves and enters. H and disordered sites are empty.
CASES = {
    "SrTiO3, 3 Al": (STRONTIUM_TITANATE, (3, 3, 3), {"Ti": ({"Ti": 3}, {"Al": 3})}),
    "SrTiO3, 2 Al and Ga": (STRONTIUM_TITANATE, (3, 3, 3), {"Ti": ({"Ti": 3}, {"Al": 2, "Ga": 1})}),
    "SrTiO3, 2 Al and a vacancy": (
        STRONTIUM_TITANATE, (2, 2, 3), {"Ti": ({"Ti": 2}, {"Al": 2}), "O": ({"O": 1}, {})},
    ),
    "SrTiO3, 2 La and a Sr vacancy": (
        STRONTIUM_TITANATE, (2, 2, 2), {"Sr": ({"Sr": 3}, {"La": 2})},
    ),
    "SrTiO3, more La than Sr": (STRONTIUM_TITANATE, (2, 2, 2), {"Sr": ({"Sr": 6}, {"La": 5})}),
    "SrTiO3 tilted, 2 Al and 2 vacancies": (
        STRONTIUM_TITANATE, TILTED, {"Ti": ({"Ti": 2}, {"Al": 2}), "O": ({"O": 2}, {})},
    ),
    "SrTiO3 sheared, Al and 2 F": (
        STRONTIUM_TITANATE, [[2, 1, 0], [0, 2, 1], [0, 0, 2]],
        {"Ti": ({"Ti": 1}, {"Al": 1}), "O": ({"O": 2}, {"F": 2})},
    ),
    "SrTiO3 I4/mcm, La and 2 vacancies": (
        KNOWN["SrTiO3 I4/mcm"], (1, 1, 1), {"Sr": ({"Sr": 1}, {"La": 1}), "O": ({"O": 2}, {})},
    ),
    "LLTO cubic, 2 x 2 x 2": (KNOWN["LLTO cubic"], (2, 2, 2), {SHARED: ({}, {"Li": 3, "La": 4})}),
    "LLTO cubic, 2 x 2 x 3": (KNOWN["LLTO cubic"], (2, 2, 3), {SHARED: ({}, {"Li": 4, "La": 6})}),
    "LLTO cubic with Al": (
        KNOWN["LLTO cubic"], (2, 2, 2),
        {SHARED: ({}, {"Li": 4, "La": 4}), "Ti": ({"Ti": 1}, {"Al": 1})},
    ),
    "LLTO layered, 2 x 2 x 1": (
        KNOWN["LLTO layered"], (2, 2, 1),
        {RICH: ({}, {"La": 3, "Li": 1}), POOR: ({}, {"La": 1, "Li": 2})},
    ),
    "LLTO layered, 2 x 2 x 2 with Sr": (
        KNOWN["LLTO layered"], (2, 2, 2),
        {RICH: ({}, {"La": 7, "Sr": 1}), POOR: ({}, {"La": 2, "Li": 4})},
    ),
    "NaNbO3-like, Ca and a Na vacancy": (
        KNOWN["NaNbO3-like P4/mbm"], (2, 1, 2), {"Na": ({"Na": 4}, {"Ca": 2})},
    ),
    "NaNbO3-like, Ti and a vacancy": (
        KNOWN["NaNbO3-like P4/mbm"], (1, 1, 3), {"Nb": ({"Nb": 2}, {"Ti": 2}), "O": ({"O": 1}, {})},
    ),
    "Li3OCl, Br and Li vacancies": (
        KNOWN["Li3OCl"], (2, 2, 2), {"Cl": ({"Cl": 2}, {"Br": 2}), "Li": ({"Li": 2}, {})},
    ),
    "Li3OCl, Ba for 2 Li": (KNOWN["Li3OCl"], (2, 2, 2), {"Li": ({"Li": 4}, {"Ba": 2})}),
    "BaZrO3, 2 Y and a vacancy": (
        BARIUM_ZIRCONATE, (2, 2, 2), {"Zr": ({"Zr": 2}, {"Y": 2}), "O": ({"O": 1}, {})},
    ),
    "BaZrO3, Y and a proton": (
        PROTON_SITES, (3, 2, 2), {"Zr": ({"Zr": 1}, {"Y": 1}), "H": ({}, {"H": 1})},
    ),
    "BaZrO3, 2 protons": (PROTON_SITES, (2, 2, 2), {"H": ({}, {"H": 2})}),
    "garnet, 2 Ta and a Li vacancy": (
        GARNET, (1, 1, 1), {"Zr": ({"Zr": 2}, {"Ta": 2}), "Li": ({"Li": 1}, {})},
    ),
    "garnet, Al and 2 Li vacancies": (GARNET, (1, 1, 1), {"Li": ({"Li": 2}, {"Al": 1})}),
    "garnet, 2 Ba and a Ca": (GARNET, (1, 1, 1), {"La": ({"La": 3}, {"Ba": 2, "Ca": 1})}),
    "hexagonal BaNiO3, 2 Co and a vacancy": (
        KNOWN["BaNiO3 2H"], (2, 2, 1), {"Ni": ({"Ni": 2}, {"Co": 2}), "O": ({"O": 1}, {})},
    ),
    "hexagonal BaTiO3, 2 Fe": (
        KNOWN["BaTiO3 6H"], [[2, 1, 0], [-1, 1, 0], [0, 0, 1]], {"Ti": ({"Ti": 2}, {"Fe": 2})},
    ),
    "rhombohedral LaAlO3, 2 Sr and a vacancy": (
        KNOWN["LaAlO3 R-3c"], (1, 1, 1), {"La": ({"La": 2}, {"Sr": 2}), "O": ({"O": 1}, {})},
    ),
    "rhombohedral LaAlO3, Mg, 2 Ga": (
        KNOWN["LaAlO3 R-3c"], (2, 1, 1), {"Al": ({"Al": 3}, {"Mg": 1, "Ga": 2})},
    ),
    "LiNbO3, Mg and Li vacancies": (KNOWN["LiNbO3"], (2, 1, 1), {"Li": ({"Li": 4}, {"Mg": 2})}),
    "CaTiO3 Pnma, 2 Fe and a vacancy": (
        KNOWN["CaTiO3 Pnma"], (2, 1, 1), {"Ti": ({"Ti": 2}, {"Fe": 2}), "O": ({"O": 1}, {})},
    ),
    "Ba2MgWO6, exchanged and doped": (
        KNOWN["Ba2MgWO6"], (1, 1, 1),
        {"Mg": ({"Mg": 1}, {"W": 1}), "W": ({"W": 2}, {"Mg": 1, "Mo": 1}), "Ba": ({"Ba": 1}, {})},
    ),
}  # fmt: skip


def pose(parent: Structure, supercell, changes):
    """Symbols, moves and group of one case."""
    cell = parent.copy()
    cell.make_supercell(supercell)
    labels = [site.species_string for site in cell]
    symbols = [EMPTY if s == "H" or ":" in s else s for s in labels]
    group = find_site_permutations(cell.lattice, cell.frac_coords, labels)
    moves = [
        SublatticeMove(find(labels, label), removed, added)
        for label, (removed, added) in changes.items()
    ]
    return symbols, moves, group


def check_orbits(found: ArrangementSet, group: SitePermutations) -> None:
    """Apply every operation to every arrangement: no two orbits may share an arrangement."""
    weights = np.random.default_rng(0).integers(-(2**62), 2**62, (8, group.n_sites))
    seen: set[int] = set()
    for codes, degeneracy in zip(found.codes, found.degeneracies.tolist(), strict=True):
        # Labels pulled back along the operations; over a whole group that is the same orbit.
        images = codes[group.permutations]
        hashes = {int(h) for h in sum_by_code(images, weights)}
        assert len(hashes) == degeneracy
        assert not hashes & seen
        seen |= hashes


def sum_by_code(images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A 64-bit hash of rows of small codes: random weights per site and code, with overflow."""
    return weights[images, np.arange(images.shape[1])].sum(axis=1)


@pytest.mark.parametrize("case", CASES)
def test_as_many_are_generated_as_counted_and_all_differ(case):
    symbols, moves, group = pose(*CASES[case])
    n_orbits = count_arrangements(symbols, moves, group)
    assert 1 < n_orbits <= MOST_ORBITS
    found = enumerate_arrangements(symbols, moves, group)
    assert len(found) == found.n_orbits == n_orbits
    assert sum(found.degeneracies.tolist()) == found.n_labelled == count_labelled(symbols, moves)
    check_orbits(found, group)
    for move in moves:  # every arrangement is one that the moves make
        before, after = np.array(symbols)[list(move.sites)], found.arrangements[:, list(move.sites)]
        for element in {*move.removed, *move.added}:
            change = move.added.get(element, 0) - move.removed.get(element, 0)
            expected = (before == element).sum() + change
            assert ((after == element).sum(axis=1) == expected).all()
    kept = np.setdiff1d(np.arange(len(symbols)), [i for move in moves for i in move.sites])
    assert (found.arrangements[:, kept] == np.array(symbols)[kept]).all()


def test_cases_cover_what_is_promised():
    assert len(CASES) >= 20


def test_garnet_is_the_known_one():
    """Ia-3d has 48 operations, times two for the body centring of the cubic cell."""
    symbols, _, group = pose(GARNET, (1, 1, 1), {})
    assert group.n_operations == 96
    assert {e: symbols.count(e) for e in ("La", "Zr", "O")} == {"La": 24, "Zr": 16, "O": 96}
    assert {len(orbit) for orbit in group.orbits()} == {16, 24, 48, 96}


def test_vacancies_of_a_garnet_are_one_per_crystallographic_site():
    symbols, moves, group = pose(GARNET, (1, 1, 1), {"Li": ({"Li": 1}, {})})
    found = enumerate_arrangements(symbols, moves, group)
    assert sorted(found.degeneracies.tolist()) == [24, 48]
