"""Compute the barriers of one file after the other, or of several at once in processes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from perolyte.child_processes import ProcessPool
from perolyte.cli.bvse_files import SideFiles, write_side_files
from perolyte.errors import InputError
from perolyte.jobs.bvse import BvseRun, run_bvse
from perolyte.jobs.provenance import make_provenance
from perolyte.schemas import BvseDoc, BvseSettings
from perolyte.sources import hash_file
from perolyte.sources.folder import load_file

__all__ = ["Answer", "Request", "Task", "answer_all"]

_GB = 1e-9
_NAME_LIMIT = 300


@dataclass(frozen=True)
class Request:
    """What is asked of every file."""

    ion: str
    settings: BvseSettings
    find_hops: bool
    oxidation_states: Mapping[str, float] = field(default_factory=dict)
    side_files: SideFiles | None = None


@dataclass(frozen=True)
class Task:
    """One file: where it is, what it is called, and how the names of its results begin."""

    path: Path
    name: str
    stem: str


@dataclass(frozen=True)
class Answer:
    """The document of a file, and the files written beside it (relative to the output)."""

    document: BvseDoc
    files: tuple[str, ...] = ()


def answer_all(tasks: Sequence[Task], request: Request, n_workers: int) -> Iterator[Answer]:
    """Yield the answers in the order of the files.

    A file that ends its process, for want of memory, is rejected and costs no other file.

    Raises
    ------
    StoreError
        When a file cannot be written.
    """
    if n_workers == 1:
        for task in tasks:
            yield answer_one(task, request, _share_memory(1))
        return
    done: dict[int, Answer] = {}
    n_yielded = 0
    while n_yielded < len(tasks):
        with ProcessPool(n_workers, _start_worker) as processes:
            rest = [i for i in range(n_yielded, len(tasks)) if i not in done]
            futures = {
                i: processes.submit(answer_one, tasks[i], request, _share_memory(n_workers))
                for i in rest
            }
            try:
                while n_yielded < len(tasks):
                    if n_yielded not in done:
                        done[n_yielded] = futures.pop(n_yielded).result()
                    yield done.pop(n_yielded)
                    n_yielded += 1
            except BrokenProcessPool:
                for i, future in futures.items():
                    if future.done() and future.exception() is None:
                        done[i] = future.result()
        # one of the first that are not done was it: each of them gets a process of its own
        for i in [i for i in range(n_yielded, len(tasks)) if i not in done][: 2 * n_workers]:
            done[i] = _answer_alone(tasks[i], request, n_workers)


def answer_one(task: Task, request: Request, memory_limit_GB: float) -> Answer:
    """Read a file, compute its barriers, write what belongs to them."""
    try:
        run = _run(task, request, memory_limit_GB)
    except InputError as error:
        return Answer(_reject(task, request, str(error)))
    except Exception as error:  # noqa: BLE001 (many other files are waiting)
        text = f"{type(error).__name__}: {error}"[:_NAME_LIMIT]
        return Answer(_reject(task, request, f"stopped the program ({text}); please report it"))
    if request.side_files is None or run.energies is None:
        return Answer(run.document)
    files, notes = write_side_files(run, task.stem, request.side_files)
    document = run.document.model_copy(update={"warnings": [*run.document.warnings, *notes]})
    return Answer(document, tuple(files))


def _run(task: Task, request: Request, memory_limit_GB: float) -> BvseRun:
    loaded = load_file(str(task.path))
    run = run_bvse(
        loaded.structure,
        request.ion,
        name=task.name,
        settings=request.settings,
        find_hops=request.find_hops,
        oxidation_states=request.oxidation_states,
        source=task.name,
        input_hash=loaded.sha256,
        memory_limit_GB=memory_limit_GB,
    )
    remarks = [text for _, text in loaded.warnings]
    document = run.document.model_copy(update={"warnings": [*remarks, *run.document.warnings]})
    return BvseRun(document, run.energies, run.percolation, run.network)


def _reject(task: Task, request: Request, reason: str) -> BvseDoc:
    """Return the document of a file that holds no structure, or not for long."""
    return BvseDoc(
        name=task.name,
        status="rejected",
        reasons=[" ".join(reason.split())],
        provenance=make_provenance(input_hash=hash_file(task.path)),
        formula="",
        structure=None,
        ion=request.ion,
        settings=request.settings,
        source=task.name,
    )


def _share_memory(n_workers: int) -> float:
    """Half of the physical memory, shared by the processes, in GB."""
    return 0.5 * _GB * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / n_workers


def _answer_alone(task: Task, request: Request, n_workers: int) -> Answer:
    with ProcessPool(1, _start_worker) as processes:
        try:
            return processes.submit(answer_one, task, request, _share_memory(n_workers)).result()
        except BrokenProcessPool:
            text = "ended the process that computed it; is there enough memory? use fewer --workers"
            return Answer(_reject(task, request, text))


def _start_worker() -> None:
    warnings.simplefilter("ignore")  # what matters of them is in the documents
