"""Figures of active learning hold the numbers of their documents."""

from __future__ import annotations

import pytest

from perolyte.reports.active_learning_plot import calibration_figure, learning_figure
from perolyte.reports.figures import render_figure
from support.learning_documents import (
    CALIBRATION,
    make_exploration,
    make_loop_document,
    make_round,
)


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_errors_stand_over_uncertainties():
    figure = calibration_figure(make_exploration())
    (axes,) = figure.axes
    equal, raw, points = axes.lines
    assert points.get_xdata().tolist() == [0.05, 0.2]
    assert points.get_ydata().tolist() == [0.06, 0.19]
    assert raw.get_xdata() == pytest.approx([0.05 / 2.1, 0.2 / 2.1])
    assert equal.get_xdata().tolist() == equal.get_ydata().tolist()
    assert legend_of(figure)[1] == "calibrated (×2.1 ± 0.2)"
    note = figure.get_supxlabel()
    assert "12 held-out frames" in note
    assert "90 %: 91 %" in note.replace("\n", " ")
    assert render_figure(figure, "png").startswith(b"\x89PNG")


def test_bins_without_error_are_drawn():
    rows = [row.model_copy(update={"error_eV_A": 0.0}) for row in CALIBRATION.reliability]
    exact = CALIBRATION.model_copy(update={"reliability": rows})
    figure = calibration_figure(make_exploration(calibration=exact))
    assert render_figure(figure, "png").startswith(b"\x89PNG")


def test_why_there_is_no_calibration():
    figure = calibration_figure(make_exploration(calibration=None, warnings=["too few frames"]))
    assert "too few frames" in figure.axes[0].texts[0].get_text()


def test_rounds_show_doubts_and_labels():
    loop = make_loop_document(
        make_round(0), make_round(1, doubtful_percent=0.0, n_labelled=0, failed_labels=[])
    )
    figure = learning_figure(loop)
    top, bottom = figure.axes
    assert top.lines[0].get_xdata().tolist() == [0, 1]
    assert top.lines[0].get_ydata().tolist() == [20.0, 0.01]
    assert top.lines[1].get_ydata()[0] == 1.0
    heights = [patch.get_height() for patch in bottom.patches]
    assert heights == [3, 0, 1, 0]
    assert legend_of(figure) == ["doubtful frames", "limit of the rule", "labelled", "failed"]
    assert "not converged: max_rounds is 2" in figure.get_supxlabel()
    assert render_figure(figure, "svg")
