"""Group documents by the values of some of their fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydash import get, has, set_

from perolyte.stores.rows import encode_bson

__all__ = ["group_documents"]


def group_documents(
    documents: Iterable[dict[str, Any]], fields: Sequence[str]
) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Return pairs of common values and the documents that have them, in order of appearance.

    Parameters
    ----------
    documents : iterable of dict
        Documents; one without all of the fields is in no group.
    fields : sequence of str
        Fields or dotted paths. Values may be of any type, None and lists included.

    Examples
    --------
    >>> group_documents([{"a": {"b": 1}}, {"a": {"b": 1}}, {"c": 2}], ["a.b"])
    [({'a': {'b': 1}}, [{'a': {'b': 1}}, {'a': {'b': 1}}])]
    """
    groups: dict[bytes, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
    for document in documents:
        if not all(has(document, field) for field in fields):
            continue
        common: dict[str, Any] = {}
        for field in fields:
            set_(common, field, get(document, field))
        # the encoding is hashable and keeps 1, 1.0 and True apart
        _, members = groups.setdefault(encode_bson(common), (common, []))
        members.append(document)
    return list(groups.values())
