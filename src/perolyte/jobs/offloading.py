"""Keep the documents of waiting jobs small: large inputs go to the store, a reference stays.

FireWorks and jobflow-remote put a whole job, inputs included, into one document of their database,
and MongoDB takes none above 16 MB. A large input is therefore written to the large data of the
store, under a document of its own, and the job gets a reference to it: the same kind of reference
that it has to outputs of other jobs, which jobflow resolves before the job runs.
"""

from __future__ import annotations

import hashlib
import json
import uuid as uuid_module
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from jobflow import Flow, Job
from jobflow.core.reference import OutputReference, find_and_get_references
from monty.json import MontyEncoder

from perolyte.errors import StoreError
from perolyte.stores import find_complete_output
from perolyte.stores.completeness import find_additional_store
from perolyte.stores.provenance_search import INPUT_SCHEMA

if TYPE_CHECKING:
    from jobflow import JobStore

__all__ = ["offload_inputs"]

_NAMESPACE = uuid_module.UUID("3f8f5c1e-8a4f-5a0e-9b69-0c1b7a6de2d4")
_DATA_STORE = "data"
_BEFORE_ALL = "1970-01-01T00:00:00"
"""When inputs were completed: before any job, so that none looks older than its input."""

Work = TypeVar("Work", bound=Flow | Job)


def offload_inputs(work: Work, store: JobStore, *, limit_bytes: int = 1_000_000) -> Work:
    """Put large inputs of jobs into the store and references in their place.

    Call it last, on a flow that has its identities and is about to be handed to FireWorks: it does
    not change a uuid. The same input is stored once, however many jobs have it and however often
    they are submitted. The flow then has references to outside: give
    ``allow_external_references=True`` where jobflow asks.

    Parameters
    ----------
    work
        A flow or job; it is changed in place.
    store
        Connected, with an additional store ``data``.
    limit_bytes
        The arguments of a job may be as large together, as JSON; the largest are put away first.
        Arguments with references to other jobs inside stay, their other parts may go.

    Returns
    -------
    Flow or Job
        The same object.

    Raises
    ------
    StoreError
        When the store has no additional store ``data`` or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from jobflow import job
    >>> from perolyte.stores import open_store
    >>> @job
    ... def total(numbers):
    ...     return sum(numbers)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = open_store(folder)
    ...     task = offload_inputs(total(list(range(1000))), store, limit_bytes=500)
    ...     value = task.run(store).output
    ...     store.close()
    >>> value
    499500
    """
    if find_additional_store(store, _DATA_STORE) is None:
        raise StoreError(
            f"The store has no additional store {_DATA_STORE!r} for large inputs; open it with "
            "perolyte.stores.open_store"
        )
    for job in _list_jobs(work):
        n_args = len(job.function_args)
        given: dict[int | str, Any] = dict(enumerate(job.function_args))
        given.update(job.function_kwargs)
        slim = _slim(given, store, limit_bytes)
        job.function_args = tuple(slim[position] for position in range(n_args))
        job.function_kwargs = {name: slim[name] for name in job.function_kwargs}
    return work


def _list_jobs(work: Flow | Job) -> Iterator[Job]:
    if isinstance(work, Job):
        yield work
        return
    for child in work.jobs:
        yield from _list_jobs(child)


def _slim(value: Any, store: JobStore, limit_bytes: int) -> Any:
    """Return a list or dict with its largest parts replaced until it is below the limit."""
    parts = dict(enumerate(value)) if isinstance(value, list) else dict(value)
    sizes = {key: len(_encode(part)) for key, part in parts.items()}
    total = sum(sizes.values())
    for key in sorted(parts, key=lambda key: -sizes[key]):
        if total <= limit_bytes:
            break
        smaller = _put_away(parts[key], store, limit_bytes - (total - sizes[key]))
        total += len(_encode(smaller)) - sizes[key]
        parts[key] = smaller
    return list(parts.values()) if isinstance(value, list) else parts


def _put_away(part: Any, store: JobStore, room_bytes: int) -> Any:
    """Return a reference to a part, or the part with references inside where it must stay."""
    if isinstance(part, OutputReference):
        return part
    if not find_and_get_references(part):
        reference = _store_input(part, store)
        return reference if len(_encode(reference)) < len(_encode(part)) else part
    if type(part) in (list, dict):
        return _slim(part, store, room_bytes)
    return part


def _store_input(part: Any, store: JobStore) -> OutputReference:
    """Write an input once, under a uuid that follows from its content."""
    text = _encode(part)
    sha256 = hashlib.sha256(text).hexdigest()
    uuid = str(uuid_module.uuid5(_NAMESPACE, sha256))
    if find_complete_output(store, uuid) is None:
        document = {
            "uuid": uuid,
            "index": 1,
            "name": "input",
            "output": json.loads(text),
            "completed_at": _BEFORE_ALL,
            "metadata": {"schema_name": INPUT_SCHEMA, "sha256": sha256, "n_bytes": len(text)},
            "hosts": [],
        }
        store.update(document, key=["uuid", "index"], save={_DATA_STORE: "output"})
    return OutputReference(uuid)


def _encode(part: Any) -> bytes:
    return json.dumps(part, cls=MontyEncoder, separators=(",", ":")).encode()
