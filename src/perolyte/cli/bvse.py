"""``perolyte bvse``: structure files in, one row of barriers for each out."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from rich.console import Console

from perolyte.bvse import MapFormat
from perolyte.cli.bvse_files import DOCUMENTS, TABLE, SideFiles, claim_folder, name_stems
from perolyte.cli.bvse_store import BvseShelf
from perolyte.cli.bvse_table import JsonPrinter, LinePrinter, format_csv, make_entry, make_row
from perolyte.cli.bvse_worker import Answer, Request, Task, answer_all
from perolyte.cli.dopant_text import parse_counts
from perolyte.cli.ingest_progress import IngestProgress
from perolyte.cli.interruption import CommandInterruptedError
from perolyte.cli.result_folder import explain_writing
from perolyte.errors import InputError
from perolyte.files import replace_file
from perolyte.jobs.bvse_input import check_ion, make_settings
from perolyte.settings import default_n_workers
from perolyte.sources import hash_file, list_structure_files

__all__ = ["BvseOptions", "compute_barriers"]

FEW_FILES = 20
"""Up to so many are done before other processes have started."""


@dataclass(frozen=True)
class BvseOptions:
    """The options of the command, as they were given."""

    ion: str
    spacing_A: float = 0.1
    convention: str = "softbv"
    oxidation_states: str | None = None
    find_hops: bool = False
    as_json: bool = False
    output: Path | None = None
    export: str | None = None
    n_images: int | None = None
    has_figures: bool = False
    store: str | None = None
    n_workers: int | None = None


def compute_barriers(paths: Sequence[Path], options: BvseOptions) -> None:
    """Compute the barriers of files, show or write one row for each, and count them.

    Raises
    ------
    InputError
        When a path does not exist, there is no structure file, or an option makes no sense.
    StoreError
        When a file or the store cannot be written.
    CommandInterruptedError
        After Ctrl-C, when everything that was computed is written.
    """
    request = _make_request(options)
    files = list_structure_files(paths)
    if not files:
        listed = ", ".join(map(str, paths))
        raise InputError(f"no CIF or POSCAR file in {listed}; check the path")
    tasks = [
        Task(path, _plain(str(path)), stem)
        for path, stem in zip(files, name_stems(files), strict=True)
    ]
    # the answer for a machine stands alone on standard output
    notes = Console(stderr=True)
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        folder = None
        if options.output is not None:
            command = _describe_command(options, request, tasks)
            stems = [task.stem for task in tasks]
            stack.enter_context(claim_folder(options.output, command, stems))
            folder = stack.enter_context(_ResultFiles(options.output))
        shelf = stack.enter_context(BvseShelf(options.store, request)) if options.store else None
        printer: JsonPrinter | LinePrinter
        if options.as_json:
            printer = stack.enter_context(JsonPrinter(sys.stdout))
        else:
            names = [task.name for task in tasks]
            printer = stack.enter_context(
                LinePrinter(Console(soft_wrap=True), names, has_hops=options.find_hops)
            )
        progress = stack.enter_context(IngestProgress(notes, n_files=len(tasks), word="barriers"))
        answers = stack.enter_context(closing(_answer(tasks, request, shelf, options.n_workers)))
        try:
            for answer, is_reused in answers:
                if folder is not None:
                    folder.write(answer)
                printer.write(answer)
                _count(counts, answer, is_reused)
                progress.advance(counts)
        except KeyboardInterrupt:
            stack.close()
            raise CommandInterruptedError(_describe_rest(counts, len(tasks), options)) from None
    summary = notes if options.as_json else Console()
    summary.print(_summarise(counts, options), highlight=False, soft_wrap=True)


def _make_request(options: BvseOptions) -> Request:
    """Check the options together."""
    if options.output is None:
        for name, value in (
            ("--export", options.export),
            ("--neb-images", options.n_images),
            ("--figures", options.has_figures),
        ):
            if value:
                raise InputError(f"{name} writes files; say where with -o DIR")
    formats = get_args(MapFormat)
    export = next((known for known in formats if known == options.export), None)
    if options.export is not None and export is None:
        raise InputError(f"--export is {options.export!r}; choose one of {', '.join(formats)}")
    states = {}
    if options.oxidation_states is not None:
        states = parse_counts(
            options.oxidation_states, option="--oxidation-states", example="'Ti=4,O=-2'"
        )
    side_files = None
    if options.output is not None and (export or options.n_images or options.has_figures):
        side_files = SideFiles(options.output, export, options.n_images, options.has_figures)
    return Request(
        ion=check_ion(options.ion),
        settings=make_settings(convention=options.convention, spacing_A=options.spacing_A),
        find_hops=options.find_hops or options.n_images is not None or options.has_figures,
        oxidation_states=states,
        side_files=side_files,
    )


def _answer(
    tasks: Sequence[Task], request: Request, shelf: BvseShelf | None, n_workers: int | None
) -> Generator[tuple[Answer, bool]]:
    """Yield the answer for each file, and whether it came from the store."""
    # the maps that files are written from are not in the store
    known = shelf.find(tasks) if shelf is not None and request.side_files is None else {}
    rest = [task for task in tasks if task not in known]
    if n_workers is None:
        n_workers = 1 if len(rest) <= FEW_FILES else default_n_workers()
    fresh = answer_all(rest, request, max(1, min(n_workers, len(rest))))
    for task in tasks:
        if task in known:
            yield known[task], True
        else:
            answer = next(fresh)
            if shelf is not None:
                shelf.put(task, answer)
            yield answer, False


class _ResultFiles:
    """The table and the documents of a directory, written at the end or as far as it came."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: list[dict[str, Any]] = []
        self._entries: list[str] = []

    def __enter__(self) -> _ResultFiles:
        return self

    def write(self, answer: Answer) -> None:
        """Take one answer."""
        self._rows.append(make_row(answer))
        self._entries.append(json.dumps(make_entry(answer), allow_nan=False))

    def __exit__(self, *_: object) -> None:
        with explain_writing(self._folder):
            replace_file(self._folder / TABLE, format_csv(self._rows))
            replace_file(self._folder / DOCUMENTS, "[\n" + ",\n".join(self._entries) + "\n]\n")


