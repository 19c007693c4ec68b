"""Simulated boundaries of a campaign: what is printed of them, and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jobflow import JobStore
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from perolyte.cli.bvse_files import name_stems
from perolyte.cli.result_folder import explain_writing, write_figure
from perolyte.reports.boundary_rows import describe_simulated
from perolyte.schemas import GrainBoundaryDoc, ScreeningSummaryDoc, SimulatedBoundary
from perolyte.stores import Results

__all__ = ["print_boundaries", "read_boundaries", "write_boundaries"]


def read_boundaries(store: JobStore, summary: ScreeningSummaryDoc) -> list[GrainBoundaryDoc]:
    """Read the documents of a summary's boundaries.

    Raises
    ------
    StoreError
        When the store lacks one of them.
    """
    results = Results(store)
    return [
        GrainBoundaryDoc.model_validate(results.document(boundary.uuid, load=True))
        for boundary in summary.simulated_boundaries
        if boundary.uuid is not None
    ]


def write_boundaries(documents: Sequence[GrainBoundaryDoc], folder: Path) -> list[Path]:
    """Write a figure of each boundary in every format; return the files.

    Raises
    ------
    StoreError
        When a file cannot be written.
    """
    from perolyte.reports.boundary_plot import boundary_figure

    # names end in the plane, and shells take parentheses for their own
    names = [document.name.replace("(", "").replace(")", "") for document in documents]
    stems = name_stems([Path(name) for name in names])
    written: list[Path] = []
    with explain_writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for document, stem in zip(documents, stems, strict=True):
            written += write_figure(boundary_figure(document), folder, f"boundary_{stem}")
    return written


def print_boundaries(console: Console, boundaries: Sequence[SimulatedBoundary]) -> None:
    """Print energies and area resistances, and why there are none."""
    if not boundaries:
        return
    thickness = ", ".join(
        dict.fromkeys(f"{b.thickness_A:g} Å ({b.thickness_label})" for b in boundaries)
    )
    table = Table(
        title="simulated boundaries",
        caption=f"σ_gb: for a thickness of {thickness}. Ranges and bounds: 95 %.",
        box=SIMPLE_HEAD,
    )
    for title in ("boundary", "γ (J/m²)", "T (K)", "area resistance (Ω cm²)", "σ_gb (S/cm)"):
        table.add_column(title, justify="left" if title == "boundary" else "right")
    for line in describe_simulated(boundaries):
        table.add_row(
            Text(line.name if line.is_first else ""),
            line.energy if line.is_first else "",
            line.temperature,
            line.resistance,
            line.conductivity,
        )
    console.print(table)
    for boundary in boundaries:
        for reason in boundary.reasons:
            console.print(Text(f"{boundary.name}: {reason}"), soft_wrap=True)
