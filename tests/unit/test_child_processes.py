"""Processes that leave Ctrl-C to their parent, from their first moment on."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal

import psutil
import pytest
from monty.json import MontyEncoder

from perolyte.child_processes import ProcessPool, hold_interrupts
from perolyte.execution.worker import serve
from perolyte.stores import open_store


def test_a_worker_that_is_still_importing_outlives_it(tmp_path, capfd):
    store = open_store(tmp_path / "store")
    text = json.dumps(store, cls=MontyEncoder)
    store.close()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, text, os.getpid()), daemon=True)
    with hold_interrupts():
        process.start()
    os.kill(process.pid, signal.SIGINT)
    theirs.close()
    ours.send(None)
    process.join(timeout=120)
    assert process.exitcode == 0
    assert capfd.readouterr().err == ""


def test_a_pool_outlives_it_while_its_processes_begin(capfd):
    with ProcessPool(1) as pool:
        future = pool.submit(abs, -1)
        youngest = max(psutil.Process().children(), key=psutil.Process.create_time)
        youngest.send_signal(signal.SIGINT)
        assert future.result(timeout=120) == 1
    assert capfd.readouterr().err == ""


def test_ctrl_c_is_not_lost_meanwhile():
    with pytest.raises(KeyboardInterrupt), hold_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
