"""Figures of boundary cells, their energies, and where the mobile ions were."""

from __future__ import annotations

import pytest

from perolyte.reports.boundary_cells_plot import boundary_cells_figure
from perolyte.reports.boundary_plot import boundary_figure
from perolyte.reports.figures import render_figure
from support.boundary_documents import make_cells, make_document, make_screen


def read_texts(axes):
    return " ".join(text.get_text() for text in axes.texts)


def count_atoms(axes):
    """Marks of atoms; the boundaries are lines without a mark."""
    return sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() != "None")


def find_marked_planes(axes):
    return sorted(line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--")


def test_without_energies_one_cell_of_each_termination_is_drawn_to_scale():
    figure = boundary_cells_figure(make_cells())
    assert len(figure.axes) == 2
    first = make_cells().cells[0]
    for axes in figure.axes:
        assert axes.get_aspect() == 1.0
        assert "not relaxed" in axes.get_title(loc="left")
        assert count_atoms(axes) == len(first.structure)
    length_A = first.structure.lattice.c
    assert find_marked_planes(figure.axes[0]) == pytest.approx([0.0, length_A / 2, length_A])
    assert render_figure(figure, "png").startswith(b"\x89PNG")


def test_every_energy_has_a_mark_and_the_lowest_a_number():
    screen = make_screen()
    figure = boundary_cells_figure(make_cells(), screen)
    cell, energies = figure.axes
    assert screen.chosen in cell.get_title(loc="left")
    assert "annealed" in cell.get_title(loc="left")
    marks = [line for line in energies.lines if line.get_linestyle() == "None"]
    assert sorted(line.get_ydata()[0] for line in marks) == pytest.approx(
        sorted(energy.energy_J_m2 for energy in screen.energies)
    )
    assert [line.get_markerfacecolor() for line in marks].count("white") == 1
    labels = [text.get_text() for text in energies.get_legend().get_texts()]
    assert len(labels) == len(set(labels)) == 3
    assert "0.70 J/m²" in read_texts(energies)
    assert [text.get_text() for text in energies.get_xticklabels()] == ["00-00", "00-01"] * 2
    assert any("Open marks" in text.get_text() for text in figure.findobj() if _is_text(text))


def _is_text(artist):
    return hasattr(artist, "get_text")


def test_without_any_cell_or_energy_it_says_so():
    empty = make_cells().model_copy(update={"cells": []})
    assert "no shift gives one" in read_texts(boundary_cells_figure(empty).axes[0])
    screen = make_screen(energies=[], chosen=None, chosen_stage=None, structure=None)
    upper, lower = boundary_cells_figure(make_cells(), screen).axes
    assert "none has an energy" in read_texts(upper)
    assert "No energies to show" in read_texts(lower)


def test_the_density_fills_the_length_of_the_cell_below_it():
    document = make_document()
    figure = boundary_figure(document)
    figure.draw_without_rendering()
    cell, density = figure.axes
    assert figure.get_suptitle() == r"\$b_c\$: Sigma 5 (2 1 0)"
    assert count_atoms(cell) == len(document.structure)
    assert find_marked_planes(cell) == pytest.approx(find_marked_planes(density))
    for patch, profile in zip(density.patches, document.profiles, strict=True):
        values, edges_A, _ = patch.get_data()
        assert values.tolist() == profile.density_per_A3
        assert edges_A[-1] == pytest.approx(document.structure.lattice.c)
    labels = [text.get_text() for text in density.get_legend().get_texts()]
    assert labels == ["800 K", "1000 K"]


@pytest.mark.parametrize(
    ("changes", "place", "text"),
    [({"structure": None}, 0, "No cell to show"), ({"profiles": []}, 1, "No density to show")],
)
def test_what_is_missing_is_said_and_the_rest_keeps_its_scale(changes, place, text):
    figure = boundary_figure(make_document(**changes))
    figure.draw_without_rendering()
    assert text in read_texts(figure.axes[place])
    other = figure.axes[1 - place]
    assert any(label.get_text() for label in other.get_xticklabels())
    assert other.get_xlabel() == "along the normal (Å)"
