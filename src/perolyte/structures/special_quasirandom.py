"""Special quasirandom structures: cells whose short-range correlations are those of a random alloy.

The idea is that of doi 10.1103/PhysRevLett.65.353; the search is the annealing of icet
(doi 10.1002/adts.201900015) towards the cluster vector of the random alloy, as in
doi 10.1016/j.calphad.2013.06.006. icet is an optional dependency: ``pip install "perolyte[sqs]"``.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures._counting import check_seed
from perolyte.structures.arrangements import EMPTY, SYMBOL_DTYPE, SiteSet, SublatticeMove
from perolyte.structures.checks import MIN_DISTANCE_A

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["QuasirandomCell", "QuasirandomSample", "sample_quasirandom"]

_PAIR_REACH = 2.1  # nearest-neighbour distances: on a simple cubic lattice up to the fourth shell
_TRIPLET_REACH = 1.5
_N_RANDOM = 20  # random arrangements that say how good a match is
_POSITION_TOLERANCE_A = 0.01
_COOLING = 1e-3


@dataclass(frozen=True, eq=False)
class QuasirandomCell:
    """One quasirandom arrangement.

    Attributes
    ----------
    symbols : ndarray of str
        ``(n_sites,)``, the element on each site, "" where empty.
    mismatch : float
        Σ |difference| of the cluster vector from that of the random alloy, dimensionless.
    seed : int
        Seed of its search.
    """

    symbols: NDArray[np.str_]
    mismatch: float
    seed: int


@dataclass(frozen=True, eq=False)
class QuasirandomSample:
    """Quasirandom arrangements, and how far random ones are from the random alloy.

    Attributes
    ----------
    cells : tuple of QuasirandomCell
        One for each seed, in their order.
    random_mismatch_mean, random_mismatch_std : float
        Mismatch of 20 random arrangements of the same composition, dimensionless.
    n_correlations : int
        Components of the cluster vector that are compared.
    cutoffs_A : tuple of float
        Longest distance within a pair, a triplet, and so on, Å.
    n_steps : int
        Trial swaps of each search.
    """

    cells: tuple[QuasirandomCell, ...]
    random_mismatch_mean: float
    random_mismatch_std: float
    n_correlations: int
    cutoffs_A: tuple[float, ...]
    n_steps: int


def sample_quasirandom(
    sites: SiteSet,
    symbols: NDArray[np.str_],
    moves: Sequence[SublatticeMove],
    *,
    seeds: Sequence[int] = (0,),
    n_steps: int = 3000,
    cutoffs_A: Sequence[float] | None = None,
) -> QuasirandomSample:
    """Fill the empty sites of a supercell so that they look random at short range.

    Parameters
    ----------
    sites : SiteSet
        The sites.
    symbols : ndarray of str
        ``(n_sites,)``, elements on the ordered sites, "" on the disordered ones.
    moves : sequence of SublatticeMove
        Ions to put on each group of sites, ``removed`` empty; every group (a layer, say) keeps its
        own composition, and sites that are left over stay empty.
    seeds : sequence of int
        One search, from its own random arrangement, for each.
    n_steps : int
        Trial swaps of each search; a step takes 0.1 ms in a cell of 36 formula units ABO3.
    cutoffs_A : sequence of float, optional
        Longest distance within a pair, a triplet, and so on, Å; left out, pairs to 2.1 and
        triplets to 1.5 times the shortest distance between disordered sites.

    Returns
    -------
    QuasirandomSample
        The same cells for the same seeds. The state of Python's global random generator, which
        icet draws from, is restored.

    Raises
    ------
    InputError
        When icet is not installed, a move removes ions, sites of a group are nearer than 0.7 Å, or
        a number is out of its range.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> grid = np.stack(np.meshgrid([0, 0.5], [0, 0.5], [0, 0.5]), -1).reshape(-1, 3)
    >>> sites = SiteSet(Lattice.cubic(7.8), grid)
    >>> found = sample_quasirandom(
    ...     sites, np.full(8, EMPTY, "<U3"), [SublatticeMove(tuple(range(8)), {}, {"Na": 4})],
    ...     n_steps=200)
    >>> found.cells[0].mismatch < found.random_mismatch_mean
    True
    """
    _check_input(sites, symbols, moves, seeds=seeds, n_steps=n_steps)
    with _prepare_icet():
        alloy = _Alloy(sites, symbols, moves, cutoffs_A)
        rng = np.random.default_rng(list(seeds))
        reference = [alloy.compute_mismatch(alloy.shuffle(rng)) for _ in range(_N_RANDOM)]
        mean, spread = float(np.mean(reference)), float(np.std(reference))
        found = [alloy.search(n_steps, seed, start=mean) for seed in seeds]
        return QuasirandomSample(
            cells=tuple(
                QuasirandomCell(alloy.read(atoms), alloy.compute_mismatch(atoms), int(seed))
                for atoms, seed in zip(found, seeds, strict=True)
            ),
            random_mismatch_mean=mean,
            random_mismatch_std=spread,
            n_correlations=alloy.n_correlations,
            cutoffs_A=alloy.cutoffs_A,
            n_steps=n_steps,
        )


class _Alloy:
    """The disordered sites in the terms of icet.

    icet tells sublattices apart by their species, and its target vector knows each species once.
    So every occupant of every group gets an element of its own, a vacancy as well.
    """

    def __init__(
        self,
        sites: SiteSet,
        symbols: NDArray[np.str_],
        moves: Sequence[SublatticeMove],
        cutoffs_A: Sequence[float] | None,
    ) -> None:
        from ase import Atoms
        from ase.data import chemical_symbols

        stand_ins = iter(chemical_symbols[1:])
        fixed = {str(e): next(stand_ins) for e in np.unique(symbols) if e != EMPTY}
        allowed = [[fixed.get(str(symbol), "X")] for symbol in symbols]
        self._symbols = symbols
        self._meaning: dict[str, str] = {}
        self._groups: list[tuple[list[int], list[str]]] = []
        fractions: dict[tuple[str, ...], dict[str, float]] = {}
        active: list[int] = []
        for move in moves:
            counts = {e: n for e, n in sorted(move.added.items()) if n > 0}
            if len(move.sites) > sum(counts.values()):
                counts[EMPTY] = len(move.sites) - sum(counts.values())
            codes = {e: next(stand_ins) for e in counts}
            self._meaning |= {code: e for e, code in codes.items()}
            for site in move.sites:
                allowed[site] = list(codes.values())
            filling = [codes[e] for e, n in counts.items() for _ in range(n)]
            self._groups.append((list(move.sites), filling))
            if len(counts) > 1:
                active += move.sites
                fractions[tuple(sorted(codes.values()))] = {
                    codes[e]: n / len(move.sites) for e, n in counts.items()
                }
        self._is_random = bool(active)
        self._template: Atoms = Atoms(
            [names[0] for names in allowed],
            scaled_positions=sites.frac_coords,
            cell=sites.lattice.matrix,
            pbc=True,
        )
        self.cutoffs_A = tuple(cutoffs_A or _choose_cutoffs(sites, active))
        self.n_correlations = 0
        if self._is_random:
            self._set_target(allowed, fractions)

    def _set_target(
        self, allowed: list[list[str]], fractions: dict[tuple[str, ...], dict[str, float]]
    ) -> None:
        """Set up the clusters and their correlations in the random alloy."""
        from icet import ClusterSpace
        from icet.tools import structure_generation

        self._space: Any = ClusterSpace(
            self._template, list(self.cutoffs_A), allowed, symprec=_POSITION_TOLERANCE_A
        )
        self._concentrations = {
            sublattice.symbol: fractions[tuple(sorted(sublattice.chemical_symbols))]
            for sublattice in self._space.get_sublattices(self._space.primitive_structure)
            if len(sublattice.chemical_symbols) > 1
        }
        # The one function of icet that gives the vector of a random alloy is not exported.
        self._target = structure_generation._get_sqs_cluster_vector(
            self._space, self._concentrations
        )
        self.n_correlations = len(self._target)

    def shuffle(self, rng: np.random.Generator) -> Atoms:
        """Fill every group at random."""
        atoms = self._template.copy()
        names = np.array(atoms.get_chemical_symbols(), dtype=SYMBOL_DTYPE)
        for members, filling in self._groups:
            names[members] = rng.permutation(np.array(filling, dtype=SYMBOL_DTYPE))
        atoms.set_chemical_symbols(names.tolist())
        return atoms

    def compute_mismatch(self, atoms: Atoms) -> float:
        """Sum of the differences from the random alloy."""
        if not self._is_random:
            return 0.0
        return float(np.abs(self._space.get_cluster_vector(atoms) - self._target).sum())

    def search(self, n_steps: int, seed: int, *, start: float) -> Atoms:
        """Anneal from a random arrangement, at a temperature of the size of the mismatch."""
        from icet.tools.structure_generation import generate_sqs_from_supercells

        begin = self.shuffle(np.random.default_rng(seed))
        if not self._is_random:
            return begin
        return generate_sqs_from_supercells(
            self._space,
            [begin],
            self._concentrations,
            T_start=start,
            T_stop=start * _COOLING,
            n_steps=n_steps,
            optimality_weight=0.0,  # a bonus for exact short pairs would hide the mismatch
            random_seed=seed,
            random_start=False,
        )

    def read(self, atoms: Atoms) -> NDArray[np.str_]:
        """Translate back to elements."""
        symbols = self._symbols.copy()
        names = atoms.get_chemical_symbols()
        for members, _ in self._groups:
            symbols[members] = [self._meaning[names[site]] for site in members]
        return symbols


@contextmanager
def _prepare_icet() -> Iterator[None]:
    """Import icet, or say how to get it; leave Python's random generator as it was."""
    try:
        import icet  # noqa: F401
    except ImportError as error:
        raise InputError(
            "quasirandom structures need the package icet, which is not installed; call "
            'pip install "perolyte[sqs]"'
        ) from error
    state = random.getstate()
    try:
        with warnings.catch_warnings():
            # spglib announces a change of its error handling at every call of icet.
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        random.setstate(state)


