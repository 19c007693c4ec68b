"""MD as jobs: lengths that follow the error, wall times, kills, and what the store holds."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from jobflow import run_locally

from perolyte.builders import ConductivityBuilder
from perolyte.errors import ExecutionError, StoreError
from perolyte.execution import run_flow
from perolyte.flows import BatchMDMaker, ConductivityMaker
from perolyte.jobs.run_files import restore_files
from perolyte.schemas import (
    ConductivityDoc,
    DiffusionDoc,
    IonPathsDoc,
    TrajectoryDoc,
    TrajectorySetDoc,
)
from perolyte.settings import RUN_FOLDER_VARIABLE
from perolyte.stores import Results, open_store
from perolyte.trajectories import open_trajectory
from perolyte.units import BOLTZMANN_EV_PER_K
from support.free_ions import make_free_ions

pytestmark = [
    pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Some jobs are not connected:UserWarning"),
]

FREE = "support.free_ions.FreeIons"
QUIET = {"log": False, "create_folders": False, "ensure_success": True}
FRICTION_PER_PS = 20.0
A2_PS2_PER_EV_AMU = 9648.533
LITHIUM_AMU = 6.94
TEMPERATURES_K = (600.0, 800.0, 1000.0)


def true_D_cm2_s(temperature_K: float) -> float:
    """kB T / (m gamma): 1 Å²/ps = 1e-4 cm²/s."""
    heat = BOLTZMANN_EV_PER_K * temperature_K * A2_PS2_PER_EV_AMU / LITHIUM_AMU
    return 1e-4 * heat / FRICTION_PER_PS


def make_md(**changes) -> BatchMDMaker:
    settings = {
        "potential": FREE,
        "thermostat": "langevin",
        "friction_per_ps": FRICTION_PER_PS,
        "time_step_fs": 4.0,
        "frame_interval_fs": 40.0,
        "cell_equilibration_ps": 0.0,
        "equilibration_ps": 1.0,
        "production_ps": 8.0,
        "checkpoint_interval_steps": 100,
        "guards": {"min_distance_A": 0.0},
    }
    return BatchMDMaker(**settings | changes)


def make_job(maker: BatchMDMaker, temperatures_K=(800.0,)):
    from perolyte.jobs import assign_identities

    job = maker.make(
        make_free_ions(),
        temperatures_K=temperatures_K,
        mobile_ion="Li",
        hop_distance_A=3.0,
        seed=5,
        label="free",
    )
    return assign_identities(job)


@pytest.fixture
def store(tmp_path):
    opened = open_store(str(tmp_path / "store"))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def _run_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(RUN_FOLDER_VARIABLE, str(tmp_path / "scratch"))


def read(store, uuid: str) -> TrajectorySetDoc:
    return TrajectorySetDoc.model_validate(Results(store).document(uuid, load=True))


def hashes(document: TrajectoryDoc) -> dict[str, str]:
    return {f.name: f.sha256 for f in document.files if f.name.endswith(".h5")}


def test_a_conductivity_from_start_to_end(store, tmp_path):
    """Langevin ions without forces: D is known, and the runs end when it is known to 20 %."""
    maker = ConductivityMaker(
        temperatures_K=list(TEMPERATURES_K),
        hop_distance_A=3.0,
        time_step_fs=4.0,
        frame_interval_fs=40.0,
        equilibration_ps=1.0,
        production_ps=4.0,
        max_production_ps=80.0,
        target_relative_error=0.2,
        cell_equilibration_ps=0.0,
        md_maker=make_md(),
        paths=True,
        seed=2,
    )
    flow = maker.make(make_free_ions(), candidate="free")
    report = run_flow(flow, store, folder=tmp_path / "jobs", n_workers=1)
    assert not report.failed
    runs = [
        DiffusionDoc.model_validate(Results(store).document(uuid))
        for uuid in Results(store).documents("DiffusionDoc")["uuid"]
    ]
    for run in runs:
        assert run.status == "converged", run.reasons
        assert run.relative_error <= 0.2
        # three times the upper end of a 95 % interval in logarithms: one in 10^8
        factor = (run.diffusivity_upper_cm2_s / run.diffusivity_cm2_s) ** 3
        assert 1 / factor < run.diffusivity_cm2_s / true_D_cm2_s(run.temperature_K) < factor
        assert run.mean_temperature_K == pytest.approx(run.temperature_K, rel=0.15)
    md = read(store, runs[0].trajectory_uuid)
    assert {t.stopped_by for t in md.trajectories} == {"target"}
    assert all(t.run_length_ps < 81.0 for t in md.trajectories)
    assert max(t.run_length_ps for t in md.trajectories) > 5.0, "some had to go on"
    ways = [
        IonPathsDoc.model_validate(Results(store).document(uuid))
        for uuid in Results(store).documents("IonPathsDoc")["uuid"]
    ]
    assert sorted(doc.temperature_K for doc in ways) == list(TEMPERATURES_K)
    for doc in ways:
        assert doc.trajectory_uuid == runs[0].trajectory_uuid
        assert doc.n_ions == runs[0].n_ions
        assert doc.reasons, "free ions visit no sites, and the document says so"
    line = ConductivityDoc.model_validate(Results(store).document(flow.jobs[-1].uuid))
    assert len(line.points) == 3
    assert line.md_settings["max_production_ps"] == 80.0
    again = run_flow(flow, store, folder=tmp_path / "jobs", n_workers=1)
    assert again.n_done == again.n_reused
    builder = ConductivityBuilder(store, rebuild_all=True)
    builder.run()
    assert (builder.n_rebuilt, builder.skipped) == (1, [])


def test_documents_are_small_and_frames_are_whole(store, tmp_path):
    job = make_job(make_md(production_ps=2.0))
    run_locally(job, store=store, **QUIET)
    small = Results(store).document(job.uuid)
    files = small["trajectories"][0]["files"]
    assert all(set(f["chunk_data"]) >= {"blob_uuid", "store"} for f in files)
    document = read(store, job.uuid).trajectories[0]
    restore_files(document, tmp_path / "copy")
    source = open_trajectory(tmp_path / "copy")
    assert sum(len(block.scaled) for block in source.blocks()) == document.n_frames
    assert document.n_frames == 76  # 3 ps, one in 40 fs, and the first
    reference = TrajectorySetDoc.model_validate(small).trajectories[0]
    with pytest.raises(StoreError, match="load=True"):
        restore_files(reference, tmp_path / "other")


def test_the_wall_time_splits_a_run_and_changes_nothing(store, tmp_path, monkeypatch):
    """Each part begins on a machine that has nothing but the store."""
    short = {"production_ps": 2.0, "checkpoint_interval_steps": 200}
    whole = make_job(make_md(**short))
    run_locally(whole, store=store, **QUIET)
    expected = read(store, whole.uuid).trajectories[0]
    # 200 steps take longer than half of the time, so that each part is one interval
    slow = make_md(**short, calculator_kwargs={"delay_s": 0.01}, wall_time_limit_s=3.0)
    job = make_job(slow)
    response = None
    for part in range(10):
        monkeypatch.setenv(RUN_FOLDER_VARIABLE, str(tmp_path / f"machine {part}"))
        response = job.run(store=store)
        if response.replace is None:
            break
        job = response.replace.jobs[-1]
    assert part >= 1, "the run was never split"
    found = read(store, job.uuid)
    assert found.status == "converged"
    done = found.trajectories[0]
    assert (done.n_steps, done.n_frames) == (expected.n_steps, expected.n_frames)
    parts = [read_part(store, job.uuid, index) for index in range(1, part + 2)]
    assert [p.trajectories[0].stopped_by for p in parts] == ["wall_time"] * part + ["length"]
    steps = [p.trajectories[0].n_steps for p in parts]
    assert steps == sorted(set(steps))
    assert positions(done, tmp_path / "a") == positions(expected, tmp_path / "b")


def test_a_wall_time_that_is_too_short_is_said(store):
    slow = {"calculator_kwargs": {"delay_s": 0.005}, "wall_time_limit_s": 1e-9}
    job = make_job(make_md(**slow, checkpoint_interval_steps=1000))
    with pytest.raises(ExecutionError, match="the next checkpoint, 1000 steps away, takes longer"):
        job.run(store=store)


def read_part(store, uuid: str, index: int) -> TrajectorySetDoc:
    found = store.query_one({"uuid": uuid, "index": index}, load=False)
    return TrajectorySetDoc.model_validate(found["output"])


def positions(document: TrajectoryDoc, folder: Path) -> list:
    restore_files(document, folder)
    return [block.scaled.tolist() for block in open_trajectory(folder).blocks()]


KILLED = """
import sys
sys.path.insert(0, {tests!r})
from integration.test_md_jobs import make_job, make_md
from perolyte.stores import open_store
store = open_store({store!r})
make_job(make_md(production_ps=4.0, calculator_kwargs={{"delay_s": 0.002}})).run(store=store)
store.close()
"""


def test_a_killed_job_goes_on_where_it_was(store, tmp_path):
    whole = make_job(make_md(production_ps=4.0))
    run_locally(whole, store=store, **QUIET)
    tests = str(Path(__file__).parents[1])
    job = make_job(make_md(production_ps=4.0, calculator_kwargs={"delay_s": 0.002}))
    folder = tmp_path / "scratch" / job.uuid / "800K-1"
    script = KILLED.format(tests=tests, store=str(tmp_path / "other"))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen([sys.executable, "-c", script], env=environment)
    deadline = time.monotonic() + 120
    while not list(folder.glob("frames_000001*")) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(folder.glob("checkpoint*"))
    job.run(store=store)
    done, expected = (read(store, j.uuid).trajectories[0] for j in (job, whole))
    assert positions(done, tmp_path / "a") == positions(expected, tmp_path / "b")


def test_a_damaged_run_folder_is_named(store, tmp_path):
    job = make_job(make_md(production_ps=2.0))
    run_locally(job, store=store, **QUIET)
    folder = tmp_path / "scratch" / job.uuid / "800K-1"
    chunk = next(iter(folder.glob("frames_*.h5")))
    chunk.write_bytes(chunk.read_bytes()[:-10])
    with pytest.raises(Exception, match=r"frames_\d+\.h5"):
        job.run(store=store)
    shutil.rmtree(tmp_path / "scratch")
    job.run(store=store)


def test_mean_cells_are_found_first(store):
    job = make_job(
        BatchMDMaker(
            potential="ase.calculators.emt.EMT",
            cell_equilibration_ps=1.0,
            equilibration_ps=0.1,
            production_ps=0.4,
            frame_interval_fs=20.0,
            time_step_fs=2.0,
        )
    )
    job.function_args = (make_alloy(),)
    job.function_kwargs["mobile_ion"] = "Cu"
    run_locally(job, store=store, **QUIET)
    run = read(store, job.uuid).trajectories[0]
    assert run.mean_cell.n_samples == 40
    assert run.structure.volume == pytest.approx(abs(np.linalg.det(run.mean_cell.cell_A)))
    assert run.first_velocities_A_fs is not None


def make_alloy():
    from ase.build import bulk
    from pymatgen.io.ase import AseAtomsAdaptor

    atoms = bulk("Au", cubic=True) * (2, 2, 2)
    atoms.symbols[::8] = "Cu"
    return AseAtomsAdaptor.get_structure(atoms)
