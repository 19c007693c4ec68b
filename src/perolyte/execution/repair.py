"""Put a LaunchPad right after crashes: lost runs, stale locks, half-written updates, fizzled jobs.

Jobs are run again where that is safe: their launcher was killed, or what they need was away. A job
that failed by itself would fail again, and is left with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from perolyte.errors import PerolyteError
from perolyte.execution.fizzled import find_cause
from perolyte.execution.inconsistencies import find_inconsistencies, mend
from perolyte.execution.launchpad import hold_launchpad, prepare
from perolyte.execution.launchpad_view import LaunchpadView, look
from perolyte.execution.losses import Loss, find_losses
from perolyte.execution.outbox import FOLDER_NAME, deliver, list_kept
from perolyte.execution.queue_jobs import list_queue_jobs

if TYPE_CHECKING:
    from fireworks import LaunchPad
    from jobflow import JobStore

__all__ = ["RepairReport", "RepairSettings", "repair_launchpad"]

MAX_PASSES = 20
LOCK_WAIT_S = 5.0


@dataclass(frozen=True)
class RepairSettings:
    """How patient a repair is.

    Attributes
    ----------
    campaign
        Only this one; None for all of perolyte's.
    lost_after_s
        A job on another machine without a sign of life for so long is lost, s.
    patience_s
        What does not fit together must stay the same for so long, s.
    max_attempts
        A job that was started so many times is left.
    dry_run
        Say what would be done, and do nothing.
    """

    campaign: str | None = None
    lost_after_s: float = 900.0
    patience_s: float = 10.0
    max_attempts: int = 5
    dry_run: bool = False


@dataclass
class RepairReport:
    """What was done, and what was left and why, one line each."""

    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def did(self, text: str) -> None:
        """Note what was done."""
        self.done.append(text)

    def leave(self, text: str) -> None:
        """Note what was left, once."""
        if text not in self.left:
            self.left.append(text)


def repair_launchpad(
    launchpad: LaunchPad, store: JobStore, settings: RepairSettings
) -> RepairReport:
    """Mend what can be mended, in bounded time, while launchers may be at work.

    Parameters
    ----------
    launchpad
        An open LaunchPad.
    store
        Where documents go: finished work that was kept on disk is delivered there.
    settings
        Which campaign, and how patiently.

    Raises
    ------
    StoreError
        When another repair or submission is at work.
    """
    report = RepairReport()
    holding = nullcontext() if settings.dry_run else hold_launchpad(launchpad, "perolyte repair")
    with holding, _bounded_locks():
        if not settings.dry_run:
            prepare(launchpad)
        _deliver_kept(look(launchpad, settings.campaign), store, settings, report)
        for _ in range(MAX_PASSES):
            report.left.clear()
            n_before = len(report.done)
            _mend_states(launchpad, settings, report)
            _rerun_lost(launchpad, settings, report)
            _rerun_fizzled(launchpad, settings, report)
            if settings.dry_run or len(report.done) == n_before:
                break
    return report


@contextmanager
def _bounded_locks() -> Iterator[None]:
    """Let FireWorks wait for a locked workflow for seconds instead of minutes."""
    import functools

    from fireworks.core import launchpad as module

    original = module.WFLock
    module.WFLock = functools.partial(original, expire_secs=LOCK_WAIT_S, kill=False)
    try:
        yield
    finally:
        module.WFLock = original


def _deliver_kept(
    view: LaunchpadView, store: JobStore, settings: RepairSettings, report: RepairReport
) -> None:
    folders = sorted({Path(item["launch_dir"]) / FOLDER_NAME for item in view.launches.values()})
    for folder in folders:
        for path in list_kept(folder):
            if settings.dry_run:
                report.did(f"finished work in {path} would be stored")
                continue
            try:
                if deliver(path, store):
                    report.did(f"finished work in {path} is stored")
            except PerolyteError as err:
                report.leave(str(err))


def _mend_states(launchpad: LaunchPad, settings: RepairSettings, report: RepairReport) -> None:
    first = find_inconsistencies(look(launchpad, settings.campaign))
    if not first:
        return
    time.sleep(settings.patience_s)
    seen = set(first)
    same = [p for p in find_inconsistencies(look(launchpad, settings.campaign)) if p in seen]
    for problem in sorted(same, key=lambda p: ("lock", "orphan", "state").index(p.kind)):
        _try(lambda p=problem: mend(p, launchpad), problem.text, settings, report)  # type: ignore[misc]


def _rerun_lost(launchpad: LaunchPad, settings: RepairSettings, report: RepairReport) -> None:
    view = look(launchpad, settings.campaign)
    lost, notes = find_losses(view, lost_after_s=settings.lost_after_s, queue=list_queue_jobs())
    for note in notes:
        report.leave(note)
    for loss in lost:
        n_attempts = _count_attempts(view, loss.fw_id)
        if n_attempts >= settings.max_attempts:
            report.leave(f"{loss.text}; it was started {n_attempts} times (--attempts)")
            continue
        _try(lambda one=loss: _rerun(one, launchpad), f"run again: {loss.text}", settings, report)  # type: ignore[misc]


def _rerun_fizzled(launchpad: LaunchPad, settings: RepairSettings, report: RepairReport) -> None:
    view = look(launchpad, settings.campaign)
    for fw_id, firework in view.fireworks.items():
        if firework["state"] != "FIZZLED":
            continue
        newest = max(firework["launches"], default=None)
        launch = launchpad.launches.find_one({"launch_id": newest}, {"action": 1})
        cause = find_cause(launch)
        text = f"{firework['name']} ({fw_id})"
        n_attempts = _count_attempts(view, fw_id)
        if cause.passing is None:
            report.leave(f"{text} failed by itself: {cause}")
        elif n_attempts >= settings.max_attempts:
            report.leave(f"{text}: {cause.passing}; it was started {n_attempts} times (--attempts)")
        else:
            _try(
                lambda one=fw_id: bool(launchpad.rerun_fw(one)),  # type: ignore[misc]
                f"run again: {text}: {cause.passing}",
                settings,
                report,
            )


def _rerun(loss: Loss, launchpad: LaunchPad) -> bool:
    """Run a lost job again, unless it moved since it was looked at.

    The launch ends and the firework is ready in one go, so that children that put up with failed
    parents do not start in between.
    """
    ended = launchpad.launches.update_one(
        {"launch_id": loss.launch_id, "state": loss.state}, {"$set": {"state": "FIZZLED"}}
    )
    if not ended.modified_count:
        return False
    launchpad.rerun_fw(loss.fw_id)
    return True


def _count_attempts(view: LaunchpadView, fw_id: int) -> int:
    firework = view.fireworks[fw_id]
    return len(firework["launches"]) + len(firework["archived_launches"])


def _try(
    action: Callable[[], bool], text: str, settings: RepairSettings, report: RepairReport
) -> None:
    if settings.dry_run:
        report.did(text)
        return
    try:
        if action():
            report.did(text)
    except (ValueError, RuntimeError) as err:  # what FireWorks raises for locked or broken ones
        report.leave(f"{text}; could not be done now: {' '.join(str(err).split())[:200]}")
