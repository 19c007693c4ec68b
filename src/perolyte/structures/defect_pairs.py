"""How far apart two kinds of defects are in each of many arrangements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._host import INTERSTITIAL, Host
from perolyte.structures.arrangements import EMPTY, SublatticeMove
from perolyte.structures.enumeration import PairShells, find_pair_shells, label_pairs

__all__ = ["DefectPair", "FixedPair", "fix_pairs", "measure_pairs"]

_PAIRS_PER_SHELL = 3  # different kinds of pairs at one distance that are searched


@dataclass(frozen=True)
class DefectPair:
    """The nearest pair of two defects in one arrangement.

    Attributes
    ----------
    first, second : str
        Elements, "interstitial", or empty sites such as "vacancy_X".
    shell : int
        1 for nearest neighbours, 2 for the next.
    n_shells : int
        Shells that the cell has.
    distance_A : float
        Minimum image distance of ideal sites, Å.
    """

    first: str
    second: str
    shell: int
    n_shells: int
    distance_A: float


@dataclass(frozen=True, eq=False)
class FixedPair:
    """A part of a space of arrangements: two defects in place, no nearer ones of their kinds.

    Attributes
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, the parent with the two defects.
    moves : tuple of SublatticeMove
        What remains to be placed, and where it may go.
    """

    symbols: NDArray[np.str_]
    moves: tuple[SublatticeMove, ...]


def measure_pairs(
    host: Host, arrangements: NDArray[np.str_], pair: tuple[str, str]
) -> list[DefectPair]:
    """Find the nearest pair of two defects in every arrangement.

    Parameters
    ----------
    host : Host
        The parent, with the sites of the arrangements.
    arrangements : ndarray of str
        ``(n, n_sites)``, at least one.
    pair : tuple of str
        The two defects.

    Returns
    -------
    list of DefectPair
        One for each arrangement.

    Raises
    ------
    InputError
        When an arrangement does not hold both.
    """
    (sites_a, symbol_a), (sites_b, symbol_b) = (_locate(host, arrangements, d) for d in pair)
    shells = find_pair_shells(host.sites.lattice, host.sites.frac_coords, sites_a, sites_b)
    labels = label_pairs(arrangements, shells, symbol_a, symbol_b)
    nearest, distances_A = labels.nearest_shell, labels.nearest_distance_A
    if np.any(nearest < 0):
        raise InputError(
            f"pair {pair[0]} and {pair[1]}: an arrangement does not hold two such defects; name "
            "two that every candidate of the doping has"
        )
    return [
        DefectPair(pair[0], pair[1], int(shell) + 1, shells.n_shells, float(distance_A))
        for shell, distance_A in zip(nearest, distances_A, strict=True)
    ]


def fix_pairs(
    host: Host,
    arrangements: NDArray[np.str_],
    moves: Sequence[SublatticeMove],
    pair: tuple[str, str],
    max_shells: int,
) -> list[FixedPair]:
    """Divide a space by the distance of a pair: a few pairs of every shell, held in place.

    Parameters
    ----------
    host : Host
        The parent.
    arrangements : ndarray of str
        ``(n, n_sites)``: some of the space, which show where the defects can be.
    moves : sequence of SublatticeMove
        The space.
    pair : tuple of str
        The two defects.
    max_shells : int
        Shells to cover: so many of the nearest and of the farthest ones.

    Returns
    -------
    list of FixedPair
        Those that leave room for the other ions.
    """
    (sites_a, symbol_a), (sites_b, symbol_b) = (_locate(host, arrangements, d) for d in pair)
    shells = find_pair_shells(host.sites.lattice, host.sites.frac_coords, sites_a, sites_b)
    numbers = list(range(shells.n_shells))
    if len(numbers) > 2 * max_shells:
        numbers = [*numbers[:max_shells], *numbers[-max_shells:]]  # not all can be reached
    fixed: list[FixedPair] = []
    for shell in numbers:
        for a, b in _list_kinds(host, shells.list_pairs(shell)):
            nearer_a = _list_nearer(shells, shells.sites_b.index(b), shell, axis=0)
            nearer_b = _list_nearer(shells, shells.sites_a.index(a), shell, axis=1)
            found = _fix(host, moves, ((a, symbol_a, nearer_a), (b, symbol_b, nearer_b)))
            if found is not None:
                fixed.append(found)
    return fixed


def _list_kinds(host: Host, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """One pair of each of the first sets of equivalent ones."""
    rows = host.permutations.permutations
    seen: set[int] = set()
    kinds: list[tuple[int, int]] = []
    for a, b in pairs:
        if len(kinds) == _PAIRS_PER_SHELL:
            break
        if rows[:, a].min() < a:
            continue  # an equivalent first site was there before
        images = rows[:, [a, b]].astype(np.int64)
        kind = int((images[:, 0] * rows.shape[1] + images[:, 1]).min())
        if kind not in seen:
            seen.add(kind)
            kinds.append((a, b))
    return kinds


def _list_nearer(shells: PairShells, position: int, shell: int, *, axis: int) -> set[int]:
    """Sites of one kind that are nearer to a site of the other kind than a shell."""
    near = shells.shell_of_pair[:, position] if axis == 0 else shells.shell_of_pair[position]
    sites = shells.sites_a if axis == 0 else shells.sites_b
    return {sites[i] for i in np.flatnonzero((near >= 0) & (near < shell))}


def _fix(
    host: Host,
    moves: Sequence[SublatticeMove],
    defects: tuple[tuple[int, str, set[int]], ...],
) -> FixedPair | None:
    """Put defects on their sites and take them out of the moves; None when that is impossible."""
    symbols = host.symbols.copy()
    remaining = []
    for move in moves:
        sites, removed, added = set(move.sites), dict(move.removed), dict(move.added)
        for site, symbol, nearer in defects:
            if site not in sites:
                continue
            before = str(host.symbols[site])
            if before != symbol and before != EMPTY:
                removed[before] = removed.get(before, 0) - 1
            if before != symbol and symbol != EMPTY:
                added[symbol] = added.get(symbol, 0) - 1
            symbols[site] = symbol
            sites -= {site, *nearer}
        left = SublatticeMove(
            tuple(sorted(sites)),
            {e: n for e, n in removed.items() if n},
            {e: n for e, n in added.items() if n},
        )
        if not _is_possible(host, left):
            return None
        if left.removed or left.added:
            remaining.append(left)
    return FixedPair(symbols, tuple(remaining))


def _is_possible(host: Host, move: SublatticeMove) -> bool:
    held = host.symbols[list(move.sites)]
    if any(not 0 < n <= np.sum(held == element) for element, n in move.removed.items()):
        return False
    n_open = int(np.sum(held == EMPTY)) + sum(move.removed.values())
    return min(move.added.values(), default=0) >= 0 and sum(move.added.values()) <= n_open


def _locate(host: Host, arrangements: NDArray[np.str_], defect: str) -> tuple[list[int], str]:
    """Sites that a defect may be on, and the symbol it has there."""
    if defect.startswith("vacancy_"):
        name = defect.removeprefix("vacancy_")
        host.sublattices.get(name)
        return np.flatnonzero(host.sublattice_of == name).tolist(), EMPTY
    if defect == INTERSTITIAL:
        sites = np.flatnonzero(host.sublattice_of == INTERSTITIAL)
        held = sorted(set(arrangements[:, sites].ravel().tolist()) - {EMPTY})
        if len(held) != 1:
            raise InputError(
                f"pair: the interstitial sites hold {' and '.join(held) or 'no ion'}, allowed is "
                "one element; name it by its symbol"
            )
        return sites.tolist(), held[0]
    where = np.unique(host.sublattice_of[np.any(arrangements == defect, axis=0)])
    if len(where) == 0:
        known = [*host.states, *(f"vacancy_{name}" for name in host.sublattices.names)]
        raise InputError(
            f"pair: no arrangement holds {defect!r}; allowed are the dopants, {', '.join(known)}"
        )
    return np.flatnonzero(np.isin(host.sublattice_of, where)).tolist(), defect
