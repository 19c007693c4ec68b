"""Progress of a run: bars on a terminal, lines in a log."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from perolyte.cli.live_bars import LiveBars
from perolyte.execution import Observer
from perolyte.potentials.heartbeat import STEPS_KEY, read_heartbeat

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from perolyte.execution.graph import JobGraph, Node

__all__ = ["ProgressObserver"]

LINE_INTERVAL_S = 30.0


class ProgressObserver(LiveBars, Observer):
    """Shows what runs, how far it is, and how long the rest will take.

    On a terminal: one bar for the MD steps of the whole campaign and one for each running job. In
    a log: one line for each job that ends and one every half minute.

    Parameters
    ----------
    console
        Where to write.
    n_md_steps
        MD steps of the whole campaign: they take nearly all of the time, so they make the bar.
    """

    def __init__(self, console: Console, *, n_md_steps: int) -> None:
        super().__init__(console, description="{task.description:<34.34}")
        self.n_md_steps = n_md_steps
        self._started_s = time.monotonic()
        self._last_line_s = self._started_s
        self._done_steps = 0
        self._reused_steps = 0
        self._first_step_s: float | None = None
        self._running: dict[tuple[str, int], tuple[Path, TaskID | None, int | None]] = {}
        self._total = self.bars.add_task("all MD steps", total=n_md_steps or None)

    def job_started(self, node: Node, heartbeat: Path) -> None:
        """Show a bar for the job."""
        steps = node.job.metadata.get(STEPS_KEY)
        task = self.bars.add_task(node.job.name, total=steps)
        self._running[node.key] = (heartbeat, task, steps)

    def job_ended(self, node: Node) -> None:
        """Print one line and take the job's bar away."""
        _, task, _ = self._running.pop(node.key, (None, None, None))
        if task is not None:
            self.bars.remove_task(task)
        steps = node.job.metadata.get(STEPS_KEY, 0)
        if node.state == "done":
            self._done_steps += steps
            self._reused_steps += steps if node.reused else 0
        word = "found" if node.reused else node.state
        style = {"done": "green", "found": "cyan"}.get(word, "bold red")
        text = f"[{style}]{word:>6}[/] {node.job.name}"
        if node.error:
            text += f": {node.error}"
        self.console.print(text, highlight=False, soft_wrap=True)

    def tick(self, graph: JobGraph) -> None:
        """Move the bars; in a log, write a line now and then."""
        current = self._done_steps
        for heartbeat, task, steps in self._running.values():
            count = read_heartbeat(heartbeat)
            if count is None:
                continue
            if task is not None:
                self.bars.update(task, completed=count)
            current += min(count, steps) if steps else 0
        self.bars.update(self._total, completed=current)
        now_s = time.monotonic()
        if self._first_step_s is None and current > self._reused_steps:
            self._first_step_s = now_s
        if self.console.is_terminal or now_s - self._last_line_s < LINE_INTERVAL_S:
            return
        self._last_line_s = now_s
        running = ", ".join(n.job.name for n in graph.nodes.values() if n.state == "running")
        self.console.print(
            f"{self._elapsed(now_s)} elapsed, {self._remaining(current, now_s)}; "
            f"{graph.count('done')} of {len(graph.nodes)} known jobs done; running: {running}",
            highlight=False,
            soft_wrap=True,
        )

    def _elapsed(self, now_s: float) -> str:
        minutes, seconds = divmod(int(now_s - self._started_s), 60)
        return f"{minutes}:{seconds:02d}"

    def _remaining(self, current: int, now_s: float) -> str:
        fresh = current - self._reused_steps
        if fresh <= 0 or self._first_step_s is None:
            return "time left not known before the first MD steps"
        left_s = (self.n_md_steps - current) * (now_s - self._first_step_s) / fresh
        minutes, seconds = divmod(int(max(0.0, left_s)), 60)
        return f"about {minutes}:{seconds:02d} left"
