"""Active learning: what a committee met on its way, which frames were labelled, when it ended."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from pymatgen.core import Structure

from perolyte.schemas.base import Document, Status
from perolyte.schemas.large import LargeDocument

__all__ = [
    "ActiveLearningDoc",
    "ActiveLearningRoundDoc",
    "CalibrationDescription",
    "ExplorationDoc",
    "ExploredRun",
    "ReliabilityRow",
    "RunDiffusivity",
    "SelectedFrame",
]


class ReliabilityRow(BaseModel):
    """Atoms of similar uncertainty."""

    model_config = ConfigDict(extra="forbid")

    n_atoms: int
    uncertainty_eV_A: float = Field(description="root mean square, calibrated")
    error_eV_A: float = Field(description="root mean square length of the true force errors")


class CalibrationDescription(BaseModel):
    """How uncertainties of forces were calibrated, and how far they can be trusted."""

    model_config = ConfigDict(extra="forbid")

    scale: float = Field(description="true error over spread of the members")
    scale_error: float = Field(description="standard error")
    n_frames: int
    n_blocks: int = Field(description="trajectories or frames whose errors are independent")
    n_atoms: int
    rank_correlation: float = Field(description="Spearman's, of uncertainty and true error")
    coverage_levels: list[float] = Field(description="nominal")
    coverage: list[float] = Field(description="observed, with the scale of other blocks")
    miscalibration_area: float = Field(description="0 is ideal, 0.5 the worst")
    ence: float = Field(description="expected normalised calibration error")
    reliability: list[ReliabilityRow]


class RunDiffusivity(BaseModel):
    """Tracer diffusivity of an exploring run; None with the reason where it is not resolved."""

    model_config = ConfigDict(extra="forbid")

    status: Status
    value_cm2_s: float | None = None
    error_cm2_s: float | None = Field(default=None, description="standard error")
    reason: str = ""


class ExploredRun(BaseModel):
    """One run of the committee."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    name: str
    trajectory: str = Field(description="that its frames belong to, in every round")
    temperature_K: float
    seed: int
    md_status: Literal["finished", "unfinished", "exploded", "melted", "left_domain"]
    reason: str = ""
    n_frames: int
    length_ps: float
    n_doubtful: int = Field(description="frames above the limit of selection")
    mean_uncertainty_eV_A: float
    largest_uncertainty_eV_A: float
    uncertainties_eV_A: list[float] = Field(description="calibrated, largest atom, each frame")
    diffusivity: RunDiffusivity
    last_structure: Structure | None = Field(
        description="where the next round goes on; None where it begins anew"
    )


class SelectedFrame(BaseModel):
    """A frame to label."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    name: str
    trajectory: str
    structure: Structure
    temperature_K: float
    time_ps: float
    uncertainty_eV_A: float
    distance: float | None = Field(
        description="to the nearest labelled or selected frame, in the space of features"
    )


class ExplorationDoc(LargeDocument):
    """MD with a committee, and the frames that it is to learn next."""

    large_fields: ClassVar[tuple[str, ...]] = ("runs", "selected")

    round: int = Field(description="from 0")
    potentials: list[str] = Field(description="uuids or paths of the members")
    training_set_uuid: str | None
    committee: dict[str, str] = Field(description="what the committee says of itself")
    uncertainty_scale: float
    calibration: CalibrationDescription | None
    runs: list[ExploredRun]
    selected: list[SelectedFrame]
    n_frames: int
    n_doubtful: int
    n_too_near: int = Field(description="doubtful, and too like a labelled or selected frame")
    length_ps: float = Field(description="of all runs together")
    settings: dict[str, object] = Field(default_factory=dict)

    @property
    def doubtful_percent(self) -> float:
        """Doubtful frames in a hundred."""
        return 100.0 * self.n_doubtful / self.n_frames if self.n_frames else 0.0


class ActiveLearningRoundDoc(Document):
    """One round: "converged" where the rule to stop was met in it."""

    round: int
    exploration_uuid: str | None
    potentials: list[str] = Field(description="members that explored")
    training_set_uuid: str | None = Field(description="that they were trained on")
    length_ps: float
    n_frames: int
    n_doubtful: int
    doubtful_percent: float
    n_stopped_runs: int = Field(description="that a guard ended")
    uncertainty_scale: float
    scale_error: float | None = None
    rank_correlation: float | None = None
    n_selected: int
    n_labelled: int
    failed_labels: list[str] = Field(default_factory=list, description="name and reason")
    label_uuids: list[str] = Field(default_factory=list)
    diffusivities: dict[str, RunDiffusivity] = Field(description="by run")


class ActiveLearningDoc(Document):
    """The whole loop: "converged" where its rule ended it, else with the reason."""

    rounds: list[ActiveLearningRoundDoc]
    potentials: list[str] = Field(description="members of the last committee")
    training_set_uuid: str | None = Field(description="that they were trained on")
    uncertainty_scale: float
    n_labelled: int
    n_failed_labels: int
    stop_rule: dict[str, object] = Field(default_factory=dict)
