"""Dimension of the pathway of a mobile ion, from the sites it occupies."""

from __future__ import annotations

import numpy as np

from perolyte.structures.perovskite.neighbours import find_neighbours
from perolyte.structures.perovskite.network import measure_periodicity
from perolyte.structures.perovskite.sites import CrystalSites

__all__ = ["GUESSED_MOBILE_IONS", "find_mobile_ion", "measure_mobile_dimension"]

GUESSED_MOBILE_IONS = ("Li", "Na", "Ag", "Cu", "K", "Mg")
"""Tried in this order when no mobile ion is given; Cu, K and Mg only on a known A site."""
_OFTEN_IMMOBILE = frozenset({"Cu", "K", "Mg"})
MAX_HOP_A = 4.2
"""Longest hop that counts: the edge of a perovskite cage (3.8 to 4.1 Å) is one."""


def find_mobile_ion(
    sites: CrystalSites, framework: tuple[str, ...], cages: tuple[str, ...]
) -> str | None:
    """Guess the mobile ion: the first usual cation that is in no octahedron of the framework.

    Parameters
    ----------
    sites : CrystalSites
        Sites of the crystal.
    framework, cages : tuple of str
        Elements in the octahedra and, where there are any, on A sites.
    """
    present = {
        element
        for index, held in enumerate(sites.amounts)
        if sites.role[index] == "cation"
        for element in held
    }
    for element in GUESSED_MOBILE_IONS:
        known = element in cages or element not in _OFTEN_IMMOBILE
        if element in present and known and element not in framework:
            return element
    return None


def measure_mobile_dimension(sites: CrystalSites, mobile_ion: str) -> tuple[int | None, str]:
    """Measure in how many dimensions the sites of an ion connect by hops below 4.2 Å.

    Parameters
    ----------
    sites : CrystalSites
        Sites of the crystal.
    mobile_ion : str
        Element symbol.

    Returns
    -------
    dimension : int or None
        0 to 3; None when the ion has no site.
    reason : str
        One line with the hop lengths.
    """
    own = [i for i, held in enumerate(sites.amounts) if mobile_ion in held]
    if not own:
        return None, f"mobile ion {mobile_ion}: not in the structure"
    points = sites.frac[own]
    found = find_neighbours(sites.matrix, points, points, n_nearest=24, radius_A=MAX_HOP_A)
    edges = [
        (row, int(found.index[row, slot]), _offset(found.image[row, slot]))
        for row, slot in np.argwhere(found.index >= 0).tolist()
    ]
    dimensions, _ = measure_periodicity(len(own), edges)
    dimension = max(dimensions)
    nearest = found.distance_A[:, 0]
    hop = f"nearest {np.min(nearest):.2f} Å" if np.isfinite(nearest).any() else "none in reach"
    return dimension, (
        f"mobile ion {mobile_ion}: its {len(own)} sites connect in {dimension} dimensions by hops "
        f"up to {MAX_HOP_A:g} Å ({hop})"
    )


def _offset(image: np.ndarray) -> tuple[int, int, int]:
    a, b, c = image.tolist()
    return a, b, c
