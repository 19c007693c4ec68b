"""One batch from where its replicas stand to the end of the run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from perolyte.errors import ExecutionError, InputError, PerolyteError, PotentialError
from perolyte.potentials.batch import BatchPotential, SystemBatch, find_largest_uncertainties
from perolyte.potentials.dynamics.distances import find_shortest_distances
from perolyte.potentials.dynamics.guards import describe_doubts
from perolyte.potentials.dynamics.integrators import Integrator, make_integrator
from perolyte.potentials.dynamics.interruption import Interruption
from perolyte.potentials.dynamics.member import Member
from perolyte.potentials.dynamics.recording import BatchFrame, Recorder
from perolyte.potentials.dynamics.run_settings import RunSettings
from perolyte.potentials.dynamics.state import BatchState, select_systems, stack_states

__all__ = ["BatchRun", "Clock"]


@dataclass(eq=False)
class Clock:
    """Whether there is time for another stretch between two checkpoints.

    Attributes
    ----------
    limit_s
        Seconds from the start of the clock; None for no limit.
    """

    limit_s: float | None

    def __post_init__(self) -> None:
        self._start_s = self._mark_s = time.monotonic()
        self._longest_s = 0.0

    def start_stretch(self) -> None:
        """Begin to measure."""
        self._mark_s = time.monotonic()

    def is_up(self) -> bool:
        """End a stretch, begin the next, and say whether it would go beyond the limit."""
        now_s = time.monotonic()
        self._longest_s = max(self._longest_s, now_s - self._mark_s)
        self._mark_s = now_s
        return self.has_passed(self._longest_s)

    def has_passed(self, needed_s: float = 0.0) -> bool:
        """Say whether the limit would be passed in so many seconds from now."""
        if self.limit_s is None:
            return False
        return time.monotonic() - self._start_s + needed_s >= self.limit_s


class BatchRun:
    """Moves replicas together. They may stand at different steps: the last ones catch up first.

    Parameters
    ----------
    potential
        Evaluates the batch.
    settings
        Of the run.
    clock, interruption
        Looked at between steps.
    on_stored
        Called after each stored step with the names of the replicas and the step.
    """

    def __init__(
        self,
        potential: BatchPotential,
        settings: RunSettings,
        *,
        clock: Clock,
        interruption: Interruption,
        on_stored: Callable[[list[str], int], None],
    ) -> None:
        self._potential, self._settings = potential, settings
        self._clock, self._interruption, self._on_stored = clock, interruption, on_stored
        self._live: list[Member] = []
        self._state: BatchState
        self._integrator: Integrator
        self._recorder: Recorder

    def run(self, members: Sequence[Member]) -> bool:
        """Run all members to the end, and return False where the time was up before.

        Raises
        ------
        InputError
            Where the potential refuses a structure at step 0.
        KeyboardInterrupt, SystemExit
            After a signal, when checkpoints are written.
        """
        waiting = list(members)
        while waiting:
            lowest = min(member.state.step for member in waiting)
            last = [member for member in waiting if member.state.step == lowest]
            ahead = [member.state.step for member in waiting if member.state.step > lowest]
            target = min(ahead, default=self._settings.n_steps)
            if not self._advance(last, lowest, target):
                return False
            waiting = [member for member in waiting if not member.folder.is_done()]
        return True

    def _advance(self, members: list[Member], step: int, target: int) -> bool:
        """Move members that stand at one step to another; False where the time was up."""
        settings = self._settings
        self._live = members
        replicas, states = [m.replica for m in members], [m.state for m in members]
        self._load(stack_states(replicas, states, self._potential.device))
        self._potential.forget_neighbours()
        if any(member.state.forces_eV_A is None for member in members):
            self._evaluate_first(step)
        self._clock.start_stretch()
        while self._live:
            if step == target and target < settings.n_steps:
                self._unload(step)
                return True
            if step % settings.checkpoint_interval_steps == 0 or step == settings.n_steps:
                self._save(step)
                if step < settings.n_steps and self._clock.is_up():
                    return False
            if self._interruption.number is not None:
                self._save(step)
                self._interruption.leave()
            if step % settings.store_interval_steps == 0:
                self._record(step)
            if step == settings.n_steps:
                for member in self._live:
                    member.folder.close(member.frames, step=step, status="finished")
                return True
            if self._live:
                self._move(step)
                step += 1
        return True

    def _load(self, state: BatchState) -> None:
        replicas = [member.replica for member in self._live]
        ensembles = [member.ensemble for member in self._live]
        self._state = state
        self._integrator = make_integrator(state, replicas, ensembles)
        self._recorder = Recorder(state, replicas)

    def _unload(self, step: int) -> None:
        for member, state in zip(self._live, self._state.to_host(step), strict=True):
            member.state = state

    def _save(self, step: int) -> None:
        """Write checkpoints of those that have none of this step."""
        if all(member.saved_step == step for member in self._live):
            return
        for member, state in zip(self._live, self._state.to_host(step), strict=True):
            if member.saved_step != step:
                member.save(state)
        # What comes now must not depend on what was before, for a resumed run knows nothing of it.
        self._potential.forget_neighbours()

    def _move(self, step: int) -> None:
        self._integrator.begin(self._state, step)
        try:
            self._evaluate()
        except ExecutionError:
            raise  # of the machine, which says nothing about the atoms
        except PerolyteError as err:
            self._stop_refused(err, step)
            if not self._live:
                return
            self._evaluate()
        self._integrator.end(self._state)

    def _evaluate(self) -> None:
        found = self._potential.evaluate(self._state.batch, self._state.positions)
        self._state.energies, self._state.forces = found.energies_eV, found.forces_eV_A
        self._state.uncertainties = find_largest_uncertainties(self._state.batch, found)

    def _evaluate_first(self, step: int) -> None:
        try:
            self._evaluate()
        except PerolyteError as err:
            refused = self._find_refused()
            names = ", ".join(self._live[index].replica.name for index in refused) or "the batch"
            reason = next(iter(refused.values()), str(err))
            raise InputError(f"{names} cannot be evaluated at step {step}: {reason}") from err

    def _find_refused(self) -> dict[int, str]:
        """Return which systems the potential refuses when it sees each alone, and why."""
        refused = dict[int, str]()
        for index in range(len(self._live)):
            alone = select_systems(self._state, [index])
            self._potential.forget_neighbours()
            try:
                self._potential.evaluate(alone.batch, alone.positions)
            except PerolyteError as err:
                refused[index] = str(err)
        self._potential.forget_neighbours()
        return refused

    def _stop_refused(self, err: PerolyteError, step: int) -> None:
        refused = self._find_refused()
        if not refused:
            raise PotentialError(
                f"the potential refuses a batch of {len(self._live)} systems at step {step} and "
                f"none of them alone ({err}); give a smaller max_batch_atoms"
            ) from err
        self._stop({index: ("exploded", reason) for index, reason in refused.items()}, step)

    def _stop(self, stops: dict[int, tuple[str, str]], step: int) -> None:
        """Close the replicas that a guard stopped, and go on with the others."""
        for index, (status, reason) in stops.items():
            member = self._live[index]
            member.folder.close(member.frames, step=step, status=status, reason=reason)
        keep = [index for index in range(len(self._live)) if index not in stops]
        self._live = [self._live[index] for index in keep]
        if keep:
            self._potential.forget_neighbours()
            self._load(select_systems(self._state, keep))

    def _record(self, step: int) -> None:
        settings = self._settings
        with_all = step % settings.all_atoms_interval_steps == 0
        frame = self._recorder.take(self._state, self._integrator, with_all=with_all)
        stops = self._find_explosions(frame, with_all=with_all)
        outside = describe_doubts(self._settings.guards, frame.scalars[:, 4])
        if with_all:
            outside |= self._find_outside()
        for index, member in enumerate(self._live):
            if index in stops:
                continue
            member.keep(frame, index)
            molten = ""
            if settings.guards.stop_melting:
                interval = settings.all_atoms_interval_steps
                molten = member.watch_melting(frame, index, interval, settings.guards.settling_ps)
            if molten:
                stops[index] = ("melted", molten)
            elif index in outside:
                stops[index] = ("left_domain", outside[index])
        self._on_stored([member.replica.name for member in self._live], step)
        if stops:
            self._stop(stops, step)

    def _find_explosions(self, frame: BatchFrame, *, with_all: bool) -> dict[int, tuple[str, str]]:
        guards = self._settings.guards
        reasons = [m.judge(frame, index, guards) for index, m in enumerate(self._live)]
        if with_all and guards.min_distance_A > 0:
            shortest = find_shortest_distances(self._state).tolist()
            for index, distance in enumerate(shortest):
                if not reasons[index] and distance < guards.min_distance_A:
                    limit = guards.min_distance_A
                    reasons[index] = f"two atoms are {distance:.2f} Å apart, below {limit:g} Å"
        return {index: ("exploded", reason) for index, reason in enumerate(reasons) if reason}

    def _find_outside(self) -> dict[int, str]:
        guards = self._settings.guards
        if guards.domain_check is None:
            return {}
        batch: SystemBatch = self._state.batch
        found = self._potential.evaluate(
            batch, self._state.positions, magmoms=guards.domain_magmoms
        )
        reasons = guards.domain_check(batch, found)
        if len(reasons) != len(self._live):
            raise InputError(
                f"domain_check returned {len(reasons)} entries for {len(self._live)} systems; it "
                "must return a reason or None for each"
            )
        return {index: reason for index, reason in enumerate(reasons) if reason}
