"""All arrangements that symmetry tells apart, each generated once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures.enumeration._words import WordCoder, build_coder
from perolyte.structures.enumeration.arrangement_set import (
    ArrangementSet,
    format_count,
    spell_codes,
)
from perolyte.structures.enumeration.counting import CycleTypes, count_space
from perolyte.structures.enumeration.permutations import SitePermutations
from perolyte.structures.enumeration.sampling import draw_arrangements
from perolyte.structures.enumeration.space import ArrangementSpace, build_space

if TYPE_CHECKING:
    from perolyte.structures.arrangements import SublatticeMove

__all__ = ["arrange", "enumerate_arrangements"]


def enumerate_arrangements(
    symbols: NDArray[np.str_] | Sequence[str],
    moves: Sequence[SublatticeMove],
    permutations: SitePermutations,
    *,
    limit: int = 100_000,
) -> ArrangementSet:
    """Generate one arrangement of every set of equivalent ones.

    Sites are chosen one by one, for the ions that leave and then for each species that enters;
    only the smallest choice of each orbit is carried on, so that nothing is generated twice
    (orderly generation, doi 10.1016/S0167-5060(08)70325-X).

    Parameters
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, before the moves; "" where empty.
    moves : sequence of SublatticeMove
        Ions that leave and enter disjoint sublattices.
    permutations : SitePermutations
        Group that preserves ``symbols`` and the sites of every move.
    limit : int
        Most distinct arrangements to generate.

    Returns
    -------
    ArrangementSet
        Every distinct arrangement with its degeneracy; the degeneracies add up to
        :func:`~perolyte.structures.enumeration.count_labelled`.

    Raises
    ------
    InputError
        When there are more than ``limit``, the moves are impossible, or the group does not
        preserve them.

    Examples
    --------
    Two Al on a square of Ti sites, beside each other or across:

    >>> from perolyte.structures.arrangements import SublatticeMove
    >>> from perolyte.structures.enumeration import SitePermutations
    >>> ring = SitePermutations([[0, 1, 2, 3], [1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2]])
    >>> found = enumerate_arrangements(
    ...     ["Ti"] * 4, [SublatticeMove((0, 1, 2, 3), {"Ti": 2}, {"Al": 2})], ring)
    >>> found.arrangements.tolist(), found.degeneracies.tolist()
    ([['Al', 'Al', 'Ti', 'Ti'], ['Al', 'Ti', 'Al', 'Ti']], [4, 2])
    """
    types = _prepare(symbols, moves, permutations)
    n_orbits = types.n_orbits
    if n_orbits > limit:
        raise InputError(
            f"there are {format_count(n_orbits)} distinct arrangements, the limit is {limit}; "
            "draw some with sample_arrangements, or raise the limit"
        )
    return _enumerate_all(types)


def arrange(
    symbols: NDArray[np.str_] | Sequence[str],
    moves: Sequence[SublatticeMove],
    permutations: SitePermutations,
    *,
    limit: int = 1000,
    n_samples: int = 1000,
    seed: int = 0,
) -> ArrangementSet:
    """Generate all distinct arrangements when they are few, or else draw some at random.

    Parameters
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, before the moves; "" where empty.
    moves : sequence of SublatticeMove
        Ions that leave and enter disjoint sublattices.
    permutations : SitePermutations
        Group that preserves ``symbols`` and the sites of every move.
    limit : int
        Most distinct arrangements to generate; above, a sample is drawn.
    n_samples : int
        Arrangements to draw, all arrangements equally likely; equivalent ones are merged.
    seed : int
        Seed of the draw.

    Returns
    -------
    ArrangementSet
        Its ``method`` and ``reason`` say which of the two was done and why.

    Raises
    ------
    InputError
        When the moves are impossible, the group does not preserve them, or ``n_samples`` is not
        positive.

    Examples
    --------
    >>> from perolyte.structures.arrangements import SublatticeMove
    >>> from perolyte.structures.enumeration import SitePermutations
    >>> alone = SitePermutations([range(36)])
    >>> arrange([""] * 36, [SublatticeMove(tuple(range(36)), {}, {"Li": 12, "La": 20})],
    ...         alone, n_samples=5).reason.split(",")[0]
    '13300327240200 distinct arrangements are above the limit of 1000: 5 drawn with seed 0'
    """
    types = _prepare(symbols, moves, permutations)
    n_orbits = types.n_orbits
    if n_orbits <= limit:
        return _enumerate_all(types)
    why = f"{format_count(n_orbits)} distinct arrangements are above the limit of {limit}"
    return draw_arrangements(types, n_samples=n_samples, seed=seed, weighting="degeneracy", why=why)


def _prepare(
    symbols: NDArray[np.str_] | Sequence[str],
    moves: Sequence[SublatticeMove],
    permutations: SitePermutations,
) -> CycleTypes:
    space = build_space(symbols, moves)
    return CycleTypes(space, space.restrict_group(permutations))


def _enumerate_all(types: CycleTypes) -> ArrangementSet:
    space, n_orbits = types.space, types.n_orbits
    coder = build_coder(space)
    words, degeneracies = _grow_words(coder, types.group, n_orbits)
    if len(words) != n_orbits:
        raise InputError(
            f"{len(words)} arrangements were generated where {n_orbits} were counted: the "
            "permutations are no group; use find_site_permutations"
        )
    return _describe(space, coder, words, degeneracies)


def _grow_words(
    coder: WordCoder, group: SitePermutations, n_orbits: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Smallest words of all orbits, and the sizes of the orbits."""
    from perolyte.structures.enumeration._orbit_kernels import extend_words, list_transporters

    words = np.empty((1, 0), dtype=np.int32)
    if coder.n_selected == 0:
        return words, np.ones(1, dtype=np.int64)
    transporters = list_transporters(group.permutations)
    stage_of_depth = np.repeat(np.arange(len(coder.stages)), np.diff(coder.starts))
    for depth, stage in enumerate(stage_of_depth.tolist()):
        # No stage selects more than half of its sites, so orbits never become fewer on the way
        # (theorem of Livingstone and Wagner, doi 10.1007/s10801-008-0130-7), and their final
        # number bounds them.
        words, fixing = extend_words(
            words, depth, stage, coder.starts, coder.initial, coder.rules, group.permutations,
            *transporters, n_orbits,
        )  # fmt: skip
    return words, group.n_operations // fixing


def _describe(
    space: ArrangementSpace,
    coder: WordCoder,
    words: NDArray[np.int32],
    degeneracies: NDArray[np.int64],
) -> ArrangementSet:
    codes, alphabet = spell_codes(coder, words)
    n_labelled = count_space(space)
    return ArrangementSet(
        codes=codes,
        alphabet=alphabet,
        degeneracies=degeneracies,
        n_drawn=None,
        n_orbits=len(words),
        n_labelled=n_labelled,
        method="enumerated",
        weighting=None,
        reason=(
            f"all {len(words)} distinct arrangements of {format_count(n_labelled)} were generated"
        ),
    )
