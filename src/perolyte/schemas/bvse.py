"""Bond valence site energies: barriers, bottlenecks and the network of sites of one structure."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from pymatgen.core import Structure

from perolyte.schemas.base import Document
from perolyte.schemas.large import LargeDocument

__all__ = ["BvseDoc", "BvseSetDoc", "BvseSettings", "HopDescription", "PercolationDescription"]


class BvseSettings(BaseModel):
    """How a map was computed: barriers of different settings do not compare."""

    model_config = ConfigDict(extra="forbid")

    convention: Literal["softbv", "bvlain"] = "softbv"
    spacing_A: float = Field(
        default=0.1, ge=0.01, le=1.0, description="asked for; the grid is at least as fine"
    )
    cutoff_A: float = Field(default=10.0, ge=2.0, le=20.0)
    screening_factor: float = Field(default=0.74, ge=0.1, le=2.0)
    connectivity: Literal[6, 26] = 26
    energy_limit_eV: float = Field(
        default=10.0, gt=0.0, le=100.0, description="above the lowest voxel; where the search ended"
    )
    radius_scaling: dict[str, float] = Field(default_factory=dict)


class PercolationDescription(BaseModel):
    """Endless motion in one number of dimensions."""

    model_config = ConfigDict(extra="forbid")

    dimensions: Literal[1, 2, 3]
    barrier_eV: float | None = Field(
        description="from the lowest energy of what percolates; None when nothing does"
    )
    barrier_from_cell_minimum_eV: float | None
    bottleneck_frac: tuple[float, float, float] | None = None
    directions: list[tuple[int, int, int]] = Field(default_factory=list)
    reason: str | None = Field(default=None, description="why there is no barrier")


class HopDescription(BaseModel):
    """One kind of hop between neighbouring sites; equivalent hops are counted, not listed."""

    model_config = ConfigDict(extra="forbid")

    start_frac: tuple[float, float, float]
    end_frac: tuple[float, float, float] = Field(description="unwrapped: beside the start")
    forward_eV: float
    reverse_eV: float
    length_A: float
    bottleneck_frac: tuple[float, float, float]
    bottleneck_radius_A: float | None
    n_equivalent: int


class BvseDoc(Document):
    """Barriers of one structure; a filter and a source of paths, never an activation energy.

    ``status`` is "converged" when the map could be computed, whether or not anything percolates,
    and "rejected" when it could not.
    """

    candidate_uuid: str | None = None
    cell: int = 0
    formula: str
    structure: Structure | None
    ion: str
    settings: BvseSettings
    percolation: list[PercolationDescription] = Field(default_factory=list)
    percolation_status: Literal["percolates", "partial", "no_path"] | None = None
    n_sites: int | None = Field(default=None, description="distinct sites of the ion in the map")
    hops: list[HopDescription] = Field(default_factory=list)
    divisions: tuple[int, int, int] | None = None
    source: str | None = Field(default=None, description="file or candidate it was computed for")

    def barrier_eV(self, dimensions: int) -> float | None:
        """Return the percolation barrier in 1, 2 or 3 dimensions, None where nothing percolates."""
        for entry in self.percolation:
            if entry.dimensions == dimensions:
                return entry.barrier_eV
        return None


class BvseSetDoc(LargeDocument):
    """Barriers of many structures, computed by one job."""

    large_fields: ClassVar[tuple[str, ...]] = ("documents",)

    documents: list[BvseDoc]
