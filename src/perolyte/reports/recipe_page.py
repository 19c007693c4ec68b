"""A recipe to read: one HTML page, or Markdown for a notebook."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from perolyte.reports.text import formula_html
from perolyte.schemas import RecipeDoc

__all__ = ["recipe_html", "recipe_markdown"]

_SPECIAL = ("\\", "|", "*", "_", "`", "[", "]", "<", ">", "#")


def recipe_html(recipe: RecipeDoc) -> str:
    """Return a page that needs nothing else; words from documents are escaped."""
    environment = Environment(
        loader=PackageLoader("perolyte.reports"),
        autoescape=True,  # names and sources come from the user's files
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("recipe.html.j2").render(
        recipe=recipe, provenance=recipe.provenance, formula_html=_write_formula
    )


def recipe_markdown(recipe: RecipeDoc) -> str:
    """Return the recipe as Markdown."""
    name = "" if recipe.candidate is None else f" ({_plain(recipe.candidate)})"
    lines = [
        f"# {recipe.mass_g:g} g of {_plain(recipe.formula)}{name}",
        "",
        *(f"> {_plain(text)}" for text in recipe.warnings),
        "",
        "| powder | pure, g | excess | assay | ignition loss | to weigh, g | label |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {_plain(p.formula)} | {p.stoichiometric_g:.4f} | {100 * p.excess:g} % | {p.assay:g} "
        f"| {p.ignition_loss:g} | {p.weighed_g:.4f} | {p.label} |"
        for p in recipe.powders
    ]
    for section in recipe.sections:
        lines += ["", f"## {section.title}", ""]
        lines += [
            f"- {_plain(item.text)} (**{item.label}**; {_plain(item.source)})"
            for item in section.lines
        ]
    parents = ", ".join(f"`{uuid}`" for uuid in recipe.provenance.parent_uuids)
    made_from = f", from {parents}" if parents else ""
    lines += ["", f"perolyte {recipe.provenance.perolyte_version}{made_from}", ""]
    return "\n".join(lines)


def _write_formula(formula: str) -> str:
    # of a fraction only the numerator would be lowered
    return formula if "/" in formula else formula_html(formula)


def _plain(text: str) -> str:
    """Escape what Markdown would take for markup."""
    text = " ".join(text.split())
    for mark in _SPECIAL:
        text = text.replace(mark, f"\\{mark}")
    return text
