"""What is particular to the engine: the disk, unique indexes, repeated writes, large documents."""

from __future__ import annotations

import sqlite3

import bson
import pytest
from bson import Binary, Int64, ObjectId

from perolyte.errors import StoreError
from perolyte.stores import EmbeddedStore
from perolyte.stores.server.engine import Engine


class Client:
    """Sends one command at a time."""

    def __init__(self, engine, database="db"):
        self.engine = engine
        self.database = database

    def run(self, command):
        return self.engine.run([{**command, "$db": self.database}])[0]

    def insert(self, name, *documents, **options):
        return self.run({"insert": name, "documents": list(documents), **options})

    def update(self, name, query, change, **options):
        return self.run({"update": name, "updates": [{"q": query, "u": change, **options}]})

    def find(self, name, query=None, **options):
        reply = self.run({"find": name, "filter": query or {}, **options})
        assert reply["ok"] == 1.0, reply
        return [bson.decode(document.raw) for document in reply["cursor"]["firstBatch"]]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite"


@pytest.fixture
def engine(path):
    opened = Engine(path)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def client(engine):
    return Client(engine)


@pytest.fixture
def own(engine):
    return Client(engine, "perolyte")


def reopened(engine, path):
    engine.close()
    again = Engine(path)
    again.open()
    return again


