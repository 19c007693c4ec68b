"""Runs on worker processes and the embedded store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jobflow import Flow, Job, JobStore, OnMissing

from perolyte.errors import StoreError
from perolyte.execution import Observer, RunReport, run_flow
from perolyte.execution.outbox import KeepingStore
from perolyte.execution.reuse import RUN_MARK
from perolyte.execution.running import run_one
from perolyte.execution.worker import LOG_NAME
from perolyte.folder_lock import lock_folder
from perolyte.jobs import assign_identities
from perolyte.stores import open_store
from support import jobs

WAIT_S = 30.0
HOLDER = """
import sys
from pathlib import Path
from perolyte.folder_lock import lock_folder
with lock_folder(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path):
    opened = open_store(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def run(store: JobStore, tmp_path: Path):
    def run(flow: Flow, n_workers: int = 1, **options) -> RunReport:
        return run_flow(flow, store, folder=tmp_path / "jobs", n_workers=n_workers, **options)

    return run


def flow_of(*members: Job, output=None) -> Flow:
    return assign_identities(Flow(list(members), output=output))


def chain(log: Path) -> Flow:
    first = jobs.add_logged(1, 2, str(log))
    second = jobs.add_logged(first.output, 10, str(log))
    third = jobs.add_logged(first.output, 20, str(log))
    last = jobs.add_logged(second.output, third.output, str(log))
    return flow_of(first, second, third, last, output=last.output)


def test_results_are_right_and_the_second_run_reuses_everything(run, store, tmp_path):
    log = tmp_path / "log"
    flow = chain(log)
    report = run(flow, n_workers=2)
    assert report.ok
    assert (report.n_done, report.n_reused) == (4, 0)
    assert store.get_output(flow.output.uuid) == 36
    assert report.finished(flow.output.uuid)
    again = run(chain(log), n_workers=2)
    assert again.ok
    assert (again.n_done, again.n_reused) == (4, 4)
    assert len(log.read_text().splitlines()) == 4, "no job ran twice"
    assert {path.name for path in (tmp_path / "jobs").iterdir()} == {".lock", "state.json"}


def test_a_flow_without_jobs_is_done(run):
    """Such as the labels that are still missing, when none is."""
    report = run(Flow([]))
    assert report.ok
    assert report.n_done == 0


def test_a_folder_relative_to_the_working_directory(store, tmp_path, monkeypatch):
    """Workers change their directory with every job; the folder must not move with them."""
    monkeypatch.chdir(tmp_path)
    report = run_flow(chain(tmp_path / "log"), store, folder="runs/jobs", n_workers=1)
    assert report.ok, report.failed
    assert (tmp_path / "runs" / "jobs").is_dir()


def test_a_failing_job_is_reported_and_the_others_go_on(run, store, tmp_path):
    bad = jobs.fail("no such thing\nand a second line")
    blocked = jobs.add(bad.output, 1)
    tolerant = jobs.describe(bad.output)
    tolerant.config.on_missing_references = OnMissing.NONE
    other = jobs.add(1, 1)
    flow = flow_of(bad, blocked, tolerant, other)
    report = run(flow)
    assert not report.ok
    assert list(report.failed) == ["fail"]
    assert report.failed["fail"].startswith("ValueError: no such thing (log: ")
    assert "\n" not in report.failed["fail"]
    assert report.blocked == ["add"]
    assert report.n_done == 2
    assert store.get_output(tolerant.uuid) == "got None"
    log = Path(report.failed["fail"].split("log: ")[1].rstrip(")"))
    assert log.name == LOG_NAME
    text = log.read_text()
    assert "this goes to the log" in text
    assert "Traceback" in text


def test_failed_jobs_of_the_same_name_are_all_reported(run):
    report = run(flow_of(jobs.fail("one"), jobs.fail("two")))
    assert len(report.failed) == 2
    assert {text.split(" (log")[0] for text in report.failed.values()} == {
        "ValueError: one",
        "ValueError: two",
    }


def test_a_job_that_tolerated_a_failure_is_made_again_when_that_is_mended(run, store, tmp_path):
    blocker, log = tmp_path / "blocker", tmp_path / "log"
    blocker.touch()

    def build() -> Flow:
        first = jobs.fail_while(str(blocker))
        second = jobs.describe(first.output, str(log))
        second.config.on_missing_references = OnMissing.NONE
        third = jobs.describe(second.output, str(log))
        return flow_of(first, second, third, output=third.output)

    assert list(run(build()).failed) == ["fail_while"]
    assert log.read_text().splitlines() == ["None", "got None"]
    again = run(build())
    assert (again.n_reused, len(again.failed)) == (2, 1), "still failing: nothing is new"
    blocker.unlink()
    flow = build()
    assert run(flow).ok
    assert store.get_output(flow.output.uuid) == "got got 1"
    assert run(build()).n_reused == 3


def test_a_killed_worker_fails_its_job_only(run, store):
    killed, other = jobs.kill_own_worker(), jobs.add(2, 2)
    leaving = jobs.exit_worker()
    last = jobs.add(other.output, 1)
    report = run(flow_of(killed, leaving, other, last))
    assert "ended with code -9" in report.failed["kill_own_worker"]
    assert "memory" in report.failed["kill_own_worker"]
    assert "ended with code 7" in report.failed["exit_worker"]
    assert store.get_output(last.uuid) == 5


def test_a_second_run_in_the_same_folder_is_refused(tmp_path, store):
    folder = tmp_path / "jobs"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(StoreError, match=rf"process {holder.pid}\b.*another folder"):
            run_flow(flow_of(jobs.add(1, 1)), store, folder=folder, n_workers=1)
        holder.kill()
    with lock_folder(folder):
        assert json.loads((folder / ".lock").read_text())["pid"] == os.getpid()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="another folder"), lock_folder(tmp_path / "jobs"):
        pass


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "jobs").touch()
    with pytest.raises(StoreError, match="another folder"), lock_folder(tmp_path / "jobs"):
        pass


