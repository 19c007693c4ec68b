"""How far labels still move when a setting of the code is made finer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from perolyte.schemas.base import Document

__all__ = ["LabelConvergenceDoc", "LabelDifference"]


class LabelDifference(BaseModel):
    """Labels of some frames with one value of the setting, less those with the finest."""

    model_config = ConfigDict(extra="forbid")

    value: Any = Field(description="of the setting")
    n_frames: int
    energy_meV_atom: float | None = Field(
        default=None, description="largest |difference| of a frame; None where labels are missing"
    )
    relative_energy_meV_atom: float | None = Field(
        default=None,
        description="the same without what frames of a composition have in common; None where a "
        "composition has one frame only",
    )
    force_meV_A: float | None = Field(
        default=None, description="largest mean |difference| of the components of a frame"
    )
    stress_GPa: float | None = Field(
        default=None, description="largest |difference| of a component; None without stresses"
    )
    within_tolerance: bool
    reasons: list[str] = Field(default_factory=list, description="why a label has no numbers")


class LabelConvergenceDoc(Document):
    """The coarsest setting whose labels can be told from the finest by no more than a tolerance.

    "converged" where a setting coarser than the finest will do. Otherwise nobody knows whether the
    finest one is fine enough: the status is "not_converged", and there is no ``chosen``.
    """

    engine: str
    option: str = Field(description="name of the setting")
    frames: list[str] = Field(description="names of the structures")
    differences: list[LabelDifference] = Field(description="from the coarsest to the finest")
    energy_tolerance_meV_atom: float
    force_tolerance_meV_A: float
    chosen: Any = Field(default=None, description="value of the setting; None where none will do")
