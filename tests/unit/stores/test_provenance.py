"""Where a number comes from."""

from __future__ import annotations

import json

import pytest
from jobflow import Flow, Response, job

from perolyte.errors import StoreError
from perolyte.execution.outbox import KeepingStore
from perolyte.execution.running import run_one
from perolyte.jobs import assign_identities
from perolyte.stores import Results


@job
def read(name):
    provenance = {"perolyte_version": "1", "seed": 5, "input_hash": "f" * 64}
    return {
        "schema_name": "CandidateSetDoc",
        "name": name,
        "status": "converged",
        "campaign": "llto",
        "provenance": provenance,
        "numbers": [1, 2, 3],
    }


@job
def spread(found):
    parts = [relax(number) for number in found["numbers"]]
    output = [part.output for part in parts]
    return Response(replace=assign_identities(Flow(parts, output=output)))


@job
def relax(number):
    provenance = {"perolyte_version": "1", "potential": {"name": "chgnet"}}
    return {"schema_name": "RelaxDoc", "name": f"r{number}", "provenance": provenance, "e": number}


@job
def total(found, also):
    return {"name": "sum", "sum": sum(part["e"] for part in found), "also": also["name"]}


def run(flow, store):
    """Run a flow in this process, following replacements."""
    for task, _ in list(flow.iterflow()):
        response = run_one(task, KeepingStore(store))
        if response.replace is not None:
            run(response.replace, store)


@pytest.fixture
def flow(store):
    first = read("candidates")
    middle = spread(first.output)
    flow = Flow([first, middle, last := total(middle.output, first.output)], output=last.output)
    flow = assign_identities(flow)
    flow.update_metadata({"campaign_file_sha256": "c" * 64})
    run(flow, store)
    return flow


@pytest.fixture
def graph(flow, store):
    return Results(store).provenance(flow.output.uuid)


def name_of(graph):
    return {node.key: node.name for node in graph.nodes}


def relations(graph):
    names = name_of(graph)
    return {(names[e.source], e.relation, names[e.target]) for e in graph.edges}


def test_every_step_up_to_the_files(graph):
    found = relations(graph)
    assert ("candidates", "used", "sum") in found
    assert ("candidates", "used", "spread") in found
    assert {("spread", "made", f"r{n}") for n in (1, 2, 3)} <= found
    kinds = [node.kind for node in graph.nodes]
    assert kinds.count("structure") == kinds.count("campaign") == 1
    assert graph.nodes[0].key == graph.root
    sources = {edge.source for edge in graph.edges}
    assert sources | {graph.root} == {node.key for node in graph.nodes}


def test_nodes_say_what_made_them(graph):
    nodes = {node.name: node for node in graph.nodes if node.kind == "document"}
    assert nodes["r2"].potential == "chgnet"
    assert nodes["candidates"].seed == 5
    assert nodes["candidates"].version == "1"
    assert nodes["candidates"].schema == "CandidateSetDoc"
    files = {node.kind: node.sha256 for node in graph.nodes if node.kind != "document"}
    assert files == {"structure": "f" * 64, "campaign": "c" * 64}


def test_forms(graph):
    table = graph.to_frame()
    assert len(table) == len(graph.nodes)
    used_by = dict(zip(table["name"], table["used_by"], strict=True))
    assert used_by["sum"] == []
    text = graph.to_text()
    assert text.splitlines()[0].startswith("job sum")
    assert text.count("RelaxDoc r1 (potential chgnet") == 1
    assert "(above)" in text
    assert graph.to_text(max_lines=3).count("\n") == 3
    assert graph.to_mermaid().count("-->") == len(graph.edges)
    assert json.loads(json.dumps(graph.to_dict()))["root"] == graph.root


def test_parent_that_is_gone(flow, store):
    store.remove_docs({"uuid": flow.jobs[0].uuid})
    graph = Results(store).provenance(flow.output.uuid)
    missing = [node for node in graph.nodes if node.kind == "missing"]
    assert [node.uuid for node in missing] == [flow.jobs[0].uuid]


def test_document_without_record(store):
    store.update({"uuid": "old", "index": 1, "name": "n", "output": 3.0})
    graph = Results(store).provenance("old")
    assert [node.name for node in graph.nodes] == ["n"]
    assert graph.edges == ()


def test_unknown_job(store):
    with pytest.raises(StoreError, match="no document of job nobody"):
        Results(store).provenance("nobody")


def test_start_of_a_uuid_is_enough(flow, store):
    results = Results(store)
    assert results.provenance(flow.output.uuid[:8]).root == f"{flow.output.uuid}#1"
    store.update({"uuid": flow.output.uuid[:8] + "x", "index": 1, "output": 1})
    with pytest.raises(StoreError, match="2 jobs begin with"):
        results.provenance(flow.output.uuid[:8])
