"""Counting, generating and drawing arrangements, against brute force on random groups."""

from __future__ import annotations

import itertools
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from perolyte.errors import InputError
from perolyte.structures.arrangements import EMPTY, SublatticeMove
from perolyte.structures.enumeration import (
    SitePermutations,
    arrange,
    count_arrangements,
    count_labelled,
    enumerate_arrangements,
    sample_arrangements,
)

RING = SitePermutations([np.roll(range(6), -shift) for shift in range(6)])
SIX = (0, 1, 2, 3, 4, 5)


def close_group(generators: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    identity = tuple(range(len(generators[0])))
    found, frontier = {identity}, [identity]
    while frontier:
        frontier = [
            image
            for row in frontier
            for generator in generators
            if (image := tuple(generator[i] for i in row)) not in found
        ]
        found.update(frontier)
        frontier = list(dict.fromkeys(frontier))
    return [identity, *sorted(found - {identity})]


def list_labelled(symbols: list[str], moves: list[SublatticeMove]) -> set[tuple[str, ...]]:
    """Every arrangement the moves can make, straight from their definition."""
    states = {tuple(symbols)}
    for move in moves:
        empty = {i for i in move.sites if symbols[i] == EMPTY}
        openings = [
            itertools.combinations([i for i in move.sites if symbols[i] == element], n)
            for element, n in move.removed.items()
        ]
        entering = [element for element, n in move.added.items() for _ in range(n)]
        fillings = set()
        for choice in itertools.product(*openings):
            free = sorted(empty.union(*map(set, choice)))
            if len(free) < len(entering):
                continue
            padded = entering + [EMPTY] * (len(free) - len(entering))
            fillings |= {
                tuple(zip(free, order, strict=True))
                for order in set(itertools.permutations(padded))
            }
        states = {
            tuple(dict(filling).get(i, symbol) for i, symbol in enumerate(state))
            for state in states
            for filling in fillings
        }
    return states


def find_orbits(
    arrangements: set[tuple[str, ...]], rows: list[tuple[int, ...]]
) -> list[frozenset[tuple[str, ...]]]:
    orbits, left = [], set(arrangements)
    while left:
        start = min(left)
        orbit = set()
        for row in rows:
            image = [""] * len(start)
            for site, target in enumerate(row):
                image[target] = start[site]
            orbit.add(tuple(image))
        orbits.append(frozenset(orbit))
        left -= orbit
    return orbits


@st.composite
def problems(draw):
    """A random group, an arrangement it preserves, and moves on unions of its orbits."""
    n_sites = draw(st.integers(1, 7))
    generators = draw(st.lists(st.permutations(range(n_sites)), min_size=1, max_size=2))
    rows = close_group([tuple(g) for g in generators])
    group = SitePermutations(rows)
    symbols = [EMPTY] * n_sites
    on_move = [0] * n_sites
    # Often one label for all, so that one choice spans several orbits.
    labels = st.tuples(st.sampled_from(["La", "Li", EMPTY]), st.integers(0, 2))
    shared = draw(st.none() | labels)
    for orbit in group.orbits():
        symbol, place = shared or draw(labels)
        for site in orbit:
            symbols[site], on_move[site] = symbol, place
    moves = []
    for number in (1, 2):
        sites = tuple(i for i in range(n_sites) if on_move[i] == number)
        here = [symbols[i] for i in sites]
        removed = {e: draw(st.integers(0, here.count(e))) for e in ("La", "Li") if e in here}
        n_free = sum(removed.values()) + here.count(EMPTY)
        n_sr = draw(st.integers(0, n_free))
        n_ba = draw(st.integers(0, n_free - n_sr))
        moves.append(SublatticeMove(sites, removed, {"Sr": n_sr, "Ba": n_ba}))
    return symbols, moves, group, rows


@settings(deadline=None, max_examples=150)
@given(problem=problems())
def test_counts_and_generated_arrangements_are_those_of_brute_force(problem):
    symbols, moves, group, rows = problem
    labelled = list_labelled(symbols, moves)
    assume(len(labelled) <= 3000)
    orbits = find_orbits(labelled, rows)
    assert count_labelled(symbols, moves) == len(labelled)
    assert count_arrangements(symbols, moves, group) == len(orbits)
    found = enumerate_arrangements(symbols, moves, group)
    orbit_of = {member: orbit for orbit in orbits for member in orbit}
    met = [orbit_of[tuple(row)] for row in found.arrangements.tolist()]
    assert len(set(met)) == len(met) == len(orbits)
    assert found.degeneracies.tolist() == [len(orbit) for orbit in met]
    assert found.n_labelled == sum(found.degeneracies.tolist()) == len(labelled)
    assert found.weights.sum() == pytest.approx(1.0)


def test_orbits_that_move_together_are_told_from_orbits_that_do_not():
    """Two of four sites under 0-3 with 1-2: sites of the second orbit never reach the first."""
    reversal = SitePermutations([(0, 1, 2, 3), (3, 2, 1, 0)])
    found = enumerate_arrangements(
        ["La"] * 4, [SublatticeMove((0, 1, 2, 3), {"La": 2}, {})], reversal
    )
    assert [np.flatnonzero(row == EMPTY).tolist() for row in found.arrangements] == [
        [0, 1], [0, 2], [0, 3], [1, 2],
    ]  # fmt: skip
    assert found.degeneracies.tolist() == [2, 2, 1, 1]


@settings(deadline=None, max_examples=50)
@given(problem=problems(), weighting=st.sampled_from(["degeneracy", "orbit"]))
def test_drawn_arrangements_are_among_the_generated_ones(problem, weighting):
    symbols, moves, group, _ = problem
    assume(count_labelled(symbols, moves) <= 3000)
    everything = enumerate_arrangements(symbols, moves, group)
    degeneracy_of = dict(
        zip(map(bytes, everything.codes), everything.degeneracies.tolist(), strict=True)
    )
    drawn = sample_arrangements(symbols, moves, group, n_samples=20, seed=3, weighting=weighting)
    assert drawn.alphabet == everything.alphabet
    assert [degeneracy_of[bytes(row)] for row in drawn.codes] == drawn.degeneracies.tolist()
    assert drawn.n_drawn.sum() == 20
    assert drawn.n_orbits == len(everything)


@settings(deadline=None, max_examples=40)
@given(problem=problems(), seed=st.integers(0, 1000))
def test_a_smaller_group_distinguishes_at_least_as_much(problem, seed):
    symbols, moves, group, _ = problem
    fixed = int(np.random.default_rng(seed).integers(group.n_sites))
    part = group.stabilizer([i == fixed for i in range(group.n_sites)])
    assert group.n_operations % part.n_operations == 0
    more, fewer = (count_arrangements(symbols, moves, g) for g in (part, group))
    assert fewer <= more <= fewer * (group.n_operations // part.n_operations)


@pytest.mark.parametrize("n", range(7))
def test_complementary_choices_are_as_many(n):
    """Opening n sites or keeping n, and n Sr or n Ba, are the same question."""
    kept = count_arrangements(["La"] * 6, [SublatticeMove(SIX, {"La": 6 - n}, {})], RING)
    opened = count_arrangements(["La"] * 6, [SublatticeMove(SIX, {"La": n}, {})], RING)
    placed = enumerate_arrangements(
        [EMPTY] * 6, [SublatticeMove(SIX, {}, {"Sr": n, "Ba": 6 - n})], RING
    )
    assert kept == opened == len(placed)
    assert (placed.arrangements == "Sr").sum(axis=1).tolist() == [n] * len(placed)


def test_untouched_sites_and_other_sublattices_stay_as_they_are():
    symbols = ["La"] * 6 + ["Ti", "O"]
    group = SitePermutations(np.hstack([RING.permutations, np.tile([6, 7], (6, 1))]))
    found = enumerate_arrangements(symbols, [SublatticeMove(SIX, {"La": 1}, {"Sr": 1})], group)
    assert found.arrangements.tolist() == [["Sr", *["La"] * 5, "Ti", "O"]]
    assert found.alphabet == ("La", "O", "Sr", "Ti")


@pytest.mark.parametrize("moves", [[], [SublatticeMove(SIX, {}, {})], [SublatticeMove((), {}, {})]])
def test_moves_that_move_nothing_leave_one_arrangement(moves):
    found = enumerate_arrangements(["La"] * 6, moves, RING)
    assert found.arrangements.tolist() == [["La"] * 6]
    assert found.degeneracies.tolist() == [1]
    drawn = sample_arrangements(["La"] * 6, moves, RING, n_samples=3, seed=0, weighting="orbit")
    assert (drawn.arrangements.tolist(), drawn.n_drawn.tolist()) == ([["La"] * 6], [3])


def test_many_arrangements_are_counted_but_not_generated():
    alone = SitePermutations([range(30)])
    moves = [SublatticeMove(tuple(range(30)), {"La": 15}, {})]
    assert count_arrangements(["La"] * 30, moves, alone) == comb(30, 15)
    with pytest.raises(InputError, match=r"there are 155117520 distinct arrangements, the limit"):
        enumerate_arrangements(["La"] * 30, moves, alone)
    drawn = arrange(["La"] * 30, moves, alone, limit=1000, n_samples=5, seed=7)
    assert drawn.method == "sampled"
    assert drawn.reason.startswith("155117520 distinct arrangements are above the limit of 1000")
    assert "5 drawn with seed 7" in drawn.reason
    few = arrange(["La"] * 6, [SublatticeMove(SIX, {"La": 3}, {})], RING)
    assert (few.method, len(few), few.n_drawn) == ("enumerated", 4, None)
    assert few.reason == "all 4 distinct arrangements of 20 were generated"


def test_selection_keeps_the_numbers_of_the_whole_space():
    found = enumerate_arrangements(["La"] * 6, [SublatticeMove(SIX, {"La": 2}, {})], RING)
    kept = found.select(found.degeneracies > 3, reason="low symmetry")
    assert (len(kept), kept.n_orbits, kept.n_labelled) == (2, 3, 15)
    assert kept.reason.endswith("2 kept: low symmetry")
    with pytest.raises(InputError, match="allowed are 3 booleans"):
        found.select(np.array([True]), reason="")


@pytest.mark.parametrize(
    ("symbols", "moves", "message"),
    [
        (["La"] * 6, [SublatticeMove(SIX, {"La": 7}, {})], "removes 7 La from sites that hold 6"),
        (["La"] * 6, [SublatticeMove(SIX, {"La": 1}, {"Sr": 2})], "adds 2 ions to 1 places"),
        (["La"] * 6, [SublatticeMove(SIX, {"La": -1}, {})], "is -1, allowed are integers from 0"),
        (["La"] * 6, [SublatticeMove(SIX, {"La": 1.5}, {})], "is 1.5, allowed are integers"),
        (["La"] * 6, [SublatticeMove(SIX, {"La": 2}, {"La": 1})], "removes and adds La"),
        (["La"] * 6, [SublatticeMove(SIX, {"": 2}, {})], "removed names the empty symbol"),
        (["La"] * 6, [SublatticeMove((0, 6), {"La": 1}, {})], "names site 6, allowed are 0 to 5"),
        (["La"] * 6, [SublatticeMove((0, -1), {"La": 1}, {})], "names site -1"),
        (["La"] * 6, [SublatticeMove((0, 0), {"La": 1}, {})], "names a site twice"),
        (["La"] * 6, [SublatticeMove(SIX, {}, {})] * 2, "site 0 is in two moves"),
        (["La"] * 5, [], "permutations act on 6 sites, the arrangement has 5"),
        (["La"] * 5 + ["Li"], [], "do not preserve the symbols"),
        (["La"] * 6, [SublatticeMove((0, 1), {"La": 1}, {})], "out of the sublattice"),
        ([["La"] * 6], [], r"symbols have shape \(1, 6\)"),
    ],
)
def test_impossible_input_is_refused_in_one_line(symbols, moves, message):
    with pytest.raises(InputError, match=message) as error:
        count_arrangements(symbols, moves, RING)
    assert "\n" not in str(error.value)


def test_permutations_that_are_no_group_are_noticed():
    """Some rotations of a ring: the mean of the counts is 15 / 2, or whole but wrong: 6 / 2."""
    broken = SitePermutations([SIX, (1, 2, 3, 4, 5, 0)])
    with pytest.raises(InputError, match="2 permutations are no group: their mean"):
        count_arrangements(["La"] * 6, [SublatticeMove(SIX, {"La": 2}, {})], broken)
    with pytest.raises(InputError, match="where 3 were counted: the permutations are no group"):
        enumerate_arrangements(["La"] * 6, [SublatticeMove(SIX, {"La": 1}, {})], broken)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0, "seed": 0}, "n_samples is 0, allowed are integers from 1"),
        ({"n_samples": 2.5, "seed": 0}, "n_samples is 2.5"),
        ({"n_samples": 2, "seed": -1}, "seed is -1"),
        (
            {"n_samples": 2, "seed": 0, "weighting": "mass"},
            "'mass', allowed are 'degeneracy', 'orb",
        ),
    ],
)
def test_impossible_draws_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        sample_arrangements(["La"] * 6, [], RING, **options)
