"""The command ``perolyte impedance``: its options, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["impedance"]


# A bracket in a help text needs a backslash: it is markup otherwise, and vanishes.
def impedance(
    files: Annotated[
        list[Path],
        typer.Argument(help="tables of frequency, real and imaginary part, one spectrum each"),
    ],
    length_cm: Annotated[
        float | None,
        typer.Option(help="between the electrodes \\[default: as stated in the file]"),
    ] = None,
    area_cm2: Annotated[
        float | None, typer.Option(help="of one electrode \\[default: as stated in the file]")
    ] = None,
    temperature: Annotated[
        list[float] | None,
        typer.Option(
            "--temperature",
            "-t",
            help="K, once for all files or once for each in their order \\[default: as stated]",
        ),
    ] = None,
    composition: Annotated[str | None, typer.Option(help="of the sample, for the record")] = None,
    grain_size_nm: Annotated[float | None, typer.Option(help="edge of the grains")] = None,
    boundary_thickness_nm: Annotated[
        float | None,
        typer.Option(help="assumed, for the specific conductivity by sizes"),
    ] = None,
    permittivity: Annotated[
        float | None,
        typer.Option(help="of the bulk, relative, assumed where its arc is not seen"),
    ] = None,
    permittivity_ratio: Annotated[
        float, typer.Option(help="of boundaries over bulk, assumed")
    ] = 1.0,
    imaginary: Annotated[
        str,
        typer.Option(help="what the imaginary column holds: Z'', -Z'' or auto"),
    ] = "auto",
    max_arcs: Annotated[int, typer.Option(min=1, max=4, help="most arcs that are tried")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="directory for the table, documents and figures"),
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="keep the documents: path or mongodb:// address")
    ] = None,
) -> None:
    """Fit impedance spectra: conductivities of bulk and boundaries with 95 % intervals."""
    from perolyte.cli.impedance import ImpedanceOptions, analyse_spectra

    options = ImpedanceOptions(
        sample={
            "length_cm": length_cm,
            "area_cm2": area_cm2,
            "composition": composition,
            "grain_size_nm": grain_size_nm,
            "boundary_thickness_nm": boundary_thickness_nm,
            "bulk_permittivity": permittivity,
            "permittivity_ratio": permittivity_ratio,
        },
        temperatures_K=tuple(temperature or ()),
        imaginary=imaginary,
        max_arcs=max_arcs,
    )
    analyse_spectra(files, options, output=output, as_json=as_json, store=store)
