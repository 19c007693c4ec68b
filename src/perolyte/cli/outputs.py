"""The output directory of a campaign, and what is printed of it."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from perolyte.campaigns import Campaign
from perolyte.cli.console import CLAIM_NAME, make_console
from perolyte.errors import InputError, StoreError
from perolyte.files import replace_file
from perolyte.reports import (
    binding_lines,
    ranked_table,
    reason_lines,
    write_csv,
    write_figures,
    write_json,
    write_report,
)
from perolyte.schemas import ScreeningSummaryDoc

__all__ = [
    "CLAIM_NAME",
    "claim_folder",
    "make_console",
    "print_summary",
    "refuse_foreign_folder",
    "write_outputs",
]


def refuse_foreign_folder(folder: Path, campaign_name: str | None) -> None:
    """Refuse a directory that holds the results of another campaign.

    Raises
    ------
    InputError
        If it does.
    """
    owner = _read_owner(folder)
    if owner is not None and owner != campaign_name:
        raise InputError(
            f"{folder} holds the results of campaign {owner!r}, not of {campaign_name!r}; choose "
            "another directory with -o"
        )


def claim_folder(folder: Path, campaign: Campaign) -> None:
    """Note in the directory which campaign writes there.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    claim = {"campaign": campaign.name, "file_sha256": campaign.sha256}
    _write_text(folder / CLAIM_NAME, json.dumps(claim, indent=2) + "\n")


def write_outputs(summary: ScreeningSummaryDoc, folder: Path) -> None:
    """Write results.csv, results.json, figures/ and report.html.

    Raises
    ------
    InputError
        If the directory belongs to another campaign.
    StoreError
        If a file cannot be written.
    """
    refuse_foreign_folder(folder, summary.campaign)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_csv(summary, folder / "results.csv")
        write_json(summary, folder / "results.json")
        write_figures(summary, folder / "figures")
        write_report(summary, folder / "report.html")
    except OSError as err:
        raise StoreError(
            f"cannot write {err.filename or folder} ({err.strerror}); the results are safe in the "
            "store: free some space and run 'perolyte report'"
        ) from err


def print_summary(console: Console, summary: ScreeningSummaryDoc) -> None:
    """Print the ranked table and, below it, binding energies and why rows are not resolved."""
    console.print(ranked_table(summary, width=console.width))
    for line in [*binding_lines(summary), *reason_lines(summary)]:
        console.print(line, highlight=False, soft_wrap=True)


def _read_owner(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / CLAIM_NAME).read_text(encoding="utf-8"))["campaign"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{folder / CLAIM_NAME} is not readable as perolyte's note of the campaign ({err}); "
            "choose another directory with -o, or remove that file"
        ) from err


def _write_text(path: Path, text: str) -> None:
    try:
        replace_file(path, text)
    except OSError as err:
        raise StoreError(
            f"cannot write {path} ({err.strerror}); choose another directory with -o"
        ) from err
