"""Run replicas until their diffusivity is known well enough, or the longest run is reached."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from perolyte.jobs.diffusion_numbers import estimate_length
from perolyte.jobs.md_settings import MDSettings
from perolyte.potentials.dynamics import Progress, Replica, ReplicaOutcome, run_md_batch
from perolyte.trajectories import analyse_run, open_trajectory
from perolyte.units import FS_PER_PS

if TYPE_CHECKING:
    from perolyte.potentials.batch import BatchPotential

__all__ = ["ReplicaEnd", "StopReason", "run_to_target"]

StopReason = Literal["length", "target", "cap", "guard", "wall_time"]
_LEAST_GROWTH, _MOST_GROWTH = 1.25, 4.0
"""Of the length at each extension: an estimate from a short run may be far off."""
_MARGIN = 1.1
"""A run of just the estimated length misses the target every second time."""


@dataclass(frozen=True)
class ReplicaEnd:
    """How a replica ended, and the relative error of D where it was looked at."""

    outcome: ReplicaOutcome
    stopped_by: StopReason
    relative_error: float | None = None


@dataclass(frozen=True)
class _Verdict:
    relative_error: float | None
    wanted_steps: int
    """Steps that the target needs; 0 where more of them would not help."""


def run_to_target(
    potential: BatchPotential,
    replicas: Sequence[Replica],
    settings: MDSettings,
    folder: Path,
    *,
    charge: float,
    hop_distance_A: float,
    on_progress: Callable[[Progress], None] | None = None,
) -> dict[str, ReplicaEnd]:
    """Run, look at the diffusivities, and go on with those that are not known well enough.

    Parameters
    ----------
    potential, replicas, settings, folder
        As :func:`perolyte.potentials.dynamics.run_md_batch`; what the folder holds is gone on with.
    charge, hop_distance_A
        Of the mobile ion, in elementary charges and Å: what the analysis needs.
    on_progress
        Called after every stored step.

    Returns
    -------
    dict
        By the name of the replica. Where the wall time is up, some end with "wall_time", and the
        same call goes on with them.
    """
    started_s = time.monotonic()
    pending, ends = list(replicas), dict[str, ReplicaEnd]()
    n_steps = settings.n_steps
    while pending:
        left_s = None
        if settings.wall_time_limit_s is not None:
            left_s = max(1e-9, settings.wall_time_limit_s - (time.monotonic() - started_s))
        outcomes = run_md_batch(
            potential,
            pending,
            ensemble=settings.ensemble(),
            n_steps=n_steps,
            store_interval_steps=settings.store_interval_steps,
            framework_interval=settings.framework_interval,
            checkpoint_interval_steps=settings.find_checkpoint_interval(),
            chunk_interval_steps=settings.find_chunk_interval(),
            folder=folder,
            guards=settings.make_guards(),
            max_batch_atoms=settings.max_batch_atoms,
            wall_time_limit_s=left_s,
            on_progress=on_progress,
        )
        further: list[tuple[Replica, int]] = []
        for replica, outcome in zip(pending, outcomes, strict=True):
            end, wanted = _judge(replica, outcome, settings, charge, hop_distance_A)
            ends[replica.name] = end
            if wanted > outcome.n_steps:
                further.append((replica, wanted))
        if any(end.stopped_by == "wall_time" for end in ends.values()):
            return ends
        pending = [replica for replica, _ in further]
        n_steps = max((wanted for _, wanted in further), default=0)
    return ends


def _judge(
    replica: Replica,
    outcome: ReplicaOutcome,
    settings: MDSettings,
    charge: float,
    hop_distance_A: float,
) -> tuple[ReplicaEnd, int]:
    """Return how a replica ended, and up to which step it is to go on (0: it is not)."""
    if outcome.status == "unfinished":
        return ReplicaEnd(outcome, "wall_time"), 0
    if outcome.status != "finished":
        return ReplicaEnd(outcome, "guard"), 0
    if settings.max_production_ps is None:
        return ReplicaEnd(outcome, "length"), 0
    verdict = _look(replica, outcome, settings, charge, hop_distance_A)
    error = verdict.relative_error
    if error is not None and error <= settings.target_relative_error:
        return ReplicaEnd(outcome, "target", error), 0
    if outcome.n_steps >= settings.max_steps:
        return ReplicaEnd(outcome, "cap", error), 0
    if not verdict.wanted_steps:
        return ReplicaEnd(outcome, "length", error), 0
    low, high = (round(outcome.n_steps * growth) for growth in (_LEAST_GROWTH, _MOST_GROWTH))
    wanted = int(np.clip(verdict.wanted_steps, low, high))
    # ends at a checkpoint, so that a run that goes on is the run that never ended
    unit = settings.find_checkpoint_interval()
    wanted = min(-(-wanted // unit) * unit, settings.max_steps)
    return ReplicaEnd(outcome, "length", error), wanted


def _look(
    replica: Replica,
    outcome: ReplicaOutcome,
    settings: MDSettings,
    charge: float,
    hop_distance_A: float,
) -> _Verdict:
    run = analyse_run(
        open_trajectory(outcome.folder),
        replica.mobile_ion,
        charge=charge,
        hop_distance_A=hop_distance_A,
        temperature_K=replica.temperature_K,
        skip_ps=settings.equilibration_ps,
    )
    fit = run.diffusivity
    if fit.status == "unphysical":
        return _Verdict(None, 0)
    length_ps = estimate_length(run, settings.target_relative_error)
    if length_ps is None:
        return _Verdict(fit.relative_error, outcome.n_steps * 2)
    wanted_ps = settings.equilibration_ps + _MARGIN * length_ps
    if not np.isfinite(wanted_ps):
        return _Verdict(fit.relative_error, settings.max_steps)
    steps = wanted_ps * FS_PER_PS / replica.time_step_fs
    return _Verdict(fit.relative_error, int(min(steps, settings.max_steps)))
