"""What ``perolyte repair`` does."""

from __future__ import annotations

from pathlib import Path

from perolyte.cli.console import make_console
from perolyte.execution.launchpad import open_launchpad
from perolyte.execution.locations import find_worker_store
from perolyte.execution.repair import RepairSettings, repair_launchpad
from perolyte.stores import open_store

__all__ = ["repair_campaign"]


def repair_campaign(
    settings: RepairSettings, *, store: str | None, launchpad_file: Path | None
) -> bool:
    """Repair, and print a line for everything that was done or left; False if jobs stay failed."""
    launchpad = open_launchpad(launchpad_file)
    job_store = open_store(store or find_worker_store(None, {}, launchpad))
    try:
        report = repair_launchpad(launchpad, job_store, settings)
    finally:
        job_store.close()
    console = make_console()
    word = "would do" if settings.dry_run else "done"
    for style, title, lines in (("green", word, report.done), ("yellow", "left", report.left)):
        for line in lines:
            console.print(f"[{style}]{title}[/] {line}", highlight=False, soft_wrap=True)
    console.print(f"{len(report.done)} {word}, {len(report.left)} left", highlight=False)
    return not any("failed by itself" in line or "--attempts" in line for line in report.left)
