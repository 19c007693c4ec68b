"""Simulated boundaries of every candidate that a screen has selected."""

from __future__ import annotations

from typing import Any

from jobflow import Flow, Response, job

from perolyte.jobs.identity import assign_identities
from perolyte.schemas import RankingDoc

__all__ = ["run_boundaries"]


@job
def run_boundaries(
    ranking: RankingDoc, boundary_maker: Any, boundaries: list[Any], *, hop_distance_A: float
) -> Response:
    """Run a boundary flow for every selected candidate and every kind of boundary.

    Parameters
    ----------
    ranking
        Its ``selected`` candidates are run.
    boundary_maker
        With ``make(structure, boundary, candidate=, dopant=, hop_distance_A=)``; the output of its
        flow is a document as :class:`~perolyte.jobs.ceramic_inputs.AtomisticBoundary` describes.
    boundaries
        Handed to it one by one.
    hop_distance_A
        Of the mobile ion.

    Returns
    -------
    Response
        Replaces itself with a flow whose output is the list of documents.
    """
    flows = []
    for doc in ranking.selected:
        doping = doc.candidate.doping if doc.candidate is not None else None
        flows += [
            boundary_maker.make(
                doc.structure,
                boundary,
                candidate=doc.name,
                dopant=None if doping is None else doping.element,
                hop_distance_A=hop_distance_A,
            )
            for boundary in boundaries
        ]
    if not flows:
        return Response(output=[])
    output = [flow.output for flow in flows]
    return Response(replace=assign_identities(Flow(flows, output=output, name="boundaries")))
