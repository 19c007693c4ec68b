"""``perolyte cluster``: configuration of FireWorks for a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["cluster"]

cluster = typer.Typer(name="cluster", no_args_is_help=True, help="Set up FireWorks on a cluster.")


@cluster.callback()
def _root() -> None:
    """Set up FireWorks on a cluster."""


@cluster.command()
def init(
    scheduler: Annotated[str, typer.Option("--scheduler", help="slurm or pbs")],
    store: Annotated[
        str,
        typer.Option("--store", help="mongodb:// address, or path of a store that is served"),
    ] = ".",
    output: Annotated[
        Path, typer.Option("--output", "-o", help="folder that every node sees")
    ] = Path("cluster"),
    force: Annotated[bool, typer.Option("--force", help="overwrite changed files")] = False,
) -> None:
    """Write LaunchPad, workers, queue adapters and limits; print the next commands."""
    from perolyte.cli.clustering import init_cluster

    init_cluster(output, scheduler=scheduler, location=store, force=force)
