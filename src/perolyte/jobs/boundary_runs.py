"""Simulated boundaries of every candidate that a screen has selected."""

from __future__ import annotations

from typing import Any

from jobflow import Flow, Response, job

from perolyte.errors import ExecutionError
from perolyte.jobs.identity import assign_identities
from perolyte.schemas import ConductivityDoc, RankingDoc

__all__ = ["run_boundaries"]


@job
def run_boundaries(
    ranking: RankingDoc | None,
    boundary_maker: Any,
    boundaries: list[Any],
    *,
    hop_distance_A: float,
    conductivities: list[ConductivityDoc | None] | None = None,
) -> Response:
    """Run a boundary flow for every selected candidate and every kind of boundary.

    Parameters
    ----------
    ranking
        Its ``selected`` candidates are run.
    boundary_maker
        With ``make(structure, boundary, candidate=, dopant=, hop_distance_A=, bulk=)``; the output
        of its flow is a :class:`~perolyte.schemas.GrainBoundaryDoc`.
    boundaries
        Handed to it one by one.
    hop_distance_A
        Of the mobile ion.
    conductivities
        Of the candidates, by their names: a boundary is compared with them. Where there is none,
        the maker computes its own.

    Returns
    -------
    Response
        Replaces itself with a flow whose output is the list of documents.

    Raises
    ------
    ExecutionError
        Where the ranking failed: nothing is selected.
    """
    if ranking is None:
        raise ExecutionError(
            "no candidate is selected because an earlier job failed; its error is in the run's "
            "log: correct it and run the same flow again"
        )
    bulks = {doc.name: doc for doc in conductivities or [] if doc is not None}
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
                bulk=bulks.get(doc.name),
            )
            for boundary in boundaries
        ]
    if not flows:
        return Response(output=[])
    output = [flow.output for flow in flows]
    return Response(replace=assign_identities(Flow(flows, output=output, name="boundaries")))
