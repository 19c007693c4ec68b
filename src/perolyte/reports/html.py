"""The report of a campaign: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from perolyte.files import replace_file
from perolyte.reports.boundary_rows import describe_simulated
from perolyte.reports.ceramic_tables import describe_boundaries, describe_ceramic_parameters
from perolyte.reports.figures import INTERACTIVE_MAP, draw_figures, render_figure
from perolyte.reports.headline import write_headline
from perolyte.reports.parameters import collect_parameters, collect_settings
from perolyte.reports.selection import (
    candidates_with_md,
    describe_doping,
    describe_status,
    find_target_temperature,
    is_resolved_point,
    resolved_fit,
    resolved_map,
    resolved_points,
    resolved_room,
)
from perolyte.reports.text import (
    DASH,
    finite_or_none,
    format_energy,
    format_interval,
    format_upper_bound,
    format_with_error,
    formula_html,
    reaction_html,
)
from perolyte.schemas import BindingEnergy, ConductivityPoint, ResultRow, ScreeningSummaryDoc

__all__ = ["report_html", "write_report"]

_RANKED_BY: Final = {
    "conductivity": "conductivity",
    "reaction_energy": "reaction energy",
    "unresolved": "not ranked",
}


def write_report(summary: ScreeningSummaryDoc, path: str | Path) -> Path:
    """Write :func:`report_html` to a file, whole or not at all.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    return replace_file(path, report_html(summary))


