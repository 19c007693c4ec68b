"""Recognise perovskites and their relatives by the topology of their octahedra."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from perolyte.errors import InputError
from perolyte.structures.perovskite.dimensionality import (
    find_mobile_ion,
    measure_mobile_dimension,
)
from perolyte.structures.perovskite.match import FamilyMatch
from perolyte.structures.perovskite.network import Network
from perolyte.structures.perovskite.ordering import find_order
from perolyte.structures.perovskite.result import PerovskiteResult
from perolyte.structures.perovskite.search import search_families
from perolyte.structures.perovskite.sites import IONIC_ANIONS, CrystalSites, assign_sites
from perolyte.structures.perovskite.tilts import find_tilt_system
from perolyte.structures.tolerance import ToleranceFactors, tolerance_factors

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["MAX_SITES", "classify_perovskite"]

MAX_SITES = 2000
"""Larger cells are not classified: time and memory stay bounded."""


def classify_perovskite(structure: Structure, *, mobile_ion: str | None = None) -> PerovskiteResult:
    """Decide whether a structure is a perovskite or a relative, by topology.

    Octahedra are found from positions alone, linked through shared vertices with their periodic
    image, and the net is compared with the primitive cubic one and its relatives. Names, formulas
    and space groups play no part. Split sites are merged, vacancies and mixed sites allowed.

    Parameters
    ----------
    structure : pymatgen.core.Structure
        Ordered or disordered structure.
    mobile_ion : str, optional
        Element whose pathway is measured; guessed (Li, Na, Ag, Cu, K, Mg outside the framework)
        when left out.

    Returns
    -------
    PerovskiteResult
        The answer and its evidence; "no" with the reason when nothing fits.

    Raises
    ------
    InputError
        When the structure has no sites, or coordinates that are not finite.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"],
    ...                                  [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> result = classify_perovskite(cell)
    >>> result.is_perovskite, result.family, result.tilt_system
    ('yes', 'simple', 'a0a0a0')
    """
    _check_structure(structure)
    if len(structure) > MAX_SITES:
        reason = f"the cell has {len(structure)} sites, up to {MAX_SITES} are classified"
        return _answer_no((reason,), (reason,))
    sites = assign_sites(structure)
    merged = (
        (f"{sites.n_merged} split sites were merged with a neighbour",) if sites.n_merged else ()
    )
    best, whole, notes = search_families(sites)
    framework = best.b_sites if best else tuple(whole.octahedra.centre.tolist() if whole else ())
    cages = sites.elements(list(best.a_sites)) if best else ()
    ion = mobile_ion or find_mobile_ion(sites, sites.elements(list(framework)), cages)
    dimension, path = (
        measure_mobile_dimension(sites, ion) if ion else (None, "mobile ion: none given or found")
    )
    if best is None:
        return replace(
            _answer_no((*_explain_none(sites, whole), *notes, *merged, path), ()),
            octahedral_network_dimension=whole.dimension() if whole else None,
            mobile_ion=ion,
            mobile_ion_dimension=dimension,
        )
    return _answer_match(sites, best, (ion, dimension), (*merged, path))


def _answer_match(
    sites: CrystalSites,
    best: FamilyMatch,
    mobile: tuple[str | None, int | None],
    notes: tuple[str, ...],
) -> PerovskiteResult:
    """Complete a match by orders, tilts and tolerance factors."""
    best, orders, tilt = _refine(sites, best)
    roles = {
        "A": sites.elements(list(best.a_sites)),
        "B": sites.elements(list(best.b_sites)),
        "X": sites.elements(list(best.x_sites)),
    }
    tolerance, doubts = _measure_tolerance(sites, best)
    network = best.network
    return PerovskiteResult(
        is_perovskite=best.verdict,
        family=best.family,
        sites=roles,
        a_occupancy=best.a_occupancy,
        octahedral_network_dimension=network.dimension() if network else None,
        mobile_ion_dimension=mobile[1],
        mobile_ion=mobile[0],
        tilt_system=tilt[0],
        b_order=orders["B"][0],
        a_order=orders["A"][0],
        tolerance=tolerance,
        evidence=(
            *best.evidence,
            *(reason for _, reason in orders.values() if reason),
            tilt[1],
            *notes,
        ),
        warnings=(*best.warnings, *doubts),
    )


def _check_structure(structure: Structure) -> None:
    if len(structure) == 0:
        raise InputError("the structure has no sites; give a crystal with atoms")
    numbers = (structure.lattice.matrix, structure.frac_coords)
    if not all(np.all(np.isfinite(values)) for values in numbers):
        raise InputError("cell or positions are not finite numbers; correct the structure")
    if abs(float(np.linalg.det(structure.lattice.matrix))) < 1e-3:
        raise InputError(
            f"the cell volume is {structure.lattice.volume:.2e} Å3, allowed is above 1e-3 Å3; "
            "correct the cell"
        )


def _answer_no(evidence: tuple[str, ...], warnings: tuple[str, ...]) -> PerovskiteResult:
    return PerovskiteResult(
        is_perovskite="no",
        family="none",
        sites={},
        a_occupancy=None,
        octahedral_network_dimension=None,
        mobile_ion_dimension=None,
        mobile_ion=None,
        tilt_system=None,
        b_order=None,
        a_order=None,
        tolerance=None,
        evidence=evidence,
        warnings=warnings,
    )


def _explain_none(sites: CrystalSites, whole: Network | None) -> tuple[str, ...]:
    """Say what the octahedra do instead."""
    n_cations = int(np.sum(sites.role == "cation"))
    if whole is None:
        return (f"none of {n_cations} cation sites has an octahedron of anions",)
    angles = whole.bridge_angles_deg()
    bridge = f", bridges {np.median(angles):.0f}°" if len(angles) else ""
    elements = ", ".join(sites.elements(whole.octahedra.centre.tolist()))
    return (
        (
            f"{len(whole.octahedra)} of {n_cations} cation sites ({elements}) are in octahedra; "
            f"they share {whole.count(1):.2f} corners, {whole.count(2):.2f} edges "
            f"and {whole.count(3):.2f} faces each{bridge}, in {whole.dimension()} dimensions: "
            "no perovskite net or relative"
        ),
    )


def _refine(
    sites: CrystalSites, best: FamilyMatch
) -> tuple[FamilyMatch, dict[str, tuple[str | None, str]], tuple[str | None, str]]:
    """Orders and tilts, where a cubic net defines them; ordered B sites make it a double."""
    net, network = best.net, best.network
    if net is None or network is None:
        undefined = "tilts and site orders: not defined without the primitive cubic net"
        return best, {"B": (None, ""), "A": (None, "")}, (None, undefined)
    orders = {
        "B": find_order(sites, list(best.b_sites), net, name="B"),
        "A": find_order(sites, list(best.a_sites), net, name="A"),
    }
    if best.family in ("simple", "a_site_deficient") and orders["B"][0] not in (
        None,
        "disordered",
    ):
        best = replace(best, family="double")
    if len(network.octahedra) < net.n_nodes:
        return best, orders, (None, "tilts: not measured, some octahedra are incomplete")
    tilt = find_tilt_system(network.octahedra, net)
    return best, orders, (tilt.symbol, tilt.reason)


def _measure_tolerance(
    sites: CrystalSites, best: FamilyMatch
) -> tuple[ToleranceFactors | None, tuple[str, ...]]:
    amounts: dict[str, dict[str, float]] = {}
    for name, indices in (("A", best.a_sites), ("B", best.b_sites), ("X", best.x_sites)):
        held: dict[str, float] = {}
        for index in indices:
            for element, amount in sites.amounts[index].items():
                held[element] = held.get(element, 0.0) + amount
        amounts[name] = held
    if best.family == "reo3_type" or not all(amounts.values()):
        return None, ("tolerance factors: not defined without A, B and X",)
    if any(sites.role[i] == "molecule" for i in best.a_sites):
        return None, ("tolerance factors: no radius for a molecule on the A site",)
    inverted = bool(np.any(sites.role[list(best.x_sites)] != "anion"))
    anions = {*amounts["A"], *amounts["B"]} if inverted else set(amounts["X"])
    if not anions <= IONIC_ANIONS:
        odd = ", ".join(sorted(anions - IONIC_ANIONS))
        return None, (f"tolerance factors: no anion radius for {odd}",)
    total: dict[str, float] = {}
    for held in amounts.values():
        for element, amount in held.items():
            total[element] = total.get(element, 0.0) + amount
    formula = "".join(f"{element}{amount:.6f}" for element, amount in total.items())
    try:
        return tolerance_factors(formula, sites=amounts), ()
    except InputError as error:
        return None, (f"tolerance factors: {error}",)
