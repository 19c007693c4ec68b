"""What a campaign file may say: every key, its unit, its range and its default."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    field_validator,
    model_validator,
)

from perolyte.campaigns.resources import JobClass, ResourceSpec
from perolyte.schemas import GrainSizeSettings

__all__ = [
    "AimdSpec",
    "BvseSpec",
    "CampaignSpec",
    "ConductivitySpec",
    "DopantSpec",
    "DopingSpec",
    "GrainBoundarySpec",
    "ParentSpec",
    "PotentialSection",
    "RelaxationSpec",
    "VacancySpec",
]

# Strict: YAML has numbers of its own, and "yes" or a quoted "5" where one belongs is a slip.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
OxidationState = Annotated[int, Field(strict=True, ge=-8, le=9)]

MAX_REPEATS = 100
MAX_SEED = 2**63 - 1
"""Documents hold whole numbers of 64 bits."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PotentialSection(_Section):
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


class ParentSpec(_Section):
    """The parent structure, and the ordered cell that is made from it."""

    structure: str = Field(min_length=1, description="CIF or POSCAR; relative to the campaign file")
    supercell: tuple[Whole, Whole, Whole] | Literal["auto"] = Field(
        default=(1, 1, 1), description="auto: the smallest near-cubic cell that the dopings fit"
    )
    max_atoms: Whole = Field(default=600, ge=1, le=10_000, description="of an automatic cell")
    fraction_tolerance: Number = Field(
        default=0.1, ge=0, le=1, description="relative, of the dopant fractions in such a cell"
    )
    composition: dict[str, Count] | None = Field(
        None, description="atoms per supercell on the disordered sites; default: nearest neutral"
    )
    oxidation_states: dict[str, OxidationState] | None = None
    roles: dict[str, list[str] | str] | None = Field(
        default=None,
        min_length=1,
        description="elements of each sublattice, A, B and X in a perovskite; 'mobile' and 'host' "
        "where charges do not tell; default: found from the structure",
    )
    mobile_ion: str
    ordering: Literal["ewald", "monte_carlo", "sqs", "random"] = Field(
        default="ewald", description="how the disordered sites are filled"
    )
    n_cells: Whole = Field(default=1, ge=1, le=100, description="independent ordered cells")
    n_samples: Whole = Field(
        default=200, ge=1, le=100_000, description="arrangements tried where there are too many"
    )
    n_ordering_samples: Whole | None = Field(
        default=None, ge=1, le=1_000_000, description="effort of the ordering; default: its own"
    )
    n_keep: Whole = Field(default=1, ge=1, le=1000, description="of lowest point-charge energy")
    n_random: Whole = Field(default=0, ge=0, le=1000, description="and random ones, per candidate")
    max_enumerated: Whole = Field(
        default=5000, ge=0, le=100_000, description="compare all arrangements up to this number"
    )

    @field_validator("supercell")
    @classmethod
    def _positive(
        cls, value: tuple[int, int, int] | Literal["auto"]
    ) -> tuple[int, int, int] | Literal["auto"]:
        if value == "auto":
            return value
        if min(value) < 1 or max(value) > MAX_REPEATS:
            message = f"use whole numbers from 1 to {MAX_REPEATS}, for example [2, 2, 3]"
            raise ValueError(message)
        return value


class DopantSpec(_Section):
    """One element that enters, and how much of it."""

    element: str
    oxidation_state: OxidationState | None = None
    host: str | None = None
    count: Whole | None = Field(default=None, ge=1, description="dopant atoms per supercell")
    fraction: Number | None = Field(default=None, gt=0, le=1)
    basis: Literal["A_sites", "B_sites", "element", "formula_unit"] | None = None

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        if (self.count is None) == (self.fraction is None):
            message = f"{self.element} needs either 'count' or 'fraction' with 'basis', not both"
            raise ValueError(message)
        if self.fraction is not None and self.basis is None:
            message = (
                f"{self.element} has fraction {self.fraction:g} without 'basis'; use A_sites, "
                "B_sites, element or formula_unit"
            )
            raise ValueError(message)
        return self


