"""``perolyte check``, ``results`` and ``report``: show what a file makes or a store holds."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from perolyte.campaigns import load_campaign
from perolyte.cli.amounts import describe_amounts, list_notes
from perolyte.cli.boundary_outputs import print_boundaries, read_boundaries, write_boundaries
from perolyte.cli.outputs import CLAIM_NAME, make_console, print_summary, write_outputs
from perolyte.cli.run import STORE_FOLDER
from perolyte.errors import InputError
from perolyte.reports import csv_text, json_text
from perolyte.schemas import GrainBoundaryDoc, ScreeningSummaryDoc
from perolyte.stores import Results, open_store

__all__ = [
    "load_summary",
    "locate_store",
    "show_candidates",
    "show_results",
    "write_outputs_from_store",
]


def show_candidates(campaign_file: Path) -> None:
    """Print the candidates that a campaign file makes, and what its MD would cost."""
    campaign = load_campaign(campaign_file)
    found = campaign.preview()
    table = Table(title=f"campaign {campaign.name}")
    for heading in ("name", "kind", "formula", "atoms", "achieved", "reaction"):
        table.add_column(heading)
    for doc in found.candidates:
        reaction = "" if doc.doping is None else doc.doping.reaction
        table.add_row(
            doc.name, doc.kind, doc.formula, str(doc.n_atoms), describe_amounts(doc), reaction
        )
    console = make_console()
    console.print(table)
    for text in list_notes(found):
        console.print(f"note: {text}", highlight=False, soft_wrap=True)
    steps = campaign.count_md_steps()
    n_atoms = found.candidates[0].n_atoms
    cost = f"up to {steps} MD steps of {n_atoms} atoms" if steps else "no molecular dynamics"
    console.print(f"{cost}, hop distance {found.hop_distance_A:.2f} Å", highlight=False)
    sizes = campaign.preview_boundaries()
    for size in sizes:
        plane = " ".join(map(str, size.plane))
        console.print(
            f"boundary Sigma {size.sigma} ({plane}): cells of {size.n_atoms} atoms, "
            f"{size.separation_A:.0f} Å between boundaries, {size.n_terminations} terminations, up "
            f"to {campaign.count_boundary_steps() // len(sizes)} MD steps after annealing",
            highlight=False,
        )


def show_results(campaign: str | None, store: str, *, output_format: str) -> None:
    """Print a campaign's table from a store."""
    summary = load_summary(campaign, store)
    if output_format == "csv":
        print(csv_text(summary), end="")  # noqa: T201 (for machines: no markup, no wrapping)
    elif output_format == "json":
        print(json_text(summary), end="")  # noqa: T201
    else:
        console = make_console()
        print_summary(console, summary)
        print_boundaries(console, summary.simulated_boundaries)


def write_outputs_from_store(campaign: str | None, store: str, output: Path) -> None:
    """Write a campaign's output directory again from its store."""
    summary = load_summary(campaign, store)
    write_outputs(summary, output)
    write_boundaries(_load_boundaries(summary, store), output / "figures")
    make_console().print(f"wrote {output / 'report.html'}", highlight=False)


def load_summary(campaign: str | None, location: str) -> ScreeningSummaryDoc:
    """Read the newest summary of a campaign from a store; None takes the only one there.

    Raises
    ------
    InputError
        When there is none, or several to choose from.
    """
    store = open_store(locate_store(location), create=False)
    try:
        criteria = {"output.schema_name": ScreeningSummaryDoc.__name__}
        if campaign is not None:
            criteria["output.campaign"] = campaign
        newest = {
            str(doc["output"]["campaign"]): str(doc["uuid"])
            for doc in store.query(
                criteria, ["uuid", "output.campaign"], sort={"completed_at": 1}, load=False
            )
        }
        only = next(iter(newest.values()), None)
        found = None if len(newest) != 1 else Results(store).document(str(only), load=True)
    finally:
        store.close()
    if not newest:
        wanted = "finished campaign" if campaign is None else f"finished campaign {campaign!r}"
        raise InputError(
            f"{location} holds no {wanted}; run 'perolyte run FILE.yaml' first, or give its "
            "output directory with --store"
        )
    if len(newest) > 1:
        raise InputError(
            f"{location} holds {len(newest)} campaigns: {', '.join(sorted(newest))}; name one"
        )
    return ScreeningSummaryDoc.model_validate(found)


def _load_boundaries(summary: ScreeningSummaryDoc, location: str) -> list[GrainBoundaryDoc]:
    store = open_store(locate_store(location), create=False)
    try:
        return read_boundaries(store, summary)
    finally:
        store.close()


def locate_store(location: str) -> str:
    """Find the store of an output directory; anything else is a store itself."""
    if "://" in location:
        return location
    folder = Path(location)
    if (folder / STORE_FOLDER).is_dir():
        return str(folder / STORE_FOLDER)
    nested = sorted(p.parent for p in folder.glob(f"runs/*/{CLAIM_NAME}"))
    if len(nested) == 1 and (nested[0] / STORE_FOLDER).is_dir():
        return str(nested[0] / STORE_FOLDER)
    if len(nested) > 1:
        names = ", ".join(str(p) for p in nested)
        raise InputError(f"several output directories here: {names}; give one with --store")
    return location
