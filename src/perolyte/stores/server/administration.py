"""Commands about databases, collections and indexes."""

from __future__ import annotations

import re
from typing import Any

from perolyte.stores.server.catalog import Catalog, ServedCollection
from perolyte.stores.server.cursors import Cursors
from perolyte.stores.server.errors import CommandError

__all__ = [
    "collection_statistics",
    "create",
    "create_indexes",
    "database_statistics",
    "drop",
    "drop_database",
    "drop_indexes",
    "list_collections",
    "list_databases",
    "list_indexes",
]

Command = dict[str, Any]

_ID_INDEX = {"v": 2, "key": {"_id": 1}, "name": "_id_"}
_SPEC_FIELDS = ("key", "name", "unique", "sparse", "partialFilterExpression")


def create(catalog: Catalog, command: Command) -> Command:
    """``create``."""
    database, name = command["$db"], command["create"]
    found = catalog.find(database, name)
    if found is not None and found.exists:
        raise CommandError(48, f"a collection '{database}.{name}' already exists")
    unsupported = {"capped", "timeseries", "validator", "viewOn"} & command.keys()
    if unsupported:
        raise CommandError(115, f"{unsupported.pop()!r} is not supported by the local server")
    catalog.make(database, name).is_made = True
    return {"ok": 1.0}


def drop(catalog: Catalog, command: Command) -> Command:
    """``drop``."""
    database, name = command["$db"], command["drop"]
    n_indexes = len(_existing(catalog, database, name).specs) + 1
    catalog.drop(database, name)
    return {"nIndexesWas": n_indexes, "ns": f"{database}.{name}", "ok": 1.0}


def drop_database(catalog: Catalog, command: Command) -> Command:
    """``dropDatabase``."""
    database = command["$db"]
    for name in catalog.names(database):
        catalog.drop(database, name)
    return {"dropped": database, "ok": 1.0}


def create_indexes(catalog: Catalog, command: Command) -> Command:
    """``createIndexes``."""
    database, name = command["$db"], command["createIndexes"]
    is_new = catalog.find(database, name) is None
    collection = catalog.make(database, name)
    n_before = len(collection.specs) + 1
    for given in command.get("indexes") or []:
        spec = _read_spec(given)
        present = collection.specs.get(spec["name"])
        if present == spec or spec["name"] == "_id_":
            continue
        if present is not None:
            raise CommandError(86, f"an index {spec['name']!r} with other options exists already")
        catalog.add_index(database, name, spec)
    return {
        "numIndexesBefore": n_before,
        "numIndexesAfter": len(collection.specs) + 1,
        "createdCollectionAutomatically": is_new,
        "ok": 1.0,
    }


def drop_indexes(catalog: Catalog, command: Command) -> Command:
    """``dropIndexes``."""
    database, name = command["$db"], command["dropIndexes"]
    collection = _existing(catalog, database, name)
    n_before = len(collection.specs) + 1
    wanted = command.get("index")
    if wanted == "*":
        chosen = list(collection.specs)
    elif isinstance(wanted, dict):
        chosen = [key for key, spec in collection.specs.items() if spec["key"] == wanted]
    else:
        chosen = [wanted] if isinstance(wanted, str) else list(wanted or [])
    for index_name in chosen:
        if index_name not in collection.specs:
            raise CommandError(27, f"index not found with name [{index_name}]")
    if not chosen and wanted != "*":
        raise CommandError(27, f"can't find index with key: {wanted}")
    for index_name in chosen:
        catalog.remove_index(database, name, index_name)
    return {"nIndexesWas": n_before, "ok": 1.0}


def list_indexes(catalog: Catalog, cursors: Cursors, command: Command) -> Command:
    """``listIndexes``."""
    database, name = command["$db"], command["listIndexes"]
    collection = _existing(catalog, database, name)
    specs = [_ID_INDEX, *({"v": 2, **spec} for spec in collection.specs.values())]
    return cursors.start(f"{database}.{name}", iter(specs), len(specs))


def list_collections(catalog: Catalog, cursors: Cursors, command: Command) -> Command:
    """``listCollections``."""
    database = command["$db"]
    accepts = _name_filter(command.get("filter"))
    found = []
    for name in filter(accepts, catalog.names(database)):
        entry: Command = {"name": name, "type": "collection"}
        if not command.get("nameOnly"):
            entry |= {"options": {}, "info": {"readOnly": False}, "idIndex": _ID_INDEX}
        found.append(entry)
    return cursors.start(f"{database}.$cmd.listCollections", iter(found), len(found))


def list_databases(catalog: Catalog, cursors: Cursors, command: Command) -> Command:
    """``listDatabases``."""
    del cursors
    accepts = _name_filter(command.get("filter"))
    names = [name for name in catalog.databases() if accepts(name)]
    if command.get("nameOnly"):
        return {"databases": [{"name": name} for name in names], "ok": 1.0}
    sizes = [{"name": name, "sizeOnDisk": 1, "empty": False} for name in names]
    return {"databases": sizes, "totalSize": len(names), "ok": 1.0}


def collection_statistics(catalog: Catalog, cursors: Cursors, command: Command) -> Command:
    """``collStats``: the number of documents."""
    del cursors
    database, name = command["$db"], command["collStats"]
    found = catalog.find(database, name)
    n_documents = 0 if found is None else found.count({})
    n_indexes = 1 if found is None else len(found.specs) + 1
    namespace = f"{database}.{name}"
    return {"ns": namespace, "count": n_documents, "nindexes": n_indexes, "ok": 1.0}


def database_statistics(catalog: Catalog, cursors: Cursors, command: Command) -> Command:
    """``dbStats``: the numbers of collections and documents."""
    del cursors
    database = command["$db"]
    names = catalog.names(database)
    found = [catalog.find(database, name) for name in names]
    n_documents = sum(collection.count({}) for collection in found if collection is not None)
    return {"db": database, "collections": len(names), "objects": n_documents, "ok": 1.0}


def _existing(catalog: Catalog, database: str, name: str) -> ServedCollection:
    found = catalog.find(database, name)
    if found is None or not found.exists:
        raise CommandError(26, f"ns not found: {database}.{name}")
    return found


def _read_spec(given: Any) -> Command:
    key = given.get("key") if isinstance(given, dict) else None
    if not isinstance(key, dict) or not key or not isinstance(given.get("name"), str):
        raise CommandError(67, "an index needs a 'key' of fields and directions, and a 'name'")
    if any(kind not in (1, -1, "hashed") for kind in key.values()):
        raise CommandError(67, f"indexes of kind {list(key.values())} are not supported"[:200])
    if given.get("expireAfterSeconds") is not None:
        raise CommandError(67, "the local server removes no documents by their age")
    return {field: given[field] for field in _SPEC_FIELDS if field in given}


def _name_filter(given: Any) -> Any:
    wanted = given.get("name") if isinstance(given, dict) else None
    if isinstance(wanted, str):
        return lambda name: name == wanted
    if isinstance(wanted, dict) and isinstance(wanted.get("$regex"), str):
        pattern = re.compile(wanted["$regex"])
        return lambda name: pattern.search(name) is not None
    if isinstance(wanted, dict) and isinstance(wanted.get("$in"), list):
        return lambda name: name in wanted["$in"]
    return lambda _: True
