"""Large data beside the documents, wherever their chunks lie."""

from __future__ import annotations

import base64
import datetime as dt
import json
import threading
import uuid
import zlib

import bson
import numpy as np
import pytest
from maggma.stores import MongoStore
from monty.json import MontyDecoder, MontyEncoder

from perolyte.errors import StoreError
from perolyte.stores import BlobStore, EmbeddedStore
from perolyte.stores.chunk_bucket import BucketChunks
from perolyte.stores.chunk_documents import CollectionChunks, TableChunks
from perolyte.stores.chunk_folder import FolderChunks
from perolyte.stores.chunks import CHUNK_BYTES
from support.bucket import serve_bucket

PAYLOAD = {"sha256", "n_bytes", "encoding", "place", "payload_id", "n_chunks"}
TIME = dt.datetime(2031, 5, 6)  # noqa: DTZ001 (BSON has no time zones)


@pytest.fixture(scope="module")
def endpoint():
    with serve_bucket() as address:
        yield address


@pytest.fixture(params=["documents", "folder", "bucket", "served"])
def opened(request, tmp_path):
    """A function that opens the same store each time it is called."""
    path = tmp_path / "perolyte.sqlite"
    if request.param == "served":
        uri = request.getfixturevalue("server").uri
        database = f"blobs_{uuid.uuid4().hex}"

    def make():
        if request.param == "served":
            headers = MongoStore(database, "blobs", uri=uri, key="blob_uuid")
            return BlobStore(
                headers, CollectionChunks(MongoStore(database, "blob_chunks", uri=uri))
            )
        if request.param == "documents":
            chunks = TableChunks(path)
        elif request.param == "folder":
            chunks = FolderChunks(tmp_path / "chunks")
            chunks.make()
        else:
            address = request.getfixturevalue("endpoint")
            chunks = BucketChunks("perolyte", f"tests/{tmp_path.name}", address)
        return BlobStore(EmbeddedStore(path, "blobs", key="blob_uuid"), chunks)

    return make


@pytest.fixture
def store(opened):
    with opened() as store:
        yield store


def header_of(store, blob_uuid):
    return store.query_one({"blob_uuid": blob_uuid}, {"data": 0})


def chunks_of(store, blob_uuid):
    from perolyte.stores.payload_chunks import list_chunk_names

    return list_chunk_names(header_of(store, blob_uuid), store.chunks)


def count_chunks(store):
    return len(list(store.chunks.list_chunks()))


@pytest.mark.parametrize(
    "data",
    [
        {"a": [1, 2.5, None, True, "x"], "b": {"c": []}},
        [[0.1, -0.0, float("inf")], []],
        "text",
        7,
        None,
        {"time": TIME, "bytes": b"\x00\xff", "id": bson.ObjectId(b"0" * 12)},
    ],
    ids=["dict", "list", "text", "number", "none", "bson"],
)
def test_payload_survives(store, opened, data):
    store.update({"blob_uuid": "b", "job_uuid": "j", "data": data})
    assert store.query_one({"blob_uuid": "b"})["data"] == data
    with opened() as other:
        assert other.query_one({"job_uuid": "j"}, ["data"])["data"] == data


def test_nan_stays_nan(store):
    store.update({"blob_uuid": "b", "data": [float("nan")]})
    assert np.isnan(store.query_one({"blob_uuid": "b"})["data"][0])


def test_arrays_become_lists(store):
    store.update({"blob_uuid": "b", "data": {"x": np.arange(6.0).reshape(2, 3), 5: "five"}})
    data = store.query_one({"blob_uuid": "b"})["data"]
    assert data == {"x": [[0, 1, 2], [3, 4, 5]], "5": "five"}


def test_header_describes_the_payload(store):
    store.update({"blob_uuid": "b", "@class": "C", "@module": "m", "data": [1.5] * 1000})
    header = header_of(store, "b")
    assert header["@class"] == "C"
    assert 8000 < header["n_bytes"] < 8400  # eight bytes a number, and what says so
    assert len(header["sha256"]) == 64
    assert header["encoding"] == "perolyte1+zlib"
    assert header["n_chunks"] == count_chunks(store) == 1
    assert header["place"] == store.chunks.description


