"""``perolyte doctor``: what this installation, or a worker of a cluster, has and lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["doctor"]

EXIT_MISSING = 4
_STYLES = {"ok": "green", "warning": "yellow", "missing": "bold red"}


def doctor(
    cluster: Annotated[
        Path | None,
        typer.Option("--cluster", help="folder of 'perolyte cluster init': what a worker needs"),
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="store to check [default: the LaunchPad's]")
    ] = None,
    potential: Annotated[str, typer.Option("--potential", help="potential to load")] = "chgnet",
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Check versions, engines, potential, GPU, database, disk, queue and clock; say what to do."""
    import dataclasses
    import json

    from perolyte.cli.console import make_console
    from perolyte.execution.doctor import check_installation

    console = make_console()
    checks = []
    for check in check_installation(cluster=cluster, store=store, potential=potential):
        checks.append(check)
        if as_json:
            continue
        advice = f"; {check.advice}" if check.advice and check.state != "ok" else ""
        console.print(f"[{_STYLES[check.state]}]{check.state:>7}[/] ", end="")
        console.print(f"{check.name}: {check.text}{advice}", markup=False, highlight=False)
    if as_json:
        print(json.dumps([dataclasses.asdict(check) for check in checks], indent=2))  # noqa: T201
    if any(check.state == "missing" for check in checks):
        raise typer.Exit(EXIT_MISSING)
