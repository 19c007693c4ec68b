"""Atomistic grain boundaries: their cells, energies, segregation and resistance."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pymatgen.core import Structure

from perolyte.schemas.base import Document, Status
from perolyte.schemas.large import MAX_INLINE_ATOMS, LargeDocument
from perolyte.schemas.structure_columns import read_columns, write_columns
from perolyte.schemas.transport import ArrheniusFit

__all__ = [
    "BoundaryCellDescription",
    "BoundaryEnergy",
    "BoundaryProfile",
    "BoundaryScreenDoc",
    "BoundarySetDoc",
    "BoundaryValue",
    "GrainBoundaryDoc",
    "SegregationDescription",
    "SegregationSite",
    "SimulatedBoundary",
]

Miller = tuple[int, int, int]


class BoundaryValue(BaseModel):
    """A number with its standard error, or why there is none."""

    model_config = ConfigDict(extra="forbid")

    status: Status
    value: float | None = Field(default=None, description="None unless converged")
    error: float | None = Field(default=None, description="one standard error, of the value")
    lower_bound: float | None = Field(default=None, description="95 %, where there is no value")
    upper_bound: float | None = Field(default=None, description="95 %, where there is no value")
    reasons: list[str] = Field(default_factory=list)


class BoundaryCellDescription(BaseModel):
    """One periodic cell with two boundaries, before it is relaxed."""

    model_config = ConfigDict(extra="forbid")

    name: str
    termination: str = Field(description="ions of the lattice plane that both grains share")
    shift_frac: tuple[float, float] = Field(description="of one grain, in-plane cell vectors")
    n_equivalent_shifts: int = Field(description="shifts of the grid that this one stands for")
    gap_A: float = Field(description="opened at each boundary so that no ions overlap")
    separation_A: float = Field(description="between the two boundaries")
    area_A2: float = Field(description="of one boundary")
    n_removed: dict[str, int] = Field(description="sites left out for overlap, by sublattice")
    charge_before_e: int = Field(description="of the filled cell before mobile ions restored it")
    mobile_ions_added: int = Field(description="by neutrality; below zero where they were removed")
    excess: dict[str, int] = Field(description="atoms beyond a multiple of the bulk's formula")
    min_distance_A: float
    formula: str
    structure: Structure


class BoundaryEnergy(BaseModel):
    """Energy of one boundary cell after relaxation or annealing."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="of the cell")
    stage: Literal["relaxed", "annealed"]
    energy_J_m2: float | None = Field(
        description="of one boundary; the potential's own error is not known for it"
    )
    cell_energy_eV: float | None
    max_force_eV_A: float | None
    is_converged: bool = Field(description="whether the relaxation was")
    reason: str | None = Field(default=None, description="why there is no energy, or what it needs")


class BoundarySetDoc(LargeDocument):
    """Cells of one boundary with different shifts and terminations, and their bulk.

    Above `MAX_INLINE_ATOMS` the structures are written as arrays among the large data.
    """

    large_fields: ClassVar[tuple[str, ...]] = ("cells", "rejected")

    sigma_value: int
    miller: Miller = Field(description="plane of the boundary, of the cubic parent")
    axis: Miller = Field(description="tilt axis")
    angle_degrees: float
    formula: str = Field(description="of the parent, reduced")
    mobile_ion: str | None
    template: str = Field(description="what the grains are cut from, and how it was found")
    n_shifts_sampled: int
    cells: list[BoundaryCellDescription]
    rejected: dict[str, str] = Field(
        default_factory=dict, description="shifts without a cell, with the reason"
    )
    bulk: Structure = Field(description="the same crystal without a boundary, filled alike")

    def _take_large(self, written: dict[str, Any]) -> dict[str, Any]:
        n_atoms = len(self.bulk) + sum(len(cell.structure) for cell in self.cells)
        if n_atoms <= MAX_INLINE_ATOMS:
            return super()._take_large(written)
        del written["bulk"]
        for row in written["cells"]:
            del row["structure"]
        structures = write_columns([self.bulk, *(cell.structure for cell in self.cells)])
        return {**super()._take_large(written), "structures": structures}

    @classmethod
    def _join_large(cls, kept: dict[str, Any], large: dict[str, Any]) -> dict[str, Any]:
        lists = {name: value for name, value in large.items() if name != "structures"}
        if "structures" not in large:
            return lists
        bulk, *others = read_columns(large["structures"])
        rows: list[dict[str, Any]] = lists.get("cells") or kept["cells"]
        cells = [{**row, "structure": own} for row, own in zip(rows, others, strict=True)]
        return {**lists, "bulk": bulk, "cells": cells}


class SegregationSite(BaseModel):
    """Energy of a dopant on one site against the mean of sites in the bulk region."""

    model_config = ConfigDict(extra="forbid")

    distance_A: float = Field(description="of the site from the nearest boundary plane")
    energy_eV: float | None = Field(description="negative where the dopant prefers the site")
    reason: str | None = None


class SegregationDescription(BaseModel):
    """A dopant or vacancy at the boundary: the distribution over sites, not its best site."""

    model_config = ConfigDict(extra="forbid")

    dopant: str = Field(description="element, or 'vacancy'")
    host: str = Field(description="element that it replaces")
    compensation: str = Field(description="how its charge is balanced, in words")
    sites: list[SegregationSite]
    reference_scatter_eV: float | None = Field(
        description="standard deviation over the sites of the bulk region: what disorder alone does"
    )
    mean_eV: float | None
    std_eV: float | None
    lowest_eV: float | None
    bulk_fraction: float = Field(description="of the host's sites, for the occupancy")
    temperature_K: float
    boundary_fraction: float | None = Field(
        description="Langmuir-McLean occupancy of the boundary's sites, mean over the distribution"
    )


