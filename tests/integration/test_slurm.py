"""A real queue: qlaunch, sbatch, rlaunch, CHGNet in the gpu partition, documents in the store."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jobflow import Flow
from pymatgen.core import Lattice, Structure

from perolyte.execution.cluster import write_cluster_files
from perolyte.execution.launchpad import open_launchpad
from perolyte.execution.repair import RepairSettings, repair_launchpad
from perolyte.execution.submission import submit_flow
from perolyte.execution.workflow import Submission
from perolyte.flows import build_relax_maker
from perolyte.jobs import assign_identities, build_relax_document
from perolyte.schemas import PotentialProvenance
from perolyte.stores import open_store
from perolyte.stores.server import start_server, stop_server
from support import slurm

pytestmark = [
    pytest.mark.slow,
    # maggma's stores leave their clients to the garbage collector
    pytest.mark.filterwarnings("ignore:Unclosed MongoClient:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(slurm.find_obstacle() is not None, reason=str(slurm.find_obstacle())),
]
WAIT_S = 300.0


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[dict[str, str]]:
    with slurm.run_slurm(tmp_path / "slurm") as environment:
        yield environment


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Path]:
    address = start_server(tmp_path / "store")
    write_cluster_files(tmp_path / "cluster", scheduler="slurm", uri=address.uri)
    yield tmp_path / "cluster"
    stop_server(tmp_path / "store")


def relax() -> Flow:
    cell = Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(3.905),
        ["Sr", "Ti", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )
    task = build_relax_maker("chgnet", max_steps=2).make(cell)
    judged = build_relax_document(
        None,
        name="SrTiO3",
        initial=cell,
        structure=task.output.structure,
        energy_eV=task.output.output.energy,
        forces_eV_A=task.output.output.forces,
        stress_kbar=task.output.output.stress,
        task_uuid=task.uuid,
        force_limit_eV_A=10.0,
        potential=PotentialProvenance(name="CHGNet", dtype="float32", device="automatic"),
    )
    return assign_identities(Flow([task, judged], output=judged.output))


def qlaunch(cluster: Path, category: str, environment: dict[str, str], *mode: str) -> str:
    folder = cluster.parent / "launches"
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "qlaunch"),
            *("-c", str(cluster), "-r", "-w", str(cluster / f"fworker_{category}.yaml")),
            *("-q", str(cluster / f"qadapter_{category}.yaml")),
            *(mode or ("rapidfire", "--nlaunches", "1")),
        ],
        cwd=folder,
        env={**environment, "FW_CONFIG_FILE": str(cluster / "FW_config.yaml")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


def wait_for(launchpad, n_completed: int, folder: Path) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while launchpad.fireworks.count_documents({"state": "COMPLETED"}) < n_completed:
        failed = launchpad.fireworks.count_documents({"state": "FIZZLED"})
        if failed or time.monotonic() > deadline_s:
            logs = [p.read_text()[-3000:] for p in folder.rglob("*.error")]
            pytest.fail(f"{failed} fizzled; {logs}")
        time.sleep(0.5)


def test_chgnet_runs_in_the_gpu_partition(queue, cluster, tmp_path):
    launchpad = open_launchpad(cluster / "my_launchpad.yaml")
    store = open_store(tmp_path / "store")
    flow = relax()
    report = submit_flow(flow, launchpad, store, Submission("queue"))
    assert report.categories == {"analysis": 1, "gpu": 1}
    launches = tmp_path / "launches"
    assert "No jobs exist" in qlaunch(cluster, "cpu", queue, "singleshot"), "gpu jobs: not for it"
    said = qlaunch(cluster, "gpu", queue)
    assert "Launched allowed number of jobs: 1" in said, said
    wait_for(launchpad, 1, launches)
    launch = launchpad.launches.find_one({"state": "COMPLETED"})
    number = next(h["reservation_id"] for h in launch["state_history"] if "reservation_id" in h)
    shown = slurm.ask(queue, "scontrol", "show", "job", str(number))
    assert "Partition=gpu" in shown
    assert "gres:gpu:1" in shown
    assert launchpad.db["perolyte_beats"].find_one()["queue_job"] == str(number)
    qlaunch(cluster, "analysis", queue)
    wait_for(launchpad, 2, launches)
    document = store.query_one({"uuid": flow.output.uuid})
    store.close()
    assert document["metadata"]["perolyte_run"] == "finished"
    assert document["output"]["schema_name"] == "RelaxDoc"
    assert document["output"]["energy_per_atom_eV"] < 0


def test_a_reservation_whose_queue_job_vanished_is_taken_back(queue, cluster, tmp_path):
    launchpad = open_launchpad(cluster / "my_launchpad.yaml")
    store = open_store(tmp_path / "store")
    submit_flow(relax(), launchpad, store, Submission("queue"))
    slurm.ask(queue, "scontrol", "update", "PartitionName=gpu", "State=DOWN")
    qlaunch(cluster, "gpu", queue)
    assert launchpad.fireworks.count_documents({"state": "RESERVED"}) == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", queue["SLURM_CONF"])
        waiting = repair_launchpad(launchpad, store, RepairSettings(patience_s=0.2))
        assert waiting.done == [], "it waits in the queue"
        slurm.ask(queue, "scancel", "--user", "root")
        report = repair_launchpad(launchpad, store, RepairSettings(patience_s=0.2))
    store.close()
    assert len(report.done) == 1
    assert "has ended before it began" in report.done[0]
    assert launchpad.fireworks.count_documents({"state": "READY"}) == 1
