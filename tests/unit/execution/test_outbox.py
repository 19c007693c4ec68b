"""Finished work survives a database that is away."""

from __future__ import annotations

from pathlib import Path

import pytest
from jobflow import JobStore
from maggma.stores import MemoryStore
from pymongo.errors import AutoReconnect

from perolyte.errors import ExecutionError, StoreError
from perolyte.execution.outbox import KeepingStore, deliver, list_kept
from perolyte.execution.patience import DatabaseAwayError, DatabaseWait, is_away
from perolyte.execution.reuse import find_reusable, mark_of
from support import jobs


class AwayStore(MemoryStore):
    """A store whose database is away for some calls."""

    n_failures = 0

    def update(self, docs, key=None):
        if self.n_failures > 0:
            self.n_failures -= 1
            raise AutoReconnect("closed")
        super().update(docs, key)


@pytest.fixture
def store():
    made = JobStore(AwayStore(), additional_stores={"data": MemoryStore()})
    made.connect()
    yield made
    made.close()


@pytest.fixture
def said() -> list[str]:
    return []


def keep(store: JobStore, folder: Path, said: list[str], wait_s: float = 30.0) -> KeepingStore:
    return KeepingStore(store, folder, DatabaseWait(wait_s, said.append))


def run(kept: KeepingStore, a=1, b=2):
    task = jobs.add(a, b)
    task.run(kept)
    return task


def test_the_output_is_stored_whole_and_the_file_is_gone(store, tmp_path, said):
    kept = keep(store, tmp_path / "outbox", said)
    task = run(kept)
    assert store.query_one({"uuid": task.uuid}) is None, "held until it is safe on disk"
    kept.commit(diverted=False, before=None)
    document = store.query_one({"uuid": task.uuid})
    assert (document["output"], mark_of(document)) == (3, "finished")
    assert not (tmp_path / "outbox").exists()
    assert find_reusable(store, task.uuid, 1, []) is not None


def test_it_waits_and_says_so(store, tmp_path, said, monkeypatch):
    monkeypatch.setattr("perolyte.execution.patience.FIRST_PAUSE_S", 0.01)
    store.docs_store.n_failures = 2
    kept = keep(store, tmp_path / "outbox", said)
    task = run(kept)
    kept.commit(diverted=False, before=None)
    assert len(said) == 2
    assert "it is kept in" in said[0]
    assert store.get_output(task.uuid) == 3


def test_what_could_not_be_stored_is_delivered_later(store, tmp_path, said):
    store.docs_store.n_failures = 1
    kept = keep(store, tmp_path / "outbox", said, wait_s=0.0)
    task = run(kept)
    with pytest.raises(DatabaseAwayError, match="perolyte repair"):
        kept.commit(diverted=False, before=None)
    [path] = list_kept(tmp_path / "outbox")
    assert deliver(path, store)
    assert store.get_output(task.uuid) == 3
    assert not path.exists()
    assert store.count() == 1


def test_delivering_twice_changes_nothing(store, tmp_path, said):
    store.docs_store.n_failures = 1
    kept = keep(store, tmp_path / "outbox", said, wait_s=0.0)
    task = run(kept)
    with pytest.raises(DatabaseAwayError):
        kept.commit(diverted=False, before=None)
    [path] = list_kept(tmp_path / "outbox")
    copy = path.read_bytes()
    assert deliver(path, store)
    path.parent.mkdir()
    path.write_bytes(copy)
    assert not deliver(path, store)
    assert store.count({"uuid": task.uuid}) == 1


def test_a_damaged_file_is_one_line(store, tmp_path):
    path = tmp_path / "x.bson"
    path.write_bytes(b"not bson")
    with pytest.raises(StoreError, match="cannot be read"):
        deliver(path, store)


def test_a_full_disk_does_not_end_the_job(store, tmp_path, said):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    kept = keep(store, tmp_path / "outbox", said)
    task = run(kept)
    kept.commit(diverted=False, before=None)
    assert "cannot be kept" in said[0]
    assert store.get_output(task.uuid) == 3


def test_other_errors_are_not_waited_for(said):
    with pytest.raises(ZeroDivisionError):
        DatabaseWait(60.0, said.append).call(lambda: 1 / 0, purpose="to divide")
    assert said == []


def test_the_cause_of_an_error_counts():
    away = StoreError("away")
    away.__cause__ = AutoReconnect("closed")
    assert is_away(away)
    assert not is_away(StoreError("disk full"))


def test_committing_nothing_is_an_error(store, tmp_path, said):
    with pytest.raises(ExecutionError, match="without an output"):
        keep(store, tmp_path, said).commit(diverted=False, before=None)
