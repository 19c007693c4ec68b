"""Options of ``perolyte labels``: parsed here, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["labels"]


# A bracket in a help text needs a backslash: it is markup otherwise, and vanishes.
def labels(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="extxyz, vasprun.xml, .traj and .gpw files, and folders of them"),
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option(help="store with labels, VASP or ASE calculations: path or address"),
    ] = None,
    last_step: Annotated[
        bool, typer.Option("--last-step", help="of a VASP calculation only the last ionic step")
    ] = False,
    raw_energies: Annotated[
        bool, typer.Option("--raw-energies", help="leave VASP's energies without MP2020")
    ] = False,
    engine: Annotated[
        str | None, typer.Option(help="of frames that do not say it \\[default: unknown]")
    ] = None,
    functional: Annotated[str | None, typer.Option(help="of frames that do not say it")] = None,
    cutoff_ev: Annotated[
        float | None, typer.Option(help="of plane waves, for frames that do not say it")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="extxyz file for the sound labels; .gz packs it"),
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="keep the documents: path or mongodb:// address")
    ] = None,
) -> None:
    """Read labels of electronic-structure codes, check them; one row per source."""
    from perolyte.cli.labels import LabelOptions, list_labels

    options = LabelOptions(
        tasks=tasks,
        steps="last" if last_step else "all",
        correction=None if raw_energies else "MP2020",
        engine=engine,
        functional=functional,
        cutoff_eV=cutoff_ev,
    )
    list_labels(paths or [], options, output=output, as_json=as_json, store=store)
