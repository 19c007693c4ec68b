"""What ceramics of several materials conduct over grain size and temperature."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from perolyte.schemas.base import Quantity
from perolyte.schemas.large import LargeDocument

__all__ = [
    "BoundaryRow",
    "CeramicMaps",
    "GrainSizeMapDoc",
    "MaterialMap",
    "TemperatureBand",
    "ValueGrid",
]

_MAX_INLINE_NUMBERS = 20_000
"""Of all grids of a document; about 20 bytes each."""

Label = Literal["computed", "fitted", "literature", "assumed"]


class TemperatureBand(BaseModel):
    """A quantity at each temperature with its 95 % interval."""

    model_config = ConfigDict(extra="forbid")

    value: list[float]
    lower: list[float]
    upper: list[float]


class ValueGrid(BaseModel):
    """A quantity by grain size (rows) and temperature with its 95 % interval."""

    model_config = ConfigDict(extra="forbid")

    value: list[list[float]]
    lower: list[list[float]]
    upper: list[list[float]]


class MaterialMap(BaseModel):
    """The map of one material with one kind of boundary."""

    model_config = ConfigDict(extra="forbid")

    name: str
    formula: str | None = None
    dopant: str | None = Field(default=None, description="None for the parent")
    fraction: float | None = None
    boundary: str = Field(description="which boundary")
    total_S_cm: ValueGrid
    blocking_factor: ValueGrid = Field(description="share of the boundaries in the resistance")
    bulk_S_cm: TemperatureBand
    boundary_S_cm: TemperatureBand = Field(description="specific")
    bulk_peak_Hz: TemperatureBand = Field(description="top of the bulk arc")
    boundary_peak_Hz: TemperatureBand
    half_blocking_nm: TemperatureBand = Field(
        description="grain size where bulk and boundaries resist alike"
    )
    extrapolated: list[str | None] = Field(
        description="at each temperature, which law is outside of the range it rests on"
    )
    parameters: list[Quantity] = Field(description="all that entered, with label and source")


class BoundaryRow(BaseModel):
    """One line of the table from doping to the conductivity of the boundary."""

    model_config = ConfigDict(extra="forbid")

    material: str
    dopant: str | None
    fraction: float | None
    boundary: str
    temperature_K: float
    conductivity_S_cm: float = Field(description="specific")
    lower_S_cm: float = Field(description="95 % interval")
    upper_S_cm: float
    area_resistance_ohm_cm2: float = Field(description="of one boundary, thickness over it")
    activation_energy_eV: float | None
    activation_energy_std_eV: float | None
    thickness_nm: float
    bulk_over_boundary: float
    label: Label
    source: str
    is_extrapolated: bool


class CeramicMaps(BaseModel):
    """Maps of several materials on one grid."""

    model_config = ConfigDict(extra="forbid")

    grain_sizes_nm: list[float]
    temperatures_K: list[float]
    model: str
    n_draws: int
    seed: int
    materials: list[MaterialMap]
    boundaries: list[BoundaryRow] = Field(description="from doping to boundary conductivity")
    left_out: dict[str, str] = Field(
        default_factory=dict, description="why a candidate has no map, by its name"
    )

    @model_validator(mode="after")
    def _match_grid(self) -> CeramicMaps:
        shape = len(self.grain_sizes_nm), len(self.temperatures_K)
        for material in self.materials:
            for grid in (material.total_S_cm, material.blocking_factor):
                for rows in (grid.value, grid.lower, grid.upper):
                    if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
                        message = f"{material.name}: a grid that is not {shape[0]} by {shape[1]}"
                        raise ValueError(message)
            if len(material.extrapolated) != shape[1]:
                message = f"{material.name}: extrapolated needs {shape[1]} entries"
                raise ValueError(message)
        return self

    def is_large(self) -> bool:
        """Say whether the grids belong among the large data."""
        points = len(self.grain_sizes_nm) * len(self.temperatures_K)
        return 6 * points * len(self.materials) > _MAX_INLINE_NUMBERS


class GrainSizeMapDoc(LargeDocument):
    """Total conductivity, blocking factor and arcs of ceramics, with propagated errors.

    "not_converged" where no material has both a bulk and a boundary conductivity.
    """

    current_version: ClassVar[int] = 1

    maps: CeramicMaps

    def _take_large(self, written: dict[str, Any]) -> dict[str, Any]:
        return {"maps": written.pop("maps")} if self.maps.is_large() else {}
