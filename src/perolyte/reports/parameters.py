"""What a campaign's numbers rest on besides the simulation, each with its label and source."""

from __future__ import annotations

import math
from dataclasses import dataclass

from perolyte.reports.selection import candidates_with_md, resolved_map, resolved_room
from perolyte.reports.text import format_given, format_interval, format_significant
from perolyte.schemas import Quantity, ResultRow, ScreeningSummaryDoc

__all__ = ["Parameter", "Setting", "collect_parameters", "collect_settings"]


@dataclass(frozen=True)
class Parameter:
    """A row of the table of parameters.

    Attributes
    ----------
    names
        Candidates it was used for; "literature curve" for the comparison.
    """

    name: str
    value: str
    unit: str
    label: str
    source: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Setting:
    """One setting of the molecular dynamics and the candidates it was used for."""

    name: str
    value: str
    names: tuple[str, ...]


def collect_parameters(summary: ScreeningSummaryDoc) -> list[Parameter]:
    """Return the parameters of all maps over grain size, each once."""
    found: dict[tuple[str, str, str, str, str], list[str]] = {}
    for row in summary.candidates:
        used = resolved_map(row)
        for quantity in used.parameters if used else []:
            found.setdefault(_describe(quantity, row), []).append(row.name)
    for quantity in summary.reference_map.parameters if summary.reference_map else []:
        found.setdefault(_describe(quantity, None), []).append("literature curve")
    return [Parameter(*key, names=tuple(names)) for key, names in found.items()]


def collect_settings(summary: ScreeningSummaryDoc) -> list[Setting]:
    """Return the settings of the molecular dynamics, each value once."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in candidates_with_md(summary):
        settings = row.conductivity.md_settings if row.conductivity else {}
        for name, value in settings.items():
            text = value if isinstance(value, str) else f"{value:.6g}"
            if text:
                found.setdefault((name, text), []).append(row.name)
    return [Setting(name, value, tuple(names)) for (name, value), names in found.items()]


def _describe(quantity: Quantity, row: ResultRow | None) -> tuple[str, str, str, str, str]:
    return (
        quantity.name,
        _write_value(quantity, row),
        quantity.unit,
        quantity.label,
        quantity.source,
    )


def _write_value(quantity: Quantity, row: ResultRow | None) -> str:
    """Write given values as given, computed ones with the digits that their error leaves."""
    if quantity.label in {"literature", "assumed"}:
        return format_given(quantity.value)
    room = resolved_room(row) if row else None
    if room is not None and math.isclose(room.conductivity_S_cm, quantity.value):
        return format_interval(room.conductivity_S_cm, room.lower_S_cm, room.upper_S_cm)
    return format_significant(quantity.value, 2)
