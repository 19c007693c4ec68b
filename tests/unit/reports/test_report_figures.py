"""Figures: units on axes, words instead of empty frames, lines that agree with the documents."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from perolyte.reports import write_figures
from perolyte.reports.arrhenius_line import bar_of_point, bound_conductivity, predict_line
from perolyte.reports.figures import FIGURES, settle_layout
from perolyte.reports.grain_size_plot import find_half_blocking_size
from perolyte.reports.style import OKABE_ITO, choose_candidate_looks, choose_temperature_looks
from perolyte.schemas import ScreeningSummaryDoc

SUMMARIES = ("unresolved", "mixed", "nothing_run", "many", "one_point")
UNIT = re.compile(r"\((nm|ps|eV|K|K⁻¹|Å²|S cm⁻¹|S K cm⁻¹)\)$")


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


@pytest.mark.parametrize("figure_name", FIGURES)
@pytest.mark.parametrize("name", SUMMARIES)
def test_axes_have_units_and_are_not_empty(
    figure_name: str, name: str, every_summary: dict[str, ScreeningSummaryDoc]
) -> None:
    figure = FIGURES[figure_name](every_summary[name])
    labels = {axes.get_xlabel() for axes in figure.axes} - {""}
    assert labels
    if figure_name != "ranking":  # its other axis has names
        labels_y = {axes.get_ylabel() for axes in figure.axes} - {""}
        assert labels_y
        labels |= labels_y
    assert all(UNIT.search(label) for label in labels), labels
    for axes in figure.axes:
        assert axes.lines or axes.texts or axes.get_xlabel() == "T (K)"


@pytest.mark.parametrize("figure_name", FIGURES)
@pytest.mark.parametrize("name", SUMMARIES)
def test_no_text_is_clipped_and_no_legend_covers_axes(
    figure_name: str, name: str, every_summary: dict[str, ScreeningSummaryDoc]
) -> None:
    figure = FIGURES[figure_name](every_summary[name])
    settle_layout(figure)
    frame = figure.bbox
    for legend in figure.legends:
        box = legend.get_window_extent()
        assert box.x1 <= frame.x1 + 1
        assert box.y0 >= frame.y0 - 1
        assert not any(box.overlaps(axes.get_window_extent()) for axes in figure.axes)
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box is not None
        margin = 2.0  # pixels: antialiasing
        assert box.x0 >= frame.x0 - margin
        assert box.x1 <= frame.x1 + margin
        assert box.y1 <= frame.y1 + margin


@pytest.mark.parametrize(
    ("figure_name", "name", "message"),
    [
        ("arrhenius", "unresolved", "No conductivity to show: no temperature of any candidate"),
        ("arrhenius", "unresolved", "parent, Sr2-S3: not converged"),
        ("arrhenius", "nothing_run", "no molecular dynamics was run"),
        ("msd", "nothing_run", "no molecular dynamics was run"),
        ("grain_size", "unresolved", "no bulk conductivity is resolved"),
        ("grain_size", "nothing_run", "no molecular dynamics was run"),
        ("ranking", "one_point", "the campaign has no candidate besides the parent"),
        ("ranking", "mixed", "no energy: relaxation not converged"),
    ],
)
def test_what_is_missing_is_said_inside_the_axes(
    figure_name: str, name: str, message: str, every_summary: dict[str, ScreeningSummaryDoc]
) -> None:
    figure = FIGURES[figure_name](every_summary[name])
    inside = "\n".join(text.get_text() for axes in figure.axes for text in axes.texts)
    assert message in " ".join(inside.split())


def test_a_resolved_bulk_without_a_boundary_says_what_the_map_needs(
    mixed: ScreeningSummaryDoc,
) -> None:
    row = mixed.candidates[0]
    assert row.conductivity is not None
    doc = row.conductivity.model_copy(update={"grain_size_map": None})
    changes = {"candidates": [row.model_copy(update={"conductivity": doc})], "reference_map": None}
    figure = FIGURES["grain_size"](mixed.model_copy(update=changes))
    assert "gives no grain-boundary conductivity" in words(figure).replace("\n", " ")


def test_literature_is_labelled_and_grey(unresolved: ScreeningSummaryDoc) -> None:
    figure = FIGURES["grain_size"](unresolved)
    assert "literature, not computed" in words(figure)
    assert unresolved.reference_map is not None
    line = figure.axes[0].lines[0]
    assert line.get_ydata() == pytest.approx(unresolved.reference_map.total_S_cm)
    red, green, blue = mpl.colors.to_rgb(line.get_color())
    assert red == green == blue


def test_half_blocking_is_marked_where_it_is(mixed: ScreeningSummaryDoc) -> None:
    found = mixed.candidates[0].conductivity.grain_size_map  # type: ignore[union-attr]
    assert found is not None
    size = find_half_blocking_size(found.grain_size_nm, found.blocking_factor)
    # series model: alpha = 1/2 where d = thickness * sigma_bulk / sigma_boundary
    bulk, boundary, thickness = (quantity.value for quantity in found.parameters)
    assert size == pytest.approx(thickness * bulk / boundary, rel=1e-6)
    assert "blocking factor 0.5" in words(FIGURES["grain_size"](mixed))
    assert find_half_blocking_size([1.0, 2.0], [0.9, 0.8]) is None


def test_unresolved_curves_are_dashed_and_named(mixed: ScreeningSummaryDoc) -> None:
    figure = FIGURES["msd"](mixed)
    assert "not converged: 550 K" in words(figure)
    assert "unphysical: 1200 K" in words(figure)
    panel = figure.axes[0]
    curves = [line for line in panel.lines if len(line.get_xdata()) > 1 and not line.get_alpha()]
    n_points = len(mixed.candidates[0].conductivity.points)  # type: ignore[union-attr]
    assert [line.get_linestyle() for line in curves[:n_points]] == ["--", "-", "-", "-", "-"]


def test_the_line_of_one_hop_needs_the_hop_distance(mixed: ScreeningSummaryDoc) -> None:
    assert "one hop: a², a = 3.87 Å" in words(FIGURES["msd"](mixed))
    row = mixed.candidates[0]
    assert row.conductivity is not None
    doc = row.conductivity.model_copy(update={"md_settings": {}})
    without = mixed.model_copy(
        update={"candidates": [row.model_copy(update={"conductivity": doc})]}
    )
    assert "one hop" not in words(FIGURES["msd"](without))


def test_arrhenius_points_are_sigma_times_temperature(one_point: ScreeningSummaryDoc) -> None:
    point = one_point.candidates[0].conductivity.points[0]  # type: ignore[union-attr]
    axes = FIGURES["arrhenius"](one_point).axes[0]
    x, y = axes.lines[0].get_data()
    assert x == pytest.approx([1000.0 / point.temperature_K])
    assert y == pytest.approx([point.conductivity_S_cm * point.temperature_K])
    assert axes.get_yscale() == "log"
    low, high = axes.get_ylim()
    assert high / low > 50  # one point does not become a frame without decades
    assert "No line, because the fit is not resolved: parent" in words(axes.figure)


def test_band_meets_the_extrapolated_interval(mixed: ScreeningSummaryDoc) -> None:
    doc = mixed.candidates[0].conductivity
    assert doc is not None
    assert doc.arrhenius is not None
    assert doc.room_temperature is not None
    room = doc.room_temperature
    line = predict_line(doc.arrhenius, [room.temperature_K, 1000.0])
    rel = 1e-6  # two ways to compute one exponential
    assert line.conductivity_S_cm[0] == pytest.approx(room.conductivity_S_cm, rel=rel)
    assert line.lower_S_cm[0] == pytest.approx(room.lower_S_cm, rel=rel)
    assert line.upper_S_cm[0] == pytest.approx(room.upper_S_cm, rel=rel)


def test_bounds_are_those_of_temperatures_without_a_value(
    mixed: ScreeningSummaryDoc, unresolved: ScreeningSummaryDoc
) -> None:
    row = mixed.candidates[0]
    assert row.conductivity is not None
    cold, warm = row.conductivity.points[-1], row.conductivity.points[0]
    assert cold.status == "not_converged"
    assert bound_conductivity(cold) == cold.conductivity_upper_bound_S_cm
    assert bound_conductivity(cold) > 0
    assert bound_conductivity(warm) is None
    assert "upper bound" in words(FIGURES["arrhenius"](mixed))
    assert "upper bound" not in words(FIGURES["arrhenius"](unresolved))


def test_bars_of_old_documents_come_from_the_standard_error(mixed: ScreeningSummaryDoc) -> None:
    assert mixed.candidates[0].conductivity is not None
    new = mixed.candidates[0].conductivity.points[0]
    ends = {"conductivity_lower_S_cm": None, "conductivity_upper_S_cm": None}
    old = new.model_copy(update=ends)
    assert bar_of_point(old) == pytest.approx(bar_of_point(new), rel=1e-4)  # 1.96 is rounded


def test_fifteen_candidates_are_told_apart(many: ScreeningSummaryDoc) -> None:
    looks = choose_candidate_looks(many)
    assert len(looks) == 15
    assert len({look.marker for look in looks.values()}) == 15  # in greyscale as well
    assert {look.color for look in looks.values()} <= set(OKABE_ITO.values())


def test_temperatures_grow_lighter() -> None:
    looks = choose_temperature_looks([1200.0, 300.0, 700.0])
    luminance = [float(np.dot(look.color[:3], (0.2126, 0.7152, 0.0722))) for look in looks.values()]
    assert list(looks) == [300.0, 700.0, 1200.0]
    assert luminance == sorted(luminance)


def test_files_are_written_and_reproducible(tmp_path: Path, one_point: ScreeningSummaryDoc) -> None:
    paths = write_figures(one_point, tmp_path / "figures")
    assert len(paths) == 3 * len(FIGURES)
    assert sorted(paths) == sorted((tmp_path / "figures").iterdir())
    assert {path.suffix for path in paths} == {".png", ".svg", ".pdf"}
    again = write_figures(one_point, tmp_path / "again")
    for first, second in zip(paths, again, strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_names_that_matplotlib_could_read_otherwise(
    mixed: ScreeningSummaryDoc, make_hostile: Callable[..., ScreeningSummaryDoc]
) -> None:
    hostile = make_hostile(mixed)
    for draw in FIGURES.values():
        settle_layout(draw(hostile))  # "$x^$" would be a formula with an error
    assert any("_<script>" in t.get_text() for t in FIGURES["msd"](hostile).findobj(Text))


def test_no_state_of_pyplot_is_touched(mixed: ScreeningSummaryDoc) -> None:
    before = dict(mpl.rcParams)
    FIGURES["ranking"](mixed)
    assert dict(mpl.rcParams) == before
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []
