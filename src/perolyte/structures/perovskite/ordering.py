"""Order of species on the B and A sites of a primitive cubic net."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perolyte.structures.perovskite.cubic_net import CubicNet
from perolyte.structures.perovskite.sites import CrystalSites

__all__ = ["find_order"]

_ORDERED = 0.1  # amplitude of the occupancy wave; 0.5 is full order of two species
_WAVES = {
    "rocksalt": ((0.5, 0.5, 0.5),),
    "layered": ((0.5, 0.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.0, 0.5)),
    "columnar": ((0.5, 0.5, 0.0), (0.5, 0.0, 0.5), (0.0, 0.5, 0.5)),
}


def find_order(
    sites: CrystalSites, indices: NDArray[np.int64] | list[int], net: CubicNet, *, name: str
) -> tuple[str | None, str]:
    """Name the pattern in which several species, or a species and vacancies, share a sublattice.

    Parameters
    ----------
    sites : CrystalSites
        Sites of the crystal.
    indices : sequence of int
        Those on the sublattice.
    net : CubicNet
        Net coordinates.
    name : str
        "A" or "B", for the evidence.

    Returns
    -------
    order : str or None
        The pattern with the largest occupancy wave; None for one species without vacancies.
    reason : str
        One line with the amplitudes.
    """
    elements = [e for e in sites.elements(indices) if e != "H"]
    totals = np.array([sites.total(i) for i in indices])
    full = abs(totals.sum() / net.n_nodes - 1.0) < 0.01
    molecular = any(sites.role[i] == "molecule" for i in indices)
    if not elements or (len(elements) == 1 and full) or (molecular and full):
        return None, f"{name} order: one species, no vacancies"
    place = net.locate(sites.frac[list(indices)])
    amplitude: dict[str, float] = {}
    counts: dict[str, int] = {}
    for pattern, waves in _WAVES.items():
        sizes = []
        for wave in waves:
            phase = np.exp(2j * np.pi * (place @ np.array(wave)))
            best = 0.0
            for element in elements:
                held = np.array([sites.amounts[i].get(element, 0.0) for i in indices])
                best = max(best, float(abs(np.sum(held * phase))) / net.n_nodes)
            sizes.append(best if net.is_commensurate(wave) else 0.0)
        amplitude[pattern] = max(sizes)
        counts[pattern] = sum(size >= _ORDERED for size in sizes)
    words = ", ".join(f"{pattern} {size:.2f}" for pattern, size in amplitude.items())
    reason = f"{name} order: occupancy waves {words} (full order of two species 0.50)"
    strongest = max(amplitude, key=lambda pattern: amplitude[pattern])
    if amplitude[strongest] >= _ORDERED:
        if strongest == "columnar" and counts["columnar"] == 3:
            return "1:3", reason
        return strongest, reason
    held_on = np.array([[sites.amounts[i].get(e, 0.0) for e in elements] for i in indices])
    if len(held_on) == net.n_nodes and np.ptp(held_on, axis=0).max() > 2.0 * _ORDERED:
        return "other", f"{reason}; the species differ from site to site in another pattern"
    return "disordered", reason
