"""Energies of dopants on sites of a boundary, against sites of the grain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.boundary_relaxation import RelaxedCell, relax_cells
from perolyte.schemas import BoundarySetDoc, SegregationDescription, SegregationSite
from perolyte.structures.boundaries import boundary_fraction, place_segregants

if TYPE_CHECKING:
    from perolyte.potentials.batch import BatchPotential

__all__ = ["Segregant", "evaluate_segregant"]


@dataclass(frozen=True)
class Segregant:
    """A dopant whose energy at the boundary is compared with that in the grain.

    Parameters
    ----------
    dopant, host
        Element or "vacancy", and the element that it replaces.
    state
        Oxidation state; 0 for a vacancy.
    n_sites, n_references
        Sites at the boundary and half way between.
    bulk_fraction, temperature_K
        Of the host's sites in the bulk, and the temperature of the last equilibrium, for the
        occupancy.
    """

    dopant: str
    host: str
    state: int = 0
    n_sites: int = 12
    n_references: int = 6
    bulk_fraction: float = 0.05
    temperature_K: float = 1500.0


def evaluate_segregant(
    structure: Structure,
    segregant: Segregant,
    cells: BoundarySetDoc,
    potential: BatchPotential,
    folder: Path,
    limits: dict[str, Any],
    seed: int,
) -> SegregationDescription:
    """Relax a dopant on each site of a boundary, the cell as it is, and compare.

    Parameters
    ----------
    structure
        The relaxed boundary cell.
    cells
        Say which ion is mobile.
    limits
        Of :func:`~perolyte.jobs.boundary_relaxation.relax_cells`.

    Returns
    -------
    SegregationDescription
        Without sites where the dopant's charge cannot be balanced, with the reason.
    """
    common: dict[str, Any] = {
        "dopant": segregant.dopant,
        "host": segregant.host,
        "bulk_fraction": segregant.bulk_fraction,
        "temperature_K": segregant.temperature_K,
    }
    try:
        placed = place_segregants(
            structure,
            segregant.dopant,
            segregant.host,
            dopant_state=segregant.state,
            mobile_ion=cells.mobile_ion,
            n_sites=segregant.n_sites,
            n_references=segregant.n_references,
            seed=seed,
        )
    except InputError as err:
        return SegregationDescription(
            compensation=f"not made: {err}",
            sites=[],
            reference_scatter_eV=None,
            mean_eV=None,
            std_eV=None,
            lowest_eV=None,
            boundary_fraction=None,
            **common,
        )
    relaxed = relax_cells(
        potential,
        [one.structure for one in placed],
        folder / "relaxed.json",
        relax_cell=False,
        **limits,
    )
    return _describe_segregation(placed, relaxed, segregant, cells.mobile_ion, common)


def _describe_segregation(
    placed: Any,
    relaxed: list[RelaxedCell],
    segregant: Segregant,
    mobile_ion: str | None,
    common: dict[str, Any],
) -> SegregationDescription:
    pairs = list(zip(placed, relaxed, strict=True))
    references = [
        r.energy_eV for p, r in pairs if p.region == "grain" and r.is_converged and r.energy_eV
    ]
    mean_eV = float(np.mean(references)) if references else None
    sites = []
    for place, end in pairs:
        if place.region != "boundary":
            continue
        known = end.is_converged and end.energy_eV is not None and mean_eV is not None
        value = None
        if known and end.energy_eV is not None and mean_eV is not None:
            value = end.energy_eV - mean_eV
        reason = None if known else end.reason or "no site half way between was relaxed"
        sites.append(SegregationSite(distance_A=place.distance_A, energy_eV=value, reason=reason))
    values = [site.energy_eV for site in sites if site.energy_eV is not None]
    balanced = len({p.structure.composition.element_composition for p in placed}) == 1
    return SegregationDescription(
        compensation=(
            f"{mobile_ion} half way between the boundaries balances the charge, the same in all "
            "cells"
            if balanced and mobile_ion is not None
            else "none needed"
        ),
        sites=sites,
        reference_scatter_eV=float(np.std(references, ddof=1)) if len(references) > 1 else None,
        mean_eV=float(np.mean(values)) if values else None,
        std_eV=float(np.std(values, ddof=1)) if len(values) > 1 else None,
        lowest_eV=min(values) if values else None,
        boundary_fraction=(
            boundary_fraction(values, segregant.bulk_fraction, segregant.temperature_K)
            if values
            else None
        ),
        **common,
    )
