"""What ``perolyte transport --paths`` prints for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perolyte.cli.transport_paths import PathsReport
from perolyte.reports.text import DASH, format_interval, format_significant, format_with_error
from perolyte.schemas import FreeEnergyDescription, IonPathsDoc

__all__ = ["print_paths"]

_STATUS_WORDS = {"not_converged": "not converged"}
_MAX_ROWS = 12
"""Of sites and ways in a table; all are in the JSON."""


def print_paths(console: Console, report: PathsReport, written: Sequence[Path]) -> None:
    """Print a row per file, the kinds of sites and of jumps, and why there is no number."""
    found = report.found
    console.print(_tabulate_runs(report))
    for one in found:
        for table in (_tabulate_sites(one.document), _tabulate_jumps(one.document)):
            if table is not None:
                console.print(table)
    lines = [f"{one.path.name}: {line}" for one in found for line in _list_lines(one.document)]
    lines += [f"{path.name}: paths rejected: {reason}" for path, reason in report.failed]
    if written:
        # one name for the three formats of a figure
        names = [path.name for path in written if path.suffix not in {".svg", ".pdf"}]
        names = [name.replace(".png", ".(png|svg|pdf)") for name in names]
        lines.append(f"wrote {', '.join(names)} in {written[0].parent}")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _tabulate_runs(report: PathsReport) -> Table:
    names = (
        "file",
        "sites",
        "jumps",
        "f",
        "straight back",
        "cooperative",
        "F 1D, 2D, 3D (eV)",
        "status",
    )
    table = _make_table("paths: correlation factor f, shares, barriers of the density", names)
    for one in report.found:
        document = one.document
        correlation, cooperation = document.correlation, document.cooperation
        cells = [one.path.name, str(len(document.sites)), str(document.n_jumps)]
        if correlation is None or cooperation is None:
            cells += [DASH] * 3
        else:
            cells += [
                format_with_error(correlation.factor, correlation.factor_std),
                format_with_error(
                    correlation.back_jump_fraction, correlation.back_jump_fraction_std
                ),
                format_interval(
                    cooperation.cooperative_share,
                    cooperation.cooperative_share_lower,
                    cooperation.cooperative_share_upper,
                ),
            ]
        cells.append(", ".join(_format_barrier(entry) for entry in document.free_energy) or DASH)
        cells.append(_STATUS_WORDS.get(document.status, document.status))
        table.add_row(*map(escape, cells))
    for path, _ in report.failed:
        table.add_row(escape(path.name), *[DASH] * (len(names) - 2), "rejected")
    return table


def _format_barrier(entry: FreeEnergyDescription) -> str:
    if entry.barrier_eV is not None:
        return format_with_error(entry.barrier_eV, entry.barrier_std_eV)
    return DASH if entry.lower_bound_eV is None else f"> {entry.lower_bound_eV:.2f}"


def _tabulate_sites(document: IonPathsDoc) -> Table | None:
    if not document.site_kinds:
        return None
    names = ("sites", "number", "occupation", "departures", "stays (ps)")
    table = _make_table(f"{document.name}: sites", names)
    for kind in document.site_kinds[:_MAX_ROWS]:
        stay = _format_ends(kind.residence_ps, kind.residence_lower_ps, kind.residence_upper_ps)
        occupation = format_with_error(kind.occupation, kind.occupation_std)
        cells = (kind.label, str(kind.n_sites), occupation, str(kind.n_departures), stay)
        table.add_row(*map(escape, cells))
    return table


def _tabulate_jumps(document: IonPathsDoc) -> Table | None:
    if not document.jump_kinds:
        return None
    names = ("jumps", "Å", "ways", "seen", "rate per ion and way (1/ps)", "barrier (eV)")
    table = _make_table(f"{document.name}: kinds of jumps", names)
    for kind in document.jump_kinds[:_MAX_ROWS]:
        rate = _format_ends(kind.rate_per_ps, kind.rate_lower_per_ps, kind.rate_upper_per_ps)
        cells = (
            f"{kind.origin_label} to {kind.destination_label}",
            f"{kind.distance_A:.2f}",
            str(kind.n_paths),
            str(kind.n_jumps),
            rate,
            format_interval(kind.barrier_eV, kind.barrier_lower_eV, kind.barrier_upper_eV),
        )
        table.add_row(*map(escape, cells))
    return table


def _format_ends(value: float | None, lower: float | None, upper: float | None) -> str:
    """Write a value with its interval, or as much of the interval as there is."""
    if value is not None:
        return format_interval(value, lower, upper)
    if lower is None:
        return DASH
    if upper is None:
        return f"> {format_significant(lower, 2)}"
    return f"{format_significant(lower, 2)} – {format_significant(upper, 2)}"


def _make_table(title: str, names: Sequence[str]) -> Table:
    table = Table(title=escape(title), title_justify="left")
    for name in names:
        is_text = name in {"file", "status", "sites", "jumps"} and name == names[0]
        table.add_column(
            name, justify="left" if is_text or name == "status" else "right", overflow="fold"
        )
    return table


def _list_lines(document: IonPathsDoc) -> list[str]:
    """List why there is no number, and what to keep in mind."""
    words = _STATUS_WORDS.get(document.status, document.status)
    lines = [f"paths {words}: {reason}" for reason in document.reasons]
    if document.status == "converged" and document.correlation is not None:
        lines += [f"correlation factor: {reason}" for reason in document.correlation.reasons]
    if document.cooperation is not None and document.status == "converged":
        lines += [f"cooperation: {reason}" for reason in document.cooperation.reasons]
    missing = dict.fromkeys(
        entry.reason for entry in document.free_energy if entry.reason is not None
    )
    lines += [f"density: {reason}" for reason in missing]
    if document.non_gaussian is not None and document.non_gaussian.reason is not None:
        lines.append(f"non-Gaussian parameter: {document.non_gaussian.reason}")
    for table in (document.site_kinds, document.jump_kinds):
        if len(table) > _MAX_ROWS:
            lines.append(f"{len(table) - _MAX_ROWS} more rows are in the JSON")
    if any(jump.barrier_eV is not None for jump in document.jump_kinds):
        lines.append(
            f"barriers of jumps assume {document.attempt_frequency_THz:g} THz of attempts; twice "
            "as many raise them by 0.7 kB T"
        )
    return [*lines, *(f"note: {warning}" for warning in document.warnings)]
