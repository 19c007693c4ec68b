"""Energies of boundary cells: relaxed, the best annealed, and dopants at the chosen one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jobflow import job

from perolyte.errors import InputError
from perolyte.jobs.boundary_relaxation import (
    AnnealSettings,
    RelaxedCell,
    anneal_cells,
    relax_cells,
)
from perolyte.jobs.boundary_segregation import Segregant, evaluate_segregant
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.potentials.choosing import build_batch_potential
from perolyte.schemas import (
    BoundaryEnergy,
    BoundaryScreenDoc,
    BoundarySetDoc,
    PotentialProvenance,
)
from perolyte.settings import run_folder
from perolyte.structures import reference_oxide
from perolyte.structures.boundaries import boundary_energy_J_m2
from perolyte.structures.oxidation import read_oxidation_states

if TYPE_CHECKING:
    from perolyte.potentials.batch import BatchPotential

__all__ = ["screen_boundaries", "screen_boundary_cells"]


def screen_boundaries(
    cells: BoundarySetDoc,
    potential: BatchPotential,
    *,
    folder: Path,
    name: str,
    force_limit_eV_A: float = 0.05,
    max_steps: int = 500,
    anneal: AnnealSettings | None = None,
    segregants: list[Segregant] | None = None,
    seed: int = 0,
    provenance: PotentialProvenance | None = None,
    campaign: str | None = None,
) -> BoundaryScreenDoc:
    """Relax every cell, anneal the best, choose the lowest and put dopants there.

    Parameters
    ----------
    cells
        With their bulk, which is relaxed alike.
    folder
        Keeps finished stages, so that the same call goes on there.
    anneal
        None for no annealing.

    Returns
    -------
    BoundaryScreenDoc
        "converged" with an energy of a relaxed cell, "not_converged" where the chosen one is not
        relaxed, "rejected" without any.
    """
    structures = [cells.bulk, *(cell.structure for cell in cells.cells)]
    limits: dict[str, Any] = {"force_limit_eV_A": force_limit_eV_A, "max_steps": max_steps}
    bulk, *relaxed = relax_cells(potential, structures, folder / "relaxed.json", **limits)
    potentials_eV = _find_chemical_potentials(cells, potential, folder, limits)
    energies = [
        _judge(cells, index, "relaxed", found, bulk, potentials_eV)
        for index, found in enumerate(relaxed)
    ]
    places = [(index, found) for index, found in enumerate(relaxed)]
    settings = anneal or AnnealSettings(n_cells=0)
    for index in _rank(energies)[: settings.n_cells]:
        found = _anneal(cells, index, relaxed[index], potential, folder, settings, seed, limits)
        energies.append(_judge(cells, index, "annealed", found, bulk, potentials_eV))
        places.append((index, found))
    order = _rank(energies)
    common: dict[str, Any] = {
        "uuid": current_uuid(),
        "campaign": campaign,
        "name": name,
        "provenance": make_provenance(seed=seed, potential=provenance, parent_uuids=[cells.uuid]),
        "sigma_value": cells.sigma_value,
        "miller": cells.miller,
        "axis": cells.axis,
        "formula": cells.formula,
        "mobile_ion": cells.mobile_ion,
        "energies": energies,
        "bulk_energy_eV": bulk.energy_eV,
    }
    if not order:
        return BoundaryScreenDoc(
            status="rejected",
            reasons=["no cell has an energy; see 'energies' for the reason of each"],
            warnings=cells.warnings,
            chosen=None,
            chosen_stage=None,
            boundary_energy_J_m2=None,
            structure=None,
            separation_A=None,
            **common,
        )
    best, (index, found) = energies[order[0]], places[order[0]]
    warnings = [*cells.warnings, *_doubt(best)]
    structure = found.structure
    segregation = [
        evaluate_segregant(
            structure, segregant, cells, potential, folder / f"segregant-{number}", limits, seed
        )
        for number, segregant in enumerate(segregants or [])
        if structure is not None
    ]
    return BoundaryScreenDoc(
        status="converged" if best.is_converged else "not_converged",
        reasons=[] if best.is_converged else [f"{best.name}: {best.reason}"],
        warnings=warnings,
        chosen=best.name,
        chosen_stage=best.stage,
        boundary_energy_J_m2=best.energy_J_m2,
        structure=structure,
        separation_A=None if structure is None else structure.lattice.c / 2,
        mobile_ions_added=cells.cells[index].mobile_ions_added,
        segregation=segregation,
        **common,
    )


@job(output_schema=BoundaryScreenDoc)
def screen_boundary_cells(
    cells: BoundarySetDoc,
    *,
    name: str,
    potential: str,
    calculator_kwargs: dict[str, Any],
    anneal: dict[str, Any] | None,
    segregants: list[dict[str, Any]],
    **settings: Any,
) -> BoundaryScreenDoc:
    """Do what :func:`screen_boundaries` does, as a job that goes on in its run folder."""
    return screen_boundaries(
        cells,
        build_batch_potential(potential, calculator_kwargs),
        folder=run_folder() / (current_uuid() or _hash(cells, name)),
        name=name,
        anneal=None if anneal is None else AnnealSettings(**anneal),
        segregants=[Segregant(**given) for given in segregants],
        **settings,
    )


def _anneal(
    cells: BoundarySetDoc,
    index: int,
    start: RelaxedCell,
    potential: BatchPotential,
    folder: Path,
    settings: AnnealSettings,
    seed: int,
    limits: dict[str, Any],
) -> RelaxedCell:
    """Anneal one cell and relax it again."""
    name = cells.cells[index].name
    if start.structure is None:
        return start
    ((end, reason),) = anneal_cells(
        potential,
        [name],
        [start.structure],
        folder / "anneal" / name,
        settings=settings,
        mobile_ion=cells.mobile_ion,
        seed=seed + index,
    )
    if end is None:
        return RelaxedCell(None, None, None, False, reason)
    return relax_cells(potential, [end], folder / f"annealed-{name}.json", **limits)[0]


def _judge(
    cells: BoundarySetDoc,
    index: int,
    stage: Any,
    found: RelaxedCell,
    bulk: RelaxedCell,
    potentials_eV: dict[str, float],
) -> BoundaryEnergy:
    cell = cells.cells[index]
    energy_J_m2, reason = None, found.reason
    if found.energy_eV is not None and bulk.energy_eV is not None:
        lattice = found.structure.lattice if found.structure is not None else None
        try:
            energy_J_m2 = boundary_energy_J_m2(
                found.energy_eV,
                bulk.energy_eV,
                cell.area_A2 if lattice is None else lattice.a * lattice.b,
                excess=cell.excess,
                chemical_potentials_eV=potentials_eV,
            )
        except InputError as err:
            reason = str(err)
    elif bulk.energy_eV is None:
        reason = f"the bulk has no energy: {bulk.reason}"
    return BoundaryEnergy(
        name=cell.name,
        stage=stage,
        energy_J_m2=energy_J_m2,
        cell_energy_eV=found.energy_eV,
        max_force_eV_A=found.fmax_eV_A,
        is_converged=found.is_converged,
        reason=reason,
    )


def _rank(energies: list[BoundaryEnergy]) -> list[int]:
    """Return those with an energy, the lowest first."""
    known = [
        (round(e.energy_J_m2, 9), index)
        for index, e in enumerate(energies)
        if e.energy_J_m2 is not None
    ]
    return [index for _, index in sorted(known)]


def _find_chemical_potentials(
    cells: BoundarySetDoc, potential: BatchPotential, folder: Path, limits: dict[str, Any]
) -> dict[str, float]:
    """Return eV per atom in equilibrium with the binary oxides, with oxygen at 0.

    An excess is neutral, so that its energy does not depend on what oxygen is set to.
    """
    states = read_oxidation_states(cells.bulk)
    needed = sorted({element for cell in cells.cells for element in cell.excess if element != "O"})
    oxides = {}
    for element in needed:
        try:
            oxides[element] = reference_oxide(element, states[element]).structure()
        except InputError:
            continue  # the energy of such a cell says which potential is missing
    if not oxides:
        return {}
    found = relax_cells(potential, list(oxides.values()), folder / "oxides.json", **limits)
    per_cation = {
        element: oxide.energy_eV / oxides[element].composition[element]
        for element, oxide in zip(oxides, found, strict=True)
        if oxide.energy_eV is not None
    }
    return {**per_cation, "O": 0.0}


def _doubt(best: BoundaryEnergy) -> list[str]:
    if best.energy_J_m2 is None or best.energy_J_m2 >= 0:
        return []
    warning = (
        f"the boundary energy is {best.energy_J_m2:.2f} J/m², below zero: the bulk cell is not the "
        "ground state of this potential; relax or anneal it longer"
    )
    return [warning]


def _hash(cells: BoundarySetDoc, name: str) -> str:
    """Name the folder of a run that is no job, by what is run."""
    content = [name, [cell.structure.as_dict() for cell in cells.cells]]
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()[:32]
