"""An index may make a search faster, never change its answer."""

from __future__ import annotations

import mongomock_ng
from bson import ObjectId
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.stores.mirror import CollectionMirror

SCALARS = st.one_of(
    st.sampled_from(["a", "b", "c", 0, 1, 2, 1.0, 2.5, True, False, None]),
    st.sampled_from([ObjectId(b"0" * 12), ObjectId(b"1" * 12)]),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.fixed_dictionaries({"g": SCALARS}))
DOCUMENTS = st.fixed_dictionaries({"_id": st.integers(0, 6)}, optional={"f": VALUES, "h": SCALARS})
STEPS = st.lists(st.one_of(DOCUMENTS, st.integers(0, 6)), max_size=25)  # an integer: drop this id
CRITERIA = st.fixed_dictionaries(
    {},
    optional={
        "f": st.one_of(
            VALUES,
            st.builds(lambda values: {"$in": values}, st.lists(SCALARS, min_size=1, max_size=3)),
            st.builds(lambda value: {"$ne": value}, SCALARS),
        ),
        "f.g": SCALARS,
        "h": SCALARS,
    },
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, criteria=CRITERIA, early=st.booleans())
def test_narrowed_search_equals_full_search(steps, criteria, early):
    fields = ["f", "f.g"]
    mirror = CollectionMirror("docs", fields if early else [])
    plain = {}
    for step in steps:
        if isinstance(step, int):
            mirror.drop(step)
            plain.pop(step, None)
        else:
            mirror.put(step)
            plain[step["_id"]] = step
    for field in fields:
        mirror.add_index(field)
    reference = mongomock_ng.MongoClient()["db"]["docs"]
    if plain:
        reference.insert_many(list(plain.values()))
    expected = {document["_id"] for document in reference.find(criteria)}
    assert {document["_id"] for document in mirror.narrow(criteria).find(criteria)} == expected


def test_search_by_indexed_text_looks_at_few_documents():
    mirror = CollectionMirror("docs", ["uuid"])
    for i in range(100):
        mirror.put({"_id": i, "uuid": str(i)})
    assert mirror.narrow({"uuid": "7"}).count_documents({}) == 1
    assert mirror.narrow({"uuid": {"$in": ["7", "8", "x"]}}).count_documents({}) == 2
    assert mirror.narrow({"uuid": {"$ne": "7"}}).count_documents({}) == 100
