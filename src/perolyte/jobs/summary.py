"""Put a campaign's documents together: one ranked row per candidate."""

from __future__ import annotations

from typing import Any

from jobflow import job

from perolyte.errors import ExecutionError
from perolyte.jobs.grain_size import GrainBoundary, map_over_grain_size, with_map
from perolyte.jobs.grain_size_map import build_grain_size_map
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.jobs.summary_boundaries import summarise_boundaries, warn_former_bulk
from perolyte.jobs.summary_rows import (
    add_barriers,
    build_row,
    judge_rows,
    rank_rows,
    replace_conductivity,
)
from perolyte.schemas import (
    LARGE_KEY,
    BvseSetDoc,
    CandidateSetDoc,
    CeramicMaps,
    ConductivityDoc,
    GrainBoundaryDoc,
    GrainSizeMap,
    GrainSizeMapDoc,
    GrainSizeSettings,
    Quantity,
    RankingDoc,
    RelaxDoc,
    ResultRow,
    ScreeningSummaryDoc,
)

__all__ = ["refresh_summary", "summarise_screening"]


@job(output_schema=ScreeningSummaryDoc, data=LARGE_KEY)
def summarise_screening(
    candidates: CandidateSetDoc,
    relaxed: dict[str, list[RelaxDoc]],
    ranking: RankingDoc,
    conductivities: list[ConductivityDoc | None] | None,
    barriers: BvseSetDoc | None = None,
    *,
    name: str,
    boundaries: list[GrainBoundaryDoc | None] | None = None,
    grain_boundary: dict[str, Any] | None = None,
    grain_sizes: GrainSizeMapDoc | None = None,
    grain_size_settings: dict[str, Any] | None = None,
    campaign: str | None = None,
    campaign_file_sha256: str | None = None,
) -> ScreeningSummaryDoc:
    """Collect everything into one ranked table.

    Candidates with a converged conductivity come first, the best conductor on top; then the rest
    in the order of their reaction energies (the parent's is zero by definition); then what could
    not be resolved. Simulated boundaries stand beside them; those that failed are counted in a
    warning.

    Raises
    ------
    ExecutionError
        When candidates, relaxations or ranking are missing because their job failed.
    """
    _refuse_missing(candidates=candidates, relaxations=relaxed, ranking=ranking)
    boundary = None if grain_boundary is None else GrainBoundary(**grain_boundary)
    by_name = {doc.name: with_map(doc, boundary) for doc in conductivities or [] if doc is not None}
    rows = _make_rows(candidates, relaxed["candidates"], ranking, by_name, barriers)
    simulated, failed = summarise_boundaries(boundaries or [])
    parent = next(c for c in candidates.candidates if c.kind == "parent")
    status, reasons = judge_rows(rows)
    parents = [candidates, ranking, *by_name.values(), grain_sizes, *simulated]
    return ScreeningSummaryDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name=name,
        status=status,
        reasons=reasons,
        warnings=[*candidates.warnings, *(grain_sizes.warnings if grain_sizes else []), *failed],
        provenance=make_provenance(
            parent_uuids=[doc.uuid for doc in parents if doc is not None],
            potential=ranking.selected[0].provenance.potential if ranking.selected else None,
            seed=candidates.provenance.seed,
            input_hash=campaign_file_sha256,
        ),
        parent_formula=parent.formula,
        candidates=rows,
        binding_energies=ranking.binding_energies,
        simulated_boundaries=simulated,
        reference_map=_reference_map(boundary),
        grain_boundary=grain_boundary,
        ceramic_maps=None if grain_sizes is None else grain_sizes.maps,
        ceramic_settings=grain_size_settings,
        campaign_file_sha256=campaign_file_sha256,
    )


def _refuse_missing(**needed: Any) -> None:
    missing = [stage for stage, output in needed.items() if output is None]
    if missing:
        raise ExecutionError(
            f"there is nothing to summarise without {', '.join(missing)}, which failed; see the log"
        )


def _make_rows(
    candidates: CandidateSetDoc,
    relaxed: list[RelaxDoc],
    ranking: RankingDoc,
    conductivities: dict[str, ConductivityDoc],
    barriers: BvseSetDoc | None,
) -> list[ResultRow]:
    """Return what is known of each candidate, ranked."""
    relax_docs = {doc.name: doc for doc in relaxed}
    entries = {entry.name: entry for entry in ranking.ranked}
    bvse_docs = {doc.name: doc for doc in barriers.documents} if barriers is not None else {}
    rows = [
        build_row(relax_docs[c.name], entries[c.name], conductivities.get(c.name), candidates.uuid)
        for c in candidates.candidates
    ]
    return rank_rows([add_barriers(row, bvse_docs.get(row.name)) for row in rows])


def refresh_summary(
    summary: ScreeningSummaryDoc, conductivities: dict[str, ConductivityDoc]
) -> ScreeningSummaryDoc:
    """Put newer conductivities in place of those of a summary, and rank it again.

    Simulated boundaries stay as they are, with a warning where their bulk is another now.

    Parameters
    ----------
    summary
        It is not changed.
    conductivities
        By the uuid of their job.
    """
    given = summary.grain_boundary
    boundary = None if given is None else GrainBoundary(**given)
    rows = []
    for row in summary.candidates:
        old = row.conductivity
        new = None if old is None or old.uuid is None else conductivities.get(old.uuid)
        rows.append(row if new is None else replace_conductivity(row, with_map(new, boundary)))
    rows = rank_rows(rows)
    status, reasons = judge_rows(rows)
    provenance = make_provenance(
        parent_uuids=list(summary.provenance.parent_uuids),
        potential=summary.provenance.potential,
        seed=summary.provenance.seed,
        input_hash=summary.provenance.input_hash,
    )
    maps, stale = _refresh_maps(summary, rows)
    stale += warn_former_bulk(summary.simulated_boundaries, conductivities.values())
    return summary.model_copy(
        update={
            "candidates": rows,
            "status": status,
            "reasons": reasons,
            "warnings": list(dict.fromkeys([*summary.warnings, *stale])),
            "provenance": provenance,
            "ceramic_maps": maps,
        }
    )


def _refresh_maps(
    summary: ScreeningSummaryDoc, rows: list[ResultRow]
) -> tuple[CeramicMaps | None, list[str]]:
    """Make the maps anew from the rows, unless simulated boundaries entered: they are not here."""
    old, settings = summary.ceramic_maps, summary.ceramic_settings
    if old is None or settings is None:
        return old, []
    if any(row.label == "computed" for row in old.boundaries):
        text = (
            "the maps over grain size are those of the former conductivities, because simulated "
            "boundaries entered: run the campaign again for new ones"
        )
        return old, [text]
    found = build_grain_size_map(
        [row.conductivity for row in rows if row.conductivity is not None],
        GrainSizeSettings.model_validate(settings),
        dopings={row.name: row.doping for row in rows},
        seed=old.seed,
    )
    return found.maps, []


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
