"""Guards stop the one that goes wrong, and leave the others exactly as they are."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.potentials.dynamics import NVE, Guards, Replica
from perolyte.potentials.dynamics.guards import MeltWatch
from perolyte.trajectories import open_trajectory, read_mobile
from support.md_runs import make_crystal, make_replicas, read_frames, run
from support.pair_potential import PairPotential


def make_pair(bad):
    """A replica that is well, and one that is not."""
    return [make_replicas()[0], bad]


def make_bad(**changes):
    usual = {"temperature_K": 300.0, "seed": 3}
    structure = changes.pop("structure", make_crystal())
    return Replica("bad", structure, "Li", **(usual | changes))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Frames of the replica that is well, run without the other."""
    folder = tmp_path_factory.mktemp("alone")
    run(folder, replicas=make_replicas()[:1])
    return read_frames(folder)


def run_pair(folder, bad, alone, **changes):
    well, stopped = run(folder, replicas=make_pair(bad), **changes)
    assert well.status == "finished"
    frames = read_frames(folder)
    assert {name: frames[name] for name in alone} == alone
    again = run(folder, replicas=make_pair(bad), **changes)
    assert again == [well, stopped]
    return stopped


def test_a_hot_replica_explodes(alone, tmp_path):
    velocities = np.random.default_rng(0).normal(scale=0.05, size=(32, 3))
    stopped = run_pair(tmp_path, make_bad(velocities_A_fs=velocities), alone)
    assert stopped.status == "exploded"
    assert "above 3 times its target of 300 K" in stopped.reason
    assert stopped.n_steps == 0


def test_a_time_step_that_is_too_long_explodes(alone, tmp_path):
    stopped = run_pair(tmp_path, make_bad(time_step_fs=25.0), alone)
    assert stopped.status == "exploded"
    assert 0 < stopped.n_steps < 200
    source = open_trajectory(tmp_path / "bad")
    assert any("exploded" in text for text in source.warnings)
    assert sum(len(block.scaled) for block in source.blocks()) == stopped.n_frames


def test_a_strong_force_explodes(alone, tmp_path):
    atoms = make_crystal()
    atoms.positions[0] += 0.45 * (atoms.positions[1] - atoms.positions[0])
    stopped = run_pair(tmp_path, make_bad(structure=atoms), alone)
    assert (stopped.status, stopped.n_steps) == ("exploded", 0)
    assert "above 100 eV/Å" in stopped.reason


def test_atoms_that_come_too_close_explode(alone, tmp_path):
    atoms = make_crystal()
    atoms.positions[0] += 0.2 * (atoms.positions[1] - atoms.positions[0])
    guards = Guards(min_distance_A=2.1, max_force_eV_A=1e6, temperature_factor=1e6)
    stopped = run_pair(tmp_path, make_bad(structure=atoms), alone, guards=guards)
    assert (stopped.status, stopped.n_steps) == ("exploded", 0)
    assert stopped.reason == "two atoms are 2.07 Å apart, below 2.1 Å"


def test_close_atoms_are_found_across_the_boundary(tmp_path):
    atoms = make_crystal()
    atoms.positions[5] = atoms.positions[0] + atoms.cell.array[2] * 0.99 + atoms.cell.array[0]
    guards = Guards(min_distance_A=0.1, max_force_eV_A=1e300, temperature_factor=1e300)
    outcome = run(tmp_path, replicas=[make_bad(structure=atoms)], guards=guards)[0]
    assert outcome.reason == "two atoms are 0.07 Å apart, below 0.1 Å"


def test_what_the_potential_refuses_on_the_way_is_stopped_alone(alone, tmp_path):
    class Picky(PairPotential):
        def _evaluate_one(self, positions, cell, numbers):
            if len(positions) == 48 and self.n_evaluations > 60:
                from perolyte.errors import PotentialError

                raise PotentialError("atoms 3 and 5 overlap")
            return super()._evaluate_one(positions, cell, numbers)

    bad = make_bad(structure=make_crystal(size=(3, 2, 2)))
    well, stopped = run(tmp_path, replicas=make_pair(bad), potential=Picky())
    assert (well.status, stopped.status) == ("finished", "exploded")
    assert stopped.reason == "atoms 3 and 5 overlap"
    assert stopped.n_steps == 59  # done before the 61st evaluation
    frames = read_frames(tmp_path)
    assert {name: frames[name] for name in alone} == alone


