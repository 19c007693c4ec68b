"""Geometry that other layers ask of a structure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import rq

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["find_site_distance", "orient_upper_triangular"]

_SEARCH_A = 12.0


def find_site_distance(
    structure: Structure, elements: Iterable[str], empty_sites_frac: ArrayLike = ()
) -> float:
    """Return the distance between neighbouring sites of a sublattice, occupied or empty.

    It is the length of one hop of an ion that moves on that sublattice.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered cell.
    elements : iterable of str
        Elements that occupy the sublattice.
    empty_sites_frac : array_like
        ``(n_empty, 3)``, fractional: its empty sites.

    Returns
    -------
    float
        Median over the sites of the distance to the nearest other site, Å.

    Raises
    ------
    InputError
        When the sublattice has no site, or none within 12 Å of another.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.9), ["Sr", "Ti", "O"],
    ...                                  [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> round(find_site_distance(cell, ["Sr"]), 3)
    3.9
    """
    wanted = set(elements)
    occupied = [s.frac_coords for s in structure if s.specie.symbol in wanted]
    empty = np.asarray(empty_sites_frac, dtype=float).reshape(-1, 3)
    sites = np.vstack([np.asarray(occupied, dtype=float).reshape(-1, 3), empty])
    if len(sites) == 0:
        raise InputError(
            f"no site of {', '.join(sorted(wanted))} in "
            f"{structure.composition.reduced_formula}; name elements that it holds"
        )
    lattice = type(structure)(structure.lattice, ["H"] * len(sites), sites)
    centers, _, _, distances = lattice.get_neighbor_list(_SEARCH_A, exclude_self=True)
    nearest = [distances[centers == i].min() for i in range(len(sites)) if (centers == i).any()]
    if not nearest:
        raise InputError(
            f"sites of {', '.join(sorted(wanted))} are more than {_SEARCH_A:g} Å apart; an ion "
            "cannot hop between them"
        )
    return float(np.median(nearest))


def orient_upper_triangular(structure: Structure) -> Structure:
    """Return the same crystal, rotated so that its cell matrix is upper triangular.

    Rows are lattice vectors; all distances and angles stay the same. A left-handed cell becomes
    right-handed by inversion, which also keeps all distances.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Any cell.

    Returns
    -------
    pymatgen.core.Structure
        Copy with the same fractional coordinates, site order and site properties.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure(Lattice.hexagonal(3, 5), ["Mg"], [[0, 0, 0]])
    >>> bool(abs(orient_upper_triangular(cell).lattice.matrix[1, 0]) < 1e-12)
    True
    """
    # matrix = upper @ rotation, with lattice vectors as rows; the rotation is dropped
    upper, _ = rq(np.array(structure.lattice.matrix))
    upper = np.triu(upper * np.sign(np.diag(upper)))
    copy = structure.copy()
    copy.lattice = type(structure.lattice)(upper)
    return copy
