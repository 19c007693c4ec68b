"""Arrangements that hold a given pair, generated from the pair: dopant-vacancy complexes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures.arrangements import EMPTY, SYMBOL_DTYPE, SublatticeMove
from perolyte.structures.enumeration._words import build_coder
from perolyte.structures.enumeration.arrangement_set import (
    ArrangementSet,
    format_count,
    spell_codes,
)
from perolyte.structures.enumeration.counting import (
    CycleTypes,
    count_arrangements,
    count_space,
)
from perolyte.structures.enumeration.generation import enumerate_arrangements
from perolyte.structures.enumeration.space import build_space

if TYPE_CHECKING:
    from perolyte.structures.enumeration.permutations import SitePermutations
    from perolyte.structures.enumeration.shells import PairShells

__all__ = ["enumerate_complexes"]


def enumerate_complexes(
    symbols: NDArray[np.str_] | Sequence[str],
    moves: Sequence[SublatticeMove],
    permutations: SitePermutations,
    shells: PairShells,
    symbol_a: str,
    symbol_b: str,
    *,
    shell: int = 0,
    limit: int = 100_000,
) -> ArrangementSet:
    """Generate every distinct arrangement with at least one pair of two species in a shell.

    The pair is placed first, once for each set of equivalent pairs, and the other ions under the
    symmetry that is left; so the arrangements without the pair are never made. The result equals
    what :meth:`~perolyte.structures.enumeration.PairLabels.find` keeps of all arrangements.

    Parameters
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, before the moves; "" where empty.
    moves : sequence of SublatticeMove
        Ions that leave and enter disjoint sublattices, those of the pair included.
    permutations : SitePermutations
        Group that preserves ``symbols`` and the sites of every move.
    shells : PairShells
        Between the sites of ``symbol_a`` and those of ``symbol_b``; both sets closed under the
        group.
    symbol_a, symbol_b : str
        Species of the pair after the moves, "" for a vacancy.
    shell : int
        Shell of the pair, from 0.
    limit : int
        Most arrangements to generate.

    Returns
    -------
    ArrangementSet
        ``n_orbits`` and ``n_labelled`` are those of the whole space; the degeneracies add up to
        the number of arrangements with the pair.

    Raises
    ------
    InputError
        When more than ``limit`` would be generated, the shell does not exist or is not closed
        under the group, or the moves are impossible.

    Examples
    --------
    Two Al and a vacancy around a ring of Ti with an O on every bond, one Al beside the vacancy:

    >>> import numpy as np
    >>> from pymatgen.core import Lattice
    >>> from perolyte.structures.enumeration import find_pair_shells, find_site_permutations
    >>> sites = np.zeros((8, 3))
    >>> sites[:, 2] = np.arange(8) / 8
    >>> lattice = Lattice.tetragonal(20, 16)
    >>> symbols = ["Ti", "O"] * 4
    >>> group = find_site_permutations(lattice, sites, symbols)
    >>> moves = [SublatticeMove((0, 2, 4, 6), {"Ti": 2}, {"Al": 2}),
    ...          SublatticeMove((1, 3, 5, 7), {"O": 1}, {})]
    >>> shells = find_pair_shells(lattice, sites, (0, 2, 4, 6), (1, 3, 5, 7))
    >>> found = enumerate_complexes(symbols, moves, group, shells, "Al", "")
    >>> len(found), found.n_orbits, found.degeneracies.tolist()
    (3, 4, [4, 8, 8])
    """
    space = build_space(symbols, moves)
    types = CycleTypes(space, space.restrict_group(permutations))
    parts = []
    for first, second in _list_distinct_pairs(shells.list_pairs(shell), permutations):
        placed = _place_pair(space.symbols, moves, {first: symbol_a, second: symbol_b})
        if placed is not None:
            marks = [(s, i == first, i == second) for i, s in enumerate(space.symbols.tolist())]
            parts.append((*placed, permutations.stabilizer(marks)))
    n_generated = sum(count_arrangements(*part) for part in parts)
    if n_generated > limit:
        raise InputError(
            f"there are up to {format_count(n_generated)} arrangements with the pair, the limit "
            f"is {limit}; place fewer ions, or raise the limit"
        )
    found = [enumerate_arrangements(*part, limit=limit).arrangements for part in parts]
    coder = build_coder(space)
    listed = np.vstack([np.empty((0, len(space.symbols)), dtype=SYMBOL_DTYPE), *found])
    smallest, degeneracies = coder.find_smallest(
        coder.encode(coder.read_states(listed)), types.group
    )
    # A word without sites stands for the only arrangement there is.
    words, kept = np.unique(smallest, axis=0, return_index=True)
    codes, alphabet = spell_codes(coder, words)
    distance_A = float(shells.distances_A[shell])
    return ArrangementSet(
        codes=codes,
        alphabet=alphabet,
        degeneracies=degeneracies[kept],
        n_drawn=None,
        n_orbits=types.n_orbits,
        n_labelled=count_space(space),
        method="enumerated",
        weighting=None,
        reason=(
            f"all {len(words)} of {format_count(types.n_orbits)} distinct arrangements with a "
            f"{symbol_a or 'vacancy'}-{symbol_b or 'vacancy'} pair at {distance_A:.2f} Å were "
            "generated"
        ),
    )


def _list_distinct_pairs(
    pairs: list[tuple[int, int]], permutations: SitePermutations
) -> list[tuple[int, int]]:
    """One pair of each orbit."""
    rows, n_sites = permutations.permutations.astype(np.int64), permutations.n_sites
    pending = {first * n_sites + second for first, second in pairs}
    distinct = []
    for first, second in pairs:
        if first * n_sites + second not in pending:
            continue
        images = set((rows[:, first] * n_sites + rows[:, second]).tolist())
        if not images <= pending:
            raise InputError(
                "an operation moves a pair out of its shell; give shells between whole orbits of "
                "sites, with a tolerance that tells them apart"
            )
        pending -= images
        distinct.append((first, second))
    return distinct


def _place_pair(
    symbols: NDArray[np.str_], moves: Sequence[SublatticeMove], pair: dict[int, str]
) -> tuple[NDArray[np.str_], list[SublatticeMove]] | None:
    """Arrangement with the pair in place and the moves that are left; None when impossible."""
    placed, left = symbols.copy(), list(moves)
    for site, symbol in pair.items():
        before = str(symbols[site])
        placed[site] = symbol
        at = next((i for i, move in enumerate(left) if site in move.sites), None)
        if at is None:
            if before != symbol:
                return None
            continue
        removed, added = dict(left[at].removed), dict(left[at].added)
        if before != symbol:
            if before != EMPTY:
                removed[before] = removed.get(before, 0) - 1
            if symbol != EMPTY:
                added[symbol] = added.get(symbol, 0) - 1
        sites = tuple(i for i in left[at].sites if i != site)
        left[at] = SublatticeMove(sites, removed, added)
    return (placed, left) if all(_is_possible(placed, move) for move in left) else None


def _is_possible(symbols: NDArray[np.str_], move: SublatticeMove) -> bool:
    here = symbols[list(move.sites)]
    n_places = int((here == EMPTY).sum()) + sum(move.removed.values())
    return (
        min([*move.removed.values(), *move.added.values()], default=0) >= 0
        and all(int((here == element).sum()) >= n for element, n in move.removed.items())
        and sum(move.added.values()) <= n_places
    )
