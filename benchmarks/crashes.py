"""Kill launchers and the database server at random during a campaign; then repair and count.

    python benchmarks/crashes.py [--quick] [--jobs 200] [--kills 100] [--seconds 3] [--seed 1]

Every kill is SIGKILL. Jobs run inside the launchers, so that a killed launcher is a killed job too.
The last line is one JSON object: how many documents there are and should be, lost, doubled, how
many job bodies ran more than once, and how long it took.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import crash_jobs
import yaml

from perolyte.execution.cluster import write_cluster_files
from perolyte.execution.launchpad import open_launchpad
from perolyte.execution.patience import DatabaseWait
from perolyte.execution.submission import submit_flow
from perolyte.execution.workflow import Submission
from perolyte.stores import open_store
from perolyte.stores.server import find_server, start_server, stop_server

HERE = Path(__file__).resolve().parent
N_LAUNCHERS = 3
REPAIR_EVERY = 8
DEADLINE_S = 1500.0


class Site:
    """A server, launchers and the folder they work in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.cluster = folder / "cluster"
        self.log = folder / "bodies.log"
        self.uri = start_server(self.store).uri
        self.launchpad = None
        self.launchers: list[subprocess.Popen[bytes]] = []
        write_cluster_files(self.cluster, scheduler="slurm", uri=self.uri)
        limits = self.cluster / "FW_config.yaml"
        content = yaml.safe_load(limits.read_text()) | {
            "WFLOCK_EXPIRATION_SECS": 8,
            "RAPIDFIRE_SLEEP_SECS": 1,
        }
        limits.write_text(yaml.safe_dump(content))
        path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
        self.environment = {
            **os.environ,
            "PYTHONPATH": path,
            "CRASH_LOG": str(self.log),
            "FW_CONFIG_FILE": str(limits),
            "PEROLYTE_BEAT_S": "1",
            "PEROLYTE_DATABASE_WAIT_S": "120",
        }

    @property
    def launchpad_file(self) -> Path:
        return self.cluster / "my_launchpad.yaml"

    def keep_launchers(self) -> None:
        """Start launchers until there are enough."""
        self.launchers = [one for one in self.launchers if one.poll() is None]
        while len(self.launchers) < N_LAUNCHERS:
            self.launchers.append(self._start_launcher())

    def _start_launcher(self) -> subprocess.Popen[bytes]:
        folder = self.folder / "launches"
        folder.mkdir(exist_ok=True)
        with (self.folder / "launchers.log").open("ab") as log:
            return subprocess.Popen(
                [
                    str(Path(sys.executable).parent / "rlaunch"),
                    *("-c", str(self.cluster), "-w", str(self.cluster / "fworker_local.yaml")),
                    *("-s", "rapidfire", "--nlaunches", "infinite", "--sleep", "1"),
                ],
                cwd=folder,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def kill_launcher(self, chance: random.Random) -> None:
        alive = [one for one in self.launchers if one.poll() is None]
        if alive:
            one = chance.choice(alive)
            one.kill()
            one.wait()

    def kill_server(self, chance: random.Random) -> None:
        """Kill the server, and start it again a moment later."""
        server = find_server(self.store)
        if server is not None:
            os.kill(server.pid, signal.SIGKILL)
        time.sleep(chance.uniform(0.1, 1.0))
        again = start_server(self.store)
        if again.uri != self.uri:
            raise SystemExit("the server came back at another address")

    def repair(self, *, patience_s: float = 3.0) -> str:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "perolyte.cli.app", "repair"),
                *("--launchpad", str(self.launchpad_file)),
                *("--patience", str(patience_s), "--attempts", "1000"),
            ],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        with (self.folder / "repairs.log").open("a") as log:
            log.write(done.stdout + done.stderr)
        return done.stdout + done.stderr

    def states(self) -> Counter[str]:
        if self.launchpad is None:
            self.launchpad = open_launchpad(self.launchpad_file)
        wait = DatabaseWait(30.0)
        found = wait.call(
            lambda: list(self.launchpad.fireworks.find({}, {"state": 1})), purpose="to count"
        )
        return Counter(item["state"] for item in found)

    def end(self) -> None:
        for one in self.launchers:
            one.kill()
            one.wait()
        stop_server(self.store)


