"""The command ``perolyte transport``: its options, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["transport"]


# A bracket in a help text needs a backslash: it is markup otherwise, and vanishes.
def transport(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="trajectories: XDATCAR, vasprun.xml, extxyz, .traj, LAMMPS dump, H5MD, JSON of a "
            "DiffusionAnalyzer or of a pymatgen Trajectory"
        ),
    ],
    ion: Annotated[str, typer.Option("--ion", "-i", help="mobile ion: Li, or Li+, Fe2+")],
    temperature: Annotated[
        list[float] | None,
        typer.Option(
            "--temperature",
            "-t",
            help="K, once for all files or once for each in their order \\[default: as stated in "
            "the files]",
        ),
    ] = None,
    charge: Annotated[
        float | None,
        typer.Option(help="of one ion, elementary charges \\[default: 1 for Li, Na, ...]"),
    ] = None,
    time_step_fs: Annotated[
        float | None,
        typer.Option(help="of the MD, for files that count steps (LAMMPS, XDATCAR, H5MD)"),
    ] = None,
    frame_interval_fs: Annotated[
        float | None,
        typer.Option(help="between stored frames \\[default: as stated in the file]"),
    ] = None,
    skip_ps: Annotated[float, typer.Option(help="left out at the start, equilibration")] = 0.0,
    hop_distance: Annotated[
        float, typer.Option(help="Å, between neighbouring sites of the ion")
    ] = 3.0,
    sites: Annotated[
        str | None,
        typer.Option(help="only these atoms, from 0, or labels: 0-19,24 or Li1,Li2"),
    ] = None,
    species: Annotated[
        str | None,
        typer.Option(help="elements of numbered atom types: 1=Li,2=La,3=Ti,4=O"),
    ] = None,
    file_format: Annotated[
        str | None,
        typer.Option("--format", help="of all files \\[default: recognised]"),
    ] = None,
    keep_drift: Annotated[
        bool,
        typer.Option("--keep-drift", help="leave the motion of the framework in"),
    ] = False,
    drop_cut_frame: Annotated[
        bool,
        typer.Option("--drop-cut-frame", help="leave out a frame in which a file ends"),
    ] = False,
    extrapolate_to: Annotated[
        float, typer.Option(help="K, read from the Arrhenius line of 3 temperatures or more")
    ] = 300.0,
    paths: Annotated[
        bool,
        typer.Option("--paths", help="also find sites, jumps, correlations and the density"),
    ] = False,
    crystal: Annotated[
        Path | None,
        typer.Option(help="CIF or POSCAR with the sites for --paths \\[default: from the density]"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="directory for tables and figures"),
    ] = None,
) -> None:
    """Read trajectories: diffusivity and conductivity with 95 % intervals, one row per file."""
    from perolyte.cli.transport import TransportOptions, analyse_files

    options = TransportOptions(
        ion=ion,
        temperatures_K=tuple(temperature or ()),
        charge=charge,
        time_step_fs=time_step_fs,
        frame_interval_fs=frame_interval_fs,
        skip_ps=skip_ps,
        hop_distance_A=hop_distance,
        sites=sites,
        species=species,
        file_format=file_format,
        keep_drift=keep_drift,
        drop_cut_frame=drop_cut_frame,
        extrapolate_to_K=extrapolate_to,
        paths=paths,
        crystal=crystal,
    )
    analyse_files(files, options, output=output, as_json=as_json)
