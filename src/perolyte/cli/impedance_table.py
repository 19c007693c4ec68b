"""What ``perolyte impedance`` prints, and its table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from perolyte.schemas import ImpedanceDoc

__all__ = ["format_csv", "print_documents"]

_COLUMNS = (
    "file",
    "status",
    "composition",
    "temperature_K",
    "circuit",
    "quantity",
    "value",
    "lower",
    "upper",
    "unit",
    "label",
    "assumption",
)


def print_documents(
    console: Console,
    documents: Sequence[ImpedanceDoc],
    failed: Sequence[tuple[Path, str]],
    written: Sequence[Path],
) -> None:
    """Print the values of each spectrum, then what is doubtful in it."""
    for document in documents:
        circuit = "no circuit" if document.circuit is None else document.circuit.label
        table = Table(
            "quantity",
            "value",
            "95 % interval",
            "unit",
            "assumes",
            title=escape(f"{document.name}: {document.status}, {circuit}"),
            title_justify="left",
            box=None,
        )
        for value in document.values:
            table.add_row(
                value.name,
                _format(value.value),
                f"{_format(value.lower)} to {_format(value.upper)}",
                value.unit,
                value.assumption,
            )
        console.print(table)
        for line in [*document.reasons, *document.warnings, *document.notes]:
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    for path, reason in failed:
        console.print(
            f"{path.name}: rejected: {reason}", highlight=False, markup=False, soft_wrap=True
        )
    if written:
        console.print(
            f"{len(written)} files in {written[0].parent}", highlight=False, soft_wrap=True
        )


def _format(value: float) -> str:
    """Return three digits, zeros among them."""
    return f"{value:.2e}" if value < 1e-2 else f"{value:#.3g}".rstrip(".")


def format_csv(documents: Sequence[ImpedanceDoc]) -> str:
    """Return one row for each value; a spectrum without values has one row."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for document in documents:
        common = {
            "file": document.name,
            "status": document.status,
            "composition": document.sample.composition or "",
            "temperature_K": document.sample.temperature_K or "",
            "circuit": "" if document.circuit is None else document.circuit.label,
        }
        if not document.values:
            writer.writerow(common)
        for value in document.values:
            row = value.model_dump(exclude={"name", "relative_std"})
            writer.writerow({**common, "quantity": value.name, **row})
    return text.getvalue()
