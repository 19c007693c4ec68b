"""Arrangements as words of sites: what the search for orbits works on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.arrangements import SYMBOL_DTYPE
from perolyte.structures.enumeration.permutations import SitePermutations
from perolyte.structures.enumeration.space import ArrangementSpace

__all__ = ["WordCoder", "build_coder"]


@dataclass(frozen=True)
class _Stage:
    """One choice: ``n_selected`` of the sites in state ``source``.

    The selected sites get the state ``chosen``, which is final unless the stage ``opens`` sites
    for later ones; the others get ``rest``.
    """

    n_selected: int
    source: int
    chosen: int
    rest: int
    opens: bool = False


@dataclass(frozen=True, eq=False)
class WordCoder:
    """Translation between words of sites, states of sites and symbols.

    Attributes
    ----------
    space : ArrangementSpace
        What is arranged.
    stages : tuple of _Stage
        Sites to open in each class, then sites for each species but the most frequent one. Of two
        complementary sets the smaller one is selected: it has fewer images.
    initial : ndarray
        ``(n_active,)``: state of the sites before the first stage.
    symbol_of_state : tuple of str
        What a site in a final state holds.
    kept_states : tuple of int
        For each class, the final state of its sites that keep their ion.
    species_states : tuple of tuple of int
        For each sublattice, the final state of the sites of each species.
    """

    space: ArrangementSpace
    stages: tuple[_Stage, ...]
    initial: NDArray[np.int64]
    symbol_of_state: tuple[str, ...]
    kept_states: tuple[int, ...]
    species_states: tuple[tuple[int, ...], ...]

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """``(n_stages + 1,)``: where the sites of each stage begin in a word."""
        return np.concatenate([[0], np.cumsum([s.n_selected for s in self.stages])]).astype(
            np.int64
        )

    @property
    def n_selected(self) -> int:
        """Length of a word."""
        return int(self.starts[-1])

    @cached_property
    def rules(self) -> NDArray[np.int64]:
        """``(n_stages, 3)``: source, chosen and rest of every stage."""
        rows = [(s.source, s.chosen, s.rest) for s in self.stages]
        return np.array(rows, dtype=np.int64).reshape(-1, 3)

    def decode(self, words: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the final states, ``(n_words, n_active)``, of words ``(n_words, n_selected)``."""
        states = np.tile(self.initial, (len(words), 1))
        rows = np.arange(len(words))[:, None]
        for start, stage in zip(self.starts[:-1], self.stages, strict=True):
            selected = words[:, start : start + stage.n_selected]
            states[states == stage.source] = stage.rest
            states[rows, selected] = stage.chosen
        return states

    def encode(self, states: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the words of final states; the inverse of ``decode``."""
        words = np.empty((len(states), self.n_selected), dtype=np.int32)
        now = np.tile(self.initial, (len(states), 1))
        for start, stage in zip(self.starts[:-1], self.stages, strict=True):
            source = now == stage.source
            final = states != stage.rest if stage.opens else states == stage.chosen
            selected = source & final
            words[:, start : start + stage.n_selected] = np.nonzero(selected)[1].reshape(
                len(states), stage.n_selected
            )
            now[source] = stage.rest
            now[selected] = stage.chosen
        return words

    def read_states(self, symbols: NDArray[np.str_]) -> NDArray[np.int64]:
        """Return the final states, ``(n, n_active)``, of symbols ``(n, n_sites)`` of the space."""
        active = symbols[:, self.space.sites]
        states = np.full(active.shape, -1, dtype=np.int64)
        classes = self.space.label_classes()
        for number, (on, site_class) in enumerate(self.space.iterate_classes()):
            columns = classes == number
            part = states[:, columns]
            found = active[:, columns]
            part[found == site_class.element] = self.kept_states[number]
            species = self.space.sublattices[on].species
            for (symbol, _), state in zip(species, self.species_states[on], strict=True):
                part[found == symbol] = state
            states[:, columns] = part
        return states

    def find_smallest(
        self, words: NDArray[np.int32], group: SitePermutations
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the smallest word of each orbit, and how many words the orbit has."""
        from perolyte.structures.enumeration._orbit_kernels import (
            find_smallest_words,
            list_transporters,
        )

        if self.n_selected == 0:
            return words, np.ones(len(words), dtype=np.int64)
        transporters = list_transporters(group.permutations)
        smallest, fixing = find_smallest_words(
            words, self.starts, group.permutations, *transporters
        )
        return smallest, group.n_operations // fixing


def build_coder(space: ArrangementSpace) -> WordCoder:
    """Lay out the stages of a space."""
    stages: list[_Stage] = []
    symbols: list[str] = []
    kept: list[int] = []
    species_states: list[tuple[int, ...]] = []
    initial_of_class: list[int] = []

    def add_state(symbol: str) -> int:
        symbols.append(symbol)
        return len(symbols) - 1

    for sublattice in space.sublattices:
        states = tuple(add_state(symbol) for symbol, _ in sublattice.species)
        opened = states[-1]  # of the most frequent species, which takes what the others leave
        for site_class in sublattice.classes:
            n_kept = len(site_class.sites) - site_class.n_opened
            if n_kept == 0:
                initial_of_class.append(opened)
                kept.append(opened)
                continue
            closed = add_state(site_class.element)
            initial_of_class.append(closed)
            if site_class.n_opened <= n_kept:
                kept.append(closed)
                stages.append(_Stage(site_class.n_opened, closed, opened, closed, True))
            else:
                kept.append(add_state(site_class.element))
                stages.append(_Stage(n_kept, closed, kept[-1], opened))
        counts = [n for _, n in sublattice.species]
        stages += [
            _Stage(n, opened, state, opened)
            for state, n in zip(states[:-1], counts[:-1], strict=True)
        ]
        species_states.append(states)
    initial = np.array(initial_of_class, dtype=np.int64)
    return WordCoder(
        space=space,
        stages=tuple(stages),
        initial=initial[space.label_classes()],
        symbol_of_state=tuple(np.array(symbols, dtype=SYMBOL_DTYPE).tolist()),
        kept_states=tuple(kept),
        species_states=tuple(species_states),
    )
