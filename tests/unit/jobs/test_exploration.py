"""A committee explores: what its document says, and that the same job goes on after a kill."""

from __future__ import annotations

import numpy as np
import pytest

from perolyte.errors import InputError
from perolyte.jobs.exploration import explore_with_committee, load_members
from perolyte.jobs.exploration_frames import read_candidates
from perolyte.jobs.exploration_settings import ExplorationSettings
from perolyte.potentials import Committee
from perolyte.potentials.dynamics import Replica
from perolyte.schemas import ExplorationDoc
from perolyte.settings import RUN_FOLDER_VARIABLE
from perolyte.trajectories.observables import read_observable
from support.learning_salts import COMMITTEE, make_loop, make_salt, make_salt_set
from support.md_runs import make_crystal, run
from support.pair_potential import PairPotential

TWIN_A = 1e-4
"""float32 of positions."""
ROUNDING_EV_A = 1e-5
"""A run that goes on from an end between two checkpoints adds rounded numbers in another order."""


@pytest.fixture(scope="module")
def salts():
    return make_salt_set()


def explore(salts, folder, **changes) -> ExplorationDoc:
    settings = {**make_loop().exploration, **changes.pop("settings", {})}
    usual = {
        "trajectories": ["loop a", "loop b"],
        "temperatures_K": [600.0, 1200.0],
        "members": list(COMMITTEE),
        "training_set": salts,
        "settings": settings,
        "mobile_ion": "Li",
        "charge": 1.0,
        "hop_distance_A": 2.87,
        "round_index": 0,
        "seed": 4,
        "name": "loop round 0",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(RUN_FOLDER_VARIABLE, str(folder))
        return explore_with_committee.original([make_salt(50), make_salt(51)], **(usual | changes))


@pytest.fixture(scope="module")
def explored(salts, tmp_path_factory) -> ExplorationDoc:
    return explore(salts, tmp_path_factory.mktemp("explored"))


def test_runs_and_frames_are_told(explored: ExplorationDoc):
    assert [run.name for run in explored.runs] == ["run-1", "run-2"]
    assert explored.n_frames == sum(run.n_frames for run in explored.runs)
    for run_ in explored.runs:
        assert len(run_.uncertainties_eV_A) == run_.n_frames
        assert run_.largest_uncertainty_eV_A == max(run_.uncertainties_eV_A)
        assert run_.n_doubtful == sum(value > 0.02 for value in run_.uncertainties_eV_A)
    assert explored.potentials == list(COMMITTEE)
    assert explored.committee["name"] == "committee of 2 CHGNet"


def test_the_committee_is_calibrated_on_validation_frames(explored: ExplorationDoc):
    """One member is the teacher: the mean is off by half of what the two differ."""
    found = explored.calibration
    assert (found.n_frames, found.n_atoms) == (10, 40)
    assert found.scale == pytest.approx(1 / np.sqrt(2), rel=1e-4)
    assert explored.uncertainty_scale == found.scale


def test_selected_frames_are_doubtful_and_apart(explored: ExplorationDoc, salts):
    assert 1 <= len(explored.selected) <= 3
    structures = [frame.structure for frame in explored.selected]
    for frame in explored.selected:
        assert frame.uncertainty_eV_A > 0.02
        assert frame.trajectory in ("loop a", "loop b")
        assert len(frame.structure) == 4
    known = [frame.structure for frame in salts.frames]
    for index, one in enumerate(structures):
        others = [*known, *structures[:index]]
        assert min(np.abs(one.distance_matrix - o.distance_matrix).max() for o in others) > TWIN_A


@pytest.mark.slow
def test_the_same_job_goes_on_where_it_was(salts, explored, tmp_path):
    short = {"md": {**make_loop().exploration["md"], "production_ps": 0.03}}
    explore(salts, tmp_path, settings=short)
    again = explore(salts, tmp_path)
    for one, other in zip(again.runs, explored.runs, strict=True):
        assert one.uncertainties_eV_A == pytest.approx(other.uncertainties_eV_A, abs=ROUNDING_EV_A)
    assert [frame.name for frame in again.selected] == [frame.name for frame in explored.selected]


def test_a_frame_that_stops_a_run_is_labelled_first(salts, explored, tmp_path):
    doubts = explored.runs[1].uncertainties_eV_A
    limit = float(np.median(doubts))
    first = int(np.flatnonzero(np.array(doubts) > limit)[0])
    found = explore(
        salts,
        tmp_path,
        settings={"stop_uncertainty_eV_A": limit, "select_uncertainty_eV_A": 0.95 * limit},
    )
    stopped = found.runs[1]
    assert (stopped.md_status, stopped.n_frames) == ("left_domain", first + 1)
    assert "is above" in stopped.reason
    assert f"loop round 0 2-{first}" in [frame.name for frame in found.selected]
    if first:
        assert stopped.last_structure is not None
    assert stopped.diffusivity.reason == "the run was stopped (left_domain)"


def test_without_enough_frames_there_is_no_calibration(tmp_path):
    found = explore(make_salt_set(2, 2), tmp_path)
    assert found.calibration is None
    assert found.uncertainty_scale == 1.0
    (warning,) = found.warnings
    assert warning.startswith("uncertainties are not calibrated: 2 held-out frames cannot")


def test_a_stored_member_needs_a_store(tmp_path):
    uuid = "6f1d0c3e-9b0a-5a52-8f1e-3f6f3a0f7c11"
    with pytest.raises(InputError, match="is in a store; load it in a job"):
        load_members([uuid, "chgnet"], tmp_path)


def test_many_candidates_are_thinned_from_the_end(tmp_path):
    committee = Committee([PairPotential(epsilon_eV=depth) for depth in (0.18, 0.22)])
    replicas = [
        Replica(f"r{n}", make_crystal(), "Li", temperature_K=300.0, seed=n) for n in range(2)
    ]
    outcomes = run(tmp_path, potential=committee, replicas=replicas, framework_interval=1)
    settings = ExplorationSettings(select_uncertainty_eV_A=1e-4, max_candidates=20)
    found, n_doubtful = read_candidates(outcomes, settings)
    assert sum(n_doubtful) > 20 >= len(found)
    for index, outcome in enumerate(outcomes):
        doubts = read_observable(outcome.folder, "force_uncertainty")
        own = [one for one in found if one.run == index]
        assert own[-1].frame == outcome.n_frames - 1
        assert [one.uncertainty_eV_A for one in own] == [doubts[one.frame] for one in own]
        assert own[-1].time_ps == pytest.approx(0.2)
