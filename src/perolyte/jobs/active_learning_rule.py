"""When a loop of active learning ends: nothing is doubtful any more, and D stays what it was."""

from __future__ import annotations

import math
from dataclasses import dataclass

from perolyte.errors import InputError
from perolyte.schemas import ExplorationDoc, RunDiffusivity

__all__ = ["StopRule", "compare_diffusivities", "find_objections"]


@dataclass(frozen=True)
class StopRule:
    """What a round must show for the loop to end.

    Parameters
    ----------
    max_doubtful_percent
        Of all frames; 1 by default.
    min_length_ps
        ps of all runs together: a shorter exploration has not shown anything.
    check_diffusivity
        Also ask that no diffusivity has changed by more than ``n_errors`` since the round before.
    n_errors
        Joint standard errors of the two diffusivities that a change may amount to.

    Raises
    ------
    InputError
        For numbers out of range.
    """

    max_doubtful_percent: float = 1.0
    min_length_ps: float = 100.0
    check_diffusivity: bool = True
    n_errors: float = 2.0

    def __post_init__(self) -> None:
        if not 0 <= self.max_doubtful_percent < 100:
            raise InputError(
                f"max_doubtful_percent is {self.max_doubtful_percent} %; give 0 to below 100"
            )
        for name, unit in (("min_length_ps", "ps"), ("n_errors", "standard errors")):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} is {value} {unit}; it must be above 0")


def find_objections(
    exploration: ExplorationDoc, previous: dict[str, RunDiffusivity] | None, rule: StopRule
) -> list[str]:
    """Return why the loop must go on; nothing where it may end.

    Parameters
    ----------
    exploration
        Of the round.
    previous
        Diffusivities of the round before by run; None in the first round.
    rule
        What is asked for.
    """
    found = []
    stopped = [run for run in exploration.runs if run.md_status != "finished"]
    if stopped:
        found.append(
            f"{len(stopped)} of {len(exploration.runs)} runs were stopped "
            f"({stopped[0].name}: {stopped[0].reason or stopped[0].md_status})"
        )
    if exploration.doubtful_percent >= max(rule.max_doubtful_percent, 1e-12):
        found.append(
            f"{exploration.doubtful_percent:.3g} % of {exploration.n_frames} frames are doubtful, "
            f"{rule.max_doubtful_percent:g} % are allowed"
        )
    if exploration.length_ps < rule.min_length_ps:
        found.append(
            f"{exploration.length_ps:.3g} ps were explored, {rule.min_length_ps:g} ps are needed "
            "to judge"
        )
    if rule.check_diffusivity:
        now = {run.name: run.diffusivity for run in exploration.runs}
        found += compare_diffusivities(now, previous, rule.n_errors)
    return found


def compare_diffusivities(
    now: dict[str, RunDiffusivity], before: dict[str, RunDiffusivity] | None, n_errors: float
) -> list[str]:
    """Return which diffusivities changed, or cannot be compared, in words.

    Parameters
    ----------
    now, before
        By run.
    n_errors
        Joint standard errors that a change may amount to.
    """
    if before is None:
        return ["there is no round before to compare diffusivities with"]
    found = []
    for name, value in now.items():
        old = before.get(name)
        if old is None or None in (
            value.value_cm2_s,
            value.error_cm2_s,
            old.value_cm2_s,
            old.error_cm2_s,
        ):
            found.append(f"the diffusivity of {name} is not resolved in two rounds")
            continue
        change = abs(float(value.value_cm2_s or 0) - float(old.value_cm2_s or 0))
        error = math.hypot(float(value.error_cm2_s or 0), float(old.error_cm2_s or 0))
        if change > n_errors * error:
            found.append(
                f"the diffusivity of {name} changed by {change:.2g} cm²/s, {n_errors:g} joint "
                f"errors are {n_errors * error:.2g} cm²/s"
            )
    return found
