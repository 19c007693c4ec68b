"""Unique indexes: which document has a key already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import bson
from mongomock_ng.filtering import filter_applies
from mongomock_ng.helpers import get_value_by_dot
from sentinels import NOTHING

__all__ = ["UniqueIndex"]


class UniqueIndex:
    """Keys of the documents of a collection under one unique index.

    Parameters
    ----------
    spec : dict
        The index as ``createIndexes`` gives it: ``name``, ``key``, ``sparse``,
        ``partialFilterExpression``.
    """

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self.name = str(spec["name"])
        self._fields = list(spec["key"])
        self._is_sparse = bool(spec.get("sparse"))
        self._only = spec.get("partialFilterExpression")
        self._owners: dict[tuple[Any, ...], dict[Any, None]] = {}

    def find_conflict(self, document: dict[str, Any], key: Any) -> dict[str, Any] | None:
        """Return the values that another document has already, or None."""
        for entry in self._entries(document):
            if any(owner != key for owner in self._owners.get(entry, ())):
                return {
                    field: None if value is NOTHING else value
                    for field, value in self._values(document)
                }
        return None

    def add(self, document: dict[str, Any], key: Any) -> None:
        """Take a document in, whether or not it is unique."""
        for entry in self._entries(document):
            self._owners.setdefault(entry, {})[key] = None

    def discard(self, document: dict[str, Any], key: Any) -> None:
        """Take a document out."""
        for entry in self._entries(document):
            owners = self._owners.get(entry, {})
            owners.pop(key, None)
            if not owners:
                self._owners.pop(entry, None)

    def _values(self, document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        return ((field, get_value_by_dot(document, field)) for field in self._fields)

    def _entries(self, document: dict[str, Any]) -> set[tuple[Any, ...]]:
        if self._only is not None and not filter_applies(self._only, document):
            return set()
        values = [value for _, value in self._values(document)]
        if self._is_sparse and all(value is NOTHING for value in values):
            return set()
        spread = [value if isinstance(value, list) and value else [value] for value in values]
        return {tuple(map(_freeze, combination)) for combination in product(*spread)}


def _freeze(value: Any) -> Any:
    """Return something that can be a key; 1 and 1.0 are equal, True is not."""
    if value is NOTHING or value is None:
        return None
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, (dict, list)):
        return "document", bson.encode({"": value})
    return value
