"""What a campaign file says of grain boundaries."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from perolyte.campaigns.fields import Number, Section, Whole

__all__ = ["GrainBoundarySpec"]


class GrainBoundarySpec(Section):
    """Brick-layer parameters: measured or assumed, and printed with that label."""

    conductivity_S_cm: Number = Field(gt=0, le=1e6, description="specific, not apparent")
    thickness_nm: Number = Field(gt=0, le=1000)
    temperature_K: Number = Field(ge=50, le=5000)
    source: str = Field(min_length=3)
    label: Literal["literature", "assumed"] = "literature"
    grain_size_min_nm: Number = Field(default=20.0, gt=0)
    grain_size_max_nm: Number = Field(default=20000.0, gt=0, le=1e9)
    n_grain_sizes: Whole = Field(default=61, ge=2, le=10_000)
    reference_bulk_S_cm: Number | None = Field(default=None, gt=0, le=1e6)
    reference_source: str | None = None
    uncertainty_decades: Number = Field(
        default=0.5, ge=0, le=5, description="to each end of the 95 % interval, powers of ten"
    )
    thickness_uncertainty_decades: Number = Field(default=0.3, ge=0, le=3)

    @model_validator(mode="after")
    def _grid(self) -> Self:
        if not self.thickness_nm < self.grain_size_min_nm < self.grain_size_max_nm:
            message = (
                f"grain sizes {self.grain_size_min_nm:g} to {self.grain_size_max_nm:g} nm must "
                f"rise and be larger than the boundary's {self.thickness_nm:g} nm"
            )
            raise ValueError(message)
        return self
