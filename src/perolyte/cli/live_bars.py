"""Bars on a terminal, and nothing of them in a log: what every progress display is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

__all__ = ["LiveBars"]


class LiveBars:
    """A context in which bars are shown.

    Parameters
    ----------
    console
        Where to write; without a terminal no bar is drawn.
    *columns
        To the right of count and times.
    description
        Of a bar: rich's format for its name.
    """

    def __init__(
        self, console: Console, *columns: ProgressColumn, description: str = "{task.description}"
    ) -> None:
        self.console = console
        self.bars = Progress(
            TextColumn(description),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            *columns,
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bars.stop()
