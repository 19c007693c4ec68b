"""Candidate interstitial sites: the voids of a structure, symmetry-distinct, largest first.

The centre of a void, the point farthest from the atoms around it, is a vertex of their Voronoi
diagram. Vertices that belong to one void are joined, and moved onto the symmetry element they
straddle.
"""

from __future__ import annotations

import itertools
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Voronoi, cKDTree

from perolyte.errors import InputError
from perolyte.structures._bond_valence import BOND_REACH_A, sum_bond_valences
from perolyte.structures._counting import check_element
from perolyte.structures.oxidation import COMMON_STATES, read_oxidation_states

if TYPE_CHECKING:
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure

__all__ = ["InterstitialSite", "InterstitialSites", "find_interstitial_sites"]

_SHELL = 1.1  # atoms up to this multiple of the void radius coordinate the site
_DECIMALS = 4  # Å and fractions; equivalent sites differ by rounding only


@dataclass(frozen=True, eq=False)
class InterstitialSite:
    """One kind of void.

    Attributes
    ----------
    equivalents_frac : ndarray
        ``(multiplicity, 3)``, fractional, in [0, 1): all equivalent positions in the cell.
    void_radius_A : float
        Distance from the site to the nearest atom, Å.
    coordination : dict of str to int
        Atoms within 1.1 void radii, by element.
    bond_valence : float or None
        Bond valence sum of the ion on the site as the structure stands, valence units; None when
        the structure is disordered or without oxidation states, or a parameter is missing.
    """

    equivalents_frac: NDArray[np.float64]
    void_radius_A: float
    coordination: dict[str, int]
    bond_valence: float | None

    @property
    def multiplicity(self) -> int:
        """Number of equivalent positions in the cell."""
        return len(self.equivalents_frac)


@dataclass(frozen=True, eq=False)
class InterstitialSites:
    """All kinds of voids of a structure that an ion may take.

    Attributes
    ----------
    ion : str
        Element of the ion.
    sites : tuple of InterstitialSite
        By falling void radius; empty when no void is large enough.
    min_distance_A : float
        Smallest void radius that was allowed, Å.
    largest_void_A : float
        Radius of the largest void, Å, kept or not.
    """

    ion: str
    sites: tuple[InterstitialSite, ...]
    min_distance_A: float
    largest_void_A: float

    @property
    def frac_coords(self) -> NDArray[np.float64]:
        """``(n, 3)``, fractional: all positions of all kinds, to be added as empty sites."""
        return np.vstack([np.empty((0, 3)), *[site.equivalents_frac for site in self.sites]])


def find_interstitial_sites(
    structure: Structure,
    ion: str,
    *,
    oxidation_state: int | None = None,
    min_distance_A: float = 1.5,
    merge_distance_A: float = 0.5,
    symprec_A: float = 0.01,
) -> InterstitialSites:
    """Find the voids of a structure where an ion could sit.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Cell; every site counts as an atom, however occupied.
    ion : str
        Element of the ion.
    oxidation_state : int, optional
        Its state for the bond valence sum, e; left out, the one common state of the element.
    min_distance_A : float
        Smallest distance from a void to an atom, Å. The default is below all but the shortest
        bonds of cations to O and F, since the framework gives way when it relaxes.
    merge_distance_A : float
        Vertices nearer than this belong to one void, which sits at the one farthest from atoms.
    symprec_A : float
        Tolerance of the symmetry search, Å.

    Returns
    -------
    InterstitialSites
        Kinds of voids, none equivalent to another by the symmetry of the structure in this cell;
        a supercell of unequal repeats has less of it than its crystal.

    Raises
    ------
    InputError
        When a length is not positive, the ion is no element, or no symmetry can be found.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> copper = Structure.from_spacegroup("Fm-3m", Lattice.cubic(3.6), ["Cu"], [[0, 0, 0]])
    >>> found = find_interstitial_sites(copper, "H")
    >>> [(s.multiplicity, s.coordination, round(s.void_radius_A, 2)) for s in found.sites]
    [(4, {'Cu': 6}, 1.8), (8, {'Cu': 4}, 1.56)]
    """
    check_element(ion, "interstitial")
    for name, length_A in (
        ("min_distance_A", min_distance_A),
        ("merge_distance_A", merge_distance_A),
        ("symprec_A", symprec_A),
    ):
        if not length_A > 0.0:
            raise InputError(f"{name} is {length_A} Å, allowed are positive lengths; correct it")
    lattice = structure.lattice
    vertices, radii_A, tree = _find_vertices(lattice, np.mod(structure.frac_coords, 1.0))
    largest_A = float(np.max(radii_A))
    operations = _find_operations(structure, symprec_A)
    wide = radii_A >= min_distance_A - 10.0**-_DECIMALS
    orbits = _join_vertices(lattice, vertices[wide], radii_A[wide], operations, merge_distance_A)
    states = _read_states(structure, ion, oxidation_state)
    sites = []
    for orbit in orbits:
        radius_A = float(tree.query(lattice.get_cartesian_coords(orbit[0]))[0])
        if radius_A >= min_distance_A - 10.0**-_DECIMALS:
            sites.append(_describe_site(structure, ion, orbit, radius_A, states))
    sites.sort(
        key=lambda s: (
            -round(s.void_radius_A, _DECIMALS),
            s.multiplicity,
            np.round(s.equivalents_frac[0], _DECIMALS).tolist(),
        )
    )
    return InterstitialSites(ion, tuple(sites), min_distance_A, largest_A)


