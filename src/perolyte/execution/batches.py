"""Queries for many values: in batches, since a list that is too long makes a database slow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["BATCH", "find_in", "split"]

BATCH = 100


def split(values: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    """Yield lists of at most `size` values.

    Examples
    --------
    >>> list(split(range(5), 2))
    [[0, 1], [2, 3], [4]]
    """
    listed = list(values)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def find_in(
    collection: Any,
    key: str,
    values: Iterable[Any],
    projection: dict[str, int],
    criteria: dict[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield the documents of which a key has one of many values.

    Parameters
    ----------
    collection
        Of pymongo.
    key, values
        What to look for.
    projection
        What to return.
    criteria
        What else must be so.
    """
    for batch in split(values):
        yield from collection.find({**(criteria or {}), key: {"$in": batch}}, projection or None)
