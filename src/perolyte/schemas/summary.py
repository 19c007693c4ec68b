"""The answer of a screening campaign: one row per candidate, ranked."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from perolyte.schemas.boundary import SimulatedBoundary
from perolyte.schemas.candidate import DopingDescription
from perolyte.schemas.energetics import BindingEnergy
from perolyte.schemas.grain_size import CeramicMaps
from perolyte.schemas.large import LargeDocument
from perolyte.schemas.transport import ConductivityDoc, GrainSizeMap

__all__ = ["ResultRow", "ScreeningSummaryDoc"]


class ResultRow(BaseModel):
    """One candidate with everything that is known of it."""

    model_config = ConfigDict(extra="forbid")

    rank: int
    ranked_by: Literal["conductivity", "reaction_energy", "unresolved"]
    name: str
    kind: str
    formula: str
    n_atoms: int
    doping: DopingDescription | None
    relax_status: str
    relaxed_energy_per_atom_eV: float | None
    reaction_energy_eV_per_dopant: float | None
    reaction: str | None
    bvse_1d_eV: float | None = Field(
        default=None,
        description="bond valence percolation barriers: a filter, not an energy of "
        "activation; None where nothing percolates or none was computed",
    )
    bvse_2d_eV: float | None = None
    bvse_3d_eV: float | None = None
    bvse_convention: str | None = None
    status: str = Field(description="of the conductivity; 'not_run' where no MD was asked for")
    reasons: list[str]
    conductivity: ConductivityDoc | None
    warnings: list[str]
    uuids: dict[str, str | None] = Field(description="documents behind this row, by role")


class ScreeningSummaryDoc(LargeDocument):
    """A whole campaign: what the report, the tables and the command line show."""

    large_fields: ClassVar[tuple[str, ...]] = (
        "candidates",
        "binding_energies",
        "simulated_boundaries",
    )

    parent_formula: str
    candidates: list[ResultRow]
    binding_energies: list[BindingEnergy] = Field(default_factory=list)
    simulated_boundaries: list[SimulatedBoundary] = Field(default_factory=list)
    reference_map: GrainSizeMap | None = Field(
        default=None,
        description="literature values; nothing in it was computed here",
    )
    grain_boundary: dict[str, Any] | None = Field(
        default=None, description="what was given for the maps over grain size"
    )
    ceramic_maps: CeramicMaps | None = Field(
        default=None, description="over grain size, temperature and dopant, with all errors"
    )
    ceramic_settings: dict[str, Any] | None = Field(
        default=None, description="what was given for them"
    )
    campaign_file_sha256: str | None = None

    def _take_large(self, written: dict[str, Any]) -> dict[str, Any]:
        large = super()._take_large(written)
        if self.ceramic_maps is not None and self.ceramic_maps.is_large():
            large["ceramic_maps"] = written.pop("ceramic_maps")
        return large