class DopingSpec(_Section):
    """One doping: dopants that enter together, and how their charge is compensated.

    A single dopant may be written without the list: its keys then stand beside ``scheme``.
    """

    dopants: list[DopantSpec] = Field(min_length=1, max_length=6)
    scheme: str = Field(description="a compensation scheme, or 'all'")
    pair: tuple[str, str] | None = Field(
        default=None, description="two defects: the best cell of every distance is kept"
    )

    @model_validator(mode="before")
    @classmethod
    def _single(cls, values: Any) -> Any:
        if not isinstance(values, dict) or "dopants" in values:
            return values
        own = {"scheme", "pair"}
        dopant = {key: value for key, value in values.items() if key not in own}
        return {**{key: values[key] for key in own & set(values)}, "dopants": [dopant]}


class VacancySpec(_Section):
    """One vacancy candidate, with the atoms removed along with it to stay neutral."""

    element: str
    count: Whole = Field(default=1, ge=1)
    compensation: dict[str, Count] | Literal["all"] = Field(default_factory=dict)
    interstitials: dict[str, Count] = Field(default_factory=dict)
    pair: tuple[str, str] | None = None


class BvseSpec(_Section):
    """Bond valence barriers of every candidate, before anything is relaxed."""

    convention: Literal["softbv", "bvlain"] = "softbv"
    spacing_A: Number = Field(default=0.2, ge=0.05, le=1)
    energy_limit_eV: Number = Field(default=10.0, gt=0, le=100)
    n_best: Whole | None = Field(
        default=None, ge=1, description="dopings of lowest barrier that go on; default: all"
    )
    dimensions: Literal[1, 2, 3] = Field(default=3, description="of the barrier that orders them")


class RelaxationSpec(_Section):
    """When a relaxation counts as done."""

    force_limit_eV_A: Number = Field(default=0.05, gt=0, le=1)
    max_steps: Whole = Field(default=500, ge=1, le=100_000)
    relax_cell: Flag = True


class ConductivitySpec(_Section):
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


class AimdSpec(_Section):
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


class GrainBoundarySpec(_Section):
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


class CampaignSpec(_Section):
    """A whole campaign file."""

    name: str
    seed: Whole = Field(default=0, ge=0, le=MAX_SEED)
    potential: PotentialSection = Field(default_factory=PotentialSection)
    parent: ParentSpec
    dopings: list[DopingSpec] = Field(default_factory=list)
    vacancies: list[VacancySpec] = Field(default_factory=list)
    bvse: BvseSpec | None = None
    relaxation: RelaxationSpec = Field(default_factory=RelaxationSpec)
    conductivity: ConductivitySpec | None = None
    aimd: AimdSpec | None = Field(
        default=None, description="an engine for the MD of 'conductivity' instead of the potential"
    )
    grain_boundary: GrainBoundarySpec | None = None
    boundaries: GrainSizeSettings | None = None
    resources: dict[JobClass, ResourceSpec] = Field(
        default_factory=dict, description="of a cluster, by class of jobs"
    )
    store: str | None = Field(
        default=None,
        min_length=1,
        description="path or MongoDB address; default: inside the output directory",
    )

    @field_validator("name")
    @classmethod
    def _usable_as_folder(cls, value: str) -> str:
        if not _NAME.fullmatch(value):
            message = (
                "a name has at most 64 letters (a to z), digits, '_', '-' and '.', and begins with "
                "a letter or digit; it names the output directory"
            )
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _aimd_of_something(self) -> Self:
        if self.aimd is not None and self.conductivity is None:
            message = (
                "aimd says what computes the MD of the section conductivity, which is not there; "
                "add conductivity with its temperatures_K"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _one_temperature(self) -> Self:
        boundary, section = self.grain_boundary, self.conductivity
        if boundary and section and boundary.temperature_K != section.extrapolate_to_K:
            message = (
                f"grain_boundary.temperature_K {boundary.temperature_K:g} differs from "
                f"conductivity.extrapolate_to_K {section.extrapolate_to_K:g}; bulk and boundary "
                "are combined at one temperature: make them equal"
            )
            raise ValueError(message)
        return self
