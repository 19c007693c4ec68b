"""Which documents can have a value in a field, without looking at all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bson import Int64, ObjectId
from mongomock_ng.filtering import iter_key_candidates
from sentinels import NOTHING

__all__ = ["FieldIndex", "LongLists", "find_candidates", "search_keys"]

_LONG = 100
"""Values in a list."""

# values that Python finds in a dictionary exactly when mongomock-ng calls them equal
_KEY_TYPES = frozenset(
    {str, int, float, bool, Int64, ObjectId, bytes, datetime, type(None)},
)
# a time in a query may carry a zone and microseconds, which mongomock-ng removes before comparing
_SEARCH_TYPES = _KEY_TYPES - {datetime}


class FieldIndex:
    """Ids of documents by the values of one field, every element of a list counting as a value.

    A search by this index returns all documents that can match and perhaps a few more; the query
    itself decides among them. A document with a value that cannot be a key (a dictionary, NaN) is
    returned by every search.

    Parameters
    ----------
    field : str
        Name of the field or dotted path, as in a query.

    Examples
    --------
    >>> index = FieldIndex("nodes")
    >>> index.add({"nodes": [3, 4]}, "a")
    >>> index.add({"nodes": [5]}, "b")
    >>> list(index.candidates(4))
    ['a']
    """

    def __init__(self, field: str) -> None:
        self.field = field
        self._is_plain = "." not in field
        self._ids: dict[Any, dict[Any, None]] = {}
        self._irregular: dict[Any, None] = {}

    def keys_of(self, document: Mapping[str, Any]) -> tuple[set[Any], bool]:
        """Return the values of the field as keys, and whether it has values that are no keys."""
        keys: set[Any] = set()
        irregular = False
        for value in self._values(document):
            if type(value) in _KEY_TYPES and value == value:
                keys.add(value)
            elif value is NOTHING:
                keys.add(None)
            else:
                irregular = True
        return keys, irregular

    def add(self, document: Mapping[str, Any], document_id: Any) -> None:
        """Take a document in."""
        self._insert(*self.keys_of(document), document_id)

    def discard(self, document: Mapping[str, Any], document_id: Any) -> None:
        """Take a document out that is in."""
        self._remove(*self.keys_of(document), document_id)

    def replace(self, old: Mapping[str, Any], new: Mapping[str, Any], document_id: Any) -> None:
        """Take out one content of a document and take in another."""
        if self._is_plain and old.get(self.field, NOTHING) is new.get(self.field, NOTHING):
            return
        before, after = self.keys_of(old), self.keys_of(new)
        if before != after:
            self._remove(*before, document_id)
            self._insert(*after, document_id)

    def count(self, wanted: Any) -> int | None:
        """Return how many ids `candidates` would give at most; None when it cannot tell."""
        keys = search_keys(wanted)
        if keys is None:
            return None
        return len(self._irregular) + sum(len(self._ids.get(key, ())) for key in keys)

    def candidates(self, wanted: Any) -> dict[Any, None] | None:
        """Return the ids that can match a condition on the field; None when it cannot tell."""
        keys = search_keys(wanted)
        if keys is None:
            return None
        if len(keys) == 1 and not self._irregular:
            return self._ids.get(keys[0], {})
        found = dict(self._irregular)
        for key in keys:
            found.update(self._ids.get(key, {}))
        return found

    def _values(self, document: Mapping[str, Any]) -> Iterator[Any]:
        found: Any
        found = (
            (document.get(self.field, NOTHING),)
            if self._is_plain
            else iter_key_candidates(self.field, document)
        )
        if not found:
            yield None
        for value in found:
            if isinstance(value, (list, tuple)):
                yield from value
            else:
                yield value

    def _insert(self, keys: set[Any], irregular: bool, document_id: Any) -> None:
        for key in keys:
            self._ids.setdefault(key, {})[document_id] = None
        if irregular:
            self._irregular[document_id] = None

    def _remove(self, keys: set[Any], irregular: bool, document_id: Any) -> None:
        for key in keys:
            ids = self._ids[key]
            del ids[document_id]
            if not ids:
                del self._ids[key]
        if irregular:
            del self._irregular[document_id]


def find_candidates(
    criteria: Mapping[str, Any], indices: Mapping[str, FieldIndex]
) -> dict[Any, None] | None:
    """Return the ids of the documents that can match, by the index that leaves fewest.

    Parameters
    ----------
    criteria : mapping
        A query; the branches of its ``$and`` and ``$or`` are used too.
    indices : mapping
        The indices by field.

    Returns
    -------
    dict or None
        The ids as keys; None when any document can match as far as the indices know.
    """
    fewest: dict[Any, None] | None = None
    best: tuple[int, FieldIndex, Any] | None = None
    for field, wanted in criteria.items():
        index = indices.get(field)
        count = None if index is None else index.count(wanted)
        if index is not None and count is not None and (best is None or count < best[0]):
            best = (count, index, wanted)
    if best is not None:
        fewest = best[1].candidates(best[2])
    for found in _branches(criteria, indices):
        if fewest is None or len(found) < len(fewest):
            fewest = found
    return fewest


def _branches(
    criteria: Mapping[str, Any], indices: Mapping[str, FieldIndex]
) -> Iterator[dict[Any, None]]:
    for part in _mappings(criteria.get("$and")):
        found = find_candidates(part, indices)
        if found is not None:
            yield found
    alternatives = _mappings(criteria.get("$or"))
    if alternatives:
        union: dict[Any, None] = {}
        for part in alternatives:
            found = find_candidates(part, indices)
            if found is None:
                return
            union.update(found)
        yield union


def _mappings(parts: Any) -> list[Mapping[str, Any]]:
    if not isinstance(parts, list) or not all(isinstance(part, Mapping) for part in parts):
        return []  # an error, which the query itself will report
    return parts


class LongLists:
    """Shortens the long ``$in`` lists of a query for each document that it is tried on.

    mongomock-ng compares a document with every value of such a list. Here it gets those only that
    the document has, so that ten thousand documents are not compared with ten thousand values each.

    Parameters
    ----------
    criteria : mapping
        A query.

    Examples
    --------
    >>> lists = LongLists({"uuid": {"$in": [str(number) for number in range(1000)]}})
    >>> lists.shorten({"uuid": "7"})
    {'uuid': {'$in': ['7']}}
    """

    def __init__(self, criteria: Mapping[str, Any]) -> None:
        self._criteria = criteria
        self._long: list[tuple[str, FieldIndex, frozenset[Any]]] = []
        for field, wanted in criteria.items():
            values = wanted.get("$in") if isinstance(wanted, Mapping) else None
            if isinstance(values, (list, tuple)) and len(values) > _LONG:
                keys = search_keys({"$in": values})
                if keys is not None and not field.startswith("$"):
                    self._long.append((field, FieldIndex(field), frozenset(keys)))

    def shorten(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a query that a document meets exactly when it meets the whole one."""
        if not self._long:
            return self._criteria
        short = dict(self._criteria)
        for field, index, wanted in self._long:
            keys, irregular = index.keys_of(document)
            if not irregular:
                own = [key for key in keys if key in wanted]
                short[field] = {**self._criteria[field], "$in": own}
        return short


def search_keys(wanted: Any) -> list[Any] | None:
    """Return the keys under which a document that meets the condition must be, or None."""
    values: list[Any]
    if not isinstance(wanted, Mapping):
        values = [wanted]
    elif "$eq" in wanted:
        values = [wanted["$eq"]]
    elif isinstance(wanted.get("$in"), (list, tuple)):
        values = list(wanted["$in"])
    elif wanted.get("$exists", True) is False:
        values = [None]
    else:
        return None
    keys: dict[Any, None] = {}
    for value in values:
        if type(value) not in _SEARCH_TYPES or value != value:
            return None
        keys[value] = None
        if type(value) is ObjectId:
            keys[str(value)] = None  # mongomock-ng finds it in lists of texts too
    return list(keys)
