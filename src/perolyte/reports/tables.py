"""Results as tables for other programs: CSV with one row per candidate, and complete JSON."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, Final

from perolyte.files import replace_file
from perolyte.reports.selection import (
    find_target_temperature,
    find_temperatures,
    is_resolved_point,
    resolved_fit,
    resolved_map,
    resolved_room,
)
from perolyte.reports.text import finite_or_none
from perolyte.schemas import ConductivityPoint, ResultRow, ScreeningSummaryDoc

__all__ = ["csv_text", "json_text", "result_records", "write_csv", "write_json"]

_SCHEMA: Final = {"name": "perolyte.results", "version": 1}
_COVERAGE: Final = 0.95
_DOPING_COLUMNS: Final = {
    "dopant": "element",
    "scheme": "scheme",
    "n_dopants": "n_dopants",
    "basis": "basis",
    "fraction_requested": "fraction_requested",
    "fraction_achieved": "fraction_achieved",
}


def result_records(summary: ScreeningSummaryDoc) -> list[dict[str, Any]]:
    """Return one flat dict per candidate, in the order of their ranks.

    All have the same keys; units are at the end of the keys. What is not resolved is None. Lists of
    words are joined with "; ".

    Parameters
    ----------
    summary
        Of one campaign.

    Returns
    -------
    list of dict
        Temperatures stand in the keys: ``diffusivity_1000K_cm2_s`` for each one simulated,
        ``conductivity_300K_S_cm`` with ``_lower_`` and ``_upper_`` (95 %) for the one that was
        extrapolated to (``conductivity_300K_fit_S_cm`` where 300 K was simulated as well).
    """
    temperatures = find_temperatures(summary)
    target_K = find_target_temperature(summary)
    roles = list(dict.fromkeys(role for row in summary.candidates for role in row.uuids))
    return [
        {
            **_describe_candidate(row),
            **_describe_temperatures(row, temperatures),
            **_describe_fit(row, target_K, is_simulated=target_K in temperatures),
            "status": row.status,
            "reasons": "; ".join(row.reasons),
            "warnings": "; ".join(row.warnings),
            **{f"uuid_{role}": row.uuids.get(role) for role in roles},
        }
        for row in _in_order(summary)
    ]


def csv_text(summary: ScreeningSummaryDoc) -> str:
    """Return the records as CSV: a header, one line per candidate, nothing where no number is."""
    records = result_records(summary)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(records[0]) if records else ["rank"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return buffer.getvalue()


def json_text(summary: ScreeningSummaryDoc) -> str:
    """Return everything that is known of every candidate as strictly valid JSON.

    Mean squared displacements are left out: they are in the documents that the uuids name.
    """
    content = {
        "schema": {
            **_SCHEMA,
            "document": summary.schema_name,
            "document_version": summary.schema_version,
        },
        "campaign": summary.campaign,
        "name": summary.name,
        "uuid": summary.uuid,
        "status": summary.status,
        "reasons": summary.reasons,
        "warnings": summary.warnings,
        "parent_formula": summary.parent_formula,
        "campaign_file_sha256": summary.campaign_file_sha256,
        "provenance": summary.provenance.model_dump(mode="json"),
        "candidates": [_nest_candidate(row) for row in _in_order(summary)],
        "binding_energies": [_dump(entry) for entry in summary.binding_energies],
        "simulated_boundaries": [_dump(entry) for entry in summary.simulated_boundaries],
        "literature_map": _dump(summary.reference_map),
        "ceramic_maps": _dump(summary.ceramic_maps),
    }
    return json.dumps(_clean(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_csv(summary: ScreeningSummaryDoc, path: str | Path) -> Path:
    """Write :func:`csv_text` to a file, whole or not at all."""
    return replace_file(path, csv_text(summary))


def write_json(summary: ScreeningSummaryDoc, path: str | Path) -> Path:
    """Write :func:`json_text` to a file, whole or not at all."""
    return replace_file(path, json_text(summary))


def _in_order(summary: ScreeningSummaryDoc) -> list[ResultRow]:
    return sorted(summary.candidates, key=lambda row: row.rank)


def _describe_candidate(row: ResultRow) -> dict[str, Any]:
    doping = {
        column: getattr(row.doping, field) if row.doping else None
        for column, field in _DOPING_COLUMNS.items()
    }
    return {
        "rank": row.rank,
        "ranked_by": row.ranked_by,
        "name": row.name,
        "kind": row.kind,
        "formula": row.formula,
        **doping,
        "relaxed_energy_per_atom_eV": finite_or_none(row.relaxed_energy_per_atom_eV),
        "relax_status": row.relax_status,
        "reaction_energy_eV_per_dopant": finite_or_none(row.reaction_energy_eV_per_dopant),
        **_list_barriers(row),
    }


def _list_barriers(row: ResultRow) -> dict[str, Any]:
    return {
        "bvse_1d_eV": finite_or_none(row.bvse_1d_eV),
        "bvse_2d_eV": finite_or_none(row.bvse_2d_eV),
        "bvse_3d_eV": finite_or_none(row.bvse_3d_eV),
        "bvse_convention": row.bvse_convention,
    }


def _describe_temperatures(row: ResultRow, temperatures: list[float]) -> dict[str, Any]:
    points = {p.temperature_K: p for p in (row.conductivity.points if row.conductivity else [])}
    record: dict[str, Any] = {}
    for temperature in temperatures:
        label, point = f"{temperature:g}K", points.get(temperature)
        numbers = _numbers_of(point)
        record |= {
            f"diffusivity_{label}_cm2_s": numbers["diffusivity_cm2_s"],
            f"diffusivity_std_{label}_cm2_s": numbers["diffusivity_std_cm2_s"],
            f"conductivity_{label}_S_cm": numbers["conductivity_S_cm"],
            f"conductivity_std_{label}_S_cm": numbers["conductivity_std_S_cm"],
            f"charge_conductivity_{label}_S_cm": numbers["charge_conductivity_S_cm"],
            f"charge_conductivity_std_{label}_S_cm": numbers["charge_conductivity_std_S_cm"],
            f"haven_ratio_{label}": numbers["haven_ratio"],
            f"haven_ratio_std_{label}": numbers["haven_ratio_std"],
            f"status_{label}": None if point is None else point.status,
        }
    return record


def _describe_fit(row: ResultRow, target_K: float, *, is_simulated: bool) -> dict[str, Any]:
    fit, room = resolved_fit(row), resolved_room(row)
    # a simulated temperature has a column of this name already, with the number from its own run
    label = f"{target_K:g}K_fit" if is_simulated else f"{target_K:g}K"
    if room is not None and room.temperature_K != target_K:
        room = None  # another temperature's number has no place in this column
    return {
        "activation_energy_eV": finite_or_none(fit.activation_energy_eV) if fit else None,
        "activation_energy_std_eV": finite_or_none(fit.activation_energy_std_eV) if fit else None,
        f"conductivity_{label}_S_cm": room.conductivity_S_cm if room else None,
        f"conductivity_{label}_lower_S_cm": room.lower_S_cm if room else None,
        f"conductivity_{label}_upper_S_cm": room.upper_S_cm if room else None,
    }


_POINT_NUMBERS: Final = tuple(
    f"{field}{part}_{unit}"
    for field, unit in (("diffusivity", "cm2_s"), ("conductivity", "S_cm"))
    for part in ("", "_std", "_lower", "_upper")
)
_CHARGE_NUMBERS: Final = (
    *(f"conductivity{part}_S_cm" for part in ("", "_std", "_lower", "_upper")),
    *(f"haven_ratio{part}" for part in ("", "_std", "_lower", "_upper")),
)


def _numbers_of(point: ConductivityPoint | None) -> dict[str, float | None]:
    """Return the numbers of a temperature, None each unless it is resolved."""
    charge = None
    if point is not None and is_resolved_point(point):
        charge = point.charge_transport
    else:
        point = None
    numbers = {name: finite_or_none(getattr(point, name, None)) for name in _POINT_NUMBERS}
    for name in _CHARGE_NUMBERS:
        label = name if name.startswith("haven") else f"charge_{name}"
        numbers[label] = finite_or_none(getattr(charge, name, None))
    return numbers


def _nest_candidate(row: ResultRow) -> dict[str, Any]:
    conductivity, room = row.conductivity, resolved_room(row)
    return {
        "rank": row.rank,
        "ranked_by": row.ranked_by,
        "name": row.name,
        "kind": row.kind,
        "formula": row.formula,
        "n_atoms": row.n_atoms,
        "doping": _dump(row.doping),
        "scheme": row.doping.scheme if row.doping else None,
        "fraction_achieved": row.doping.fraction_achieved if row.doping else None,
        "relax_status": row.relax_status,
        "relaxed_energy_per_atom_eV": row.relaxed_energy_per_atom_eV,
        "reaction_energy_eV_per_dopant": row.reaction_energy_eV_per_dopant,
        "reaction": row.reaction,
        **_list_barriers(row),
        "temperatures": [_nest_point(p) for p in (conductivity.points if conductivity else [])],
        "arrhenius": _dump(resolved_fit(row)),
        "room_temperature": {**room.model_dump(), "coverage": _COVERAGE} if room else None,
        "regime_change": _dump(conductivity.regime_change if conductivity else None),
        "vogel": _dump(conductivity.vogel if conductivity else None),
        "charge_arrhenius": _dump(conductivity.charge_arrhenius if conductivity else None),
        "charge_room_temperature": _dump(
            conductivity.charge_room_temperature if conductivity else None
        ),
        "grain_size_map": _dump(resolved_map(row)),
        "md_settings": conductivity.md_settings if conductivity else None,
        "status": row.status,
        "reasons": row.reasons,
        "warnings": row.warnings,
        "uuids": row.uuids,
    }


def _nest_point(point: ConductivityPoint) -> dict[str, Any]:
    return {
        "temperature_K": point.temperature_K,
        **_numbers_of(point),
        "diffusivity_upper_bound_cm2_s": point.diffusivity_upper_bound_cm2_s,
        "conductivity_upper_bound_S_cm": point.conductivity_upper_bound_S_cm,
        "n_net_hops": point.n_net_hops,
        "fit_window_ps": point.fit_window_ps,
        "status": point.status,
        "reasons": point.reasons,
        "diffusion_uuids": point.diffusion_uuids,
    }


def _dump(model: Any) -> dict[str, Any] | None:
    """Return a part of the summary as plain data; None stays None."""
    return None if model is None else dict(model.model_dump(mode="python"))


def _clean(value: Any) -> Any:
    """Return the value with None for what JSON has no number for."""
    if isinstance(value, float):
        return finite_or_none(value)
    if isinstance(value, dict):
        return {str(key): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value
