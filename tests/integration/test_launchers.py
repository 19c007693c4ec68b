"""FireWorks' launchers as processes, on a database over a socket."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jobflow import Flow, JobStore

from perolyte.execution.locations import hide_password
from perolyte.execution.processes import describe_process
from perolyte.execution.repair import RepairReport, RepairSettings, repair_launchpad
from perolyte.execution.status import read_launchpad
from perolyte.execution.submission import SubmitReport, submit_flow
from perolyte.execution.workflow import Submission
from perolyte.jobs import assign_identities
from perolyte.stores import open_store
from perolyte.stores.server import start_server, stop_server
from support import jobs
from support.launching import Site

pytestmark = [
    # maggma's stores leave their clients to the garbage collector
    pytest.mark.filterwarnings("ignore:Unclosed MongoClient:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path / "site")
    yield made
    made.end()


@pytest.fixture
def store(site: Site) -> Iterator[JobStore]:
    opened = open_store(site.uri)
    yield opened
    opened.close()


def submit(site: Site, store: JobStore, flow: Flow) -> SubmitReport:
    return submit_flow(flow, site.launchpad, store, Submission("test"))


def repair(site: Site, store: JobStore, **settings) -> RepairReport:
    chosen = RepairSettings(**{"patience_s": 0.5, **settings})
    return repair_launchpad(site.launchpad, store, chosen)


def flow_of(*members, output=None) -> Flow:
    return assign_identities(Flow(list(members), output=output))


def count_fireworks(site: Site) -> Counter[tuple[str, int]]:
    found = site.launchpad.fireworks.find({}, {"spec.perolyte": 1})
    notes = [item["spec"]["perolyte"] for item in found]
    return Counter((note["uuid"], note["index"]) for note in notes)


@pytest.mark.slow
def test_a_campaign_in_three_queues(site, run_command, make_campaign, tmp_path):
    path = make_campaign(tmp_path, resources={"molecular_dynamics": {"gpus": 1, "cores": 4}})
    arguments = ("submit", path, "--launchpad", site.launchpad_file)
    first, second = (
        subprocess.Popen(
            [sys.executable, "-m", "perolyte.cli.app", *map(str, arguments)],
            env=site.environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    )
    said = sorted(one.communicate(timeout=120)[0].splitlines()[0] for one in (first, second))
    assert "0 jobs new, 5 present" in said[0], "two submissions at once do not double"
    assert "5 jobs new (4 analysis, 1 cpu), 0 present" in said[1]
    site.run_all("cpu")
    site.run_all("analysis")
    waiting = site.launchpad.fireworks.find({"state": "READY"}, {"spec": 1})
    assert {item["spec"]["_category"] for item in waiting} == {"gpu"}, "left alone by the others"
    for _ in range(3):
        site.run_all("gpu")
        site.run_all("analysis")
    assert set(site.states()) == {"COMPLETED"}, site.log[-3000:]
    md = site.launchpad.fireworks.find_one({"spec.perolyte.job_class": "molecular_dynamics"})
    assert md["spec"]["_queueadapter"] == {"gres": "gpu:1", "cpus_per_task": 4}
    assert "parent" in run_command("results", "--store", site.uri, "--csv").stdout
    [found] = read_launchpad(site.launchpad, "toy")
    assert found.has_ended
    assert found.count("done") == sum(site.states().values())
    again = run_command(*arguments)
    assert "0 jobs new, 0 present, 5 done" in again.stdout
    secret = site.uri.partition("@")[0].rpartition(":")[2]
    assert secret not in json.dumps(md, default=str), "no password in a firework"
    assert hide_password(site.uri) in again.stdout


def test_what_is_done_is_not_submitted_again(site, store, tmp_path):
    log = tmp_path / "log"

    def build() -> Flow:
        first = jobs.add_logged(1, 2, str(log))
        return flow_of(first, jobs.add_logged(first.output, 3, str(log)))

    assert submit(site, store, build()) == SubmitReport(2, 0, 0, (), {"analysis": 2})
    assert submit(site, store, build()).n_present == 2
    site.run_all()
    assert submit(site, store, build()) == SubmitReport(0, 0, 2)
    site.launchpad.reset("", require_password=False)
    assert submit(site, store, build()) == SubmitReport(0, 0, 2), "the store knows"
    store.docs_store.remove_docs({"name": "add_logged"})
    assert submit(site, store, build()).n_new == 2
    site.run_all()
    assert sorted(log.read_text().split()) == ["1+2", "1+2", "3+3", "3+3"]


def test_a_submission_that_was_killed_halfway_is_made_again(site, store):
    flow = flow_of(jobs.add(1, 2), jobs.add(3, 4))
    submit(site, store, flow)
    site.launchpad.workflows.delete_many({})
    site.launchpad.fireworks.update_many({}, {"$set": {"state": "WAITING"}})
    assert submit(site, store, flow).n_new == 2
    assert site.states() == {"READY": 2}
    site.launchpad.db["perolyte_locks"].insert_one(
        {"_id": "maintenance", **describe_process(), "pid": 2**22 + 1, "at": datetime.now(UTC)}
    )
    assert submit(site, store, flow).n_present == 2, "the lock of a dead process does not count"


def test_new_jobs_wait_for_those_that_are_there(site, store, tmp_path):
    """A campaign that was extended hangs its new jobs under the old ones."""
    log = str(tmp_path / "log")
    first = jobs.replace_by_sum([1, 2, 3])
    submit(site, store, flow_of(first))
    first = jobs.replace_by_sum([1, 2, 3])
    later = jobs.collect(first.output, log)
    report = submit(site, store, flow_of(first, later))
    assert (report.n_new, report.n_present) == (1, 1)
    site.run_all()
    assert Path(log).read_text() == "6\n"
    first = jobs.replace_by_sum([1, 2, 3])
    after = jobs.describe(first.output, log)
    assert submit(site, store, flow_of(first, after)).n_new == 1
    site.run_all()
    assert Path(log).read_text() == "6\n6\n"


def test_a_diverting_job_that_runs_again_doubles_nothing(site, store):
    flow = flow_of(jobs.replace_by_sum([1, 2, 3]))
    submit(site, store, flow)
    site.run_all()
    before = count_fireworks(site)
    uuid = flow.job_uuids[0]
    first = site.launchpad.fireworks.find_one(
        {"spec.perolyte.uuid": uuid, "spec.perolyte.index": 1}
    )
    site.launchpad.rerun_fw(first["fw_id"])
    site.run_all()
    assert count_fireworks(site) == before
    assert set(before.values()) == {1}
    assert set(site.states()) == {"COMPLETED"}
    assert store.count() == sum(before.values())


def test_killed_launchers_and_jobs_that_fail_by_themselves(site, store, tmp_path, run_command):
    started = tmp_path / "started"
    slow = jobs.sleep(600, str(started))
    submit(site, store, flow_of(slow, jobs.fail("no such element")))
    launcher = site.launch()
    site.wait_until(started.exists)
    site.wait_until(lambda: len(read_launchpad(site.launchpad)[0].running) == 1)
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.wait()
    if not site.states()["FIZZLED"]:
        site.run_all()
    dry = repair(site, store, dry_run=True)
    assert len(dry.done) == 1
    assert site.states()["RUNNING"] == 1, "a dry run changes nothing"
    report = repair(site, store)
    assert ["has ended" in line for line in report.done] == [True]
    assert "failed by itself: ValueError: no such element" in report.left[0]
    assert site.states() == {"READY": 1, "FIZZLED": 1}
    [found] = read_launchpad(site.launchpad)
    assert found.failed[0].error == "ValueError: no such element"
    again = run_command("repair", "--launchpad", site.launchpad_file, "--patience", "0")
    assert again.returncode == 1, "a job stays failed"


@pytest.fixture
def slow_job(site, store, tmp_path):
    """A job that runs for two seconds in a launcher, and that launcher."""

    def start(**environment: str) -> tuple[Flow, subprocess.Popen[bytes]]:
        started = tmp_path / "started"
        flow = flow_of(jobs.sleep(2, str(started)))
        submit(site, store, flow)
        launcher = site.launch(**environment)
        site.wait_until(started.exists)
        return flow, launcher

    return start


def test_a_job_waits_for_its_database(site, store, slow_job):
    flow, launcher = slow_job()
    stop_server(site.store)
    site.wait_until(lambda: "the database does not answer" in site.log)
    assert len(list(site.launches.rglob("outbox/*.bson"))) == 1, "finished work is on disk"
    assert launcher.poll() is None
    assert start_server(site.store).uri == site.uri
    site.wait_until(lambda: store.query_one({"uuid": flow.job_uuids[0]}) is not None)
    assert launcher.wait(timeout=60) == 0, site.log[-3000:]
    assert site.states() == {"COMPLETED": 1}
    assert not list(site.launches.rglob("outbox")), "nothing is left to deliver"


def test_finished_work_is_delivered_after_the_launcher_gave_up(site, store, slow_job, tmp_path):
    flow, launcher = slow_job(PEROLYTE_DATABASE_WAIT_S="1")
    stop_server(site.store)
    site.wait_until(lambda: "it is kept in" in site.log)
    time.sleep(1.0)
    launcher.kill()
    launcher.wait()
    started = (tmp_path / "started").read_text()
    assert start_server(site.store).uri == site.uri
    report = repair(site, store)
    assert any("is stored" in line for line in report.done), report
    assert store.get_output(flow.job_uuids[0]) == 2
    site.run_all()
    assert site.states() == {"COMPLETED": 1}
    assert (tmp_path / "started").read_text() == started, "the job did not run again"


def test_a_lock_that_nobody_holds_is_taken_away(site, store):
    submit(site, store, flow_of(jobs.add(1, 2)))
    site.launchpad.workflows.update_many({}, {"$set": {"locked": True}})
    report = repair(site, store)
    assert "was locked by a process that is gone" in report.done[0]
    site.run_all()
    assert site.states() == {"COMPLETED": 1}


def test_updates_that_were_cut_off_are_mended(site, store):
    """As after a kill between the fireworks of a detour and the workflow's own document."""
    submit(site, store, flow_of(jobs.replace_by_sum([1, 2])))
    before = site.launchpad.workflows.find_one({})
    site.run_all()
    n_fireworks = len(count_fireworks(site))
    site.launchpad.workflows.replace_one({"_id": before["_id"]}, before | {"locked": True})
    report = repair(site, store)
    assert len(report.done) == n_fireworks + 1, report
    site.run_all()
    assert set(count_fireworks(site).values()) == {1}
    assert len(count_fireworks(site)) == n_fireworks
    assert set(site.states()) == {"COMPLETED"}


@pytest.mark.slow
def test_random_kills_lose_and_double_nothing(repository):
    done = subprocess.run(
        [sys.executable, str(repository / "benchmarks" / "crashes.py"), "--quick"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["lost"], found["doubled"]) == (0, 0)
    assert found["result_is_right"]
    assert set(found["states"]) == {"COMPLETED"}
