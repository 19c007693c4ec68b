"""A database server, FireWorks' files and launcher processes in one folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import yaml
from fireworks import LaunchPad

from perolyte.execution.cluster import write_cluster_files
from perolyte.execution.launchpad import open_launchpad
from perolyte.stores.server import start_server, stop_server

TESTS = Path(__file__).resolve().parent.parent


class Site:
    """What a user has after ``perolyte db start`` and ``perolyte cluster init``."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store, self.cluster = folder, folder / "store", folder / "cluster"
        self.launches = folder / "launches"
        self.launches.mkdir(parents=True)
        self.uri = start_server(self.store).uri
        write_cluster_files(self.cluster, scheduler="slurm", uri=self.uri)
        limits = self.cluster / "FW_config.yaml"
        content = yaml.safe_load(limits.read_text())
        content |= {"WFLOCK_EXPIRATION_SECS": 5, "RAPIDFIRE_SLEEP_SECS": 1}
        limits.write_text(yaml.safe_dump(content))
        path = os.pathsep.join(filter(None, [str(TESTS), os.environ.get("PYTHONPATH")]))
        self.environment = {
            **os.environ,
            "PYTHONPATH": path,
            "FW_CONFIG_FILE": str(limits),
            "PEROLYTE_BEAT_S": "1",
            "PEROLYTE_STORE": f"{self.uri}&serverSelectionTimeoutMS=2000",
            "PYTHONWARNINGS": "ignore",
        }
        self.launchpad: LaunchPad = open_launchpad(self.launchpad_file)
        self.launchers: list[subprocess.Popen[bytes]] = []

    @property
    def launchpad_file(self) -> Path:
        return self.cluster / "my_launchpad.yaml"

    @property
    def log(self) -> str:
        return (self.folder / "launchers.log").read_text(errors="replace")

    def launch(self, worker: str = "local", **environment: str) -> subprocess.Popen[bytes]:
        """Start a launcher that ends when there is nothing to run."""
        with (self.folder / "launchers.log").open("ab") as log:
            launcher = subprocess.Popen(
                [
                    str(Path(sys.executable).parent / "rlaunch"),
                    *("-c", str(self.cluster)),
                    *("-w", str(self.cluster / f"fworker_{worker}.yaml"), "rapidfire"),
                ],
                cwd=self.launches,
                env=self.environment | environment,
                stdout=log,
                stderr=log,
            )
        self.launchers.append(launcher)
        return launcher

    def run_all(self, worker: str = "local", timeout_s: float = 300.0) -> None:
        """Run launchers of one kind until they find nothing more."""
        launcher = self.launch(worker)
        if launcher.wait(timeout=timeout_s) != 0:
            raise AssertionError(self.log[-3000:])

    def states(self) -> Counter[str]:
        return Counter(item["state"] for item in self.launchpad.fireworks.find({}, {"state": 1}))

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline_s:
                raise AssertionError(f"{self.log[-3000:]}")
            time.sleep(0.1)

    def end(self) -> None:
        for launcher in self.launchers:
            launcher.kill()
            launcher.wait()
        self.launchpad.connection.close()
        stop_server(self.store)
