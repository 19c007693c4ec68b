"""Commands around FireWorks that need no launcher: files, checks, errors in one line."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from perolyte.stores.server import start_server, stop_server


@pytest.fixture
def served(tmp_path: Path):
    start_server(tmp_path / "store")
    yield tmp_path / "store"
    stop_server(tmp_path / "store")


def test_init_then_doctor(served, run_command, tmp_path):
    folder = tmp_path / "cluster"
    done = run_command("cluster", "init", "--scheduler", "slurm", "--store", served, "-o", folder)
    assert done.returncode == 0, done.stderr
    assert "qlaunch -c" in done.stdout
    assert stat.S_IMODE((folder / "my_launchpad.yaml").stat().st_mode) == 0o600
    done = run_command(
        "doctor", "--cluster", folder, "--json", "--potential", "ase.calculators.emt.EMT"
    )
    checks = {check["name"]: check for check in json.loads(done.stdout)}
    assert {checks[name]["state"] for name in ("versions", "database", "store", "clock")} == {"ok"}
    assert checks["potential"]["state"] == "missing", "EMT has no strontium"
    assert done.returncode == 4
    stop_server(served)
    done = run_command("doctor", "--cluster", folder, "--potential", "chgnet")
    assert done.returncode == 4
    assert "does not answer" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("cluster", "init", "--scheduler", "lsf", "--store", "mongodb://x"), 2, "slurm or pbs"),
        (("cluster", "init", "--scheduler", "pbs", "--store", "nowhere"), 2, "perolyte db start"),
        (("repair", "--launchpad", "none.yaml"), 2, "does not exist"),
        (("status", "--launchpad", "none.yaml"), 2, "does not exist"),
        (("status", "--json", "--watch"), 2, "exclude each other"),
    ],
)
def test_wrong_use_is_one_line(run_command, tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    done = run_command(*arguments)
    assert done.returncode == code
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_database_that_is_away(run_command, tmp_path):
    path = tmp_path / "my_launchpad.yaml"
    path.write_text("host: mongodb://me:secret@127.0.0.1:9/x\nuri_mode: true\nname: fireworks\n")
    done = run_command("status", "--launchpad", path)
    assert done.returncode == 3
    assert "does not answer" in done.stderr
    assert "secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_empty_launchpad(served, run_command, tmp_path):
    folder = tmp_path / "cluster"
    run_command("cluster", "init", "--scheduler", "pbs", "--store", served, "-o", folder)
    done = run_command("status", "nothing", "--launchpad", folder / "my_launchpad.yaml")
    assert done.returncode == 2
    assert "holds no campaign 'nothing'" in done.stderr
    done = run_command("repair", "--launchpad", folder / "my_launchpad.yaml")
    assert (done.returncode, done.stdout) == (0, "0 done, 0 left\n")
