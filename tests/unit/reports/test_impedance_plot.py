from __future__ import annotations

import numpy as np
import pytest

from perolyte.jobs import describe_impedance
from perolyte.reports.figures import render_figure
from perolyte.reports.impedance_plot import impedance_figure
from perolyte.spectra import read_spectrum
from support.spectra import ELECTRODE, make_circuit, make_spectrum, write_spectrum


def describe(tmp_path, electrode=ELECTRODE, **changes):
    circuit = make_circuit(electrode=electrode)
    path = write_spectrum(tmp_path / "a.csv", *make_spectrum(circuit, noise=2e-3))
    document = describe_impedance(read_spectrum(path), name="$a_b$.csv")
    return document.model_copy(update=changes)


@pytest.mark.parametrize("electrode", [None, ELECTRODE])
def test_points_fit_and_arcs_stand_on_equal_scales(tmp_path, electrode):
    document = describe(tmp_path, electrode)
    figure = impedance_figure(document)
    figure.draw_without_rendering()
    nyquist, size, phase, misfit = figure.axes[:4]
    assert nyquist.get_aspect() == 1.0
    measured = nyquist.lines[0]
    assert measured.get_xdata() == pytest.approx(np.array(document.real_ohm) / 1e3)
    assert measured.get_ydata() == pytest.approx(-np.array(document.imaginary_ohm) / 1e3)
    legend = nyquist.get_legend()
    assert legend is not None
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[:2] == ["measured", "fit"]
    assert labels[2].startswith("bulk arc, top at 1.")
    assert labels[2].endswith("MHz")
    assert labels[3].startswith("boundary arc, top at 1")
    assert "kΩ" in nyquist.get_xlabel()
    assert size.get_ylabel() == "|Z| (Ω)"
    assert all(np.all(np.isfinite(line.get_ydata())) for line in (*phase.lines, *misfit.lines))
    # the small bulk arc has an inset, with both of its ends in view
    (inset,) = nyquist.child_axes
    assert inset.get_xlim()[0] < 0.0 < 2.0 < inset.get_xlim()[1]


def test_a_spectrum_without_a_circuit_shows_its_points(tmp_path):
    document = describe(tmp_path, circuit=None, values=[], status="not_converged")
    figure = impedance_figure(document)
    assert len(figure.axes[0].lines) == 2
    assert render_figure(figure, "png").startswith(b"\x89PNG")


def test_the_same_document_gives_the_same_file(tmp_path):
    document = describe(tmp_path)
    files = [render_figure(impedance_figure(document), "svg") for _ in range(2)]
    assert files[0] == files[1]
