"""Diffusivity at one temperature, conductivity over temperatures, and over grain size."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from perolyte.schemas.base import Document, Quantity

__all__ = [
    "ArrheniusFit",
    "ConductivityDoc",
    "ConductivityPoint",
    "DiffusionDoc",
    "GrainSizeMap",
    "RoomTemperatureConductivity",
]


class DiffusionDoc(Document):
    """Tracer diffusivity of one ion at one temperature, from one trajectory."""

    mobile_ion: str
    temperature_K: float
    mean_temperature_K: float | None = Field(default=None, description="over the analysed part")
    n_ions: int
    volume_A3: float
    hop_distance_A: float
    time_step_fs: float
    frame_interval_fs: float
    equilibration_ps: float = Field(description="discarded at the start")
    run_length_ps: float = Field(description="analysed")
    diffusivity_cm2_s: float | None
    diffusivity_std_cm2_s: float | None
    diffusivity_upper_bound_cm2_s: float | None = None
    conductivity_S_cm: float | None = Field(description="Nernst-Einstein: Haven ratio taken as 1")
    conductivity_std_S_cm: float | None
    relative_error: float | None = None
    n_net_hops: float
    log_log_slope: float | None
    fit_window_ps: tuple[float, float] | None
    lag_ps: list[float]
    msd_A2: list[float]
    trajectory_uuid: str | None


class ConductivityPoint(BaseModel):
    """One temperature of a :class:`ConductivityDoc`."""

    model_config = ConfigDict(extra="forbid")

    temperature_K: float
    diffusivity_cm2_s: float | None
    diffusivity_std_cm2_s: float | None
    diffusivity_upper_bound_cm2_s: float | None = None
    conductivity_S_cm: float | None
    conductivity_std_S_cm: float | None
    n_net_hops: float | None = None
    status: str
    reasons: list[str]
    diffusion_uuid: str | None
    lag_ps: list[float] = Field(default_factory=list)
    msd_A2: list[float] = Field(default_factory=list)
    fit_window_ps: tuple[float, float] | None = None


class ArrheniusFit(BaseModel):
    """Weighted fit of ln(sigma T) against 1/T."""

    model_config = ConfigDict(extra="forbid")

    activation_energy_eV: float
    activation_energy_std_eV: float
    ln_prefactor: float = Field(description="of sigma T in S K / cm")
    covariance: list[list[float]] = Field(description="of (ln_prefactor, activation_energy_eV)")
    chi2_reduced: float | None
    n_points: int
    temperature_min_K: float
    temperature_max_K: float
    model_error: float = Field(
        description="relative error that all points share; in predictions, not in the covariance"
    )


class RoomTemperatureConductivity(BaseModel):
    """An extrapolated conductivity with its 95 % interval."""

    model_config = ConfigDict(extra="forbid")

    temperature_K: float
    conductivity_S_cm: float
    lower_S_cm: float
    upper_S_cm: float


class GrainSizeMap(BaseModel):
    """Total conductivity of a ceramic over grain size (brick-layer model)."""

    model_config = ConfigDict(extra="forbid")

    temperature_K: float
    grain_size_nm: list[float]
    total_S_cm: list[float]
    lower_S_cm: list[float]
    upper_S_cm: list[float]
    blocking_factor: list[float]
    model: str
    parameters: list[Quantity]


class ConductivityDoc(Document):
    """Ionic conductivity of one structure over temperature."""

    formula: str
    mobile_ion: str
    points: list[ConductivityPoint]
    arrhenius: ArrheniusFit | None
    room_temperature: RoomTemperatureConductivity | None
    grain_size_map: GrainSizeMap | None = None
    md_settings: dict[str, float | int | str] = Field(default_factory=dict)
