"""Identities: the same work has the same uuids, other work has others, and nothing else changes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jobflow import Flow, Job, JobStore, Maker, OutputReference, job, run_locally
from maggma.stores import MemoryStore
from monty.json import MontyDecoder, MontyEncoder, MSONable

from perolyte.errors import ExecutionError
from perolyte.jobs import assign_identities
from perolyte.jobs.identity import identity_of
from perolyte.schemas import Provenance
from support.jobs import add

pytestmark = [
    # jobflow: independent jobs are the rule here; monty: jobflow changes directory with its cd
    pytest.mark.filterwarnings("ignore:Some jobs are not connected:UserWarning"),
    pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning"),
]


@job
def note(text, **extra):
    return {"text": text, **extra}


@job
def total(values):
    return sum(values)


@dataclass
class AddMaker(Maker):
    name: str = "add maker"
    step: int = 1
    settings: dict[str, Any] = field(default_factory=dict)

    @job
    def make(self, value):
        return value + self.step


@dataclass
class Adder(MSONable):
    """Not a maker, but its methods can be jobs as well."""

    step: int = 1

    @job
    def make(self, value):
        return value + self.step


@dataclass
class Wrapper(MSONable):
    """An object that hides what it holds."""

    content: Any


def nested(first: int = 1) -> Flow:
    a = add(first, 2)
    inner_job = add(a.output, 3)
    inner = Flow([inner_job], output=inner_job.output, name="inner")
    last = note("last", source=inner_job.uuid, value=inner.output, deep=[{"x": (a.output,)}])
    return Flow([a, inner, last], output={"sum": inner.output, "note": last.output["text"]})


def uuids(work: Flow | Job) -> list[str]:
    return list(work.job_uuids) if isinstance(work, Flow) else [work.uuid]


def test_the_same_flow_has_the_same_uuids():
    first, second = assign_identities(nested()), assign_identities(nested())
    assert uuids(first) == uuids(second)
    assert list(first.all_uuids) == list(second.all_uuids), "flows have identities too"
    assert first.uuid == second.uuid
    assert len(set(first.all_uuids)) == 4


def test_other_inputs_give_other_uuids_downstream_only():
    base, other = uuids(assign_identities(nested(1))), uuids(assign_identities(nested(5)))
    assert not set(base) & set(other), "every job depends on the first"
    alone = [add(1, 1), add(2, 2)]
    changed = [add(1, 1), add(2, 3)]
    first, second = uuids(assign_identities(Flow(alone))), uuids(assign_identities(Flow(changed)))
    assert first[0] == second[0]
    assert first[1] != second[1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (add(1, 2), add(2, 1)),
        (add(1, 2), add(1.5, 2)),
        (add(1, 2), add("1", 2)),
        (note("x"), note("x", flag=True)),
        (note("x", flag=True), note("x", flag=None)),
        (add(1, 2), total([1, 2])),
        (AddMaker().make(1), AddMaker(step=2).make(1)),
        (AddMaker().make(1), AddMaker(settings={"a": 1}).make(1)),
        (Adder().make(1), Adder(step=2).make(1)),
        (Adder().make(1), AddMaker().make(1)),
    ],
)
def test_whatever_changes_the_result_changes_the_uuid(one: Job, other: Job):
    assert identity_of(one) != identity_of(other)


def test_names_metadata_and_times_do_not_matter():
    one, other = add(1, 2), add(1, 2)
    other.name, other.metadata = "another name", {"tag": 1}
    assert identity_of(one) == identity_of(other)
    early = Provenance(perolyte_version="1", created_at="2020-01-01T00:00:00Z")
    late = Provenance(perolyte_version="1", created_at="2030-01-01T00:00:00Z")
    assert early != late
    assert identity_of(note(early)) == identity_of(note(late))
    older = {"@module": "x", "@class": "Y", "@version": "1", "value": 1}
    assert identity_of(note([older])) == identity_of(note([{**older, "@version": "2"}]))
    assert identity_of(note([older])) != identity_of(note([{**older, "value": 2}]))


def test_order_of_keys_does_not_matter():
    assert identity_of(note({"a": 1, "b": 2})) == identity_of(note({"b": 2, "a": 1}))


def test_idempotent():
    flow = assign_identities(nested())
    before = list(flow.all_uuids)
    text = json.dumps(flow, cls=MontyEncoder)
    assert list(assign_identities(flow).all_uuids) == before
    assert json.dumps(flow, cls=MontyEncoder) == text


def test_everything_follows_the_new_names():
    flow = nested()
    old = set(flow.all_uuids) | {flow.uuid}
    assign_identities(flow)
    text = json.dumps(flow, cls=MontyEncoder)
    assert not [uuid for uuid in old if uuid in text], "no old uuid is left anywhere"
    a, inner, last = flow.jobs
    middle = inner.jobs[0]
    assert middle.function_args[0].uuid == a.uuid
    assert last.function_kwargs["source"] == middle.uuid, "a uuid given as a string"
    assert last.function_kwargs["value"].uuid == middle.uuid
    assert last.function_kwargs["deep"][0]["x"][0].uuid == a.uuid
    assert isinstance(last.function_kwargs["deep"][0]["x"], tuple)
    assert flow.output["sum"].uuid == middle.uuid
    assert flow.output["note"].uuid == last.uuid
    assert flow.output["note"].attributes == (("i", "text"),)
    assert inner.output.uuid == middle.uuid
    assert inner.hosts == [flow.uuid]
    assert middle.hosts == [inner.uuid, flow.uuid]
    assert all(item.output.uuid == item.uuid for item in (a, middle, last))


def test_uuids_are_uuids():
    for uuid in assign_identities(nested()).all_uuids:
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid)


def test_single_job():
    one, other = assign_identities(add(1, 2)), assign_identities(add(1, 2))
    assert one.uuid == other.uuid
    assert one.output.uuid == one.uuid
    outside = OutputReference("11111111-1111-1111-1111-111111111111")
    assert assign_identities(add(outside, 1)).function_args[0].uuid == outside.uuid


def test_json_round_trip():
    flow = assign_identities(nested())
    again = json.loads(json.dumps(flow, cls=MontyEncoder), cls=MontyDecoder)
    assert list(again.all_uuids) == list(flow.all_uuids)
    assert again.uuid == flow.uuid
    assert again.jobs[1].output.uuid == flow.jobs[1].output.uuid
    assert list(assign_identities(again).all_uuids) == list(flow.all_uuids)


def test_json_before_naming_gives_the_same_names():
    flow = json.loads(json.dumps(nested(), cls=MontyEncoder), cls=MontyDecoder)
    assert uuids(assign_identities(flow)) == uuids(assign_identities(nested()))


def test_duplicates_are_told_apart_the_same_way_every_time():
    """Twins come with children of their own: which twin is which must not depend on chance."""

    def build() -> Flow:
        twins = [add(1, 2) for _ in range(4)]
        children = [note(f"child {index}", value=twin.output) for index, twin in enumerate(twins)]
        return assign_identities(Flow([*children, *twins]))

    reference = uuids(build())
    assert len(set(reference)) == 8
    for _ in range(10):
        assert uuids(build()) == reference


def test_flows_with_common_work_can_be_put_together():
    """Two flows named before may start with the same job: it keeps its one name."""

    def part(label: str) -> Flow:
        start = add(1, 2)
        end = note(label, value=start.output)
        return assign_identities(Flow([start, end], output=end.output, name=label))

    parts = [part("a"), part("b")]
    flow = assign_identities(Flow(parts, output=[p.output for p in parts]))
    assert uuids(flow) == [*uuids(part("a")), *uuids(part("b"))]
    assert flow.jobs[0].jobs[0].uuid == flow.jobs[1].jobs[0].uuid
    for inner in flow.jobs:
        assert [item.hosts for item in inner.jobs] == [[inner.uuid, flow.uuid]] * 2


@pytest.mark.parametrize("hide", [Wrapper, lambda ref: [{"x": Wrapper([ref])}]])
def test_hidden_references_are_refused(hide):
    first = note("first")
    second = note("x", value=hide(first.output["text"]))
    with pytest.raises(ExecutionError, match=r"'note' holds a reference inside an object") as info:
        assign_identities(Flow([first, second]))
    assert "\n" not in str(info.value)


def test_circular_references_are_refused():
    first = add(1, 2)
    second = add(first.output, 1)
    first.function_args = (second.output, 2)
    with pytest.raises(ExecutionError, match="circular"):
        assign_identities(Flow([first, second]))


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    """For each job, the earlier jobs whose outputs it adds up."""
    n_jobs = draw(st.integers(1, 6))
    return [draw(st.lists(st.integers(0, i - 1), max_size=3)) if i else [] for i in range(n_jobs)]


def build_graph(graph: list[list[int]], split: int) -> Flow:
    """Job ``i`` adds 2**i and its parents; the first ``split`` jobs sit in a flow of their own."""
    jobs: list[Job] = []
    for index, parents in enumerate(graph):
        jobs.append(total([2**index, *(jobs[parent].output for parent in parents)]))
    inner = Flow(jobs[:split], name="inner")
    return Flow([inner, *jobs[split:]], output=[item.output for item in jobs])


def run_outputs(flow: Flow, folder) -> list[int]:
    store = JobStore(MemoryStore())
    run_locally(flow, store=store, root_dir=folder, ensure_success=True, log=False)
    return [reference.resolve(store) for reference in flow.output]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(graph=graphs(), data=st.data())
def test_results_are_the_same_under_the_new_names(graph, data, tmp_path):
    split = data.draw(st.integers(1, len(graph)))
    expected: list[int] = []
    for index, parents in enumerate(graph):
        expected.append(2**index + sum(expected[parent] for parent in parents))
    assert run_outputs(build_graph(graph, split), tmp_path) == expected
    named = assign_identities(build_graph(graph, split))
    assert uuids(named) == uuids(assign_identities(build_graph(graph, split)))
    assert run_outputs(named, tmp_path) == expected
