"""Finished work is kept on disk until the store has it.

A job's output is written to a file beside the job before the store is asked to take it, and the
file is removed when the store has it. Whatever happens in between (the database is away, the
process is killed, the queue's time is up), ``perolyte repair`` finds the file and delivers it.
"""

from __future__ import annotations

import importlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perolyte.errors import ExecutionError, StoreError
from perolyte.execution.patience import DatabaseWait
from perolyte.execution.reuse import RUN_MARK, mark_of, says_the_same
from perolyte.files import replace_file
from perolyte.stores import find_complete_output

if TYPE_CHECKING:
    from jobflow import JobStore

__all__ = ["FOLDER_NAME", "KeepingStore", "deliver", "list_kept"]

FOLDER_NAME = "outbox"
SUFFIX = ".bson"


class KeepingStore:
    """A store that holds the output of a job back until it is safe on disk.

    A job runs on it as on the store itself; reading waits for a database that is away. When the
    job is through, `commit` writes its output to a file and then to the store.

    Parameters
    ----------
    store
        Connected store.
    folder
        Where to keep what is not stored yet; None keeps nothing, for a store that is a file here.
    wait
        How long to wait for the database; by default not at all.
    """

    _PATIENT = frozenset({"query_one", "get_output", "count", "distinct"})

    def __init__(
        self, store: JobStore, folder: Path | None = None, wait: DatabaseWait | None = None
    ) -> None:
        self._store, self._folder = store, folder
        self.wait = wait or DatabaseWait(0)
        self._held: tuple[dict[str, Any], Any] | None = None

    def __getattr__(self, name: str) -> Any:
        """Return what the store has; reading waits for the database."""
        found = getattr(self._store, name)
        if name not in self._PATIENT:
            return found

        def read(*args: Any, **kwargs: Any) -> Any:
            return self.wait.call(lambda: found(*args, **kwargs), purpose="to read inputs")

        return read

    def update(self, docs: Any, key: Any = None, save: Any = None) -> None:
        """Take a job's document, which `commit` stores; anything else is stored at once."""
        from jobflow.core.schemas import JobStoreDocument

        if isinstance(docs, JobStoreDocument):
            self._held = docs.model_dump(), save
        else:
            self._store.update(docs, key=key, save=save)

    def commit(self, *, diverted: bool, before: dict[str, Any] | None) -> None:
        """Keep the output on disk, store it, and forget the file.

        Parameters
        ----------
        diverted
            Whether the job also asked for further jobs.
        before
            The job's document as it was before it ran.

        Raises
        ------
        DatabaseAwayError
            When the database stays away; the file stays.
        """
        if self._held is None:
            raise ExecutionError("the job ended without an output; run it again")
        document, save = self._held
        if diverted and says_the_same(before, document):
            # a diverting job runs more than once: keep its time, or its children look outdated
            document["completed_at"] = before["completed_at"]  # type: ignore[index]
        path = None
        if self._folder is not None:
            path = _keep(self._folder, document, save, diverted=diverted, say=self.wait.say)
        self.wait.call(
            lambda: _store(self._store, document, save, "diverted" if diverted else "finished"),
            purpose=f"to store the output of {document['name']}",
            kept="" if path is None else f"it is kept in {path}",
        )
        if path is not None:
            _forget(path)


def list_kept(folder: Path) -> list[Path]:
    """List the files of finished work in an outbox."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def deliver(path: Path, store: JobStore) -> bool:
    """Store kept work, unless the store has it; False if it was there. The file is removed.

    A job that asked for further jobs is left to run again, which is quick: those are not kept.

    Raises
    ------
    StoreError
        For a file that cannot be read.
    """
    import bson

    try:
        content = bson.decode(path.read_bytes())
        document, save = content["document"], _decode_save(content["save"])
        uuid, index, diverted = document["uuid"], document["index"], content["diverted"]
    except (OSError, bson.errors.InvalidBSON, KeyError, TypeError, ImportError) as err:
        raise StoreError(
            f"kept work {path} cannot be read ({type(err).__name__}); delete it, and run "
            "'perolyte repair' so that the job runs again"
        ) from err
    known = find_complete_output(store, uuid, index=index)
    is_new = not diverted and (known is None or mark_of(known) not in ("finished", "diverted"))
    if is_new:
        _store(store, document, save, "finished")
    _forget(path)
    return is_new


def _store(store: JobStore, document: dict[str, Any], save: Any, mark: str) -> None:
    """Write the document, its large parts, and last the mark that says that all is there."""
    metadata = document.get("metadata") or {}
    unfinished = document | {"metadata": metadata | {RUN_MARK: "started"}}
    store.update(unfinished, key=["uuid", "index"], save=save)
    key = {"uuid": document["uuid"], "index": document["index"]}
    stored = store.docs_store.query_one(key)
    if stored is None:
        raise StoreError(f"the store lost the output of {document['name']} at once; check its disk")
    stored["metadata"] = metadata | {RUN_MARK: mark}
    store.docs_store.update(stored, key=["uuid", "index"])


def _keep(
    folder: Path, document: dict[str, Any], save: Any, *, diverted: bool, say: Any
) -> Path | None:
    """Write the file; None where the disk does not take it, which must not end the job."""
    import bson

    path = folder / f"{document['uuid']}-{document['index']}{SUFFIX}"
    content = {"document": document, "save": _encode_save(save), "diverted": diverted}
    try:
        replace_file(path, bson.encode(content), alone=True)
    except OSError as err:
        say(f"the output of {document['name']} cannot be kept in {folder} ({err.strerror})")
        return None
    return path


def _forget(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
        path.parent.rmdir()  # when it is empty


def _encode_save(save: Any) -> Any:
    """Write classes, which jobflow takes as a name for their objects, by their import path."""
    if isinstance(save, dict):
        return {key: _encode_save(value) for key, value in save.items()}
    if isinstance(save, (list, tuple)):
        return [_encode_save(value) for value in save]
    if isinstance(save, type):
        return {"import": f"{save.__module__}:{save.__qualname__}"}
    return save


def _decode_save(save: Any) -> Any:
    if isinstance(save, dict) and set(save) == {"import"}:
        module, _, name = save["import"].partition(":")
        return getattr(importlib.import_module(module), name)
    if isinstance(save, dict):
        return {key: _decode_save(value) for key, value in save.items()}
    if isinstance(save, list):
        return [_decode_save(value) for value in save]
    return save
