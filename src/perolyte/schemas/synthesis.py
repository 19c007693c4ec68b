"""A proposal of how a composition is made and what is measured then."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from perolyte.schemas.base import Document

__all__ = ["PowderLine", "RecipeDoc", "RecipeLine", "RecipeSection"]

RecipeLabel = Literal["computed", "empirical rule", "hypothesis"]


class RecipeLine(BaseModel):
    """One statement with what it rests on."""

    model_config = ConfigDict(extra="forbid")

    text: str
    label: RecipeLabel
    source: str


class RecipeSection(BaseModel):
    """Statements about one step."""

    model_config = ConfigDict(extra="forbid")

    title: str
    lines: list[RecipeLine]


class PowderLine(BaseModel):
    """One powder of the batch."""

    model_config = ConfigDict(extra="forbid")

    element: str
    formula: str
    amount_mmol: float = Field(description="of the cation in the product")
    stoichiometric_g: float
    excess: float = Field(description="0.1 for 10 %")
    with_excess_g: float
    assay: float
    ignition_loss: float
    weighed_g: float = Field(description="with excess, assay and ignition loss")
    label: RecipeLabel = "computed"


class RecipeDoc(Document):
    """Advice, not a validated procedure."""

    current_version: ClassVar[int] = 1

    formula: str
    candidate: str | None = None
    mass_g: float = Field(description="of product, without excess")
    molar_mass_g: float
    powders: list[PowderLine]
    total_weighed_g: float
    carbon_dioxide_g: float
    density_g_cm3: float | None = Field(default=None, description="of the perfect crystal")
    sections: list[RecipeSection]
