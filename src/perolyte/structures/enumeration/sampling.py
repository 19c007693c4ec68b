"""Arrangements drawn at random, without favour to some."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._counting import check_seed
from perolyte.structures.enumeration._colourings import KEPT, draw_below
from perolyte.structures.enumeration._words import WordCoder, build_coder
from perolyte.structures.enumeration.arrangement_set import (
    ArrangementSet,
    format_count,
    spell_codes,
)
from perolyte.structures.enumeration.counting import CycleTypes, count_space
from perolyte.structures.enumeration.permutations import SitePermutations
from perolyte.structures.enumeration.space import build_space

if TYPE_CHECKING:
    from perolyte.structures.arrangements import SublatticeMove

__all__ = ["sample_arrangements"]

_WEIGHTINGS = {"degeneracy": "every arrangement", "orbit": "every distinct arrangement"}


def sample_arrangements(
    symbols: NDArray[np.str_] | Sequence[str],
    moves: Sequence[SublatticeMove],
    permutations: SitePermutations,
    *,
    n_samples: int,
    seed: int,
    weighting: str = "degeneracy",
) -> ArrangementSet:
    """Draw arrangements at random and merge the equivalent ones.

    Parameters
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, before the moves; "" where empty.
    moves : sequence of SublatticeMove
        Ions that leave and enter disjoint sublattices.
    permutations : SitePermutations
        Group that preserves ``symbols`` and the sites of every move.
    n_samples : int
        Arrangements to draw, with replacement.
    seed : int
        Seed of the random generator.
    weighting : str
        ``"degeneracy"``: every arrangement is equally likely, a distinct one in proportion to its
        degeneracy, as at high temperature. ``"orbit"``: every distinct one is equally likely, by
        drawing an operation in proportion to the arrangements that it leaves unchanged, then one
        of these (method of Dixon and Wilf, for any group in doi 10.1137/0216048).

    Returns
    -------
    ArrangementSet
        The distinct arrangements among those drawn, and how often each was drawn.

    Raises
    ------
    InputError
        When ``n_samples`` is not positive, the weighting is unknown, the moves are impossible, or
        the group does not preserve them.

    Examples
    --------
    >>> from perolyte.structures.arrangements import SublatticeMove
    >>> from perolyte.structures.enumeration import SitePermutations
    >>> ring = SitePermutations([[0, 1, 2, 3], [1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2]])
    >>> drawn = sample_arrangements(
    ...     ["Ti"] * 4, [SublatticeMove((0, 1, 2, 3), {"Ti": 2}, {"Al": 2})], ring,
    ...     n_samples=6000, seed=0, weighting="orbit")
    >>> drawn.degeneracies.tolist(), [round(n, -3) for n in drawn.n_drawn.tolist()]
    ([4, 2], [3000, 3000])
    """
    space = build_space(symbols, moves)
    types = CycleTypes(space, space.restrict_group(permutations))
    why = f"of {format_count(types.n_orbits)} distinct arrangements"
    return draw_arrangements(types, n_samples=n_samples, seed=seed, weighting=weighting, why=why)


def draw_arrangements(
    types: CycleTypes, *, n_samples: int, seed: int, weighting: str, why: str
) -> ArrangementSet:
    """Draw from a space whose group is sorted into cycle types; ``why`` opens the reason."""
    if int(n_samples) != n_samples or n_samples < 1:
        raise InputError(f"n_samples is {n_samples}, allowed are integers from 1; give e.g. 500")
    if weighting not in _WEIGHTINGS:
        raise InputError(
            f"weighting is {weighting!r}, allowed are {', '.join(map(repr, _WEIGHTINGS))}"
        )
    check_seed(seed)
    rng = np.random.default_rng(seed)
    coder = build_coder(types.space)
    if weighting == "degeneracy":
        states = _draw_labelled(coder, n_samples, rng)
    else:
        states = _draw_orbits(coder, types, n_samples, rng)
    smallest, degeneracies = coder.find_smallest(coder.encode(states), types.group)
    words, first, counts = _merge(smallest)
    codes, alphabet = spell_codes(coder, words)
    return ArrangementSet(
        codes=codes,
        alphabet=alphabet,
        degeneracies=degeneracies[first],
        n_drawn=counts,
        n_orbits=types.n_orbits,
        n_labelled=count_space(types.space),
        method="sampled",
        weighting=weighting,
        reason=(
            f"{why}: {n_samples} drawn with seed {seed}, {_WEIGHTINGS[weighting]} equally likely, "
            f"{len(words)} of them distinct"
        ),
    )


def _merge(
    words: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Distinct words, rising; where each is first; how often it is there."""
    if words.shape[1] == 0:
        return words[:1], np.zeros(1, dtype=np.int64), np.array([len(words)])
    distinct, first, counts = np.unique(words, axis=0, return_index=True, return_counts=True)
    return distinct, first, counts


def _draw_labelled(coder: WordCoder, n_samples: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw final states of arrangements, all of them equally likely."""
    space = coder.space
    states = np.tile(coder.initial, (n_samples, 1))
    classes = space.label_classes()
    is_open = np.zeros(states.shape, dtype=bool)
    for number, (_, site_class) in enumerate(space.iterate_classes()):
        columns = np.flatnonzero(classes == number)
        opened = np.arange(len(columns)) < site_class.n_opened
        drawn = rng.permuted(np.tile(opened, (n_samples, 1)), axis=1)
        is_open[:, columns] = drawn
        states[:, columns] = np.where(drawn, -1, coder.kept_states[number])
    number = 0
    for sublattice, species_states in zip(space.sublattices, coder.species_states, strict=True):
        stop = number + len(sublattice.classes)
        here = is_open & ((classes >= number) & (classes < stop))
        number = stop
        placed = np.repeat(species_states, [n for _, n in sublattice.species])
        states[here] = rng.permuted(np.tile(placed, (n_samples, 1)), axis=1).reshape(-1)
    return states


def _draw_orbits(
    coder: WordCoder, types: CycleTypes, n_samples: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw final states of arrangements, all orbits equally likely."""
    below = list(accumulate(types.n_fixed_in_all))
    states = np.empty((n_samples, len(coder.initial)), dtype=np.int64)
    classes = coder.space.label_classes()
    for row in states:
        ticket = draw_below(below[-1], rng)
        number = next(i for i, bound in enumerate(below) if ticket < bound)
        alike = np.flatnonzero(types.type_of_operation == number)
        image_of = types.group.permutations[rng.choice(alike)]
        cycles = _list_cycles(image_of, classes)
        first_class = 0
        for sublattice, species_states, colourings in zip(
            coder.space.sublattices,
            coder.species_states,
            types.fixed_colourings[number],
            strict=True,
        ):
            for local_class, length, colours in colourings.draw(rng):
                on = first_class + local_class
                for cycle, colour in zip(cycles[on, length], colours, strict=True):
                    row[cycle] = coder.kept_states[on] if colour == KEPT else species_states[colour]
            first_class += len(sublattice.classes)
    return states


def _list_cycles(
    image_of: NDArray[np.int32], classes: NDArray[np.int64]
) -> dict[tuple[int, int], list[list[int]]]:
    """Cycles of a permutation by class and length, each by its smallest site."""
    images = image_of.tolist()
    seen = [False] * len(images)
    cycles: dict[tuple[int, int], list[list[int]]] = {}
    for site in range(len(images)):
        cycle, at = [], site
        while not seen[at]:
            seen[at] = True
            cycle.append(at)
            at = images[at]
        if cycle:
            cycles.setdefault((int(classes[site]), len(cycle)), []).append(cycle)
    return cycles
