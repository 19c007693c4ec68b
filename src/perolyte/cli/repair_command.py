"""``perolyte repair``: put a LaunchPad right after crashes."""

from __future__ import annotations

from typing import Annotated

import typer

from perolyte.cli.submit_command import LaunchpadOption

__all__ = ["repair"]


def repair(
    campaign: Annotated[str | None, typer.Argument(help="campaign name [default: all]")] = None,
    store: Annotated[
        str | None,
        typer.Option("--store", help="path or mongodb:// address [default: the LaunchPad's]"),
    ] = None,
    launchpad: LaunchpadOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would be done, and do nothing")
    ] = False,
    lost_after: Annotated[
        float,
        typer.Option(min=1, help="minutes without a sign of life after which a job is lost"),
    ] = 15.0,
    patience: Annotated[
        float, typer.Option(min=0, help="seconds that a contradiction must last")
    ] = 10.0,
    attempts: Annotated[
        int, typer.Option(min=1, help="times that a job is started before it is left")
    ] = 5,
) -> None:
    """Find lost runs, stale locks and failed jobs; run again what is safe, say what is not."""
    from perolyte.cli.repairing import repair_campaign
    from perolyte.execution.repair import RepairSettings

    settings = RepairSettings(
        campaign=campaign,
        lost_after_s=60.0 * lost_after,
        patience_s=patience,
        max_attempts=attempts,
        dry_run=dry_run,
    )
    if not repair_campaign(settings, store=store, launchpad_file=launchpad):
        raise typer.Exit(1)
