"""What is particular to the store in one SQLite file."""

from __future__ import annotations

import copy
import datetime as dt
import math
import pickle
import sqlite3
import threading

import bson
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import StoreError
from perolyte.stores import EmbeddedStore
from perolyte.stores.sqlite_file import SCHEMA_VERSION

NOW = dt.datetime(2031, 5, 6, 7, 8, 9, 123000)  # noqa: DTZ001 (BSON has no time zones)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    TEXT,
    st.binary(max_size=8),
    st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1)).map(  # noqa: DTZ001
        lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
    ),
    st.builds(bson.ObjectId, st.binary(min_size=12, max_size=12)),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "perolyte.sqlite"


@pytest.fixture
def store(path):
    with EmbeddedStore(path) as opened:
        yield opened


def same(a, b):
    """Equality in which NaN equals NaN and 1 differs from 1.0 and True."""
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, dict) and isinstance(b, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b and isinstance(b, type(a))


class TestRoundTrip:
    @settings(max_examples=60, deadline=None)
    @given(documents=st.lists(VALUES, min_size=1, max_size=4))
    def test_every_bson_value_survives(self, tmp_path_factory, documents):
        path = tmp_path_factory.mktemp("round") / "store.sqlite"
        with EmbeddedStore(path) as store:
            store.update([{"uuid": str(i), "output": value} for i, value in enumerate(documents)])
            warm = [store.query_one({"uuid": str(i)})["output"] for i in range(len(documents))]
        with EmbeddedStore(path) as store:
            cold = [store.query_one({"uuid": str(i)})["output"] for i in range(len(documents))]
        assert same(documents, cold)
        assert same(warm, cold)

    def test_times_lose_zone_and_microseconds(self, store):
        zone = dt.timezone(dt.timedelta(hours=2))
        store.update({"uuid": "a", "t": NOW.replace(microsecond=123456, tzinfo=zone)})
        assert store.query_one({"uuid": "a"})["t"] == NOW - dt.timedelta(hours=2)

    def test_arrays_and_objects_become_plain(self, store):
        from pymatgen.core import Lattice

        store.update({"uuid": "a", "array": np.arange(3), "lattice": Lattice.cubic(3.9), 1: "one"})
        found = store.query_one({"uuid": "a"})
        assert found["array"] == [0, 1, 2]
        assert Lattice.from_dict(found["lattice"]).a == 3.9
        assert found["1"] == "one"

    def test_what_bson_cannot_hold_is_refused_whole(self, store):
        with pytest.raises(StoreError, match="cannot be stored"):
            store.update([{"uuid": "a"}, {"uuid": "b", "n": 2**70}])
        assert store.count() == 0

    def test_a_document_changed_after_the_call_is_stored_unchanged(self, store):
        document = {"uuid": "a", "list": [1]}
        store.update(document)
        document["list"].append(2)
        assert store.query_one({"uuid": "a"})["list"] == [1]
        assert "_id" not in document


class TestIdentity:
    def test_missing_key_field(self, store):
        with pytest.raises(StoreError, match="lacks its key field 'uuid'"):
            store.update({"name": "x"})

    def test_own_id_is_kept(self, store):
        store.update({"uuid": "a", "_id": "mine"})
        store.update({"uuid": "a", "value": 2})
        assert store.query_one({"uuid": "a"}) == {"_id": "mine", "uuid": "a", "value": 2}

    def test_foreign_id_is_refused(self, store):
        store.update([{"uuid": "a", "_id": 1}, {"uuid": "b", "_id": 2}])
        for document in ({"uuid": "a", "_id": 2}, {"uuid": "c", "_id": 2}, {"uuid": "a", "_id": 9}):
            with pytest.raises(StoreError, match="belongs to another"):
                store.update(document)
        assert sorted((d["uuid"], d["_id"]) for d in store.query()) == [("a", 1), ("b", 2)]

    def test_unusable_id(self, store):
        with pytest.raises(StoreError, match="may be an ObjectId"):
            store.update({"uuid": "a", "_id": [1]})

    def test_key_of_another_type_is_another_document(self, store):
        for value in ("1", 1, 2.5, None):
            store.update({"uuid": value, "kind": str(type(value))})
        assert store.count() == 4
        store.update({"uuid": 1.0, "kind": "float"})  # MongoDB compares numbers by value
        assert store.count() == 4

    def test_unique_index_is_not_promised(self, store):
        assert store.ensure_index("formula") is True
        assert store.ensure_index("formula", unique=True) is False


def test_groupby_takes_mixed_values_and_whole_documents(store):
    store.update([{"uuid": str(i), "k": k} for i, k in enumerate(["x", None, 1, "x", [1, 2]])])
    store.update({"uuid": "without"})
    groups = list(store.groupby("k"))
    assert [(group["k"], len(documents)) for group, documents in groups] == [
        ("x", 2),
        (None, 1),
        (1, 1),
        ([1, 2], 1),
    ]
    assert groups[0][1][1]["uuid"] == "3"
    limited = list(store.groupby("k", sort={"uuid": -1}, limit=2))
    assert [documents[0]["uuid"] for _, documents in limited] == ["4"]


def test_several_collections_share_a_file(path):
    with EmbeddedStore(path, "one") as one, EmbeddedStore(path, "two-b") as two:
        one.update({"uuid": "a"})
        assert two.count() == 0
        two.update([{"uuid": "a"}, {"uuid": "b"}])
        assert (one.count(), two.count()) == (1, 2)
    with pytest.raises(StoreError, match="Collection name"):
        EmbeddedStore(path, 'x"; DROP TABLE y')


def test_copies_are_unconnected_and_equal(store, path):
    store.update({"uuid": "a"})
    for twin in (copy.deepcopy(store), pickle.loads(pickle.dumps(store))):
        assert twin == store
        assert hash(twin) == hash(store)
        with pytest.raises(StoreError, match=r"not connected; call connect\(\)"):
            twin.count()
        with twin:
            assert twin.count() == 1
    assert EmbeddedStore(path, "other") != store
    assert store.count() == 1


def test_dict_form_keeps_the_absolute_path_and_the_key(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    as_dict = EmbeddedStore("here.sqlite", "docs", key="task", timeout_s=3.0).as_dict()
    twin = EmbeddedStore.from_dict(as_dict)
    assert twin.path == str(tmp_path / "here.sqlite")
    assert (twin.collection_name, twin.key, twin.timeout_s) == ("docs", "task", 3.0)


def test_threads_of_one_process(store):
    def work(thread):
        for i in range(20):
            store.update({"uuid": f"{thread}-{i}"})
            store.update({"uuid": f"shared-{i}", "by": thread})
            assert store.count({"uuid": f"{thread}-{i}"}) == 1

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.count() == 4 * 20 + 20


def test_removal_is_seen_by_a_store_that_reads_for_the_first_time(path):
    with EmbeddedStore(path) as one:
        one.update([{"uuid": "a"}, {"uuid": "b"}])
        one.remove_docs({"uuid": "a"})
        with EmbeddedStore(path) as two:
            assert [document["uuid"] for document in two.query()] == ["b"]
            one.remove_docs({})
            assert two.count() == 0


class TestFailures:
    def test_disk_full_leaves_the_store_as_it_was(self, store, path):
        store.update({"uuid": "a", "value": 1})
        with store._file.reading() as connection:
            (n_pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {n_pages}")
        with pytest.raises(StoreError, match="disk is full; free space") as caught:
            store.update([{"uuid": "a", "value": 2}, {"uuid": "b", "text": "x" * 100_000}])
        assert "\n" not in str(caught.value)
        assert [document["value"] for document in store.query()] == [1]
        with EmbeddedStore(path) as other:
            assert [document["value"] for document in other.query()] == [1]
        with store._file.reading() as connection:
            connection.execute(f"PRAGMA max_page_count = {n_pages + 1000}")
        store.update({"uuid": "b", "text": "x" * 100_000})
        assert store.count() == 2

    def test_locked(self, store, path):
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked; wait for it"):
            EmbeddedStore(path, timeout_s=0.1).connect()
        holder.execute("ROLLBACK")
        holder.close()
        with EmbeddedStore(path, timeout_s=0.1) as opened:
            opened.update({"uuid": "a"})
        assert store.count() == 1

    def test_removed_file_takes_no_writes(self, store, path):
        store.update({"uuid": "a"})
        path.unlink()
        with pytest.raises(StoreError, match="removed or replaced"):
            store.update({"uuid": "b"})

    def test_unique_documents_after_an_error_inside_a_write(self, store, monkeypatch):
        store.update({"uuid": "a", "value": 1})

        def fail(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(store, "_write_rows", fail)
        with pytest.raises(KeyboardInterrupt):
            store.update([{"uuid": "a", "value": 2}, {"uuid": "b"}])
        monkeypatch.undo()
        assert [document["value"] for document in store.query()] == [1]
        store.update({"uuid": "b"})
        assert store.count() == 2

    def test_damaged_document(self, path):
        with EmbeddedStore(path) as store:
            store.update({"uuid": "a"})
        connection = sqlite3.connect(path)
        connection.execute("UPDATE collection_docs SET body = x'00'")
        connection.commit()
        connection.close()
        with EmbeddedStore(path) as store, pytest.raises(StoreError, match="damaged"):
            store.count()

    def test_format_of_the_file_is_marked(self, store):
        with store._file.reading() as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
