"""What ``perolyte status`` prints."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from perolyte.cli.console import CLAIM_NAME, JOBS_FOLDER, make_console
from perolyte.errors import InputError
from perolyte.execution.launchpad import open_launchpad
from perolyte.execution.local_state import read_folder
from perolyte.execution.status import WORDS, CampaignStatus, read_launchpad
from perolyte.execution.worker import HEARTBEAT_NAME

__all__ = ["format_duration", "show_status"]

REFRESH_S = 2.0
_STYLES = {"running": "cyan", "done": "green", "failed": "bold red"}


def show_status(
    campaign: str | None, *, launchpad_file: Path | None, as_json: bool, watch: bool
) -> None:
    """Print the status once, or until everything has ended.

    Raises
    ------
    InputError
        When there is no such campaign.
    """
    read = _choose_source(campaign, launchpad_file)
    found = read()
    if not found:
        wanted = "campaign" if campaign is None else f"campaign {campaign!r}"
        raise InputError(f"the LaunchPad holds no {wanted}; 'perolyte submit FILE.yaml' adds one")
    if as_json:
        print(json.dumps([item.as_dict() for item in found], indent=2))  # noqa: T201
        return
    console = make_console()
    if not watch:
        console.print(_build(found))
        return
    with Live(_build(found), console=console, auto_refresh=False) as live:
        while not all(item.has_ended for item in found):
            time.sleep(REFRESH_S)
            found = read()
            live.update(_build(found), refresh=True)


def format_duration(seconds: float) -> str:
    """Write a time as people say it.

    Examples
    --------
    >>> [format_duration(s) for s in (42, 90, 7800, 200000)]
    ['42 s', '1 min 30 s', '2 h 10 min', '2 d 7 h']
    """
    whole = round(seconds)
    for size, unit, smaller, small_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {small_unit}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def _choose_source(
    campaign: str | None, launchpad_file: Path | None
) -> Callable[[], list[CampaignStatus]]:
    """Find out whether a directory or the LaunchPad is meant."""
    folders: list[Path] = []
    if launchpad_file is None:
        if campaign is None:
            here = [Path()] if (Path() / CLAIM_NAME).is_file() else []
            folders = here or sorted(path.parent for path in Path("runs").glob(f"*/{CLAIM_NAME}"))
        else:
            folders = [path for path in (Path(campaign), Path("runs") / campaign) if path.is_dir()][
                :1
            ]
    if folders:
        return lambda: [
            read_folder(folder, jobs_name=JOBS_FOLDER, heartbeat_name=HEARTBEAT_NAME)
            for folder in folders
        ]
    launchpad = open_launchpad(launchpad_file)
    return lambda: read_launchpad(launchpad, campaign)


def _build(found: list[CampaignStatus]) -> Group:
    parts: list[Table | Text] = []
    for item in found:
        parts += _build_one(item)
    return Group(*parts)


def _build_one(item: CampaignStatus) -> list[Table | Text]:
    if not item.stages:
        return [Text(f"campaign {item.campaign}: {item.note or 'no jobs'}")]
    table = Table(title=f"campaign {escape(item.campaign)}", title_justify="left")
    table.add_column("stage")
    for word in WORDS:
        table.add_column(word, justify="right", style=_STYLES.get(word))
    for stage, counts in item.stages.items():
        table.add_row(stage, *(str(counts.get(word) or "") for word in WORDS))
    table.add_section()
    table.add_row("all", *(str(item.count(word)) for word in WORDS))
    lines: list[Table | Text] = [table]
    for job in item.running:
        share = f", {job.n_done} of {job.n_total} steps" if job.n_done and job.n_total else ""
        note = f", {job.note}" if job.note else ""
        text = f"running {job.name} on {job.where} for {format_duration(job.seconds)}{share}{note}"
        lines.append(Text(text))
    lines += [Text(f"failed {job.name}: {job.error}", style="red") for job in item.failed]
    if item.note is not None:
        lines.append(Text(item.note))
    elif not item.has_ended:
        rest = "not known yet" if item.rest_s is None else f"about {format_duration(item.rest_s)}"
        lines.append(Text(f"rest of the jobs known so far: {rest}"))
    return lines