def test_what_it_refuses_at_the_start_is_an_error(tmp_path):
    class Blind(PairPotential):
        def _evaluate_one(self, positions, cell, numbers):
            from perolyte.errors import PotentialError

            raise PotentialError("atoms 3 and 5 overlap")

    with pytest.raises(InputError, match="r1, r0 cannot be evaluated at step 0: atoms 3 and 5"):
        run(tmp_path, potential=Blind())


def test_a_melting_framework_is_stopped(alone, tmp_path):
    bad = make_bad(temperature_K=5000.0, time_step_fs=3.0)
    changes = {"n_steps": 400, "store_interval_steps": 5, "framework_interval": 1}
    changes |= {"checkpoint_interval_steps": 40}
    hot = {"max_force_eV_A": 1e4, "temperature_factor": 10.0, "settling_ps": 0.01}
    well, stopped = run(tmp_path, replicas=make_pair(bad), guards=Guards(**hot), **changes)
    assert (well.status, stopped.status) == ("finished", "melted")
    assert "Lindemann ratio" in stopped.reason
    calm = Guards(stop_melting=False, **hot)
    assert run(tmp_path / "calm", replicas=[bad], guards=calm, **changes)[0].status == "finished"


def test_snapshots_of_the_watch_cover_the_whole_run():
    rng = np.random.default_rng(1)
    sites = 3.0 * np.indices((2, 2, 2)).reshape(3, -1).T
    watch = MeltWatch()
    for _ in range(1000):
        assert watch.add((sites + 0.1 * rng.standard_normal(sites.shape)).astype("f4"), 1.0) == ""
    assert 32 <= len(watch.snapshots) <= 64
    assert watch.stride == 16
    verdicts = []
    walk = sites.copy()
    for _ in range(1000):
        walk += 0.2 * rng.standard_normal(sites.shape)
        verdicts.append(watch.add(walk.astype("f4"), 1.0))
    assert any("melts" in verdict for verdict in verdicts)


def test_vibrations_that_have_not_settled_are_no_melt():
    """A slow oscillator grows over the first lags: within a picosecond that means nothing."""
    rng = np.random.default_rng(1)
    sites = 3.0 * np.indices((2, 2, 2)).reshape(3, -1).T
    phases = 2 * np.pi * rng.random(sites.shape)
    frames = [(sites + 0.5 * np.sin(0.35 * i + phases)).astype("f4") for i in range(40)]
    slow, fast = MeltWatch(), MeltWatch()
    assert any(fast.add(frame, 1.0) for frame in frames), "frames this far apart have settled"
    assert not any(slow.add(frame, 0.2) for frame in frames)


def test_a_hook_says_who_left_the_domain(alone, tmp_path):
    seen = []

    def check(batch, evaluation):
        seen.append((evaluation.magmoms_muB is not None, batch.n_systems))
        is_late = len(seen) > 7
        return [None] * (batch.n_systems - 1) + ["|m| above 0.1" if is_late else None]

    guards = Guards(domain_check=check, domain_magmoms=True)
    well, stopped = run(tmp_path, replicas=make_pair(make_bad()), guards=guards, n_steps=75)
    assert (stopped.status, stopped.reason, stopped.n_steps) == ("left_domain", "|m| above 0.1", 70)
    assert all(has_magmoms for has_magmoms, _ in seen)
    # the frame that was judged is kept
    assert read_mobile(open_trajectory(tmp_path / "bad"), "Li").n_frames == 15
    assert well.status == "finished"


def test_a_hook_that_miscounts_is_told(tmp_path):
    guards = Guards(domain_check=lambda batch, evaluation: [])
    with pytest.raises(InputError, match="returned 0 entries for 2 systems"):
        run(tmp_path, guards=guards)


def test_energy_that_is_not_finite_explodes(tmp_path):
    class Broken(PairPotential):
        def evaluate(self, batch, positions_A, **kwargs):
            found = super().evaluate(batch, positions_A, **kwargs)
            if self.n_evaluations > 50:
                found.forces_eV_A[0] = float("nan")
            return found

    outcome = run(tmp_path, potential=Broken(), replicas=make_replicas()[:1], ensemble=NVE())[0]
    assert outcome.status == "exploded"
