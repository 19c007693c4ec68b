"""Rows of a summary: one for each candidate, with all that is known of it."""

from __future__ import annotations

from typing import Literal

from perolyte.errors import InputError
from perolyte.schemas import (
    BvseDoc,
    ConductivityDoc,
    RankedCandidate,
    RelaxDoc,
    ResultRow,
    Status,
)

__all__ = ["add_barriers", "build_row", "judge_rows", "rank_rows", "replace_conductivity"]


def build_row(
    relaxed: RelaxDoc,
    entry: RankedCandidate,
    conductivity: ConductivityDoc | None,
    candidates_uuid: str | None,
) -> ResultRow:
    """Put together what is known of one candidate; its rank comes later.

    Raises
    ------
    InputError
        For a relaxation that is not of a candidate.
    """
    candidate = relaxed.candidate
    if candidate is None:
        raise InputError(f"{relaxed.name} is a reference oxide, not a candidate")
    is_parent = candidate.kind == "parent"
    energy = 0.0 if is_parent and relaxed.status == "converged" else None
    energy = entry.reaction_energy_eV_per_dopant if energy is None else energy
    status: Status | Literal["not_run"]
    if conductivity is not None:
        status, reasons = conductivity.status, conductivity.reasons
    else:
        status = "not_run"
        reasons = relaxed.reasons or ([] if is_parent or entry.reason is None else [entry.reason])
    return ResultRow(
        rank=0,
        ranked_by=_ranked_by(conductivity, energy),
        name=candidate.name,
        kind=candidate.kind,
        formula=candidate.formula,
        n_atoms=candidate.n_atoms,
        doping=candidate.doping,
        relax_status=relaxed.status,
        relaxed_energy_per_atom_eV=relaxed.energy_per_atom_eV,
        reaction_energy_eV_per_dopant=energy,
        reaction=entry.reaction,
        status=status,
        reasons=reasons,
        conductivity=conductivity,
        warnings=_unique(candidate.warnings, relaxed.warnings, conductivity),
        uuids={
            "candidate_set": candidates_uuid,
            "relaxation": relaxed.uuid,
            "relaxation_task": relaxed.task_uuid,
            "conductivity": None if conductivity is None else conductivity.uuid,
        },
    )


def add_barriers(row: ResultRow, doc: BvseDoc | None) -> ResultRow:
    """Add the bond valence barriers, where they were computed."""
    if doc is None:
        return row
    barriers = {f"bvse_{d}d_eV": doc.barrier_eV(d) for d in (1, 2, 3)}
    uuids = {**row.uuids, "bvse": doc.uuid}
    return row.model_copy(
        update={**barriers, "bvse_convention": doc.settings.convention, "uuids": uuids}
    )


def _unique(
    candidate: list[str], relaxed: list[str], conductivity: ConductivityDoc | None
) -> list[str]:
    every = [*candidate, *relaxed, *(conductivity.warnings if conductivity else [])]
    return list(dict.fromkeys(every))


def replace_conductivity(row: ResultRow, doc: ConductivityDoc) -> ResultRow:
    """Put a newer conductivity in place of the one of a row, with what follows from it."""
    old = row.conductivity.warnings if row.conductivity else []
    own = [text for text in row.warnings if text not in old]
    return row.model_copy(
        update={
            "conductivity": doc,
            "status": doc.status,
            "reasons": doc.reasons,
            "warnings": list(dict.fromkeys([*own, *doc.warnings])),
            "ranked_by": _ranked_by(doc, row.reaction_energy_eV_per_dopant),
        }
    )


def rank_rows(rows: list[ResultRow]) -> list[ResultRow]:
    """Order rows by conductivity, then by reaction energy, and number them from 1."""
    ordered = sorted(rows, key=_row_order)
    return [row.model_copy(update={"rank": index}) for index, row in enumerate(ordered, start=1)]


def judge_rows(rows: list[ResultRow]) -> tuple[Status, list[str]]:
    """Return the status of all rows together, and which are not resolved."""
    unresolved = [row.name for row in rows if row.conductivity and row.status != "converged"]
    if not unresolved:
        return "converged", []
    return "not_converged", [f"conductivity not resolved: {', '.join(unresolved)}"]


def _ranked_by(
    conductivity: ConductivityDoc | None, energy_eV: float | None
) -> Literal["conductivity", "reaction_energy", "unresolved"]:
    if conductivity is not None and conductivity.room_temperature is not None:
        return "conductivity"
    return "unresolved" if energy_eV is None else "reaction_energy"


def _row_order(row: ResultRow) -> tuple[int, float, str]:
    room = row.conductivity.room_temperature if row.conductivity else None
    if room is not None:
        return 0, -room.conductivity_S_cm, row.name
    if row.reaction_energy_eV_per_dopant is not None:
        return 1, row.reaction_energy_eV_per_dopant, row.name
    return 2, 0.0, row.name
