"""The commands ``perolyte dope`` and ``perolyte vacancies``: their options, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["dope", "vacancies"]

# A bracket in a help text needs a backslash: it is markup otherwise, and vanishes.
StructureFile = Annotated[Path, typer.Argument(help="CIF or POSCAR of the parent")]
MaxAtoms = Annotated[int, typer.Option(min=1, max=10_000, help="largest automatic cell, in atoms")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--roles", help="sublattices, 'A=Li,La B=Ti X=O' \\[default: found]"),
]
Composition = Annotated[
    str | None, typer.Option(help="atoms on the disordered sites of the cell, Li=12,La=20")
]
States = Annotated[str | None, typer.Option(help="oxidation states, Ti=4,O=-2")]
Ion = Annotated[str | None, typer.Option(help="mobile ion \\[default: Li, Na, K, ... if there]")]
Ordering = Annotated[
    str, typer.Option(help="of disordered sites: ewald, monte_carlo, sqs or random")
]
Cells = Annotated[int, typer.Option(min=1, max=100, help="independent ordered cells")]
Keep = Annotated[int, typer.Option(min=1, max=1000, help="arrangements of lowest energy to keep")]
Random = Annotated[int, typer.Option(min=0, max=1000, help="random arrangements to keep besides")]
Samples = Annotated[int, typer.Option(min=1, max=100_000, help="draws where there are too many")]
MaxEnumerated = Annotated[
    int, typer.Option(min=0, max=100_000, help="compare all arrangements up to this number")
]
Seed = Annotated[int, typer.Option(min=0, max=2**63 - 1, help="seed of every random choice")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="directory to write \\[default: only show]")
]
Format = Annotated[str, typer.Option("--format", help="cif, poscar or both")]
AsJson = Annotated[bool, typer.Option("--json", help="print the manifest as JSON")]
Pair = Annotated[
    str | None,
    typer.Option(help="keep the best cell for each distance of two defects, e.g. Al,vacancy_X"),
]


def dope(
    structure: StructureFile,
    dopant: Annotated[
        list[str] | None,
        typer.Option(
            "--dopant",
            "-d",
            help="what and how much, e.g. Sr2+=2 (atoms) or Al3+@Ti=5%/B_sites (ELEMENT, CHARGE, "
            "@HOST, =FRACTION/BASIS; charge and host may be left out; bases are A_sites, B_sites, "
            "element and formula_unit); commas join co-dopants; may be repeated",
        ),
    ] = None,
    scheme: Annotated[str, typer.Option(help="compensation, S1 to A4 or another; or all")] = "all",
    pair: Pair = None,
    supercell: Annotated[
        str,
        typer.Option("--supercell", "-s", help="repeats, e.g. 3x3x4; auto needs a fraction"),
    ] = "auto",
    max_atoms: MaxAtoms = 600,
    roles: Roles = None,
    composition: Composition = None,
    oxidation_states: States = None,
    ion: Ion = None,
    ordering: Ordering = "ewald",
    cells: Cells = 1,
    keep: Keep = 1,
    random: Random = 0,
    samples: Samples = 200,
    max_enumerated: MaxEnumerated = 5000,
    seed: Seed = 0,
    output: Output = None,
    file_format: Format = "cif",
    as_json: AsJson = False,
) -> None:
    """Dope a structure: every neutral, symmetry-distinct candidate, as files with a manifest."""
    from perolyte.cli.dope import CellOptions, make_dopings

    options = CellOptions(
        supercell=supercell,
        max_atoms=max_atoms,
        roles=roles or (),
        composition=composition,
        oxidation_states=oxidation_states,
        ion=ion,
        ordering=ordering,
        cells=cells,
        keep=keep,
        random=random,
        samples=samples,
        max_enumerated=max_enumerated,
        seed=seed,
        output=output,
        file_format=file_format,
        as_json=as_json,
    )
    make_dopings(structure, dopant or (), scheme=scheme, pair=pair, options=options)


def vacancies(
    structure: StructureFile,
    vacancy: Annotated[
        list[str] | None,
        typer.Option(
            "--vacancy",
            "-v",
            help="what and how many, O=1, balanced in every way, or with the ions that leave with "
            "it, O=1,Li=2; may be repeated",
        ),
    ] = None,
    pair: Pair = None,
    supercell: Annotated[
        str, typer.Option("--supercell", "-s", help="repeats, e.g. 3x3x4")
    ] = "1x1x1",
    roles: Roles = None,
    composition: Composition = None,
    oxidation_states: States = None,
    ion: Ion = None,
    ordering: Ordering = "ewald",
    cells: Cells = 1,
    keep: Keep = 1,
    random: Random = 0,
    samples: Samples = 200,
    max_enumerated: MaxEnumerated = 5000,
    seed: Seed = 0,
    output: Output = None,
    file_format: Format = "cif",
    as_json: AsJson = False,
) -> None:
    """Make vacancies: every neutral, symmetry-distinct candidate, as files with a manifest."""
    from perolyte.cli.dope import CellOptions, make_vacancies

    options = CellOptions(
        supercell=supercell,
        max_atoms=1,
        roles=roles or (),
        composition=composition,
        oxidation_states=oxidation_states,
        ion=ion,
        ordering=ordering,
        cells=cells,
        keep=keep,
        random=random,
        samples=samples,
        max_enumerated=max_enumerated,
        seed=seed,
        output=output,
        file_format=file_format,
        as_json=as_json,
    )
    make_vacancies(structure, vacancy or (), pair=pair, options=options)
