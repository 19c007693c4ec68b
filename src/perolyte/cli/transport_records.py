"""What ``perolyte transport`` found, as plain records for machines."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perolyte import __version__
from perolyte.trajectories import RunTransport
from perolyte.transport import ArrheniusResult

__all__ = ["TransportReport", "describe_arrhenius", "describe_run", "format_csv", "format_json"]

SCHEMA = {"name": "perolyte.transport", "version": 1}
_CURVES = ("lag_ps", "msd_A2", "msd_std_A2")
_NOT_IN_TABLE = {*_CURVES, "window_ps", "diffusivity_tensor_cm2_s", "cell_A"}
_TRACER = "diffusivity_{}cm2_s"
_ENDS = ("", "std_", "lower_", "upper_", "upper_bound_")


@dataclass(frozen=True, eq=False)
class TransportReport:
    """All runs of one command, and the line through them.

    Attributes
    ----------
    ion, charge, hop_distance_A
        Mobile ion, its charge in elementary charges, and Å.
    runs
        In the order of the files; a file that could not be analysed with the reason.
    arrhenius
        Fit to the Nernst-Einstein conductivities; None below two temperatures.
    extrapolate_to_K
        K.
    """

    ion: str
    charge: float
    hop_distance_A: float
    runs: tuple[RunTransport | tuple[Path, str], ...]
    arrhenius: ArrheniusResult | None
    extrapolate_to_K: float

    @property
    def analysed(self) -> tuple[RunTransport, ...]:
        """Runs that could be analysed."""
        return tuple(run for run in self.runs if isinstance(run, RunTransport))

    @property
    def rejected(self) -> tuple[tuple[Path, str], ...]:
        """Files that could not be analysed, each with the reason."""
        return tuple(run for run in self.runs if not isinstance(run, RunTransport))


def format_json(report: TransportReport) -> str:
    """Return all numbers as JSON, null where there is none."""
    record = {
        "schema": SCHEMA,
        "perolyte_version": __version__,
        "ion": report.ion,
        "charge": report.charge,
        "hop_distance_A": report.hop_distance_A,
        "runs": [describe_run(run) for run in report.runs],
        "arrhenius": describe_arrhenius(report),
    }
    return json.dumps(_clean(record), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def format_csv(report: TransportReport) -> str:
    """Return one row per file, without curves."""
    rows = [_clean(describe_run(run)) for run in report.runs]
    names = list(dict.fromkeys(name for row in rows for name in row if name not in _NOT_IN_TABLE))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        lists = {name: "; ".join(row[name]) for name in ("reasons", "warnings")}
        writer.writerow(row | lists)
    return text.getvalue()


def describe_run(run: RunTransport | tuple[Path, str]) -> dict[str, Any]:
    """Return what one file gave; a file that could not be analysed has a reason and no numbers."""
    if not isinstance(run, RunTransport):
        path, reason = run
        return {"file": str(path), "status": "rejected", "reasons": [reason], "warnings": []}
    mobile, fit = run.mobile, run.diffusivity
    source = mobile.source
    return {
        "file": str(source.path),
        "format": source.format,
        "sha256": source.sha256,
        "status": fit.status,
        "reasons": list(fit.reasons),
        "warnings": list(run.warnings),
        "temperature_K": run.temperature_K,
        "n_atoms": source.n_atoms,
        "n_ions": mobile.n_ions,
        "n_frames": mobile.n_frames,
        "n_skipped": mobile.n_skipped,
        "frame_interval_fs": source.frame_interval_fs,
        "run_length_ps": fit.run_length_ps,
        "volume_A3": mobile.volume_A3,
        "cell_A": mobile.cell_A,
        **_list_ends(run, fit, "", "nernst_einstein_conductivity"),
        "relative_error": fit.relative_error,
        "error_source": fit.error_source,
        "n_net_hops": fit.n_net_hops,
        "log_log_slope": fit.log_log_slope,
        "window_ps": fit.window_ps,
        **_describe_charge(run),
        "lag_ps": fit.lag_ps,
        "msd_A2": fit.msd_A2,
    }


def _list_ends(run: RunTransport, fit: Any, prefix: str, conductivity: str) -> dict[str, Any]:
    """Return value, error, interval and bound of a diffusivity and of its conductivity."""
    values = {end: getattr(fit, f"diffusivity_{end}cm2_s") for end in _ENDS}
    return {f"{prefix}diffusivity_{end}cm2_s": value for end, value in values.items()} | {
        f"{conductivity}_{end}S_cm": run.to_conductivity(value) for end, value in values.items()
    }


def _describe_charge(run: RunTransport) -> dict[str, Any]:
    charge = run.diffusivity.charge
    return {
        "charge_status": charge.status,
        "charge_reasons": "; ".join(charge.reasons),
        **_list_ends(run, charge, "charge_", "charge_conductivity"),
        "haven_ratio": charge.haven_ratio,
        "haven_ratio_std": charge.haven_ratio_std,
        "haven_ratio_lower": charge.haven_ratio_lower,
        "haven_ratio_upper": charge.haven_ratio_upper,
    }


def describe_arrhenius(report: TransportReport) -> dict[str, Any] | None:
    """Return the line through the temperatures and what it says elsewhere."""
    fit = report.arrhenius
    if fit is None:
        return None
    record = {
        "of": "nernst_einstein_conductivity times temperature",
        "status": fit.status,
        "reasons": list(fit.reasons),
        "activation_energy_eV": fit.activation_energy_eV,
        "activation_energy_std_eV": fit.activation_energy_std_eV,
        "ln_prefactor": fit.ln_prefactor,
        "n_points": fit.n_points,
        "temperature_min_K": fit.temperature_min_K,
        "temperature_max_K": fit.temperature_max_K,
        "kink_temperature_K": fit.kink_temperature_K,
        "chi2_reduced": fit.chi2_reduced,
        "model_error": fit.model_error,
    }
    if fit.status != "converged":
        return record
    read = fit.predict(report.extrapolate_to_K)
    return record | {
        "extrapolated_to_K": report.extrapolate_to_K,
        "extrapolated_S_cm": read.conductivity_S_cm,
        "extrapolated_lower_S_cm": read.lower_S_cm,
        "extrapolated_upper_S_cm": read.upper_S_cm,
    }


def _clean(value: Any) -> Any:
    """Return lists and floats for arrays, and None for what is not finite."""
    if isinstance(value, dict):
        return {key: _clean(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(entry) for entry in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _clean(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
