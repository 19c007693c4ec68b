"""The command ``perolyte inputs``: its options, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["inputs"]


def inputs(
    paths: Annotated[
        list[Path], typer.Argument(help="one campaign file, or structure files and folders of them")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="directory to write")],
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", help="static, relax or aimd; several times \\[default: all]"),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            help="vasp, gpaw, espresso, cp2k, or the import path of an ASE calculator "
            "\\[default: the campaign's, else vasp]"
        ),
    ] = None,
    settings: Annotated[
        str | None, typer.Option(help='of the engine, as JSON: \'{"incar": {"ENCUT": 600}}\'')
    ] = None,
    temperature: Annotated[
        list[float] | None,
        typer.Option(
            "--temperature", "-t", help="K, of aimd \\[default: the campaign's, else 1000]"
        ),
    ] = None,
    ion: Annotated[
        str | None,
        typer.Option("--ion", help="mobile ion of aimd \\[default: the campaign's, else Li]"),
    ] = None,
    production: Annotated[
        float | None, typer.Option(help="ps of aimd \\[default: the campaign's, else 20]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Write all inputs of DFT calculations to folders for inspection; run nothing."""
    from perolyte.cli.inputs import InputsOptions, write_inputs

    options = InputsOptions(
        output=output,
        kinds=tuple(kind or ()),
        engine=engine,
        settings=settings,
        temperatures_K=tuple(temperature or ()),
        mobile_ion=ion,
        production_ps=production,
        as_json=as_json,
    )
    write_inputs(paths, options)
