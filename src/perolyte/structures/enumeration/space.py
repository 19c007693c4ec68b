"""The set of arrangements that a list of moves can reach, in the terms counting needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures.arrangements import EMPTY, SYMBOL_DTYPE

if TYPE_CHECKING:
    from perolyte.structures.arrangements import SublatticeMove
    from perolyte.structures.enumeration.permutations import SitePermutations

__all__ = ["ArrangementSpace", "SiteClass", "Sublattice", "build_space"]


@dataclass(frozen=True, eq=False)
class SiteClass:
    """Sites of one sublattice that held the same element, or none, before the moves.

    Attributes
    ----------
    element : str
        What they held, "" when they were empty.
    sites : ndarray
        Their indices, rising.
    n_opened : int
        How many of them change hands: those that lose their ion, or all when they were empty.
    """

    element: str
    sites: NDArray[np.int64]
    n_opened: int


@dataclass(frozen=True, eq=False)
class Sublattice:
    """Choices on one sublattice.

    Attributes
    ----------
    classes : tuple of SiteClass
        By element.
    species : tuple of (str, int)
        What is put on the opened sites and how often, "" for sites left empty; by rising number.
    """

    classes: tuple[SiteClass, ...]
    species: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False)
class ArrangementSpace:
    """All arrangements that the moves can make of one arrangement.

    Attributes
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, before the moves.
    sublattices : tuple of Sublattice
        In the order of the moves, those without a choice to make or an ion to place left out.
    sites : ndarray
        ``(n_active,)``, rising: the sites that may change.
    """

    symbols: NDArray[np.str_]
    sublattices: tuple[Sublattice, ...]
    sites: NDArray[np.int64]

    def iterate_classes(self) -> Iterator[tuple[int, SiteClass]]:
        """Yield every class of sites with the number of its sublattice."""
        for number, sublattice in enumerate(self.sublattices):
            for site_class in sublattice.classes:
                yield number, site_class

    def label_classes(self) -> NDArray[np.int64]:
        """``(n_active,)``: number of the class, in the order of ``iterate_classes``."""
        of_site = np.full(len(self.symbols), -1, dtype=np.int64)
        for number, (_, site_class) in enumerate(self.iterate_classes()):
            of_site[site_class.sites] = number
        return of_site[self.sites]

    def restrict_group(self, permutations: SitePermutations) -> SitePermutations:
        """Return the group on the sites that may change, after checking that it may act on them.

        Raises
        ------
        InputError
            When the group has another number of sites, moves an ion onto a site of another
            element, or moves a site out of its sublattice.
        """
        if permutations.n_sites != len(self.symbols):
            raise InputError(
                f"permutations act on {permutations.n_sites} sites, the arrangement has "
                f"{len(self.symbols)}; find them for the same sites"
            )
        if not permutations.preserves(self.symbols):
            raise InputError(
                "permutations do not preserve the symbols; find them with the symbols as labels, "
                "or use permutations.stabilizer(symbols)"
            )
        of_site = np.full(len(self.symbols), -1, dtype=np.int64)
        of_site[self.sites] = self.label_classes()
        if not permutations.preserves(of_site.tolist()):
            raise InputError(
                "permutations move a site out of the sublattice of its move; "
                "use permutations.stabilizer with labels that tell the sublattices apart"
            )
        return permutations.restrict(self.sites)


def build_space(
    symbols: NDArray[np.str_] | Sequence[str], moves: Sequence[SublatticeMove]
) -> ArrangementSpace:
    """Check moves against an arrangement and sort their sites into classes.

    Raises
    ------
    InputError
        When the moves share sites, name sites that do not exist, or ask for more ions or places
        than there are.
    """
    array = np.asarray(symbols).astype(SYMBOL_DTYPE)
    if array.ndim != 1:
        raise InputError(f"symbols have shape {array.shape}, allowed is (n_sites,)")
    used = np.zeros(len(array), dtype=bool)
    sublattices = []
    for move in moves:
        sites = _check_sites(move, used)
        used[sites] = True
        sublattice = _build_sublattice(array, sites, move)
        if sublattice is not None:
            sublattices.append(sublattice)
    listed = [c.sites for sublattice in sublattices for c in sublattice.classes]
    active = np.sort(np.concatenate(listed)) if listed else np.empty(0, dtype=np.int64)
    return ArrangementSpace(symbols=array, sublattices=tuple(sublattices), sites=active)


def _check_sites(move: SublatticeMove, used: NDArray[np.bool_]) -> NDArray[np.int64]:
    sites = np.unique(np.array(move.sites, dtype=np.int64))
    if len(sites) != len(move.sites):
        raise InputError("a move names a site twice; give each site of a sublattice once")
    if len(sites) and (sites[0] < 0 or sites[-1] >= len(used)):
        wrong = int(sites[0] if sites[0] < 0 else sites[-1])
        raise InputError(f"a move names site {wrong}, allowed are 0 to {len(used) - 1}")
    if used[sites].any():
        shared = int(sites[used[sites]][0])
        raise InputError(f"site {shared} is in two moves; put all ions of a sublattice in one move")
    return sites


def _build_sublattice(
    symbols: NDArray[np.str_], sites: NDArray[np.int64], move: SublatticeMove
) -> Sublattice | None:
    removed, added = _check_counts(move.removed, "removed"), _check_counts(move.added, "added")
    both = sorted(set(removed) & set(added))
    if both:
        raise InputError(f"one move removes and adds {both[0]}; give the net change only")
    classes = []
    for element, n in removed.items():
        members = sites[symbols[sites] == element]
        if n > len(members):
            raise InputError(
                f"a move removes {n} {element} from sites that hold {len(members)}; "
                "remove fewer, or use a larger supercell"
            )
        classes.append(SiteClass(element=element, sites=members, n_opened=n))
    empty = sites[symbols[sites] == EMPTY]
    if len(empty) and added:
        classes.append(SiteClass(element=EMPTY, sites=empty, n_opened=len(empty)))
    n_places = sum(c.n_opened for c in classes)
    n_left = n_places - sum(added.values())
    if n_left < 0:
        raise InputError(
            f"a move adds {sum(added.values())} ions to {n_places} places (sites it opens and "
            "empty ones); add fewer, remove more, or use a larger supercell"
        )
    if not classes:
        return None
    placed = {**added, **({EMPTY: n_left} if n_left else {})}
    return Sublattice(
        classes=tuple(sorted(classes, key=lambda c: c.element)),
        species=tuple(sorted(placed.items(), key=lambda item: (item[1], item[0]))),
    )


def _check_counts(counts: Mapping[str, int], what: str) -> dict[str, int]:
    checked = {}
    for element, n in sorted(counts.items()):
        if element == EMPTY:
            raise InputError(f"{what} names the empty symbol; empty sites follow from the others")
        if int(n) != n or n < 0:
            raise InputError(f"{what}[{element!r}] is {n}, allowed are integers from 0")
        if n > 0:
            checked[element] = int(n)
    return checked
