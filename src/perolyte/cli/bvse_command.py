"""The command ``perolyte bvse``: its options, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["bvse"]

# A bracket in a help text needs a backslash: it is markup otherwise, and vanishes.


def bvse(
    paths: Annotated[list[Path], typer.Argument(help="CIF or POSCAR files, and folders of them")],
    ion: Annotated[
        str, typer.Option("--ion", "-i", help="mobile ion, Li1+; or Li, charge as in the structure")
    ],
    spacing: Annotated[float, typer.Option(help="largest distance of grid points, in Å")] = 0.1,
    convention: Annotated[
        str, typer.Option(help="softbv or bvlain; their barriers do not compare")
    ] = "softbv",
    oxidation_states: Annotated[
        str | None, typer.Option(help="of elements whose state is not clear, Ti=4,O=-2")
    ] = None,
    hops: Annotated[
        bool, typer.Option("--hops", help="also list the hops between sites, with barriers")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="directory to write \\[default: only show]"),
    ] = None,
    export: Annotated[
        str | None, typer.Option(help="write the maps: cube, grd or locpot; needs -o")
    ] = None,
    neb_images: Annotated[
        int | None,
        typer.Option(min=1, max=99, help="write POSCARs of each hop, so many between; needs -o"),
    ] = None,
    figures: Annotated[
        bool, typer.Option("--figures", help="write the figures of each structure; needs -o")
    ] = False,
    store: Annotated[
        str | None, typer.Option("--store", help="keep the documents: path or mongodb:// address")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="processes \\[default: cores, to 4]")
    ] = None,
) -> None:
    """Bond valence barriers of an ion in 1, 2 and 3 dimensions; one row per file."""
    from perolyte.cli.bvse import BvseOptions, compute_barriers

    options = BvseOptions(
        ion=ion,
        spacing_A=spacing,
        convention=convention,
        oxidation_states=oxidation_states,
        find_hops=hops,
        as_json=as_json,
        output=output,
        export=export,
        n_images=neb_images,
        has_figures=figures,
        store=store,
        n_workers=workers,
    )
    compute_barriers(paths, options)
