"""Checkpoints between the ends of chunks: frames in a checkpoint, fewer files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from perolyte.errors import ExecutionError, InputError
from perolyte.jobs.md_settings import MDSettings
from perolyte.trajectories import open_trajectory
from support.md_runs import read_frames, run
from support.pair_potential import PairPotential

SEPARATE = {"checkpoint_interval_steps": 7, "chunk_interval_steps": 70}


def break_at(step: int) -> PairPotential:
    potential = PairPotential()
    usual = potential.evaluate

    def fail(*args, **kwargs):
        if potential.n_evaluations == step:
            raise OSError("the network is gone")
        return usual(*args, **kwargs)

    potential.evaluate = fail
    return potential


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    run(folder, **SEPARATE)
    return folder


def test_files_of_frames_are_as_long_as_asked_for(whole):
    chunks = json.loads((whole / "r0/manifest.json").read_bytes())["chunks"]
    assert [chunk["n_frames"] for chunk in chunks] == [14, 14, 13]


@pytest.mark.parametrize("step", [3, 8, 69, 71, 77, 139, 199])
def test_a_run_that_broke_goes_on_from_the_last_checkpoint(step, whole, tmp_path):
    with pytest.raises(OSError, match="network"):
        run(tmp_path, potential=break_at(step), **SEPARATE)
    again = PairPotential()
    run(tmp_path, potential=again, **SEPARATE)
    assert read_frames(tmp_path) == read_frames(whole)
    # two replicas in one batch: each evaluation is a step, and fewer than 7 are done twice
    assert again.n_evaluations <= 200 - step + 8


def test_the_frames_do_not_depend_on_how_they_are_cut(whole, tmp_path):
    run(tmp_path, checkpoint_interval_steps=7, chunk_interval_steps=210)
    for name in ("r0", "r1"):
        one, other = (
            np.concatenate([block.scaled for block in open_trajectory(folder / name).blocks()])
            for folder in (tmp_path, whole)
        )
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "changes", [{}, {"checkpoint_interval_steps": 7, "chunk_interval_steps": 140}]
)
def test_other_files_are_other_inputs(changes, whole, tmp_path):
    run(tmp_path, n_steps=100, **SEPARATE)
    with pytest.raises(InputError, match="give the same inputs"):
        run(tmp_path, **changes)


def test_what_does_not_fit(tmp_path):
    with pytest.raises(InputError, match="multiple of 70, of checkpoint_interval_steps"):
        run(tmp_path, checkpoint_interval_steps=7, chunk_interval_steps=40)
    with pytest.raises(InputError, match="chunk_interval_steps is 0"):
        run(tmp_path, checkpoint_interval_steps=7, chunk_interval_steps=0)


def test_settings_of_a_job_round_up():
    settings = MDSettings(
        checkpoint_interval_steps=3, chunk_interval_steps=100, framework_interval=1
    )
    assert (settings.find_checkpoint_interval(), settings.find_chunk_interval()) == (3, 150)
    assert MDSettings(checkpoint_interval_steps=3).find_chunk_interval() is None
    with pytest.raises(InputError, match="chunk_interval_steps is 0"):
        MDSettings(chunk_interval_steps=0)


def test_a_machine_that_fails_is_not_an_explosion(tmp_path):
    potential = PairPotential()
    usual = potential.evaluate

    def fail(*args, **kwargs):
        if potential.n_evaluations == 50:
            raise ExecutionError("the code is not installed here")
        return usual(*args, **kwargs)

    potential.evaluate = fail
    with pytest.raises(ExecutionError, match="not installed"):
        run(tmp_path, potential=potential)
    assert [outcome.status for outcome in run(tmp_path)] == ["finished", "finished"]
