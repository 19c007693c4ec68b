"""When the loop ends, and what each turn of it asks for next."""

from __future__ import annotations

from typing import Any

import pytest
from jobflow import Flow, OnMissing, OutputReference

from perolyte.errors import InputError
from perolyte.flows import ActiveLearningMaker
from perolyte.jobs.active_learning import decide_round, describe_round, retrain_committee
from perolyte.jobs.active_learning_rule import StopRule, find_objections
from perolyte.jobs.exploration_settings import ExplorationSettings
from perolyte.schemas import RunDiffusivity
from support.documents import make_structure
from support.learning_documents import (
    DIFFUSIVITY,
    SELECTED,
    make_exploration,
    make_round,
    make_run,
)
from support.made_labels import make_label

BEFORE = {"run-1": DIFFUSIVITY}


def measured(value: float, error: float = 2e-6) -> RunDiffusivity:
    return RunDiffusivity(status="converged", value_cm2_s=value, error_cm2_s=error)


class TestRule:
    """Objections to ending the loop."""

    def test_a_quiet_round_ends_the_loop(self):
        assert find_objections(make_exploration(), BEFORE, StopRule()) == []

    @pytest.mark.parametrize(
        ("run", "before", "message"),
        [
            (make_run(md_status="left_domain", reason="too far"), BEFORE, "run-1: too far"),
            (make_run(n_doubtful=1), BEFORE, "25 % of 4 frames are doubtful, 1 % are allowed"),
            (make_run(length_ps=99.0), BEFORE, "99 ps were explored, 100 ps are needed"),
            (make_run(), None, "no round before"),
            (make_run(diffusivity=measured(3e-5)), BEFORE, "changed by 1e-05 cm²/s"),
            (
                make_run(diffusivity=RunDiffusivity(status="not_converged")),
                BEFORE,
                "not resolved in two rounds",
            ),
            (make_run("run-2"), BEFORE, "run-2 is not resolved in two rounds"),
        ],
    )
    def test_what_keeps_it_going(self, run, before, message):
        (found,) = find_objections(make_exploration(run), before, StopRule())
        assert message in found

    def test_a_change_within_two_joint_errors_is_none(self):
        near = make_exploration(make_run(diffusivity=measured(2.5e-5)))  # 5e-6 < 2 * 2.8e-6
        assert find_objections(near, BEFORE, StopRule()) == []
        far = find_objections(near, BEFORE, StopRule(n_errors=1.0))
        assert "1 joint errors are 2.8e-06 cm²/s" in far[0]

    def test_diffusivities_may_be_left_out(self):
        rule = StopRule(check_diffusivity=False)
        assert find_objections(make_exploration(), None, rule) == []

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"max_doubtful_percent": -1.0}, "max_doubtful_percent is -1"),
            ({"min_length_ps": 0.0}, "min_length_ps is 0.0 ps"),
            ({"n_errors": float("nan")}, "n_errors is nan"),
        ],
    )
    def test_refusals(self, changes: dict[str, Any], message: str):
        with pytest.raises(InputError, match=message):
            StopRule(**changes)


def make_maker(**changes: Any) -> ActiveLearningMaker:
    return ActiveLearningMaker(**({"hop_distance_A": 3.6, "n_members": 2} | changes))


def make_state() -> dict[str, Any]:
    salt = make_structure(Li=1, F=1)
    return {
        "origins": [salt],
        "starts": [salt],
        "trajectories": ["loop LiF 600 K"],
        "temperatures_K": [600.0],
    }


def decide(exploration, rounds=(), **changes: Any) -> Flow:
    response = decide_round.original(
        exploration, state=make_state(), rounds=list(rounds), maker=make_maker(**changes)
    )
    return response.replace


def retrain(labels, *, exploration=None, **changes: Any) -> Flow:
    exploration = exploration or make_exploration(selected=[SELECTED] * len(labels))
    response = retrain_committee.original(
        labels, exploration=exploration, state=make_state(), rounds=[], maker=make_maker(**changes)
    )
    return response.replace


def names_of(flow: Flow) -> list[str]:
    return [job.name.removeprefix("active learning: ") for job in flow.jobs]


def reasons_of(flow: Flow) -> tuple[str, str]:
    kwargs = flow.jobs[0].function_kwargs
    return kwargs["status"], "; ".join(kwargs["reasons"])


