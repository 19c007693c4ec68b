"""Documents of one kind in the order of one sort, so that the first is found without a search.

A launcher asks for the ready firework of the highest priority: among ten thousand ready ones a
search and a sort would take a tenth of a second each time.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bson import Int64, ObjectId
from mongomock_ng.filtering import resolve_key, resolve_sort_key
from sentinels import NOTHING

from perolyte.stores.field_index import FieldIndex, search_keys

__all__ = ["OrderedIndex", "Sort", "choose_group", "sort_documents"]

Sort = tuple[tuple[str, int], ...]

# order of the types in BSON; values of other types are left to mongomock-ng
_RANKS: dict[type, int] = {
    int: 10,
    Int64: 10,
    float: 10,
    str: 15,
    ObjectId: 35,
    bool: 40,
    datetime: 45,
}
_NOTHING_RANK = 5


class OrderedIndex:
    """Documents by their values of some fields, each group in the order of a sort.

    Parameters
    ----------
    fields : sequence of str
        Fields whose values a query names.
    sort : tuple
        Fields and directions of the sort; the order of insertion decides between equals.
    """

    def __init__(self, fields: Sequence[str], sort: Sort) -> None:
        self._fields = [FieldIndex(field) for field in fields]
        self._sort = sort
        self._groups: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
        self._entries: dict[Any, tuple[tuple[Any, ...], tuple[Any, ...]]] = {}
        self._unordered: set[Any] = set()

    def fill(self, documents: Mapping[Any, dict[str, Any]], places: Mapping[Any, int]) -> None:
        """Take in all documents at once."""
        for key, document in documents.items():
            filed = self._file(document, key, places[key])
            if filed is not None:
                self._groups.setdefault(filed[0], []).append(filed[1])
        for group in self._groups.values():
            group.sort()

    def add(self, document: dict[str, Any], key: Any, place: int) -> None:
        """Take in a document."""
        filed = self._file(document, key, place)
        if filed is not None:
            insort(self._groups.setdefault(filed[0], []), filed[1])

    def discard(self, key: Any) -> None:
        """Take out a document."""
        self._unordered.discard(key)
        filed = self._entries.pop(key, None)
        if filed is not None:
            group = self._groups[filed[0]]
            del group[bisect_left(group, filed[1])]
            if not group:
                del self._groups[filed[0]]

    def walk(self, values: tuple[Any, ...]) -> Iterator[Any] | None:
        """Return the keys of the documents with these values, in order.

        Returns
        -------
        iterator or None
            None when some document cannot be put in order here.
        """
        if self._unordered:
            return None
        return (entry[-1] for entry in self._groups.get(values, ()))

    def _file(
        self, document: dict[str, Any], key: Any, place: int
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
        values = []
        for field in self._fields:
            keys, irregular = field.keys_of(document)
            if irregular or len(keys) != 1:
                self._unordered.add(key)
                return None
            values.append(keys.pop())
        order: list[Any] = []
        for name, direction in self._sort:
            rank = _rank(document, name)
            if rank is None:
                self._unordered.add(key)
                return None
            order.append(rank if direction > 0 else _Reversed(rank))
        filed = tuple(values), (*order, place, key)
        self._entries[key] = filed
        return filed


def choose_group(criteria: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """Return the fields of which a query names one value each, and the values."""
    named = {}
    for field, wanted in criteria.items():
        keys = None if field.startswith("$") else search_keys(wanted)
        if keys is not None and len(keys) == 1:
            named[field] = keys[0]
    fields = tuple(sorted(named))
    return fields, tuple(named[field] for field in fields)


def sort_documents(documents: list[dict[str, Any]], sort: Sort) -> list[dict[str, Any]]:
    """Sort as mongomock-ng does, faster where only plain values are to be compared."""
    for name, direction in reversed(sort):
        if name == "$natural":
            if direction < 0:
                documents = documents[::-1]
            continue
        ranks: list[Any] = [_rank(document, name) for document in documents]
        if None in ranks:
            ranks = [resolve_sort_key(name, document) for document in documents]
        order = sorted(range(len(documents)), key=ranks.__getitem__, reverse=direction < 0)
        documents = [documents[i] for i in order]
    return documents


class _Reversed:
    """Compares the other way round."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and self.value == other.value

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.value < self.value)

    def __hash__(self) -> int:
        return hash(self.value)


def _rank(document: dict[str, Any], name: str) -> tuple[Any, ...] | None:
    """Return what to compare documents by (`mongomock_ng.filtering.resolve_sort_key`)."""
    value = document.get(name, NOTHING) if "." not in name else resolve_key(name, document)
    if isinstance(value, (list, tuple)):
        if not value:
            return 0, _NOTHING_RANK, 0
        value = value[0]
    if value is NOTHING or value is None:
        return 1, _NOTHING_RANK, 0
    rank = _RANKS.get(type(value))
    if rank is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return 1, rank, value
