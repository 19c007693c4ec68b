"""Which stored documents stand for a job, so that it need not run again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from perolyte.stores import find_complete_output

if TYPE_CHECKING:
    from jobflow import JobStore

__all__ = ["RUN_MARK", "find_reusable", "mark_of", "says_the_same"]

RUN_MARK = "perolyte_run"
"""Key in a job document's metadata: 'started' until everything the job wrote is on disk, then
'finished', or 'diverted' when the job also asked for further jobs. A document that still says
'started' belongs to a job that was killed, and is not trusted."""


def mark_of(document: dict[str, Any]) -> str | None:
    """Return the mark of a job document; None where another program wrote it."""
    mark: str | None = document.get("metadata", {}).get(RUN_MARK)
    return mark


def says_the_same(before: dict[str, Any] | None, now: dict[str, Any]) -> bool:
    """Tell whether a job that diverted before diverts to the same again."""
    if before is None or mark_of(before) != "diverted":
        return False
    return bool(before["output"] == now["output"])


def find_reusable(
    store: JobStore, uuid: str, index: int, parents: Iterable[str]
) -> dict[str, Any] | None:
    """Return the document that makes running a job needless, or None.

    A job that diverted is run again: it is quick, and its further jobs come out with the same
    identities, so that they are found in their turn. A job that tolerates missing inputs answers
    without the output of a failed job; once a later run has that output, the answer is out of date,
    and so is everything made from it.

    Parameters
    ----------
    store
        Connected store.
    uuid, index
        The job.
    parents
        Uuids of the jobs whose outputs it takes.
    """
    document = find_complete_output(store, uuid, index=index)
    if document is None:
        return None
    mark = mark_of(document)
    if mark in ("started", "diverted") or (mark is None and document.get("output") is None):
        return None
    for parent in parents:
        newest = store.docs_store.query_one(
            {"uuid": parent},
            properties=["completed_at", "metadata"],
            sort={"index": -1},
        )
        if newest is None or mark_of(newest) == "started":
            continue
        if newest["completed_at"] > document["completed_at"]:
            return None
    return document