def test_large_payload_is_cut(store):
    data = np.random.default_rng(1).normal(size=(3, CHUNK_BYTES // 12)).tolist()
    store.update({"blob_uuid": "b", "data": data})
    assert header_of(store, "b")["n_chunks"] == count_chunks(store) == 3
    sizes = [len(chunk) for chunk in store.chunks.read(chunks_of(store, "b"))]
    assert max(sizes) <= 1_000_000
    assert store.query_one({"blob_uuid": "b"})["data"] == data


def test_file_in_text_is_kept_as_its_bytes(store):
    content = np.random.default_rng(2).bytes(50_000)
    text = base64.b64encode(content).decode()
    store.update({"blob_uuid": "b", "data": {"chunk_data": text, "raw": content}})
    found = store.query_one({"blob_uuid": "b"})["data"]
    assert found == {"chunk_data": text, "raw": content}
    assert 100_000 <= header_of(store, "b")["n_bytes"] < 101_000


def test_serialised_store_leads_to_the_same_blobs(store):
    store.update({"blob_uuid": "b", "data": "x"})
    text = json.dumps(store, cls=MontyEncoder)
    assert "secret" not in text
    other = json.loads(text, cls=MontyDecoder)
    assert other == store
    with other:
        assert other.query_one({"blob_uuid": "b"})["data"] == "x"


def test_writers_at_once(store, opened):
    def write(number):
        with opened() as mine:
            for i in range(5):
                mine.update({"blob_uuid": f"{number}-{i}", "data": [number, i]})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {blob["blob_uuid"]: blob["data"] for blob in store.query()}
    assert found == {f"{n}-{i}": [n, i] for n in range(3) for i in range(5)}


def test_header_is_written_after_its_chunks(store, monkeypatch):
    """A write that fails, or is killed, leaves no header behind."""

    def fail(chunks):
        raise StoreError("disk full")

    monkeypatch.setattr(store.chunks, "write", fail)
    with pytest.raises(StoreError, match="disk full"):
        store.update({"blob_uuid": "b", "data": 1})
    assert store.count() == 0


def test_payload_is_not_in_memory(store):
    store.update({"blob_uuid": "b", "data": [1.5] * 100_000})
    list(store.query())
    assert len(bson.encode(store._collection.find_one({}))) < 1000


@pytest.mark.parametrize(
    ("properties", "fields"),
    [
        (None, {"_id", "blob_uuid", "x", "data", *PAYLOAD}),
        ([], {"_id", "blob_uuid", "x", "data", *PAYLOAD}),
        (["blob_uuid", "data"], {"_id", "blob_uuid", "data"}),
        (["x"], {"_id", "x"}),
        ({"data": 1}, {"_id", "data"}),
        ({"data": 1, "_id": 0}, {"data"}),
        ({"data": 0}, {"_id", "blob_uuid", "x", *PAYLOAD}),
        ({"x": 0}, {"_id", "blob_uuid", "data", *PAYLOAD}),
        ({"_id": 0}, {"blob_uuid", "x", "data", *PAYLOAD}),
        (["_id"], {"_id"}),
    ],
)
def test_properties(store, properties, fields):
    store.update({"blob_uuid": "b", "x": 1, "data": [1]})
    found = set(store.query_one({"blob_uuid": "b"}, properties)) - {"chunks"}
    assert found == fields


def test_payloads_are_read_one_at_a_time(store, monkeypatch):
    store.update([{"blob_uuid": str(i), "data": i} for i in range(5)])
    read = []
    original = store._attach_payload
    monkeypatch.setattr(store, "_attach_payload", lambda blob: read.append(blob) or original(blob))
    found = store.query()
    next(found)
    assert len(read) == 1
    assert store.count() == 5
    assert len(store.distinct("blob_uuid")) == 5
    assert len(read) == 1


def test_replaced_and_removed_payloads_are_gone(store):
    store.update({"blob_uuid": "b", "data": "old"})
    store.update({"blob_uuid": "b", "data": "new"})
    store.update({"blob_uuid": "c", "data": "gone"})
    store.update({"blob_uuid": "d", "data": "emptied"})
    store.update({"blob_uuid": "d"})
    store.remove_docs({"blob_uuid": "c"})
    assert [blob["data"] for blob in store.query({"blob_uuid": "b"})] == ["new"]
    assert "data" not in store.query_one({"blob_uuid": "d"})
    assert store.count() == 2
    # what several blobs may share is removed with the orphans
    assert store.chunks.shares_chunks or count_chunks(store) == 1


def test_blob_removed_during_a_query_is_passed_over(store, opened):
    store.update([{"blob_uuid": str(i), "data": i} for i in range(3)])
    found = store.query(sort={"blob_uuid": 1})
    assert next(found)["data"] == 0
    store.chunks.remove(chunks_of(store, "1"))
    with opened() as other:
        other.remove_docs({"blob_uuid": "1"})
    assert [blob["data"] for blob in found] == [2]


def test_blob_replaced_during_a_query_is_read_anew(store, opened):
    store.update([{"blob_uuid": str(i), "data": i} for i in range(2)])
    found = store.query(sort={"blob_uuid": 1})
    next(found)
    before = chunks_of(store, "1")
    with opened() as other:
        other.update({"blob_uuid": "1", "data": "new"})
    store.chunks.remove(before)
    assert [blob["data"] for blob in found] == ["new"]


def test_search_inside_data_is_refused(store):
    for search in (store.query_one, store.count, store.remove_docs):
        with pytest.raises(StoreError, match=r"cannot be searched by 'data\.x'"):
            search({"data.x": 1})


class TestDamage:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (zlib.compress(b"forged"), "SHA-256 is not"),
            (b"no zlib", "damaged in chunk 1 of 1"),
            (None, "has lost chunk 1 of 1"),
        ],
        ids=["forged", "garbled", "missing"],
    )
    def test_changed_payload_is_found(self, store, content, message):
        store.update([{"blob_uuid": "good", "data": 1}, {"blob_uuid": "bad", "data": 2}])
        (name,) = chunks_of(store, "bad")
        store.chunks.remove([name])
        if content is not None:
            store.chunks.write([(name, content)])
        with pytest.raises(StoreError, match=f"Blob bad in .*{message}") as caught:
            store.query_one({"blob_uuid": "bad"})
        assert "\n" not in str(caught.value)
        assert "run its job again" in str(caught.value)
        assert store.query_one({"blob_uuid": "good"})["data"] == 1

    def test_unknown_encoding(self, store):
        store.update({"blob_uuid": "b", "data": 1})
        header = header_of(store, "b")
        store.headers.update({**header, "encoding": "perolyte9"})
        with pytest.raises(StoreError, match=r"encoding 'perolyte9'.*update perolyte"):
            store.query_one({"blob_uuid": "b"})


def test_documents_and_blobs_are_of_the_same_file(tmp_path):
    path = tmp_path / "perolyte.sqlite"
    blobs = BlobStore(EmbeddedStore(path, "blobs", key="blob_uuid"), TableChunks(path))
    with EmbeddedStore(path) as docs, blobs:
        docs.update({"uuid": "a"})
        blobs.update({"blob_uuid": "b", "data": 1})
        assert (docs.count(), blobs.count()) == (1, 1)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_chunk_is_a_document_of_its_table(tmp_path):
    """Servers show the table as a collection: each row is the BSON of a document."""
    import sqlite3

    path = tmp_path / "perolyte.sqlite"
    with BlobStore(EmbeddedStore(path, "blobs"), TableChunks(path)) as blobs:
        blobs.update({"blob_uuid": "b", "data": 1})
        (name,) = chunks_of(blobs, "b")
    connection = sqlite3.connect(path)
    ((identifier, body),) = connection.execute("SELECT id, body FROM chunks_blob_chunks")
    connection.close()
    assert bson.decode(identifier) == {"_id": name}
    document = bson.decode(body)
    assert set(document) == {"_id", "data"}
    assert document["_id"] == name
