"""Which job may run next: the state of a flow that grows while it runs."""

from __future__ import annotations

import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from jobflow import Flow, Job, OnMissing

__all__ = ["JobGraph", "Node", "NodeKey"]

NodeKey = tuple[str, int]
State = Literal["waiting", "running", "done", "failed", "blocked"]
_ENDED = frozenset({"done", "failed", "blocked"})


@dataclass
class Node:
    """A job with the uuids it waits for, and those of the jobs that diverted to it."""

    job: Job
    parents: frozenset[str]
    held_from: frozenset[str] = frozenset()
    state: State = "waiting"
    reused: bool = False
    error: str | None = None

    @property
    def key(self) -> NodeKey:
        """Uuid and index: a job that replaces itself keeps its uuid and raises the index."""
        return self.job.uuid, self.job.index


@dataclass
class JobGraph:
    """Jobs and their states.

    A job that answers with further jobs (jobflow's ``replace`` and ``detour``) holds its children
    back until those are ended too; an ``addition`` holds nobody back.
    """

    nodes: dict[NodeKey, Node] = field(default_factory=dict)
    _by_uuid: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    _held_by: dict[str, set[NodeKey]] = field(default_factory=lambda: defaultdict(set))
    _stopped: set[str] = field(default_factory=set)

    def add_flow(self, flow: Flow, *, holds: str | None = None) -> list[Node]:
        """Add the jobs of a flow; with ``holds``, that uuid's children wait for them.

        The added jobs themselves do not wait for that uuid: its output is there already.
        """
        holders: frozenset[str] = frozenset()
        if holds is not None:
            holders = frozenset({holds}).union(*(node.held_from for node in self._by_uuid[holds]))
        added = []
        with warnings.catch_warnings():
            # independent jobs are the rule here, and their order does not matter
            warnings.filterwarnings("ignore", message="Some jobs are not connected")
            jobs = list(flow.iterflow()) if flow.jobs else []  # jobflow iterates over no empty flow
        for job, parents in jobs:
            node = Node(job, frozenset(parents) - {job.uuid} - holders, holders)
            self.nodes[node.key] = node
            self._by_uuid[job.uuid].append(node)
            added.append(node)
            if holds is not None:
                self._held_by[holds].add(node.key)
        return added

    def stop_children(self, uuid: str) -> None:
        """Mark that a job asked for its children not to run."""
        self._stopped.add(uuid)

    def ready(self) -> list[Node]:
        """Return the jobs that may run now, after blocking those that never can."""
        found: list[Node] = []
        changed = True
        while changed:
            changed = False
            found = []
            for node in self.nodes.values():
                if node.state != "waiting" or not all(map(self._settled, node.parents)):
                    continue
                if self._must_not_run(node):
                    node.state, changed = "blocked", True
                else:
                    found.append(node)
        return found

    def count(self, *states: State) -> int:
        """Count the jobs in any of these states."""
        return sum(node.state in states for node in self.nodes.values())

    @property
    def ended(self) -> bool:
        """Whether every job has ended."""
        return all(node.state in _ENDED for node in self.nodes.values())

    def _settled(self, uuid: str, _seen: frozenset[str] = frozenset()) -> bool:
        own = self._by_uuid.get(uuid, [])
        if not all(node.state in _ENDED for node in own):
            return False
        held = {key for key in self._held_by.get(uuid, ()) if key[0] != uuid}
        seen = _seen | {uuid}
        return all(self._settled(key[0], seen) for key in held if key[0] not in seen)

    def _must_not_run(self, node: Node) -> bool:
        if self._stopped & node.parents:
            self._stopped.add(node.job.uuid)
            return True
        needs_all = node.job.config.on_missing_references == OnMissing.ERROR
        return needs_all and any(self._has_no_output(uuid) for uuid in node.parents)

    def _has_no_output(self, uuid: str) -> bool:
        own = self._by_uuid.get(uuid, [])
        return bool(own) and max(own, key=lambda node: node.job.index).state != "done"
