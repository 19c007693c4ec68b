"""The group in which the symmetry of a supercell permutes its sites."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures.enumeration._rows import drop_repeated, is_group

if TYPE_CHECKING:
    from pymatgen.core.lattice import Lattice

__all__ = ["SitePermutations", "find_site_permutations"]

_MAX_TIGHTENINGS = 24  # halvings of the tolerance: 1e-2 Å becomes 6e-10 Å, that of the coordinates
_MATCH_FACTOR = 2.0  # spglib fits its translations within one tolerance, the sites scatter by one


@dataclass(frozen=True, eq=False)
class SitePermutations:
    """A group of permutations of sites.

    Attributes
    ----------
    permutations : ndarray
        ``(n_operations, n_sites)``, int32: the operation moves the ion of site ``i`` onto site
        ``permutations[operation, i]``. Rows are distinct, the identity comes first.

    Raises
    ------
    InputError
        When the array is not two-dimensional, or its first row is not the identity.

    Examples
    --------
    >>> ring = SitePermutations([[0, 1, 2, 3], [1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2]])
    >>> ring.n_operations, ring.orbits()
    (4, ((0, 1, 2, 3),))
    >>> ring.stabilizer(["Al", "Ti", "Al", "Ti"]).permutations.tolist()
    [[0, 1, 2, 3], [2, 3, 0, 1]]
    >>> ring.stabilizer(["Al", "Ti", "Al", "Ti"]).restrict([0, 2]).permutations.tolist()
    [[0, 1], [1, 0]]
    """

    permutations: NDArray[np.int32]

    def __post_init__(self) -> None:
        rows = np.ascontiguousarray(self.permutations, dtype=np.int32)
        if rows.ndim != 2 or len(rows) == 0 or not np.array_equal(rows[0], range(rows.shape[1])):
            raise InputError(
                f"permutations have shape {rows.shape}, allowed is (n_operations, n_sites) with "
                "the identity as first row; use find_site_permutations"
            )
        object.__setattr__(self, "permutations", rows)

    @property
    def n_operations(self) -> int:
        """Order of the group."""
        return len(self.permutations)

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return self.permutations.shape[1]

    def stabilizer(self, symbols: Iterable[Hashable]) -> SitePermutations:
        """Return the subgroup that moves every site onto one of the same label.

        Parameters
        ----------
        symbols : sequence of hashable
            ``(n_sites,)`` labels, e.g. element symbols.
        """
        from perolyte.structures.enumeration._site_kernels import find_preserving

        codes = encode_labels(symbols, self.n_sites)
        return SitePermutations(self.permutations[find_preserving(self.permutations, codes)])

    def preserves(self, symbols: Iterable[Hashable]) -> bool:
        """Whether every operation moves every site onto one of the same label."""
        from perolyte.structures.enumeration._site_kernels import find_preserving

        codes = encode_labels(symbols, self.n_sites)
        return bool(find_preserving(self.permutations, codes).all())

    def orbits(self) -> tuple[tuple[int, ...], ...]:
        """Return the sets of equivalent sites, each sorted, by their first site."""
        seen = np.zeros(self.n_sites, dtype=bool)
        orbits = []
        for site in range(self.n_sites):
            if not seen[site]:
                orbit = np.unique(self.permutations[:, site])
                seen[orbit] = True
                orbits.append(tuple(int(i) for i in orbit))
        return tuple(orbits)

    def restrict(self, sites: Sequence[int] | NDArray[np.int64]) -> SitePermutations:
        """Return the group that acts on a subset of the sites, as distinct permutations of it.

        Operations that differ on other sites only become one: each of the distinct ones stands
        for equally many, so counts of orbits do not change.

        Parameters
        ----------
        sites : sequence of int
            Different sites, closed under the group. Site ``sites[i]`` becomes site ``i``.

        Raises
        ------
        InputError
            When an operation moves one of the sites out of the subset.
        """
        chosen = np.asarray(sites, dtype=np.int64)
        new_index = np.full(self.n_sites, -1, dtype=np.int32)
        new_index[chosen] = np.arange(len(chosen), dtype=np.int32)
        rows = new_index[self.permutations[:, chosen]]
        if len(chosen) and rows.min() < 0:
            raise InputError(
                f"an operation moves one of the {len(chosen)} sites out of the subset; "
                "give whole orbits, or take the stabilizer of the subset first"
            )
        return SitePermutations(drop_repeated(rows))


def find_site_permutations(
    lattice: Lattice,
    frac_coords: NDArray[np.float64],
    labels: Iterable[Hashable],
    *,
    symprec_A: float = 1e-2,
) -> SitePermutations:
    """Find how the symmetry operations of a labelled cell permute its sites.

    The operations are those of spglib (doi 10.1080/27660400.2024.2384822), every one verified on
    every site. When the tolerance is so wide that they are no group, as in distorted cells, it is
    halved until they are one.

    Parameters
    ----------
    lattice : pymatgen.core.Lattice
        Cell of any shape.
    frac_coords : ndarray
        ``(n_sites, 3)``, fractional, occupied and empty sites.
    labels : sequence of hashable
        ``(n_sites,)``: only sites of equal label are equivalent, e.g. the element symbol, "" for
        an empty site, the occupancies of a disordered one.
    symprec_A : float
        Distance within which two sites coincide, in Å.

    Returns
    -------
    SitePermutations
        The group; operations that permute the sites alike, e.g. mirror planes through all of
        them, are one.

    Raises
    ------
    InputError
        When the labels do not fit the sites, the tolerance is not positive, or two sites of equal
        label lie on one place.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure.from_spacegroup(
    ...     "Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"],
    ...     [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> _ = cell.make_supercell([6, 6, 3])
    >>> labels = [site.specie.symbol for site in cell]
    >>> group = find_site_permutations(cell.lattice, cell.frac_coords, labels)
    >>> group.n_operations, group.n_sites, len(group.orbits())
    (1728, 540, 4)
    """
    frac = np.mod(np.asarray(frac_coords, dtype=np.float64).reshape(-1, 3), 1.0)
    frac[frac >= 1.0] = 0.0  # the remainder of -1e-17 rounds to 1
    codes = encode_labels(labels, len(frac))
    if not symprec_A > 0:
        raise InputError(f"symprec is {symprec_A} Å, allowed is above 0; give e.g. 0.01")
    cell = (lattice.matrix.tolist(), frac.tolist(), (codes + 1).tolist())
    for halvings in range(_MAX_TIGHTENINGS + 1):
        tolerance_A = symprec_A / 2**halvings
        operations = _ask_spglib(cell, tolerance_A)
        if operations is None:
            continue
        rows = _map_operations(lattice, frac, codes, operations, _MATCH_FACTOR * tolerance_A)
        if is_group(rows):
            return SitePermutations(rows)
    raise InputError(
        f"no tolerance below {symprec_A} Å gives a group of operations; two sites of equal label "
        "lie on one place: merge them"
    )


def encode_labels(labels: Iterable[Hashable], n_sites: int) -> NDArray[np.int64]:
    """Replace labels by numbers, in the order of their first appearance."""
    numbers: dict[Hashable, int] = {}
    listed = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
    codes = np.array([numbers.setdefault(x, len(numbers)) for x in listed], dtype=np.int64)
    if len(codes) != n_sites:
        raise InputError(f"{len(codes)} labels for {n_sites} sites; give one label per site")
    return codes


def _ask_spglib(
    cell: tuple[list[list[float]], list[list[float]], list[int]], tolerance_A: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Rotations and translations in fractional coordinates; None when spglib finds none."""
    import spglib

    with warnings.catch_warnings():
        # spglib announces a change of its error handling at every call.
        warnings.simplefilter("ignore", DeprecationWarning)
        found = spglib.get_symmetry(cell, symprec=tolerance_A)
    if found is None:
        return None
    return found["rotations"].astype(np.float64), found["translations"]


def _map_operations(
    lattice: Lattice,
    frac: NDArray[np.float64],
    codes: NDArray[np.int64],
    operations: tuple[NDArray[np.float64], NDArray[np.float64]],
    tolerance_A: float,
) -> NDArray[np.int32]:
    """Distinct site permutations, identity first, of the operations that map every site.

    One operation of each rotation and the pure translations are mapped, the rest are products.
    """
    from perolyte.structures.enumeration._site_kernels import bin_sites, map_sites

    vectors_A = np.ascontiguousarray(lattice.matrix)
    reach = tolerance_A * np.linalg.norm(np.linalg.inv(vectors_A), axis=0)
    per_axis = np.cbrt(len(frac))
    n_bins = np.clip(np.minimum(per_axis, 0.25 / reach), 1, 64).astype(np.int64)
    first, following = bin_sites(frac, n_bins)

    def map_all(
        rotations: NDArray[np.float64], translations: NDArray[np.float64]
    ) -> NDArray[np.int32]:
        rows = np.empty((len(rotations), len(frac)), dtype=np.int32)
        mapped = [
            map_sites(
                frac, codes, vectors_A, rotation, translation, n_bins, first, following, reach,
                tolerance_A, row,
            )
            for rotation, translation, row in zip(rotations, translations, rows, strict=True)
        ]  # fmt: skip
        return rows[mapped]

    rotations, translations = operations
    _, chosen = np.unique(rotations.reshape(-1, 9), axis=0, return_index=True)
    pure = (rotations == np.eye(3)).all(axis=(1, 2))
    turned = map_all(rotations[chosen], translations[chosen])
    shifted = map_all(rotations[pure], translations[pure])
    products = shifted[:, turned].reshape(-1, len(frac))
    identity = np.arange(len(frac), dtype=np.int32)
    return drop_repeated(np.vstack([identity, products]))
