"""The files that ``perolyte impedance`` writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from perolyte.cli.bvse_files import name_stems
from perolyte.cli.impedance_table import format_csv
from perolyte.cli.result_folder import open_result_folder, write_figure
from perolyte.files import replace_file
from perolyte.reports.impedance_plot import impedance_figure
from perolyte.schemas import ImpedanceDoc

__all__ = ["write_impedance"]

RECORDS = "impedance.json"
TABLE = "impedance.csv"


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
    records = {"spectra": [document.model_dump(mode="json") for document in documents]}
    with open_result_folder(folder, RECORDS, _list_hashes, records, "spectra"):
        written = [replace_file(folder / TABLE, format_csv(documents))]
        stems = name_stems([Path(Path(document.name).stem) for document in documents])
        for document, stem in zip(documents, stems, strict=True):
            written += write_figure(impedance_figure(document), folder, f"impedance_{stem}")
        text = json.dumps(records, indent=2, ensure_ascii=False) + "\n"
        return [replace_file(folder / RECORDS, text), *written]


def _list_hashes(records: dict[str, Any]) -> list[str]:
    return [str(record["provenance"]["input_hash"]) for record in records["spectra"]]
