"""From a file to D and conductivity."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.trajectories import analyse_run, open_trajectory, wrap_trajectory
from perolyte.transport import haven_ratio, nernst_einstein_conductivity
from support.trajectory_files import (
    INTERVAL_FS,
    make_pymatgen_trajectory,
    make_walk,
    write_analyzer,
    write_xdatcar,
)

STEP_A = 0.6
KNOWN_CM2_S = STEP_A**2 / (2 * INTERVAL_FS) * 0.1
"""A normal step of σ in each direction: D = σ²/(2 Δt), and 1 Å²/fs is 0.1 cm²/s."""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    walk = make_walk(n_frames=1500, step_A=STEP_A)
    return write_analyzer(walk, tmp_path_factory.mktemp("run") / "analyzer.json")


@pytest.fixture(scope="module")
def run(path):
    return analyse_run(open_trajectory(path), "Li", charge=1, hop_distance_A=3.0)


def test_a_random_walk_gives_its_diffusivity(run):
    fit = run.diffusivity
    assert fit.status == "converged"
    assert fit.diffusivity_lower_cm2_s < KNOWN_CM2_S < fit.diffusivity_upper_cm2_s
    assert run.temperature_K == 600.0
    sigma = nernst_einstein_conductivity(
        KNOWN_CM2_S, n_ions=10, charge=1, volume_A3=1320.0, temperature_K=600.0
    )
    assert run.to_conductivity(KNOWN_CM2_S) == pytest.approx(sigma, rel=1e-6)
    assert run.to_conductivity(None) is None


def test_blocks_give_what_the_whole_gives(run, path, monkeypatch):
    monkeypatch.setattr("perolyte.trajectories.source._LARGE_BYTES", 0)
    monkeypatch.setattr("perolyte.trajectories.source._NUMBERS_PER_BLOCK", 28 * 3 * 100)
    blocks = analyse_run(open_trajectory(path), "Li", charge=1, hop_distance_A=3.0)
    # the levels of the correlator take a window in every two, four, ... frames
    assert blocks.diffusivity.diffusivity_cm2_s == pytest.approx(
        run.diffusivity.diffusivity_cm2_s, rel=0.3 * run.diffusivity.relative_error
    )
    assert blocks.diffusivity.status == run.diffusivity.status
    assert blocks.warnings == run.warnings


def test_time_taken_in_another_unit_is_doubted(tmp_path):
    path = write_xdatcar(make_walk(n_frames=60), tmp_path / "XDATCAR")
    source = open_trajectory(path, frame_interval_fs=0.02)  # ps
    run = analyse_run(source, "Li", charge=1, hop_distance_A=3.0, temperature_K=600.0)
    assert any("as fast as heat" in text for text in run.warnings)


def test_a_short_run_is_bounded(tmp_path):
    walk = make_walk(n_frames=60, step_A=0.02)
    source = wrap_trajectory(make_pymatgen_trajectory(walk), frame_interval_fs=100.0)
    run = analyse_run(source, "Li", charge=1, hop_distance_A=3.0, temperature_K=600.0)
    assert run.diffusivity.status == "not_converged"
    assert run.diffusivity.diffusivity_cm2_s is None
    assert run.diffusivity.diffusivity_upper_bound_cm2_s > 0.02**2 / 200 * 0.1


def test_temperatures_of_user_and_file(path, tmp_path):
    source = open_trajectory(path)
    with pytest.raises(InputError, match="is a run at 600 K and 800 K was given"):
        analyse_run(source, "Li", charge=1, hop_distance_A=3.0, temperature_K=800.0)
    silent = open_trajectory(
        write_xdatcar(make_walk(n_frames=9), tmp_path / "XDATCAR"), frame_interval_fs=1.0
    )
    with pytest.raises(InputError, match="XDATCAR states no temperature"):
        analyse_run(silent, "Li", charge=1, hop_distance_A=3.0)
    for wrong in (0.0, -5.0, np.nan):
        with pytest.raises(InputError, match="temperature is"):
            analyse_run(silent, "Li", charge=1, hop_distance_A=3.0, temperature_K=wrong)


def test_numbers_of_the_analysis_name_the_file(path):
    source = open_trajectory(path)
    for kwargs, message in (
        ({"hop_distance_A": 0.0, "charge": 1}, "hop_distance_A is 0 Å"),
        ({"hop_distance_A": 3.0, "charge": 0}, "charge is 0.0 e"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            analyse_run(source, "Li", **kwargs)
        assert str(path) in str(caught.value)


def test_the_charge_of_ions_that_move_alone(run):
    charge = run.diffusivity.charge
    assert charge.status == "converged"
    expected = haven_ratio(run.diffusivity.diffusivity_cm2_s, charge.diffusivity_cm2_s)
    assert charge.haven_ratio == pytest.approx(expected)
    assert charge.haven_ratio_lower < 1 < charge.haven_ratio_upper
