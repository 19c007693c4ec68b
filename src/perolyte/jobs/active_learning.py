"""The turns of a loop of active learning: whether to end it, what to label, what to train.

Each turn is a job that replaces itself by the jobs that come next, named by what they do: after a
kill the same loop finds every finished label, run and training again.
"""

from __future__ import annotations

from typing import Any

from jobflow import Response, job

from perolyte.jobs.active_learning_rule import StopRule, find_objections
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import (
    ActiveLearningDoc,
    ActiveLearningRoundDoc,
    ExplorationDoc,
    LabelDoc,
    Status,
    TrainingSetDoc,
)

__all__ = [
    "decide_round",
    "describe_round",
    "finish_loop",
    "keep_training_set",
    "record_round",
    "retrain_committee",
]


@job
def keep_training_set(training_set: TrainingSetDoc) -> TrainingSetDoc:
    """Put a training set that was given as a document into the store, for the jobs that follow."""
    return training_set.model_copy(update={"uuid": current_uuid()})


@job
def decide_round(
    exploration: ExplorationDoc,
    *,
    state: dict[str, Any],
    rounds: list[ActiveLearningRoundDoc],
    maker: Any,
) -> Response:
    """End the loop by its rule, label what was selected, or look further.

    Parameters
    ----------
    exploration
        Of this round.
    state
        Of the loop, as :class:`~perolyte.flows.ActiveLearningMaker` writes it.
    rounds
        Those before.
    maker
        The :class:`~perolyte.flows.ActiveLearningMaker`, which builds what comes next.

    Returns
    -------
    Response
        Replaces itself; the output is that of :func:`finish_loop`.
    """
    before = rounds[-1].diffusivities if rounds else None
    rule = StopRule(**maker.stop_rule)
    objections = find_objections(exploration, before, rule)
    # what is known well is only not shown yet: by a longer run, or a second diffusivity
    is_quiet = exploration.doubtful_percent <= rule.max_doubtful_percent
    ending: tuple[Status, list[str]] | None = None
    if not objections:
        ending = ("converged", [])
    elif not exploration.selected and not is_quiet:
        like = f"{exploration.n_too_near} of {exploration.n_doubtful} doubtful frames are like"
        hint = "explore longer, at other temperatures, or lower min_distance"
        ending = (
            "not_converged",
            [*objections, f"there is nothing to label ({like} labelled ones): {hint}"],
        )
    elif exploration.round + 1 >= maker.max_rounds:
        ending = (
            "not_converged",
            [*objections, f"max_rounds is {maker.max_rounds}; raise it to go on"],
        )
    if ending is None and exploration.selected:
        flow = maker.build_labels(exploration, state=state, rounds=rounds)
    elif ending is None:
        flow = maker.build_further(exploration, objections, state=state, rounds=rounds)
    else:
        flow = maker.build_end(
            exploration, [], state=state, rounds=rounds, status=ending[0], reasons=ending[1]
        )
    return Response(replace=assign_identities(flow))


@job
def retrain_committee(
    labels: list[Any],
    *,
    exploration: ExplorationDoc,
    state: dict[str, Any],
    rounds: list[ActiveLearningRoundDoc],
    maker: Any,
) -> Response:
    """Train the next committee with the new labels, and explore with it.

    Parameters
    ----------
    labels
        :class:`~perolyte.schemas.LabelDoc`, or None where the job failed.
    exploration, state, rounds, maker
        As :func:`decide_round`.

    Returns
    -------
    Response
        Replaces itself. Too many failed labels end the loop.
    """
    sound = [label for label in labels if label is not None and label.status == "converged"]
    n_failed = len(labels) - len(sound)
    if n_failed > maker.max_failed_share * len(labels) or not sound:
        reason = (
            f"{n_failed} of {len(labels)} labels of round {exploration.round} failed, "
            f"{100 * maker.max_failed_share:g} % may: see their reasons, and the engine"
        )
        flow = maker.build_end(
            exploration, labels, state=state, rounds=rounds, status="rejected", reasons=[reason]
        )
    else:
        flow = maker.build_training(exploration, labels, state=state, rounds=rounds)
    return Response(replace=assign_identities(flow))


