"""Configuration files of FireWorks for a cluster: LaunchPad, workers, queue adapters, safe limits.

They are FireWorks' own files, for its own commands (``qlaunch``, ``rlaunch``, ``lpad``).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from perolyte.errors import InputError, StoreError
from perolyte.execution.launchpad import LAUNCHPAD_FILE, LAUNCHPAD_NAME
from perolyte.execution.locations import STORE_VARIABLE, hide_password
from perolyte.execution.routing import SCHEDULERS
from perolyte.files import replace_file
from perolyte.settings import RUN_FOLDER_VARIABLE

__all__ = ["ClusterFiles", "find_scheduler", "write_cluster_files"]

CATEGORIES = ("cpu", "gpu", "analysis")
CONFIG_FILE = "FW_config.yaml"
WAIT_FOR_DATABASE_MS = 300_000
PRIVATE = 0o600

FIREWORKS_LIMITS = {
    # A launcher that is killed while it holds a workflow would lock it for ever: others take the
    # lock over after this time. It is far longer than any change of a workflow lasts.
    "WFLOCK_EXPIRATION_SECS": 120,
    "WFLOCK_EXPIRATION_KILL": True,
    "PING_TIME_SECS": 300,
    "RUN_EXPIRATION_SECS": 3600,
    "RAPIDFIRE_SLEEP_SECS": 15,
    "QUEUE_UPDATE_INTERVAL": 2,
    # it holds whole jobs, once more for every launch
    "PRINT_FW_JSON": False,
}

_WALLTIMES = {"cpu": "24:00:00", "gpu": "24:00:00", "analysis": "02:00:00"}
_QUEUE_TYPES = {"slurm": "SLURM", "pbs": "PBS"}


@dataclass(frozen=True)
class ClusterFiles:
    """What was written, what was there already with the same content, and what to do next."""

    folder: Path
    written: tuple[str, ...]
    unchanged: tuple[str, ...]

    def next_commands(self) -> list[str]:
        """List the commands that come next, one for each category where they differ."""
        options = f"-c {self.folder}"
        return [
            f"export FW_CONFIG_FILE={self.folder / CONFIG_FILE}",
            f"perolyte doctor --cluster {self.folder}",
            f"perolyte submit FILE.yaml --launchpad {self.folder / LAUNCHPAD_FILE}",
            *(
                f"qlaunch {options} -r -w {self.folder / worker_file(name)} "
                f"-q {self.folder / adapter_file(name)} rapidfire --nlaunches infinite"
                for name in CATEGORIES
            ),
            f"rlaunch {options} -w {self.folder / worker_file('local')} rapidfire   # no queue",
        ]


def worker_file(category: str) -> str:
    """Return the name of a worker's file."""
    return f"fworker_{category}.yaml"


def adapter_file(category: str) -> str:
    """Return the name of a queue adapter's file."""
    return f"qadapter_{category}.yaml"


def write_cluster_files(
    folder: Path,
    *,
    scheduler: str,
    uri: str,
    store: str | None = None,
    force: bool = False,
) -> ClusterFiles:
    """Write the files; one that was changed by hand is not overwritten.

    Parameters
    ----------
    folder
        Where to; every node must see it.
    scheduler
        "slurm" or "pbs".
    uri
        Address of the database of the LaunchPad.
    store
        Address or path of the store, where it is another one.
    force
        Overwrite changed files.

    Raises
    ------
    InputError
        For another scheduler, an address that is none, or a changed file without `force`.
    StoreError
        When a file cannot be written.
    """
    if scheduler not in SCHEDULERS:
        raise InputError(f"scheduler {scheduler!r} is not known; use {' or '.join(SCHEDULERS)}")
    if not uri.startswith(("mongodb://", "mongodb+srv://")):
        raise InputError(
            f"{hide_password(uri)!r} is not the address of a database; give mongodb://..., or the "
            "path of a store that 'perolyte db start' serves"
        )
    folder = folder.absolute()
    contents = _list_contents(folder, scheduler, uri, store)
    old = {name: _read(folder / name) for name in contents}
    changed = [name for name, text in contents.items() if old[name] not in (None, text)]
    if changed and not force:
        raise InputError(
            f"{folder / changed[0]} differs from what would be written"
            f"{f' (and {len(changed) - 1} more)' if len(changed) > 1 else ''}; keep it, give "
            "another folder with -o, or overwrite with --force"
        )
    written = [name for name, text in contents.items() if old[name] != text]
    for name in written:
        _write_private(folder / name, contents[name])
    unchanged = [name for name in contents if name not in written]
    return ClusterFiles(folder, tuple(written), tuple(unchanged))


