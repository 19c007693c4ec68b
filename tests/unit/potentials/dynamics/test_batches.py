"""What is in a batch does not depend on who else is in it; what does not fit is said."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from perolyte.errors import InputError, PotentialError
from perolyte.potentials.batch import BatchPotential
from perolyte.potentials.dynamics import (
    NVE,
    Guards,
    Langevin,
    NoseHooverChain,
    Replica,
    measure_bytes_per_atom,
    plan_batches,
)
from perolyte.potentials.dynamics.random_numbers import draw_noise_block
from support.md_runs import last_state, make_crystal, make_replicas, read_frames, run
from support.pair_potential import PairPotential


def make_one(**changes):
    usual = {"temperature_K": 300.0, "seed": 1}
    name = changes.pop("name", "a")
    ion = changes.pop("mobile_ion", "Li")
    structure = changes.pop("structure", make_crystal())
    return Replica(name, structure, ion, **(usual | changes))


def test_the_test_potential_keeps_the_contract():
    assert isinstance(PairPotential(), BatchPotential)


@pytest.mark.parametrize("ensemble", [Langevin(5.0), NoseHooverChain(50.0), NVE()], ids=str)
def test_a_batch_is_its_members(ensemble, tmp_path):
    replicas = make_replicas(3)
    run(tmp_path / "together", replicas=replicas, ensemble=ensemble)
    run(tmp_path / "alone", replicas=replicas, ensemble=ensemble, max_batch_atoms=None)
    assert read_frames(tmp_path / "together") == read_frames(tmp_path / "alone")


def test_replicas_may_have_their_own_friction(tmp_path):
    own = make_one(ensemble=Langevin(50.0))
    run(tmp_path / "own", replicas=[make_one(name="b"), own])
    run(tmp_path / "all", replicas=[make_one()], ensemble=Langevin(50.0))
    own_frames, all_frames = (read_frames(tmp_path / name / "a") for name in ("own", "all"))
    assert own_frames == all_frames
    with pytest.raises(InputError, match="ensemble Langevin in a run of NVE"):
        run(tmp_path / "mixed", replicas=[own], ensemble=NVE())


def test_seeds_and_nothing_else_make_trajectories_differ(tmp_path):
    names = [("a", 1), ("b", 1), ("c", 2)]
    run(tmp_path, replicas=[make_one(name=name, seed=seed) for name, seed in names])
    a, b, c = (last_state(tmp_path / name).positions_A for name, _ in names)
    np.testing.assert_array_equal(a, b)
    assert not np.allclose(a, c)


def test_noise_is_a_function_of_seed_and_step():
    blocks = [draw_noise_block(seed, block, 500) for seed in (0, 1) for block in (0, 1)]
    flat = np.array([block.ravel() for block in blocks])
    n = flat.shape[1]
    assert np.abs(np.corrcoef(flat) - np.eye(4)).max() < 5 / np.sqrt(n)
    assert np.abs(flat.mean(axis=1)).max() < 5 / np.sqrt(n)
    # an atom's noise may not depend on how many come after it in the batch, but on its own cell
    np.testing.assert_array_equal(blocks[3], draw_noise_block(1, 1, 500))


def test_given_velocities_are_used_without_their_drift(tmp_path):
    atoms = make_crystal()
    given = np.full((len(atoms), 3), 0.01)
    run(tmp_path, replicas=[make_one(velocities_A_fs=given)], ensemble=NVE(), n_steps=5)
    np.testing.assert_allclose(last_state(tmp_path / "a").velocities_A_fs, 0.0, atol=1e-4)


def test_pymatgen_structures_run_as_ase_atoms_do(tmp_path):
    from pymatgen.io.ase import AseAtomsAdaptor

    atoms = make_crystal()
    structure = AseAtomsAdaptor.get_structure(atoms)
    run(tmp_path / "one", replicas=[make_one(structure=atoms)], n_steps=40)
    run(tmp_path / "two", replicas=[make_one(structure=structure)], n_steps=40)
    one, two = (last_state(tmp_path / name / "a").positions_A for name in ("one", "two"))
    np.testing.assert_allclose(one, two, atol=1e-9)


def test_short_memory_halves_the_batch(tmp_path):
    potential = PairPotential()
    usual, sizes = potential.evaluate, []

    def run_short(batch, positions, **kwargs):
        sizes.append(batch.n_atoms)
        if batch.n_atoms > 100 or len(sizes) == 150:  # at once, and on the way
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")
        return usual(batch, positions, **kwargs)

    potential.evaluate = run_short
    replicas = [make_one(name=f"m{seed}", seed=seed) for seed in range(4)]
    run(tmp_path / "short", potential=potential, replicas=replicas)
    assert (sizes[0], set(sizes[1:150]), set(sizes[150:])) == (128, {64}, {32})
    run(tmp_path / "usual", replicas=replicas)
    assert read_frames(tmp_path / "short") == read_frames(tmp_path / "usual")


def test_what_does_not_fit_at_all_is_said(tmp_path):
    potential = PairPotential()

    def never(*args, **kwargs):
        raise MemoryError

    potential.evaluate = never
    with pytest.raises(PotentialError, match="r1 with 48 atoms does not fit") as caught:
        run(tmp_path, potential=potential)
    assert "\n" not in str(caught.value)


def test_other_errors_of_torch_are_not_taken_for_memory(tmp_path):
    potential = PairPotential()

    def fail(*args, **kwargs):
        raise RuntimeError("sizes of tensors differ")

    potential.evaluate = fail
    with pytest.raises(RuntimeError, match="sizes of tensors"):
        run(tmp_path, potential=potential)


def test_batches_hold_everything_once():
    replicas = make_replicas(3)
    assert plan_batches(replicas) == [[0], [1], [2]]
    assert plan_batches(replicas, 80) == [[1, 0], [2]]
    assert plan_batches(replicas, 1) == [[1], [0], [2]]
    with pytest.raises(InputError, match="max_batch_atoms is 0"):
        plan_batches(replicas, 0)


def test_memory_is_measured():
    class Hungry(PairPotential):
        def evaluate(self, batch, positions_A, **kwargs):
            block = torch.ones(64 * 2**20, dtype=torch.uint8)
            assert block.max() == 1
            return super().evaluate(batch, positions_A, **kwargs)

    atoms = make_crystal()
    per_atom = measure_bytes_per_atom(Hungry(), atoms)
    assert 0.5 < per_atom * len(atoms) / (64 * 2**20) < 4


def test_progress_counts_steps(tmp_path):
    seen = []
    run(tmp_path, n_steps=80, on_progress=seen.append)
    run(tmp_path, n_steps=200, on_progress=seen.append)
    assert [seen[0].n_done, seen[-1].n_done, seen[-1].n_total] == [0, 400, 400]
    assert [entry.n_done for entry in seen] == sorted(entry.n_done for entry in seen)


def test_manifests_stay_small_and_name_what_was_run(tmp_path):
    run(tmp_path)
    record = json.loads((tmp_path / "r0" / "manifest.json").read_text())
    assert record["inputs"]["potential"]["name"] == "pair potential"
    assert record["computed_on"] == {"device": "cpu", "path": "eager"}
    assert len(json.dumps(record["chunks"])) < 200 * len(record["chunks"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_steps": 0}, "n_steps is 0"),
        ({"n_steps": 203}, "give 205"),
        ({"store_interval_steps": 2.0}, "store_interval_steps is 2.0"),
        ({"framework_interval": 0}, "framework_interval is 0"),
        ({"checkpoint_interval_steps": 45}, "multiple of 10 steps"),
        ({"wall_time_limit_s": 0.0}, "wall_time_limit_s is 0.0 s"),
        ({"max_batch_atoms": 0}, "max_batch_atoms is 0"),
        ({"replicas": []}, "no replicas"),
        ({"replicas": [make_one(), make_one()]}, "several replicas are named 'a'"),
    ],
)
def test_runs_that_make_no_sense_are_refused(changes, message, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        run(tmp_path, **changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "../a"}, "name of a folder|that of a folder"),
        ({"temperature_K": 0.0}, "temperature_K is 0.0 K"),
        ({"temperature_K": float("nan")}, "temperature_K is nan K"),
        ({"time_step_fs": -1.0}, "time_step_fs is -1.0 fs"),
        ({"seed": -1}, "seed is -1"),
        ({"mobile_ion": "Na"}, "holds no 'Na'; it holds Li, O"),
        ({"velocities_A_fs": np.zeros((2, 3))}, "velocities_A_fs of shape"),
    ],
)
def test_replicas_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        make_one(**changes)


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        (Langevin, {"friction_per_ps": 0.0}),
        (NoseHooverChain, {"damping_fs": float("inf")}),
        (NoseHooverChain, {"chain_length": 0}),
        (Guards, {"temperature_factor": 1.0}),
        (Guards, {"min_distance_A": -0.1}),
        (Guards, {"max_force_eV_A": float("nan")}),
    ],
)
def test_settings_out_of_range_are_refused(kind, kwargs):
    with pytest.raises(InputError, match=next(iter(kwargs))):
        kind(**kwargs)


def test_disordered_and_tiny_structures_are_refused(llto):
    with pytest.raises(InputError, match="partly occupied sites"):
        make_one(structure=llto)
    with pytest.raises(InputError, match="1 atom"):
        make_one(structure=make_crystal()[:1])


def test_unknown_elements_are_refused(tmp_path):
    atoms = make_crystal()
    atoms.symbols[-1] = "Pu"
    with pytest.raises(PotentialError, match="element 94"):
        run(tmp_path, replicas=[make_one(structure=atoms)])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("ensemble", [Langevin(5.0), NoseHooverChain(50.0), NVE()], ids=str)
def test_a_device_gives_what_the_host_gives(ensemble, tmp_path):
    settings = {"replicas": make_replicas(3), "ensemble": ensemble, "n_steps": 80}
    run(tmp_path / "host", **settings)
    for name in ("device", "again"):
        run(tmp_path / name, potential=PairPotential(device="cuda"), **settings)
    assert read_frames(tmp_path / "device") == read_frames(tmp_path / "again")
    for name in ("r0", "r1", "r2"):
        one, two = (last_state(tmp_path / where / name) for where in ("host", "device"))
        np.testing.assert_allclose(one.positions_A, two.positions_A, atol=1e-7)
