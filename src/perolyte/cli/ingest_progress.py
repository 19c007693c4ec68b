"""Progress of an ingest: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from rich.progress import TextColumn

from perolyte.cli.live_bars import LiveBars

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["LINE_INTERVAL_S", "IngestProgress"]

LINE_INTERVAL_S = 10.0


class IngestProgress(LiveBars):
    """Shows how many files are done, and how long the rest will take."""

    def __init__(self, console: Console, *, n_files: int, word: str = "reading") -> None:
        super().__init__(console, TextColumn("{task.fields[counts]}"))
        self.n_files = n_files
        self._started_s = self._last_line_s = time.monotonic()
        self._task = self.bars.add_task(word, total=n_files, counts="")

    def advance(self, counts: Counter[str]) -> None:
        """Count one more file."""
        text = f"{counts['warning']} with warnings, {counts['rejected']} rejected"
        self.bars.update(self._task, advance=1, counts=text)
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
