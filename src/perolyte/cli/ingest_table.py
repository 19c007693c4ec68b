"""Rows of an ingest: a CSV file, JSON, or lines to read."""

from __future__ import annotations

import csv
import json
import math
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self
from uuid import uuid4

from rich.console import Console
from rich.markup import escape

from perolyte.errors import StoreError
from perolyte.schemas import StructureDoc

__all__ = ["COLUMNS", "JsonWriter", "RowPrinter", "RowWriter", "TableFile", "make_row"]

COLUMNS = (
    "file",
    "status",
    "reasons",
    "formula",
    "space_group",
    "number",
    "a",
    "b",
    "c",
    "alpha",
    "beta",
    "gamma",
    "volume",
    "density",
    "n_sites",
    "disordered",
    "is_perovskite",
    "family",
    "A",
    "B",
    "X",
    "goldschmidt",
    "octahedral",
    "tau",
    "framework_dimension",
    "mobile_ion_dimension",
    "warnings",
)
"""Lengths in Å, angles in degrees, the volume in Å3, the density in g/cm3."""
_DIGITS = 6


def make_row(document: StructureDoc) -> dict[str, Any]:
    """Return the columns of a document; None where nothing is known."""
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {
        "file": document.path or document.name,
        "status": document.row_status,
        "reasons": "; ".join(document.reasons),
        "formula": document.formula,
        "density": document.density_g_cm3,
        "n_sites": document.n_sites,
        "disordered": document.is_disordered,
        "warnings": "; ".join(document.warnings),
    }
    if document.space_group is not None:
        row["space_group"] = document.space_group.symbol
        row["number"] = document.space_group.number
    if document.cell is not None:
        row |= {
            name.rpartition("_")[0]: value for name, value in document.cell.model_dump().items()
        }
    perovskite = document.perovskite
    if perovskite is not None:
        row |= {
            "is_perovskite": perovskite.is_perovskite,
            "family": perovskite.family,
            "framework_dimension": perovskite.framework_dimension,
            "mobile_ion_dimension": perovskite.mobile_ion_dimension,
            **{site: " ".join(elements) for site, elements in perovskite.sites.items()},
        }
        if perovskite.tolerance is not None:
            factors = perovskite.tolerance
            row |= {name: getattr(factors, name) for name in ("goldschmidt", "octahedral", "tau")}
    return {name: _round(row[name]) for name in COLUMNS}


def _round(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None


class RowWriter(Protocol):
    """Takes documents one by one."""

    def write(self, document: StructureDoc) -> None:
        """Take one document."""


class TableFile:
    """A CSV file that appears under its name when it is whole, or as far as it came.

    Raises
    ------
    StoreError
        When the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._temporary = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir():
                raise StoreError(f"{path} is a folder; give the name of a file with -o")
            self._file = self._temporary.open("x", encoding="utf-8", newline="")
        except OSError as error:
            raise self._explain(error) from error
        self._writer = csv.DictWriter(self._file, COLUMNS, lineterminator="\n")

    def __enter__(self) -> Self:
        self._writer.writeheader()
        return self

    def write(self, document: StructureDoc) -> None:
        """Write one row."""
        row = {name: _as_text(value) for name, value in make_row(document).items()}
        try:
            self._writer.writerow(row)
        except OSError as error:
            raise self._explain(error) from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._temporary.replace(self.path)
        except OSError as failure:
            raise self._explain(failure) from failure
        finally:
            self._file.close()
            self._temporary.unlink(missing_ok=True)

    def _explain(self, error: OSError) -> StoreError:
        reason = error.strerror or error
        return StoreError(f"cannot write {self.path} ({reason}); choose another file with -o")


def _as_text(value: Any) -> Any:
    """Write truth values as in JSON, keep one line, and drop what is no text at all."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value


class JsonWriter:
    """One JSON array with the complete documents, without their atoms."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._separator = "[\n"

    def __enter__(self) -> Self:
        return self

    def write(self, document: StructureDoc) -> None:
        """Write one document and its row."""
        # pydantic writes null for what is not finite, which JSON has no word for
        content = json.loads(document.model_dump_json(exclude={"structure"}))
        content["row"] = make_row(document)
        self._stream.write(self._separator + json.dumps(content, allow_nan=False))
        self._separator = ",\n"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.write("[]\n" if self._separator == "[\n" else "\n]\n")
        self._stream.flush()


class RowPrinter:
    """One line for each file, for people."""

    _STYLES = {"ok": "green", "warning": "yellow", "rejected": "bold red"}  # noqa: RUF012

    def __init__(self, console: Console) -> None:
        self._console = console

    def __enter__(self) -> Self:
        return self

    def write(self, document: StructureDoc) -> None:
        """Print one line."""
        row = make_row(document)
        style = self._STYLES[document.row_status]
        text = f"[{style}]{document.row_status:<8}[/] {escape(str(row['file']))}: "
        if document.row_status == "rejected":
            text += escape(row["reasons"].removeprefix(f"{document.name}: "))
        else:
            factors = [
                f"{sign} {row[name]:.3f}"
                for name, sign in (("goldschmidt", "t"), ("octahedral", "μ"), ("tau", "τ"))
                if row[name] is not None
            ]
            verdict = row["is_perovskite"]
            parts = [
                f"{row['formula']}, {row['space_group']}",
                "perovskite not known" if verdict is None else f"perovskite {verdict}",
                *([row["family"]] if verdict in ("yes", "related") else []),
                *factors,
            ]
            text += escape("; ".join(parts))
            if document.warnings:
                text += escape(f" ({row['warnings']})")
        self._console.print(text, highlight=False, soft_wrap=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass
