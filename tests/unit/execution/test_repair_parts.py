"""What counts as lost, as contradictory, and as worth another run."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from perolyte.execution.fizzled import find_cause
from perolyte.execution.inconsistencies import find_inconsistencies
from perolyte.execution.launchpad_view import LaunchpadView, as_time
from perolyte.execution.losses import find_losses
from perolyte.execution.processes import describe_process, is_gone, is_left

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HERE = socket.gethostname()


def trace(last: str) -> dict:
    text = f"Traceback (most recent call last):\n  File 'x', line 1\n{last}\n"
    return {"action": {"stored_data": {"_exception": {"_stacktrace": text}}}}


@pytest.mark.parametrize(
    ("last", "name", "is_passing"),
    [
        ("pymongo.errors.AutoReconnect: 127.0.0.1:1: closed", "AutoReconnect", True),
        ("perolyte.execution.patience.DatabaseAwayError: gone", "DatabaseAwayError", True),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried", "OutOfMemoryError", True),
        ("RuntimeError: CUDA out of memory", "RuntimeError", True),
        ("MemoryError", "MemoryError", True),
        ("ValueError: Could not resolve reference - abc", "ValueError", True),
        ("perolyte.errors.InputError: no Li; give one", "InputError", False),
        ("ValueError: bad\nand a second line: of it", "ValueError", False),
        ("KeyError: 'x'", "KeyError", False),
    ],
)
def test_causes(last, name, is_passing):
    cause = find_cause(trace(last))
    assert (cause.passing is not None) == is_passing
    assert "\n" not in str(cause)
    if "\n" not in last:
        assert cause.name == name


def test_a_launch_without_a_word_was_killed():
    assert find_cause({"action": None}).passing == "its launcher was killed"
    assert find_cause(None).passing == "its launcher was killed"


def view(state="RUNNING", *, beat=None, launch=None, age_s=60.0) -> LaunchpadView:
    started = NOW - timedelta(seconds=age_s)
    made = {
        "launch_id": 7,
        "fw_id": 1,
        "state": state,
        "host": "elsewhere",
        "launch_dir": "/nowhere",
        "state_history": [{"state": state, "created_on": started.isoformat()}],
    }
    firework = {
        "fw_id": 1,
        "state": state,
        "name": "relax",
        "launches": [7],
        "archived_launches": [],
        "updated_on": "x",
    }
    beats = {} if beat is None else {1: {"started_at": started, "at": NOW, **beat}}
    return LaunchpadView([], {1: firework}, {7: made | (launch or {})}, beats, NOW)


def judge(found: LaunchpadView, queue=None) -> tuple[list[str], list[str]]:
    lost, notes = find_losses(found, lost_after_s=600.0, queue=queue)
    return [one.text for one in lost], notes


ELSEWHERE = {"host": "elsewhere", "pid": 1, "pid_start": "x", "queue_job": "12"}


def test_running_jobs_elsewhere():
    assert judge(view(beat=ELSEWHERE)) == ([], [])
    old = ELSEWHERE | {"at": NOW - timedelta(seconds=700)}
    assert "no sign of life from elsewhere for 700 s" in judge(view(beat=old, age_s=800))[0][0]
    assert "queue job 12 has ended" in judge(view(beat=ELSEWHERE), queue={"11"})[0][0]
    assert judge(view(beat=ELSEWHERE), queue={"12"}) == ([], [])


def test_running_jobs_here():
    assert judge(view(beat=describe_process())) == ([], [])
    silent = describe_process() | {"at": NOW - timedelta(seconds=700)}
    lost, notes = judge(view(beat=silent, age_s=800))
    assert lost == []
    assert "lives" in notes[0]
    gone = describe_process() | {"pid_start": "another boot"}
    assert "has ended" in judge(view(beat=gone))[0][0]


def test_jobs_that_never_began():
    assert judge(view())[0] == []
    assert "never begun" in judge(view(age_s=400))[0][0]
    here = {"host": HERE, "launch_dir": "/no/such/folder"}
    assert "ended before it began" in judge(view(launch=here))[0][0]
    working = {"host": HERE, "launch_dir": str(Path.cwd())}
    assert judge(view(launch=working))[0] == []
    earlier = ELSEWHERE | {"started_at": NOW - timedelta(hours=3)}
    assert "not begun yet" in judge(view(beat=earlier))[1][0], "a sign of an earlier launch"


def test_reserved_jobs():
    reserved = {"state_history": [{"state": "RESERVED", "created_on": NOW, "reservation_id": "5"}]}
    assert judge(view("RESERVED", launch=reserved), queue={"5"}) == ([], [])
    assert "before it began" in judge(view("RESERVED", launch=reserved), queue=set())[0][0]
    assert "no queue answers here" in judge(view("RESERVED", launch=reserved))[1][0]
    assert "never sent to a queue" in judge(view("RESERVED", age_s=400))[0][0]


def test_contradictions():
    found = view()
    workflow = {
        "_id": 0,
        "nodes": [1],
        "fw_states": {"1": "READY"},
        "parent_links": {},
        "updated_on": "x",
        "name": "w",
        "locked": True,
    }
    orphan = found.fireworks[1] | {"fw_id": 2, "launches": [], "state": "READY"}
    broken = LaunchpadView(
        [workflow], found.fireworks | {2: orphan}, found.launches, found.beats, NOW
    )
    assert {item.kind for item in find_inconsistencies(broken)} == {"lock", "state", "orphan"}
    whole = workflow | {"fw_states": {"1": "RUNNING"}, "locked": False}
    assert (
        find_inconsistencies(LaunchpadView([whole], found.fireworks, found.launches, {}, NOW)) == []
    )


def test_processes():
    me = describe_process()
    assert not is_gone(me)
    assert is_gone(me | {"pid": 2**22 + 1})
    assert not is_gone(me | {"host": "elsewhere", "pid": 2**22 + 1}), "nobody can tell from here"
    assert not is_left("elsewhere", "/no/such/folder")


def test_times():
    assert as_time("2026-01-01T12:00:00") == NOW
    assert as_time(NOW.replace(tzinfo=None)) == NOW
    assert as_time("never") is None
    assert as_time(None) is None
