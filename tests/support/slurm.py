"""A real SLURM of one node, with its daemons on loopback, for as long as a test lasts."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "scontrol")
SEARCH_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
"""Debian has daemons where the path of a user does not look."""
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
StateSaveLocation={folder}/ctld
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SlurmctldPort={controller_port}
SlurmdPort={node_port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
MpiDefault=none
GresTypes=gpu
MailProg=/bin/true
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000 Gres=gpu:1 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} MaxTime=INFINITE State=UP
"""


def find_obstacle() -> str | None:
    """Say why SLURM cannot be started here; None where it can."""
    absent = [name for name in PROGRAMS if shutil.which(name, path=SEARCH_PATH) is None]
    if absent:
        return f"{', '.join(absent)} not installed (make slurm, or apt-get install slurm-wlm munge)"
    return None if os.geteuid() == 0 else "SLURM's daemons need root"


@contextmanager
def run_slurm(folder: Path) -> Iterator[dict[str, str]]:
    """Start SLURM with partitions ``cpu`` and ``gpu``; yield the environment of its commands."""
    folder.mkdir(mode=0o755)
    (folder / "ctld").mkdir()
    (folder / "spool").mkdir()
    (folder / "munge.key").write_bytes(secrets.token_bytes(1024))
    (folder / "munge.key").chmod(0o600)
    host = socket.gethostname().partition(".")[0]
    text = CONFIGURATION.format(
        host=host, folder=folder, controller_port=_free_port(), node_port=_free_port()
    )
    (folder / "slurm.conf").write_text(text)
    (folder / "gres.conf").write_text(f"NodeName={host} Name=gpu File=/dev/null\n")
    environment = os.environ | {"PATH": SEARCH_PATH, "SLURM_CONF": str(folder / "slurm.conf")}
    with ExitStack() as stack:
        files = [f"--{name}-file={folder}/munged.{name}" for name in ("pid", "log", "seed")] + [
            f"--key-file={folder}/munge.key",
            f"--socket={folder}/munge.sock",
        ]
        stack.enter_context(
            _daemon(["munged", "--foreground", "--force", *files], environment, folder)
        )
        _wait((folder / "munge.sock").exists, "munged did not start", folder)
        stack.enter_context(_daemon(["slurmctld", "-D", "-c"], environment, folder))
        stack.enter_context(_daemon(["slurmd", "-D"], environment, folder))
        _wait(lambda: "idle" in ask(environment, "sinfo", "-h"), "no node is idle", folder)
        yield environment
        ask(environment, "scancel", "--user", "root")
        _wait(lambda: not ask(environment, "squeue", "-h"), "jobs do not end", folder)


def ask(environment: dict[str, str], *command: str) -> str:
    """Return what a command of SLURM prints; nothing where it fails."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


@contextmanager
def _daemon(command: list[str], environment: dict[str, str], folder: Path) -> Iterator[None]:
    with (folder / f"{command[0]}.out").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(condition, complaint: str, folder: Path) -> None:
    deadline_s = time.monotonic() + 60.0
    while not condition():
        if time.monotonic() > deadline_s:
            logs = "\n".join(p.read_text(errors="replace")[-1000:] for p in folder.glob("*.log"))
            raise RuntimeError(f"{complaint}\n{logs}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
