"""Relax candidates, and the reference oxides that their reaction energies need."""

from __future__ import annotations

from typing import Any

import numpy as np
from jobflow import Flow, Maker, OnMissing, Response, job
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.provenance import current_uuid, describe_maker, make_provenance
from perolyte.schemas import CandidateDoc, CandidateSetDoc, PotentialProvenance, RelaxDoc, Status
from perolyte.structures import ReferenceOxide, oxide_reaction, reference_oxide
from perolyte.units import KBAR_PER_GPA

__all__ = ["build_relax_document", "relax_candidates"]

STRESS_LIMIT_GPA = 1.0
"""A cell that was relaxed carries less residual stress than this."""
MAX_VOLUME_CHANGE_PERCENT = 25.0
"""A larger change means that another structure was reached, not a relaxed candidate."""


@job
def relax_candidates(
    candidates: CandidateSetDoc,
    relax_maker: Maker,
    *,
    force_limit_eV_A: float,
    campaign: str | None = None,
) -> Response:
    """Relax every candidate and every binary oxide that its reaction needs.

    Returns
    -------
    Response
        Replaces itself with a flow whose output is ``{"candidates": [RelaxDoc], "oxides":
        {formula: RelaxDoc}}``.
    """
    engine = describe_maker(relax_maker)

    def relax(name: str, structure: Structure, candidate: CandidateDoc | None) -> list[Any]:
        task = relax_maker.make(structure)
        task.name = f"relax {name}"
        document = build_relax_document(
            candidate,
            name=name,
            initial=structure,
            structure=task.output.structure,
            energy_eV=task.output.output.energy,
            forces_eV_A=task.output.output.forces,
            stress_kbar=task.output.output.stress,
            task_uuid=task.uuid,
            force_limit_eV_A=force_limit_eV_A,
            potential=engine,
            campaign=campaign,
        )
        document.name = f"judge relaxation {name}"
        document.config.on_missing_references = OnMissing.NONE
        return [task, document]

    relaxed = [relax(doc.name, doc.structure, doc) for doc in candidates.candidates]
    oxides = {
        formula: relax(formula, oxide.structure(), None)
        for formula, oxide in _needed_oxides(candidates.candidates).items()
    }
    jobs = [item for pair in [*relaxed, *oxides.values()] for item in pair]
    output = {
        "candidates": [pair[1].output for pair in relaxed],
        "oxides": {formula: pair[1].output for formula, pair in oxides.items()},
    }
    return Response(replace=assign_identities(Flow(jobs, output=output, name="relaxations")))


@job
def build_relax_document(
    candidate: CandidateDoc | None,
    *,
    name: str,
    initial: Structure,
    structure: Structure | None,
    energy_eV: float | None,
    forces_eV_A: Any,
    stress_kbar: Any,
    task_uuid: str,
    force_limit_eV_A: float,
    potential: PotentialProvenance,
    campaign: str | None = None,
) -> RelaxDoc:
    """Judge a finished relaxation by its forces, stress and volume.

    A relaxation whose job failed arrives here with None, and becomes a document that says so.
    """
    common: dict[str, Any] = {
        "uuid": current_uuid(),
        "campaign": campaign,
        "name": name,
        "candidate": candidate,
        "formula": initial.composition.reduced_formula,
        "force_limit_eV_A": force_limit_eV_A,
        "task_uuid": task_uuid,
        "provenance": make_provenance(
            potential=potential,
            parent_uuids=[task_uuid, candidate.uuid if candidate else None],
            seed=candidate.provenance.seed if candidate else None,
        ),
    }
    if structure is None or energy_eV is None or forces_eV_A is None:
        return RelaxDoc(
            status="rejected",
            reasons=["the relaxation job failed; its error is in the run's log"],
            structure=None,
            energy_eV=None,
            energy_per_atom_eV=None,
            max_force_eV_A=None,
            volume_change_percent=None,
            **common,
        )
    max_force = float(np.linalg.norm(np.asarray(forces_eV_A, dtype=float), axis=1).max())
    volume_change = 100.0 * (structure.volume / initial.volume - 1.0)
    status, reasons = _judge(max_force, force_limit_eV_A, stress_kbar, volume_change)
    return RelaxDoc(
        status=status,
        reasons=reasons,
        structure=structure,
        energy_eV=energy_eV,
        energy_per_atom_eV=energy_eV / len(structure),
        max_force_eV_A=max_force,
        volume_change_percent=volume_change,
        **common,
    )


def _judge(
    max_force_eV_A: float, limit_eV_A: float, stress_kbar: Any, volume_change_percent: float
) -> tuple[Status, list[str]]:
    if abs(volume_change_percent) > MAX_VOLUME_CHANGE_PERCENT:
        reason = (
            f"volume changed by {volume_change_percent:.1f} %, more than "
            f"{MAX_VOLUME_CHANGE_PERCENT:g} %: this is another structure"
        )
        return "unphysical", [reason]
    reasons = []
    if max_force_eV_A > limit_eV_A:
        reasons.append(
            f"largest force {max_force_eV_A:.3f} eV/Å is above {limit_eV_A:g} eV/Å; allow more "
            "relaxation steps"
        )
    if stress_kbar is not None:
        stress = float(np.abs(np.asarray(stress_kbar, dtype=float)).max()) / KBAR_PER_GPA
        if stress > STRESS_LIMIT_GPA:
            reasons.append(
                f"residual stress {stress:.2f} GPa is above {STRESS_LIMIT_GPA:g} GPa; allow more "
                "relaxation steps"
            )
    return ("not_converged" if reasons else "converged"), reasons


def _needed_oxides(candidates: list[CandidateDoc]) -> dict[str, ReferenceOxide]:
    """Return the binary oxides, by formula, that the candidates' reactions consume or release.

    A candidate without such a reaction (a halide, a cation without reference) needs none; the
    ranking says so.
    """
    needed: dict[str, ReferenceOxide] = {}
    for doc in candidates:
        states = doc.oxidation_states
        try:
            oxide_reaction(doc.composition_change, states)
        except InputError:
            continue
        for element, change in doc.composition_change.items():
            if element != "O" and change != 0:
                oxide = reference_oxide(element, states[element])
                needed[oxide.formula] = oxide
    return dict(sorted(needed.items()))
