"""Barriers in the store: one document for each content of a file and each question."""

from __future__ import annotations

import json
import uuid as uuid_module
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Self

from monty.json import jsanitize

from perolyte import __version__
from perolyte.cli.bvse_worker import Answer, Request, Task
from perolyte.schemas import BvseDoc
from perolyte.sources import hash_file, is_poscar
from perolyte.stores import open_store

__all__ = ["BvseShelf"]

_NAMESPACE = uuid_module.UUID("0b8f2a52-3e0c-5c9a-9c1f-5d6a1f0e7b34")
_READ_SIZE = 500
_WRITE_SIZE = 100
"""Documents written at once: each write waits for the disk."""


class BvseShelf:
    """Finds and keeps the barriers of files.

    The uuid of a document is made from the content of its file, what was asked of it and the
    version of perolyte. Rejected files are not kept: reading them again costs little, and some
    limits are those of a machine.
    """

    def __init__(self, location: str, request: Request) -> None:
        self._request = request
        self._store = open_store(location)
        self._unwritten: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._write()
        finally:
            self._store.close()

    def find(self, tasks: Sequence[Task]) -> dict[Task, Answer]:
        """Return the answers that are known, under the names that the files have now."""
        uuids = {task: self._name(task, hash_file(task.path)) for task in tasks}
        wanted = sorted({uuid for uuid in uuids.values() if uuid is not None})
        known: dict[str, dict[str, Any]] = {}
        for start in range(0, len(wanted), _READ_SIZE):
            criteria = {"uuid": {"$in": wanted[start : start + _READ_SIZE]}}
            for entry in self._store.docs_store.query(criteria, ["uuid", "output"]):
                known[entry["uuid"]] = entry["output"]
        answers = {}
        for task, uuid in uuids.items():
            if uuid in known:
                named = {"name": task.name, "source": task.name, "structure": None}
                document = BvseDoc.model_validate({**known[uuid], **named})
                answers[task] = Answer(document)
        return answers

    def put(self, task: Task, answer: Answer) -> None:
        """Keep a document that was computed."""
        uuid = self._name(task, answer.document.provenance.input_hash)
        if uuid is None or answer.document.status == "rejected":
            return
        output = answer.document.model_copy(update={"uuid": uuid})
        self._unwritten[uuid] = {
            "uuid": uuid,
            "index": 1,
            "name": f"bvse {answer.document.name}",
            "output": jsanitize(output, strict=True, enum_values=True, allow_bson=True),
            "completed_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
            "metadata": {},
            "hosts": [],
        }
        if len(self._unwritten) >= _WRITE_SIZE:
            self._write()

    def _write(self) -> None:
        if self._unwritten:
            self._store.docs_store.update(list(self._unwritten.values()), key=["uuid", "index"])
            self._unwritten.clear()

    def _name(self, task: Task, sha256: str | None) -> str | None:
        """Return the uuid of a file's document; None for a file that could not be read."""
        if sha256 is None:
            return None
        asked = {
            "version": __version__,
            "kind": "POSCAR" if is_poscar(task.path) else "CIF",
            "sha256": sha256,
            "ion": self._request.ion,
            "settings": self._request.settings.model_dump(),
            "hops": self._request.find_hops,
            "states": dict(self._request.oxidation_states),
        }
        return str(uuid_module.uuid5(_NAMESPACE, json.dumps(asked, sort_keys=True)))
