"""What ``perolyte validate`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from perolyte.reports.trust_card import format_value
from perolyte.schemas import CheckNumber, ValidationDoc

__all__ = ["print_validation"]

_STYLES = {"pass": "green", "warn": "yellow", "fail": "bold red", "not run": "dim"}


def print_validation(console: Console, document: ValidationDoc, written: Sequence[Path]) -> None:
    """Print the judged numbers of each check, then why checks were not made."""
    table = Table("check", "number", "here", "reference", "off", "verdict", box=None)
    for check in document.checks:
        judged = [number for number in check.numbers if number.verdict is not None]
        title = f"{check.title}: {check.subject}" if check.subject else check.title
        if not judged:
            table.add_row(title, "", "", "", "", _style(check.verdict))
        for place, number in enumerate(judged):
            table.add_row(
                title if place == 0 else "",
                f"{number.name} ({number.unit})" if number.unit else number.name,
                format_value(number.value, number.error),
                "" if number.reference is None else f"{number.reference:.4g}",
                _write_off(number),
                _style(number.verdict or ""),
            )
    console.print(table)
    for check in document.checks:
        if check.verdict == "not run" or (check.verdict == "fail" and not check.numbers):
            line = f"{check.title} ({check.subject}): {check.verdict}: {check.reason}"
            console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    minutes = document.seconds / 60
    console.print(f"{document.verdict}, {minutes:.1f} min", highlight=False)
    for path in written:
        console.print(str(path), highlight=False, soft_wrap=True)


def _style(verdict: str) -> str:
    return f"[{_STYLES[verdict]}]{verdict}[/]"


def _write_off(number: CheckNumber) -> str:
    if number.value is None or not number.reference:
        return ""
    return f"{100 * (number.value / number.reference - 1):+.1f} %"