def find_scheduler(launchpad_file: Path | None) -> str:
    """Return the scheduler of the queue adapters beside a LaunchPad file; slurm without any."""
    folder = launchpad_file.parent if launchpad_file is not None else Path()
    for path in sorted(folder.glob("qadapter_*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        kind = content.get("_fw_q_type") if isinstance(content, dict) else None
        for scheduler, name in _QUEUE_TYPES.items():
            if kind == name:
                return scheduler
    return "slurm"


def _list_contents(folder: Path, scheduler: str, uri: str, store: str | None) -> dict[str, str]:
    contents: dict[str, Any] = {
        LAUNCHPAD_FILE: {
            "host": uri,
            "uri_mode": True,
            "name": LAUNCHPAD_NAME,
            "logdir": None,
            "strm_lvl": "INFO",
            # launchers wait so long for a database that is started again
            "mongoclient_kwargs": {"serverSelectionTimeoutMS": WAIT_FOR_DATABASE_MS},
        },
        CONFIG_FILE: {"CONFIG_FILE_DIR": str(folder), **FIREWORKS_LIMITS},
    }
    env = {} if store is None else {STORE_VARIABLE: store}
    for name, category in [("local", list(CATEGORIES)), *((name, name) for name in CATEGORIES)]:
        contents[worker_file(name)] = {
            "name": f"perolyte_{name}",
            "category": category,
            "query": "{}",
            "env": env,
        }
    for name in CATEGORIES:
        contents[adapter_file(name)] = _describe_adapter(folder, scheduler, name)
    head = "# Written by 'perolyte cluster init'; change what your site needs.\n"
    return {name: head + yaml.safe_dump(c, sort_keys=False) for name, c in contents.items()}


def _describe_adapter(folder: Path, scheduler: str, category: str) -> dict[str, Any]:
    programs = Path(sys.executable).parent
    adapter: dict[str, Any] = {
        "_fw_name": "CommonAdapter",
        "_fw_q_type": _QUEUE_TYPES[scheduler],
        "_fw_timeout": 60,
        "rocket_launch": f"{programs / 'rlaunch'} -c {folder} -w {folder / worker_file(category)} "
        "singleshot",
        "walltime": _WALLTIMES[category],
        "queue": "gpu" if category == "gpu" else "cpu",
        "pre_rocket": "\n".join(
            [
                f"export FW_CONFIG_FILE={folder / CONFIG_FILE}",
                # checkpoints of MD: a job that is run again on another node goes on from there
                f"export {RUN_FOLDER_VARIABLE}={folder / 'md'}",
            ]
        ),
    }
    if scheduler == "slurm":
        adapter |= {"nodes": 1, "ntasks": 1, "cpus_per_task": 1}
        if category == "gpu":
            adapter["gres"] = "gpu:1"
    else:
        adapter |= {"nnodes": 1, "ppnode": "1:gpus=1" if category == "gpu" else 1}
    return adapter


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as err:
        raise StoreError(f"{path} cannot be read ({err.strerror}); check its permissions") from err


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read: addresses hold passwords."""
    try:
        replace_file(path, text, mode=PRIVATE)
    except OSError as err:
        raise StoreError(
            f"{path} cannot be written ({err.strerror}); choose another folder with -o"
        ) from err
