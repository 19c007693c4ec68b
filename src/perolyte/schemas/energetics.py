"""Relaxed structures, reaction energies, and the order of the candidates."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pymatgen.core import Structure

from perolyte.schemas.base import Document
from perolyte.schemas.candidate import CandidateDoc

__all__ = ["RankedCandidate", "RankingDoc", "RelaxDoc"]


class RelaxDoc(Document):
    """A relaxed candidate (or a reference oxide, when ``candidate`` is None)."""

    candidate: CandidateDoc | None
    formula: str
    structure: Structure | None
    energy_eV: float | None
    energy_per_atom_eV: float | None
    max_force_eV_A: float | None
    force_limit_eV_A: float
    volume_change_percent: float | None
    task_uuid: str | None = Field(default=None, description="the relaxation job's own document")


class RankedCandidate(BaseModel):
    """A candidate's place before its transport is known."""

    model_config = ConfigDict(extra="forbid")

    name: str
    relax_uuid: str | None
    reaction_energy_eV: float | None = Field(
        default=None,
        description="parent + binary oxides -> candidate + binary oxides, whole cell; the "
        "potential's own error is not known for it, so it carries no interval",
    )
    reaction_energy_eV_per_dopant: float | None = None
    reaction: str | None = None
    reason: str | None = Field(default=None, description="why there is no energy")


class RankingDoc(Document):
    """Candidates in the order of their reaction energy, unresolved ones last."""

    ranked: list[RankedCandidate]
    selected: list[RelaxDoc] = Field(description="the relaxed candidates that MD is run for")
