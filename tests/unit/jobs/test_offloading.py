"""Large inputs beside the jobs: small documents, the same identities, the same results."""

from __future__ import annotations

import json

import numpy as np
import pytest
from jobflow import Flow, JobStore, job
from maggma.stores import MemoryStore
from monty.json import MontyEncoder
from pymatgen.core import Lattice, Structure

from perolyte.errors import StoreError
from perolyte.execution.outbox import KeepingStore
from perolyte.execution.running import run_one
from perolyte.jobs import assign_identities, offload_inputs
from perolyte.schemas import CandidateSetDoc
from perolyte.stores import Results, open_store
from support.documents import make_candidate, make_candidate_set

CELL = Structure(Lattice.cubic(4.1), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
LIMIT = 2000


@job
def count(structures, names=None, *, found=None):
    assert all(isinstance(structure, Structure) for structure in structures)
    n_found = 0 if found is None else len(found.candidates)
    return {"n": len(structures), "names": names, "n_found": n_found}


@job
def double(values, extra=None):
    return {"sum": sum(values) * 2, "extra": extra}


@pytest.fixture
def store(tmp_path):
    opened = open_store(tmp_path / "store")
    yield opened
    opened.close()


def size_of(work):
    return len(json.dumps(work, cls=MontyEncoder))


def build():
    first = double(list(range(2000)))
    second = double([1, 2], extra={"first": first.output["sum"], "table": [0.5] * 3000})
    return assign_identities(Flow([first, second, count([CELL] * 40, names="n")]))


def test_jobs_become_small_and_stay_the_same(store):
    plain, flow = build(), build()
    assert size_of(flow) > 30_000
    offload_inputs(flow, store, limit_bytes=LIMIT)
    assert [j.uuid for j in flow.jobs] == [j.uuid for j in plain.jobs]
    assert [j.name for j in flow.jobs] == [j.name for j in plain.jobs]
    for slim in flow.jobs:
        assert len(json.dumps([slim.function_args, slim.function_kwargs], cls=MontyEncoder)) < 2500
    # the reference to the other job is still there for whoever orders the jobs
    assert plain.jobs[0].uuid in flow.jobs[1].input_uuids


def test_results_are_the_same(store, tmp_path):
    flow = offload_inputs(build(), store, limit_bytes=LIMIT)
    outputs = [run_one(j, KeepingStore(store)).output for j in flow.jobs]
    assert outputs[0] == {"sum": sum(range(2000)) * 2, "extra": None}
    assert outputs[1]["extra"] == {"first": outputs[0]["sum"], "table": [0.5] * 3000}
    assert outputs[2] == {"n": 40, "names": "n", "n_found": 0}


def test_documents_and_arrays_arrive_as_they_are(store):
    found = make_candidate_set(*(make_candidate(f"c{i}", "parent") for i in range(4)))
    task = offload_inputs(count([CELL], found=found), store, limit_bytes=100)
    assert size_of(task) < 2000
    task.resolve_args(store)
    arrived = task.function_kwargs["found"]
    assert isinstance(arrived, CandidateSetDoc)
    assert arrived == found
    array = np.arange(500.0)
    task = offload_inputs(double(array), store, limit_bytes=100)
    task.resolve_args(store)
    np.testing.assert_array_equal(task.function_args[0], array)


def test_same_input_is_stored_once(store):
    offload_inputs(build(), store, limit_bytes=LIMIT)
    blobs = store.additional_stores["data"]
    n_blobs, n_documents = blobs.count(), store.count()
    offload_inputs(build(), store, limit_bytes=LIMIT)
    assert (blobs.count(), store.count()) == (n_blobs, n_documents)


def test_input_whose_data_are_gone_is_stored_again(store):
    offload_inputs(build(), store, limit_bytes=LIMIT)
    store.additional_stores["data"].remove_docs({})
    flow = offload_inputs(build(), store, limit_bytes=LIMIT)
    assert run_one(flow.jobs[2], KeepingStore(store)).output["n"] == 40


def test_small_inputs_stay(store):
    flow = offload_inputs(build(), store)
    assert store.count() == 0
    assert flow.jobs[0].function_args == (list(range(2000)),)


def test_only_the_largest_go(store):
    task = offload_inputs(count([CELL] * 40, names="short"), store, limit_bytes=LIMIT)
    assert task.function_kwargs == {"names": "short"}


def test_inputs_are_in_the_provenance(store):
    flow = offload_inputs(build(), store, limit_bytes=LIMIT)
    run_one(flow.jobs[2], KeepingStore(store))
    graph = Results(store).provenance(flow.jobs[2].uuid)
    assert [node.kind for node in graph.nodes] == ["document", "input"]


def test_store_without_large_data_is_refused():
    plain = JobStore(MemoryStore())
    plain.connect()
    with pytest.raises(StoreError, match="no additional store 'data'"):
        offload_inputs(build(), plain)