class TestTurns:
    """Which jobs follow."""

    def test_a_quiet_round_is_the_last(self):
        flow = decide(make_exploration(round=1), [make_round(0)])
        assert names_of(flow) == ["round 1", "result"]
        assert reasons_of(flow) == ("converged", "")

    def test_doubtful_frames_are_labelled(self):
        exploration = make_exploration(make_run(n_doubtful=2), selected=[SELECTED])
        flow = decide(exploration)
        assert names_of(flow) == ["label loop round 0 1-7", "labels of round 0"]
        assert flow.jobs[0].function_kwargs["group"] == {
            "composition": "LiF",
            "trajectory": "loop LiF 600 K",
            "temperature_K": 600.0,
            "kind": "active",
        }
        assert flow.jobs[1].config.on_missing_references == OnMissing.NONE
        again = decide(exploration)
        assert again.job_uuids == flow.job_uuids, "the same label is the same job after a kill"

    def test_nothing_to_label_ends_the_loop(self):
        flow = decide(make_exploration(make_run(n_doubtful=2), n_too_near=2))
        status, reasons = reasons_of(flow)
        assert status == "not_converged"
        assert (
            "there is nothing to label (2 of 2 doubtful frames are like labelled ones)" in reasons
        )

    def test_what_is_only_not_shown_yet_is_explored_further(self):
        moved = make_structure(Li=1, F=1)
        moved.translate_sites([0], [0.1, 0, 0])
        quiet = make_exploration(make_run(last_structure=moved))
        flow = decide(quiet)  # no diffusivity to compare with
        assert names_of(flow) == ["round 0", "exploration 1", "decision 1"]
        assert "no round before" in reasons_of(flow)[1]
        explore = flow.jobs[1]
        assert explore.function_args[0] == [moved]
        assert explore.function_kwargs["members"] == ["a", "b"]
        assert explore.function_kwargs["training_set"].uuid == "set-uuid"
        assert names_of(decide(quiet, max_rounds=1)) == ["round 0", "result"]

    def test_the_last_round_labels_nothing(self):
        noisy = make_exploration(make_run(n_doubtful=2), selected=[SELECTED], round=4)
        assert reasons_of(decide(noisy))[1].endswith("max_rounds is 5; raise it to go on")
        assert "label" in names_of(decide(noisy, max_rounds=6))[0]

    def test_labels_are_learnt(self):
        label = make_label("loop round 0 1-7").model_copy(update={"uuid": "label-uuid"})
        flow = retrain([label, None])
        assert names_of(flow) == [
            "training set 1",
            "round 0",
            "round 1 member 1 frames",
            "training active learning: round 1 member 1",
            "round 1 member 2 frames",
            "training active learning: round 1 member 2",
            "exploration 1",
            "decision 1",
        ]
        grow, record = flow.jobs[:2]
        assert [ref.uuid for ref in grow.function_args[1]] == ["label-uuid"]
        assert grow.function_args[0].uuid == "set-uuid"
        assert record.function_kwargs["labels"][1] is None
        seeds = {flow.jobs[index].function_kwargs["seed"] for index in (3, 5)}
        assert len(seeds) == 2
        plain = names_of(retrain([label], bootstrap=False))
        assert not [name for name in plain if name.endswith("frames")]

    def test_runs_go_on_where_they_were_or_begin_anew(self):
        label = make_label().model_copy(update={"uuid": "label-uuid"})
        moved = make_structure(Li=1, F=1)
        moved.translate_sites([0], [0.1, 0, 0])
        for last, start in ((moved, moved), (None, make_state()["origins"][0])):
            exploration = make_exploration(make_run(last_structure=last), selected=[SELECTED])
            explore = retrain([label], exploration=exploration).jobs[-2]
            assert explore.function_args[0] == [start]

    def test_too_many_failed_labels_end_the_loop(self):
        label = make_label().model_copy(update={"uuid": "label-uuid"})
        bad = label.model_copy(update={"status": "rejected", "reasons": ["no SCF"]})
        status, reasons = reasons_of(retrain([label, bad, None]))
        assert status == "rejected"
        assert "2 of 3 labels of round 0 failed, 50 % may" in reasons
        assert len(names_of(retrain([label, bad, None], max_failed_share=0.7))) == 8
        assert reasons_of(retrain([None], max_failed_share=1.0))[0] == "rejected"

    def test_failed_labels_are_counted_with_their_reasons(self):
        bad = make_label("loop round 0 1-7").model_copy(
            update={"status": "not_converged", "reasons": ["no SCF"]}
        )
        exploration = make_exploration(selected=[SELECTED] * 3)
        labels = [make_label(), bad, None]
        found = describe_round(exploration, labels, status="not_converged", reasons=[], name="r")
        assert (found.n_selected, found.n_labelled) == (3, 1)
        assert found.failed_labels[0] == "loop round 0 1-7: no SCF"
        assert "the job failed" in found.failed_labels[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_members": 1}, "n_members is 1"),
        ({"max_rounds": 0}, "max_rounds is 0"),
        ({"max_failed_share": 1.5}, "max_failed_share is 1.5"),
        ({"stop_rule": {"n_errors": -1}}, "n_errors is -1"),
        ({"exploration": {"n_frames": 0}}, "n_frames is 0"),
    ],
)
def test_makers_that_are_refused(changes: dict[str, Any], message: str):
    with pytest.raises(InputError, match=message):
        make_maker(**changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"structures": []}, "0 names for 0 structures"),
        ({"names": ["a", "a"]}, "2 names for 2 structures"),
        ({"committee": ["chgnet"]}, "has 1 members"),
    ],
)
def test_flows_that_are_refused(change: dict[str, Any], message: str):
    usual = {
        "structures": [make_structure(Li=1, F=1)] * 2,
        "training_set": OutputReference("set-uuid"),
    }
    with pytest.raises(InputError, match=message):
        make_maker().make(**(usual | change))
    with pytest.raises(InputError, match="hop_distance_A is not set"):
        make_maker(hop_distance_A=None).make(**usual)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperatures_K": []}, r"temperatures_K is \[\]"),
        ({"temperatures_K": [-1.0]}, r"temperatures_K is \[-1"),
        ({"stop_uncertainty_eV_A": 0.1}, r"\[0.15, 0.1, 5.0\] eV/Å; they must"),
        ({"min_distance": -0.1}, "min_distance is -0.1"),
        ({"md": {"potential": "chgnet"}}, "md has 'potential'"),
        ({"md": {"speed": 1}}, "md has no 'speed'"),
        ({"md": {"framework_interval": 5}}, "framework_interval is 5"),
        ({"md": {"guards": {"max_force_uncertainty_eV_A": 1.0}}}, "stop_uncertainty_eV_A here"),
    ],
)
def test_explorations_that_are_refused(changes: dict[str, Any], message: str):
    with pytest.raises(InputError, match=message):
        ExplorationSettings(**changes)
