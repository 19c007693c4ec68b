"""Make the figures of microstructure.md, but for that of grain growth; run it with python."""

from __future__ import annotations

import sys
from pathlib import Path

from perolyte.jobs import homogenise_microstructure
from perolyte.mesoscale.microstructure import (
    BoundaryKinetics,
    assign_conductivity,
    current_density,
    effective_conductivity,
    generate_polycrystal,
    simulate_grain_growth,
)
from perolyte.reports.figures import render_figure
from perolyte.reports.microstructure_plot import current_figure, microstructure_figure

HERE = Path(__file__).parent
BULK_S_CM, BOUNDARY_S_CM, THICKNESS_NM = 1e-3, 4e-8, 1.0


def draw_current(folder: Path) -> None:
    """Grow grains in a plane, and draw the current through them."""
    start = generate_polycrystal((320, 320), n_grains=90, grain_size_nm=500.0, seed=3)
    kinetics = BoundaryKinetics(energy_J_m2=0.5, mobility_m4_J_s=1e-16)
    grains = simulate_grain_growth(start, kinetics, n_steps=900, step=0.4).state.grains
    field = assign_conductivity(
        grains,
        bulk_S_cm=BULK_S_CM,
        boundary_S_cm=BOUNDARY_S_CM,
        boundary_thickness_nm=THICKNESS_NM,
    )
    found = effective_conductivity(field.conductivity)
    print(f"{grains.n_grains} grains: {found.mean_S_cm:.2e} S/cm, bulk {BULK_S_CM:g} S/cm")
    current = current_density(field.conductivity)
    figure = current_figure(grains, current, title="Grown grains with blocking boundaries")
    (folder / "microstructure_current.png").write_bytes(render_figure(figure, "png"))


def draw_document(folder: Path) -> None:
    """Draw the document of a job."""
    document = homogenise_microstructure.original(
        BULK_S_CM,
        boundary_S_cm=BOUNDARY_S_CM,
        boundary_thickness_nm=THICKNESS_NM,
        grain_size_nm=1000.0,
        name="1 µm grains, blocking boundaries",
        settings={"n_voxels": 64, "n_grains": 50},
    )
    figure = microstructure_figure(document)
    (folder / "microstructure_grains.png").write_bytes(render_figure(figure, "png"))


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "figures"
    draw_document(target)
    draw_current(target)
