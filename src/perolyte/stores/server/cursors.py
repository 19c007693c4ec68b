"""Answers that come in several batches."""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Iterator
from typing import Any

import bson
from bson.raw_bson import RawBSONDocument

from perolyte.stores.server.errors import CommandError
from perolyte.stores.server.frames import MAX_DOCUMENT_BYTES

__all__ = ["FIRST_BATCH", "Cursors"]

FIRST_BATCH = 101
"""Documents in a first batch of which the client has not said the size."""

_IDLE_S = 600.0
_MAX_CURSORS = 2000


class Cursors:
    """The cursors that clients have open.

    A cursor that nobody asks for during ten minutes is closed.
    """

    def __init__(self) -> None:
        self._open: dict[int, tuple[str, Iterator[dict[str, Any]], float]] = {}

    def start(
        self,
        namespace: str,
        documents: Iterator[dict[str, Any]],
        batch_size: int | None,
        *,
        single_batch: bool = False,
    ) -> dict[str, Any]:
        """Return the answer with the first batch."""
        size = FIRST_BATCH if batch_size is None else batch_size
        batch, rest = _take(documents, size)
        cursor_id = 0
        if rest is not None and not single_batch:
            self._close_idle()
            cursor_id = secrets.randbits(62) + 1
            self._open[cursor_id] = (namespace, rest, time.monotonic())
        return {
            "cursor": {"firstBatch": batch, "id": bson.Int64(cursor_id), "ns": namespace},
            "ok": 1.0,
        }

    def go_on(self, cursor_id: int, batch_size: int) -> dict[str, Any]:
        """Return the answer with the next batch.

        Raises
        ------
        CommandError
            With code 43, when there is no such cursor.
        """
        found = self._open.pop(cursor_id, None)
        if found is None:
            raise CommandError(43, f"cursor id {cursor_id} not found")
        namespace, documents, _ = found
        batch, rest = _take(documents, batch_size or None)
        if rest is None:
            cursor_id = 0
        else:
            self._open[cursor_id] = (namespace, rest, time.monotonic())
        return {
            "cursor": {"nextBatch": batch, "id": bson.Int64(cursor_id), "ns": namespace},
            "ok": 1.0,
        }

    def close(self, cursor_ids: list[int]) -> tuple[list[int], list[int]]:
        """Close cursors; return those that were open and those that were not."""
        closed = [key for key in cursor_ids if self._open.pop(key, None) is not None]
        return closed, [key for key in cursor_ids if key not in closed]

    def _close_idle(self) -> None:
        now = time.monotonic()
        idle = [key for key, (_, _, used) in self._open.items() if now - used > _IDLE_S]
        surplus = list(self._open)[: max(0, len(self._open) - _MAX_CURSORS + 1)]
        for key in {*idle, *surplus}:
            del self._open[key]


def _take(
    documents: Iterator[dict[str, Any]], size: int | None
) -> tuple[list[RawBSONDocument], Iterator[dict[str, Any]] | None]:
    """Take a batch of at most 16 MiB; return the rest too, or None when there is no more."""
    batch: list[RawBSONDocument] = []
    n_bytes = 0
    for document in documents:
        if size is not None and len(batch) >= size:
            return batch, itertools.chain([document], documents)
        encoded = bson.encode(document)
        n_bytes += len(encoded)
        if batch and n_bytes > MAX_DOCUMENT_BYTES:
            return batch, itertools.chain([document], documents)
        batch.append(RawBSONDocument(encoded))
    return batch, None
