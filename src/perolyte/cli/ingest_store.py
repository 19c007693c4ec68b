"""Structure documents in the store: one for each content of a file."""

from __future__ import annotations

import uuid as uuid_module
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from monty.json import jsanitize

from perolyte import __version__
from perolyte.schemas import StructureDoc
from perolyte.sources import hash_file, is_poscar
from perolyte.stores import open_store

__all__ = ["StructureShelf"]

_NAMESPACE = uuid_module.UUID("d7c9b6c2-6c0e-5f7e-9a53-0c5b1a6f2e41")
WRITE_SIZE = 100
"""Documents written at once: each write waits for the disk."""


class StructureShelf:
    """Finds and keeps the documents of files, by the hash of their content.

    The uuid of a document is made from that hash, the kind of the file and the version of perolyte:
    another version reads the file again.
    """

    def __init__(self, location: str) -> None:
        self._store = open_store(location)
        self._unwritten: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._write()
        finally:
            self._store.close()

    def find(self, files: Sequence[Path]) -> dict[Path, StructureDoc]:
        """Return the documents that are known, under the names that the files have now."""
        self._write()
        uuids = {path: _name_document(path, hash_file(path)) for path in files}
        wanted = sorted({uuid for uuid in uuids.values() if uuid is not None})
        criteria = {"uuid": {"$in": wanted}}
        known = {
            entry["uuid"]: entry["output"]
            for entry in self._store.docs_store.query(criteria, ["uuid", "output"])
        }
        return {
            path: StructureDoc.model_validate(
                {**known[uuid], "name": path.name, "path": str(path), "structure": None}
            )
            for path, uuid in uuids.items()
            if uuid in known
        }

    def put(self, document: StructureDoc) -> None:
        """Keep a document, unless it says nothing final: a timeout, a crash, no file."""
        uuid = _name_document(Path(document.path or ""), document.provenance.input_hash)
        if uuid is None or document.rejection in ("timeout", "crash"):
            return
        output = document.model_copy(update={"uuid": uuid})
        self._unwritten[uuid] = {
            "uuid": uuid,
            "index": 1,
            "name": f"ingest {document.name}",
            "output": jsanitize(output, strict=True, enum_values=True, allow_bson=True),
            "completed_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
            "metadata": {},
            "hosts": [],
        }
        if len(self._unwritten) >= WRITE_SIZE:
            self._write()

    def _write(self) -> None:
        if self._unwritten:
            self._store.docs_store.update(list(self._unwritten.values()), key=["uuid", "index"])
            self._unwritten.clear()


def _name_document(path: Path, sha256: str | None) -> str | None:
    """Return the uuid of a file's document; None for a file that could not be read."""
    if sha256 is None:
        return None
    kind = "POSCAR" if is_poscar(path) else "CIF"
    return str(uuid_module.uuid5(_NAMESPACE, f"{__version__}/{kind}/{sha256}"))
