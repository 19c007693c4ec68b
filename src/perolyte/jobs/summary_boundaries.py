"""Simulated boundaries of a summary: what it says of each, and how many failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from perolyte.schemas import ConductivityDoc, GrainBoundaryDoc, SimulatedBoundary

__all__ = ["summarise_boundaries", "warn_former_bulk"]


def summarise_boundaries(
    documents: Sequence[GrainBoundaryDoc | None],
) -> tuple[list[SimulatedBoundary], list[str]]:
    """Return the boundaries in the order of their names, and a warning where some failed.

    Parameters
    ----------
    documents
        None for a boundary whose job failed.
    """
    found = sorted((doc for doc in documents if doc is not None), key=lambda doc: doc.name)
    n_failed = len(documents) - len(found)
    warnings = []
    if n_failed:
        warnings.append(
            f"{n_failed} of {len(documents)} simulated boundaries failed and are left out; the log "
            "of the run says why: run the same campaign again"
        )
    return [_describe(doc) for doc in found], warnings


def warn_former_bulk(
    boundaries: Sequence[SimulatedBoundary], newer: Iterable[ConductivityDoc]
) -> list[str]:
    """Return a warning where boundaries were compared with a conductivity that is another now."""
    changed = {doc.name for doc in newer}
    if not any((boundary.candidate or "parent") in changed for boundary in boundaries):
        return []
    text = (
        "area resistances of simulated boundaries are those of the former conductivities: run the "
        "campaign again for new ones"
    )
    return [text]


def _describe(document: GrainBoundaryDoc) -> SimulatedBoundary:
    shared = {name: getattr(document, name) for name in SimulatedBoundary.model_fields}
    return SimulatedBoundary(**shared)
