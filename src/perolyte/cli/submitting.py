"""What ``perolyte submit`` does."""

from __future__ import annotations

from pathlib import Path

from perolyte.campaigns import Campaign, load_campaign
from perolyte.cli.console import make_console
from perolyte.execution.cluster import find_scheduler
from perolyte.execution.launchpad import open_launchpad
from perolyte.execution.locations import describe_store, find_worker_store, hide_password
from perolyte.execution.routing import Routing
from perolyte.execution.submission import SubmitReport, submit_flow
from perolyte.execution.workflow import Submission
from perolyte.stores import open_store

__all__ = ["submit_campaign"]


def submit_campaign(
    campaign_file: Path, *, store: str | None, launchpad_file: Path | None, dry_run: bool
) -> None:
    """Submit a campaign and print what was added, and what was there."""
    campaign = load_campaign(campaign_file)
    launchpad = open_launchpad(launchpad_file)
    described = describe_store(store or campaign.store_location, launchpad)
    location = store or campaign.store_location or find_worker_store(None, {}, launchpad)
    submission = Submission(
        campaign.name,
        described,
        Routing.of_campaign(campaign.spec, scheduler=find_scheduler(launchpad_file)),
    )
    flow = campaign.to_flow()
    job_store = open_store(location)
    try:
        report = submit_flow(flow, launchpad, job_store, submission, dry_run=dry_run)
    finally:
        job_store.close()
    _print(campaign, report, location, dry_run=dry_run)


def _print(campaign: Campaign, report: SubmitReport, location: str, *, dry_run: bool) -> None:
    console = make_console()
    word = "would be new" if dry_run else "new"
    where = ", ".join(f"{count} {name}" for name, count in report.categories.items())
    console.print(
        f"campaign [bold]{campaign.name}[/]: {report.n_new} jobs {word}"
        f"{f' ({where})' if where else ''}, {report.n_present} present, {report.n_done} done; "
        f"documents go to {hide_password(location)}",
        highlight=False,
        soft_wrap=True,
    )
    if report.n_new and not dry_run:
        console.print(
            "more jobs follow from these while they run; start launchers with 'rlaunch rapidfire' "
            "or 'qlaunch -r rapidfire', look with 'perolyte status'",
            highlight=False,
            soft_wrap=True,
        )
    if report.failed:
        console.print(
            f"{len(report.failed)} failed before: {', '.join(report.failed[:5])}; 'perolyte "
            "repair' runs again what is safe and says what is not",
            highlight=False,
            soft_wrap=True,
        )
