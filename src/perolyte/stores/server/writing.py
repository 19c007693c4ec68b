"""Commands that write documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bson import ObjectId

from perolyte.stores.server.catalog import Catalog, ServedCollection
from perolyte.stores.server.errors import CommandError
from perolyte.stores.server.reading import project, read_sort
from perolyte.stores.server.updates import (
    ENGINE_ERRORS,
    Update,
    apply_update,
    is_changed,
    make_upsert,
    translate_error,
)

__all__ = ["delete", "find_and_modify", "insert", "update"]

Command = dict[str, Any]


def insert(catalog: Catalog, command: Command) -> Command:
    """``insert``."""
    collection = catalog.make(command["$db"], command["insert"])

    def insert_one(document: dict[str, Any]) -> None:
        if "_id" not in document:
            document = {"_id": ObjectId(), **document}
        collection.insert(document)

    done, errors = _run_each(command, "documents", insert_one)
    return _with_errors({"n": len(done), "ok": 1.0}, errors)


def update(catalog: Catalog, command: Command) -> Command:
    """``update``."""
    collection = catalog.make(command["$db"], command["update"])
    done, errors = _run_each(command, "updates", lambda item: _update(collection, item))
    reply: Command = {
        "n": sum(result.n_matched for result in done.values()),
        "nModified": sum(result.n_modified for result in done.values()),
        "ok": 1.0,
    }
    upserted = [
        {"index": index, "_id": result.upserted_id}
        for index, result in done.items()
        if result.is_upsert
    ]
    if upserted:
        reply["upserted"] = upserted
    return _with_errors(reply, errors)


def delete(catalog: Catalog, command: Command) -> Command:
    """``delete``."""
    collection = catalog.find(command["$db"], command["delete"])

    def delete_one(item: dict[str, Any]) -> int:
        if collection is None:
            return 0
        found = collection.find(_query(item, "q"), limit=1 if item.get("limit") else 0)
        ids = [document["_id"] for document in found]
        for document_id in ids:
            collection.remove(document_id)
        return len(ids)

    done, errors = _run_each(command, "deletes", delete_one)
    return _with_errors({"n": sum(done.values()), "ok": 1.0}, errors)


def find_and_modify(catalog: Catalog, command: Command) -> Command:
    """``findAndModify``."""
    collection = catalog.make(command["$db"], command["findAndModify"])
    criteria = _query(command, "query")
    found = collection.find(criteria, sort=read_sort(command.get("sort")), limit=1)
    old = next(found, None)
    if command.get("remove"):
        if old is not None:
            collection.remove(old["_id"])
        return _modified(command, old, {"n": 0 if old is None else 1})
    change = _change(command, "update")
    filters = command.get("arrayFilters")
    if old is not None:
        new = apply_update(old, criteria, change, filters)
        outcome: Command = {"n": 1, "updatedExisting": True}
        if is_changed(old, new):
            collection.put(new)
    elif command.get("upsert"):
        new = make_upsert(criteria, change, filters)
        outcome = {"n": 1, "updatedExisting": False, "upserted": new["_id"]}
        collection.insert(new)
    else:
        return _modified(command, None, {"n": 0, "updatedExisting": False})
    return _modified(command, new if command.get("new") else old, outcome)


class _Updated:
    """What one update statement did."""

    def __init__(self) -> None:
        self.n_matched = 0
        self.n_modified = 0
        self.is_upsert = False
        self.upserted_id: Any = None


def _update(collection: ServedCollection, item: dict[str, Any]) -> _Updated:
    criteria, change = _query(item, "q"), _change(item, "u")
    filters = item.get("arrayFilters")
    result = _Updated()
    for old in collection.find(criteria, limit=0 if item.get("multi") else 1):
        new = apply_update(old, criteria, change, filters)
        result.n_matched += 1
        if is_changed(old, new):
            collection.put(new)
            result.n_modified += 1
    if not result.n_matched and item.get("upsert"):
        new = make_upsert(criteria, change, filters)
        collection.insert(new)
        result.n_matched, result.is_upsert, result.upserted_id = 1, True, new["_id"]
    return result


def _run_each(
    command: Command, field: str, run_one: Callable[[dict[str, Any]], Any]
) -> tuple[dict[int, Any], list[Command]]:
    """Run the statements of a command; return results by index, and errors."""
    statements = command.get(field)
    if not isinstance(statements, list) or not all(isinstance(item, dict) for item in statements):
        raise CommandError(9, f"{field!r} must be a list of documents")
    done: dict[int, Any] = {}
    errors: list[Command] = []
    for index, statement in enumerate(statements):
        try:
            _refuse_collation(statement)
            done[index] = run_one(statement)
        except CommandError as error:
            errors.append(error.as_write_error(index))
        except ENGINE_ERRORS as error:
            errors.append(translate_error(error).as_write_error(index))
        if errors and command.get("ordered", True):
            break
    return done, errors


def _with_errors(reply: Command, errors: list[Command]) -> Command:
    return {**reply, "writeErrors": errors} if errors else reply


def _refuse_collation(statement: dict[str, Any]) -> None:
    if statement.get("collation"):
        raise CommandError(115, "collations are not supported by the local server")


def _change(command: Mapping[str, Any], field: str) -> Update:
    change = command.get(field)
    if not isinstance(change, (dict, list)):
        raise CommandError(9, f"{field!r} must be a document or a pipeline")
    return change


def _query(command: Mapping[str, Any], field: str) -> dict[str, Any]:
    criteria = command.get(field)
    if criteria is None:
        return {}
    if not isinstance(criteria, dict):
        raise CommandError(9, f"{field!r} must be a document")
    return criteria


def _modified(command: Command, value: dict[str, Any] | None, outcome: Command) -> Command:
    fields = command.get("fields")
    if value is not None and fields:
        value = next(project(iter([value]), fields, _query(command, "query")), None)
    return {"value": value, "lastErrorObject": outcome, "ok": 1.0}