@job
def record_round(
    exploration: ExplorationDoc,
    *,
    labels: list[Any],
    status: Status,
    reasons: list[str],
    name: str,
    campaign: str | None = None,
) -> ActiveLearningRoundDoc:
    """Write down a round, as a job; see :func:`describe_round`."""
    document = describe_round(
        exploration, labels, status=status, reasons=reasons, name=name, campaign=campaign
    )
    return document.model_copy(update={"uuid": current_uuid()})


def describe_round(
    exploration: ExplorationDoc,
    labels: list[LabelDoc | None],
    *,
    status: Status,
    reasons: list[str],
    name: str,
    campaign: str | None = None,
) -> ActiveLearningRoundDoc:
    """Return the document of a round.

    Parameters
    ----------
    exploration
        Of the round.
    labels
        In the order in which frames were selected; None for a job that failed. Empty where nothing
        was labelled.
    status, reasons
        Whether the loop's rule was met.
    name, campaign
        Of the document.
    """
    failed = []
    for frame, label in zip(exploration.selected, labels, strict=False):
        if label is None:
            failed.append(f"{frame.name}: the job failed; its error is in the run's log")
        elif label.status != "converged":
            failed.append(f"{label.name}: {'; '.join(label.reasons) or label.status}")
    sound = [label for label in labels if label is not None and label.status == "converged"]
    calibration = exploration.calibration
    return ActiveLearningRoundDoc(
        campaign=campaign,
        name=name,
        status=status,
        reasons=reasons,
        warnings=exploration.warnings,
        provenance=make_provenance(
            potential=exploration.provenance.potential,
            parent_uuids=[exploration.uuid, *(label.uuid for label in sound)],
        ),
        round=exploration.round,
        exploration_uuid=exploration.uuid,
        potentials=exploration.potentials,
        training_set_uuid=exploration.training_set_uuid,
        length_ps=exploration.length_ps,
        n_frames=exploration.n_frames,
        n_doubtful=exploration.n_doubtful,
        doubtful_percent=exploration.doubtful_percent,
        n_stopped_runs=sum(run.md_status != "finished" for run in exploration.runs),
        uncertainty_scale=exploration.uncertainty_scale,
        scale_error=None if calibration is None else calibration.scale_error,
        rank_correlation=None if calibration is None else calibration.rank_correlation,
        n_selected=len(exploration.selected),
        n_labelled=len(sound),
        failed_labels=failed,
        label_uuids=[label.uuid for label in sound if label.uuid is not None],
        diffusivities={run.name: run.diffusivity for run in exploration.runs},
    )


@job
def finish_loop(
    rounds: list[ActiveLearningRoundDoc],
    *,
    stop_rule: dict[str, Any],
    name: str,
    campaign: str | None = None,
) -> ActiveLearningDoc:
    """Write down the whole loop.

    Parameters
    ----------
    rounds
        All of them; the last one says how it ended.
    stop_rule
        Of :class:`~perolyte.jobs.active_learning_rule.StopRule`.
    name, campaign
        Of the document.

    Returns
    -------
    ActiveLearningDoc
        Its potentials are those that explored in the last round.
    """
    last = rounds[-1]
    return ActiveLearningDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name=name,
        status=last.status,
        reasons=last.reasons,
        warnings=last.warnings,
        provenance=make_provenance(
            potential=last.provenance.potential, parent_uuids=[one.uuid for one in rounds]
        ),
        rounds=rounds,
        potentials=last.potentials,
        training_set_uuid=last.training_set_uuid,
        uncertainty_scale=last.uncertainty_scale,
        n_labelled=sum(one.n_labelled for one in rounds),
        n_failed_labels=sum(len(one.failed_labels) for one in rounds),
        stop_rule=stop_rule,
    )
