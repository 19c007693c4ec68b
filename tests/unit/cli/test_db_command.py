"""``perolyte db``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from pymongo import MongoClient
from typer.testing import CliRunner

from perolyte.cli.app import app
from perolyte.errors import StoreError
from perolyte.stores.server import find_server, stop_server


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(*arguments):
        return CliRunner().invoke(app, ["db", *map(str, arguments)])

    yield run
    stop_server(tmp_path / "run")


def test_start_status_stop(run, tmp_path):
    path = tmp_path / "run"
    assert run("status", path).exit_code == 3
    assert json.loads(run("status", path, "--json").stdout) == {"running": False}
    started = run("start", path, "--engine", "perolyte")
    assert started.exit_code == 0
    address = find_server(path)
    assert address.uri in started.stdout
    assert f"perolyte://127.0.0.1:{address.port}" in started.stdout
    facts = json.loads(run("status", path, "--json").stdout)
    assert facts == {
        "running": True,
        "uri": address.uri,
        "port": address.port,
        "pid": address.pid,
        "path": address.path,
        "engine": "perolyte",
    }
    assert isinstance(run("start", path).exception, StoreError)
    assert run("stop", path).stdout == "stopped\n"
    assert json.loads(run("stop", path, "--json").stdout) == {"stopped": False}


def test_another_host_is_warned_about(run, tmp_path):
    started = run("start", tmp_path / "run", "--host", "0.0.0.0", "--engine", "perolyte")
    assert started.exit_code == 0
    assert "lets other machines in, unencrypted" in started.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_foreground_ends_by_a_signal(tmp_path, number):
    command = [sys.executable, "-m", "perolyte.cli.app", "db", "start", str(tmp_path)]
    command += ["--foreground", "--engine", "perolyte", "--json"]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        facts = json.loads(process.stdout.readline())
        assert facts["pid"] == process.pid
        with MongoClient(facts["uri"]) as client:
            client.db.c.insert_one({"_id": 1})
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert find_server(tmp_path) is None
