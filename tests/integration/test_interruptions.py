"""Runs that are killed, interrupted, doubled, or short of disk: nothing finished is lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from perolyte.stores import open_store

START_S = 120.0


def finished_jobs(folder: Path, names: tuple[str, ...] = ("",)) -> dict[tuple[str, int], str]:
    """When each finished job was stored, by uuid and index; of jobs whose name starts so."""
    store = open_store(folder / "store", create=False)
    try:
        properties = ["uuid", "index", "name", "completed_at", "metadata"]
        return {
            (doc["uuid"], doc["index"]): doc["completed_at"]
            for doc in store.query(properties=properties)
            if doc["metadata"].get("perolyte_run") == "finished" and doc["name"].startswith(names)
        }
    finally:
        store.close()


def wait_for_md(folder: Path, process: subprocess.Popen) -> None:
    """Wait until an MD job is in the middle of its run."""
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        for heartbeat in (folder / "jobs").glob("MD-*/heartbeat.json"):
            try:
                if json.loads(heartbeat.read_text())["evaluations"] > 20:
                    return
            except (OSError, ValueError):
                continue
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    pytest.fail(f"no MD job reported progress within {START_S:g} s")


@pytest.fixture
def slow_campaign(make_campaign, tmp_path: Path) -> Path:
    """Each MD takes some seconds, so that a signal meets it in the middle."""
    return make_campaign(
        tmp_path,
        potential={"kwargs": {"repulsion_eV": 1.0, "delay_s": 0.02}},
        relaxation={"max_steps": 30, "force_limit_eV_A": 0.5},
        dopings=[],
        vacancies=[],
    )


@pytest.fixture
def started(slow_campaign: Path, command: list[str], environment: dict[str, str], tmp_path: Path):
    """A run that has reached MD."""
    process = subprocess.Popen(
        [*command, "run", str(slow_campaign), "-o", str(tmp_path / "out"), "--workers", "2"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for_md(tmp_path / "out", process)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def assert_resumes(
    run_command, slow_campaign: Path, folder: Path, names: tuple[str, ...] = ("",)
) -> None:
    """Run again; jobs that had finished (those with these names) must not be run a second time."""
    before = finished_jobs(folder, names)
    assert before, "something had finished before the interruption"
    again = run_command("run", slow_campaign, "-o", folder, "--workers", 2)
    assert again.returncode == 0, again.stderr
    assert before.items() <= finished_jobs(folder, names).items(), "a finished job was run again"
    assert (folder / "results.json").is_file()


def test_kill_9_in_the_middle_of_md(
    started: subprocess.Popen, slow_campaign: Path, run_command, tmp_path: Path
) -> None:
    workers = psutil.Process(started.pid).children(recursive=True)
    started.kill()
    started.wait(timeout=10)
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive, "workers end with the process that started them"
    assert_resumes(run_command, slow_campaign, tmp_path / "out")


def test_ctrl_c(
    started: subprocess.Popen, slow_campaign: Path, run_command, tmp_path: Path
) -> None:
    os.killpg(started.pid, signal.SIGINT)  # what a terminal does: to the workers as well
    _, stderr = started.communicate(timeout=30)
    assert started.returncode == 130
    assert stderr.count("\n") == 1, stderr
    assert "same command" in stderr
    assert_resumes(run_command, slow_campaign, tmp_path / "out")


def test_sigterm_as_a_queue_sends_it(
    started: subprocess.Popen, slow_campaign: Path, run_command, tmp_path: Path
) -> None:
    started.terminate()
    _, stderr = started.communicate(timeout=30)
    assert started.returncode == 130, stderr
    assert_resumes(run_command, slow_campaign, tmp_path / "out")


def test_a_killed_worker_costs_only_its_job(
    started: subprocess.Popen, slow_campaign: Path, run_command, tmp_path: Path
) -> None:
    workers = [
        p for p in psutil.Process(started.pid).children() if "spawn_main" in " ".join(p.cmdline())
    ]
    workers[0].kill()
    stdout, stderr = started.communicate(timeout=200)
    assert started.returncode == 1, stderr
    assert "ended with code -9" in stdout
    folder = tmp_path / "out"
    assert_resumes(run_command, slow_campaign, folder, names=("MD", "relax"))
    row = json.loads((folder / "results.json").read_text())["candidates"][0]
    stale = [reason for reason in row["reasons"] if "MD job failed" in reason]
    assert not stale, "what was made without the lost run is made again"


def test_two_runs_at_once(
    started: subprocess.Popen, slow_campaign: Path, run_command, tmp_path: Path
) -> None:
    started.send_signal(signal.SIGSTOP)  # so that it cannot end before the second one starts
    try:
        second = run_command("run", slow_campaign, "-o", tmp_path / "out")
    finally:
        started.send_signal(signal.SIGCONT)
    assert second.returncode == 3
    assert str(started.pid) in second.stderr
    assert second.stderr.count("\n") == 1
    started.communicate(timeout=200)
    assert started.returncode == 0


def test_a_failing_potential_is_reported_and_the_rest_goes_on(
    make_campaign, run_command, tmp_path: Path
) -> None:
    file = make_campaign(
        tmp_path,
        potential={"kwargs": {"repulsion_eV": 1.0, "fail_beyond_A": 0.45}},
        dopings=[],
        vacancies=[],
        conductivity={"temperatures_K": [300, 350, 2000]},
    )
    run = run_command("run", file, "-o", tmp_path / "out", "--workers", 2)
    assert run.returncode == 1, run.stderr
    assert "asked to fail" in run.stdout
    row = json.loads((tmp_path / "out" / "results.json").read_text())["candidates"][0]
    assert row["status"] == "not_converged"
    assert any("MD job failed" in reason for reason in row["reasons"])


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="needs root for a tmpfs")
def test_a_full_disk_is_said_and_survived(slow_campaign: Path, run_command, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", disk]
    mounted = subprocess.run(mount, check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine does not let tests mount a tmpfs")
    try:
        full = run_command("run", slow_campaign, "-o", disk / "out", "--workers", 1)
        assert full.returncode == 3, full.stdout + full.stderr
        assert full.stderr.count("\n") == 1, full.stderr
        assert "full" in full.stderr
        subprocess.run(["mount", "-o", "remount,size=80m", disk], check=True)
        again = run_command("run", slow_campaign, "-o", disk / "out", "--workers", 2)
        assert again.returncode == 0, again.stderr
        assert "found" in again.stdout, "what was stored before the disk was full is used"
    finally:
        subprocess.run(["umount", "-l", disk], check=False)
