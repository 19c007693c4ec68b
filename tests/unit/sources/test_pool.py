"""Reading over processes: order, crashes, files that never end."""

from __future__ import annotations

import os
import time

import psutil
import pytest

from perolyte.errors import ExecutionError
from perolyte.sources.pool import GRACE_S, ReadingPool, read_guarded
from support.reading import EndsTheProcess, misbehave


def read(paths, **options):
    options = {"n_workers": 2, "time_limit_s": 1.0, **options}
    return list(ReadingPool(misbehave, **options).read(paths))


def test_order_and_options():
    paths = [f"file_{index}" for index in range(50)] + ["file_3"]
    documents = read(paths, keep_structure=False)
    assert [document.path for document in documents] == paths
    assert {document.source_id.split()[1] for document in documents} == {"False"}


def test_processes_are_replaced():
    documents = read([f"file_{index}" for index in range(30)], n_workers=1, recycle_after=10)
    processes = [document.source_id.split()[0] for document in documents]
    assert len(set(processes)) == 3
    assert len(set(processes[:10])) == 1


def test_misbehaving_files_cost_no_others():
    good = [f"file_{index}" for index in range(20)]
    bad = ["crash_1", "sleep_1", "stuck_1", "bug_1", "crash_2"]
    paths = [good[0], *(path for pair in zip(bad, good[1:], strict=False) for path in pair)]
    paths += good[len(bad) + 1 :]
    started_s = time.monotonic()
    documents = {document.path: document for document in read(paths)}
    assert list(documents) == paths
    assert all(documents[path].row_status == "ok" for path in good)
    assert {path: documents[path].rejection for path in bad} == {
        "crash_1": "crash",
        "crash_2": "crash",
        "sleep_1": "timeout",
        "stuck_1": "timeout",
        "bug_1": "crash",
    }
    assert "SIGSEGV" in documents["crash_1"].reasons[0]
    assert "ZeroDivisionError: division by zero" in documents["bug_1"].reasons[0]
    assert documents["sleep_1"].reasons == ["sleep_1: not read within 1 s"]
    # nowhere near the 60 s that the files would sleep; starts of processes are most of it
    assert time.monotonic() - started_s < 50


def test_a_file_that_is_stuck_is_given_up_in_time():
    documents = ReadingPool(misbehave, n_workers=1, time_limit_s=1.0).read(["file_1", "stuck_1"])
    started_s = time.monotonic()
    assert [document.row_status for document in documents] == ["ok", "rejected"]
    assert time.monotonic() - started_s < 1.0 + GRACE_S + 30


def test_processes_that_never_begin():
    with pytest.raises(ExecutionError, match="before they read a file"):
        list(ReadingPool(EndsTheProcess(), n_workers=1).read(["a"]))


def test_nothing_is_left_behind_when_the_reader_stops(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    documents = ReadingPool(misbehave, n_workers=2).read([f"file_{i}" for i in range(200)])
    next(documents)
    documents.close()
    assert [path for path in tmp_path.iterdir() if path.name.startswith("perolyte")] == []
    left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert not [child for child in left if "loky" in " ".join(child.cmdline()) and is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    """Loky keeps one small process that cleans up after all others."""
    return "resource_tracker" not in " ".join(process.cmdline())


def test_guarded_reading_in_this_process():
    assert read_guarded("file_1", misbehave, True, 1.0).source_id == f"{os.getpid()} True"
    started_s = time.monotonic()
    assert read_guarded("sleep_1", misbehave, True, 0.2).rejection == "timeout"
    assert time.monotonic() - started_s < 5
