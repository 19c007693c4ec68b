"""Deterministic identity of jobs: the same work has the same uuid, whoever builds the flow.

jobflow gives every job a random uuid, so that a rebuilt flow finds none of its finished jobs. Here
the uuid is a hash of what the job does: its function, the maker it is a method of, its inputs (with
references named by the identity of the job they point to) and the version of perolyte.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import uuid as uuid_module
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from jobflow import Flow, Job
from jobflow.core.reference import OutputReference
from monty.json import MSONable, jsanitize
from pymatgen.core import Structure

from perolyte import __version__
from perolyte.errors import ExecutionError

__all__ = ["assign_identities", "identify_structure", "identity_of"]

_NAMESPACE = uuid_module.UUID("6f1d0c3e-9b0a-5a52-8f1e-3f6f3a0f7c11")
_VOLATILE_KEYS = frozenset({"@version", "created_at"})
"""Keys that say when or by which release an input was written, not what it is."""


Work = TypeVar("Work", Flow, Job)


def assign_identities(work: Work) -> Work:
    """Give every job of a flow its deterministic uuid, in place, and return the flow.

    Call it on a finished flow, after powerups and ``update_kwargs``. Calling it twice changes
    nothing. Jobs with equal content in one flow are told apart by a count.

    Parameters
    ----------
    work
        A flow or a single job.

    Returns
    -------
    Flow or Job
        The same object.

    Examples
    --------
    >>> from jobflow import Flow, job
    >>> @job
    ... def add(a, b):
    ...     return a + b
    >>> def build():
    ...     first = add(1, 2)
    ...     return Flow([first, add(first.output, 3)])
    >>> first, second = assign_identities(build()), assign_identities(build())
    >>> list(first.job_uuids) == list(second.job_uuids)
    True
    """
    renamed: dict[str, str] = {}
    seen: dict[str, int] = {}
    for same in _in_order(_list_jobs(work)):
        for job in same:
            job.function_args = tuple(_rename(value, renamed) for value in job.function_args)
            job.function_kwargs = {
                key: _rename(value, renamed) for key, value in job.function_kwargs.items()
            }
        base = identity_of(same[0])
        count = seen[base] = seen.get(base, -1) + 1
        new = base if count == 0 else str(uuid_module.uuid5(_NAMESPACE, f"{base}#{count}"))
        renamed[same[0].uuid] = new
        for job in same:
            job.set_uuid(new)
    if isinstance(work, Flow):
        _rename_flows(work, renamed)
    return work


def identity_of(job: Job) -> str:
    """Return the uuid that a job's content gives it; its references must be renamed already."""
    function = getattr(job.function, "original", job.function)
    owner = getattr(job.function, "__self__", None)
    content = {
        "function": f"{function.__module__}.{function.__qualname__}",
        "maker": owner.as_dict() if isinstance(owner, MSONable) else None,
        "args": job.function_args,
        "kwargs": job.function_kwargs,
        "perolyte": __version__,
    }
    plain = _strip_volatile(jsanitize(content, strict=True, enum_values=True))
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return str(uuid_module.uuid5(_NAMESPACE, hashlib.sha256(text.encode()).hexdigest()))


def identify_structure(structure: Structure) -> str:
    """Return a uuid that follows from the cell and its atoms, whatever their order in the list.

    Lengths are rounded to 1e-4 Å, fractional coordinates to 1e-5: rounding in another program
    does not make another structure.
    """
    # sites share their species in cells that were made here: each is named once
    ions = {id(site.species): site for site in structure}
    names = {key: site.species_string for key, site in ions.items()}
    places = (np.round(np.mod(structure.frac_coords, 1.0), 5) % 1.0).tolist()
    sites = sorted(
        (names[id(site.species)], *place) for site, place in zip(structure, places, strict=True)
    )
    matrix = np.round(structure.lattice.matrix, 4) + 0.0  # no negative zeros
    text = json.dumps({"matrix": matrix.tolist(), "sites": sites}, separators=(",", ":"))
    return str(uuid_module.uuid5(_NAMESPACE, hashlib.sha256(text.encode()).hexdigest()))


def _list_jobs(work: Flow | Job) -> list[Job]:
    """List jobs in the order in which they were put into the flow."""
    if isinstance(work, Job):
        return [work]
    return [job for child in work.jobs for job in _list_jobs(child)]


def _in_order(jobs: list[Job]) -> Iterator[list[Job]]:
    """Yield jobs after those they refer to, else as listed; jobs with one uuid come together.

    jobflow's own order of independent jobs follows their random uuids. Jobs share a uuid when
    flows that were given their identities before do the same work: jobflow runs it once.
    """
    same: dict[str, list[Job]] = {}
    for job in jobs:
        same.setdefault(job.uuid, []).append(job)
    position = {uuid: index for index, uuid in enumerate(same)}
    waits_for = {uuid: set(found[0].input_uuids) & set(same) for uuid, found in same.items()}
    children: dict[str, list[str]] = {uuid: [] for uuid in same}
    for uuid, parents in waits_for.items():
        for parent in parents:
            children[parent].append(uuid)
    ready = [(position[uuid], uuid) for uuid, parents in waits_for.items() if not parents]
    n_found = 0
    while ready:
        _, uuid = heapq.heappop(ready)
        n_found += 1
        yield same[uuid]
        for child in children[uuid]:
            waits_for[child].remove(uuid)
            if not waits_for[child]:
                heapq.heappush(ready, (position[child], child))
    if n_found < len(same):
        raise ExecutionError("jobs of the flow wait for each other; remove the circular reference")


def _rename(value: Any, renamed: Mapping[str, str]) -> Any:
    """Point references, and strings that are a uuid, to the new names."""
    if isinstance(value, OutputReference):
        return value.set_uuid(renamed.get(value.uuid, value.uuid), inplace=False)
    if isinstance(value, str):
        return renamed.get(value, value)
    if isinstance(value, list):
        return [_rename(item, renamed) for item in value]
    if isinstance(value, tuple):
        return tuple(_rename(item, renamed) for item in value)
    if isinstance(value, dict):
        return {key: _rename(item, renamed) for key, item in value.items()}
    return value


def _rename_flows(flow: Flow, renamed: dict[str, str]) -> None:
    """Name flows after their jobs, and rewrite outputs and hosts to the new names."""
    nodes = _flows_innermost_first(flow)
    for node in nodes:
        text = node.name + "".join(sorted(node.job_uuids))
        renamed[node.uuid] = str(uuid_module.uuid5(_NAMESPACE, text))
        node.uuid = renamed[node.uuid]
        if node.output is not None:
            node.output = _rename(node.output, renamed)
    jobs = _list_jobs(flow)
    items: list[Flow | Job] = [*nodes, *jobs]
    for item in items:
        item.hosts = [renamed.get(host, host) for host in item.hosts]
    stale_names = set(renamed) - set(renamed.values())
    for job in jobs:
        stale = set(job.input_uuids) & stale_names
        if stale:
            raise ExecutionError(
                f"job {job.name!r} holds a reference inside an object that cannot be renamed; pass "
                "references as plain arguments, or in lists and dicts"
            )


def _flows_innermost_first(flow: Flow) -> list[Flow]:
    nested = [
        node
        for child in flow.jobs
        if isinstance(child, Flow)
        for node in _flows_innermost_first(child)
    ]
    return [*nested, flow]


def _strip_volatile(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _strip_volatile(v) for k, v in value.items() if k not in _VOLATILE_KEYS}
    if isinstance(value, list):
        return [_strip_volatile(item) for item in value]
    return value
