"""What of a summary may be shown as a number: the one place that decides it."""

from __future__ import annotations

from typing import Final

from perolyte.reports.text import finite_or_none, format_energy
from perolyte.schemas import (
    ArrheniusFit,
    BindingEnergy,
    ConductivityPoint,
    GrainSizeMap,
    ResultRow,
    RoomTemperatureConductivity,
    ScreeningSummaryDoc,
)

__all__ = [
    "candidates_with_md",
    "describe_binding",
    "describe_doping",
    "describe_status",
    "find_target_temperature",
    "find_temperatures",
    "is_resolved_point",
    "resolved_fit",
    "resolved_map",
    "resolved_points",
    "resolved_room",
    "short_reason",
]

_DEFAULT_TARGET_K: Final = 300.0
"""Only names empty columns and headings, where no document of the campaign has a temperature."""

_N_REASONS: Final = 2
_STATUS_WORDS: Final = {"not_converged": "not converged", "not_run": "not run"}


def is_resolved_point(point: ConductivityPoint) -> bool:
    """Say whether one temperature has a diffusivity and a conductivity that can be used."""
    numbers = (point.diffusivity_cm2_s, point.conductivity_S_cm)
    return point.status == "converged" and all(finite_or_none(n) is not None for n in numbers)


def resolved_points(row: ResultRow) -> list[ConductivityPoint]:
    """Return the temperatures of a candidate that can be used, coldest first."""
    points = row.conductivity.points if row.conductivity else []
    return sorted(filter(is_resolved_point, points), key=lambda point: point.temperature_K)


def resolved_fit(row: ResultRow) -> ArrheniusFit | None:
    """Return the Arrhenius fit, None unless the conductivity converged."""
    if row.conductivity is None or row.status != "converged":
        return None
    return row.conductivity.arrhenius


def resolved_room(row: ResultRow) -> RoomTemperatureConductivity | None:
    """Return the extrapolated conductivity, None unless it converged and is a number."""
    if row.conductivity is None or row.status != "converged":
        return None
    room = row.conductivity.room_temperature
    if room is None:
        return None
    numbers = (room.conductivity_S_cm, room.lower_S_cm, room.upper_S_cm)
    return None if any(finite_or_none(number) is None for number in numbers) else room


def resolved_map(row: ResultRow) -> GrainSizeMap | None:
    """Return the map over grain size, None unless the bulk conductivity under it is resolved."""
    return row.conductivity.grain_size_map if row.conductivity and resolved_room(row) else None


def candidates_with_md(summary: ScreeningSummaryDoc) -> list[ResultRow]:
    """Return the candidates that molecular dynamics was run for."""
    return [row for row in summary.candidates if row.conductivity is not None]


def find_temperatures(summary: ScreeningSummaryDoc) -> list[float]:
    """Return every temperature that was simulated, in K, rising."""
    rows = candidates_with_md(summary)
    return sorted(
        {p.temperature_K for row in rows if row.conductivity for p in row.conductivity.points}
    )


def find_target_temperature(summary: ScreeningSummaryDoc) -> float:
    """Return the temperature in K that conductivities are compared at."""
    documents = [row.conductivity for row in summary.candidates if row.conductivity]
    stated = [d.room_temperature.temperature_K for d in documents if d.room_temperature]
    stated += [d.extrapolate_to_K for d in documents if d.extrapolate_to_K]
    stated += [float(d.md_settings.get("extrapolate_to_K", "nan")) for d in documents]
    stated += [d.grain_size_map.temperature_K for d in documents if d.grain_size_map]
    stated += [summary.reference_map.temperature_K] if summary.reference_map else []
    known = [value for value in map(finite_or_none, stated) if value is not None]
    return known[0] if known else _DEFAULT_TARGET_K


def describe_status(row: ResultRow) -> str:
    """Return the status in words; a failed relaxation is the reason where no MD was run.

    Where MD was run, it is the status of the conductivity.
    """
    status, prefix = row.status, ""
    if row.status == "not_run" and row.relax_status != "converged":
        status, prefix = row.relax_status, "relaxation "
    return prefix + _STATUS_WORDS.get(status, status.replace("_", " "))


def describe_doping(row: ResultRow) -> str:
    """Return dopant, number and scheme in a few characters."""
    if row.doping is None:
        return "" if row.kind == "doping" else row.kind
    return f"{row.doping.n_dopants} {row.doping.element}, {row.doping.scheme}"


def describe_binding(entry: BindingEnergy) -> str:
    """Return the energy of a defect pair against the same pair far apart, in words."""
    pair = f"{entry.name}: {entry.first} and {entry.second} {entry.distance_A:.2f} Å apart"
    energy = finite_or_none(entry.energy_eV)
    if energy is None or entry.reference_distance_A is None:
        return f"{pair}: no binding energy: {entry.reason or 'not computed'}"
    how = "bound" if energy < 0 else "not bound"
    return (
        f"{pair}: {how}, {format_energy(energy)} eV against {entry.reference_distance_A:.2f} Å "
        f"({entry.reference})"
    )


def short_reason(row: ResultRow) -> str:
    """Return the first reasons why a candidate has no conductivity, and how many more there are.

    The first is that of the fit, the second that of the first temperature.
    """
    if not row.reasons:
        return "no molecular dynamics was run for it" if row.status == "not_run" else ""
    more = len(row.reasons) - _N_REASONS
    return "; ".join(row.reasons[:_N_REASONS]) + (f" (and {more} more)" if more > 0 else "")
