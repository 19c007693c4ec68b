"""The figure of a training: every epoch, the start, and the epoch that was kept."""

from __future__ import annotations

import pytest

from perolyte.reports import training_figure
from perolyte.reports.figures import render_figure
from perolyte.schemas import (
    FrameErrorsDescription,
    PotentialDoc,
    ReferenceShiftsDescription,
    TrainingEpoch,
)
from support.documents import PROVENANCE


def describe(n_epochs: int = 6, **changes) -> PotentialDoc:
    curve = [
        TrainingEpoch(
            epoch=n,
            stage=1 if n < 3 else 2,
            learning_rate=1e-3 / n,
            train_energy_meV_atom=30.0 / n,
            train_force_meV_A=300.0 / n,
            validation_energy_meV_atom=30.0 / n + 4.0,
            validation_force_meV_A=300.0 / n + 40.0,
        )
        for n in range(1, n_epochs + 1)
    ]
    before = FrameErrorsDescription(
        n_frames=2,
        n_atoms=20,
        energy_mae_meV_atom=45.0,
        energy_bias_meV_atom=3.0,
        force_mae_meV_A=380.0,
        force_rmse_meV_A=500.0,
        force_mae_by_element_meV_A={"O": 380.0},
    )
    fields = {
        "name": "$llto_pbe$",
        "status": "converged",
        "provenance": PROVENANCE,
        "start": {"name": "CHGNet"},
        "data_sha256": "a",
        "elements": ["O"],
        "settings": {},
        "errors": {},
        "errors_before": {"validation": before},
        "curve": curve,
        "best_epoch": n_epochs,
        "stopped_by": "length",
        "reference_shifts": ReferenceShiftsDescription(
            shifts_eV={}, errors_eV={}, residual_meV_atom=0.0
        ),
        "weights_sha256": "b",
        "n_bytes": 1,
    }
    return PotentialDoc(**{**fields, **changes})


def test_every_epoch_is_drawn_with_the_start_and_the_best():
    figure = training_figure(describe())
    figure.draw_without_rendering()
    forces, energies = figure.axes
    assert list(forces.lines[0].get_ydata()) == pytest.approx([300.0 / n for n in range(1, 7)])
    assert list(energies.lines[1].get_ydata()) == pytest.approx([30 / n + 4 for n in range(1, 7)])
    assert list(forces.lines[2].get_xdata()) == [6, 6]
    assert list(forces.lines[3].get_xdata()) == [2.5, 2.5], "where the stage changes"
    assert list(forces.lines[4].get_ydata()) == [380.0]
    assert forces.get_yscale() == "log"


def test_without_epochs_the_axes_say_so():
    figure = training_figure(describe(0, best_epoch=0))
    assert "no epoch" in figure.axes[0].texts[0].get_text()


def test_without_errors_before_there_is_no_mark():
    figure = training_figure(describe(errors_before={}, stopped_by="diverged"))
    assert len(figure.axes[0].lines) == 4
    files = [render_figure(training_figure(describe()), "svg") for _ in range(2)]
    assert files[0] == files[1]
