"""Molecular dynamics of many replicas at once, restartable."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perolyte.errors import InputError, PotentialError
from perolyte.folder_lock import lock_folder
from perolyte.potentials.dynamics.ensembles import Ensemble
from perolyte.potentials.dynamics.guards import Guards
from perolyte.potentials.dynamics.interruption import Interruption, catch_interruption
from perolyte.potentials.dynamics.memory import (
    choose_max_batch_atoms,
    is_out_of_memory,
    plan_batches,
    release_memory,
)
from perolyte.potentials.dynamics.replica import Replica, ReplicaOutcome
from perolyte.potentials.dynamics.replica_folder import ReplicaFolder
from perolyte.potentials.dynamics.run_settings import RunSettings, choose_checkpoint_interval

if TYPE_CHECKING:
    from perolyte.potentials.batch import BatchPotential
    from perolyte.potentials.dynamics.batch_run import Clock
    from perolyte.potentials.dynamics.checkpoints import Checkpoint

__all__ = ["Progress", "run_md_batch"]


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes
    ----------
    n_done, n_total
        Steps of all replicas together that were not done when the run was called.
    n_running
        Replicas in the batch that runs now.
    """

    n_done: int
    n_total: int
    n_running: int


def run_md_batch(
    potential: BatchPotential,
    replicas: Sequence[Replica],
    *,
    ensemble: Ensemble,
    n_steps: int,
    store_interval_steps: int,
    folder: str | Path,
    framework_interval: int = 10,
    checkpoint_interval_steps: int | None = None,
    chunk_interval_steps: int | None = None,
    guards: Guards | None = None,
    max_batch_atoms: int | None = None,
    wall_time_limit_s: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[ReplicaOutcome]:
    """Follow replicas of any sizes, temperatures, time steps and seeds, many at once.

    Called again with the same inputs, or with more steps, it goes on from the last checkpoints,
    on any machine. On a CPU a run that was killed and resumed is equal to one that was not, bit
    for bit. After SIGINT or SIGTERM, and after running on to more steps from an end between two
    checkpoints, it is equal up to the order in which the potential adds rounded numbers.

    Parameters
    ----------
    potential
        From :func:`perolyte.potentials.load_potential`, or any other
        :class:`~perolyte.potentials.batch.BatchPotential`.
    replicas
        With names that differ.
    ensemble
        :class:`Langevin`, :class:`NoseHooverChain` or :class:`NVE`.
    n_steps
        Of every replica in all, from its step 0; a multiple of ``store_interval_steps``.
    store_interval_steps
        Steps between stored frames of the mobile ions.
    folder
        One folder for each replica is made in it; one process at a time may use it.
    framework_interval
        Every how many stored frames all atoms are stored. The centre of mass of the framework is
        stored with every frame, so that its drift is known exactly.
    checkpoint_interval_steps
        Steps between checkpoints. By default about 2000.
    chunk_interval_steps
        Steps in a chunk of frames, a multiple of both intervals: for steps so dear that
        checkpoints come every few of them. By default a checkpoint ends a chunk.
    guards
        When to stop a replica; default :class:`Guards`. They may change when a run goes on.
    max_batch_atoms
        Atoms in one batch. By default measured on CUDA; on a CPU each replica runs by itself, one
        after the other, because a batch is no faster there. Halved when memory is short.
    wall_time_limit_s
        s. Ends at the last checkpoint from which the next would come too late.
    on_progress
        Called after every stored step.

    Returns
    -------
    list of ReplicaOutcome
        In the order of the replicas.

    Raises
    ------
    InputError
        For inputs that do not fit, a folder with a run of other inputs, or a structure that the
        potential refuses at step 0.
    PotentialError
        For an unknown element, or when one system alone does not fit into memory.
    StoreError
        Where the folder is in use or cannot be written, or no checkpoint in it is whole.
    KeyboardInterrupt, SystemExit
        After SIGINT or SIGTERM (status 143), between two steps, when checkpoints are written.
    """
    interval = checkpoint_interval_steps
    if interval is None:
        interval = choose_checkpoint_interval(store_interval_steps, framework_interval)
    settings = RunSettings(
        ensemble=ensemble,
        n_steps=n_steps,
        store_interval_steps=store_interval_steps,
        framework_interval=framework_interval,
        checkpoint_interval_steps=interval,
        guards=Guards() if guards is None else guards,
        chunk_interval_steps=chunk_interval_steps,
    )
    _check_replicas(replicas, settings, potential)
    _check_limits(max_batch_atoms, wall_time_limit_s)
    where = Path(folder)
    with lock_folder(where), catch_interruption() as interruption:
        description = potential.describe()
        tasks = [
            _Task(r, ReplicaFolder(where / r.name, r, settings, e, description), e)
            for r in replicas
            for e in [r.ensemble or ensemble]
        ]
        waiting = [task for task in tasks if not task.folder.is_done()]
        if waiting:
            run = _Run(potential, settings, interruption, on_progress)
            run.run_all(waiting, max_batch_atoms, wall_time_limit_s)
        return [task.folder.outcome() for task in tasks]


@dataclass(frozen=True, eq=False)
class _Task:
    replica: Replica
    folder: ReplicaFolder
    ensemble: Ensemble


class _Run:
    """Batches one after the other."""

    def __init__(
        self,
        potential: BatchPotential,
        settings: RunSettings,
        interruption: Interruption,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._potential, self._settings = potential, settings
        self._interruption, self._on_progress = interruption, on_progress
        self._step_of: dict[str, int] = {}

    def run_all(
        self, tasks: list[_Task], max_batch_atoms: int | None, wall_time_limit_s: float | None
    ) -> None:
        """Run every task, in smaller batches when memory is short."""
        from perolyte.potentials.dynamics.batch_run import Clock

        clock = Clock(wall_time_limit_s)
        limit = max_batch_atoms
        if limit is None:
            largest = max((task.replica for task in tasks), key=lambda replica: replica.n_atoms)
            limit = choose_max_batch_atoms(self._potential, largest.structure)
        self._step_of = {task.replica.name: task.folder.outcome().n_steps for task in tasks}
        while tasks and not clock.has_passed():
            first = plan_batches([task.replica for task in tasks], limit)[0]
            batch = [tasks[index] for index in first]
            n_atoms = sum(task.replica.n_atoms for task in batch)
            is_short = False
            try:
                if not self._run_batch(batch, clock):
                    return
            except (RuntimeError, MemoryError) as err:
                if not is_out_of_memory(err):
                    raise
                if len(batch) == 1:
                    raise PotentialError(
                        f"{batch[0].replica.name} with {n_atoms} atoms does not fit into the "
                        f"memory of {self._potential.device}; give a smaller cell, or a device "
                        "with more memory"
                    ) from err
                limit = max(1, n_atoms // 2)
                is_short = True
            if is_short:  # not in the handler, which keeps the batch alive
                release_memory(self._potential.device)
            tasks = [task for task in tasks if not task.folder.is_done()]

    def _run_batch(self, tasks: list[_Task], clock: Clock) -> bool:
        from perolyte.potentials.dynamics.batch_run import BatchRun
        from perolyte.potentials.dynamics.member import Member

        points = _choose_points([task.folder.restore_points() for task in tasks])
        members = [
            Member.restore(task.replica, task.ensemble, task.folder, point)
            for task, point in zip(tasks, points, strict=True)
        ]
        run = BatchRun(
            self._potential,
            self._settings,
            clock=clock,
            interruption=self._interruption,
            on_stored=self._tell,
        )
        return run.run(members)

    def _tell(self, names: list[str], step: int) -> None:
        if self._on_progress is None:
            return
        self._step_of.update(dict.fromkeys(names, step))
        n_total = self._settings.n_steps * len(self._step_of)
        self._on_progress(Progress(sum(self._step_of.values()), n_total, len(names)))


def _choose_points(points: Sequence[dict[int, Checkpoint]]) -> list[Checkpoint]:
    """Return where each replica goes on: at the newest step they share, or at its own newest.

    A kill while checkpoints are written leaves some replicas one ahead. Together at the older
    step, they run in the batch that they would have run in.
    """
    shared = set(points[0]).intersection(*points[1:])
    if shared:
        return [found[max(shared)] for found in points]
    return [found[max(found)] for found in points]


def _check_replicas(
    replicas: Sequence[Replica], settings: RunSettings, potential: BatchPotential
) -> None:
    if not replicas:
        raise InputError("no replicas were given; give at least one")
    names = [replica.name for replica in replicas]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"several replicas are named {twice[0]!r}; give each its own name")
    kind = type(settings.ensemble)
    for replica in replicas:
        if replica.ensemble is not None and type(replica.ensemble) is not kind:
            raise InputError(
                f"replica {replica.name} has the ensemble {type(replica.ensemble).__name__} in a "
                f"run of {kind.__name__}; give one kind to all"
            )
    potential.check_elements(sorted({int(z) for replica in replicas for z in replica.numbers}))


def _check_limits(max_batch_atoms: int | None, wall_time_limit_s: float | None) -> None:
    if max_batch_atoms is not None and max_batch_atoms < 1:
        raise InputError(f"max_batch_atoms is {max_batch_atoms}; give at least 1, or None")
    limit = wall_time_limit_s
    if limit is not None and not (math.isfinite(limit) and limit > 0):
        raise InputError(f"wall_time_limit_s is {limit} s; it must be above zero, or None")
