"""What ``perolyte transport`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perolyte.cli.transport_records import TransportReport
from perolyte.reports.text import (
    format_interval,
    format_temperature,
    format_upper_bound,
    format_with_error,
)
from perolyte.trajectories import RunTransport
from perolyte.units import S_PER_CM_TO_MS_PER_CM

__all__ = ["print_report"]

_TRACER = ("file", "T (K)", "ions", "ps", "D (cm²/s)", "σ_NE (mS/cm)", "status")
_CHARGE = ("file", "T (K)", "D of the charge (cm²/s)", "σ (mS/cm)", "Haven ratio")
_STATUS_WORDS = {"not_converged": "not converged"}


def print_report(console: Console, report: TransportReport, written: Sequence[Path]) -> None:
    """Print one row per file, why rows have no number, and the Arrhenius line."""
    title = f"{report.ion}: tracer diffusivity and Nernst-Einstein conductivity, 95 % intervals"
    console.print(_build_table(title, _TRACER, [_format_tracer(run) for run in report.runs]))
    charges = [_format_charge(run) for run in report.analysed if _has_charge(run)]
    if charges:
        title = "all ions together: conductivity with their correlations, 95 % intervals"
        console.print(_build_table(title, _CHARGE, charges))
    for line in [*_list_reasons(report), *_describe_line(report), *_list_written(written)]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _build_table(title: str, names: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in names:
        is_text = name in {"file", "status"}
        table.add_column(
            name,
            justify="left" if is_text else "right",
            overflow="fold",
            no_wrap=name != "file",
        )
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _format_tracer(run: RunTransport | tuple[Path, str]) -> tuple[str, ...]:
    if not isinstance(run, RunTransport):
        return (run[0].name, *[""] * (len(_TRACER) - 2), "rejected")
    fit = run.diffusivity
    return (
        run.mobile.source.path.name,
        f"{run.temperature_K:g}",
        str(run.mobile.n_ions),
        f"{fit.run_length_ps:.4g}",
        _format_value(fit, 1.0),
        _format_value(fit, S_PER_CM_TO_MS_PER_CM * run.conductivity_per_diffusivity),
        _STATUS_WORDS.get(fit.status, fit.status),
    )


def _has_charge(run: RunTransport) -> bool:
    charge = run.diffusivity.charge
    return (charge.diffusivity_cm2_s or charge.diffusivity_upper_bound_cm2_s) is not None


def _format_charge(run: RunTransport) -> tuple[str, ...]:
    charge = run.diffusivity.charge
    return (
        run.mobile.source.path.name,
        f"{run.temperature_K:g}",
        _format_value(charge, 1.0),
        _format_value(charge, S_PER_CM_TO_MS_PER_CM * run.conductivity_per_diffusivity),
        format_interval(charge.haven_ratio, charge.haven_ratio_lower, charge.haven_ratio_upper),
    )


def _format_value(fit: object, scale: float) -> str:
    """Write a diffusivity times a factor with its interval, or what it stays below."""

    def scaled(end: str) -> float | None:
        value: float | None = getattr(fit, f"diffusivity_{end}cm2_s")
        return None if value is None else scale * value

    if scaled("") is not None:
        return format_interval(scaled(""), scaled("lower_"), scaled("upper_"))
    return format_upper_bound(scaled("upper_bound_"))


def _list_reasons(report: TransportReport) -> list[str]:
    """List reasons and warnings, each once, with the files that they belong to."""
    owners: dict[str, list[str]] = {}
    for run in report.runs:
        if not isinstance(run, RunTransport):
            owners.setdefault(f"rejected: {run[1]}", []).append(run[0].name)
            continue
        name, fit = run.mobile.source.path.name, run.diffusivity
        texts = [f"{_STATUS_WORDS.get(fit.status, fit.status)}: {text}" for text in fit.reasons]
        if fit.status == "converged":
            texts += [f"charge diffusivity: {text}" for text in fit.charge.reasons]
        for text in (*texts, *(f"note: {warning}" for warning in run.warnings)):
            owners.setdefault(text, []).append(name)
    lines = []
    for text, names in owners.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        lines.append(f"{names[0]}{others}: {text}")
    return lines


def _describe_line(report: TransportReport) -> list[str]:
    fit = report.arrhenius
    if fit is None:
        return []
    if fit.status != "converged":
        return [f"Arrhenius: no line: {'; '.join(fit.reasons)}"]
    read = fit.predict(report.extrapolate_to_K)
    energy = format_with_error(fit.activation_energy_eV, fit.activation_energy_std_eV)
    lower, middle, upper = (
        float(end) * S_PER_CM_TO_MS_PER_CM
        for end in (read.lower_S_cm, read.conductivity_S_cm, read.upper_S_cm)
    )
    text = (
        f"Arrhenius: Ea = {energy} eV from {fit.n_points} runs at {fit.temperature_min_K:g} to "
        f"{fit.temperature_max_K:g} K; σ_NE at {format_temperature(report.extrapolate_to_K)} = "
        f"{format_interval(middle, lower, upper)} mS/cm (95 %)"
    )
    return [text]


def _list_written(written: Sequence[Path]) -> list[str]:
    if not written:
        return []
    return [f"wrote {', '.join(path.name for path in written)} in {written[0].parent}"]