class BoundaryScreenDoc(Document):
    """Energies of the cells of a boundary, and the one that goes on."""

    sigma_value: int
    miller: Miller
    axis: Miller
    formula: str
    mobile_ion: str | None
    energies: list[BoundaryEnergy] = Field(description="relaxed cells, then annealed ones")
    chosen: str | None = Field(description="cell of the lowest energy; None where there is none")
    chosen_stage: Literal["relaxed", "annealed"] | None
    boundary_energy_J_m2: float | None
    bulk_energy_eV: float | None = Field(description="of the relaxed bulk cell")
    structure: Structure | None = Field(description="of the chosen cell")
    separation_A: float | None
    mobile_ions_added: int = 0
    segregation: list[SegregationDescription] = Field(default_factory=list)


class BoundaryProfile(BaseModel):
    """Mobile ions over the distance along the normal, at one temperature."""

    model_config = ConfigDict(extra="forbid")

    temperature_K: float
    position_A: list[float] = Field(description="middle of each bin; boundaries at 0 and half")
    density_per_A3: list[float]
    boundary_diffusivity_cm2_s: BoundaryValue = Field(
        description="in the plane, ions that stay in the slab, at short lags"
    )
    grain_diffusivity_cm2_s: BoundaryValue = Field(
        description="the same in a slab half way between the boundaries"
    )


class GrainBoundaryDoc(Document):
    """What one kind of boundary does to the mobile ions: area resistance over temperature."""

    sigma_value: int
    miller: Miller
    axis: Miller
    candidate: str | None = Field(default=None, description="name of the doped parent")
    dopant: str | None = Field(default=None, description="elements, joined by '+'")
    formula: str
    mobile_ion: str
    temperatures_K: list[float]
    bulk_conductivity_S_cm: list[BoundaryValue] = Field(description="one for each temperature")
    cell_conductivity_S_cm: list[BoundaryValue] = Field(
        description="across the boundaries, of the whole cell, at lags at which ions cross"
    )
    asr_ohm_cm2: list[BoundaryValue] = Field(
        description="area resistance of one boundary; below zero where it conducts better"
    )
    specific_conductivity_S_cm: list[BoundaryValue] = Field(
        description="thickness over area resistance"
    )
    thickness_A: float
    thickness_label: Literal["computed", "assumed"] = "assumed"
    arrhenius: ArrheniusFit | None = Field(
        default=None, description="of the specific conductivity, which is that of 1/ASR"
    )
    arrhenius_reasons: list[str] = Field(default_factory=list)
    boundary_energy_J_m2: float | None
    boundary_energies: list[BoundaryEnergy] = Field(default_factory=list)
    segregation: list[SegregationDescription] = Field(default_factory=list)
    profiles: list[BoundaryProfile] = Field(default_factory=list)
    separation_A: float = Field(description="between the two boundaries of the cell")
    mobile_ions_added: int = Field(default=0, description="to the cell, by neutrality")
    structure: Structure | None = Field(description="the cell that MD was run for, at its start")
    is_poor_proxy: bool = Field(description="Sigma 5, which real boundaries of LLTO do not follow")

    @model_validator(mode="after")
    def _match_lengths(self) -> GrainBoundaryDoc:
        _check_one_each(
            self.temperatures_K,
            bulk_conductivity_S_cm=self.bulk_conductivity_S_cm,
            cell_conductivity_S_cm=self.cell_conductivity_S_cm,
            asr_ohm_cm2=self.asr_ohm_cm2,
            specific_conductivity_S_cm=self.specific_conductivity_S_cm,
        )
        return self


class SimulatedBoundary(BaseModel):
    """What a summary says of a GrainBoundaryDoc."""

    model_config = ConfigDict(extra="forbid")

    name: str
    candidate: str | None = Field(description="name of the doped parent")
    sigma_value: int
    miller: Miller
    status: Status
    reasons: list[str]
    warnings: list[str] = Field(default_factory=list)
    boundary_energy_J_m2: float | None
    temperatures_K: list[float]
    asr_ohm_cm2: list[BoundaryValue] = Field(
        description="area resistance of one boundary, one for each temperature"
    )
    specific_conductivity_S_cm: list[BoundaryValue] = Field(
        description="thickness over area resistance"
    )
    thickness_A: float
    thickness_label: Literal["computed", "assumed"]
    uuid: str | None = Field(description="of the document")

    @model_validator(mode="after")
    def _match_lengths(self) -> SimulatedBoundary:
        _check_one_each(
            self.temperatures_K,
            asr_ohm_cm2=self.asr_ohm_cm2,
            specific_conductivity_S_cm=self.specific_conductivity_S_cm,
        )
        return self


def _check_one_each(temperatures_K: list[float], **lists: list[BoundaryValue]) -> None:
    for name, values in lists.items():
        if len(values) != len(temperatures_K):
            message = (
                f"{name} has {len(values)} entries for {len(temperatures_K)} temperatures; one each"
            )
            raise ValueError(message)
