"""``perolyte ingest``: structure files in, one row for each out."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from rich.console import Console

from perolyte.cli.ingest_progress import IngestProgress
from perolyte.cli.ingest_store import StructureShelf
from perolyte.cli.ingest_table import JsonWriter, RowPrinter, RowWriter, TableFile
from perolyte.cli.interruption import CommandInterruptedError
from perolyte.errors import InputError
from perolyte.schemas import StructureDoc
from perolyte.sources import ingest_batch, list_structure_files

__all__ = ["ingest_paths"]

PORTION = 2000
"""Files whose documents are looked for in the store at once."""


def ingest_paths(
    paths: Sequence[Path],
    *,
    output: Path | None,
    as_json: bool,
    store: str | None,
    n_workers: int | None,
) -> None:
    """Read files, show or write one row for each, and count them.

    Raises
    ------
    InputError
        When a path does not exist, or there is no structure file.
    StoreError
        When the table or the store cannot be written.
    CommandInterruptedError
        After Ctrl-C, when everything that was read is written.
    """
    files = list_structure_files(paths)
    if not files:
        listed = ", ".join(map(str, paths))
        raise InputError(f"no CIF or POSCAR file in {listed}; check the path")
    # the answer for a machine stands alone on standard output
    notes = Console(stderr=True)
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        shelf = stack.enter_context(StructureShelf(store)) if store else None
        writers: list[RowWriter] = []
        if output is not None:
            writers.append(stack.enter_context(TableFile(output)))
        if as_json:
            writers.append(stack.enter_context(JsonWriter(sys.stdout)))
        elif output is None:
            writers.append(stack.enter_context(RowPrinter(Console(soft_wrap=True))))
        progress = stack.enter_context(IngestProgress(notes, n_files=len(files)))
        reading = stack.enter_context(closing(_read(files, shelf, n_workers)))
        try:
            for document, is_reused in reading:
                for writer in writers:
                    writer.write(document)
                counts[document.row_status] += 1
                counts["reused"] += is_reused
                progress.advance(counts)
        except KeyboardInterrupt:
            stack.close()
            raise CommandInterruptedError(
                _describe_rest(counts, len(files), output, store)
            ) from None
    summary = notes if as_json else Console()
    summary.print(_summarise(counts, output, store), highlight=False, soft_wrap=True)


def _read(
    files: Sequence[Path], shelf: StructureShelf | None, n_workers: int | None
) -> Generator[tuple[StructureDoc, bool]]:
    """Yield the document of each file, and whether it came from the store."""
    if shelf is None:
        for document in ingest_batch(files, n_workers, keep_structure=False):
            yield document, False
        return
    for start in range(0, len(files), PORTION):
        portion = files[start : start + PORTION]
        known = shelf.find(portion)
        fresh = ingest_batch([path for path in portion if path not in known], n_workers)
        for path in portion:
            if path in known:
                yield known[path], True
            else:
                document = next(fresh)
                shelf.put(document)
                yield document, False


def _summarise(counts: Counter[str], output: Path | None, store: str | None) -> str:
    n_files = sum(counts[status] for status in ("ok", "warning", "rejected"))
    text = (
        f"{n_files} file{'s' if n_files != 1 else ''}: {counts['ok']} ok, "
        f"{counts['warning']} with warnings, {counts['rejected']} rejected"
    )
    if store is not None:
        text += f"; {counts['reused']} found in the store"
    return text + (f"; table in {output}" if output is not None else "")


def _describe_rest(
    counts: Counter[str], n_files: int, output: Path | None, store: str | None
) -> str:
    n_done = sum(counts[status] for status in ("ok", "warning", "rejected"))
    text = f"interrupted after {n_done} of {n_files} files"
    if output is not None:
        text += f"; their rows are in {output}"
    if store is not None:
        return f"{text}; their documents are in the store, the same command goes on from there"
    return f"{text}; with --store the same command would go on from there"
