"""A family that fits a structure, with the numbers that made it fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perolyte.structures.perovskite.cubic_net import CubicNet
from perolyte.structures.perovskite.neighbours import find_neighbours
from perolyte.structures.perovskite.network import Network
from perolyte.structures.perovskite.result import Verdict
from perolyte.structures.perovskite.sites import CrystalSites

__all__ = ["COMPLEX_ION", "FamilyMatch", "find_rest", "measure_closest"]

COMPLEX_ION = 0.75
"""A-X over B-X below which A and X are one complex ion: C-O over Ca-O is 0.54, P-O over Li-O 0.72,
Li-O over Ti-O in a perovskite 0.93."""


@dataclass(frozen=True)
class FamilyMatch:
    """One reading of a structure as a perovskite or a relative.

    Attributes
    ----------
    verdict, family : str
        As in :class:`~perolyte.structures.perovskite.result.PerovskiteResult`.
    rank : int
        Smaller is the better reading when several fit.
    a_sites, b_sites, x_sites : tuple of int
        Rows of the merged sites.
    a_occupancy : float or None
        Occupied fraction of the A sites.
    network : Network or None
        The octahedra, where the family has them.
    net : CubicNet or None
        Their map to the primitive cubic net, for three-dimensional families.
    evidence, warnings : tuple of str
        One line each.
    """

    verdict: Verdict
    family: str
    rank: int
    a_sites: tuple[int, ...]
    b_sites: tuple[int, ...]
    x_sites: tuple[int, ...]
    a_occupancy: float | None
    network: Network | None
    net: CubicNet | None
    evidence: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def find_rest(sites: CrystalSites, used: set[int]) -> tuple[int, ...]:
    """Return the sites that are neither used nor hydrogen bound to a vertex."""
    return tuple(i for i in range(len(sites.frac)) if i not in used and sites.role[i] != "proton")


def measure_closest(sites: CrystalSites, first: Sequence[int], second: Sequence[int]) -> float:
    """Smallest, over the elements in ``first``, median distance to the nearest ``second``, Å."""
    if not first or not second:
        return float("inf")
    found = find_neighbours(
        sites.matrix, sites.frac[list(first)], sites.frac[list(second)], n_nearest=1, radius_A=6.0
    )
    kinds = np.array(["-".join(sorted(sites.amounts[i])) for i in first])
    return min(float(np.median(found.distance_A[kinds == k, 0])) for k in set(kinds.tolist()))
