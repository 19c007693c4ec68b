"""What an update makes of a document.

mongomock-ng carries out update operators, on a copy in a collection of its own: documents in memory
are replaced and never changed, so that cursors and undone writes keep what they have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import bson
import mongomock_ng
from bson import Int64, ObjectId
from bson.errors import BSONError

from perolyte.stores.mirror import store_key
from perolyte.stores.server.encoding import encode_document
from perolyte.stores.server.errors import CommandError

__all__ = [
    "ENGINE_ERRORS",
    "Update",
    "apply_update",
    "is_changed",
    "make_upsert",
    "translate_error",
]

# what mongomock-ng raises on a query or an update that it does not understand
ENGINE_ERRORS = (
    mongomock_ng.OperationFailure,
    mongomock_ng.WriteError,
    ArithmeticError,
    AttributeError,
    BSONError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
    re.error,
)

_NUMBERS = (int, Int64, float)

Update = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def translate_error(error: Exception) -> CommandError:
    """Return the answer for an error of mongomock-ng."""
    if isinstance(error, CommandError):
        return error
    text = " ".join(str(error).split())[:500] or type(error).__name__
    if isinstance(error, NotImplementedError):
        return CommandError(115, f"not supported by the local server: {text}")
    code = getattr(error, "code", None)
    return CommandError(code if isinstance(code, int) else 2, text)


def apply_update(
    document: dict[str, Any],
    criteria: Mapping[str, Any],
    update: Update,
    array_filters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the document after an update; the one given stays as it is.

    Parameters
    ----------
    document : dict
        A document that `criteria` matches.
    criteria : mapping
        The query, for positional operators.
    update : mapping or list
        A replacement, update operators or a pipeline.
    array_filters : list of dict, optional
        Conditions on elements of lists.

    Raises
    ------
    CommandError
        When the update is malformed or would change ``_id``.
    """
    if _is_replacement(update):
        changed = _replace(document["_id"], update)
    else:
        simple = None if array_filters else _apply_simple(document, update)
        changed = simple or _apply(document, criteria, update, array_filters)
    if changed.get("_id") != document["_id"]:
        raise CommandError(
            66, f"the (immutable) field '_id' cannot become {changed.get('_id')!r}"[:300]
        )
    return changed


def is_changed(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether a document differs from what it was; 1, 1.0 and True differ, and so does order.

    Raises
    ------
    CommandError
        When BSON has no place for a new value.
    """
    return encode_document(new) != encode_document(old)


def make_upsert(
    criteria: Mapping[str, Any],
    update: Update,
    array_filters: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the document that an update inserts when nothing matches.

    Raises
    ------
    CommandError
        When the update is malformed.
    """
    wanted = criteria.get("_id")
    if isinstance(wanted, Mapping) and any(str(name).startswith("$") for name in wanted):
        wanted = wanted.get("$eq")
        criteria = {name: value for name, value in criteria.items() if name != "_id"}
        if wanted is not None:
            criteria["_id"] = wanted
    if _is_replacement(update):
        given = update.get("_id", wanted)  # type: ignore[union-attr]
        return _replace(ObjectId() if given is None else given, update)
    collection = _scratch()
    try:
        collection._update(dict(criteria), update, upsert=True, array_filters=array_filters)
    except ENGINE_ERRORS as error:
        raise translate_error(error) from error
    (made,) = collection._store._documents.values()
    return {"_id": made["_id"], **made}


def _is_replacement(update: Update) -> bool:
    if not isinstance(update, Mapping):
        return False
    operators = [str(name).startswith("$") for name in update]
    if any(operators) and not all(operators):
        raise CommandError(9, "an update holds either operators ($set, ...) or plain fields")
    return not any(operators)


def _replace(document_id: Any, update: Update) -> dict[str, Any]:
    changed = {"_id": document_id}
    changed.update(update)  # type: ignore[arg-type]
    return changed


def _apply_simple(document: dict[str, Any], update: Update) -> dict[str, Any] | None:
    """Carry out $set, $unset and $inc of top-level fields; None for anything else."""
    if not isinstance(update, Mapping) or not update.keys() <= {"$set", "$unset", "$inc"}:
        return None
    for fields in update.values():
        if not isinstance(fields, Mapping) or any("." in name or "$" in name for name in fields):
            return None
    changed = dict(document)
    for operator, fields in update.items():
        for name, value in fields.items():
            if operator == "$set":
                changed[name] = value
            elif operator == "$unset":
                changed.pop(name, None)
            else:
                before = changed.get(name, 0)
                if type(before) not in _NUMBERS or type(value) not in _NUMBERS:
                    return None
                changed[name] = before + value
    return changed


def _apply(
    document: dict[str, Any],
    criteria: Mapping[str, Any],
    update: Update,
    array_filters: list[dict[str, Any]] | None,
) -> dict[str, Any]:
    collection = _scratch()
    documents = collection._store._documents
    key = store_key(document["_id"])
    documents[key] = bson.decode(bson.encode(document))
    try:
        collection._update(dict(criteria), update, array_filters=array_filters)
    except ENGINE_ERRORS as error:
        raise translate_error(error) from error
    changed: dict[str, Any] = documents[key]
    return changed


def _scratch() -> Any:
    _SCRATCH._store.drop()
    return _SCRATCH


_SCRATCH: Any = mongomock_ng.MongoClient()["scratch"]["scratch"]
