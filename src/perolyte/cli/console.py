"""Where commands print, and names that several of them share."""

from __future__ import annotations

import os

from rich.console import Console

__all__ = ["CLAIM_NAME", "JOBS_FOLDER", "make_console"]

CLAIM_NAME = "campaign.json"
JOBS_FOLDER = "jobs"
LOG_WIDTH = 110


def make_console() -> Console:
    """Return a console as wide as the terminal, or wide enough for the tables in a log."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = LOG_WIDTH
    return console
