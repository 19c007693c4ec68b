"""Runs of perolyte's own MD are read like any other trajectory, and damage is named."""

from __future__ import annotations

import json
import shutil

import h5py
import numpy as np
import pytest
import torch

from perolyte.errors import InputError
from perolyte.potentials.batch import SystemBatch
from perolyte.potentials.dynamics import NVE, Langevin, Replica
from perolyte.trajectories import analyse_run, open_trajectory, read_mobile, stream_mobile
from perolyte.trajectories.chunked import read_run
from perolyte.trajectories.species import list_masses
from perolyte.transport.positions import remove_framework_drift
from support.md_runs import make_crystal, run
from support.pair_potential import PairPotential

FLOAT32_A = 3e-6
"""Rounding of positions up to 20 Å in float32, and of what is computed from them."""


class Spy(PairPotential):
    """Remembers every position that it sees, in the frame of the cell."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def evaluate(self, batch, positions_A, **kwargs):
        self.seen.append(positions_A.numpy().copy())
        return super().evaluate(batch, positions_A, **kwargs)


@pytest.fixture(scope="module")
def run_once(tmp_path_factory):
    """A run with its folder and all its positions, (n_steps + 1, n_atoms, 3)."""
    folder, spy = tmp_path_factory.mktemp("run"), Spy()
    atoms = make_crystal()
    atoms.positions += 50.0  # outside of the cell, where float32 is coarse
    hot = Replica("hot", atoms, "Li", temperature_K=1200.0, seed=4, time_step_fs=2.0)
    changes = {"framework_interval": 3, "checkpoint_interval_steps": 60}
    run(folder, potential=spy, replicas=[hot], max_batch_atoms=None, n_steps=400, **changes)
    return folder / "hot", np.array(spy.seen)


@pytest.fixture
def copied(run_once, tmp_path):
    return shutil.copytree(run_once[0], tmp_path / "hot")


def test_the_run_states_what_it_is(run_once):
    source = open_trajectory(run_once[0])
    assert source.format == "perolyte-md-run"
    assert source.species == ("Li",) * 6 + ("O",) * 26
    assert source.frame_interval_fs == 10.0
    assert source.temperature_K == 1200.0
    assert source.is_unwrapped
    assert len(source.sha256) == 64
    assert len(list(run_once[0].glob("frames_*.h5"))) == 7
    by_manifest = open_trajectory(run_once[0] / "manifest.json")
    assert (by_manifest.format, by_manifest.sha256) == (source.format, source.sha256)


def test_mobile_ions_move_in_the_frame_of_the_framework_exactly(run_once):
    folder, seen = run_once
    source = read_run(folder)
    read = read_mobile(source, "Li")
    frames = seen[::5]
    is_mobile = np.array(source.species) == "Li"
    expected = remove_framework_drift(frames, list_masses(source.species), is_mobile)
    assert read.positions_A.shape == (81, 6, 3)
    np.testing.assert_allclose(read.positions_A, expected[:, is_mobile], atol=FLOAT32_A)


def test_displacements_stay_precise_far_from_the_origin(run_once):
    folder, seen = run_once
    read = read_mobile(read_run(folder), "Li", keep_drift=True)
    moved = read.positions_A - seen[0, :6]
    np.testing.assert_allclose(moved, seen[::5, :6] - seen[0, :6], atol=2e-7)


def test_the_framework_is_that_of_the_frames_with_all_atoms(run_once):
    folder, seen = run_once
    source = read_run(folder)
    read = read_mobile(source, "Li")
    is_mobile = np.array(source.species) == "Li"
    expected = remove_framework_drift(seen[::15], list_masses(source.species), is_mobile)
    shown = read.framework_positions_A
    np.testing.assert_allclose(shown[::3], expected[:, ~is_mobile], atol=2 * FLOAT32_A)
    np.testing.assert_allclose(shown[1::3], shown[::3], atol=1e-9)  # at rest in between
    assert any("stored in every 3. frame" in text for text in source.warnings)


def test_blocks_of_any_size_are_the_same(run_once, monkeypatch):
    whole = read_mobile(read_run(run_once[0]), "Li")
    monkeypatch.setattr("perolyte.trajectories.source._NUMBERS_PER_BLOCK", 7 * 32 * 3)
    parts = list(stream_mobile(read_run(run_once[0]), "Li").blocks())
    assert len(parts) > 10
    joined = np.concatenate([part.positions_A for part in parts])
    np.testing.assert_allclose(joined, whole.positions_A, atol=1e-12)


def test_the_transport_layer_takes_it(run_once):
    result = analyse_run(open_trajectory(run_once[0]), "Li", charge=1, hop_distance_A=2.6)
    assert result.temperature_K == 1200.0
    assert result.mobile.n_frames == 81
    assert result.diffusivity.status == "not_converged"


def test_a_single_chunk_is_h5md(run_once):
    folder, seen = run_once
    source = open_trajectory(folder / "frames_000002.h5")
    assert (source.format, source.frame_interval_fs) == ("h5md", 30.0)
    assert source.is_unwrapped
    read = read_mobile(source, "Li", keep_drift=True)
    np.testing.assert_allclose(read.positions_A, seen[120:180:15, :6], atol=1e-5)
    with h5py.File(folder / "frames_000002.h5") as file:
        assert file["h5md"].attrs["version"].tolist() == [1, 1]
        displacement = file["particles/mobile/displacement"]
        assert displacement["value"].dtype == np.float32
        assert displacement["step"][()] == 5
        assert displacement["step"].attrs["offset"] == 120
        assert displacement["time"].attrs["offset"] == 240.0
        energies = file["observables/potential_energy/value"]
        assert energies.shape == (12,)
        assert energies.dtype == np.float64
        # images are all 0 and were never written
        assert file["particles/all/image/value"].id.get_storage_size() == 0


def test_energies_are_those_of_the_frames(run_once):
    folder, seen = run_once
    batch, _ = SystemBatch.from_structures([make_crystal()])
    with h5py.File(folder / "frames_000001.h5") as file:
        stored = file["observables/potential_energy/value"][3]
        kinetic = file["observables/kinetic_energy/value"][()]
        temperature = file["observables/temperature/value"][()]
    found = PairPotential().evaluate(batch, torch.from_numpy(seen[75]))
    assert stored == pytest.approx(float(found.energies_eV[0]), abs=1e-12)
    # 3 N - 3 degrees of freedom
    np.testing.assert_allclose(kinetic, 0.5 * 93 * 8.617333e-5 * temperature, rtol=1e-6)


def test_everything_may_be_mobile(tmp_path):
    atoms = make_crystal(n_lithium=32)
    replica = Replica("gas", atoms, "Li", temperature_K=300.0, seed=1)
    run(tmp_path, replicas=[replica], n_steps=40)
    read = read_mobile(read_run(tmp_path / "gas"), "Li", keep_drift=True)
    assert read.positions_A.shape == (9, 32, 3)
    with pytest.raises(InputError, match="nothing but the 32 mobile ions"):
        read_mobile(read_run(tmp_path / "gas"), "Li")


def test_a_run_without_thermostat_states_no_temperature(tmp_path):
    replica = Replica("cold", make_crystal(), "Li", temperature_K=300.0, seed=1)
    run(tmp_path, replicas=[replica], n_steps=40, ensemble=NVE())
    assert read_run(tmp_path / "cold").temperature_K is None


def test_a_run_can_be_read_while_it_goes_on(tmp_path):
    replica = Replica("a", make_crystal(), "Li", temperature_K=300.0, seed=1)
    lengths = []

    def look(progress):
        blocks = read_run(tmp_path / "a").blocks()
        lengths.append(sum(len(block.scaled) for block in blocks))

    run(tmp_path, replicas=[replica], on_progress=look, ensemble=Langevin(1.0))
    assert sorted(set(lengths)) == [0, 8, 16, 24, 32, 40]


def read(folder):
    return read_mobile(open_trajectory(folder), "Li")


def see_refused(folder, *words):
    with pytest.raises(InputError) as caught:
        read(folder)
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text


@pytest.mark.parametrize("where", [0.0, 0.1, 0.5, 0.99])
def test_a_flipped_bit_in_a_chunk_is_named(where, copied):
    path = copied / "frames_000003.h5"
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1
    path.write_bytes(content)
    see_refused(copied, "frames_000003.h5 is damaged", "frames 36 to 47", "SHA-256")


def test_a_cut_or_missing_chunk_is_named(copied):
    path = copied / "frames_000004.h5"
    path.write_bytes(path.read_bytes()[:-100])
    see_refused(copied, "frames_000004.h5 is damaged", "copy it again")
    path.unlink()
    see_refused(copied, "frames_000004.h5 is missing", "frames 48 to 59")


def test_what_comes_before_the_damage_can_be_read(copied):
    (copied / "frames_000004.h5").unlink()
    numbers = []
    with pytest.raises(InputError):
        numbers.extend(block.first_frame for block in open_trajectory(copied).blocks())
    assert numbers == [0, 12, 24, 36]


@pytest.mark.parametrize("where", [0.001, 0.2, 0.6, 0.995])
def test_a_flipped_bit_in_the_manifest_is_refused(where, copied):
    path = copied / "manifest.json"
    content = bytearray(path.read_bytes())
    content[int(where * len(content))] ^= 1
    path.write_bytes(content)
    see_refused(copied, "manifest.json")


def test_a_manifest_of_something_else_is_refused(copied):
    path = copied / "manifest.json"
    path.write_text(json.dumps({"format": "something"}))
    see_refused(copied, "no manifest of a run")
    path.write_bytes(b"")
    see_refused(copied, "manifest.json is damaged")
    path.unlink()
    see_refused(copied, "is a folder without manifest.json")


def test_the_folder_above_names_the_replicas(run_once):
    see_refused(run_once[0].parent, "holds the runs of 1 replicas (hot)")
