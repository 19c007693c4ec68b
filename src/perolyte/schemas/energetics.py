"""Relaxed structures, reaction energies, and the order of the candidates."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field
from pymatgen.core import Structure

from perolyte.schemas.base import Document
from perolyte.schemas.candidate import CandidateDoc
from perolyte.schemas.large import LargeDocument

__all__ = ["BindingEnergy", "RankedCandidate", "RankingDoc", "RelaxDoc"]


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


class BindingEnergy(BaseModel):
    """Energy of two defects at a distance, against the same two as far apart as the cell allows.

    Both cells hold the same atoms and are neutral, so that no chemical potential and no charge
    correction enters. The reference is not infinitely far: ``reference_distance_A`` says how far.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    relax_uuid: str | None
    first: str = Field(description="element, or 'vacancy_X' for an empty X site")
    second: str
    shell: int = Field(description="1 for nearest neighbours")
    distance_A: float = Field(description="before relaxation")
    energy_eV: float | None = Field(
        description="negative when bound; the potential's own error is not known for it"
    )
    reference: str | None = Field(description="the candidate with the defects far apart")
    reference_distance_A: float | None = None
    reason: str | None = Field(default=None, description="why there is no energy")


class RankingDoc(LargeDocument):
    """Candidates in the order of their reaction energy, unresolved ones last."""

    large_fields: ClassVar[tuple[str, ...]] = ("ranked", "binding_energies")

    ranked: list[RankedCandidate]
    binding_energies: list[BindingEnergy] = Field(default_factory=list)
    selected: list[RelaxDoc] = Field(description="the relaxed candidates that MD is run for")
