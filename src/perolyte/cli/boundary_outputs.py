"""Simulated boundaries of a campaign: what is printed of them, and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jobflow import JobStore
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from perolyte.cli.bvse_files import name_stems
from perolyte.cli.result_folder import explain_writing, write_figure
from perolyte.schemas import BoundaryValue, GrainBoundaryDoc

__all__ = ["print_boundaries", "read_boundaries", "write_boundaries"]


def read_boundaries(store: JobStore, campaign: str | None) -> list[GrainBoundaryDoc]:
    """Read the newest document of each boundary of a campaign, by name."""
    criteria = {"output.schema_name": GrainBoundaryDoc.__name__, "output.campaign": campaign}
    newest = {
        str(found["output"]["name"]): found["output"]
        for found in store.query(criteria, ["output"], sort={"completed_at": 1}, load=True)
    }
    return [GrainBoundaryDoc.model_validate(newest[name]) for name in sorted(newest)]


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


def print_boundaries(console: Console, documents: Sequence[GrainBoundaryDoc]) -> None:
    """Print energies and area resistances, and why there are none."""
    if not documents:
        return
    table = Table(title="simulated boundaries", box=SIMPLE_HEAD)
    for title in ("boundary", "γ (J/m²)", "T (K)", "area resistance (Ω cm²)", "σ_gb (S/cm)"):
        table.add_column(title, justify="left" if title == "boundary" else "right")
    for document in documents:
        energy = document.boundary_energy_J_m2
        for row, kelvin in enumerate(document.temperatures_K):
            table.add_row(
                "" if row else document.name,
                "" if row else "none" if energy is None else f"{energy:.3f}",
                f"{kelvin:g}",
                _format_value(document.asr_ohm_cm2[row]),
                _format_value(document.specific_conductivity_S_cm[row]),
            )
    console.print(table)
    for document in documents:
        for reason in document.reasons:
            console.print(f"{document.name}: {reason}", highlight=False, soft_wrap=True)


def _format_value(value: BoundaryValue) -> str:
    if value.value is not None:
        return f"{value.value:.2g}" + ("" if value.error is None else f" ± {value.error:.1g}")
    if value.lower_bound is not None and value.upper_bound is not None:
        return f"{value.lower_bound:.2g} to {value.upper_bound:.2g}"
    if value.lower_bound is not None:
        return f"above {value.lower_bound:.2g}"
    if value.upper_bound is not None:
        return f"below {value.upper_bound:.2g}"
    return "not resolved"
