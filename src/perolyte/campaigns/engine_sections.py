"""What a campaign file says of potentials, relaxation and molecular dynamics."""

from __future__ import annotations

from typing import Self

from pydantic import Field, JsonValue, field_validator, model_validator

from perolyte.campaigns.fields import Flag, Number, Section, Whole

__all__ = ["AimdSpec", "ConductivitySpec", "PotentialSection", "RelaxationSpec"]


class PotentialSection(Section):
    """A potential: a name, a checkpoint, the uuid of a trained one, or a calculator's import path.

    A trained potential is read from ``store``.
    """

    name: str = "chgnet"
    store: str | None = Field(
        default=None,
        min_length=1,
        description="of a trained potential: an address, or a path relative to the campaign file; "
        "default: the campaign's own",
    )
    kwargs: dict[str, JsonValue] = Field(default_factory=dict)


class RelaxationSpec(Section):
    """When a relaxation counts as done."""

    force_limit_eV_A: Number = Field(default=0.05, gt=0, le=1)
    max_steps: Whole = Field(default=500, ge=1, le=100_000)
    relax_cell: Flag = True


class ConductivitySpec(Section):
    """Molecular dynamics and its analysis."""

    temperatures_K: list[Number] = Field(min_length=1, max_length=1000)
    n_best: Whole = Field(
        default=1, ge=0, description="dopings that MD is run for, besides the parent"
    )
    time_step_fs: Number = Field(default=2.0, ge=0.01, le=5)
    equilibration_ps: Number = Field(default=10.0, ge=0, le=1e7)
    production_ps: Number = Field(default=1000.0, gt=0, le=1e7)
    frame_interval_fs: Number = Field(default=100.0, gt=0, le=1e9)
    cell_equilibration_ps: Number = Field(
        default=5.0, ge=0, le=1e5, description="MD at constant pressure first, for the mean cell"
    )
    target_relative_error: Number = Field(
        default=0.1, gt=0, le=1, description="of D, up to which a run is extended"
    )
    max_production_ps: Number | None = Field(
        default=None, gt=0, le=1e7, description="longest run; by default none is extended"
    )
    temperatures_per_job: Whole | None = Field(
        default=None, ge=1, description="by default all, which a GPU follows as one batch"
    )
    wall_time_limit_s: Number | None = Field(
        default=None, gt=0, description="after which a job hands over to another one"
    )
    paths: Flag = Field(
        default=False, description="also where the ions of each run go, as a document of its own"
    )
    hop_distance_A: Number | None = Field(default=None, gt=0.5, lt=20)
    extrapolate_to_K: Number = Field(default=300.0, ge=50, le=5000)

    @field_validator("temperatures_K")
    @classmethod
    def _kelvin(cls, value: list[float]) -> list[float]:
        for item in value:
            if not 50.0 <= item <= 5000.0:
                message = f"{item:g} K is outside 50 to 5000 K; temperatures are in kelvin"
                raise ValueError(message)
        if len(set(value)) != len(value):
            message = f"{value} names a temperature twice; each is one run"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _lengths(self) -> Self:
        longest = self.max_production_ps
        if longest is not None and longest < self.production_ps:
            message = (
                f"max_production_ps {longest:g} is below production_ps {self.production_ps:g}; "
                "give a longer one, or leave it out"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _intervals(self) -> Self:
        ratio = self.frame_interval_fs / self.time_step_fs
        if ratio < 1 or abs(ratio - round(ratio)) > 1e-6:
            message = (
                f"frame_interval_fs {self.frame_interval_fs:g} is not a multiple of time_step_fs "
                f"{self.time_step_fs:g}; use for example {10 * self.time_step_fs:g}"
            )
            raise ValueError(message)
        n_frames = self.production_ps * 1000.0 / self.frame_interval_fs
        if n_frames < 10:
            message = (
                f"production_ps {self.production_ps:g} at frame_interval_fs "
                f"{self.frame_interval_fs:g} gives {n_frames:.1f} frames, at least 10 are needed; "
                "run longer or store more often"
            )
            raise ValueError(message)
        return self


class AimdSpec(Section):
    """Molecular dynamics ab initio, in place of the potential's."""

    engine: str = Field(
        default="gpaw",
        min_length=1,
        description="gpaw, vasp, espresso, cp2k, or the import path of an ASE calculator",
    )
    settings: dict[str, JsonValue] = Field(
        default_factory=dict, description="of the engine: cutoff, k-points, INCAR tags"
    )
    checkpoint_interval_steps: Whole = Field(default=5, ge=1, le=100_000)
