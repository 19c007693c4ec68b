"""Open a LaunchPad, or say in one line why that cannot be done; one maintainer at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perolyte.errors import InputError, StoreError
from perolyte.execution.locations import hide_password
from perolyte.execution.processes import describe_process, is_gone
from perolyte.execution.workflow import NOTE

if TYPE_CHECKING:
    from fireworks import LaunchPad

__all__ = ["LAUNCHPAD_FILE", "LAUNCHPAD_NAME", "hold_launchpad", "open_launchpad", "prepare"]

LAUNCHPAD_FILE = "my_launchpad.yaml"
LAUNCHPAD_NAME = "fireworks"
ANSWER_TIMEOUT_MS = 5000
LOCKS = "perolyte_locks"
LOCK_ID = "maintenance"
LOCK_EXPIRES_S = 900.0
LOCK_POLL_S = 0.5


def open_launchpad(
    file: str | Path | None = None, *, uri: str | None = None, timeout_ms: int = ANSWER_TIMEOUT_MS
) -> LaunchPad:
    """Open the LaunchPad of a file, of an address, or of FireWorks' own configuration.

    Parameters
    ----------
    file
        ``my_launchpad.yaml``; without it and without `uri`, the one that FireWorks' commands find.
    uri
        ``mongodb://`` address of a server; the LaunchPad's database there is ``fireworks``.
    timeout_ms
        How long to wait for an answer, ms.

    Raises
    ------
    InputError
        For a file that is missing or no LaunchPad file.
    StoreError
        When the database does not answer or refuses the user.
    """
    import yaml

    if file is None and uri is None:
        file = _find_configured()
    if file is None:
        content: dict[str, Any] = {"host": uri, "uri_mode": True, "name": LAUNCHPAD_NAME}
    else:
        try:
            content = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(
                f"{file} does not exist; give the LaunchPad's file with --launchpad, or write one "
                "with 'perolyte cluster init'"
            ) from None
        except (OSError, ValueError, yaml.YAMLError) as err:
            raise InputError(
                f"{file} cannot be read as a LaunchPad file ({type(err).__name__}); write it anew "
                "with 'perolyte cluster init'"
            ) from err
        if not isinstance(content, dict) or "host" not in content:
            raise InputError(
                f"{file} is not a LaunchPad file: it has no 'host'; write it with 'perolyte "
                "cluster init'"
            )
    return _connect(content, timeout_ms)


def _find_configured() -> str:
    from fireworks import fw_config

    found = fw_config.LAUNCHPAD_LOC
    if found is None:
        raise InputError(
            f"no {LAUNCHPAD_FILE} here or in ~/.fireworks; give one with --launchpad, or write one "
            "with 'perolyte cluster init'"
        )
    return str(found)


def _connect(content: dict[str, Any], timeout_ms: int) -> LaunchPad:
    from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

    options = dict(content.get("mongoclient_kwargs") or {})
    options["serverSelectionTimeoutMS"] = timeout_ms
    where = hide_password(str(content["host"]))
    try:
        return _ask(content | {"mongoclient_kwargs": options, "strm_lvl": "ERROR"})
    except ConnectionFailure as err:
        raise StoreError(
            f"the database of the LaunchPad at {where} does not answer; start it ('perolyte db "
            "start' for a local one), or check host and port"
        ) from err
    except OperationFailure as err:
        raise StoreError(
            f"the database of the LaunchPad at {where} refuses the user; check user and password "
            "in the LaunchPad file"
        ) from err
    except (PyMongoError, ValueError, TypeError, KeyError) as err:
        # not chained: the cause may quote the address
        raise StoreError(
            f"the LaunchPad at {where} cannot be opened ({type(err).__name__}); check its file"
        ) from None


def _ask(content: dict[str, Any]) -> LaunchPad:
    """Make the LaunchPad, and ask its database for one document."""
    from fireworks import LaunchPad
    from pymongo.errors import PyMongoError

    launchpad = LaunchPad.from_dict(content)
    try:
        launchpad.fw_id_assigner.find_one({})
    except PyMongoError:
        launchpad.connection.close()
        raise
    return launchpad


def prepare(launchpad: LaunchPad) -> None:
    """Make the counters and indices of a new LaunchPad; an old one keeps what it has.

    Call it while holding the LaunchPad.
    """
    if launchpad.fw_id_assigner.find_one({}) is None:
        newest = launchpad.fireworks.find_one({}, {"fw_id": 1}, sort=[("fw_id", -1)])
        launch = launchpad.launches.find_one({}, {"launch_id": 1}, sort=[("launch_id", -1)])
        launchpad._restart_ids(
            newest["fw_id"] + 1 if newest else 1, launch["launch_id"] + 1 if launch else 1
        )
        launchpad.tuneup()
    for key in ("uuid", "campaign"):
        launchpad.fireworks.create_index(f"spec.{NOTE}.{key}")


@contextmanager
def hold_launchpad(launchpad: LaunchPad, purpose: str, *, wait_s: float = 60.0) -> Iterator[None]:
    """Keep other submissions and repairs out; a lock whose owner is gone is taken over.

    Raises
    ------
    StoreError
        When another one holds it all the time.
    """
    from pymongo.errors import DuplicateKeyError

    locks = launchpad.db[LOCKS]
    own = describe_process() | {"purpose": purpose, "at": datetime.now(UTC)}
    deadline_s = time.monotonic() + wait_s
    while True:
        try:
            locks.insert_one({"_id": LOCK_ID, **own})
            break
        except DuplicateKeyError:
            holder = locks.find_one({"_id": LOCK_ID})
        if holder is None:
            continue
        oldest = datetime.now(UTC) - timedelta(seconds=LOCK_EXPIRES_S)
        if is_gone(holder) or holder["at"].replace(tzinfo=UTC) < oldest:
            locks.delete_one({"_id": LOCK_ID, "host": holder["host"], "pid": holder["pid"]})
        elif time.monotonic() > deadline_s:
            raise StoreError(
                f"'{holder['purpose']}' (process {holder['pid']} on {holder['host']}) works on the "
                "LaunchPad; wait for it and try again"
            )
        else:
            time.sleep(LOCK_POLL_S)
    try:
        yield
    finally:
        locks.delete_one({"_id": LOCK_ID, "host": own["host"], "pid": own["pid"]})
