"""Which shell of neighbours the pairs of an arrangement lie in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.lattice import Lattice

__all__ = ["PairLabels", "PairShells", "find_pair_shells", "label_pairs"]

_REQUIREMENTS = ("any", "each", "nearest")


@dataclass(frozen=True, eq=False)
class PairShells:
    """Neighbour shells between two sets of sites.

    Attributes
    ----------
    sites_a, sites_b : tuple of int
        The sets; they may share sites.
    distances_A : ndarray
        ``(n_shells,)``, rising: mean distance of each shell in Å, to the nearest periodic image.
    shell_of_pair : ndarray
        ``(n_a, n_b)``, int32: shell of each pair, from 0; -1 for a site with itself.
    """

    sites_a: tuple[int, ...]
    sites_b: tuple[int, ...]
    distances_A: NDArray[np.float64]
    shell_of_pair: NDArray[np.int32]

    @property
    def n_shells(self) -> int:
        """Number of shells."""
        return len(self.distances_A)

    def list_pairs(self, shell: int) -> list[tuple[int, int]]:
        """Return the pairs of sites in one shell.

        Raises
        ------
        InputError
            When there is no such shell.
        """
        check_shell(shell, self.distances_A)
        rows, columns = np.nonzero(self.shell_of_pair == shell)
        return [
            (self.sites_a[i], self.sites_b[j])
            for i, j in zip(rows.tolist(), columns.tolist(), strict=True)
        ]


@dataclass(frozen=True, eq=False)
class PairLabels:
    """Pairs of two species in each of some arrangements, by shell.

    Attributes
    ----------
    distances_A : ndarray
        ``(n_shells,)``, in Å.
    n_pairs : ndarray
        ``(n, n_shells)``, int64: pairs in each shell; a pair of equal species counts once.
    n_paired : ndarray
        ``(n, n_shells)``, int64: ions of the first species with a partner in the shell.
    n_first : ndarray
        ``(n,)``, int64: ions of the first species on the sites that were looked at.
    """

    distances_A: NDArray[np.float64]
    n_pairs: NDArray[np.int64]
    n_paired: NDArray[np.int64]
    n_first: NDArray[np.int64]

    @property
    def nearest_shell(self) -> NDArray[np.int64]:
        """``(n,)``: shell of the nearest pair, -1 where there is none."""
        has_pair = self.n_pairs > 0
        return np.where(has_pair.any(axis=1), has_pair.argmax(axis=1), -1)

    @property
    def nearest_distance_A(self) -> NDArray[np.float64]:
        """``(n,)``, Å: distance of the nearest pair, infinite where there is none."""
        return np.append(self.distances_A, np.inf)[self.nearest_shell]

    def find(self, shell: int, *, require: str = "any") -> NDArray[np.bool_]:
        """Find arrangements with pairs in a shell, e.g. dopants beside a vacancy.

        Parameters
        ----------
        shell : int
            Shell, from 0 for nearest neighbours.
        require : str
            ``"any"``: at least one pair is in the shell; ``"each"``: so is a pair of every ion of
            the first species; ``"nearest"``: the nearest of all pairs is in the shell.

        Returns
        -------
        ndarray of bool
            ``(n,)``, for :meth:`~perolyte.structures.enumeration.ArrangementSet.select`.

        Raises
        ------
        InputError
            When there is no such shell or requirement.
        """
        check_shell(shell, self.distances_A)
        if require not in _REQUIREMENTS:
            raise InputError(
                f"require is {require!r}, allowed are {', '.join(map(repr, _REQUIREMENTS))}"
            )
        if require == "nearest":
            return self.nearest_shell == shell
        if require == "each":
            return (self.n_first > 0) & (self.n_paired[:, shell] == self.n_first)
        return self.n_pairs[:, shell] > 0


def find_pair_shells(
    lattice: Lattice,
    frac_coords: NDArray[np.float64],
    sites_a: Sequence[int],
    sites_b: Sequence[int],
    *,
    tolerance_A: float = 0.05,
) -> PairShells:
    """Sort the distances between two sets of sites into shells.

    Parameters
    ----------
    lattice : pymatgen.core.Lattice
        Cell.
    frac_coords : ndarray
        ``(n_sites, 3)``, fractional.
    sites_a, sites_b : sequence of int
        Sites of the two sets.
    tolerance_A : float
        A gap wider than this between successive distances, in Å, separates two shells; raise it
        for relaxed cells.

    Returns
    -------
    PairShells
        Shells by distance, shell 0 the nearest.

    Raises
    ------
    InputError
        When a set is empty or the tolerance is not positive.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> sites = [[0.25, 0.25, 0.25], [0.75, 0.25, 0.25], [0.25, 0.25, 0]]
    >>> shells = find_pair_shells(Lattice.cubic(7.8), sites, [0, 1], [2])
    >>> shells.distances_A.round(2).tolist(), shells.shell_of_pair.tolist()
    ([1.95, 4.36], [[0], [1]])
    """
    if not (len(sites_a) and len(sites_b)):
        raise InputError(
            f"the sets have {len(sites_a)} and {len(sites_b)} sites; give at least one site each"
        )
    if not tolerance_A > 0:
        raise InputError(f"tolerance is {tolerance_A} Å, allowed is above 0; give e.g. 0.05")
    frac = np.asarray(frac_coords, dtype=np.float64)
    first, second = np.array(sites_a, dtype=np.int64), np.array(sites_b, dtype=np.int64)
    distances_A = lattice.get_all_distances(frac[first], frac[second])
    other = first[:, None] != second[None, :]
    shell_of_pair = np.full(distances_A.shape, -1, dtype=np.int32)
    rising = np.sort(distances_A[other])
    starts = np.flatnonzero(np.diff(rising, prepend=-np.inf) > tolerance_A)
    shell_of_pair[other] = np.searchsorted(rising[starts], distances_A[other], side="right") - 1
    counts = np.diff(np.append(starts, len(rising)))
    means = np.add.reduceat(rising, starts) / counts if len(starts) else rising
    return PairShells(
        sites_a=tuple(first.tolist()),
        sites_b=tuple(second.tolist()),
        distances_A=means,
        shell_of_pair=shell_of_pair,
    )


def label_pairs(
    arrangements: NDArray[np.str_], shells: PairShells, symbol_a: str, symbol_b: str
) -> PairLabels:
    """Count the pairs of two species in every shell of every arrangement.

    Parameters
    ----------
    arrangements : ndarray of str
        ``(n, n_sites)`` symbols, "" where empty.
    shells : PairShells
        Where to look: ``symbol_a`` on its first set, ``symbol_b`` on its second.
    symbol_a, symbol_b : str
        Species, "" for a vacancy.

    Returns
    -------
    PairLabels
        Numbers of pairs, and what follows from them.

    Examples
    --------
    Al beside an oxygen vacancy, and away from it:

    >>> import numpy as np
    >>> from pymatgen.core import Lattice
    >>> sites = [[0.25, 0.25, 0.25], [0.75, 0.25, 0.25], [0.25, 0.25, 0]]
    >>> shells = find_pair_shells(Lattice.cubic(7.8), sites, [0, 1], [2])
    >>> found = label_pairs(np.array([["Al", "Ti", ""], ["Ti", "Al", ""]]), shells, "Al", "")
    >>> found.nearest_shell.tolist(), found.find(0).tolist()
    ([0, 1], [True, False])
    """
    table = _drop_repeated_pairs(shells) if symbol_a == symbol_b else shells.shell_of_pair
    on_a = arrangements[:, list(shells.sites_a)] == symbol_a
    on_b = arrangements[:, list(shells.sites_b)] == symbol_b
    n_pairs = np.zeros((len(arrangements), shells.n_shells), dtype=np.int64)
    n_paired = np.zeros_like(n_pairs)
    for row, (first, second) in enumerate(zip(on_a, on_b, strict=True)):
        found = table[first][:, second]
        n_pairs[row] = np.bincount(found[found >= 0], minlength=shells.n_shells)
        of_ion = shells.shell_of_pair[first][:, second]
        ion, _ = np.nonzero(of_ion >= 0)
        partners = np.unique(np.stack([ion, of_ion[of_ion >= 0]]), axis=1)[1]
        n_paired[row] = np.bincount(partners, minlength=shells.n_shells)
    return PairLabels(
        distances_A=shells.distances_A,
        n_pairs=n_pairs,
        n_paired=n_paired,
        n_first=on_a.sum(axis=1).astype(np.int64),
    )


def _drop_repeated_pairs(shells: PairShells) -> NDArray[np.int32]:
    """Shells with one of the two orders of every pair that the sets hold in both."""
    first, second = np.array(shells.sites_a), np.array(shells.sites_b)
    both_orders = np.isin(first, second)[:, None] & np.isin(second, first)[None, :]
    repeated = both_orders & (first[:, None] > second[None, :])
    return np.where(repeated, np.int32(-1), shells.shell_of_pair)


def check_shell(shell: int, distances_A: NDArray[np.float64]) -> None:
    """Refuse a shell that does not exist."""
    if not 0 <= shell < len(distances_A):
        listed = ", ".join(f"{i}: {d:.2f} Å" for i, d in enumerate(distances_A[:4].tolist()))
        raise InputError(
            f"shell is {shell}, allowed are 0 to {len(distances_A) - 1} ({listed}, ...)"
        )
