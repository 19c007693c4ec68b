"""Arrangements of one sublattice that an operation leaves unchanged: count them, draw one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from math import comb

import numpy as np

from perolyte.structures.enumeration.space import Sublattice

__all__ = ["CycleHistogram", "FixedColourings", "draw_below"]

CycleHistogram = tuple[tuple[tuple[int, int], ...], ...]
"""For each class of a sublattice, (length, number) of the cycles on it."""

KEPT = -1
"""Colour of cycles whose sites keep the ion they held; the others are numbers of species."""


@dataclass(frozen=True)
class _Group:
    """Cycles of one length on one class; all their sites get one colour per cycle."""

    number_of_class: int
    length: int
    n_cycles: int
    n_kept: int | None  # sites of the class that keep their ion, at its first group only
    is_last_of_class: bool


@dataclass(frozen=True)
class FixedColourings:
    """Colourings of the cycles of one operation that give every species its number of sites.

    Every cycle is either kept or given to one species as a whole. The number of ways is a
    coefficient of the product over cycles of the cycle index (Pólya, doi 10.1007/BF02546665),
    found by a recursion over the groups of equal cycles with a table of what was already found.
    """

    sublattice: Sublattice
    histogram: CycleHistogram
    _known: dict[tuple[int, tuple[int, ...], int], int] = field(default_factory=dict, compare=False)

    @cached_property
    def _groups(self) -> tuple[_Group, ...]:
        groups = []
        for number, cycles in enumerate(self.histogram):
            site_class = self.sublattice.classes[number]
            n_kept = len(site_class.sites) - site_class.n_opened
            # The most numerous cycles last: there the counts left over decide alone.
            ordered = sorted(cycles, key=lambda item: (item[1], -item[0]))
            for place, (length, n_cycles) in enumerate(ordered):
                is_last = place == len(ordered) - 1
                groups.append(_Group(number, length, n_cycles, None if place else n_kept, is_last))
        return tuple(groups)

    @property
    def _totals(self) -> tuple[int, ...]:
        return tuple(n for _, n in self.sublattice.species)

    def count(self) -> int:
        """Return the number of colourings."""
        return self._count(0, self._totals, 0)

    def _count(self, at: int, left: tuple[int, ...], kept_left: int) -> int:
        if at == len(self._groups):
            return int(not any(left))
        key = (at, left, kept_left)
        if key not in self._known:
            self._known[key] = sum(
                ways * self._count(at + 1, next_left, next_kept)
                for _, ways, next_left, next_kept in self._branch(at, left, kept_left)
            )
        return self._known[key]

    def _branch(
        self, at: int, left: tuple[int, ...], kept_left: int
    ) -> Iterator[tuple[tuple[int, ...], int, tuple[int, ...], int]]:
        """Ways to colour one group: cycles per species and kept, their number, what is left."""
        group = self._groups[at]
        if group.n_kept is not None:
            kept_left = group.n_kept
        is_last = at == len(self._groups) - 1
        length, n_cycles = group.length, group.n_cycles
        if group.is_last_of_class:
            if kept_left % length:
                return
            kept_choices = range(kept_left // length, kept_left // length + 1)
        else:
            kept_choices = range(min(kept_left // length, n_cycles) + 1)
        for n_kept in kept_choices:
            if n_kept > n_cycles:
                return
            ways_kept = comb(n_cycles, n_kept)
            for chosen, ways in _share(left, n_cycles - n_kept, length, exact=is_last):
                next_left = tuple(n - length * j for n, j in zip(left, chosen, strict=True))
                yield (*chosen, n_kept), ways_kept * ways, next_left, kept_left - length * n_kept

    def draw(self, rng: np.random.Generator) -> list[tuple[int, int, list[int]]]:
        """Draw one colouring, all of them equally likely.

        Returns
        -------
        list of (int, int, list of int)
            Number of the class, length of the cycles, and the colour of each cycle of that length
            in a random order: the number of a species, or ``KEPT``.
        """
        left, kept_left, drawn = self._totals, 0, []
        for at, group in enumerate(self._groups):
            ticket = draw_below(self._count(at, left, kept_left), rng)
            for branch in self._branch(at, left, kept_left):
                ticket -= branch[1] * self._count(at + 1, *branch[2:])
                if ticket < 0:
                    break
            chosen, _, left, kept_left = branch
            colours = np.repeat((*range(len(chosen) - 1), KEPT), chosen)
            drawn.append((group.number_of_class, group.length, rng.permutation(colours).tolist()))
        return drawn


def _share(
    left: tuple[int, ...], n_cycles: int, length: int, *, exact: bool
) -> Iterator[tuple[tuple[int, ...], int]]:
    """Ways to give cycles to species that still want ``left`` sites; ``exact`` when all must go."""
    if exact:
        if any(n % length for n in left):
            return
        chosen = tuple(n // length for n in left)
        if sum(chosen) != n_cycles:
            return
        ways, free = 1, n_cycles
        for j in chosen:
            ways, free = ways * comb(free, j), free - j
        yield chosen, ways
        return
    if len(left) == 1:
        if n_cycles * length <= left[0]:
            yield (n_cycles,), 1
        return
    most_after = sum(n // length for n in left[1:])
    for j in range(max(0, n_cycles - most_after), min(left[0] // length, n_cycles) + 1):
        ways = comb(n_cycles, j)
        for rest, more in _share(left[1:], n_cycles - j, length, exact=False):
            yield (j, *rest), ways * more


def draw_below(bound: int, rng: np.random.Generator) -> int:
    """Draw an integer from 0 to ``bound`` - 1, however large, all equally likely."""
    n_bytes = (bound.bit_length() + 7) // 8
    excess = 8 * n_bytes - (bound - 1).bit_length()
    while True:
        value = int.from_bytes(rng.bytes(n_bytes), "little") >> excess
        if value < bound:
            return value
