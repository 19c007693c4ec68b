"""``perolyte transport --paths``: where the ions go, as tables, files and figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perolyte.cli.bvse_files import explain_writing, name_stems
from perolyte.errors import InputError
from perolyte.execution.lock import lock_folder
from perolyte.jobs.paths import PathSettings, describe_paths
from perolyte.jobs.paths_input import read_thinned
from perolyte.reports.files import replace_bytes, replace_text
from perolyte.reports.text import DASH, format_interval, format_significant, format_with_error
from perolyte.schemas import IonPathsDoc
from perolyte.trajectories import RunTransport
from perolyte.transport import ProbabilityDensity, format_density

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = [
    "FoundPaths",
    "PathsReport",
    "add_paths",
    "analyse_run_paths",
    "print_paths",
    "write_paths",
]

_FORMATS = ("png", "svg", "pdf")
_PACKED = (".gz", ".bz2", ".xz")
_WRITTEN = (".json", ".xml", ".traj", ".extxyz", ".xyz", ".h5", ".h5md", ".dump", ".lammpstrj")
_STATUS_WORDS = {"not_converged": "not converged"}
_MAX_ROWS = 12
"""Of sites and ways in a table; all are in the JSON."""


@dataclass(frozen=True, eq=False)
class FoundPaths:
    """The document of one file."""

    path: Path
    document: IonPathsDoc


@dataclass(frozen=True, eq=False)
class PathsReport:
    """Documents of all files, and the files without one, each with the reason.

    Without any, it is false.
    """

    found: tuple[FoundPaths, ...] = ()
    failed: tuple[tuple[Path, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.found or self.failed)


def analyse_run_paths(
    run: RunTransport,
    ion: str,
    *,
    sites: Sequence[int | str] | None = None,
    skip_ps: float = 0.0,
    keep_drift: bool = False,
    crystal: Structure | None = None,
) -> FoundPaths:
    """Read a file again and find where its ions go.

    Raises
    ------
    InputError
        Naming the file, where the crystal does not fit.
    """
    source = run.mobile.source
    mobile, every = read_thinned(source, ion, sites=sites, skip_ps=skip_ps, keep_drift=keep_drift)
    try:
        document = describe_paths(
            mobile,
            name=source.path.name,
            mobile_ion=ion,
            temperature_K=run.temperature_K,
            settings=PathSettings(sites="density" if crystal is None else "crystal"),
            structure=crystal,
            diffusivity=run.diffusivity,
            kept_every=every,
        )
    except InputError as err:
        raise InputError(f"{source.path}: {err}") from err
    return FoundPaths(source.path, document)


# -- records ---------------------------------------------------------------------------------------


def make_record(document: IonPathsDoc) -> dict[str, Any]:
    """Return the document without what is large, and without the time at which it was made."""
    left_out: Any = {"density": True, "framework": True, "provenance": {"created_at"}}
    record: dict[str, Any] = json.loads(document.model_dump_json(exclude=left_out))
    return record


def add_paths(records: str, report: PathsReport) -> str:
    """Put the documents into the JSON of the command, as ``paths``."""
    content = json.loads(records)
    content["paths"] = [
        {"file": str(one.path), **make_record(one.document)} for one in report.found
    ] + [
        {"file": str(path), "status": "rejected", "reasons": [reason]}
        for path, reason in report.failed
    ]
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


# -- files -----------------------------------------------------------------------------------------


def write_paths(report: PathsReport, folder: Path) -> list[Path]:
    """Write document, density and figures of each file.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    StoreError
        When a file cannot be written, or another process writes there.
    """
    written: list[Path] = []
    if not report.found:
        return written
    stems = name_stems([_strip_endings(one.path) for one in report.found])
    with explain_writing(folder), lock_folder(folder):
        for one, stem in zip(report.found, stems, strict=True):
            written += _write_one(one.document, folder, stem)
    return written


def _strip_endings(path: Path) -> Path:
    """Take away how a file is packed and written: run.json.gz becomes run.

    Examples
    --------
    >>> _strip_endings(Path("a/run_0.5.xml.gz")).name, _strip_endings(Path("XDATCAR")).name
    ('run_0.5', 'XDATCAR')
    """
    for endings in (_PACKED, _WRITTEN):
        if path.suffix.lower() in endings:
            path = path.with_suffix("")
    return path


def _write_one(document: IonPathsDoc, folder: Path, stem: str) -> Iterator[Path]:
    # plotly and matplotlib take longer to load than a table to print
    from perolyte.reports.figures import render_figure, settle_layout
    from perolyte.reports.ion_density_plot import ion_density_figure, ion_density_html
    from perolyte.reports.ion_motion_plot import ion_motion_figure
    from perolyte.reports.jump_network_plot import jump_network_figure

    text = json.dumps(make_record(document), indent=2, ensure_ascii=False) + "\n"
    yield replace_text(folder / f"{stem}_paths.json", text)
    yield replace_text(folder / f"{stem}_density.cube", "".join(_format_cube(document)))
    yield replace_text(folder / f"{stem}_density.html", ion_density_html(document))
    draws = {
        "network": jump_network_figure,
        "motion": ion_motion_figure,
        "density": ion_density_figure,
    }
    for name, draw in draws.items():
        figure = draw(document)
        settle_layout(figure)
        for file_format in _FORMATS:
            path = folder / f"{stem}_{name}.{file_format}"
            yield replace_bytes(path, render_figure(figure, file_format))


def _format_cube(document: IonPathsDoc) -> Iterator[str]:
    """Write the density with the framework, or with the sites where there is none."""
    import numpy as np
    from pymatgen.core import Lattice, Structure

    density = document.density
    if density is None:
        return
    shown = document.framework
    if shown is None:
        ion = document.mobile_ion.rstrip("+-0123456789.")
        places = [site.fractional for site in document.sites]
        shown = Structure(Lattice(density.cell_A), [ion] * len(places), places)
    grid = ProbabilityDensity(
        cell_A=np.array(density.cell_A),
        block_counts=density.grid()[np.newaxis].astype(np.int32),
        n_frames=density.n_frames,
        n_ions=density.n_ions,
    )
    yield from format_density(grid, shown, "cube")


# -- tables ----------------------------------------------------------------------------------------


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


def _format_barrier(entry: Any) -> str:
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