def _find_vertices(
    lattice: Lattice, frac_coords: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], cKDTree]:
    """Voronoi vertices inside the cell (fractional), their radii, and the atoms around the cell."""
    heights_A = 1.0 / np.linalg.norm(lattice.inv_matrix, axis=0)
    margin_A = 2.0 * (lattice.volume / len(frac_coords)) ** (1.0 / 3.0)
    while True:
        padding = margin_A / heights_A
        shifts = itertools.product(*[range(-int(np.ceil(p)), int(np.ceil(p)) + 1) for p in padding])
        images = np.concatenate([frac_coords + np.array(shift) for shift in shifts])
        near = np.all((images >= -padding) & (images <= 1.0 + padding), axis=1)
        points_A = images[near] @ lattice.matrix
        vertices = Voronoi(points_A).vertices @ lattice.inv_matrix
        vertices = vertices[np.all((vertices > -1e-6) & (vertices < 1.0 + 1e-6), axis=1)]
        tree = cKDTree(points_A)
        radii_A = tree.query(vertices @ lattice.matrix)[0]
        # A sphere that reaches beyond the atoms at hand may not be empty.
        if len(radii_A) and np.max(radii_A) <= margin_A:
            return vertices, radii_A, tree
        margin_A *= 1.5


def _find_operations(
    structure: Structure, symprec_A: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rotations ``(n, 3, 3)`` and translations ``(n, 3)`` in fractional coordinates."""
    import spglib

    kinds: dict[str, int] = {}
    numbers = [kinds.setdefault(site.species_string, len(kinds)) for site in structure]
    cell: Any = (structure.lattice.matrix, structure.frac_coords, numbers)
    with warnings.catch_warnings():
        # spglib announces a change of its error handling at every call.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            found = spglib.get_symmetry(cell, symprec=symprec_A)
        except spglib.SpglibError as error:
            raise InputError(
                f"spglib finds no symmetry at symprec_A {symprec_A} Å; lower it"
            ) from error
    if found is None:
        raise InputError(f"spglib finds no symmetry at symprec_A {symprec_A} Å; lower it")
    return found["rotations"].astype(np.float64), found["translations"]


def _join_vertices(
    lattice: Lattice,
    vertices: NDArray[np.float64],
    radii_A: NDArray[np.float64],
    operations: tuple[NDArray[np.float64], NDArray[np.float64]],
    merge_distance_A: float,
) -> list[NDArray[np.float64]]:
    """Take vertices from the largest void down; each takes its neighbours and equivalents along."""
    rotations, translations = operations
    places = np.round(np.mod(vertices, 1.0), _DECIMALS) % 1.0
    order = np.lexsort((*places.T[::-1], -np.round(radii_A, _DECIMALS)))
    left = np.mod(vertices, 1.0)[order]
    orbits: list[NDArray[np.float64]] = []
    while len(left):
        images = rotations @ left[0] + translations
        offsets = images - left[0]
        offsets -= np.round(offsets)
        same = np.linalg.norm(offsets @ lattice.matrix, axis=1) < merge_distance_A
        centre = left[0] + offsets[same].mean(axis=0)
        orbit = _drop_copies(lattice, np.mod(rotations @ centre + translations, 1.0))
        orbits.append(orbit)
        left = left[1:]
        for point in orbit:
            left = left[_measure_from(lattice, left, point) >= merge_distance_A]
    return orbits


def _drop_copies(lattice: Lattice, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keep one of all points at the same place, sorted by their coordinates."""
    copy_A = 0.1
    places = np.round(points, _DECIMALS) % 1.0
    left = points[np.lexsort(places.T[::-1])]
    kept = []
    while len(left):
        kept.append(left[0])
        left = left[_measure_from(lattice, left, left[0]) >= copy_A]
    unique = np.array(kept)
    unique[np.abs(unique - np.round(unique)) < 1e-9] = 0.0  # 1 is 0, and so is rounding
    return unique


def _measure_from(
    lattice: Lattice, points: NDArray[np.float64], origin: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Distances from a point to others, Å, right where they are short against the cell."""
    offsets = points - origin
    offsets -= np.round(offsets)
    distances_A: NDArray[np.float64] = np.linalg.norm(offsets @ lattice.matrix, axis=1)
    return distances_A


def _read_states(
    structure: Structure, ion: str, oxidation_state: int | None
) -> Mapping[str, int] | None:
    """States of all elements and of the ion; None where the bond valence has no meaning."""
    state = COMMON_STATES.get(ion) if oxidation_state is None else oxidation_state
    decorated = all(getattr(species, "oxi_state", None) for species in structure.elements)
    if state is None or not structure.is_ordered or not decorated:
        return None
    return {**read_oxidation_states(structure), ion: state}


def _describe_site(
    structure: Structure,
    ion: str,
    orbit: NDArray[np.float64],
    radius_A: float,
    states: Mapping[str, int] | None,
) -> InterstitialSite:
    reach_A = max(_SHELL * radius_A, BOND_REACH_A)
    near = structure.lattice.get_points_in_sphere(
        structure.frac_coords, structure.lattice.get_cartesian_coords(orbit[0]), reach_A
    )
    distances_A = np.array([distance_A for _, distance_A, _, _ in near], dtype=np.float64)
    indices = np.array([index for _, _, index, _ in near], dtype=np.int64)
    shell = Counter(
        "/".join(sorted({species.symbol for species in structure[int(i)].species}))
        for i in indices[distances_A <= _SHELL * radius_A]
    )
    valence: float | None = None
    if states is not None:
        total = sum_bond_valences(
            [ion],
            [site.specie.symbol for site in structure],
            centres=np.zeros(len(indices), dtype=np.int64),
            neighbours=indices,
            distances_A=distances_A,
            states=states,
        )[0]
        valence = None if np.isnan(total) else float(total)
    return InterstitialSite(orbit, radius_A, dict(sorted(shell.items())), valence)
