"""The swaps that stay inside the space of arrangements of a list of moves."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures.arrangements import EMPTY, SYMBOL_DTYPE, SublatticeMove

__all__ = ["NO_HOST", "SwapSpace", "build_swap_space"]

NO_HOST = -1
"""Host code of a class of sites that were empty at the start."""


@dataclass(frozen=True, eq=False)
class SwapSpace:
    """Sites whose occupants may change, in classes of sites that began alike.

    A class is all sites of one sublattice that held the same element (its host) at the start, or
    that were empty. The number of opened sites of a class is fixed, so two sites may exchange
    occupants when they belong to one class, or when neither of them holds the host of its class.

    Attributes
    ----------
    movable : ndarray of int
        ``(n_movable,)``, indices of the sites, class after class.
    species : tuple of str
        Element of each code; code 0 is the empty site.
    class_starts : ndarray of int
        ``(n_classes + 1,)``, where each class begins in ``movable``.
    hosts : ndarray of int
        ``(n_classes,)``, code of the host, ``NO_HOST`` for sites empty at the start.
    channels : ndarray of int
        ``(n_channels, 2)``, pairs of classes between which swaps can change something.
    channel_weights : ndarray
        ``(n_channels,)``, sums to one: how often each is tried. Fixed, so that a swap and its
        reverse are tried equally often.
    """

    movable: NDArray[np.int64]
    species: tuple[str, ...]
    class_starts: NDArray[np.int64]
    hosts: NDArray[np.int64]
    channels: NDArray[np.int64]
    channel_weights: NDArray[np.float64]

    def encode(self, symbols: NDArray[np.str_]) -> NDArray[np.int8]:
        """``(n_movable,)`` codes of the occupants of an arrangement."""
        code = {element: index for index, element in enumerate(self.species)}
        return np.array([code[str(symbol)] for symbol in symbols[self.movable]], dtype=np.int8)

    def decode(self, codes: NDArray[np.int8], *, background: NDArray[np.str_]) -> NDArray[np.str_]:
        """``(n, n_sites)`` arrangements of ``(n, n_movable)`` codes; other sites as given."""
        symbols = np.tile(background, (len(codes), 1))
        symbols[:, self.movable] = np.array(self.species, dtype=SYMBOL_DTYPE)[codes]
        return symbols


def build_swap_space(symbols: NDArray[np.str_], moves: Sequence[SublatticeMove]) -> SwapSpace:
    """List the swappable sites of some moves; InputError when the moves are impossible."""
    classes: list[tuple[str | None, NDArray[np.int64]]] = []
    channels: list[tuple[int, int]] = []
    weights: list[float] = []
    taken: set[int] = set()
    for move in moves:
        _check_move(symbols, move, taken)
        taken.update(move.sites)
        sites = np.array(sorted(move.sites), dtype=np.int64)
        opened = {e: int(n) for e, n in sorted(move.removed.items()) if n > 0}
        own: list[tuple[str | None, NDArray[np.int64]]] = [
            (element, sites[symbols[sites] == element]) for element in opened
        ]
        own.append((None, sites[symbols[sites] == EMPTY]))
        own = [(host, members) for host, members in own if len(members)]
        n_open = [opened[host] if host else len(members) for host, members in own]
        n_added = sum(move.added.values())
        n_guest_kinds = sum(n > 0 for n in move.added.values()) + (n_added < sum(n_open))
        first = len(classes)
        for index, (host, members) in enumerate(own):
            has_hosts = host is not None and n_open[index] < len(members)
            if has_hosts or (n_guest_kinds > 1 and n_open[index] > 1):
                channels.append((first + index, first + index))
                weights.append(float(len(members)))
        if n_guest_kinds > 1:
            for a, b in itertools.combinations(range(len(own)), 2):
                channels.append((first + a, first + b))
                weights.append(float(n_open[a] + n_open[b]))
        classes += own
    species = _list_species(classes, moves)
    sizes = [len(members) for _, members in classes]
    return SwapSpace(
        movable=np.concatenate([m for _, m in classes]) if classes else np.empty(0, np.int64),
        species=species,
        class_starts=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        hosts=np.array([species.index(h) if h else NO_HOST for h, _ in classes], dtype=np.int64),
        channels=np.array(channels, dtype=np.int64).reshape(-1, 2),
        channel_weights=np.array(weights) / sum(weights) if weights else np.empty(0),
    )


def _list_species(
    classes: Sequence[tuple[str | None, NDArray[np.int64]]], moves: Sequence[SublatticeMove]
) -> tuple[str, ...]:
    hosts = {host for host, _ in classes if host}
    return (EMPTY, *sorted(hosts.union(*[move.added for move in moves])))


def _check_move(symbols: NDArray[np.str_], move: SublatticeMove, taken: set[int]) -> None:
    both = sorted(set(move.removed) & set(move.added))
    if both:
        raise InputError(
            f"a move removes and adds {both[0]} on one sublattice, allowed is one of the two; "
            "give the difference"
        )
    shared = taken.intersection(move.sites)
    if shared:
        raise InputError(
            f"site {min(shared)} belongs to two moves, allowed are disjoint sublattices; join them"
        )
    present = symbols[list(move.sites)]
    for element, n in move.removed.items():
        n_present = int(np.sum(present == element))
        if n > n_present:
            raise InputError(
                f"a move removes {n} {element}, its sublattice holds {n_present}; remove fewer"
            )
    n_open = sum(move.removed.values()) + int(np.sum(present == EMPTY))
    n_added = sum(move.added.values())
    if n_added > n_open:
        raise InputError(
            f"a move adds {n_added} ions to {n_open} open sites; add fewer, or remove more"
        )
