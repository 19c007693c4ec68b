"""Progress in a file: counted always, written seldom, never half."""

from __future__ import annotations

import json

import pytest

from perolyte.potentials.heartbeat import Heartbeat, read_heartbeat
from perolyte.settings import HEARTBEAT_VARIABLE


@pytest.fixture
def target(tmp_path, monkeypatch):
    path = tmp_path / "heartbeat.json"
    monkeypatch.setenv(HEARTBEAT_VARIABLE, str(path))
    return path


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved; far from zero, as a real one."""
    now = [1000.0]
    monkeypatch.setattr("perolyte.potentials.heartbeat.time.monotonic", lambda: now[0])
    return now


def test_without_the_variable_it_only_counts(monkeypatch, tmp_path):
    monkeypatch.delenv(HEARTBEAT_VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    beat = Heartbeat()
    for _ in range(3):
        beat.tick()
    assert beat.count == 3
    assert list(tmp_path.iterdir()) == []


def test_it_writes_at_most_once_per_second(target, clock):
    beat = Heartbeat()
    beat.tick()
    assert read_heartbeat(target) == 1
    clock[0] += 0.9
    beat.tick()
    assert read_heartbeat(target) == 1
    clock[0] += 0.2
    beat.tick()
    assert read_heartbeat(target) == 3
    assert [path.name for path in target.parent.iterdir()] == [target.name], "nothing left over"


def test_a_folder_that_is_gone_does_not_end_the_physics(target, clock):
    target.parent.rmdir()
    beat = Heartbeat()
    beat.tick()
    assert beat.count == 1
    assert read_heartbeat(target) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"evaluations": "many"}', "null"])
def test_unreadable_files_are_no_progress(tmp_path, text):
    path = tmp_path / "heartbeat.json"
    path.write_text(text)
    assert read_heartbeat(path) is None
    path.write_text(json.dumps({"evaluations": 7}))
    assert read_heartbeat(path) == 7
