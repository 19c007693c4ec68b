"""The files that ``perolyte impedance`` writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from perolyte.cli.bvse_files import name_stems
from perolyte.cli.impedance_table import format_csv
from perolyte.errors import InputError, StoreError
from perolyte.execution.lock import lock_folder
from perolyte.files import replace_file
from perolyte.reports.figures import render_figure, settle_layout
from perolyte.reports.impedance_plot import impedance_figure
from perolyte.schemas import ImpedanceDoc

__all__ = ["write_impedance"]

RECORDS = "impedance.json"
TABLE = "impedance.csv"
_FIGURE_FORMATS = ("png", "svg", "pdf")


def write_impedance(documents: Sequence[ImpedanceDoc], folder: Path) -> list[Path]:
    """Write documents, table and figures; those of the same files are replaced.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    InputError
        When the folder holds results of other files.
    StoreError
        When a file cannot be written, or another process writes there.
    """
    records = [document.model_dump(mode="json") for document in documents]
    try:
        with lock_folder(folder):
            _refuse_foreign(folder / RECORDS, records)
            written = [replace_file(folder / TABLE, format_csv(documents))]
            stems = name_stems([Path(Path(document.name).stem) for document in documents])
            for document, stem in zip(documents, stems, strict=True):
                figure = impedance_figure(document)
                settle_layout(figure)
                for file_format in _FIGURE_FORMATS:
                    path = folder / f"impedance_{stem}.{file_format}"
                    written.append(replace_file(path, render_figure(figure, file_format)))
            # last: records mean that the other files are there
            text = json.dumps({"spectra": records}, indent=2, ensure_ascii=False) + "\n"
            return [replace_file(folder / RECORDS, text), *written]
    except OSError as err:
        raise StoreError(
            f"cannot write {err.filename or folder} ({err.strerror}); free some space or choose "
            "another directory with -o, then give the same command again"
        ) from err


def _refuse_foreign(path: Path, records: Sequence[dict[str, object]]) -> None:
    try:
        held = [_hash_of(record) for record in json.loads(path.read_text("utf-8"))["spectra"]]
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{path} is not readable as results of this command ({err}); choose another directory "
            "with -o, or remove that file"
        ) from err
    if sorted(held) != sorted(_hash_of(record) for record in records):
        raise InputError(
            f"{path.parent} holds results of other spectra; choose another directory with -o, or "
            "remove it first"
        )


def _hash_of(record: dict[str, object]) -> str:
    provenance = record["provenance"]
    return str(provenance["input_hash"]) if isinstance(provenance, dict) else ""
