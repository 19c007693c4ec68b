"""The engine of the server answers as plain mongomock-ng does, whatever indexes there are."""

from __future__ import annotations

import datetime as dt

import bson
import mongomock_ng
import pytest
from bson import ObjectId
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from perolyte.stores import field_index
from perolyte.stores.server import documents
from perolyte.stores.server.engine import Engine

T0 = dt.datetime(2031, 5, 6, 7, 8, 9)  # noqa: DTZ001 (BSON has no time zones)
SCALARS = st.one_of(
    st.sampled_from(["a", "b", 0, 1, 2, 1.0, 2.5, None, True, float("nan")]),
    st.sampled_from([ObjectId(b"0" * 12), str(ObjectId(b"0" * 12)), T0, b"x"]),
)
SIMPLE = st.sampled_from(["a", "b", 0, 1, 2, None])
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.fixed_dictionaries({"g": SCALARS}),
    st.lists(st.fixed_dictionaries({"g": SCALARS}), max_size=2),
)
DOCUMENTS = st.fixed_dictionaries(
    {"_id": st.integers(0, 8)}, optional={"f": VALUES, "h": SIMPLE, "p": SIMPLE}
)
CONDITIONS = st.one_of(
    VALUES,
    st.lists(SCALARS, min_size=1, max_size=3).map(lambda values: {"$in": values}),
    SCALARS.map(lambda value: {"$ne": value}),
    SCALARS.map(lambda value: {"$eq": value}),
    st.booleans().map(lambda value: {"$exists": value}),
    st.sampled_from([{"$gt": 0}, {"$lte": 1}, {"$gte": "a"}]),
)
FLAT = st.fixed_dictionaries(
    {},
    optional={
        "f": CONDITIONS,
        "f.g": CONDITIONS,
        "f.0": SCALARS,
        "h": st.one_of(SIMPLE, CONDITIONS),
        "_id": st.one_of(st.integers(0, 8), st.just({"$in": [1, 3, 7]})),
    },
)
CRITERIA = st.one_of(
    FLAT,
    st.builds(
        lambda flat, operator, parts: {**flat, operator: parts},
        FLAT,
        st.sampled_from(["$or", "$and", "$nor"]),
        st.lists(FLAT, min_size=1, max_size=2),
    ),
)
SORTS = st.lists(
    st.tuples(st.sampled_from(["p", "h", "f", "f.g", "_id"]), st.sampled_from([1, -1])),
    max_size=2,
    unique_by=lambda item: item[0],
)
CHANGES = st.sampled_from(
    [
        {"$set": {"h": "b"}},
        {"$set": {"f.g": 2, "p": 1}},
        {"$unset": {"p": 1}},
        {"$inc": {"h2": 2}},
        {"$push": {"l": 1}},
        {"$set": {"h": 1}, "$unset": {"f": 1}},
        {"h": 1, "p": "a"},
    ]
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("replace"), DOCUMENTS),
        st.tuples(st.just("delete"), st.integers(0, 8)),
        st.tuples(st.just("update"), FLAT, CHANGES, st.booleans()),
        st.tuples(st.just("query"), CRITERIA, SORTS, st.integers(0, 2), st.integers(0, 3)),
    ),
    max_size=14,
)


class Pair:
    """The engine and plain mongomock-ng, given the same commands."""

    def __init__(self, engine):
        self.engine = engine
        self.plain = mongomock_ng.MongoClient()["db"]["c"]
        self.run({"drop": "c"})

    def run(self, command):
        (reply,) = self.engine.run([{**command, "$db": "db"}])
        return reply

    def replace(self, document):
        statement = {"q": {"_id": document["_id"]}, "u": document, "upsert": True}
        assert self.run({"update": "c", "updates": [statement]})["n"] == 1
        self.plain.replace_one({"_id": document["_id"]}, document, upsert=True)

    def delete(self, number):
        reply = self.run({"delete": "c", "deletes": [{"q": {"_id": number}, "limit": 1}]})
        assert reply["n"] == self.plain.delete_one({"_id": number}).deleted_count

    def update(self, criteria, change, multi):
        is_replacement = "h" in change
        multi = multi and not is_replacement
        statement = {"q": criteria, "u": change, "multi": multi}
        reply = self.run({"update": "c", "updates": [statement]})
        try:
            if is_replacement:
                expected = self.plain.replace_one(criteria, change)
            elif multi:
                expected = self.plain.update_many(criteria, change)
            else:
                expected = self.plain.update_one(criteria, change)
        except (mongomock_ng.WriteError, ValueError, TypeError, KeyError):
            reject()  # such as f.g of a list; it leaves half-changed documents behind
        assert reply.get("writeErrors", []) == []
        assert (reply["n"], reply["nModified"]) == (
            expected.matched_count,
            expected.modified_count,
        )

    def query(self, criteria, sort, skip, limit):
        command = {"find": "c", "filter": criteria, "sort": dict(sort), "skip": skip}
        reply = self.run({**command, "limit": limit})
        expected = self.plain.find(criteria, sort=sort or None).skip(skip).limit(limit)
        assert found(reply) == [bson_form(document) for document in expected]


def found(reply):
    assert reply["ok"] == 1.0, reply
    return [repr(bson.decode(document.raw)) for document in reply["cursor"]["firstBatch"]]


def bson_form(document):
    return repr(bson.decode(bson.encode(document)))


@pytest.fixture
def engine(tmp_path):
    opened = Engine(tmp_path / "store.sqlite")
    opened.open()
    yield opened
    opened.close()


class TestEquivalence:
    @pytest.fixture(autouse=True)
    def small_collections_count_as_large(self, monkeypatch):
        monkeypatch.setattr(documents, "_FEW", 0)
        monkeypatch.setattr(field_index, "_LONG", 0)

    @settings(
        max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(steps=STEPS, early=st.booleans(), final=CRITERIA, sort=SORTS)
    def test_answers_equal_those_of_plain_mongomock(self, engine, steps, early, final, sort):
        pair = Pair(engine)
        specs = [
            {"key": {"f": 1}, "name": "f"},
            {"key": {"f.g": 1}, "name": "g"},
            {"key": {"h": 1, "p": -1}, "name": "hp"},
        ]
        if early:
            pair.run({"createIndexes": "c", "indexes": specs})
        for name, *arguments in steps:
            getattr(pair, name)(*arguments)
        if not early:
            pair.run({"createIndexes": "c", "indexes": specs})
        for limit in (0, 1, 3):
            pair.query(final, sort, 0, limit)
        pair.query({}, [], 0, 0)
        assert pair.run({"count": "c", "query": final})["n"] == pair.plain.count_documents(final)
        in_memory = found(pair.run({"find": "c"}))
        engine.forget()
        assert sorted(found(pair.run({"find": "c"}))) == sorted(in_memory)


def test_claims_come_in_the_order_of_priority_then_of_insertion(engine):
    n_ready = 300
    insertion = [
        {"_id": i, "state": "READY", "spec": {"_priority": i % 3} if i % 4 else {}}
        for i in range(n_ready)
    ]
    engine.run([{"insert": "c", "documents": insertion, "$db": "db"}])
    expected = sorted(insertion, key=lambda d: -d["spec"].get("_priority", -1))
    claim = {"findAndModify": "c", "update": {"$set": {"state": "RESERVED"}}, "$db": "db"}
    claim |= {"query": {"state": "READY"}, "sort": {"spec._priority": -1}}
    claimed = [reply["value"]["_id"] for reply in engine.run([claim] * n_ready)]
    assert claimed == [document["_id"] for document in expected]
    assert engine.run([claim])[0]["value"] is None
