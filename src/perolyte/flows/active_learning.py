"""A loop that explores, labels and trains until the committee knows what it meets."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jobflow import Flow, Job, Maker, OnMissing, OutputReference
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.flows.labelling import LabelMaker
from perolyte.flows.training import PotentialTrainingMaker
from perolyte.jobs.active_learning import (
    decide_round,
    finish_loop,
    keep_training_set,
    record_round,
    retrain_committee,
)
from perolyte.jobs.active_learning_rule import StopRule
from perolyte.jobs.exploration import explore_with_committee
from perolyte.jobs.exploration_settings import ExplorationSettings
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.seeds import derive_seed
from perolyte.jobs.training_set_growth import draw_training_set, extend_training_set
from perolyte.schemas import ActiveLearningRoundDoc, ExplorationDoc, Status, TrainingSetDoc

__all__ = ["ActiveLearningMaker"]

_MIN_MEMBERS, _MAX_MEMBERS = 2, 8


@dataclass
class ActiveLearningMaker(Maker):
    """MD with a committee, labels for what it doubts, a new committee, until nothing is doubtful.

    A round follows every structure at every temperature with the committee. A run is stopped at
    the first frame that the committee does not know; this frame and others that are doubtful and
    differ from what is labelled are labelled, the members are trained anew with them, and the runs
    go on from where they were. The loop ends when its rule is met, after ``max_rounds``, when there
    is nothing left to label, or when too many labels fail.

    Every label, run and training is a job of its own, known by what it does: a loop that was
    killed and is started again makes none of them twice.

    Parameters
    ----------
    label_maker
        Its ``make(structure, name=, group=)`` gives a :class:`~perolyte.schemas.LabelDoc`.
    training_maker
        Its ``make(training_set, seed=, label=)`` gives a :class:`~perolyte.schemas.PotentialDoc`.
    n_members
        Of the committee, 2 to 8.
    bootstrap
        Train each member on trajectories drawn from the training set; otherwise members differ by
        their seeds only.
    exploration
        Fields of :class:`~perolyte.jobs.exploration_settings.ExplorationSettings`.
    stop_rule
        Fields of :class:`~perolyte.jobs.active_learning_rule.StopRule`.
    max_rounds
        Explorations, at most.
    max_failed_share
        Of the labels of a round; more end the loop.
    mobile_ion, charge, hop_distance_A
        As of :class:`~perolyte.flows.ConductivityMaker`.
    seed
        Runs and members derive their own.
    campaign
        Name that the documents carry.

    Raises
    ------
    InputError
        For settings out of range.
    """

    name: str = "active learning"
    label_maker: Any = field(default_factory=LabelMaker)
    training_maker: Any = field(default_factory=PotentialTrainingMaker)
    n_members: int = 4
    bootstrap: bool = True
    exploration: dict[str, Any] = field(default_factory=dict)
    stop_rule: dict[str, Any] = field(default_factory=dict)
    max_rounds: int = 5
    max_failed_share: float = 0.5
    mobile_ion: str = "Li"
    charge: float = 1.0
    hop_distance_A: float | None = None
    seed: int = 0
    campaign: str | None = None

    def __post_init__(self) -> None:
        if not _MIN_MEMBERS <= self.n_members <= _MAX_MEMBERS:
            raise InputError(
                f"n_members is {self.n_members}; give {_MIN_MEMBERS} to {_MAX_MEMBERS}, 4 or 5 "
                "are usual"
            )
        if self.max_rounds < 1:
            raise InputError(f"max_rounds is {self.max_rounds}; give at least 1")
        if not 0 <= self.max_failed_share <= 1:
            raise InputError(f"max_failed_share is {self.max_failed_share}; give 0 to 1")
        ExplorationSettings(**self.exploration)
        StopRule(**self.stop_rule)

    def make(
        self,
        structures: Sequence[Structure],
        training_set: TrainingSetDoc | OutputReference,
        *,
        names: Sequence[str] | None = None,
        committee: Sequence[str] | None = None,
    ) -> Flow:
        """Build the flow; its output is an :class:`~perolyte.schemas.ActiveLearningDoc`.

        Parameters
        ----------
        structures
            Ordered, with mobile ions, in the cells that they are followed in.
        training_set
            What there is to begin with, or a reference to it.
        names
            Of the structures, all different; by default their formulas, numbered where they come
            again.
        committee
            Members that explore first: uuids of documents of potentials, or paths of checkpoints
            that no frame of the validation split was used for. By default they are trained.

        Raises
        ------
        InputError
            For no structure, names that do not fit, a committee of one, no hop distance, or makers
            that cannot take part.
        """
        labels = _name_all(structures) if names is None else list(names)
        if not structures or len(labels) != len(structures) or len(set(labels)) < len(labels):
            raise InputError(
                f"{len(labels)} names for {len(structures)} structures; give at least one "
                "structure, and each a name of its own"
            )
        if self.hop_distance_A is None:
            raise InputError(
                "hop_distance_A is not set; give the distance between neighbouring sites of the "
                "mobile ion in Å, for example 3.87 for LLTO"
            )
        if committee is not None and not _MIN_MEMBERS <= len(committee) <= _MAX_MEMBERS:
            raise InputError(
                f"the first committee has {len(committee)} members; give {_MIN_MEMBERS} to "
                f"{_MAX_MEMBERS}, or none to train it"
            )
        first: list[Flow | Job] = []
        known: Any = training_set
        if isinstance(training_set, TrainingSetDoc):
            keep = keep_training_set(training_set)
            keep.name = f"{self.name}: training set"
            first, known = [keep], keep.output
        if committee is None:
            jobs, members = self._train(known, round_index=0)
            first += jobs
        else:
            members = list(committee)
        temperatures_K = ExplorationSettings(**self.exploration).temperatures_K
        pairs = [
            (s, f"{n} {T:g} K", T)
            for s, n in zip(structures, labels, strict=True)
            for T in temperatures_K
        ]
        state = {
            "origins": [pair[0] for pair in pairs],
            "starts": [pair[0] for pair in pairs],
            "trajectories": [f"{self.name} {pair[1]}" for pair in pairs],
            "temperatures_K": [pair[2] for pair in pairs],
        }
        round_jobs, output = self._explore(known, members, 0, state, [])
        return assign_identities(Flow([*first, *round_jobs], output=output, name=self.name))

    def build_labels(
        self,
        exploration: ExplorationDoc,
        *,
        state: dict[str, Any],
        rounds: list[ActiveLearningRoundDoc],
    ) -> Flow:
        """Build the jobs that label the selected frames, and the one that trains with them."""
        works = []
        for frame in exploration.selected:
            group = {
                "composition": frame.structure.composition.reduced_formula,
                "trajectory": frame.trajectory,
                "temperature_K": frame.temperature_K,
                "kind": "active",
            }
            works.append(self.label_maker.make(frame.structure, name=frame.name, group=group))
        train = retrain_committee(
            [work.output for work in works],
            exploration=_refer(exploration.uuid),
            state=state,
            rounds=rounds,
            maker=self,
        )
        train.name = f"{self.name}: labels of round {exploration.round}"
        train.config.on_missing_references = OnMissing.NONE
        return Flow([*works, train], output=train.output, name=f"{self.name}: labels")

    def build_training(
        self,
        exploration: ExplorationDoc,
        labels: list[Any],
        *,
        state: dict[str, Any],
        rounds: list[ActiveLearningRoundDoc],
    ) -> Flow:
        """Build the jobs of the next training set, its committee, and their exploration."""
        following = exploration.round + 1
        sound = [label for label in labels if label is not None and label.status == "converged"]
        grow = extend_training_set(
            _refer(exploration.training_set_uuid),
            [_refer(label.uuid) for label in sound],
            name=f"{self.name}: training set {following}",
            campaign=self.campaign,
        )
        grow.name = f"{self.name}: training set {following}"
        record = self._record(exploration, labels, "not_converged", [])
        trainings, members = self._train(grow.output, round_index=following)
        jobs, output = self._explore(
            grow.output, members, following, _go_on(state, exploration), [*rounds, record.output]
        )
        return Flow(
            [grow, record, *trainings, *jobs], output=output, name=f"{self.name}: round {following}"
        )

    def build_further(
        self,
        exploration: ExplorationDoc,
        objections: list[str],
        *,
        state: dict[str, Any],
        rounds: list[ActiveLearningRoundDoc],
    ) -> Flow:
        """Build the jobs of another exploration with the same committee."""
        following = exploration.round + 1
        record = self._record(exploration, [], "not_converged", objections)
        jobs, output = self._explore(
            _refer(exploration.training_set_uuid),
            exploration.potentials,
            following,
            _go_on(state, exploration),
            [*rounds, record.output],
        )
        return Flow([record, *jobs], output=output, name=f"{self.name}: round {following}")

    def build_end(
        self,
        exploration: ExplorationDoc,
        labels: list[Any],
        *,
        state: dict[str, Any],
        rounds: list[ActiveLearningRoundDoc],
        status: Status,
        reasons: list[str],
    ) -> Flow:
        """Build the jobs that write down the last round and the whole loop."""
        del state
        record = self._record(exploration, labels, status, reasons)
        finish = finish_loop(
            [*rounds, record.output],
            stop_rule=dataclasses.asdict(StopRule(**self.stop_rule)),
            name=self.name,
            campaign=self.campaign,
        )
        finish.name = f"{self.name}: result"
        return Flow([record, finish], output=finish.output, name=f"{self.name}: result")

    def _record(
        self, exploration: ExplorationDoc, labels: list[Any], status: Status, reasons: list[str]
    ) -> Job:
        record = record_round(
            _refer(exploration.uuid),
            labels=[None if label is None else _refer(label.uuid) for label in labels],
            status=status,
            reasons=reasons,
            name=f"{self.name}: round {exploration.round}",
            campaign=self.campaign,
        )
        record.name = f"{self.name}: round {exploration.round}"
        return record

    def _train(self, training_set: Any, *, round_index: int) -> tuple[list[Flow | Job], list[Any]]:
        """Return the jobs that train a committee, and references to its members."""
        jobs: list[Flow | Job] = []
        members = []
        for index in range(self.n_members):
            own_seed = derive_seed(derive_seed(self.seed, round_index), index)
            title = f"{self.name}: round {round_index} member {index + 1}"
            own_set = training_set
            if self.bootstrap:
                draw = draw_training_set(
                    training_set, seed=own_seed, name=f"{title} frames", campaign=self.campaign
                )
                draw.name = f"{title} frames"
                jobs.append(draw)
                own_set = draw.output
            work = self.training_maker.make(own_set, seed=own_seed, label=title)
            jobs.append(work)
            members.append(work.output)
        return jobs, members

    def _explore(
        self,
        training_set: Any,
        members: list[Any],
        round_index: int,
        state: dict[str, Any],
        rounds: list[Any],
    ) -> tuple[list[Flow | Job], OutputReference]:
        """Return the jobs of an exploration and of what follows from it, and their output."""
        explore = explore_with_committee(
            state["starts"],
            trajectories=state["trajectories"],
            temperatures_K=state["temperatures_K"],
            members=members,
            training_set=training_set,
            settings=dataclasses.asdict(ExplorationSettings(**self.exploration)),
            mobile_ion=self.mobile_ion,
            charge=self.charge,
            hop_distance_A=self.hop_distance_A,
            round_index=round_index,
            seed=self.seed,
            name=f"{self.name} round {round_index}",
            campaign=self.campaign,
        )
        explore.name = f"{self.name}: exploration {round_index}"
        decide = decide_round(explore.output, state=state, rounds=rounds, maker=self)
        decide.name = f"{self.name}: decision {round_index}"
        return [explore, decide], decide.output


def _go_on(state: dict[str, Any], exploration: ExplorationDoc) -> dict[str, Any]:
    """Return the state of the next round: runs begin where they were, or anew."""
    starts = [
        origin if run.last_structure is None else run.last_structure
        for origin, run in zip(state["origins"], exploration.runs, strict=True)
    ]
    return {**state, "starts": starts}


def _refer(uuid: str | None) -> OutputReference:
    """Return the output of a finished job."""
    if uuid is None:
        raise InputError("a document of the loop was made outside of a job; run the flow's jobs")
    return OutputReference(uuid)


def _name_all(structures: Sequence[Structure]) -> list[str]:
    names, seen = [], dict[str, int]()
    for structure in structures:
        formula = structure.composition.reduced_formula
        seen[formula] = seen.get(formula, 0) + 1
        names.append(formula if seen[formula] == 1 else f"{formula} {seen[formula]}")
    return names