def run(folder: Path, n_jobs: int, n_kills: int, seed: int, seconds: float) -> dict[str, object]:
    chance = random.Random(seed)
    flow, expected, n_documents = crash_jobs.build(n_jobs, seconds)
    start_s = time.monotonic()
    site = Site(folder)
    kills: Counter[str] = Counter()
    try:
        store = open_store(site.uri)
        launchpad = open_launchpad(site.launchpad_file)
        submit_flow(flow, launchpad, store, Submission("crashes"))
        while kills.total() < n_kills:
            site.keep_launchers()
            time.sleep(chance.uniform(0.2, 1.6))
            wait_for_progress(site, n_documents * kills.total() / n_kills)
            if chance.random() < 0.2:
                site.kill_server(chance)
                kills["server"] += 1
            else:
                site.kill_launcher(chance)
                kills["launcher"] += 1
            if kills.total() % REPAIR_EVERY == 0:
                site.repair()
                print(f"{time.monotonic() - start_s:.0f} s", dict(kills), dict(site.states()))
        states_after_kills = dict(site.states())
        n_repairs = 0
        while time.monotonic() - start_s < DEADLINE_S:
            site.keep_launchers()
            time.sleep(3.0)
            states = site.states()
            if set(states) == {"COMPLETED"}:
                break
            if (
                states["READY"] + states["RUNNING"] == 0
                or n_repairs == 0
                or time_to_look(n_repairs)
            ):
                site.repair()
            n_repairs += 1
        return count(site, flow.output.uuid, expected, n_documents) | {
            "n_kills": kills.total(),
            "kills_of_server": kills["server"],
            "states_after_kills": states_after_kills,
            "states": dict(site.states()),
            "seconds": round(time.monotonic() - start_s, 1),
        }
    finally:
        site.end()


def wait_for_progress(site: Site, n_wanted: float) -> None:
    """Spread the kills over the campaign; where it is stuck, do not wait."""
    deadline_s = time.monotonic() + 6.0
    while time.monotonic() < deadline_s and site.states()["COMPLETED"] < 0.8 * n_wanted:
        site.keep_launchers()
        time.sleep(0.3)


def time_to_look(n_rounds: int) -> bool:
    """Repair now and then while jobs still run: some may be stuck behind others."""
    return n_rounds % 5 == 0


def count(site: Site, uuid: str, expected: int, n_documents: int) -> dict[str, object]:
    """Count documents, fireworks and job bodies."""
    store = open_store(site.uri)
    documents = list(store.docs_store.query({}, ["uuid", "index", "metadata"]))
    keys = Counter((doc["uuid"], doc["index"]) for doc in documents)
    whole = [
        doc for doc in documents if doc["metadata"].get("perolyte_run") in ("finished", "diverted")
    ]
    newest = store.query_one({"uuid": uuid}, sort={"index": -1})
    store.close()
    launchpad = open_launchpad(site.launchpad_file)
    fireworks = Counter(
        (item["spec"]["perolyte"]["uuid"], item["spec"]["perolyte"]["index"])
        for item in launchpad.fireworks.find({}, {"spec.perolyte": 1})
    )
    bodies = Counter(site.log.read_text().splitlines())
    return {
        "n_documents": len(documents),
        "n_expected": n_documents,
        "lost": n_documents - len({(doc["uuid"], doc["index"]) for doc in whole}),
        "doubled": sum(n - 1 for n in keys.values()) + sum(n - 1 for n in fireworks.values()),
        "result_is_right": newest is not None and newest["output"] == expected,
        "bodies_run_again": sum(n - 1 for n in bodies.values()),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="31 jobs and 6 kills")
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=3.0, help="that a job takes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="keep everything here")
    options = parser.parse_args()
    n_jobs, n_kills = (31, 6) if options.quick else (options.jobs, options.kills)
    if options.folder is not None:
        options.folder.mkdir(parents=True)
        found = run(options.folder.absolute(), n_jobs, n_kills, options.seed, options.seconds)
    else:
        with tempfile.TemporaryDirectory() as folder:
            found = run(Path(folder), n_jobs, n_kills, options.seed, options.seconds)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