class TestDisk:
    def test_everything_is_there_after_a_restart(self, engine, client, path):
        names = ["c", "fs.files", "fs.chunks", "a_chunks", "with space", 'with"quote', "UTF-é"]
        for name in names:
            assert client.insert(name, {"_id": "1", "n": 0, "files_id": 1, "name": name})["n"] == 1
        client.run({"createIndexes": "c", "indexes": [{"key": {"n": 1}, "name": "n", "unique": 1}]})
        again = reopened(engine, path)
        other = Client(again)
        listed = other.run({"listCollections": 1})["cursor"]["firstBatch"]
        assert sorted(entry["name"] for entry in listed) == sorted(names)
        for name in names:
            assert [document["name"] for document in other.find(name)] == [name]
        assert other.insert("c", {"n": 0})["writeErrors"][0]["code"] == 11000
        again.close()

    def test_the_own_database_is_that_of_the_store_in_process(self, own, path):
        own.insert("docs", {"_id": "a", "uuid": "a", "value": 1})
        with EmbeddedStore(path, "docs") as store:
            assert store.query_one({"uuid": "a"})["value"] == 1
            store.update([{"uuid": "a", "value": 2}, {"uuid": "b", "value": 3}])
            assert own.find("docs", {"uuid": "a"})[0]["value"] == 2
            own.update("docs", {"uuid": "b"}, {"$inc": {"value": 10}})
            assert store.query_one({"uuid": "b"})["value"] == 13
            store.remove_docs({"uuid": "a"})
            assert [document["uuid"] for document in own.find("docs")] == ["b"]
            own.run({"drop": "docs"})
            assert store.count() == 0
            store.update({"uuid": "c"})
            assert len(own.find("docs")) == 1
        with EmbeddedStore(path, "made_meanwhile") as store:
            store.update({"uuid": "x"})
            assert [document["uuid"] for document in own.find("made_meanwhile")] == ["x"]

    def test_a_full_disk_is_told_and_nothing_else_is_lost(self, engine, client):
        client.insert("c", {"_id": 1})
        with engine._file.reading() as connection:
            (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {n_pages}")
        commands = [
            {"insert": "c", "documents": [{"_id": 2}], "$db": "db"},
            {"insert": "c", "documents": [{"_id": 3, "x": "x" * 6_000_000}], "$db": "db"},
            {"update": "c", "updates": [{"q": {"_id": 1}, "u": {"$set": {"a": 1}}}], "$db": "db"},
            {"find": "c", "filter": {}, "$db": "db"},
        ]
        first, second, third, fourth = engine.run(commands)
        assert (first["n"], third["nModified"]) == (1, 1)
        assert (second["ok"], second["code"], second["codeName"]) == (0.0, 14031, "OutOfDiskSpace")
        assert "disk is full; free space and repeat" in second["errmsg"]
        assert len(fourth["cursor"]["firstBatch"]) == 2
        in_memory = client.find("c")
        engine.forget()
        assert client.find("c") == in_memory == [{"_id": 1, "a": 1}, {"_id": 2}]
        with engine._file.reading() as connection:
            connection.execute(f"PRAGMA max_page_count = {n_pages + 5000}")
        assert client.insert("c", {"_id": 3, "x": "x" * 6_000_000})["n"] == 1

    def test_not_a_store(self, tmp_path):
        for name, content in (("a", b"text" * 500), ("b", None)):
            path = tmp_path / name
            if content is None:
                connection = sqlite3.connect(path)
                connection.execute("CREATE TABLE t (x)")
                connection.commit()
                connection.close()
            else:
                path.write_bytes(content)
            with pytest.raises(StoreError, match=r"not a database|of another program"):
                Engine(path).open()


class TestUniqueness:
    def test_unique_index(self, client):
        spec = {"key": {"a": 1, "b.c": 1}, "name": "ab", "unique": True}
        assert client.run({"createIndexes": "c", "indexes": [spec]})["numIndexesAfter"] == 2
        assert client.insert("c", {"_id": 1, "a": 1, "b": {"c": 2}})["n"] == 1
        reply = client.insert(
            "c", {"_id": 2, "a": 1}, {"_id": 3, "a": 1, "b": {"c": 2}}, {"_id": 4}
        )
        assert reply["n"] == 1
        (error,) = reply["writeErrors"]
        assert (error["index"], error["code"]) == (1, 11000)
        assert error["errmsg"].startswith("E11000 duplicate key error collection: db.c index: ab")
        assert error["keyValue"] == {"a": 1, "b.c": 2}
        reply = client.insert("c", {"_id": 3, "a": 1}, {"_id": 4}, ordered=False)
        assert reply["n"] == 1
        refused = client.update("c", {"_id": 2}, {"$set": {"b": {"c": 2}}})
        assert refused["writeErrors"][0]["code"] == 11000
        assert client.find("c", {"_id": 2}) == [{"_id": 2, "a": 1}]
        client.run({"delete": "c", "deletes": [{"q": {"_id": 1}, "limit": 1}]})
        assert client.update("c", {"_id": 2}, {"$set": {"b": {"c": 2}}})["nModified"] == 1

    def test_the_same_id_twice(self, client):
        client.insert("c", {"_id": 1})
        assert client.insert("c", {"_id": 1})["writeErrors"][0]["keyPattern"] == {"_id": 1}
        assert client.update("c", {"_id": 1}, {"$set": {"_id": 2}})["writeErrors"][0]["code"] == 66

    def test_no_unique_index_over_what_is_not(self, client):
        client.insert("c", {"a": 1}, {"a": 1})
        spec = {"key": {"a": 1}, "name": "a", "unique": True}
        assert client.run({"createIndexes": "c", "indexes": [spec]})["code"] == 11000
        assert client.run({"listIndexes": "c"})["cursor"]["firstBatch"][0]["name"] == "_id_"
        sparse = {"key": {"z": 1}, "name": "z", "unique": True, "sparse": True}
        assert client.run({"createIndexes": "c", "indexes": [sparse]})["ok"] == 1.0
        assert (
            client.run({"createIndexes": "c", "indexes": [{**sparse, "key": {"a": 1}}]})["code"]
            == 86
        )

    def test_a_process_beside_the_server_may_break_it_and_the_server_still_starts(
        self, engine, own, path
    ):
        spec = {"key": {"uuid": 1}, "name": "u", "unique": True}
        own.run({"createIndexes": "docs", "indexes": [spec]})
        with EmbeddedStore(path, "docs", key="name") as store:
            store.update([{"name": "a", "uuid": 1}, {"name": "b", "uuid": 1}])
        again = reopened(engine, path)
        reply = Client(again, "perolyte").insert("docs", {"uuid": 1}, {"uuid": 2}, ordered=False)
        assert (reply["n"], reply["writeErrors"][0]["code"]) == (1, 11000)
        again.close()

    def test_true_is_not_one(self, client):
        spec = {"key": {"a": 1}, "name": "a", "unique": True}
        client.run({"createIndexes": "c", "indexes": [spec]})
        assert client.insert("c", {"a": 1}, {"a": True}, {"a": "1"}, {"a": [2, 3]})["n"] == 4
        assert client.insert("c", {"a": 1.0})["writeErrors"][0]["code"] == 11000
        assert client.insert("c", {"a": 3})["writeErrors"][0]["code"] == 11000


class TestRepeatedWrites:
    def test_a_write_that_the_client_repeats_is_done_once(self, engine, client, path):
        session = {"id": Binary(b"s" * 16, 4)}
        command = {"findAndModify": "c", "query": {"_id": 1}, "update": {"$inc": {"n": 1}}}
        command |= {"upsert": True, "new": True, "lsid": session, "txnNumber": Int64(1)}
        assert client.run(command)["value"] == {"_id": 1, "n": 1}
        assert client.run(command)["value"] == {"_id": 1, "n": 1}
        again = reopened(engine, path)
        assert Client(again).run(command)["value"] == {"_id": 1, "n": 1}
        assert Client(again).run({**command, "txnNumber": Int64(2)})["value"]["n"] == 2
        assert Client(again).run({**command, "lsid": {"id": 2}})["value"]["n"] == 3
        again.close()


class TestLargeDocuments:
    def test_chunks_stay_on_disk(self, own, engine):
        documents = [{"_id": f"blob/{i}", "data": bytes([i]) * 1000} for i in range(5)]
        assert own.insert("blob_chunks", *documents)["n"] == 5
        assert own.insert("blob_chunks", documents[0])["writeErrors"][0]["code"] == 11000
        assert own.find("blob_chunks", {"_id": "blob/3"}) == [documents[3]]
        wanted = {"_id": {"$in": ["blob/4", "blob/1", "absent"]}}
        assert own.find("blob_chunks", wanted, sort={"_id": 1}) == [documents[1], documents[4]]
        assert own.find("blob_chunks", wanted, sort={"_id": -1}, limit=1) == [documents[4]]
        assert own.find("blob_chunks", {"data": b"\2" * 1000}, projection={"_id": 1}) == [
            {"_id": "blob/2"}
        ]
        replaced = own.update("blob_chunks", {"_id": "blob/0"}, {"data": b"new"}, upsert=True)
        assert (replaced["n"], replaced["nModified"]) == (1, 1)
        with engine._file.reading() as connection:
            rows = connection.execute('SELECT id, body FROM "chunks_blob_chunks"').fetchall()
        decoded = {bson.decode(key)["_id"]: bson.decode(body) for key, body in rows}
        assert decoded == {d["_id"]: d for d in [{"_id": "blob/0", "data": b"new"}, *documents[1:]]}
        assert own.run({"count": "blob_chunks"})["n"] == 5
        delete = {"q": {"_id": {"$in": ["blob/0", "blob/1"]}}, "limit": 0}
        assert own.run({"delete": "blob_chunks", "deletes": [delete]})["n"] == 2
        own.run({"drop": "blob_chunks"})
        assert own.find("blob_chunks") == []

    def test_chunks_of_gridfs(self, client):
        file_id = ObjectId()
        chunks = [
            {"_id": ObjectId(), "files_id": file_id, "n": n, "data": bytes([n])} for n in (2, 0, 1)
        ]
        client.insert("fs.chunks", *chunks)
        found = client.find("fs.chunks", {"files_id": file_id}, sort={"n": 1})
        assert [chunk["n"] for chunk in found] == [0, 1, 2]
        again = {"files_id": file_id, "n": 1, "data": b""}
        assert client.insert("fs.chunks", again)["writeErrors"][0]["code"] == 11000
        assert client.find("fs.chunks", {"files_id": file_id, "n": 2}) == [chunks[0]]
        client.run({"delete": "fs.chunks", "deletes": [{"q": {"files_id": file_id}, "limit": 0}]})
        assert client.insert("fs.chunks", again)["n"] == 1

    def test_over_16_mb(self, client):
        reply = client.insert("c", {"_id": 1, "x": b"x" * (16 * 1024**2)})
        assert (reply["n"], reply["writeErrors"][0]["code"]) == (0, 10334)
        assert client.find("c") == []


class TestCursors:
    def test_batches_are_limited_in_number_and_size(self, client):
        client.insert("c", *({"_id": i, "x": b"x" * 3_000_000 * (i < 8)} for i in range(300)))
        reply = client.run({"find": "c", "filter": {}})
        seen, cursor = [], reply["cursor"]
        batch = cursor["firstBatch"]
        n_batches = 1
        while True:
            assert sum(len(document.raw) for document in batch) <= 16 * 1024**2
            seen += [document["_id"] for document in batch]
            if not cursor["id"]:
                break
            cursor = client.run({"getMore": cursor["id"], "collection": "c"})["cursor"]
            batch = cursor["nextBatch"]
            n_batches += 1
        assert seen == list(range(300))
        assert n_batches == 2  # five large ones, then the rest

    def test_a_cursor_shows_what_was_there_when_it_was_made(self, client):
        client.insert("c", *({"_id": i, "n": 0} for i in range(10)))
        cursor = client.run({"find": "c", "filter": {}, "batchSize": 2})["cursor"]
        client.update("c", {}, {"$set": {"n": 1}}, multi=True)
        rest = client.run({"getMore": cursor["id"], "collection": "c"})["cursor"]["nextBatch"]
        assert [(d["_id"], d["n"]) for d in rest] == [(i, 0) for i in range(2, 10)]
        assert client.run({"getMore": cursor["id"], "collection": "c"})["code"] == 43


class TestNames:
    @pytest.mark.parametrize(
        ("database", "name"),
        [("a.b", "c"), ("a b", "c"), ("", "c"), ("d", ""), ("d", "a$b"), ("d", "system.x")],
    )
    def test_impossible_names(self, engine, database, name):
        reply = Client(engine, database).insert(name, {"a": 1})
        assert (reply["ok"], reply["code"]) == (0.0, 73)

    def test_an_empty_collection(self, client):
        for name in ("c", "c_chunks"):
            assert client.run({"create": name})["ok"] == 1.0
            assert client.run({"create": name})["code"] == 48
            listed = client.run({"listCollections": 1, "filter": {"name": name}})
            assert len(listed["cursor"]["firstBatch"]) == 1
            assert client.run({"drop": name})["ok"] == 1.0
            assert client.run({"drop": name})["code"] == 26

    def test_names_that_sqlite_would_not_tell_apart(self, client):
        client.insert("Docs", {"_id": 1})
        assert client.insert("docs", {"_id": 1})["code"] == 73

    def test_database_and_collection_are_told_apart(self, engine):
        Client(engine, "a").insert("b.c", {"_id": 1})
        assert (
            Client(engine, "a").run({"listCollections": 1})["cursor"]["firstBatch"][0]["name"]
            == "b.c"
        )
        assert Client(engine, "perolyte").run({"listCollections": 1})["cursor"]["firstBatch"] == []
        databases = Client(engine, "admin").run({"listDatabases": 1, "nameOnly": True})["databases"]
        assert databases == [{"name": "a"}]
        Client(engine, "a").run({"dropDatabase": 1})
        assert Client(engine, "admin").run({"listDatabases": 1})["databases"] == []


def test_pipelines(client):
    client.insert("c", *({"_id": i, "k": i % 2, "o": [i, i + 1]} for i in range(6)))
    client.insert("d", {"_id": 0, "name": "even"}, {"_id": 1, "name": "odd"})

    def run(*pipeline):
        reply = client.run({"aggregate": "c", "pipeline": list(pipeline), "cursor": {}})
        assert reply["ok"] == 1.0, reply
        return [bson.decode(document.raw) for document in reply["cursor"]["firstBatch"]]

    groups = run({"$group": {"_id": "$k", "n": {"$sum": 1}}}, {"$sort": {"_id": 1}})
    assert groups == [{"_id": 0, "n": 3}, {"_id": 1, "n": 3}]
    joined = run(
        {"$match": {"_id": 3}},
        {"$lookup": {"from": "d", "localField": "k", "foreignField": "_id", "as": "kind"}},
        {"$project": {"kind.name": 1}},
    )
    assert joined == [{"_id": 3, "kind": [{"name": "odd"}]}]
    assert run({"$match": {"k": 1}}, {"$set": {"o": 0}}, {"$limit": 1}) == [
        {"_id": 1, "k": 1, "o": 0}
    ]
    assert client.find("c", {"_id": 1})[0]["o"] == [1, 2]
    count = {"$group": {"_id": 1, "n": {"$sum": 1}}}
    assert run({"$match": {"k": 1}}, {"$skip": 1}, {"$limit": 5}, count) == [{"_id": 1, "n": 2}]
    assert run({"$match": {"k": 7}}, count) == []
    assert client.run({"distinct": "c", "key": "o", "query": {"k": 0}})["values"] == [
        0,
        1,
        2,
        3,
        4,
        5,
    ]
