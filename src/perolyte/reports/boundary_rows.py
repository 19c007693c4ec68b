"""Simulated boundaries as texts: one row for each temperature, for the report and the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perolyte.reports.text import DASH, format_bounds, format_with_error
from perolyte.schemas import BoundaryValue, SimulatedBoundary

__all__ = ["BoundaryLine", "describe_simulated", "format_boundary_value"]


@dataclass(frozen=True)
class BoundaryLine:
    """One temperature of a boundary.

    Attributes
    ----------
    is_first
        Whether what holds for all temperatures is shown here.
    n_lines
        Of the boundary.
    energy
        J/m².
    thickness
        Å, with its label.
    temperature
        K.
    resistance
        Ω cm².
    conductivity
        S/cm.
    """

    name: str
    is_first: bool
    n_lines: int
    energy: str
    thickness: str
    temperature: str
    resistance: str
    conductivity: str
    status: str
    reasons: tuple[str, ...]

    @property
    def is_resolved(self) -> bool:
        """Whether there is a resistance."""
        return self.status == "converged"


def describe_simulated(boundaries: Sequence[SimulatedBoundary]) -> list[BoundaryLine]:
    """Return the lines of all boundaries, in their order, by temperature."""
    return [line for boundary in boundaries for line in _describe(boundary)]


def format_boundary_value(value: BoundaryValue) -> str:
    """Write a value with its standard error, else its 95 % bounds, else a dash.

    Examples
    --------
    >>> format_boundary_value(BoundaryValue(status="converged", value=3.2e-6, error=4e-7))
    '3.2(4)×10⁻⁶'
    >>> format_boundary_value(BoundaryValue(status="not_converged", lower_bound=1e-6))
    '> 1.0×10⁻⁶'
    """
    if value.value is not None:
        return format_with_error(value.value, value.error).replace("-", "−")
    return format_bounds(value.lower_bound, value.upper_bound)


def _describe(boundary: SimulatedBoundary) -> list[BoundaryLine]:
    rows = sorted(
        zip(
            boundary.temperatures_K,
            boundary.asr_ohm_cm2,
            boundary.specific_conductivity_S_cm,
            strict=True,
        ),
        key=lambda row: row[0],
    )
    energy = boundary.boundary_energy_J_m2
    return [
        BoundaryLine(
            name=boundary.name,
            is_first=index == 0,
            n_lines=len(rows),
            energy=DASH if energy is None else f"{energy:.3f}".replace("-", "−"),
            thickness=f"{boundary.thickness_A:g} ({boundary.thickness_label})",
            temperature=f"{kelvin:g}",
            resistance=format_boundary_value(resistance),
            conductivity=format_boundary_value(conductivity),
            status=resistance.status.replace("_", " "),
            reasons=tuple(dict.fromkeys([*resistance.reasons, *conductivity.reasons])),
        )
        for index, (kelvin, resistance, conductivity) in enumerate(rows)
    ]
