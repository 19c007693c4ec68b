"""The files that ``perolyte transport`` writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from perolyte.cli.result_folder import open_result_folder, write_figure
from perolyte.cli.transport_records import TransportReport, format_csv, format_json
from perolyte.errors import StoreError
from perolyte.files import replace_file

__all__ = ["check_folder", "write_transport"]

RECORDS = "transport.json"
TABLE = "transport.csv"


def check_folder(folder: Path) -> None:
    """Refuse before the work what cannot be a folder.

    Raises
    ------
    StoreError
        When something else has its name.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is no directory; give another name with -o")


def write_transport(report: TransportReport, folder: Path) -> list[Path]:
    """Write tables and figures; those of the same trajectories are replaced.

    Returns
    -------
    list of pathlib.Path
        The files.

    Raises
    ------
    InputError
        When the folder holds results of other trajectories.
    StoreError
        When a file cannot be written, or another process writes there.
    """
    records = format_json(report)
    with open_result_folder(folder, RECORDS, _list_hashes, json.loads(records), "trajectories"):
        written = [replace_file(folder / TABLE, format_csv(report))]
        written += _write_figures(report, folder)
        return [replace_file(folder / RECORDS, records), *written]


def _list_hashes(records: dict[str, Any]) -> list[str]:
    return [str(run.get("sha256") or run["file"]) for run in records["runs"]]


def _write_figures(report: TransportReport, folder: Path) -> list[Path]:
    if not report.analysed:
        return []
    from perolyte.cli.transport_figures import draw_figures

    figures = draw_figures(report).items()
    return [
        path
        for name, figure in figures
        for path in write_figure(figure, folder, f"transport_{name}")
    ]
