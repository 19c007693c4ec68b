"""``perolyte status``: how far a campaign is."""

from __future__ import annotations

from typing import Annotated

import typer

from perolyte.cli.submit_command import LaunchpadOption

__all__ = ["status"]


def status(
    campaign: Annotated[
        str | None,
        typer.Argument(help="campaign, or the output directory of a run [default: all there are]"),
    ] = None,
    launchpad: LaunchpadOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="go on showing it until it ends")] = False,
) -> None:
    """Show the jobs of each stage, what runs, what failed and why, and the estimated rest."""
    from perolyte.cli.status_table import show_status
    from perolyte.errors import InputError

    if as_json and watch:
        raise InputError("--json and --watch exclude each other; give one")
    show_status(campaign, launchpad_file=launchpad, as_json=as_json, watch=watch)
