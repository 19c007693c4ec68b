"""Large data beside the documents."""

from __future__ import annotations

import datetime as dt
import sqlite3
import zlib

import bson
import numpy as np
import pytest

from perolyte.errors import StoreError
from perolyte.stores import EmbeddedBlobStore, EmbeddedStore

TIME = dt.datetime(2031, 5, 6)  # noqa: DTZ001 (BSON has no time zones)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "perolyte.sqlite"


@pytest.fixture
def store(path):
    with EmbeddedBlobStore(path) as opened:
        yield opened


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
def test_payload_survives(store, path, data):
    store.update({"blob_uuid": "b", "job_uuid": "j", "data": data})
    assert store.query_one({"blob_uuid": "b"})["data"] == data
    with EmbeddedBlobStore(path) as other:
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
    header = store.query_one({"blob_uuid": "b"}, {"data": 0})
    assert header["@class"] == "C"
    assert header["n_bytes"] == len(bson.encode({"data": [1.5] * 1000}))
    assert len(header["sha256"]) == 64
    assert header["encoding"] == "bson+zlib"


def test_payload_is_not_in_memory(store):
    store.update({"blob_uuid": "b", "data": [1.5] * 100_000})
    list(store.query())
    assert len(bson.encode(store._collection.find_one({}))) < 1000


@pytest.mark.parametrize(
    ("properties", "fields"),
    [
        (None, {"_id", "blob_uuid", "x", "data", "sha256", "n_bytes", "encoding"}),
        ([], {"_id", "blob_uuid", "x", "data", "sha256", "n_bytes", "encoding"}),
        (["blob_uuid", "data"], {"_id", "blob_uuid", "data"}),
        (["x"], {"_id", "x"}),
        ({"data": 1}, {"_id", "data"}),
        ({"data": 1, "_id": 0}, {"data"}),
        ({"data": 0}, {"_id", "blob_uuid", "x", "sha256", "n_bytes", "encoding"}),
        ({"x": 0}, {"_id", "blob_uuid", "data", "sha256", "n_bytes", "encoding"}),
        ({"_id": 0}, {"blob_uuid", "x", "data", "sha256", "n_bytes", "encoding"}),
        (["_id"], {"_id"}),
    ],
)
def test_properties(store, properties, fields):
    store.update({"blob_uuid": "b", "x": 1, "data": [1]})
    assert set(store.query_one({"blob_uuid": "b"}, properties)) == fields


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


def test_replaced_and_removed_payloads_leave_nothing(store, path):
    store.update({"blob_uuid": "b", "data": "old"})
    store.update({"blob_uuid": "b", "data": "new"})
    store.update({"blob_uuid": "c", "data": "gone"})
    store.update({"blob_uuid": "d", "data": "emptied"})
    store.update({"blob_uuid": "d"})
    store.remove_docs({"blob_uuid": "c"})
    assert [blob["data"] for blob in store.query({"blob_uuid": "b"})] == ["new"]
    assert "data" not in store.query_one({"blob_uuid": "d"})
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT count(*) FROM payloads_blobs").fetchone() == (1,)
    connection.close()


def test_blob_removed_during_a_query_is_passed_over(store, path):
    store.update([{"blob_uuid": str(i), "data": i} for i in range(3)])
    found = store.query(sort={"blob_uuid": 1})
    assert next(found)["data"] == 0
    with EmbeddedBlobStore(path) as other:
        other.remove_docs({"blob_uuid": "1"})
    assert [blob["data"] for blob in found] == [2]


def test_search_inside_data_is_refused(store):
    for search in (store.query_one, store.count, store.remove_docs):
        with pytest.raises(StoreError, match=r"cannot be searched by 'data\.x'"):
            search({"data.x": 1})


class TestDamage:
    def change(self, path, statement, *values):
        connection = sqlite3.connect(path)
        connection.execute(statement, values)
        connection.commit()
        connection.close()

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (zlib.compress(bson.encode({"data": "forged"})), "SHA-256 is not"),
            (b"no zlib", "is damaged"),
            (None, "has lost its data"),
        ],
        ids=["forged", "garbled", "missing"],
    )
    def test_changed_payload_is_found(self, store, path, body, message):
        store.update([{"blob_uuid": "good", "data": 1}, {"blob_uuid": "bad", "data": 2}])
        _id = bson.encode({"_id": store.query_one({"blob_uuid": "bad"}, ["_id"])["_id"]})
        self.change(path, "UPDATE payloads_blobs SET body = ? WHERE id = ?", body, _id)
        with pytest.raises(StoreError, match=f"Blob bad of .*{message}") as caught:
            store.query_one({"blob_uuid": "bad"})
        assert "\n" not in str(caught.value)
        assert store.query_one({"blob_uuid": "good"})["data"] == 1


def test_documents_and_blobs_are_of_the_same_file(path):
    with EmbeddedStore(path) as docs, EmbeddedBlobStore(path) as blobs:
        docs.update({"uuid": "a"})
        blobs.update({"blob_uuid": "b", "data": 1})
        assert (docs.count(), blobs.count()) == (1, 1)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
