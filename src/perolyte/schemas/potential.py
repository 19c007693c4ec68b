"""A trained potential: its weights, what it was trained on, and how far it is off."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from perolyte.schemas.base import Document

__all__ = [
    "WEIGHTS_KEY",
    "FrameErrorsDescription",
    "PotentialDoc",
    "ReferenceShiftsDescription",
    "TrainingEpoch",
]

WEIGHTS_KEY = "weights_data"
"""Where the document has its weights, which jobs keep in the store's large data."""


class FrameErrorsDescription(BaseModel):
    """Errors on the frames of one split; see ``perolyte.potentials.training.FrameErrors``."""

    model_config = ConfigDict(extra="forbid")

    n_frames: int
    n_atoms: int
    energy_mae_meV_atom: float
    energy_bias_meV_atom: float = Field(description="potential less label")
    force_mae_meV_A: float = Field(description="of components")
    force_rmse_meV_A: float
    stress_mae_GPa: float | None = Field(default=None, description="None without labels of it")
    softening_slope: float | None = Field(
        default=None, description="forces of the potential over those of the labels"
    )
    softening_slope_error: float | None = Field(
        default=None, description="standard error, from the scatter between trajectories"
    )
    force_mae_by_element_meV_A: dict[str, float]


class ReferenceShiftsDescription(BaseModel):
    """What was added to the energies of elements."""

    model_config = ConfigDict(extra="forbid")

    shifts_eV: dict[str, float]
    errors_eV: dict[str, float] = Field(description="standard deviation of each")
    unknown_combinations: list[dict[str, float]] = Field(
        default_factory=list, description="unit vectors that the labels do not determine"
    )
    residual_meV_atom: float


class TrainingEpoch(BaseModel):
    """Errors after one epoch."""

    model_config = ConfigDict(extra="forbid")

    epoch: int
    stage: int
    learning_rate: float
    train_energy_meV_atom: float
    train_force_meV_A: float
    validation_energy_meV_atom: float
    validation_force_meV_A: float
    train_stress_GPa: float | None = None
    validation_stress_GPa: float | None = None


class PotentialDoc(Document):
    """A trained CHGNet: "not_converged" if its training diverged and an earlier epoch was kept."""

    family: Literal["CHGNet"] = "CHGNet"
    start: dict[str, str] = Field(description="name, version and SHA-256 of the starting weights")
    training_set_uuid: str | None = None
    data_sha256: str = Field(description="of training frames and labels")
    elements: list[str] = Field(description="of the training frames")
    label_engine: str | None = None
    label_settings_sha256: str | None = None
    settings: dict[str, Any] = Field(description="of perolyte.potentials.TrainingSettings")
    errors: dict[str, FrameErrorsDescription] = Field(description="by split")
    errors_before: dict[str, FrameErrorsDescription] = Field(
        description="of the start with only its references corrected, by split"
    )
    curve: list[TrainingEpoch]
    best_epoch: int = Field(description="whose weights these are")
    stopped_by: Literal["length", "patience", "diverged"]
    reference_shifts: ReferenceShiftsDescription
    computed_on: dict[str, Any] = Field(default_factory=dict, description="device, versions")
    weights_sha256: str
    n_bytes: int
    weights_data: str | dict[str, Any] | None = Field(
        default=None, description="base64; stores keep it apart and give a reference"
    )
