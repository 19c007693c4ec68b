"""``perolyte recipe``: a composition in, a proposal of its synthesis out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rich.table import Table

from perolyte.cli.outputs import make_console
from perolyte.cli.recipe_source import find_source
from perolyte.cli.result_folder import open_result_folder
from perolyte.cli.transport_files import check_folder
from perolyte.errors import InputError
from perolyte.files import replace_file
from perolyte.jobs import RecipeSettings, build_recipe
from perolyte.reports.recipe_page import recipe_html, recipe_markdown
from perolyte.schemas import RecipeDoc
from perolyte.synthesis import FiringStep

__all__ = ["parse_hold", "parse_pairs", "write_recipe_of"]

RECORD = "recipe.json"
T = TypeVar("T")


def parse_pairs(
    given: Sequence[str] | None, option: str, convert: Callable[[str], T]
) -> dict[str, T]:
    """Read ``["La=0.999"]``.

    Examples
    --------
    >>> parse_pairs(["La=0.999"], "--assay", float)
    {'La': 0.999}
    """
    pairs: dict[str, T] = {}
    for text in given or []:
        element, separator, value = text.partition("=")
        try:
            if not separator or not element.strip() or element.strip() in pairs:
                raise ValueError  # noqa: TRY301
            pairs[element.strip()] = convert(value.strip())
        except ValueError:
            raise InputError(
                f"{option} {text[:60]!r} is not understood; write it such as La=0.999, each "
                "element once"
            ) from None
    return pairs


def parse_hold(given: str | None, option: str) -> FiringStep | None:
    """Read ``"1200:6"``, °C and hours.

    Examples
    --------
    >>> parse_hold("1200:6", "--sinter")
    FiringStep(temperature_C=1200.0, time_h=6.0)
    """
    if given is None:
        return None
    try:
        temperature_C, time_h = (float(part) for part in given.split(":"))
    except ValueError:
        raise InputError(
            f"{option} {given[:60]!r} is not understood; write °C:h, such as 1200:6"
        ) from None
    return FiringStep(temperature_C, time_h)


def write_recipe_of(
    what: str,
    settings: RecipeSettings,
    *,
    volume_A3: float | None,
    candidate: str | None,
    store: str | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Build the recipe, write its files and print it.

    Raises
    ------
    InputError
        As :func:`~perolyte.cli.recipe_source.find_source` and
        :func:`~perolyte.jobs.build_recipe`.
    StoreError
        When the output cannot be written, or the store read.
    """
    if output is not None:
        check_folder(output)
    source = find_source(what, store=store, candidate=candidate)
    recipe = build_recipe(
        source.formula,
        settings,
        volume_A3=volume_A3 if volume_A3 is not None else source.volume_A3,
        candidate=source.candidate,
        maps=source.maps,
        parent_uuids=source.uuids,
        warnings=source.warnings,
    )
    text = json.dumps(recipe.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
    written = [] if output is None else _write_files(recipe, text, output)
    if as_json:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        _print_recipe(recipe, written)


def _write_files(recipe: RecipeDoc, text: str, folder: Path) -> list[Path]:
    record = json.loads(text)
    with open_result_folder(folder, RECORD, _identify, record, "compositions"):
        pages = {"recipe.html": recipe_html(recipe), "recipe.md": recipe_markdown(recipe)}
        written = [replace_file(folder / name, content) for name, content in pages.items()]
        return [replace_file(folder / RECORD, text), *written]


def _identify(record: dict[str, Any]) -> list[str]:
    return [str(record["formula"]), str(record["candidate"])]


def _print_recipe(recipe: RecipeDoc, written: Sequence[Path]) -> None:
    console = make_console()
    table = Table(title=f"{recipe.mass_g:g} g of {recipe.formula}")
    for heading in ("powder", "pure, g", "excess", "to weigh, g"):
        table.add_column(heading, justify="left" if heading == "powder" else "right")
    for line in recipe.powders:
        excess = f"{100 * line.excess:+g} %" if line.excess else ""
        table.add_row(line.formula, f"{line.stoichiometric_g:.4f}", excess, f"{line.weighed_g:.4f}")
    console.print(table)
    for section in recipe.sections:
        console.print(f"[bold]{section.title}[/]")
        for item in section.lines:
            console.print(
                f"  {item.text} ({item.label}; {item.source})",
                highlight=False,
                soft_wrap=True,
                markup=False,
            )
    for text in recipe.warnings:
        console.print(f"note: {text}", highlight=False, soft_wrap=True, markup=False)
    for path in written:
        console.print(f"wrote {path}", highlight=False, soft_wrap=True, markup=False)
