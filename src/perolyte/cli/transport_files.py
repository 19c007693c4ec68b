"""The files that ``perolyte transport`` writes."""

from __future__ import annotations

import json
from pathlib import Path

from perolyte.cli.transport_records import TransportReport, format_csv, format_json
from perolyte.errors import InputError, StoreError
from perolyte.execution.lock import lock_folder
from perolyte.files import replace_file

__all__ = ["check_folder", "write_transport"]

RECORDS = "transport.json"
TABLE = "transport.csv"
_FIGURE_FORMATS = ("png", "svg", "pdf")


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
    try:
        with lock_folder(folder):
            _refuse_foreign(folder / RECORDS, records)
            written = [replace_file(folder / TABLE, format_csv(report))]
            written += _write_figures(report, folder)
            # last: records mean that the other files are there
            return [replace_file(folder / RECORDS, records), *written]
    except OSError as err:
        raise StoreError(
            f"cannot write {err.filename or folder} ({err.strerror}); free some space or choose "
            "another directory with -o, then give the same command again"
        ) from err


def _refuse_foreign(path: Path, records: str) -> None:
    try:
        held = _list_hashes(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{path} is not readable as results of this command ({err}); choose another directory "
            "with -o, or remove that file"
        ) from err
    if held != _list_hashes(records):
        raise InputError(
            f"{path.parent} holds results of other trajectories; choose another directory with -o, "
            "or remove it first"
        )


def _list_hashes(text: str) -> list[str]:
    runs = json.loads(text)["runs"]
    return sorted(str(run.get("sha256") or run["file"]) for run in runs)


def _write_figures(report: TransportReport, folder: Path) -> list[Path]:
    if not report.analysed:
        return []
    from perolyte.cli.transport_figures import draw_figures
    from perolyte.reports.figures import render_figure, settle_layout

    written = []
    for name, figure in draw_figures(report).items():
        settle_layout(figure)
        for file_format in _FIGURE_FORMATS:
            path = folder / f"transport_{name}.{file_format}"
            written.append(replace_file(path, render_figure(figure, file_format)))
    return written
