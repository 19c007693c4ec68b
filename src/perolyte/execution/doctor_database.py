"""Check database and store of a worker: reachable, writable, and its clock."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perolyte.errors import InputError, PerolyteError

if TYPE_CHECKING:
    from fireworks import LaunchPad

    from perolyte.execution.doctor import Check

__all__ = ["check_database"]

PROBES = "perolyte_doctor"
CLOCK_SLACK_S = 5.0


def check_database(cluster: Path | None, store: str | None) -> Iterator[Check]:
    """Yield the checks of LaunchPad, clock and store."""
    from perolyte.execution.doctor import Check
    from perolyte.execution.launchpad import LAUNCHPAD_FILE, open_launchpad
    from perolyte.execution.locations import find_worker_store

    launchpad = None
    try:
        launchpad = open_launchpad(None if cluster is None else cluster / LAUNCHPAD_FILE)
    except InputError as err:
        is_needed = cluster is not None
        yield Check("database", "missing" if is_needed else "ok", str(err))
    except PerolyteError as err:
        yield Check("database", "missing", str(err))
    if launchpad is not None:
        yield _check_writing(launchpad)
        yield _check_clock(launchpad)
    if store is None and launchpad is not None:
        store = find_worker_store(None, _read_env(cluster), launchpad)
    if store is not None:
        yield _check_store(store)


def _check_writing(launchpad: LaunchPad) -> Check:
    from pymongo.errors import PyMongoError

    from perolyte.execution.doctor import Check
    from perolyte.execution.locations import hide_password

    where = hide_password(str(launchpad.host))
    probe = {"_id": f"{socket.gethostname()}-{os.getpid()}"}
    try:
        launchpad.db[PROBES].replace_one(probe, probe, upsert=True)
        launchpad.db[PROBES].delete_one(probe)
    except PyMongoError as err:
        text = f"{where} is there, but cannot be written ({type(err).__name__})"
        return Check("database", "missing", text, "check the rights of its user and its disk")
    n_jobs = launchpad.fireworks.count_documents({})
    return Check("database", "ok", f"LaunchPad at {where} can be written; {n_jobs} jobs")


def _check_clock(launchpad: LaunchPad) -> Check:
    from pymongo.errors import PyMongoError

    from perolyte.execution.doctor import Check

    try:
        found: dict[str, Any] = launchpad.connection.admin.command("hello")
        theirs = found["localTime"].replace(tzinfo=UTC)
    except (PyMongoError, KeyError, AttributeError):
        return Check("clock", "warning", "the database does not tell its time")
    apart_s = abs((datetime.now(UTC) - theirs).total_seconds())
    text = f"{apart_s:.1f} s apart from the database's"
    if apart_s <= CLOCK_SLACK_S:
        return Check("clock", "ok", text)
    return Check("clock", "warning", text, "set it by NTP: which result is newer is told by time")


def _check_store(location: str) -> Check:
    from perolyte.execution.doctor import Check
    from perolyte.execution.locations import hide_password
    from perolyte.stores import open_store

    shown = hide_password(location)
    try:
        store = open_store(location, create=False)
        try:
            probe = {"uuid": f"doctor-{socket.gethostname()}-{os.getpid()}", "index": 1}
            store.docs_store.update(probe | {"output": None}, key=["uuid", "index"])
            store.docs_store.remove_docs(probe)
            n_documents = store.count()
        finally:
            store.close()
    except PerolyteError as err:
        return Check("store", "missing", str(err))
    return Check("store", "ok", f"{shown} can be written; {n_documents} documents")


def _read_env(cluster: Path | None) -> dict[str, Any]:
    """Return the env of the workers that ``perolyte cluster init`` wrote."""
    import yaml

    from perolyte.execution.cluster import worker_file

    if cluster is None:
        return {}
    try:
        content = yaml.safe_load((cluster / worker_file("local")).read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    env = content.get("env") if isinstance(content, dict) else None
    return env if isinstance(env, dict) else {}
