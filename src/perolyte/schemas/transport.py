"""Diffusivity at one temperature, conductivity over temperatures, and over grain size."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from perolyte.schemas.base import Document, Quantity, Status

__all__ = [
    "ArrheniusFit",
    "ChargeTransport",
    "ConductivityDoc",
    "ConductivityPoint",
    "DiffusionDoc",
    "GrainSizeMap",
    "RegimeChange",
    "RegimeSegment",
    "RoomTemperatureConductivity",
    "VogelFit",
]

Tensor = list[list[float]]


class ChargeTransport(BaseModel):
    """What all ions together carry: charge diffusivity, true conductivity and Haven ratio.

    Intervals are 95 %; numbers are None unless ``status`` is "converged".
    """

    model_config = ConfigDict(extra="forbid")

    status: Status
    reasons: list[str] = Field(default_factory=list)
    diffusivity_cm2_s: float | None = None
    diffusivity_std_cm2_s: float | None = None
    diffusivity_lower_cm2_s: float | None = None
    diffusivity_upper_cm2_s: float | None = None
    diffusivity_upper_bound_cm2_s: float | None = None
    conductivity_S_cm: float | None = Field(default=None, description="with correlation of ions")
    conductivity_std_S_cm: float | None = None
    conductivity_lower_S_cm: float | None = None
    conductivity_upper_S_cm: float | None = None
    conductivity_upper_bound_S_cm: float | None = None
    relative_error: float | None = None
    haven_ratio: float | None = Field(default=None, description="tracer over charge diffusivity")
    haven_ratio_std: float | None = None
    haven_ratio_lower: float | None = None
    haven_ratio_upper: float | None = None


class _RunNumbers(BaseModel):
    """What one run says, in its own document and as a point of a conductivity."""

    temperature_K: float
    diffusivity_cm2_s: float | None = Field(description="tracer diffusivity")
    diffusivity_std_cm2_s: float | None
    diffusivity_lower_cm2_s: float | None = Field(default=None, description="95 % interval")
    diffusivity_upper_cm2_s: float | None = Field(default=None, description="95 % interval")
    diffusivity_upper_bound_cm2_s: float | None = Field(
        default=None, description="what a run without a diffusivity excludes at 95 %"
    )
    conductivity_S_cm: float | None = Field(description="Nernst-Einstein: Haven ratio taken as 1")
    conductivity_std_S_cm: float | None
    conductivity_lower_S_cm: float | None = Field(default=None, description="95 % interval")
    conductivity_upper_S_cm: float | None = Field(default=None, description="95 % interval")
    conductivity_upper_bound_S_cm: float | None = None
    relative_error: float | None = Field(default=None, description="standard error over value")
    n_net_hops: float | None = None
    lag_ps: list[float] = Field(default_factory=list)
    msd_A2: list[float] = Field(default_factory=list)
    msd_std_A2: list[float] = Field(default_factory=list, description="standard error")
    intercept_A2: float | None = Field(default=None, description="of the fitted line")
    fit_window_ps: tuple[float, float] | None = None
    charge_transport: ChargeTransport | None = None


class DiffusionDoc(_RunNumbers, Document):
    """Diffusivity of one ion at one temperature, from one trajectory."""

    current_version: ClassVar[int] = 2

    formula: str | None = Field(default=None, description="of all atoms of the run, reduced")
    mobile_ion: str
    charge: float = Field(description="of one ion, elementary charges")
    mean_temperature_K: float | None = Field(default=None, description="over the analysed part")
    n_ions: int
    n_independent_ions: float | None = Field(
        default=None, description="fewer than n_ions where ions move together"
    )
    volume_A3: float
    hop_distance_A: float
    time_step_fs: float | None = None
    frame_interval_fs: float
    equilibration_ps: float = Field(description="discarded at the start")
    run_length_ps: float = Field(description="analysed")
    required_length_ps: float | None = Field(
        default=None,
        description="run that would give a relative error of 0.1, or the shortest that gives a "
        "value; None where nothing is known, or longer than can be said",
    )
    diffusivity_tensor_cm2_s: Tensor | None = Field(default=None, description="(3, 3)")
    diffusivity_tensor_std_cm2_s: Tensor | None = Field(default=None, description="(3, 3)")
    error_source: str | None = Field(
        default=None, description="covariance, ions or blocks: the largest of the estimates"
    )
    relative_errors: dict[str, float] | None = None
    log_log_slope: float | None
    source: str | None = Field(default=None, description="path of a trajectory file")
    reading: dict[str, Any] | None = Field(default=None, description="how the file was read")
    sites: list[int | str] | None = Field(
        default=None, description="atoms that count, where not all of the element"
    )
    trajectory_uuid: str | None = None
    trajectory_position: int | None = Field(
        default=None, description="among the runs of that document"
    )
    trajectory_sha256: str | None = None
    analysis_version: int | None = Field(
        default=None, description="perolyte.transport.ANALYSIS_VERSION that made the numbers"
    )


class ConductivityPoint(_RunNumbers):
    """One temperature of a :class:`ConductivityDoc`; several runs of it are averaged.

    The curves are those of the run with most net hops.
    """

    model_config = ConfigDict(extra="forbid")

    status: str
    reasons: list[str]
    diffusion_uuids: list[str] = Field(description="runs, also those without a value")


class ArrheniusFit(BaseModel):
    """Weighted fit of ln(sigma T) against 1/T."""

    model_config = ConfigDict(extra="forbid")

    activation_energy_eV: float
    activation_energy_std_eV: float
    activation_energy_interval_eV: tuple[float, float] | None = Field(
        default=None, description="95 %"
    )
    ln_prefactor: float = Field(description="of sigma T in S K / cm")
    covariance: list[list[float]] = Field(description="of (ln_prefactor, activation_energy_eV)")
    chi2_reduced: float | None
    n_points: int
    temperature_min_K: float
    temperature_max_K: float
    model_error: float = Field(
        description="relative error that all points share; in predictions, not in the covariance"
    )


class RegimeSegment(BaseModel):
    """The Arrhenius line on one side of a change of regime."""

    model_config = ConfigDict(extra="forbid")

    temperature_min_K: float
    temperature_max_K: float
    activation_energy_eV: float
    activation_energy_std_eV: float
    n_points: int


class RegimeChange(BaseModel):
    """Two lines that describe the temperatures better than one; nothing is extrapolated then."""

    model_config = ConfigDict(extra="forbid")

    form: Literal["kink", "step"] = Field(description="lines that meet, or that do not")
    temperature_K: float
    below: RegimeSegment
    above: RegimeSegment


class VogelFit(BaseModel):
    """Vogel-Tammann-Fulcher law ln(sigma T) = ln A - B / (kB (T - T0)) of the same points."""

    model_config = ConfigDict(extra="forbid")

    ln_prefactor: float
    pseudo_energy_eV: float
    pseudo_energy_std_eV: float
    vogel_temperature_K: float
    vogel_temperature_std_K: float
    bic_minus_line: float = Field(
        description="Bayesian information criterion minus the line's; preferred below -6"
    )
    is_preferred: bool


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
    interval_from: Literal["bulk", "bulk and boundary"] = Field(
        default="bulk",
        description="errors in the interval; documents before version 3 know only the bulk's",
    )


class ConductivityDoc(Document):
    """Ionic conductivity of one structure over temperature.

    ``arrhenius`` and ``room_temperature`` are of the Nernst-Einstein conductivity, those named
    ``charge_`` of the conductivity with the correlation of the ions, whose errors are larger.
    """

    current_version: ClassVar[int] = 3

    formula: str
    mobile_ion: str
    points: list[ConductivityPoint]
    arrhenius: ArrheniusFit | None
    room_temperature: RoomTemperatureConductivity | None
    regime_change: RegimeChange | None = None
    vogel: VogelFit | None = Field(default=None, description="from six temperatures on")
    charge_arrhenius: ArrheniusFit | None = None
    charge_room_temperature: RoomTemperatureConductivity | None = None
    charge_reasons: list[str] = Field(
        default_factory=list, description="why there is no charge_arrhenius"
    )
    extrapolate_to_K: float | None = Field(default=None, description="asked for")
    analysis_version: int | None = Field(
        default=None, description="perolyte.transport.ANALYSIS_VERSION that made the fit"
    )
    grain_size_map: GrainSizeMap | None = None
    md_settings: dict[str, float | int | str] = Field(default_factory=dict)
