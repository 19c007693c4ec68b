"""What a campaign file says of grain boundaries: measured, assumed and simulated ones."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from perolyte.campaigns.fields import Number, Section, Whole
from perolyte.errors import InputError
from perolyte.schemas import GrainSizeSettings
from perolyte.structures.boundaries.coincidence import check_plane
from perolyte.units import NM_PER_A

__all__ = ["AtomisticSection", "BoundariesSection", "BoundaryKindSpec", "GrainBoundarySpec"]

_MAX_SHIFTS = 50
_MAP_FIELDS = tuple(GrainSizeSettings.model_fields)


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


class BoundaryKindSpec(Section):
    """One kind of boundary, and how its cells are made."""

    sigma: Whole = Field(ge=1, le=1000)
    plane: tuple[Whole, Whole, Whole] = Field(description="h k 0 of the cubic parent")
    shifts: tuple[Whole, Whole] = Field(
        default=(5, 5), description="grid of rigid shifts, along the tilt axis and across"
    )
    min_separation_A: Number = Field(default=25.0, gt=0, le=1000)
    min_width_A: Number = Field(default=10.0, gt=0, le=1000)
    max_atoms: Whole = Field(default=2000, ge=1, le=100_000)
    overlaps: Literal["expand", "remove"] = "expand"
    n_samples: Whole = Field(default=100, ge=1, le=100_000, description="arrangements of each cell")

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if min(self.shifts) < 1 or max(self.shifts) > _MAX_SHIFTS:
            message = (
                f"shifts {list(self.shifts)} must be two whole numbers from 1 to {_MAX_SHIFTS}, "
                "for example [5, 5]"
            )
            raise ValueError(message)
        try:
            check_plane(self.sigma, self.plane)
        except InputError as err:
            raise ValueError(str(err)) from None
        return self


class AtomisticSection(Section):
    """Boundaries that are simulated for the parent and every selected doping.

    Without settings of their own the kinds may be written as a list.
    """

    kinds: list[BoundaryKindSpec] = Field(min_length=1, max_length=20)
    n_annealed: Whole = Field(
        default=3, ge=0, le=1000, description="cells of lowest energy that are annealed"
    )
    anneal_temperature_K: Number = Field(default=1200.0, ge=50, le=5000)
    anneal_ps: Number = Field(default=50.0, gt=0, le=1e5)
    quench_ps: Number = Field(default=15.0, gt=0, le=1e5)
    anneal_time_step_fs: Number = Field(default=1.0, ge=0.01, le=5)
    thickness_A: Number = Field(
        default=10.0,
        gt=0,
        le=1000,
        description="assumed, between area resistance and specific conductivity",
    )

    @model_validator(mode="before")
    @classmethod
    def _plain_list(cls, values: Any) -> Any:
        return {"kinds": values} if isinstance(values, list) else values

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = [(kind.sigma, kind.plane) for kind in self.kinds]
        for sigma, plane in named:
            if named.count((sigma, plane)) > 1:
                message = (
                    f"Sigma {sigma} ({' '.join(map(str, plane))}) is named twice; each is one "
                    "boundary of the map"
                )
                raise ValueError(message)
        return self


class BoundariesSection(GrainSizeSettings):
    """Maps over grain size, temperature and dopant, and the boundaries that enter them."""

    atomistic: AtomisticSection | None = Field(
        default=None, description="simulated boundaries; their values are labelled 'computed'"
    )

    @model_validator(mode="after")
    def _layers_of_something(self) -> Self:
        if self.space_charge is not None and self.atomistic is None:
            message = (
                "space_charge without atomistic; it is added to simulated boundaries, measured "
                "ones hold theirs: add atomistic, or leave it out"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _thin_enough(self) -> Self:
        if self.atomistic is None:
            return self
        thickness_nm = self.atomistic.thickness_A * NM_PER_A
        if thickness_nm >= self.grain_size_min_nm:
            message = (
                f"grains from {self.grain_size_min_nm:g} nm are not larger than a simulated "
                f"boundary of {thickness_nm:g} nm: begin with larger grains, or lower "
                "atomistic.thickness_A"
            )
            raise ValueError(message)
        return self

    def map_settings(self) -> GrainSizeSettings:
        """Return what the map itself needs."""
        return GrainSizeSettings(**{name: getattr(self, name) for name in _MAP_FIELDS})
