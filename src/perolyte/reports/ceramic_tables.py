"""Tables of ceramics as texts: boundaries by dopant, and the parameters of the maps."""

from __future__ import annotations

from perolyte.reports.parameters import Parameter
from perolyte.reports.text import (
    DASH,
    format_given,
    format_interval,
    format_significant,
    format_with_error,
)
from perolyte.schemas import BoundaryRow, CeramicMaps, Quantity

__all__ = ["describe_boundaries", "describe_ceramic_parameters"]


def describe_boundaries(maps: CeramicMaps | None) -> list[dict[str, str]]:
    """Return the table from doping to boundary as the texts of its cells."""
    return [_describe_row(row) for row in maps.boundaries] if maps is not None else []


def describe_ceramic_parameters(maps: CeramicMaps | None) -> list[Parameter]:
    """Return what entered the maps, each once, with the materials it was used for."""
    found: dict[tuple[str, str, str, str, str], list[str]] = {}
    for material in maps.materials if maps is not None else []:
        for item in material.parameters:
            key = (item.name, _write_value(item), item.unit, item.label, item.source)
            names = found.setdefault(key, [])
            if material.name not in names:
                names.append(material.name)
    return [Parameter(*key, names=tuple(names)) for key, names in found.items()]


def _describe_row(row: BoundaryRow) -> dict[str, str]:
    energy = DASH
    if row.activation_energy_eV is not None:
        energy = format_given(row.activation_energy_eV)
        if row.activation_energy_std_eV:
            energy = format_with_error(row.activation_energy_eV, row.activation_energy_std_eV)
    fraction = "" if row.fraction is None else f", {row.fraction:.3g}"
    extrapolated = " (extrapolated)" if row.is_extrapolated else ""
    return {
        "material": row.material,
        "dopant": DASH if row.dopant is None else f"{row.dopant}{fraction}",
        "boundary": row.boundary,
        "temperature": f"{row.temperature_K:g}",
        "sigma": format_interval(row.conductivity_S_cm, row.lower_S_cm, row.upper_S_cm)
        + extrapolated,
        "resistance": format_significant(row.area_resistance_ohm_cm2, 2),
        "energy": energy,
        "ratio": format_significant(row.bulk_over_boundary, 2),
        "label": row.label,
        "source": row.source,
    }


def _write_value(item: Quantity) -> str:
    if item.lower is None or item.upper is None or item.lower == item.upper:
        return format_given(item.value)
    return format_interval(item.value, item.lower, item.upper)
