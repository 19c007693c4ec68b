"""``perolyte run``: a campaign from file to report on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.console import Console

from perolyte.campaigns import Campaign, load_campaign
from perolyte.cli.boundary_outputs import print_boundaries, read_boundaries, write_boundaries
from perolyte.cli.console import JOBS_FOLDER, make_console
from perolyte.cli.outputs import (
    claim_folder,
    print_summary,
    refuse_foreign_folder,
    write_outputs,
)
from perolyte.cli.progress import ProgressObserver
from perolyte.execution import RunReport, run_flow
from perolyte.schemas import ScreeningSummaryDoc
from perolyte.settings import default_n_workers
from perolyte.stores import Results, open_store

__all__ = ["run_campaign"]

STORE_FOLDER = "store"


def run_campaign(
    campaign_file: Path, *, output: Path | None, store: str | None, n_workers: int | None
) -> bool:
    """Run a campaign, write its output directory, print its table; False if a job failed."""
    console = make_console()
    campaign = load_campaign(campaign_file)
    folder = Path("runs") / campaign.name if output is None else output
    workers = n_workers or default_n_workers()
    flow = campaign.to_flow()
    refuse_foreign_folder(folder, campaign.name)
    location = store or campaign.store_location or str(folder / STORE_FOLDER)
    job_store = open_store(location)
    claim_folder(folder, campaign)
    _print_start(console, campaign, folder, workers)
    try:
        with ProgressObserver(console, n_md_steps=_count_steps(campaign)) as observer:
            outcome = run_flow(
                flow,
                job_store,
                folder=folder / JOBS_FOLDER,
                n_workers=workers,
                observer=observer,
            )
        summary = None
        if outcome.finished(flow.output.uuid):
            found = Results(job_store).document(flow.output.uuid, load=True)
            summary = ScreeningSummaryDoc.model_validate(found)
        boundaries = [] if summary is None else read_boundaries(job_store, summary)
    finally:
        job_store.close()
    if not outcome.failed:
        shutil.rmtree(folder / JOBS_FOLDER, ignore_errors=True)
    if summary is not None:
        write_outputs(summary, folder)
        write_boundaries(boundaries, folder / "figures")
        print_summary(console, summary)
        print_boundaries(console, summary.simulated_boundaries)
    _print_end(console, outcome, folder)
    return outcome.ok


def _print_start(console: Console, campaign: Campaign, folder: Path, workers: int) -> None:
    steps = _count_steps(campaign)
    console.print(
        f"campaign [bold]{campaign.name}[/]: {campaign.count_candidates()} candidates, up to "
        f"{steps} MD steps, {workers} worker{'s' if workers > 1 else ''}, output in {folder}",
        highlight=False,
        soft_wrap=True,
    )


def _count_steps(campaign: Campaign) -> int:
    return campaign.count_md_steps() + campaign.count_boundary_steps()


def _print_end(console: Console, outcome: RunReport, folder: Path) -> None:
    fresh = outcome.n_done - outcome.n_reused
    console.print(
        f"{fresh} jobs run, {outcome.n_reused} found in the store, {len(outcome.failed)} failed; "
        f"results in {folder}",
        highlight=False,
        soft_wrap=True,
    )
    for name, error in outcome.failed.items():
        console.print(f"[bold red]failed[/] {name}: {error}", highlight=False, soft_wrap=True)
    if outcome.blocked:
        console.print(f"not run because of that: {', '.join(outcome.blocked)}", soft_wrap=True)