def _describe_command(
    options: BvseOptions, request: Request, tasks: Sequence[Task]
) -> dict[str, Any]:
    """Return what belongs to a directory: only the same again may replace its results."""
    return {
        "ion": request.ion,
        "settings": request.settings.model_dump(),
        "hops": request.find_hops,
        "oxidation_states": dict(request.oxidation_states),
        "export": options.export,
        "neb_images": options.n_images,
        "figures": options.has_figures,
        "files": {task.name: hash_file(task.path) for task in tasks},
    }


def _plain(text: str) -> str:
    """Drop what is no text at all, or no single line, from the name of a file."""
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())


def _count(counts: Counter[str], answer: Answer, is_reused: bool) -> None:
    document = answer.document
    if document.status == "rejected":
        counts["rejected"] += 1
    else:
        counts["warning" if document.warnings else "ok"] += 1
        counts[document.percolation_status or "percolates"] += 1
    counts["reused"] += is_reused


def _summarise(counts: Counter[str], options: BvseOptions) -> str:
    n_files = sum(counts[status] for status in ("ok", "warning", "rejected"))
    text = (
        f"{n_files} file{'s' if n_files != 1 else ''}: {counts['percolates']} with paths in 3D, "
        f"{counts['partial']} in fewer dimensions, {counts['no_path']} without, "
        f"{counts['rejected']} rejected; {options.convention} convention, "
        f"{options.spacing_A:g} Å"
    )
    if options.store is not None:
        text += f"; {counts['reused']} found in the store"
    return text + (f"; results in {options.output}" if options.output is not None else "")


def _describe_rest(counts: Counter[str], n_files: int, options: BvseOptions) -> str:
    n_done = sum(counts[status] for status in ("ok", "warning", "rejected"))
    text = f"interrupted after {n_done} of {n_files} files"
    if options.output is not None:
        text += f"; their rows are in {options.output}"
    if options.store is not None:
        return f"{text}; their documents are in the store, the same command goes on from there"
    return f"{text}; with --store the same command would go on from there"