def diverting(log: Path) -> Flow:
    replaced = jobs.replace_by_sum([1, 2, 3])
    twice = jobs.replace_twice(5)
    detoured = jobs.detour(7, str(log))
    added = jobs.addition(8, str(log))
    last = jobs.collect([replaced.output, twice.output, detoured.output, added.output], str(log))
    return flow_of(replaced, twice, detoured, added, last, output=last.output)


def test_diverting_jobs_complete_and_resume(run, store, tmp_path):
    log = tmp_path / "log"
    flow = diverting(log)
    report = run(flow)
    assert report.ok, report.failed
    assert store.get_output(flow.output.uuid) == [6, 10, 7, 8]
    lines = log.read_text().splitlines()
    assert sorted(lines) == ["7+100", "8+200", "[6, 10, 7, 8]"]
    assert lines.index("7+100") < lines.index("[6, 10, 7, 8]"), "the detour comes first"
    again = run(diverting(log))
    assert again.ok
    assert again.n_done == report.n_done
    assert sorted(log.read_text().splitlines()) == sorted(lines), "only diverting jobs ran again"
    assert again.n_reused == report.n_done - 5, "the five that divert"


def test_stop_children_and_stop_jobflow(run, store):
    stopper = jobs.stop_children(1)
    child = jobs.add(stopper.output, 1)
    report = run(flow_of(stopper, child))
    assert report.blocked == ["add"]
    ender = jobs.stop_jobflow(1)
    after = jobs.add(ender.output, 1)
    report = run(flow_of(ender, after))
    assert report.n_done == 1
    assert store.query_one({"uuid": after.uuid}) is None


@pytest.mark.parametrize("mark", ["started", "finished"])
def test_a_document_marked_started_is_not_trusted(run, store, mark):
    """It belongs to a job that was killed before everything it wrote was on disk."""
    flow = flow_of(jobs.add(1, 2))
    job = flow.jobs[0]
    store.update(
        {
            "uuid": job.uuid,
            "index": 1,
            "output": "left behind",
            "completed_at": "2020-01-01T00:00:00",
            "metadata": {RUN_MARK: mark},
        },
        key=["uuid", "index"],
    )
    report = run(flow)
    assert report.n_reused == (mark == "finished")
    assert store.get_output(job.uuid) == ("left behind" if mark == "finished" else 3)


def test_marks_that_a_job_leaves(memory_store):
    for job, mark in [
        (jobs.add(1, 2), "finished"),
        (jobs.replace_by_sum([1]), "diverted"),
        (jobs.addition(1, "unused"), "diverted"),
    ]:
        run_one(job, KeepingStore(memory_store))
        assert memory_store.query_one({"uuid": job.uuid})["metadata"][RUN_MARK] == mark


class Recorder(Observer):
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []
        self.ticks = 0

    def job_started(self, node, heartbeat) -> None:
        assert not heartbeat.exists()
        self.seen.append((node.job.name, "started"))

    def job_ended(self, node) -> None:
        self.seen.append((node.job.name, "found" if node.reused else node.state))

    def tick(self, graph) -> None:
        self.ticks += 1


def test_the_observer_is_told(run):
    recorder = Recorder()
    run(flow_of(jobs.add(1, 2), jobs.fail("x")), observer=recorder)
    assert sorted(recorder.seen) == sorted(
        [("add", "started"), ("add", "done"), ("fail", "started"), ("fail", "failed")]
    )
    assert recorder.ticks >= 1
    second = Recorder()
    run(flow_of(jobs.add(1, 2)), observer=second)
    assert second.seen == [("add", "found")]


def test_workers_end_with_the_run_when_it_is_interrupted(run, tmp_path):
    """A Ctrl-C in the middle: the exception comes out, and no worker is left."""
    started = tmp_path / "started"

    class Impatient(Observer):
        def tick(self, graph) -> None:
            if started.exists():
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(flow_of(jobs.sleep(60, str(started))), observer=Impatient())
    pid = int(started.read_text())
    end = time.monotonic() + WAIT_S
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()
