"""Bond valence barriers of all candidates of a screen, and the choice of the best by them."""

from __future__ import annotations

import math
from typing import Any

from jobflow import job

from perolyte.jobs.bvse import describe_bvse
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import (
    LARGE_KEY,
    BvseDoc,
    BvseSetDoc,
    BvseSettings,
    CandidateDoc,
    CandidateSetDoc,
)

__all__ = ["compute_candidate_barriers", "keep_best_by_barrier"]


@job(output_schema=BvseSetDoc, data=LARGE_KEY)
def compute_candidate_barriers(
    candidates: CandidateSetDoc, *, settings: dict[str, Any], campaign: str | None = None
) -> BvseSetDoc:
    """Compute the bond valence percolation barriers of every candidate.

    Parameters
    ----------
    candidates
        Ordered cells with oxidation states.
    settings
        Fields of :class:`~perolyte.schemas.BvseSettings`; the same for all, so that barriers
        compare.
    campaign
        Name that every document carries.

    Returns
    -------
    BvseSetDoc
        One document per candidate, in their order; one that cannot be computed is "rejected" with
        the reason.
    """
    checked = BvseSettings.model_validate(settings)
    documents = [_describe(candidate, checked, campaign) for candidate in candidates.candidates]
    rejected = [doc.name for doc in documents if doc.status == "rejected"]
    return BvseSetDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name="bvse",
        status="converged",
        warnings=[f"no barriers for {', '.join(rejected)}"] if rejected else [],
        provenance=make_provenance(parent_uuids=[candidates.uuid]),
        documents=documents,
    )


def _describe(candidate: CandidateDoc, settings: BvseSettings, campaign: str | None) -> BvseDoc:
    decorated = candidate.structure.copy()
    present = {str(element) for element in decorated.composition.element_composition}
    states = {e: float(z) for e, z in candidate.oxidation_states.items() if e in present}
    decorated.add_oxidation_state_by_element(states)
    document = describe_bvse(
        decorated,
        candidate.mobile_ion,
        name=candidate.name,
        settings=settings,
        find_hops=False,
        campaign=campaign,
        uuid=current_uuid(),
        source=candidate.name,
    )
    return document.model_copy(
        update={
            "candidate_uuid": candidate.candidate_uuid,
            "cell": candidate.cell,
            "structure": None,  # the candidate has it
        }
    )


@job(output_schema=CandidateSetDoc, data=LARGE_KEY)
def keep_best_by_barrier(
    candidates: CandidateSetDoc,
    barriers: BvseSetDoc,
    *,
    n_best: int,
    dimensions: int = 3,
    campaign: str | None = None,
) -> CandidateSetDoc:
    """Keep the parents, the vacancies, and the dopings of lowest barrier.

    Bond valence barriers rank only roughly: keep generously.

    Parameters
    ----------
    candidates
        All candidates.
    barriers
        Their barriers, from :func:`compute_candidate_barriers`.
    n_best
        Dopings to keep; those without a barrier come last.
    dimensions
        1, 2 or 3: which percolation barrier.

    Returns
    -------
    CandidateSetDoc
        The same documents, fewer; its warnings name those left out.
    """
    barrier_of = {doc.name: doc.barrier_eV(dimensions) for doc in barriers.documents}

    def order(name: str) -> tuple[float, str]:
        barrier = barrier_of.get(name)
        return (math.inf if barrier is None else barrier), name

    dopings = sorted((doc.name for doc in candidates.candidates if doc.kind == "doping"), key=order)
    dropped = set(dopings[n_best:])
    left_out = [f"{name} ({_write(barrier_of.get(name))})" for name in dopings[n_best:]]
    note = (
        f"left out by their {dimensions}D bond valence barrier: {', '.join(left_out)}"
        if left_out
        else f"bond valence barriers leave none of the {len(dopings)} dopings out"
    )
    return candidates.model_copy(
        update={
            "uuid": current_uuid(),
            "name": "kept candidates",
            "campaign": campaign,
            "warnings": [*candidates.warnings, note],
            "candidates": [doc for doc in candidates.candidates if doc.name not in dropped],
            "provenance": make_provenance(
                seed=candidates.provenance.seed,
                input_hash=candidates.provenance.input_hash,
                parent_uuids=[candidates.uuid, barriers.uuid],
            ),
        }
    )


def _write(barrier_eV: float | None) -> str:
    return "no path" if barrier_eV is None else f"{barrier_eV:.2f} eV"
