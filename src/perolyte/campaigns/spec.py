"""What a campaign file may say: every key, its unit, its range and its default."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from perolyte.campaigns.boundary_sections import BoundariesSection, GrainBoundarySpec
from perolyte.campaigns.candidate_sections import (
    BvseSpec,
    DopantSpec,
    DopingSpec,
    ParentSpec,
    VacancySpec,
)
from perolyte.campaigns.engine_sections import (
    AimdSpec,
    ConductivitySpec,
    PotentialSection,
    RelaxationSpec,
)
from perolyte.campaigns.fields import Section, Whole
from perolyte.campaigns.resources import JobClass, ResourceSpec

__all__ = [
    "AimdSpec",
    "BoundariesSection",
    "BvseSpec",
    "CampaignSpec",
    "ConductivitySpec",
    "DopantSpec",
    "DopingSpec",
    "GrainBoundarySpec",
    "ParentSpec",
    "PotentialSection",
    "RelaxationSpec",
    "VacancySpec",
]

MAX_SEED = 2**63 - 1
"""Documents hold whole numbers of 64 bits."""
MIN_LINE_TEMPERATURES = 3
"""Of bulk and boundary, for a line over temperature."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class CampaignSpec(Section):
    """A whole campaign file."""

    name: str
    seed: Whole = Field(default=0, ge=0, le=MAX_SEED)
    potential: PotentialSection = Field(default_factory=PotentialSection)
    parent: ParentSpec
    dopings: list[DopingSpec] = Field(default_factory=list)
    vacancies: list[VacancySpec] = Field(default_factory=list)
    bvse: BvseSpec | None = None
    relaxation: RelaxationSpec = Field(default_factory=RelaxationSpec)
    conductivity: ConductivitySpec | None = None
    aimd: AimdSpec | None = Field(
        default=None, description="an engine for the MD of 'conductivity' instead of the potential"
    )
    grain_boundary: GrainBoundarySpec | None = None
    boundaries: BoundariesSection | None = None
    resources: dict[JobClass, ResourceSpec] = Field(
        default_factory=dict, description="of a cluster, by class of jobs"
    )
    store: str | None = Field(
        default=None,
        min_length=1,
        description="path or MongoDB address; default: inside the output directory",
    )

    @field_validator("name")
    @classmethod
    def _usable_as_folder(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            message = (
                "a name has at most 64 letters (a to z), digits, '_', '-' and '.', and begins with "
                "a letter or digit; it names the output directory"
            )
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _aimd_of_something(self) -> Self:
        if self.aimd is not None and self.conductivity is None:
            message = (
                "aimd says what computes the MD of the section conductivity, which is not there; "
                "add conductivity with its temperatures_K"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _md_for_boundaries(self) -> Self:
        if self.boundaries is None or self.boundaries.atomistic is None:
            return self
        section = self.conductivity
        if section is None or len(section.temperatures_K) < MIN_LINE_TEMPERATURES:
            found = "no" if section is None else str(len(section.temperatures_K))
            message = (
                f"boundaries.atomistic with {found} temperatures_K in the section conductivity; a "
                f"map needs lines over temperature: give {MIN_LINE_TEMPERATURES} or more"
            )
            raise ValueError(message)
        if self.aimd is not None:
            message = (
                "boundaries.atomistic with the section aimd; boundary cells are followed with the "
                "potential only: leave one of them out"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _one_temperature(self) -> Self:
        boundary, section = self.grain_boundary, self.conductivity
        if boundary and section and boundary.temperature_K != section.extrapolate_to_K:
            message = (
                f"grain_boundary.temperature_K {boundary.temperature_K:g} differs from "
                f"conductivity.extrapolate_to_K {section.extrapolate_to_K:g}; bulk and boundary "
                "are combined at one temperature: make them equal"
            )
            raise ValueError(message)
        return self
