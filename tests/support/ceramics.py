"""Maps over grain size with chosen numbers, for tests of what is made from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from perolyte.jobs import build_grain_size_map
from perolyte.schemas import ArrheniusFit, GivenBoundary, GivenBulk, GrainSizeMapDoc
from perolyte.schemas import GrainSizeSettings as Settings

BOUNDARY: dict[str, Any] = {
    "name": "grain boundary",
    "conductivity_S_cm": 4e-8,
    "temperature_K": 300.0,
    "activation_energy_eV": 0.42,
    "thickness_nm": 1.0,
    "source": "a paper",
}
BULK: dict[str, Any] = {
    "name": "Li0.33La0.56TiO3",
    "formula": "Li0.33La0.56TiO3",
    "conductivity_S_cm": 1e-3,
    "temperature_K": 300.0,
    "activation_energy_eV": 0.33,
    "temperature_min_K": 280.0,
    "temperature_max_K": 360.0,
    "source": "another paper",
}


def make_settings(**changes: Any) -> Settings:
    given = {
        "values": [GivenBoundary(**BOUNDARY)],
        "bulk": [GivenBulk(**BULK)],
        "temperatures_K": [300.0, 350.0, 400.0],
        "n_grain_sizes": 9,
        "n_draws": 60,
    }
    return Settings(**{**given, **changes})


def make_map_document(**changes: Any) -> GrainSizeMapDoc:
    return build_grain_size_map([], make_settings(**changes), seed=1)


def make_line(
    energy_eV: float = 0.3, *, ln_prefactor: float = 10.0, chi2_reduced: float | None = None
) -> ArrheniusFit:
    return ArrheniusFit(
        activation_energy_eV=energy_eV,
        activation_energy_std_eV=0.02,
        ln_prefactor=ln_prefactor,
        covariance=[[0.08, 5.6e-3], [5.6e-3, 4e-4]],
        chi2_reduced=chi2_reduced,
        n_points=4,
        temperature_min_K=600.0,
        temperature_max_K=1000.0,
        model_error=0.1,
    )


@dataclass
class SimulatedBoundary:
    """The fields of a GrainBoundaryDoc that a map reads."""

    candidate: str | None = None
    arrhenius: ArrheniusFit | None = None
    sigma_value: int = 5
    miller: tuple[int, int, int] = (3, 1, 0)
    thickness_A: float = 10.0
    uuid: str | None = "boundary-uuid"
    name: str = "a boundary"
    status: str = "converged"
    reasons: list[str] = field(default_factory=list)
    arrhenius_reasons: list[str] = field(default_factory=list)
