"""Figures of energy maps: surfaces, endless paths, the page and the network."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from pymatgen.core import Lattice

from perolyte.bvse import migration_paths, percolation_barriers
from perolyte.reports.bvse_isosurface import choose_levels, isosurface_figure, isosurface_html
from perolyte.reports.bvse_network import network_figure
from perolyte.reports.bvse_path_traces import cut_to_cell
from perolyte.reports.bvse_profile import find_endless_path
from perolyte.reports.figures import render_figure, settle_layout
from perolyte.reports.level_surface import find_level_surface, thin_out
from support.energy_maps import make_egg_box, make_map, make_waves

HEIGHTS = (0.3, 0.5, 0.9)
GRID_SHARE = 0.03
"""Volume and area of a ball drawn on 24 points, relative to the true ones."""


@pytest.fixture(scope="module")
def egg_box():
    """One site, barriers 0.3, 0.5 and 0.9 eV along a, b and c."""
    energies = make_map(make_egg_box((16, 20, 24), HEIGHTS))
    return energies, percolation_barriers(energies), migration_paths(energies, energy_limit_eV=1.0)


@pytest.fixture(scope="module")
def closed():
    """Nothing percolates."""
    energies = make_map(make_egg_box((12, 12, 12), (5.0, 5.0, 5.0)))
    percolation = percolation_barriers(energies, energy_limit_eV=1.0)
    return energies, percolation, migration_paths(energies, energy_limit_eV=1.0)


# -- surfaces --------------------------------------------------------------------------------------


def make_distances(n: int, centre: float) -> np.ndarray:
    """Distance to the nearest image of one point, in fractions of the edge."""
    u = np.abs((np.arange(n) / n - centre + 0.5) % 1.0 - 0.5)
    return np.sqrt(u[:, None, None] ** 2 + u[:, None] ** 2 + u**2)


def corners_of(surface):
    return (surface.points_frac[surface.triangles[:, k]] for k in range(3))


def test_a_ball_is_closed_round_and_turned_outward():
    surface = find_level_surface(make_distances(24, 0.5), 0.3)
    a, b, c = corners_of(surface)
    volume = np.einsum("ij,ij->i", a - 0.5, np.cross(b - 0.5, c - 0.5)).sum() / 6
    assert volume == pytest.approx(4 / 3 * np.pi * 0.3**3, rel=GRID_SHARE)
    sides = Counter(
        tuple(sorted(pair))
        for triangle in surface.triangles.tolist()
        for pair in zip(triangle, triangle[1:] + triangle[:1], strict=True)
    )
    assert set(sides.values()) == {2}


@pytest.mark.parametrize("centre", [0.0, 0.02, 0.37])
def test_a_ball_cut_by_the_faces_of_the_cell_is_whole_in_all_its_pieces(centre):
    surface = find_level_surface(make_distances(24, centre), 0.3)
    a, b, c = corners_of(surface)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    assert area == pytest.approx(4 * np.pi * 0.3**2, rel=GRID_SHARE)
    assert surface.points_frac.min() >= 0.0
    assert surface.points_frac.max() <= 1.0


@pytest.mark.parametrize("level", [-1.0, 10.0])
def test_no_surface_below_or_above_everything(level):
    surface = find_level_surface(make_distances(8, 0.5), level)
    assert surface.points_frac.shape == surface.triangles.shape == (0, 3)


def test_thinning_closes_no_passage():
    energies = np.full((40, 40, 40), 5.0)
    energies[:, 21, 17] = 0.1  # a channel one voxel wide
    thin = thin_out(energies, 2000)
    assert thin.size <= 2000
    assert percolation_barriers(thin, energy_limit_eV=None).thresholds_eV[1] == 0.1
    assert thin_out(energies, 64000) is not None
    assert np.array_equal(thin_out(energies, 64000), energies)


def test_thinning_keeps_flat_cells():
    assert thin_out(make_waves((2, 60, 90), 1), 500).shape[0] == 2


# -- levels and page -------------------------------------------------------------------------------


def test_levels_hold_every_threshold():
    inf = float("inf")
    levels = choose_levels({1: 0.4, 2: 0.402, 3: 1.0})
    assert [name for _, name in levels if name] == ["1D, 2D", "3D"]
    assert [energy for energy, _ in levels] == sorted(energy for energy, _ in levels)
    assert [name for _, name in choose_levels({1: 0.4, 2: inf, 3: inf}) if name] == ["1D"]
    assert not [name for _, name in choose_levels({1: inf, 2: inf, 3: inf}) if name]
    # thresholds close together need nothing between them
    assert len(choose_levels({1: 0.4, 2: 0.5, 3: 0.5})) == 5


def test_the_slider_shows_what_is_open_at_its_level(egg_box):
    energies, percolation, network = egg_box
    figure = isosurface_figure(energies, percolation, network)
    names = [trace.name for trace in figure.data]
    (slider,) = figure.layout.sliders
    labels = [step.label for step in slider.steps]
    assert [label for label in labels if "D" in label] == ["0.30 (1D)", "0.50 (2D)", "0.90 (3D)"]
    assert labels[slider.active] == "0.30 (1D)"
    for step in slider.steps:
        change, moved = step.args
        assert len(change["visible"]) == len(moved)
        shown = [names[i] for i, on in zip(moved, change["visible"], strict=True) if on]
        energy_eV = float(step.label.split()[0])
        assert sum(name.startswith("below ") for name in shown) == 1
        n_open = sum(energy_eV >= height for height in HEIGHTS)
        assert sum(name.startswith("hops for ") for name in shown) == n_open
        assert shown.count("bottleneck") == n_open
    start = dict(zip(slider.steps[slider.active].args[1],
                     slider.steps[slider.active].args[0]["visible"], strict=True))  # fmt: skip
    for index, trace in enumerate(figure.data):
        assert trace.visible in (None, start.get(index, True))
    assert {"cell", "O"} <= set(names)


def test_everything_lies_in_the_cell(egg_box):
    energies, percolation, network = egg_box
    inverse = np.linalg.inv(energies.framework.lattice.matrix)
    for trace in isosurface_figure(energies, percolation, network).data:
        points = np.stack([trace.x, trace.y, trace.z], axis=1).astype(float) @ inverse
        assert np.nanmin(points) >= -1e-5, trace.name
        assert np.nanmax(points) <= 1 + 1e-5, trace.name


def test_page_is_small_and_needs_no_network(egg_box, closed):
    page = isosurface_html(*egg_box, title="Li<sub> & co")
    assert "<title>Li&lt;sub&gt; &amp; co</title>" in page
    assert not re.search(r"<(script|link)[^>]+(src|href)=", page)
    assert len(page) < 8e6
    assert isosurface_html(*egg_box) == isosurface_html(*egg_box)
    without = isosurface_figure(*closed[:2])
    assert "no 3D path" in without.layout.title.text
    assert not [trace for trace in without.data if (trace.name or "").startswith("hops")]


def test_a_large_rough_map_still_gives_a_small_page():
    rough = make_map(make_waves((60, 60, 60), 3, n_waves=40, highest=12))
    percolation = percolation_barriers(rough, energy_limit_eV=None)
    figure = isosurface_figure(rough, percolation)
    assert len(figure.to_json()) < 3.2e6


def test_paths_are_cut_at_the_faces_of_the_cell():
    path = np.stack([np.linspace(0.5, 1.5, 11), np.full(11, 0.25), np.zeros(11)], axis=1)
    pieces = cut_to_cell(path)
    ends = sorted((piece[0][0], piece[-1][0]) for piece in pieces if piece[0][2] == 0.0)
    assert ends == [(0.0, 0.5), (0.5, 1.0)]
    assert {piece[0][2] for piece in pieces} == {0.0, 1.0}, "a path in a face is shown on both"


# -- endless paths ---------------------------------------------------------------------------------


def test_endless_path_of_each_dimension(egg_box):
    _, percolation, network = egg_box
    before: tuple = ()
    for dimensions, (height, length_A) in enumerate(zip(HEIGHTS, (4.0, 5.0, 6.0), strict=True), 1):
        path = find_endless_path(network, percolation.thresholds_eV[dimensions], not_along=before)
        assert path.winding == tuple(int(i == dimensions - 1) for i in range(3))
        assert path.energy_eV.max() == pytest.approx(height)
        assert path.energy_eV[0] == path.energy_eV[-1] == 0.0
        assert path.distance_A[-1] == pytest.approx(length_A)
        assert path.site_indices == (0, 0)
        assert len(path.distance_A) == len(path.energy_eV)
        before = percolation.directions[dimensions]


def test_endless_paths_of_random_maps_reach_their_threshold():
    for seed in range(4):
        energies = make_map(make_waves((16, 18, 20), seed))
        percolation = percolation_barriers(energies, energy_limit_eV=None)
        top = percolation.barriers_from_cell_minimum_eV[3]
        network = migration_paths(energies, energy_limit_eV=top + 0.1)
        path = find_endless_path(network, percolation.thresholds_eV[1])
        assert path.energy_eV.max() == pytest.approx(percolation.thresholds_eV[1])
        assert path.energy_eV.min() == pytest.approx(path.energy_eV[0]), "the deepest comes first"
        assert path.winding > (0, 0, 0)
        assert np.all(np.diff(path.distance_A) > 0.0)


def test_no_endless_path_below_the_threshold(egg_box):
    _, percolation, network = egg_box
    assert find_endless_path(network, percolation.thresholds_eV[1] - 0.01) is None


# -- network ---------------------------------------------------------------------------------------


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_network_figure_names_the_barriers(egg_box):
    _, percolation, network = egg_box
    figure = network_figure(network, percolation, title="a $title")
    settle_layout(figure)
    said = words(figure)
    assert "1D: 0.30 eV, along [1 0 0]" in said
    assert "3D: 0.90 eV, along [0 0 1]" in said
    assert "they are no activation energies" in said
    profile, plan = figure.axes[:2]
    assert (profile.get_xlabel(), plan.get_xlabel()) == ("Distance along the path (Å)", "Å")
    assert "seen along a" in plan.get_title("left")
    assert figure.axes[2].get_ylabel() == "Saddle above the lowest site (eV)"
    assert render_figure(figure, "png").startswith(b"\x89PNG")
    assert render_figure(figure, "svg") == render_figure(figure, "svg")


def test_network_figure_of_equal_barriers_has_no_scale():
    energies = make_map(make_egg_box((12, 12, 12), (0.4, 0.4, 0.4)), Lattice.cubic(4.0))
    percolation = percolation_barriers(energies)
    network = migration_paths(energies, energy_limit_eV=0.5)
    figure = network_figure(network, percolation)
    assert "1D, 2D, 3D: 0.40 eV" in words(figure)
    assert "all saddles at 0.40 eV" in words(figure)
    assert len(figure.axes) == 2


def test_network_figure_without_a_path_says_so(closed):
    _, percolation, network = closed
    figure = network_figure(network, percolation)
    assert "no 1D and 2D and 3D path up to 1 eV" in words(figure).replace("\n", " ")
    settle_layout(figure)
