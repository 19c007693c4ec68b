"""What jobflow and users of a JobStore rely on, the same on every kind of store."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from jobflow import Flow, JobOrder, JobStore, Response, job, run_locally
from monty.json import MontyDecoder, MontyEncoder

from perolyte.stores import find_complete_output, open_store

FRAMES = [[[0.5, 1.5, -2.0]] * 4] * 10


@job(data="frames")
def simulate(n):
    return {"schema_name": "TrajectoryDoc", "n": n, "frames": FRAMES}


@job
def measure(frames):
    return {"n_frames": len(frames), "first": frames[0][0][0]}


@job
def expand(n):
    return Response(replace=Flow([simulate(i) for i in range(n)], order=JobOrder.LINEAR))


def test_update_replaces_the_document_with_the_same_key(store):
    store.update({"uuid": "a", "index": 1, "output": 1})
    store.update([{"uuid": "a", "index": 1, "output": 2}, {"uuid": "a", "index": 2, "output": 3}])
    assert store.count() == 2
    assert store.query_one({"uuid": "a", "index": 1})["output"] == 2


def test_update_with_the_same_key_twice_in_one_call_keeps_the_last(store):
    documents = [{"uuid": "a", "index": 1, "output": value} for value in range(5)]
    for document in documents:
        store.update(document)
    store.docs_store.update(documents, key=["uuid", "index"])
    assert [found["output"] for found in store.query()] == [4]


def test_queries(store):
    store.update(
        [
            {"uuid": f"u{i}", "index": 1, "output": {"value": i, "parity": i % 2}, "tags": [i, "x"]}
            for i in range(10)
        ]
    )
    assert store.count({"output.value": {"$gte": 7}}) == 3
    found = list(store.query({"output.parity": 0}, ["output.value"], sort={"output.value": -1}))
    assert [document["output"]["value"] for document in found] == [8, 6, 4, 2, 0]
    assert all("tags" not in document for document in found)
    page = store.query(sort={"output.value": 1}, skip=2, limit=3)
    assert [document["uuid"] for document in page] == ["u2", "u3", "u4"]
    assert {d["uuid"] for d in store.query({"uuid": {"$in": ["u1", "u4", "no"]}})} == {"u1", "u4"}
    assert store.query_one({"tags": 3})["uuid"] == "u3"
    assert sorted(store.docs_store.distinct("output.parity")) == [0, 1]
    assert store.docs_store.distinct("output.value", {"uuid": "u6"}) == [6]
    sizes = {g["output"]["parity"]: len(ds) for g, ds in store.groupby("output.parity")}
    assert sizes == {0: 5, 1: 5}


def test_a_returned_document_is_a_copy(store):
    store.update({"uuid": "a", "index": 1, "output": {"list": [1, {"x": 1}]}})
    for properties in (None, ["output"], ["output.list"]):
        found = store.query_one({"uuid": "a"}, properties)
        found["output"]["list"][1]["x"] = 99
    assert store.query_one({"uuid": "a"})["output"]["list"] == [1, {"x": 1}]


def test_remove_docs_takes_the_blobs_along(store):
    for name in ("a", "b"):
        store.update(
            {"uuid": name, "index": 1, "output": {"frames": FRAMES}}, save={"data": "frames"}
        )
    blobs = store.additional_stores["data"]
    assert blobs.count() == 2
    store.remove_docs({"uuid": "a"})
    assert [document["uuid"] for document in store.query()] == ["b"]
    assert blobs.count() == 1
    assert store.query_one({"uuid": "b"}, load=True)["output"]["frames"] == FRAMES


def test_last_updated(store):
    now = dt.datetime(2030, 1, 2, 3, 4, 5, 678000)  # noqa: DTZ001 (stores hold naive UTC)
    store.update({"uuid": "a", "index": 1, "last_updated": now})
    assert store.docs_store.last_updated == now


def test_two_stores_see_each_other(address):
    one, two = open_store(address), open_store(address)
    try:
        one.update({"uuid": "a", "index": 1, "output": {"frames": [1.0]}}, save={"data": "frames"})
        assert two.query_one({"uuid": "a"}, load=True)["output"] == {"frames": [1.0]}
        two.update({"uuid": "a", "index": 1, "output": 2})
        assert [document["output"] for document in one.query({"uuid": "a"})] == [2]
        two.remove_docs({"uuid": "a"})
        assert one.count({"uuid": "a"}) == 0
        one.update({"uuid": "a", "index": 1, "output": 3})
        assert two.query_one({"uuid": "a"})["output"] == 3
    finally:
        one.close()
        two.close()


def test_a_serialised_store_opens_the_same_data(store):
    store.update({"uuid": "a", "index": 1, "output": {"frames": FRAMES}}, save={"data": "frames"})
    text = json.dumps(store, cls=MontyEncoder)
    for twin in (
        JobStore.from_dict(json.loads(text)),
        MontyDecoder().process_decoded(json.loads(text)),
    ):
        twin.connect()
        assert twin.query_one({"uuid": "a"}, load=True)["output"]["frames"] == FRAMES
        twin.close()


def test_a_closed_store_opens_again(store):
    store.update({"uuid": "a", "index": 1})
    store.close()
    store.connect()
    assert store.count({"uuid": "a"}) == 1


# jobflow's local runner changes folders with a function that monty deprecates
@pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning")
def test_jobflow_runs_on_it(store, tmp_path):
    first = simulate(3)
    second = measure(first.output["frames"])
    dynamic = expand(2)
    flow = Flow([first, second, dynamic], order=JobOrder.LINEAR)
    responses = run_locally(flow, store=store, root_dir=tmp_path, ensure_success=True)
    assert len(responses) == 5
    assert store.get_output(second.uuid) == {"n_frames": 10, "first": 0.5}
    reference = store.query_one({"uuid": first.uuid})["output"]["frames"]
    assert reference["store"] == "data"
    assert store.get_output(first.uuid, load=True)["frames"] == FRAMES
    assert find_complete_output(store, first.uuid)["output"]["n"] == 3


class TestFindCompleteOutput:
    def save(self, store, index):
        document = {
            "uuid": "a",
            "index": index,
            "output": {"n": index, "deep": [{"frames": FRAMES}]},
        }
        store.update(document, save={"data": "frames"})

    def test_unknown_job(self, store):
        assert find_complete_output(store, "nowhere") is None

    def test_document_without_blobs(self, store):
        store.update({"uuid": "a", "index": 1, "output": {"n": 1}})
        assert find_complete_output(store, "a")["output"] == {"n": 1}

    def test_newest_whole_document_wins(self, store):
        self.save(store, 1)
        self.save(store, 2)
        assert find_complete_output(store, "a")["index"] == 2

    def test_document_whose_blob_was_never_written_does_not_count(self, store):
        self.save(store, 1)
        self.save(store, 2)
        blobs = store.additional_stores["data"]
        blobs.remove_docs({"job_uuid": "a", "job_index": 2})
        assert find_complete_output(store, "a")["index"] == 1
        blobs.remove_docs({"job_uuid": "a", "job_index": 1})
        assert find_complete_output(store, "a") is None

    def test_blob_in_an_unknown_store_does_not_count(self, store):
        reference = {"blob_uuid": "b", "store": "elsewhere", "@class": "", "@module": ""}
        store.update({"uuid": "a", "index": 1, "output": {"x": reference}})
        assert find_complete_output(store, "a") is None

    def test_payloads_stay_where_they_are(self, store, monkeypatch):
        self.save(store, 1)
        blobs = store.additional_stores["data"]
        monkeypatch.setattr(blobs, "query", lambda *a, **k: pytest.fail("payloads were queried"))
        document = find_complete_output(store, "a")
        assert set(document["output"]["deep"][0]["frames"]) >= {"blob_uuid", "store"}