def _choose_cutoffs(sites: SiteSet, active: Sequence[int]) -> tuple[float, float]:
    """Choose cutoffs from the shortest distance between disordered sites, images included."""
    shortest_A = min(sites.lattice.get_lll_reduced_lattice().abc)
    if len(active) > 1:
        coords = sites.frac_coords[list(active)]
        distances_A = sites.lattice.get_all_distances(coords, coords)
        np.fill_diagonal(distances_A, shortest_A)
        shortest_A = float(np.min(distances_A))
    return _PAIR_REACH * shortest_A, _TRIPLET_REACH * shortest_A


def _check_input(
    sites: SiteSet,
    symbols: NDArray[np.str_],
    moves: Sequence[SublatticeMove],
    *,
    seeds: Sequence[int],
    n_steps: int,
) -> None:
    if n_steps < 1:
        raise InputError(f"n_steps is {n_steps}, allowed are integers from 1; give e.g. 3000")
    if not seeds:
        raise InputError("no seed is given, allowed are one or more; give e.g. seeds=(0,)")
    for seed in seeds:
        check_seed(seed)
    covered: set[int] = set()
    for move in moves:
        if any(move.removed.values()) or np.any(symbols[list(move.sites)] != EMPTY):
            raise InputError(
                "a quasirandom cell fills empty sites only, and a move has occupied ones; use "
                "monte_carlo for placements that replace ions"
            )
        if sum(move.added.values()) > len(move.sites):
            raise InputError(
                f"a move adds {sum(move.added.values())} ions to {len(move.sites)} sites; add fewer"
            )
        if covered.intersection(move.sites):
            raise InputError("a site belongs to two moves, allowed are disjoint groups; join them")
        covered.update(move.sites)
    members = sorted(covered)
    if np.any(sites.too_close[np.ix_(members, members)]):
        raise InputError(
            f"disordered sites are nearer than {MIN_DISTANCE_A} Å, and a quasirandom cell would "
            "fill both; use the method monte_carlo, or merge the split sites"
        )
