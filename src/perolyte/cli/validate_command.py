"""The command ``perolyte validate``: its options, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["validate"]


# A bracket in a help text needs a backslash: it is markup otherwise, and vanishes.
def validate(
    potential: Annotated[
        str,
        typer.Argument(
            help="chgnet, the path of a checkpoint, the import path of an ASE calculator, or the "
            "uuid of a trained potential in --store"
        ),
    ] = "chgnet",
    labels: Annotated[
        list[Path] | None,
        typer.Option(help="files of labels to compare with: extxyz, vasprun.xml, .traj, .gpw"),
    ] = None,
    structure: Annotated[
        list[Path] | None,
        typer.Option(help="CIF or POSCAR, ordered, to check too; may be given several times"),
    ] = None,
    check: Annotated[
        list[str] | None,
        typer.Option(help="name of a check; may be given several times \\[default: all]"),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="cheap checks only")] = False,
    seed: Annotated[int, typer.Option(min=0, help="of first velocities and displacements")] = 0,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda, for CHGNet \\[default: cuda where it is]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="directory for validation.json and trust_card.html"),
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="keep the document: path or mongodb:// address")
    ] = None,
) -> None:
    """Check a potential against labels and published numbers; write its trust card."""
    from perolyte.cli.validate import ValidateOptions, validate_on_files

    options = ValidateOptions(
        potential=potential,
        labels=tuple(labels or ()),
        structures=tuple(structure or ()),
        checks=tuple(check or ()),
        quick=quick,
        seed=seed,
        device=device,
    )
    validate_on_files(options, output=output, as_json=as_json, store=store)
