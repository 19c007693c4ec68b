"""Molecular dynamics: one document for each replica, its frames in the store's large data."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pymatgen.core import Structure

from perolyte.schemas.base import Document

__all__ = ["MeanCellDescription", "RunFile", "TrajectoryDoc", "TrajectorySetDoc"]


class RunFile(BaseModel):
    """A file of a run: a chunk of frames, its manifest, or a checkpoint."""

    model_config = ConfigDict(extra="forbid")

    name: str
    sha256: str
    n_bytes: int
    chunk_data: str | dict[str, Any] | None = Field(
        default=None,
        description="base64; stores keep it apart and give a reference",
    )


class MeanCellDescription(BaseModel):
    """Cell averaged over a run at constant pressure."""

    model_config = ConfigDict(extra="forbid")

    cell_A: list[list[float]]
    cell_error_A: list[list[float]]
    volume_A3: float
    volume_error_A3: float
    temperature_K: float = Field(description="mean of the samples")
    n_samples: int


class TrajectoryDoc(Document):
    """MD of one replica: "unphysical" if a guard stopped it, "not_converged" if it goes on."""

    replica: str = Field(description="which of the job's runs: temperature and number")
    formula: str
    structure: Structure = Field(description="at the start, in the cell of the run")
    first_velocities_A_fs: list[list[float]] | None = Field(
        default=None, description="where the run did not draw its own"
    )
    mobile_ion: str
    temperature_K: float
    mean_temperature_K: float | None = Field(default=None, description="after equilibration")
    replica_seed: int
    ensemble: dict[str, Any]
    time_step_fs: float
    frame_interval_fs: float = Field(description="of the mobile ions")
    framework_interval: int = Field(description="stored frames between frames of all atoms")
    equilibration_ps: float = Field(description="at the start, still in the frames")
    run_length_ps: float = Field(description="with equilibration")
    n_steps: int
    n_frames: int
    md_status: Literal["finished", "unfinished", "exploded", "melted", "left_domain"]
    stopped_by: Literal["length", "target", "cap", "guard", "wall_time"] = Field(
        description="why it ended: the length asked for, the error asked for, the longest allowed"
    )
    relative_error: float | None = Field(default=None, description="of D when it ended")
    mean_cell: MeanCellDescription | None = None
    files: list[RunFile]
    settings: dict[str, Any] = Field(default_factory=dict, description="of the job")
    computed_on: dict[str, Any] = Field(default_factory=dict, description="device and path used")


class TrajectorySetDoc(Document):
    """All replicas of one structure."""

    trajectories: list[TrajectoryDoc]
