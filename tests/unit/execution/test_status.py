"""How far a campaign is, from its folder and from numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jobflow import Flow

from perolyte.errors import InputError
from perolyte.execution import run_flow
from perolyte.execution.graph import JobGraph
from perolyte.execution.local_state import STATE_NAME, LocalState, read_folder
from perolyte.execution.status import CampaignStatus, RunningJob, estimate_rest_s
from perolyte.jobs import assign_identities
from perolyte.stores import open_store
from support import jobs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The output directory of a run in which one job failed."""
    store = open_store(tmp_path / "store")
    flow = assign_identities(Flow([jobs.add(1, 2), jobs.fail("no such element")]))
    run_flow(flow, store, folder=tmp_path / "jobs", n_workers=1)
    store.close()
    (tmp_path / "campaign.json").write_text(json.dumps({"campaign": "toy"}))
    return tmp_path


def read(folder: Path) -> CampaignStatus:
    return read_folder(folder, jobs_name="jobs", heartbeat_name="heartbeat.json")


def test_a_run_that_ended_with_a_failure(folder):
    found = read(folder)
    assert (found.campaign, found.count("done"), found.count("failed")) == ("toy", 1, 1)
    assert "ValueError: no such element" in found.failed[0].error
    assert found.has_ended
    assert "tries again what failed" in found.note


def test_what_may_begin_is_told_from_what_waits_for_others(tmp_path):
    first, second = jobs.add(1, 2), jobs.add(1, 3)
    last = jobs.add(first.output, 1)
    graph = JobGraph()
    graph.add_flow(Flow([first, second, last]))
    LocalState(tmp_path).write(graph, lambda node: tmp_path, at_end=True)
    (counts,) = json.loads((tmp_path / STATE_NAME).read_text())["stages"].values()
    assert (counts["ready"], counts["waiting"]) == (2, 1)


def test_a_run_that_was_killed(folder):
    path = folder / "jobs" / STATE_NAME
    content = json.loads(path.read_text()) | {"ended": False}
    content["process"]["pid_start"] = "another boot"
    path.write_text(json.dumps(content))
    assert "goes on from here" in read(folder).note


def test_a_run_at_work(folder):
    path = folder / "jobs" / STATE_NAME
    job = {"name": "MD", "stage": "s", "started_s": 0.0, "n_total": 100, "folder": str(folder)}
    content = json.loads(path.read_text()) | {"ended": False, "running": [job]}
    path.write_text(json.dumps(content))
    (folder / "heartbeat.json").write_text('{"evaluations": 40}')
    found = read(folder)
    assert found.note is None
    assert (found.running[0].n_done, found.running[0].n_total) == (40, 100)


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="is not the output directory"):
        read(tmp_path)


def test_the_rest_counts_what_running_jobs_say():
    stages = {"MD": {"running": 1, "waiting": 1}}
    job = RunningJob("MD", "MD", "here", seconds=50.0, n_done=50, n_total=200)
    assert estimate_rest_s(stages, {"MD": 100.0}, [job]) == pytest.approx(100.0 + 150.0)
    assert estimate_rest_s(stages, {}, []) is None
