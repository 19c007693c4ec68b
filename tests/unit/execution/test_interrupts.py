"""Ctrl-C that reaches a worker before the worker has begun."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal

import pytest
from monty.json import MontyEncoder

from perolyte.execution.interrupts import hold_interrupts
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


def test_ctrl_c_waits_and_is_not_lost():
    seen = []
    with pytest.raises(KeyboardInterrupt), hold_interrupts():  # noqa: PT012 (when it comes)
        os.kill(os.getpid(), signal.SIGINT)
        seen.append("the block went on to its end")
    assert seen
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
