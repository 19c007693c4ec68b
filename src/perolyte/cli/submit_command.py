"""``perolyte submit``: a campaign to the LaunchPad, where FireWorks' launchers find it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["LaunchpadOption", "submit"]

LaunchpadOption = Annotated[
    Path | None,
    typer.Option("--launchpad", "-l", help="LaunchPad file [default: as FireWorks finds it]"),
]


def submit(
    campaign_file: Annotated[Path, typer.Argument(help="campaign file (YAML)")],
    store: Annotated[
        str | None,
        typer.Option("--store", help="path or mongodb:// address [default: the LaunchPad's]"),
    ] = None,
    launchpad: LaunchpadOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would be added, and add nothing")
    ] = False,
) -> None:
    """Send a campaign to the LaunchPad; the same command again adds only what is missing."""
    from perolyte.cli.submitting import submit_campaign

    submit_campaign(campaign_file, store=store, launchpad_file=launchpad, dry_run=dry_run)
