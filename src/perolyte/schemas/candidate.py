"""Candidates: the parent, its dopings and its defects."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pymatgen.core import Structure

from perolyte.schemas.base import Document

__all__ = ["CandidateDoc", "CandidateSetDoc", "DopingDescription"]


class DopingDescription(BaseModel):
    """How a candidate differs from its parent."""

    model_config = ConfigDict(extra="forbid")

    element: str
    scheme: str = Field(description="compensation scheme, for example 'S3'")
    reaction: str = Field(description="defect reaction in Kroger-Vink form")
    n_dopants: int
    basis: str | None = Field(default=None, description="what the fractions are counted on")
    fraction_requested: float | None = None
    fraction_achieved: float | None = None


class CandidateDoc(Document):
    """One neutral, ordered structure that is worth a calculation."""

    kind: Literal["parent", "doping", "vacancy"]
    formula: str
    structure: Structure
    n_atoms: int
    mobile_ion: str
    doping: DopingDescription | None = None
    composition_change: dict[str, int] = Field(
        default_factory=dict, description="change of the number of atoms against the parent"
    )
    oxidation_states: dict[str, int]
    ewald_energy_eV: float | None = Field(
        default=None,
        description="point charges; a filter, not a physical energy",
    )
    n_arrangements_sampled: int | None = None


class CandidateSetDoc(Document):
    """All candidates of one parent."""

    candidates: list[CandidateDoc]
    hop_distance_A: float = Field(description="distance between neighbouring sites of the ion")
