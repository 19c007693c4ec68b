"""Which job may run next, on flows of every shape jobflow knows."""

from __future__ import annotations

import pytest
from jobflow import Flow, Job, OnMissing
from jobflow.core.flow import get_flow
from jobflow.core.job import prepare_replace

from perolyte.execution.graph import JobGraph
from support.jobs import add


def ready_names(graph: JobGraph) -> list[str]:
    return sorted(node.job.name for node in graph.ready())


def named(name: str, *inputs: Job | int) -> Job:
    values = [item.output if isinstance(item, Job) else item for item in (*inputs, 0, 0)][:2]
    made = add(*values)
    made.name = name
    return made


def finish(graph: JobGraph, job: Job, *, index: int = 1, state: str = "done") -> None:
    node = graph.nodes[job.uuid, index]
    assert node in graph.ready(), f"{job.name} was not ready"
    node.state = state  # type: ignore[assignment]


def graph_of(*jobs: Job) -> JobGraph:
    graph = JobGraph()
    graph.add_flow(Flow(list(jobs)))
    return graph


def replacement(job: Job, *jobs: Job) -> Flow:
    """What jobflow makes of ``Response(replace=Flow(...))``: the last job stores the output."""
    return prepare_replace(Flow(list(jobs), output=jobs[-1].output), job)


def test_chain():
    a = named("a")
    b = named("b", a)
    graph = graph_of(a, b)
    assert ready_names(graph) == ["a"]
    finish(graph, a, state="running")
    assert ready_names(graph) == []
    graph.nodes[a.uuid, 1].state = "done"
    assert ready_names(graph) == ["b"]
    finish(graph, b)
    assert graph.ended
    assert graph.count("done") == 2


def test_diamond_waits_for_both_sides():
    a = named("a")
    left, right = named("left", a), named("right", a)
    end = named("end", left, right)
    graph = graph_of(a, left, right, end)
    finish(graph, a)
    assert ready_names(graph) == ["left", "right"]
    finish(graph, left)
    assert ready_names(graph) == ["right"]
    finish(graph, right)
    assert ready_names(graph) == ["end"]


def test_children_of_a_replaced_job_wait_for_the_last_replacement():
    a = named("a")
    child = named("child", a)
    graph = graph_of(a, child)
    inner = named("inner")
    finish(graph, a)
    graph.add_flow(replacement(a, inner), holds=a.uuid)
    assert ready_names(graph) == ["inner"]
    finish(graph, inner)
    assert ready_names(graph) == ["store_inputs"]
    finish(graph, a, index=2)
    assert ready_names(graph) == ["child"]


def test_children_wait_for_jobs_of_a_replacement_that_its_output_does_not_need():
    a = named("a")
    child = named("child", a)
    graph = graph_of(a, child)
    inner, aside = named("inner"), named("aside")
    finish(graph, a)
    graph.add_flow(replacement(a, aside, inner), holds=a.uuid)
    finish(graph, inner)
    finish(graph, a, index=2)
    assert ready_names(graph) == ["aside"]


def test_a_replacement_that_is_replaced():
    a = named("a")
    child = named("child", a)
    graph = graph_of(a, child)
    inner = named("inner")
    finish(graph, a)
    graph.add_flow(replacement(a, inner), holds=a.uuid)
    finish(graph, inner)
    innermost = named("innermost")
    graph.add_flow(replacement(inner, innermost), holds=inner.uuid)
    assert ready_names(graph) == ["innermost"]
    finish(graph, innermost)
    finish(graph, inner, index=2)
    finish(graph, a, index=2)
    assert ready_names(graph) == ["child"]


def test_replacement_by_one_job_keeps_the_uuid():
    a = named("a")
    child = named("child", a)
    graph = graph_of(a, child)
    finish(graph, a)
    second = prepare_replace(named("second"), a)
    graph.add_flow(Flow([second]), holds=a.uuid)
    assert ready_names(graph) == ["second"]
    finish(graph, a, index=2)
    assert ready_names(graph) == ["child"]


def test_detour_holds_the_children_back():
    a = named("a")
    child = named("child", a)
    graph = graph_of(a, child)
    finish(graph, a)
    graph.add_flow(Flow([extra := named("extra")]), holds=a.uuid)
    assert ready_names(graph) == ["extra"]
    finish(graph, extra)
    assert ready_names(graph) == ["child"]


def test_jobs_of_a_detour_may_use_the_output_of_the_job_that_made_them():
    a = named("a")
    child = named("child", a)
    graph = graph_of(a, child)
    finish(graph, a)
    first, second = named("first", a), named("second", a)
    graph.add_flow(Flow([first, second]), holds=a.uuid)
    assert ready_names(graph) == ["first", "second"]
    finish(graph, first)
    graph.add_flow(Flow([deeper := named("deeper", a)]), holds=first.uuid)
    assert ready_names(graph) == ["deeper", "second"]
    finish(graph, deeper)
    finish(graph, second)
    assert ready_names(graph) == ["child"]


def test_addition_does_not_hold_back():
    a = named("a")
    child = named("child", a)
    graph = graph_of(a, child)
    finish(graph, a)
    graph.add_flow(Flow([named("extra")]))
    assert ready_names(graph) == ["child", "extra"]
    finish(graph, child)
    assert not graph.ended


def test_failure_blocks_children_and_grandchildren_only():
    a, other = named("a"), named("other")
    child = named("child", a)
    graph = graph_of(a, other, child, named("grandchild", child))
    finish(graph, a, state="failed")
    assert ready_names(graph) == ["other"]
    finish(graph, other)
    assert graph.ended
    assert graph.count("blocked") == 2


def test_children_that_tolerate_missing_inputs_run():
    a = named("a")
    child = named("child", a)
    child.config.on_missing_references = OnMissing.NONE
    grandchild = named("grandchild", child)
    graph = graph_of(a, child, grandchild)
    finish(graph, a, state="failed")
    assert ready_names(graph) == ["child"]
    finish(graph, child)
    assert ready_names(graph) == ["grandchild"]


def test_failure_inside_a_replacement_reaches_the_job_that_stores_its_output():
    """jobflow makes that job tolerate missing inputs: the children get None, as anywhere else."""
    a = named("a")
    child = named("child", a)
    graph = graph_of(a, child)
    inner = named("inner")
    finish(graph, a)
    graph.add_flow(replacement(a, inner), holds=a.uuid)
    finish(graph, inner, state="failed")
    assert ready_names(graph) == ["store_inputs"]
    finish(graph, a, index=2)
    assert ready_names(graph) == ["child"]


@pytest.mark.parametrize("tolerant", [False, True])
def test_stop_children(tolerant):
    a = named("a")
    child = named("child", a)
    if tolerant:
        child.config.on_missing_references = OnMissing.NONE
    graph = graph_of(a, child, named("grandchild", child), named("other"))
    graph.stop_children(a.uuid)
    finish(graph, a)
    assert ready_names(graph) == ["other"]
    assert graph.count("blocked") == 2


def test_outside_references_are_left_to_the_store():
    outside = named("outside")
    inside = named("inside", outside)
    graph = JobGraph()
    graph.add_flow(get_flow(inside, allow_external_references=True))
    assert ready_names(graph) == ["inside"]
