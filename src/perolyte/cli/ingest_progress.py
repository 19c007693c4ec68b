"""Progress of an ingest: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["LINE_INTERVAL_S", "IngestProgress"]

LINE_INTERVAL_S = 10.0


class IngestProgress:
    """Shows how many files are done, and how long the rest will take."""

    def __init__(self, console: Console, *, n_files: int, word: str = "reading") -> None:
        self.console = console
        self.n_files = n_files
        self._started_s = self._last_line_s = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[counts]}"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task(word, total=n_files, counts="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def advance(self, counts: Counter[str]) -> None:
        """Count one more file."""
        text = f"{counts['warning']} with warnings, {counts['rejected']} rejected"
        self._progress.update(self._task, advance=1, counts=text)
        now_s = time.monotonic()
        if self.console.is_terminal or now_s - self._last_line_s < LINE_INTERVAL_S:
            return
        self._last_line_s = now_s
        n_done = counts["ok"] + counts["warning"] + counts["rejected"]
        elapsed_s = now_s - self._started_s
        left_s = elapsed_s / n_done * (self.n_files - n_done)
        self.console.print(
            f"{n_done} of {self.n_files} files in {elapsed_s:.0f} s, about {left_s:.0f} s left; "
            f"{text}",
            highlight=False,
            soft_wrap=True,
        )