def report_html(summary: ScreeningSummaryDoc) -> str:
    """Return the report: answer, tables, figures, parameters, methods and provenance.

    Figures and style are inside; names and words from the campaign are escaped.
    """
    environment = Environment(
        loader=PackageLoader("perolyte.reports"),
        autoescape=True,  # names and sources come from the user's files
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    rows = sorted(summary.candidates, key=lambda row: row.rank)
    return environment.get_template("report.html.j2").render(
        summary=summary,
        provenance=summary.provenance,
        created=f"{summary.provenance.created_at:%Y-%m-%d %H:%M:%S %Z}".strip(),
        headline=write_headline(summary),
        target=f"{find_target_temperature(summary):g} K",
        rows=[_describe_row(row) for row in rows],
        bindings=[_describe_binding(entry) for entry in summary.binding_energies],
        figures=_embed_figures(summary),
        simulated=describe_simulated(summary.simulated_boundaries),
        boundaries=describe_boundaries(summary.ceramic_maps),
        ceramic_parameters=describe_ceramic_parameters(summary.ceramic_maps),
        map_page=f"figures/{INTERACTIVE_MAP}",
        parameters=collect_parameters(summary),
        settings=collect_settings(summary),
        warnings=_collect_warnings(summary, rows),
        dash=DASH,
        formula_html=formula_html,
        reaction_html=reaction_html,
    )


def _describe_row(row: ResultRow) -> dict[str, Any]:
    """Return a candidate as the texts that the template puts into cells."""
    fit, room = resolved_fit(row), resolved_room(row)
    relaxed = finite_or_none(row.relaxed_energy_per_atom_eV)
    points = row.conductivity.points if row.conductivity else []
    return {
        "row": row,
        "doping": describe_doping(row),
        "fraction": _describe_fraction(row),
        "relaxed": DASH if relaxed is None else f"{relaxed:.3f}".replace("-", "−"),
        "energy": format_energy(row.reaction_energy_eV_per_dopant),
        "activation": DASH
        if fit is None
        else format_with_error(fit.activation_energy_eV, fit.activation_energy_std_eV),
        "fit": fit,
        "sigma": DASH
        if room is None
        else format_interval(room.conductivity_S_cm, room.lower_S_cm, room.upper_S_cm),
        "is_resolved": room is not None,
        "ranked_by": _RANKED_BY.get(row.ranked_by, row.ranked_by),
        "status": describe_status(row),
        "barriers": _describe_barriers(row),
        "regimes": _describe_regimes(row),
        "points": [_describe_point(p) for p in sorted(points, key=lambda p: p.temperature_K)],
    }


def _describe_regimes(row: ResultRow) -> str | None:
    """Return the activation energies on both sides of a change of regime; None without one."""
    change = row.conductivity.regime_change if row.conductivity else None
    if change is None:
        return None
    sides = [
        f"{format_with_error(part.activation_energy_eV, part.activation_energy_std_eV)} eV {where}"
        for part, where in ((change.below, "below"), (change.above, "above"))
    ]
    return f"{sides[0]} and {sides[1]} {change.temperature_K:.0f} K ({change.form})"


def _describe_barriers(row: ResultRow) -> str | None:
    """Return the bond valence barriers in one, two and three dimensions; None when not computed."""
    if row.bvse_convention is None:
        return None
    values = (row.bvse_1d_eV, row.bvse_2d_eV, row.bvse_3d_eV)
    known = [finite_or_none(value) for value in values]
    return " / ".join("no path" if value is None else f"{value:.2f}" for value in known)


def _describe_binding(entry: BindingEnergy) -> dict[str, str]:
    energy = finite_or_none(entry.energy_eV)
    reference = finite_or_none(entry.reference_distance_A)
    return {
        "name": entry.name,
        "pair": f"{entry.first}, {entry.second.replace('_', ' ')}",
        "distance": f"{entry.distance_A:.2f}",
        "reference": DASH if reference is None else f"{reference:.2f}",
        "energy": format_energy(energy) if energy is not None else entry.reason or DASH,
    }


def _describe_point(point: ConductivityPoint) -> dict[str, str | list[str]]:
    diffusivity, conductivity, correlated, haven = DASH, DASH, DASH, DASH
    if is_resolved_point(point):
        charge = point.charge_transport
        if charge is not None and charge.haven_ratio is not None:
            correlated = format_with_error(charge.conductivity_S_cm, charge.conductivity_std_S_cm)
            haven = format_with_error(charge.haven_ratio, charge.haven_ratio_std)
        diffusivity = format_with_error(point.diffusivity_cm2_s, point.diffusivity_std_cm2_s)
        conductivity = format_with_error(point.conductivity_S_cm, point.conductivity_std_S_cm)
    hops = finite_or_none(point.n_net_hops)
    window = point.fit_window_ps
    return {
        "temperature": f"{point.temperature_K:g}",
        "diffusivity": diffusivity,
        "bound": format_upper_bound(point.diffusivity_upper_bound_cm2_s),
        "conductivity": conductivity,
        "correlated": correlated,
        "haven": haven,
        "hops": DASH if hops is None else f"{hops:.0f}",
        "window": DASH if window is None else f"{window[0]:.3g}–{window[1]:.3g}",
        "status": point.status.replace("_", " "),
        "reasons": point.reasons,
        "uuid": ", ".join(point.diffusion_uuids),
    }


def _describe_fraction(row: ResultRow) -> str:
    """Return the achieved fraction of dopant, and the requested one where it is another."""
    doping = row.doping
    if doping is None:
        return DASH
    if len(doping.dopants) > 1:
        each = [
            f"{dopant.element} {_compare(dopant.fraction_achieved, dopant.fraction_requested)} "
            f"of {dopant.basis}"
            for dopant in doping.dopants
        ]
        return ", ".join(each)
    achieved = finite_or_none(doping.fraction_achieved)
    if achieved is None:
        return DASH
    text = _compare(achieved, finite_or_none(doping.fraction_requested))
    return text + (f" of {doping.basis}" if doping.basis else "")


def _compare(achieved: float, requested: float | None) -> str:
    """Write a fraction, and the requested one where it is another."""
    text = f"{achieved:.3g}"
    if requested is not None and not math.isclose(requested, achieved, rel_tol=5e-3):
        text += f" (asked: {requested:.3g})"
    return text


def _embed_figures(summary: ScreeningSummaryDoc) -> dict[str, dict[str, str]]:
    """Return figures as data addresses: as images their ids cannot clash, and nothing runs."""
    words = _describe_figures(summary)
    embedded = {}
    for name, figure in draw_figures(summary):
        data = base64.b64encode(render_figure(figure, "svg")).decode("ascii")
        embedded[name] = {"source": f"data:image/svg+xml;base64,{data}", "alt": words[name]}
    return embedded


def _describe_figures(summary: ScreeningSummaryDoc) -> dict[str, str]:
    """Return what a reader who cannot see the figures is told."""
    rows = candidates_with_md(summary)
    with_points = [row.name for row in rows if resolved_points(row)]
    with_maps = [row.name for row in rows if resolved_map(row)]
    with_energies = [
        f"{row.name} {format_energy(row.reaction_energy_eV_per_dopant)} eV"
        for row in summary.candidates
        if row.kind != "parent" and finite_or_none(row.reaction_energy_eV_per_dopant) is not None
    ]
    literature = "; a literature curve for comparison" if summary.reference_map else ""
    return {
        "arrhenius": "Arrhenius plot, conductivity times temperature against inverse temperature. "
        f"Drawn: {_list_names(with_points)}.",
        "msd": "Mean squared displacement against lag time, one panel per candidate. "
        f"Drawn: {_list_names([row.name for row in rows])}.",
        "grain_size": "Total conductivity against grain size. "
        f"Computed: {_list_names(with_maps)}{literature}.",
        **_describe_ceramics(summary),
        "ranking": f"Reaction energy per dopant or vacancy: {_list_names(with_energies)}.",
    }


def _describe_ceramics(summary: ScreeningSummaryDoc) -> dict[str, str]:
    maps = summary.ceramic_maps
    names = _list_names([f"{m.name}, {m.boundary}" for m in maps.materials] if maps else [])
    return {
        "ceramic_map": "Contours of the total conductivity over grain size and temperature with "
        f"the line where boundaries make half of the resistance. Drawn: {names}.",
        "boundaries": "Specific conductivity of boundaries with 95 % intervals; the same numbers "
        f"are in the table. Drawn: {names}.",
        "arc_frequencies": "Frequencies of the tops of both arcs over temperature. "
        f"Drawn: {names}.",
    }


def _list_names(names: list[str]) -> str:
    return ", ".join(names) or "nothing, because nothing is resolved"


def _collect_warnings(
    summary: ScreeningSummaryDoc, rows: list[ResultRow]
) -> list[tuple[str, list[str]]]:
    """Return each warning once, with the candidates and boundaries that it belongs to."""
    found: dict[str, list[str]] = {text: [] for text in summary.warnings}
    named = [(row.name, row.warnings) for row in rows]
    named += [(boundary.name, boundary.warnings) for boundary in summary.simulated_boundaries]
    for name, warnings in named:
        for text in warnings:
            found.setdefault(text, []).append(name)
    return list(found.items())
