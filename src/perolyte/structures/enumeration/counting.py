"""Exact numbers of arrangements, distinct by symmetry or all of them, without making any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb, prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures.enumeration._colourings import CycleHistogram, FixedColourings
from perolyte.structures.enumeration.space import ArrangementSpace, build_space

if TYPE_CHECKING:
    from perolyte.structures.arrangements import SublatticeMove
    from perolyte.structures.enumeration.permutations import SitePermutations

__all__ = ["count_arrangements", "count_labelled"]

_USUAL_LENGTH = 48  # of cycles: crystal operations rarely have longer ones


def count_arrangements(
    symbols: NDArray[np.str_] | Sequence[str],
    moves: Sequence[SublatticeMove],
    permutations: SitePermutations,
) -> int:
    """Count the arrangements that no symmetry operation turns into one another.

    The orbits of a group are as many as the mean number of arrangements that an operation leaves
    unchanged (Cauchy-Frobenius lemma; Pólya, doi 10.1007/BF02546665). Operations of equal cycle
    lengths on every class of sites are counted once.

    Parameters
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, before the moves; "" where empty.
    moves : sequence of SublatticeMove
        Ions that leave and enter disjoint sublattices.
    permutations : SitePermutations
        Group that preserves ``symbols`` and the sites of every move.

    Returns
    -------
    int
        Exact, of any size.

    Raises
    ------
    InputError
        When the moves are impossible or the group does not preserve them.

    Examples
    --------
    One to three dopants on the 12 A sites of a 2 × 2 × 3 perovskite cell:

    >>> from pymatgen.core import Lattice
    >>> from perolyte.structures.arrangements import SublatticeMove
    >>> from perolyte.structures.enumeration import find_site_permutations
    >>> sites = [[x / 2, y / 2, z / 3] for x in range(2) for y in range(2) for z in range(3)]
    >>> lattice = Lattice.from_parameters(7.8, 7.8, 11.7, 90, 90, 90)
    >>> group = find_site_permutations(lattice, sites, ["Sr"] * 12)
    >>> [count_arrangements(
    ...     ["Sr"] * 12, [SublatticeMove(tuple(range(12)), {"Sr": n}, {"La": n})], group)
    ...     for n in (1, 2, 3)]
    [1, 5, 9]
    """
    space = build_space(symbols, moves)
    return CycleTypes(space, space.restrict_group(permutations)).n_orbits


def count_labelled(
    symbols: NDArray[np.str_] | Sequence[str], moves: Sequence[SublatticeMove]
) -> int:
    """Count all arrangements, equivalent ones separately.

    Parameters
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, before the moves; "" where empty.
    moves : sequence of SublatticeMove
        Ions that leave and enter disjoint sublattices.

    Returns
    -------
    int
        Exact, of any size.

    Raises
    ------
    InputError
        When the moves are impossible.

    Examples
    --------
    >>> from perolyte.structures.arrangements import SublatticeMove
    >>> count_labelled([""] * 36, [SublatticeMove(tuple(range(36)), {}, {"Li": 12, "La": 20})])
    13300327240200
    """
    return count_space(build_space(symbols, moves))


def count_space(space: ArrangementSpace) -> int:
    """Return the number of arrangements of a space: sites to open, then ions to put there."""
    total = 1
    for sublattice in space.sublattices:
        total *= prod(comb(len(c.sites), c.n_opened) for c in sublattice.classes)
        free = sum(c.n_opened for c in sublattice.classes)
        for _, n in sublattice.species:
            total, free = total * comb(free, n), free - n
    return total


@dataclass(frozen=True, eq=False)
class CycleTypes:
    """Operations of a group by the lengths of their cycles on every class of sites.

    Attributes
    ----------
    space : ArrangementSpace
        What is arranged.
    group : SitePermutations
        Acts on ``space.sites``.
    """

    space: ArrangementSpace
    group: SitePermutations

    @cached_property
    def _grouped(self) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
        """Cycle numbers of each type, type of each operation, size of each type."""
        from perolyte.structures.enumeration._cycle_kernels import count_cycles

        classes = self.space.label_classes()
        n_classes = int(classes.max(initial=-1)) + 1
        rows = self.group.permutations
        counts = count_cycles(rows, classes, n_classes, _USUAL_LENGTH)
        if counts[:, :, 0].any():
            counts = count_cycles(rows, classes, n_classes, len(classes))
        flat = counts.reshape(len(rows), -1)
        used = flat.any(axis=0)
        _, first, type_of, sizes = np.unique(
            flat[:, used], axis=0, return_index=True, return_inverse=True, return_counts=True
        )
        return counts[first], type_of.reshape(-1), sizes

    @property
    def type_of_operation(self) -> NDArray[np.int64]:
        """``(n_operations,)``: number of the type."""
        return self._grouped[1]

    @cached_property
    def fixed_colourings(self) -> tuple[tuple[FixedColourings, ...], ...]:
        """For each type, the arrangements of every sublattice that it leaves unchanged."""
        shared: dict[tuple[int, CycleHistogram], FixedColourings] = {}
        of_types = []
        for counts in self._grouped[0]:
            of_sublattices, start = [], 0
            for number, sublattice in enumerate(self.space.sublattices):
                stop = start + len(sublattice.classes)
                key = (number, _read_histogram(counts[start:stop]))
                if key not in shared:
                    shared[key] = FixedColourings(sublattice, key[1])
                of_sublattices.append(shared[key])
                start = stop
            of_types.append(tuple(of_sublattices))
        return tuple(of_types)

    @cached_property
    def n_fixed(self) -> tuple[int, ...]:
        """Arrangements that an operation of each type leaves unchanged."""
        return tuple(prod(part.count() for part in parts) for parts in self.fixed_colourings)

    @property
    def n_fixed_in_all(self) -> tuple[int, ...]:
        """The same, summed over the operations of each type."""
        sizes = self._grouped[2].tolist()
        return tuple(n * fixed for n, fixed in zip(sizes, self.n_fixed, strict=True))

    @cached_property
    def n_orbits(self) -> int:
        """Arrangements that are distinct by symmetry."""
        n_orbits, remainder = divmod(sum(self.n_fixed_in_all), self.group.n_operations)
        if remainder:
            raise InputError(
                f"the {self.group.n_operations} permutations are no group: their mean number of "
                "unchanged arrangements is not whole; use find_site_permutations"
            )
        return n_orbits


def _read_histogram(counts: NDArray[np.int32]) -> CycleHistogram:
    return tuple(
        tuple((length, int(row[length])) for length in np.flatnonzero(row).tolist())
        for row in counts
    )
