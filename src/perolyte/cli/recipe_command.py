"""The command ``perolyte recipe``: its options, nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["recipe"]


# A bracket in a help text needs a backslash: it is markup otherwise, and vanishes.
def recipe(
    what: Annotated[
        str, typer.Argument(help="formula, uuid of a document, or name of a finished campaign")
    ],
    mass_g: Annotated[float, typer.Option("--mass-g", help="of product")] = 10.0,
    li_excess: Annotated[
        float | None,
        typer.Option("--li-excess", help="0.1 for 10 % \\[default: 0.1 where it holds lithium]"),
    ] = None,
    assay: Annotated[
        list[str] | None, typer.Option(help="share of pure powder, La=0.999; several times")
    ] = None,
    ignition_loss: Annotated[
        list[str] | None, typer.Option(help="share lost on ignition, La=0.02; several times")
    ] = None,
    precursor: Annotated[
        list[str] | None, typer.Option(help="another powder, Li=LiOH; several times")
    ] = None,
    calcine: Annotated[
        str | None, typer.Option(help="°C:h, such as 900:1 \\[default: a reported window]")
    ] = None,
    sinter: Annotated[
        str | None, typer.Option(help="°C:h, such as 1200:6 \\[default: a reported window]")
    ] = None,
    volume_A3: Annotated[
        float | None,
        typer.Option("--volume-A3", help="of what the formula counts, for the X-ray density"),
    ] = None,
    candidate: Annotated[
        str | None, typer.Option(help="of a campaign or map \\[default: the best that is resolved]")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="output directory, path or address")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="directory for recipe.json, .html, .md")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Propose how a composition is made: powders, firing, grain size, what to measure."""
    from perolyte.cli.recipe import parse_hold, parse_pairs, write_recipe_of
    from perolyte.jobs import RecipeSettings

    settings = RecipeSettings(
        mass_g=mass_g,
        lithium_excess=li_excess,
        assay=parse_pairs(assay, "--assay", float),
        ignition_loss=parse_pairs(ignition_loss, "--ignition-loss", float),
        precursors=parse_pairs(precursor, "--precursor", str),
        calcination=parse_hold(calcine, "--calcine"),
        sintering=parse_hold(sinter, "--sinter"),
    )
    write_recipe_of(
        what,
        settings,
        volume_A3=volume_A3,
        candidate=candidate,
        store=store,
        output=output,
        as_json=as_json,
    )
