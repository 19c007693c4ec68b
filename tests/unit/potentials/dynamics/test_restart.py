"""A run that was killed, interrupted or damaged goes on as if nothing had happened."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from perolyte import files
from perolyte.errors import InputError, StoreError
from perolyte.potentials.dynamics import Langevin, NoseHooverChain
from perolyte.potentials.dynamics.checkpoints import list_checkpoints
from support.md_runs import ENSEMBLES, last_state, make_replicas, read_frames, run, run_and_die
from support.pair_potential import PairPotential

N_KILLS = {"langevin": 20, "chain": 6}
TESTS = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Uninterrupted runs, by ensemble."""
    folders = {}
    for kind, ensemble in ENSEMBLES.items():
        folders[kind] = tmp_path_factory.mktemp(kind)
        outcomes = run(folders[kind], ensemble=ensemble)
        assert [outcome.status for outcome in outcomes] == ["finished", "finished"]
    return folders


def see_equal(folder, other):
    frames = read_frames(folder)
    assert len(frames) == 12
    assert frames == read_frames(other)
    for name in ("r0", "r1"):
        one, two = last_state(folder / name), last_state(other / name)
        np.testing.assert_array_equal(one.positions_A, two.positions_A)
        np.testing.assert_array_equal(one.velocities_A_fs, two.velocities_A_fs)


@pytest.mark.parametrize("kind", ENSEMBLES)
def test_killed_again_and_again_it_is_equal_bit_for_bit(kind, whole, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), *sys.path]))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["support.md_runs"])
    n_killed = n_whole = 0
    for seed in range(3 * N_KILLS[kind]):
        child = context.Process(target=run_and_die, args=(tmp_path / str(n_whole), kind, seed, 150))
        child.start()
        child.join()
        assert child.exitcode in {0, -signal.SIGKILL}
        n_killed += child.exitcode != 0
        n_whole += child.exitcode == 0
        if n_killed == N_KILLS[kind]:
            break
    assert n_killed == N_KILLS[kind]
    for folder in tmp_path.iterdir():
        run(folder, ensemble=ENSEMBLES[kind])
        see_equal(folder, whole[kind])


@pytest.mark.parametrize("step", [1, 79, 80, 81, 117])
def test_an_error_on_the_way_loses_nothing(step, whole, tmp_path):
    potential = PairPotential()
    usual = potential.evaluate

    def fail(*args, **kwargs):
        if potential.n_evaluations == step:
            raise OSError("the network is gone")
        return usual(*args, **kwargs)

    potential.evaluate = fail
    with pytest.raises(OSError, match="network"):
        run(tmp_path, potential=potential)
    run(tmp_path)
    see_equal(tmp_path, whole["langevin"])


def test_more_steps_extend_a_run(whole, tmp_path):
    run(tmp_path, n_steps=80)
    run(tmp_path, n_steps=155)
    outcomes = run(tmp_path)
    assert [outcome.n_frames for outcome in outcomes] == [41, 41]
    see_equal(tmp_path, whole["langevin"])
    assert run(tmp_path) == outcomes


def test_replicas_catch_up_with_each_other(whole, tmp_path):
    first, second = make_replicas()
    run(tmp_path, replicas=[first], n_steps=120)
    run(tmp_path, replicas=[second], n_steps=40)
    run(tmp_path)
    see_equal(tmp_path, whole["langevin"])


def test_time_that_is_up_ends_at_a_checkpoint(whole, tmp_path):
    n_calls, states = 0, set()
    while n_calls < 30:
        n_calls += 1
        outcomes = run(tmp_path, wall_time_limit_s=0.06)
        states |= {outcome.status for outcome in outcomes}
        assert all(outcome.n_steps % 40 == 0 for outcome in outcomes)
        if all(outcome.status == "finished" for outcome in outcomes):
            break
    assert states == {"finished", "unfinished"}
    assert n_calls > 1
    see_equal(tmp_path, whole["langevin"])


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_a_signal_is_obeyed_between_steps(number, raised, whole, tmp_path):
    def tell(progress):
        if progress.n_done >= 2 * 90:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with pytest.raises(raised):
        run(tmp_path, on_progress=tell)
    assert signal.getsignal(number) is before
    assert last_state(tmp_path / "r0").step == 91
    run(tmp_path)
    see_equal(tmp_path, whole["langevin"])


