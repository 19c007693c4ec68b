"""``perolyte transport --paths``: where the ions go, as records, files and figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perolyte.cli.bvse_files import name_stems
from perolyte.cli.result_folder import explain_writing, lock_results, write_figure
from perolyte.errors import InputError
from perolyte.files import replace_file
from perolyte.jobs.paths import PathSettings, describe_paths
from perolyte.schemas import IonPathsDoc
from perolyte.trajectories import RunTransport, read_thinned
from perolyte.transport import ProbabilityDensity, format_density

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = [
    "FoundPaths",
    "PathsReport",
    "add_paths",
    "analyse_run_paths",
    "write_paths",
]

_PACKED = (".gz", ".bz2", ".xz")
_WRITTEN = (".json", ".xml", ".traj", ".extxyz", ".xyz", ".h5", ".h5md", ".dump", ".lammpstrj")


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
    with explain_writing(folder), lock_results(folder):
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
    from perolyte.reports.ion_density_plot import ion_density_figure
    from perolyte.reports.ion_density_surface import ion_density_html
    from perolyte.reports.ion_motion_plot import ion_motion_figure
    from perolyte.reports.jump_network_plot import jump_network_figure

    text = json.dumps(make_record(document), indent=2, ensure_ascii=False) + "\n"
    yield replace_file(folder / f"{stem}_paths.json", text)
    yield replace_file(folder / f"{stem}_density.cube", "".join(_format_cube(document)))
    yield replace_file(folder / f"{stem}_density.html", ion_density_html(document))
    draws = {
        "network": jump_network_figure,
        "motion": ion_motion_figure,
        "density": ion_density_figure,
    }
    for name, draw in draws.items():
        yield from write_figure(draw(document), folder, f"{stem}_{name}")


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
