"""A whole loop with real trainings, killed while it labels and while it trains."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from monty.json import MontyEncoder

from perolyte.schemas import ActiveLearningDoc, ExplorationDoc, TrainingSetDoc
from perolyte.stores import open_store
from support.learning_salts import CALLS_VARIABLE, GIVEN, make_salt_set

pytestmark = pytest.mark.slow

LIMIT_S = 400.0


def start(folder: Path, repository: Path) -> subprocess.Popen:
    path = os.pathsep.join(filter(None, [str(repository / "tests"), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-m", "support.learning_salts", str(folder)],
        env={**os.environ, "PYTHONPATH": path, CALLS_VARIABLE: str(folder / "calls")},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_when(process: subprocess.Popen, happened) -> None:
    """Kill a run and its workers with SIGKILL as soon as something has happened."""
    end = time.monotonic() + LIMIT_S
    while not happened():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.02)
    everyone = [process, *psutil.Process(process.pid).children(recursive=True)]
    for one in everyone:
        os.kill(one.pid, signal.SIGKILL)
    process.communicate()
    psutil.wait_procs(everyone[1:], timeout=10)


def read_finished(folder: Path, prefix: str) -> dict[str, str]:
    """When each finished job whose name begins so was stored, by uuid."""
    if not (folder / "store").exists():
        return {}
    store = open_store(folder / "store", create=False)
    try:
        return {
            doc["uuid"]: doc["completed_at"]
            for doc in store.query(properties=["uuid", "name", "completed_at", "metadata"])
            if doc["name"].startswith(prefix) and doc["metadata"]["perolyte_run"] == "finished"
        }
    finally:
        store.close()


def count_calls(folder: Path) -> int:
    """Calculations of the teacher, those that a kill cut short among them."""
    calls = folder / "calls"
    return len(calls.read_text().splitlines()) if calls.is_file() else 0


def newest(store, schema: str) -> list[dict]:
    query = {"output.schema_name": schema}
    return [doc["output"] for doc in store.query(query, load=True, sort={"completed_at": 1})]


def test_a_loop_that_is_killed_twice_labels_everything_once(tmp_path: Path, repository: Path):
    salts = make_salt_set()
    (tmp_path / GIVEN).write_text(json.dumps(salts, cls=MontyEncoder))
    first = start(tmp_path, repository)
    kill_when(first, lambda: count_calls(tmp_path) > 0)
    labels_before = read_finished(tmp_path, "label ")
    assert len(labels_before) < 3, "it was killed among the labels"

    second = start(tmp_path, repository)
    # the folder of a training lasts as long as the training; on a busy machine it may come and go
    # between two looks, and what is killed then is what follows the training
    kill_when(
        second,
        lambda: list((tmp_path / "jobs" / "md").glob("*")) or read_finished(tmp_path, "training"),
    )
    labels_then = read_finished(tmp_path, "label ")
    assert labels_before.items() <= labels_then.items()
    assert len(labels_then) == 3

    third = start(tmp_path, repository)
    _, stderr = third.communicate(timeout=LIMIT_S)
    assert third.returncode == 0, stderr
    assert read_finished(tmp_path, "label ") == labels_then, "no label was made again"
    assert count_calls(tmp_path) <= 3 + 1, "at most the one that was cut short was begun twice"

    store = open_store(tmp_path / "store", create=False)
    try:
        (loop,) = newest(store, "ActiveLearningDoc")[-1:]
        explorations = newest(store, "ExplorationDoc")
        sets = newest(store, "TrainingSetDoc")
    finally:
        store.close()
    loop = ActiveLearningDoc.model_validate(loop)
    assert loop.status == "not_converged"
    assert loop.reasons[-1].startswith("max_rounds is 2")
    assert [one.round for one in loop.rounds] == [0, 1]
    assert (loop.n_labelled, loop.n_failed_labels) == (3, 0)
    assert loop.rounds[0].potentials == ["chgnet", "chgnet-r2scan"]
    assert len(set(loop.potentials)) == 2, "two members were trained"
    assert len(explorations) == 2, "a finished exploration is not run again"
    before, after = (ExplorationDoc.model_validate(one) for one in explorations)
    chosen = {frame.name for frame in before.selected}
    assert len(chosen) == 3
    grown = [TrainingSetDoc.model_validate(one) for one in sets]
    final = next(one for one in grown if one.uuid == loop.training_set_uuid)
    counts = Counter(frame.name for frame in final.frames)
    assert set(counts.values()) == {1}
    assert chosen <= set(counts)
    assert len(counts) == len(salts.frames) + 3
    for one, other in zip(before.runs, after.runs, strict=True):
        assert one.trajectory == other.trajectory
        assert after.training_set_uuid == final.uuid
