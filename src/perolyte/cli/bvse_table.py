"""Rows of ``perolyte bvse``: lines to read, a CSV file, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import IO, Any, Self

from rich.console import Console
from rich.markup import escape

from perolyte.cli.bvse_worker import Answer
from perolyte.schemas import HopDescription

__all__ = ["COLUMNS", "JsonPrinter", "LinePrinter", "format_csv", "make_entry", "make_row"]

COLUMNS = (
    "file",
    "status",
    "reasons",
    "percolation",
    "ion",
    "formula",
    "E_1D_eV",
    "E_2D_eV",
    "E_3D_eV",
    "n_sites",
    "n_hops",
    "convention",
    "spacing_A",
    "warnings",
    "files",
)
_DIGITS = 4
_MAX_NAME = 44


def make_row(answer: Answer) -> dict[str, Any]:
    """Return the columns of an answer; None where there is nothing."""
    document = answer.document
    is_computed = document.status != "rejected"
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {
        "file": document.name,
        "status": document.status,
        "reasons": "; ".join(_list_reasons(answer)),
        "percolation": document.percolation_status,
        "ion": document.ion,
        "formula": document.formula or None,
        "n_sites": document.n_sites,
        "n_hops": len(document.hops) if document.n_sites is not None else None,
        "convention": document.settings.convention,
        "spacing_A": document.settings.spacing_A,
        "warnings": "; ".join(document.warnings),
        "files": "; ".join(answer.files),
    }
    if is_computed:
        for dimensions in (1, 2, 3):
            barrier_eV = document.barrier_eV(dimensions)
            row[f"E_{dimensions}D_eV"] = None if barrier_eV is None else round(barrier_eV, _DIGITS)
    return row


def make_entry(answer: Answer) -> dict[str, Any]:
    """Return the complete document, without its atoms, with its row and files."""
    # pydantic writes null for what is not finite, which JSON has no word for
    content: dict[str, Any] = json.loads(answer.document.model_dump_json(exclude={"structure"}))
    content["row"] = make_row(answer)
    content["files"] = list(answer.files)
    return content


def format_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows as CSV with a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _list_reasons(answer: Answer) -> list[str]:
    """Why it was rejected, or why a dimension has no barrier."""
    document = answer.document
    missing = [entry.reason for entry in document.percolation if entry.reason is not None]
    return [*document.reasons, *dict.fromkeys(missing)]


def _describe_hop(number: int, hop: HopDescription) -> str:
    ends = [" ".join(f"{u:.3f}" for u in point) for point in (hop.start_frac, hop.end_frac)]
    parts = [
        f"hop {number}: {hop.forward_eV:.3f} eV",
        f"back {hop.reverse_eV:.3f} eV",
        " to ".join(ends),
        f"{hop.length_A:.1f} Å",
        f"{hop.n_equivalent} alike",
    ]
    if hop.bottleneck_radius_A is not None:
        parts.append(f"bottleneck radius {hop.bottleneck_radius_A:.2f} Å")
    return ", ".join(parts)


class JsonPrinter:
    """One JSON array."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._separator = "[\n"

    def __enter__(self) -> Self:
        return self

    def write(self, answer: Answer) -> None:
        """Write one entry."""
        self._stream.write(self._separator + json.dumps(make_entry(answer), allow_nan=False))
        self._separator = ",\n"

    def __exit__(self, *_: object) -> None:
        self._stream.write("[]\n" if self._separator == "[\n" else "\n]\n")
        self._stream.flush()


class LinePrinter:
    """One line for each file, for people."""

    def __init__(self, console: Console, names: Sequence[str], *, has_hops: bool = False) -> None:
        self._console = console
        self._has_hops = has_hops
        self._width = min(_MAX_NAME, max(len(name) for name in names))

    def __enter__(self) -> Self:
        header = f"{'eV':<{self._width}}  {'E_1D':>6}  {'E_2D':>6}  {'E_3D':>6}"
        self._console.print(f"[bold]{header}[/]", highlight=False, soft_wrap=True)
        return self

    def write(self, answer: Answer) -> None:
        """Print one line."""
        document = answer.document
        name = f"{document.name:<{self._width}}"
        if document.status == "rejected":
            text = f"{escape(name)}  [bold red]rejected[/]: {escape('; '.join(document.reasons))}"
        else:
            text = escape(name)
            for dimensions in (1, 2, 3):
                barrier_eV = document.barrier_eV(dimensions)
                text += f"  {'–' if barrier_eV is None else f'{barrier_eV:.3f}':>6}"
            said = "; ".join([*_list_reasons(answer), *document.warnings])
            text += f"  {escape(said)}"
        self._console.print(text.rstrip(), highlight=False, soft_wrap=True)
        if self._has_hops:
            for number, hop in enumerate(document.hops, start=1):
                line = _describe_hop(number, hop)
                self._console.print(f"    {line}", highlight=False, soft_wrap=True)

    def __exit__(self, *_: object) -> None:
        pass
