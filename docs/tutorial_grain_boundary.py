"""Make the figures and numbers of tutorial_grain_boundary.md; run it with python."""

from __future__ import annotations

import sys
from pathlib import Path

from perolyte.campaigns import load_campaign
from perolyte.jobs import build_grain_size_map, build_recipe
from perolyte.mesoscale import specific_boundary_conductivity
from perolyte.reports import (
    arc_frequency_figure,
    boundary_table_figure,
    ceramic_map_figure,
    ceramic_map_html,
)
from perolyte.schemas import GivenBoundary, GivenBulk, GrainSizeMapDoc, GrainSizeSettings

HERE = Path(__file__).parent
CAMPAIGN = HERE.parent / "workflows" / "llto_grain_boundary.yaml"
WHAT_IF = {"Sr": 10.0, "Al": 0.1}
"""Assumed factors on the conductivity of the boundary, to see what they would do."""


def make_settings() -> GrainSizeSettings:
    """Take the measured ceramic of the campaign, and assume what doping does to its boundaries."""
    given = load_campaign(CAMPAIGN).spec.boundaries.map_settings()
    measured, bulk = given.values[0], given.bulk[0]
    values, bulks = [measured], [bulk]
    for dopant, factor in WHAT_IF.items():
        changes = {
            "dopant": dopant,
            "name": f"boundary times {factor:g}",
            "conductivity_S_cm": factor * measured.conductivity_S_cm,
            "label": "assumed",
            "source": f"a guess: {factor:g} times the measured one",
        }
        values.append(GivenBoundary(**{**measured.model_dump(), **changes}))
        own = {"name": f"{dopant}-doped", "dopant": dopant, "fraction": 0.02, "label": "assumed"}
        own["source"] = f"taken over from the undoped: {bulk.source}"
        bulks.append(GivenBulk(**{**bulk.model_dump(), **own}))
    grid = {"temperatures_K": [250.0, 275, 300, 325, 350, 375, 400, 425, 450]}
    return GrainSizeSettings(**{**given.model_dump(), **grid, "values": values, "bulk": bulks})


def print_numbers(document: GrainSizeMapDoc) -> None:
    """Print what the text of the tutorial quotes."""
    specific = specific_boundary_conductivity(
        3.8e-5, grain_size_nm=2420.0, boundary_thickness_nm=1.0
    )
    print(f"specific {float(specific):.2e} S/cm")
    at = document.maps.temperatures_K.index(300.0)
    for material in document.maps.materials:
        half = material.half_blocking_nm
        ends = (half.value[at], half.lower[at], half.upper[at])
        print(f"{material.name}: half", " ".join(f"{nm / 1000:.3g}" for nm in ends), "um")
        bulk, boundary = material.bulk_peak_Hz.value[at], material.boundary_peak_Hz.value[at]
        print(f"  arcs {bulk:.2g} and {boundary:.2g} Hz")
    print("\n".join(document.warnings))


def main(folder: Path) -> None:
    """Write the figures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    document = build_grain_size_map([], make_settings(), name="tutorial", seed=1)
    ceramic_map_figure(document.maps).savefig(folder / "grain_boundary_map.png", dpi=110)
    boundary_table_figure(document.maps).savefig(folder / "grain_boundary_table.png", dpi=110)
    arc_frequency_figure(document.maps).savefig(folder / "grain_boundary_arcs.png", dpi=110)
    page = ceramic_map_html(document.maps, title="LLTO: conductivity over grain size")
    (folder / "grain_boundary_map.html").write_text(page, encoding="utf-8")
    print_numbers(document)
    recipe = build_recipe("Li0.35La0.55TiO3", candidate="hot-pressed LLTO", maps=document.maps)
    grains = next(section for section in recipe.sections if section.title == "Grain size")
    for line in grains.lines:
        print(f"{line.text} [{line.label}]")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "figures")
