"""Put a campaign's documents together: one ranked row per candidate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jobflow import job

from perolyte.errors import ExecutionError, InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.mesoscale import grain_size_map
from perolyte.schemas import (
    BvseDoc,
    BvseSetDoc,
    CandidateSetDoc,
    ConductivityDoc,
    GrainSizeMap,
    Quantity,
    RankedCandidate,
    RankingDoc,
    RelaxDoc,
    ResultRow,
    ScreeningSummaryDoc,
    Status,
)

__all__ = ["GrainBoundary", "map_over_grain_size", "summarise_screening"]


@dataclass(frozen=True)
class GrainBoundary:
    """What the brick-layer model needs beside the bulk: measured or assumed, never computed here.

    Parameters
    ----------
    conductivity_S_cm
        *Specific* conductivity of the boundary at ``temperature_K`` (not the apparent one that
        impedance papers usually print, which is larger by grain size over thickness).
    thickness_nm
        Electrical thickness of one boundary.
    temperature_K
        Temperature of ``conductivity_S_cm``, and of the map.
    grain_size_min_nm, grain_size_max_nm, n_grain_sizes
        Logarithmic grid of the map.
    label
        ``"literature"`` or ``"assumed"``.
    source
        Where the numbers come from, with a DOI or report number.
    reference_bulk_S_cm, reference_source
        A measured bulk conductivity for a comparison curve, optional.
    """

    conductivity_S_cm: float
    thickness_nm: float
    temperature_K: float
    source: str
    label: Literal["literature", "assumed"] = "literature"
    grain_size_min_nm: float = 20.0
    grain_size_max_nm: float = 20000.0
    n_grain_sizes: int = 61
    reference_bulk_S_cm: float | None = None
    reference_source: str | None = None

    def quantities(self) -> list[Quantity]:
        """Return the parameters with their labels and sources."""
        values = [
            ("boundary conductivity (specific)", self.conductivity_S_cm, "S/cm"),
            ("boundary thickness", self.thickness_nm, "nm"),
        ]
        return [
            Quantity(name=name, value=value, unit=unit, label=self.label, source=self.source)
            for name, value, unit in values
        ]


def map_over_grain_size(
    boundary: GrainBoundary,
    *,
    bulk_S_cm: float,
    lower_S_cm: float,
    upper_S_cm: float,
    bulk_quantity: Quantity,
) -> GrainSizeMap:
    """Total conductivity over grain size, with the bulk's interval carried through.

    The total rises with the bulk conductivity, so that the ends of the bulk's interval map onto
    the ends of the total's. The boundary's own uncertainty is not known and not included.
    """
    result = grain_size_map(
        bulk_S_cm=[bulk_S_cm],
        bulk_lower_S_cm=[lower_S_cm],
        bulk_upper_S_cm=[upper_S_cm],
        boundary_S_cm=boundary.conductivity_S_cm,
        boundary_thickness_nm=boundary.thickness_nm,
        grain_sizes_nm=np.geomspace(
            boundary.grain_size_min_nm, boundary.grain_size_max_nm, boundary.n_grain_sizes
        ),
        temperatures_K=[boundary.temperature_K],
    )
    return GrainSizeMap(
        temperature_K=boundary.temperature_K,
        grain_size_nm=result.grain_sizes_nm.tolist(),
        total_S_cm=result.total_S_cm[:, 0].tolist(),
        lower_S_cm=result.lower_S_cm[:, 0].tolist(),
        upper_S_cm=result.upper_S_cm[:, 0].tolist(),
        blocking_factor=result.blocking_factor[:, 0].tolist(),
        model=f"brick layer, {result.model}",
        parameters=[bulk_quantity, *boundary.quantities()],
    )


@job(output_schema=ScreeningSummaryDoc)
def summarise_screening(
    candidates: CandidateSetDoc,
    relaxed: dict[str, list[RelaxDoc]],
    ranking: RankingDoc,
    conductivities: list[ConductivityDoc | None] | None,
    barriers: BvseSetDoc | None = None,
    *,
    name: str,
    grain_boundary: dict[str, Any] | None = None,
    campaign: str | None = None,
    campaign_file_sha256: str | None = None,
) -> ScreeningSummaryDoc:
    """Collect everything into one ranked table.

    Candidates with a converged conductivity come first, the best conductor on top; then the rest
    in the order of their reaction energies (the parent's is zero by definition); then what could
    not be resolved.

    Raises
    ------
    ExecutionError
        When candidates, relaxations or ranking are missing because their job failed.
    """
    needed = {"candidates": candidates, "relaxations": relaxed, "ranking": ranking}
    missing = [stage for stage, output in needed.items() if output is None]
    if missing:
        raise ExecutionError(
            f"there is nothing to summarise without {', '.join(missing)}, which failed; see the log"
        )
    boundary = None if grain_boundary is None else GrainBoundary(**grain_boundary)
    by_name = {
        doc.name: _with_map(doc, boundary) for doc in conductivities or [] if doc is not None
    }
    relax_docs = {doc.name: doc for doc in relaxed["candidates"]}
    entries = {entry.name: entry for entry in ranking.ranked}
    bvse_docs = {doc.name: doc for doc in barriers.documents} if barriers is not None else {}
    rows = [
        _build_row(relax_docs[c.name], entries[c.name], by_name.get(c.name), candidates.uuid)
        for c in candidates.candidates
    ]
    rows = [_with_barriers(row, bvse_docs.get(row.name)) for row in rows]
    rows.sort(key=_row_order)
    rows = [row.model_copy(update={"rank": index}) for index, row in enumerate(rows, start=1)]
    parent = next(c for c in candidates.candidates if c.kind == "parent")
    unresolved = [row.name for row in rows if row.conductivity and row.status != "converged"]
    return ScreeningSummaryDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name=name,
        status="not_converged" if unresolved else "converged",
        reasons=[f"conductivity not resolved: {', '.join(unresolved)}"] if unresolved else [],
        warnings=list(candidates.warnings),
        provenance=make_provenance(
            parent_uuids=[candidates.uuid, ranking.uuid, *(d.uuid for d in by_name.values())],
            potential=ranking.selected[0].provenance.potential if ranking.selected else None,
            seed=candidates.provenance.seed,
            input_hash=campaign_file_sha256,
        ),
        parent_formula=parent.formula,
        candidates=rows,
        binding_energies=ranking.binding_energies,
        reference_map=_reference_map(boundary),
        campaign_file_sha256=campaign_file_sha256,
    )


def _with_map(doc: ConductivityDoc, boundary: GrainBoundary | None) -> ConductivityDoc:
    room = doc.room_temperature
    if boundary is None or room is None or room.temperature_K != boundary.temperature_K:
        return doc
    bulk = Quantity(
        name="bulk conductivity",
        value=room.conductivity_S_cm,
        unit="S/cm",
        label="computed",
        source=f"document {doc.uuid}",
    )
    over_grain_size = map_over_grain_size(
        boundary,
        bulk_S_cm=room.conductivity_S_cm,
        lower_S_cm=room.lower_S_cm,
        upper_S_cm=room.upper_S_cm,
        bulk_quantity=bulk,
    )
    return doc.model_copy(update={"grain_size_map": over_grain_size})


def _reference_map(boundary: GrainBoundary | None) -> GrainSizeMap | None:
    if boundary is None or boundary.reference_bulk_S_cm is None:
        return None
    bulk = Quantity(
        name="bulk conductivity",
        value=boundary.reference_bulk_S_cm,
        unit="S/cm",
        label="literature",
        source=boundary.reference_source or boundary.source,
    )
    value = boundary.reference_bulk_S_cm
    return map_over_grain_size(
        boundary, bulk_S_cm=value, lower_S_cm=value, upper_S_cm=value, bulk_quantity=bulk
    )


def _build_row(
    relaxed: RelaxDoc,
    entry: RankedCandidate,
    conductivity: ConductivityDoc | None,
    candidates_uuid: str | None,
) -> ResultRow:
    candidate = relaxed.candidate
    if candidate is None:
        raise InputError(f"{relaxed.name} is a reference oxide, not a candidate")
    is_parent = candidate.kind == "parent"
    energy = 0.0 if is_parent and relaxed.status == "converged" else None
    energy = entry.reaction_energy_eV_per_dopant if energy is None else energy
    ranked_by: Literal["conductivity", "reaction_energy", "unresolved"]
    status: Status | Literal["not_run"]
    if conductivity is not None and conductivity.room_temperature is not None:
        ranked_by = "conductivity"
    else:
        ranked_by = "unresolved" if energy is None else "reaction_energy"
    if conductivity is not None:
        status, reasons = conductivity.status, conductivity.reasons
    else:
        status = "not_run"
        reasons = relaxed.reasons or ([] if is_parent or entry.reason is None else [entry.reason])
    return ResultRow(
        rank=0,
        ranked_by=ranked_by,
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


def _with_barriers(row: ResultRow, doc: BvseDoc | None) -> ResultRow:
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


def _row_order(row: ResultRow) -> tuple[int, float, str]:
    room = row.conductivity.room_temperature if row.conductivity else None
    if room is not None:
        return 0, -room.conductivity_S_cm, row.name
    if row.reaction_energy_eV_per_dopant is not None:
        return 1, row.reaction_energy_eV_per_dopant, row.name
    return 2, 0.0, row.name