def test_a_run_of_other_inputs_is_refused(tmp_path):
    run(tmp_path, n_steps=40)
    for changes, name in (
        ({"replicas": make_replicas(seed=5)}, "seed"),
        ({"replicas": make_replicas(temperature_K=301.0)}, "temperature_K"),
        ({"replicas": make_replicas(time_step_fs=0.5)}, "time_step_fs"),
        ({"ensemble": NoseHooverChain()}, "ensemble"),
        ({"ensemble": Langevin(6.0)}, "ensemble"),
        ({"potential": PairPotential(sigma_A=2.31)}, "potential"),
        ({"store_interval_steps": 10}, "store_interval_steps"),
    ):
        with pytest.raises(InputError, match=f"holds a run with {name} = ") as caught:
            run(tmp_path, **({"n_steps": 40} | changes))
        assert "\n" not in str(caught.value)
    moved = make_replicas()[0].structure.copy()
    moved.positions[0, 0] += 1e-9
    with pytest.raises(InputError, match="structure_sha256"):
        run(tmp_path, n_steps=40, replicas=make_replicas(1, structure=moved))


def flip(path, where):
    content = bytearray(path.read_bytes())
    content[int(where * (len(content) - 1))] ^= 0x10
    path.write_bytes(content)


def cut(path, where):
    content = path.read_bytes()
    path.write_bytes(content[: int(where * len(content))])


@pytest.mark.parametrize("damage", [flip, cut])
@pytest.mark.parametrize("where", [0.0, 0.02, 0.5, 0.999])
def test_the_older_checkpoint_replaces_a_damaged_one(damage, where, whole, tmp_path):
    run(tmp_path, n_steps=120)
    damage(list_checkpoints(tmp_path / "r0")[0], where)
    outcomes = run(tmp_path)
    assert "damaged" in outcomes[0].warnings[0]
    assert "older point" in outcomes[0].warnings[0]
    assert not outcomes[1].warnings
    see_equal(tmp_path, whole["langevin"])


def test_without_a_whole_checkpoint_the_run_cannot_go_on(tmp_path):
    run(tmp_path, n_steps=120)
    for path in list_checkpoints(tmp_path / "r0"):
        flip(path, 0.7)
    frames = read_frames(tmp_path)
    with pytest.raises(StoreError, match="holds no checkpoint that is whole"):
        run(tmp_path)
    assert read_frames(tmp_path) == frames


@pytest.mark.parametrize("damage", [flip, cut])
@pytest.mark.parametrize("where", [0.0, 0.3, 0.97])
def test_a_damaged_manifest_is_restored(damage, where, whole, tmp_path):
    run(tmp_path)
    damage(tmp_path / "r1" / "manifest.json", where)
    outcomes = run(tmp_path)
    assert "manifest.json was damaged" in outcomes[1].warnings[0]
    assert outcomes[1].status == "finished"
    see_equal(tmp_path, whole["langevin"])


def test_a_full_disk_is_told_in_one_line(whole, tmp_path, monkeypatch):
    written = []

    def fill(handle):
        written.append(handle)
        if len(written) == 25:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", fill)
        with pytest.raises(StoreError, match="No space left on device") as caught:
            run(tmp_path)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("*.tmp"))
    run(tmp_path)
    see_equal(tmp_path, whole["langevin"])


def test_two_processes_do_not_share_a_folder(tmp_path):
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from perolyte.folder_lock import lock_folder\n"
        "with lock_folder(Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, env=environment
    ) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match=f"in use by process {other.pid} on "):
            run(tmp_path)
        other.kill()
    assert json.loads((tmp_path / ".lock").read_text())["pid"] == other.pid
    began = time.monotonic()
    run(tmp_path, n_steps=40)  # a lock that was left behind does not block
    assert time.monotonic() - began < 30
