"""Figures of where ions go: what they show, and what they say when there is nothing."""

from __future__ import annotations

import re

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.figure import Figure

from perolyte.jobs import PathSettings, describe_paths
from perolyte.reports.cell_projection import choose_axis, project_cell
from perolyte.reports.figures import render_figure, settle_layout
from perolyte.reports.ion_density_plot import ion_density_figure
from perolyte.reports.ion_density_surface import find_levels, ion_density_html, ion_density_page
from perolyte.reports.ion_motion_plot import ion_motion_figure
from perolyte.reports.jump_network_plot import jump_network_figure
from perolyte.schemas import IonPathsDoc
from perolyte.trajectories import read_thinned, wrap_trajectory
from support.documents import PROVENANCE
from support.jumping_ions import make_crystal, make_run
from support.walkers import FRAME_FS

FIGURES = (jump_network_figure, ion_motion_figure, ion_density_figure)
EMPTY = IonPathsDoc(
    name="lost",
    status="rejected",
    reasons=["the MD job failed"],
    provenance=PROVENANCE,
    mobile_ion="Li",
    temperature_K=600.0,
    site_source="density",
    attempt_frequency_THz=10.0,
)


def describe(seed, **options):
    source = wrap_trajectory(make_run(seed, **options), frame_interval_fs=FRAME_FS)
    return describe_paths(
        read_thinned(source, "Li")[0],
        name="walk_$1",  # nothing of a name is a formula
        mobile_ion="Li",
        temperature_K=600.0,
        settings=PathSettings(sites="crystal", spacing_A=0.4),
        structure=make_crystal(),
    )


@pytest.fixture(scope="module")
def document():
    return describe(1, n_frames=1500, hops_per_ion=150.0)


@pytest.fixture(scope="module")
def short():
    return describe(2, n_frames=300, hops_per_ion=2.0)


def read_texts(figure: Figure) -> str:
    found = [text.get_text() for text in figure.findobj(lambda item: hasattr(item, "get_text"))]
    return "\n".join(found)


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize("kind", ["document", "short", "empty"])
def test_every_figure_can_be_drawn(request, draw, kind):
    settle_layout(draw(EMPTY if kind == "empty" else request.getfixturevalue(kind)))


def test_the_same_document_gives_the_same_file(short):
    pages = []
    for _ in range(2):
        figure = jump_network_figure(short)
        settle_layout(figure)
        pages.append(render_figure(figure, "svg"))
    assert pages[0] == pages[1]


def test_the_network_shows_every_way_and_site(document):
    figure = jump_network_figure(document)
    plan, rates = figure.axes[:2]
    ways = [item for item in plan.collections if isinstance(item, LineCollection)]
    kinds = {
        tuple(sorted([(jump.origin, *jump.image), (jump.destination, *np.negative(jump.image))]))
        for jump in document.jumps
    }
    assert len(ways) >= len(kinds) / 2
    (sites,) = [item for item in plan.collections if isinstance(item, PathCollection)]
    assert len(sites.get_offsets()) == 5**3, "with the copies on the faces"
    text = read_texts(figure)
    assert "Li in walk_\\$1, 600 K" in text
    assert "Rate there and back (1/ps)" in text
    assert f"{document.jump_kinds[0].barrier_eV:.2f} eV" in text
    assert "10 THz assumed" in text
    assert rates.get_yscale() == "log"


def test_without_rates_ways_show_how_many_jumps_were_seen(short):
    assert 0 < short.n_jumps < 100
    text = read_texts(jump_network_figure(short))
    assert "not converged" in text
    assert "1/ps)" in text
    assert "Rate there and back" not in text
    assert "interval only" in text
    assert " eV" not in text


def test_figures_without_anything_say_so():
    assert "the MD job failed" in read_texts(jump_network_figure(EMPTY))
    assert "the document came without it" in read_texts(ion_density_figure(EMPTY))
    assert "No frames to show" in read_texts(ion_motion_figure(EMPTY))
    assert "without it" in ion_density_page(EMPTY).layout.title.text


def test_columns_of_the_density_hold_all_ions(document):
    figure = ion_density_figure(document)
    panels = figure.axes[:3]
    for axes in panels:
        (mesh,) = [item for item in axes.collections if isinstance(item, QuadMesh)]
        values = mesh.get_array()[:-1, :-1].filled(0.0)
        corners = mesh.get_coordinates()
        u, v = corners[1, 0] - corners[0, 0], corners[0, 1] - corners[0, 0]
        area_A2 = abs(u[0] * v[1] - u[1] * v[0])
        assert values.sum() * area_A2 == pytest.approx(document.n_ions)


def test_columns_are_drawn_where_the_sites_are():
    """Ions on one corner of a skewed cell are under the mark of that corner, seen from anywhere."""
    skewed = np.array([[6.0, 0.0, 0.0], [-2.0, 7.0, 0.0], [1.0, 2.0, 8.0]])
    place = np.array([0.25, 0.5, 0.125])
    divisions = (8, 8, 8)
    counts = np.zeros(divisions, dtype=int)
    counts[tuple((place * 8).astype(int))] = 5
    density = {
        "cell_A": tuple(map(tuple, skewed.tolist())),
        "divisions": divisions,
        "counts": counts.ravel().tolist(),
        "n_frames": 5,
        "n_ions": 1.0,
    }
    shown = IonPathsDoc.model_validate({**EMPTY.model_dump(), "density": density})
    figure = ion_density_figure(shown)
    for axis, axes in enumerate(figure.axes[:3]):
        (mesh,) = [item for item in axes.collections if isinstance(item, QuadMesh)]
        row, column = np.argwhere(~np.ma.getmaskarray(mesh.get_array()))[0]
        middle = mesh.get_coordinates()[row : row + 2, column : column + 2].mean(axis=(0, 1))
        np.testing.assert_allclose(middle, place @ project_cell(skewed, axis), atol=1e-9)


def test_the_view_is_along_the_shortest_axis_and_keeps_lengths():
    cell = np.array([[6.0, 0.0, 0.0], [-2.0, 7.0, 0.0], [1.0, 2.0, 5.0]])
    axis = choose_axis(cell)
    assert axis == 2
    plane = project_cell(cell, axis)
    np.testing.assert_allclose(plane[axis], 0.0, atol=1e-12)
    area = abs(np.linalg.det(plane[[0, 1]]))
    assert area == pytest.approx(np.linalg.det(cell) / np.linalg.norm(cell[axis]))


def test_levels_hold_their_share():
    values = np.random.default_rng(0).random((6, 7, 8)) ** 4
    for share, level in zip((0.5, 0.9), find_levels(values, (0.5, 0.9)), strict=True):
        held = values[values >= level].sum() / values.sum()
        assert share <= held < share + 0.02


def test_the_page_of_the_density_is_one_file(document):
    page = ion_density_html(document, title="a < b")
    assert "<title>a &lt; b</title>" in page
    assert not re.search(r"<(script|link)[^>]+(src|href)=.http", page)
    figure = ion_density_page(document)
    names = [trace.name for trace in figure.data]
    assert names[:4] == ["50% of ions", "80% of ions", "95% of ions", "99% of ions"]
    assert {"cell", "O", "sites of Li", "ways with jumps"} <= set(names)
    assert [trace.visible for trace in figure.data[:4]] == [False, True, False, False]
    assert [step.label for step in figure.layout.sliders[0].steps] == ["50%", "80%", "95%", "99%"]
