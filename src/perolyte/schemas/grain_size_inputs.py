"""What a user gives for a map over grain size: boundaries, bulk values, grids and errors."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["GivenBoundary", "GivenBulk", "GivenSpaceCharge", "GrainSizeSettings"]

# Strict: YAML has numbers of its own, and a quoted "5" where one belongs is a slip.
_Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
_Whole = Annotated[int, Field(strict=True)]
_Name = Annotated[str, Field(min_length=1, max_length=80)]

_TEMPERATURES_K = [250.0, 275.0, 300.0, 325.0, 350.0, 375.0, 400.0, 425.0, 450.0]
_SAME_K = 1e-6


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _LawValue(_Given):
    """A conductivity at one temperature with its activation energy, errors and source."""

    conductivity_S_cm: _Number = Field(gt=0, le=1e6, description="specific, not apparent")
    temperature_K: _Number = Field(ge=50, le=5000)
    uncertainty_decades: _Number = Field(
        default=0.5,
        ge=0,
        le=5,
        description="to each end of the 95 % interval, powers of ten; laboratories differ by 0.5",
    )
    activation_energy_eV: _Number | None = Field(
        default=None, ge=-1, le=5, description="of sigma T; None: known at this temperature only"
    )
    activation_energy_std_eV: _Number = Field(default=0.03, ge=0, le=2)
    temperature_min_K: _Number | None = Field(
        default=None, ge=50, le=5000, description="of the activation energy; default: one point"
    )
    temperature_max_K: _Number | None = Field(default=None, ge=50, le=5000)
    label: Literal["fitted", "literature", "assumed"] = "literature"
    source: str = Field(min_length=3)
    activation_energy_label: Literal["fitted", "literature", "assumed"] | None = Field(
        default=None, description="where the energy is from elsewhere than the conductivity"
    )
    activation_energy_source: str | None = Field(default=None, min_length=3)

    @model_validator(mode="after")
    def _range(self) -> Self:
        low = self.temperature_K if self.temperature_min_K is None else self.temperature_min_K
        high = self.temperature_K if self.temperature_max_K is None else self.temperature_max_K
        if not low <= self.temperature_K <= high:
            message = (
                f"temperature_min_K {low:g} to temperature_max_K {high:g} does not hold "
                f"temperature_K {self.temperature_K:g}; widen the range"
            )
            raise ValueError(message)
        return self


class GivenBoundary(_LawValue):
    """A boundary that was measured or is assumed, and the candidates that it stands for.

    With a ``candidate`` it is for that one, with a ``dopant`` for all that hold the element, with
    neither for all that have no better; for doped ones it is then a transfer, labelled "assumed".
    """

    name: _Name = "grain boundary"
    thickness_nm: _Number = Field(gt=0, le=1000)
    thickness_uncertainty_decades: _Number = Field(default=0.3, ge=0, le=3)
    thickness_label: Literal["fitted", "literature", "assumed"] = "assumed"
    dopant: _Name | None = None
    candidate: _Name | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if self.dopant is not None and self.candidate is not None:
            message = (
                f"a boundary names dopant {self.dopant!r} and candidate {self.candidate!r}; "
                "give one of them"
            )
            raise ValueError(message)
        return self


class GivenBulk(_LawValue):
    """A bulk that was measured elsewhere, mapped beside the computed candidates."""

    name: _Name
    formula: str | None = None
    dopant: _Name | None = None
    fraction: _Number | None = Field(default=None, gt=0, le=1)


class GivenSpaceCharge(_Given):
    """Layers beside simulated boundaries, which have none: an assumption, and labelled so."""

    potential_V: _Number = Field(
        ge=-5, le=5, description="of the core relative to the bulk; above zero depletes cations"
    )
    potential_std_V: _Number = Field(default=0.0, ge=0, le=1)
    concentration_cm3: _Number = Field(gt=0, le=1e25, description="of the mobile ions")
    model: Literal["gouy_chapman", "site_limited"] = "gouy_chapman"
    site_fraction: _Number | None = Field(
        default=None, gt=0, lt=1, description="of the sites that hold an ion, for site_limited"
    )
    source: str = Field(min_length=3)

    @model_validator(mode="after")
    def _sites(self) -> Self:
        if (self.model == "site_limited") != (self.site_fraction is not None):
            message = (
                f"model {self.model!r} with site_fraction {self.site_fraction}; give it for "
                "'site_limited' and for no other"
            )
            raise ValueError(message)
        return self


class GrainSizeSettings(_Given):
    """A map over grain size, temperature and dopant."""

    values: list[GivenBoundary] = Field(default_factory=list, max_length=100)
    bulk: list[GivenBulk] = Field(default_factory=list, max_length=100)
    temperatures_K: list[_Number] = Field(
        default_factory=lambda: list(_TEMPERATURES_K), min_length=1, max_length=200
    )
    grain_size_min_nm: _Number = Field(default=20.0, gt=0)
    grain_size_max_nm: _Number = Field(default=100_000.0, gt=0, le=1e9)
    n_grain_sizes: _Whole = Field(default=41, ge=2, le=1000)
    model: Literal["series", "maier", "maxwell_garnett"] = "series"
    n_draws: _Whole = Field(default=500, ge=40, le=20_000)
    bulk_permittivity: _Number = Field(default=100.0, ge=1, le=1e6, description="relative, assumed")
    boundary_permittivity: _Number = Field(default=100.0, ge=1, le=1e6)
    permittivity_uncertainty_decades: _Number = Field(default=0.3, ge=0, le=3)
    permittivity_source: str = Field(default="assumed, not measured on these samples", min_length=3)

    space_charge: GivenSpaceCharge | None = Field(
        default=None, description="added to simulated boundaries, beside them without it"
    )

    @model_validator(mode="after")
    def _layers_in_series(self) -> Self:
        if self.space_charge is not None and self.model != "series":
            message = (
                f"space_charge with model {self.model!r}; its layers are in series: leave out "
                "'model', or space_charge"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _temperatures(self) -> Self:
        for value in self.temperatures_K:
            if not 50.0 <= value <= 5000.0:
                message = f"temperatures_K has {value:g}; give kelvin from 50 to 5000"
                raise ValueError(message)
        if any(b <= a for a, b in zip(self.temperatures_K, self.temperatures_K[1:], strict=False)):
            message = f"temperatures_K {self.temperatures_K} must rise: sort them, each once"
            raise ValueError(message)
        everything: list[GivenBoundary | GivenBulk] = [*self.values, *self.bulk]
        for given in everything:
            if given.activation_energy_eV is None and any(
                abs(value - given.temperature_K) > _SAME_K for value in self.temperatures_K
            ):
                message = (
                    f"{given.name!r} has no activation_energy_eV and is known at "
                    f"{given.temperature_K:g} K only; give the energy, or temperatures_K: "
                    f"[{given.temperature_K:g}]"
                )
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _grid(self) -> Self:
        if not self.grain_size_min_nm < self.grain_size_max_nm:
            message = (
                f"grain_size_min_nm {self.grain_size_min_nm:g} must be below grain_size_max_nm "
                f"{self.grain_size_max_nm:g}: swap or widen them"
            )
            raise ValueError(message)
        thick = max((value.thickness_nm for value in self.values), default=0.0)
        if thick >= self.grain_size_min_nm:
            message = (
                f"grains from {self.grain_size_min_nm:g} nm are not larger than a boundary of "
                f"{thick:g} nm: begin with larger grains"
            )
            raise ValueError(message)
        return self
