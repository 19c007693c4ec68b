"""The command ``perolyte boundary``: its options, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["boundary"]


def boundary(
    structure: Annotated[Path, typer.Argument(help="CIF or POSCAR, cubic or a perovskite")],
    sigma: Annotated[int, typer.Option(help="of the coincidence site lattice")] = 5,
    plane: Annotated[
        tuple[int, int, int], typer.Option(help="h k 0 of a symmetric tilt about \\[001]")
    ] = (2, 1, 0),
    shifts: Annotated[
        tuple[int, int], typer.Option(help="grid of rigid shifts, along the axis and across")
    ] = (5, 5),
    separation: Annotated[float, typer.Option(help="least Å between both boundaries")] = 25.0,
    repeats: Annotated[
        int | None, typer.Option(help="periods of each grain \\[default: as needed]")
    ] = None,
    width: Annotated[float, typer.Option(help="least Å of the cell in the plane")] = 10.0,
    max_atoms: Annotated[int, typer.Option(help="largest cell")] = 2000,
    overlaps: Annotated[
        str, typer.Option(help="expand: keep all ions, open a gap; remove: balance by mobile ions")
    ] = "expand",
    ion: Annotated[
        str | None, typer.Option(help="that balances charge \\[default: the alkali ion]")
    ] = None,
    relax: Annotated[bool, typer.Option("--relax", help="relax the cells: energies")] = False,
    potential: Annotated[str, typer.Option(help="chgnet, a checkpoint or a calculator")] = "chgnet",
    max_steps: Annotated[int, typer.Option(min=1, help="of each relaxation")] = 500,
    seed: Annotated[int, typer.Option(help="of the arrangement of ions")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="directory for cells and manifest")
    ] = None,
) -> None:
    """Build grain-boundary cells with all terminations and shifts; with --relax, energies too."""
    from perolyte.cli.boundary import BoundaryOptions, make_boundary

    make_boundary(
        structure,
        BoundaryOptions(
            recipe={
                "sigma": sigma,
                "plane": plane,
                "shifts": shifts,
                "min_separation_A": separation,
                "n_repeats": repeats,
                "min_width_A": width,
                "max_atoms": max_atoms,
                "overlaps": overlaps,
            },
            ion=ion,
            potential=potential if relax else None,
            max_steps=max_steps,
            seed=seed,
        ),
        output=output,
        as_json=as_json,
    )
