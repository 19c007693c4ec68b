"""A measured impedance spectrum, the circuit fitted to it, and the conductivities it gives."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from perolyte.schemas.base import Document

__all__ = [
    "ArcDescription",
    "CircuitDescription",
    "CircuitParameter",
    "ImpedanceDoc",
    "KramersKronigDescription",
    "MeasuredQuantity",
    "SampleDescription",
]


class SampleDescription(BaseModel):
    """What was measured, and what is assumed of it."""

    model_config = ConfigDict(extra="forbid")

    composition: str | None = Field(default=None, description="as the user writes it")
    temperature_K: float | None = None
    length_cm: float = Field(description="distance of the electrodes")
    area_cm2: float = Field(description="of one electrode")
    grain_size_nm: float | None = None
    boundary_thickness_nm: float | None = Field(default=None, description="assumed")
    bulk_permittivity: float | None = Field(default=None, description="assumed, relative")
    permittivity_ratio: float = Field(default=1.0, description="assumed, boundary over bulk")


class ArcDescription(BaseModel):
    """One arc: a resistance beside a constant phase element."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["bulk", "boundary", "electrode", "unassigned"]
    resistance_ohm: float
    cpe_coefficient: float = Field(description="Q, S s^n")
    cpe_exponent: float = Field(description="n; 1 is a capacitor")
    capacitance_F: float = Field(description="(R^(1-n) Q)^(1/n)")
    peak_frequency_Hz: float


class CircuitParameter(BaseModel):
    """A fitted parameter, resistances and times as logarithms."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: float
    std: float = Field(description="standard error; 0 where the parameter sits at a limit")
    is_at_limit: bool


class CircuitDescription(BaseModel):
    """The circuit that was chosen, with errors, beside those that were tried."""

    model_config = ConfigDict(extra="forbid")

    label: str = Field(description="R0-p(R1,CPE1)-CPE2: - in series, p() side by side")
    arcs: list[ArcDescription] = Field(description="from fast to slow")
    electrode_coefficient: float | None = Field(default=None, description="Q, S s^n")
    electrode_exponent: float | None = None
    series_resistance_ohm: float
    parameters: list[CircuitParameter]
    covariance: list[list[float]] = Field(description="of the parameters, in their order")
    correlated: list[tuple[str, str, float]] = Field(
        description="pairs of parameters with a correlation beyond 0.95"
    )
    relative_noise: float = Field(description="standard deviation of the misfit over |Z|")
    autocorrelation: float = Field(description="of neighbouring residuals")
    tried: list[tuple[str, int, float]] = Field(
        description="label, number of parameters, Bayesian information criterion above the lowest"
    )


class KramersKronigDescription(BaseModel):
    """Whether the spectrum agrees with itself; shares of |Z|."""

    model_config = ConfigDict(extra="forbid")

    is_consistent: bool
    systematic: float = Field(description="largest mean of five neighbouring residuals")
    noise: float
    n_elements: int
    mu: float


class MeasuredQuantity(BaseModel):
    """A number from the spectrum; its error is that of the fit alone."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: float
    unit: str
    relative_std: float
    lower: float = Field(description="95 % interval")
    upper: float = Field(description="95 % interval")
    label: Literal["fitted", "assumed"] = Field(
        description="assumed: an assumption of the sample enters, as said"
    )
    assumption: str


class ImpedanceDoc(Document):
    """One spectrum. "unphysical" says that it fails the Kramers-Kronig test."""

    current_version: ClassVar[int] = 1

    source: str | None = Field(default=None, description="path of the file")
    notes: list[str] = Field(default_factory=list, description="how the file was read")
    sample: SampleDescription
    frequency_Hz: list[float] = Field(description="falling")
    real_ohm: list[float]
    imaginary_ohm: list[float] = Field(description="below zero for a capacitive sample")
    circuit: CircuitDescription | None
    kramers_kronig: KramersKronigDescription | None = Field(
        description="None where the test was not made, with a warning"
    )
    values: list[MeasuredQuantity] = Field(default_factory=list)

    @model_validator(mode="after")
    def _match_lengths(self) -> ImpedanceDoc:
        lengths = {len(self.frequency_Hz), len(self.real_ohm), len(self.imaginary_ohm)}
        if len(lengths) != 1:
            message = f"frequencies and both parts have {sorted(lengths)} entries; one each"
            raise ValueError(message)
        return self

    def find(self, name: str) -> MeasuredQuantity | None:
        """Return a value by its name, None where the spectrum does not give it."""
        return next((value for value in self.values if value.name == name), None)
