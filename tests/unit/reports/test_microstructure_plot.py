from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from perolyte.errors import InputError
from perolyte.jobs import homogenise_microstructure
from perolyte.mesoscale.microstructure import (
    GrainMap,
    assign_conductivity,
    current_density,
    generate_polycrystal,
)
from perolyte.reports.figures import render_figure
from perolyte.reports.microstructure_plot import current_figure, microstructure_figure

GIVEN = {"boundary_S_cm": 1e-5, "boundary_thickness_nm": 1.0, "grain_size_nm": 300.0}


@pytest.fixture(scope="module")
def document():
    settings = {"n_dimensions": 2, "n_voxels": 40, "n_grains": 9}
    return homogenise_microstructure.original(1e-3, **GIVEN, name="$a_b$", settings=settings)


def current_of(grains):
    field = assign_conductivity(
        grains, bulk_S_cm=1.0, boundary_S_cm=0.01, boundary_thickness_nm=1.0
    )
    return current_density(field.conductivity)


def test_neighbours_have_other_colours_and_a_line_between_them(document):
    figure = microstructure_figure(document)
    left = figure.axes[0]
    shown = left.images[0].get_array()
    labels = document.grains.labels().T
    (lines,) = [c for c in left.collections if isinstance(c, LineCollection)]
    n_faces = 0
    for axis in range(2):
        here, there = (np.delete(labels, end, axis) for end in (-1, 0))
        differs = here != there
        n_faces += differs.sum()
        tints, others = (np.delete(shown, end, axis) for end in (-1, 0))
        assert (np.abs(tints - others).max(axis=-1)[differs] > 0.02).all()
        assert (np.abs(tints - others).max(axis=-1)[~differs] == 0.0).all()
    assert len(lines.get_segments()) == n_faces
    edge_nm = 40 * document.grains.voxel_nm
    assert left.images[0].get_extent() == pytest.approx((0.0, edge_nm, 0.0, edge_nm))
    assert (left.get_xlabel(), left.get_ylabel()) == ("x (nm)", "y (nm)")


def test_the_conductivity_stands_between_its_bounds(document):
    right = microstructure_figure(document).axes[1]
    names = [label.get_text() for label in right.get_yticklabels()]
    assert names[0] == "this microstructure"
    assert [name.split(",")[0] for name in names[1:]] == [
        "brick layer",
        "Hashin-Shtrikman",
        "Wiener",
    ]
    rows = {line.get_ydata()[0]: line.get_xdata() for line in right.lines}
    assert rows[0] == pytest.approx(np.diag(document.conductivity_S_cm))
    low, high = rows[3]
    assert low < min(rows[0]) < max(rows[0]) < high
    assert right.get_xlabel() == "conductivity (S cm⁻¹)"


def test_what_is_missing_is_said(document):
    lost = {"grains": None, "conductivity_S_cm": None, "reasons": ["after 1 iterations"]}
    figure = microstructure_figure(document.model_copy(update=lost))
    left, right = (axes.texts[0].get_text() for axes in figure.axes[:2])
    assert "large data" in left
    assert "after 1 iterations" in right
    assert render_figure(figure, "png").startswith(b"\x89PNG")


def test_the_same_document_gives_the_same_file(document):
    files = [render_figure(microstructure_figure(document), "svg") for _ in range(2)]
    assert files[0] == files[1]


@pytest.mark.parametrize("shape", [(24, 24), (14, 12, 10)])
def test_the_current_is_drawn_over_its_mean(shape):
    grains = generate_polycrystal(shape, n_grains=5, grain_size_nm=2000.0, seed=1)
    current = current_of(grains)
    figure = current_figure(grains, current, smooth_voxels=1)
    shown = figure.axes[1].images[0].get_array()
    plane = current if len(shape) == 2 else current[..., shape[2] // 2]
    expected = np.sqrt((plane**2).sum(axis=0)) / current[0].mean()
    assert np.asarray(shown) == pytest.approx(expected.T)
    assert figure.axes[0].get_xlabel() == "x (µm)"
    smooth = current_figure(grains, current, smooth_voxels=5).axes[1].images[0].get_array()
    assert np.ptp(smooth) < np.ptp(shown)
    assert render_figure(figure, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"current_A_cm2": np.ones((2, 4, 5))},
            r"shape \(2, 4, 5\); for these grains give \(2, 4, 4\)",
        ),
        ({"axis": 2}, "axis is 2; give 0 or 1"),
        ({"axis": 1}, "the mean current along axis 1 is 0 A/cm²"),
        ({"smooth_voxels": 0}, "smooth_voxels is 0"),
    ],
)
def test_currents_that_cannot_be_drawn(changes, message):
    grains = GrainMap(np.kron([[0], [1]], np.ones((2, 4), dtype=int)), 10.0)
    current = np.stack([np.ones((4, 4)), np.zeros((4, 4))])
    with pytest.raises(InputError, match=message) as caught:
        current_figure(grains, **({"current_A_cm2": current} | changes))
    assert "\n" not in str(caught.value)
