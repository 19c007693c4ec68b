"""Real ab initio runs: killed and gone on with, interrupted, refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perolyte.errors import InputError
from perolyte.settings import RUN_FOLDER_VARIABLE
from perolyte.trajectories import analyse_run, open_trajectory
from support.aimd_runs import N_STEPS, make_maker, run

pytestmark = [
    pytest.mark.gpaw,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning"),
]
TESTS = Path(__file__).resolve().parents[1]


def hashes(document) -> dict[str, str]:
    return {f.name: f.sha256 for f in document.trajectories[0].files if f.name.endswith(".h5")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(RUN_FOLDER_VARIABLE, str(folder / "scratch"))
        return run(folder)


def start_and_wait(folder: Path) -> tuple[subprocess.Popen, Path]:
    """Start a run in a process of its own, and wait for its first checkpoint."""
    environment = {
        **os.environ,
        RUN_FOLDER_VARIABLE: str(folder / "scratch"),
        "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]),
    }
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "support.aimd_runs", str(folder)],
            env=environment,
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    end_s = time.monotonic() + 300
    while time.monotonic() < end_s and child.poll() is None:
        found = sorted((folder / "scratch").glob("*/*/checkpoint_*.bin"))
        if found:
            return child, found[-1]
        time.sleep(0.01)
    child.kill()
    child.wait()
    pytest.fail(f"no checkpoint: {(folder / 'log').read_text()[-500:]}")


def test_a_run_says_what_made_it(whole):
    (document,) = whole.trajectories
    assert document.status == "converged"
    assert document.n_steps == N_STEPS
    assert document.n_frames == N_STEPS // 2 + 1
    assert document.computed_on["name"] == "GPAW"
    assert "PBE, 200 eV" in document.computed_on["version"]
    assert document.provenance.potential.name == "gpaw"
    assert document.mean_temperature_K > 0.0


def test_after_sigkill_it_is_the_same_run_bit_for_bit(whole, tmp_path, monkeypatch):
    child, checkpoint = start_and_wait(tmp_path)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert child.returncode == -signal.SIGKILL
    assert int(checkpoint.stem.split("_")[1]) < N_STEPS
    monkeypatch.setenv(RUN_FOLDER_VARIABLE, str(tmp_path / "scratch"))
    document = run(tmp_path)
    assert document.trajectories[0].warnings == []
    assert hashes(document) == hashes(whole)


def test_ctrl_c_ends_between_two_steps_and_loses_none(whole, tmp_path, monkeypatch):
    child, _ = start_and_wait(tmp_path)
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=200) != 0
    monkeypatch.setenv(RUN_FOLDER_VARIABLE, str(tmp_path / "scratch"))
    document = run(tmp_path)
    assert document.trajectories[0].n_steps == N_STEPS
    (name,) = hashes(document)
    (chunk,) = [f for f in document.trajectories[0].files if f.name == name]
    assert chunk.n_bytes > 0


def test_the_transport_layer_reads_it(whole, tmp_path):
    from perolyte.jobs.run_files import restore_files

    restore_files(whole.trajectories[0], tmp_path)
    source = open_trajectory(tmp_path)
    assert source.frame_interval_fs == 1.0
    found = analyse_run(source, "Li", charge=1.0, hop_distance_A=2.9, temperature_K=300.0)
    assert found.diffusivity.status != "converged", "two atoms for 6 fs resolve nothing"


def test_energy_is_conserved(tmp_path, monkeypatch):
    from support.md_runs import read_observable

    monkeypatch.setenv(RUN_FOLDER_VARIABLE, str(tmp_path / "scratch"))
    maker = make_maker(
        thermostat="none", engine_kwargs={"plane_wave_cutoff_eV": 250.0}, frame_interval_fs=0.5
    )
    run(tmp_path, maker)
    (folder,) = (tmp_path / "scratch").glob("*/300K-1")
    total_eV = read_observable(folder, "potential_energy") + read_observable(
        folder, "kinetic_energy"
    )
    kinetic_eV = read_observable(folder, "kinetic_energy")
    exchanged_eV = kinetic_eV.max() - kinetic_eV.min()
    # forces and free energy that belong together: Verlet keeps the sum to (omega dt)² of it
    assert total_eV.max() - total_eV.min() < 0.05 * exchanged_eV
    assert exchanged_eV > 1e-3


def test_an_element_without_data_is_named(tmp_path, monkeypatch):
    from pymatgen.core import Structure

    from perolyte.flows import assign_identities

    monkeypatch.setenv(RUN_FOLDER_VARIABLE, str(tmp_path / "scratch"))
    strange = Structure([[3, 0, 0], [0, 3, 0], [0, 0, 3]], ["Li", "Am"], [[0, 0, 0], [0.5] * 3])
    job = assign_identities(
        make_maker().make(strange, temperatures_K=[300.0], mobile_ion="Li", hop_distance_A=3.0)
    )
    with pytest.raises((InputError, RuntimeError), match="Am"):
        job.run(None)
