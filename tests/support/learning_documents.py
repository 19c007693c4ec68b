"""Documents of a loop of active learning, with numbers that nobody computed."""

from __future__ import annotations

from typing import Any

from perolyte.schemas import (
    ActiveLearningDoc,
    ActiveLearningRoundDoc,
    CalibrationDescription,
    ExplorationDoc,
    ExploredRun,
    ReliabilityRow,
    RunDiffusivity,
    SelectedFrame,
)
from support.documents import PROVENANCE, make_structure

DIFFUSIVITY = RunDiffusivity(status="converged", value_cm2_s=2e-5, error_cm2_s=2e-6)
CALIBRATION = CalibrationDescription(
    scale=2.1,
    scale_error=0.2,
    n_frames=12,
    n_blocks=6,
    n_atoms=240,
    rank_correlation=0.7,
    coverage_levels=[0.5, 0.9],
    coverage=[0.48, 0.91],
    miscalibration_area=0.02,
    ence=0.1,
    reliability=[
        ReliabilityRow(n_atoms=120, uncertainty_eV_A=0.05, error_eV_A=0.06),
        ReliabilityRow(n_atoms=120, uncertainty_eV_A=0.2, error_eV_A=0.19),
    ],
)
SELECTED = SelectedFrame(
    name="loop round 0 1-7",
    trajectory="loop LiF 600 K",
    structure=make_structure(Li=1, F=1),
    temperature_K=600.0,
    time_ps=0.7,
    uncertainty_eV_A=0.3,
    distance=None,
)


def make_run(name: str = "run-1", **changes: Any) -> ExploredRun:
    """A run without doubts."""
    usual: dict[str, Any] = {
        "name": name,
        "trajectory": "loop LiF 600 K",
        "temperature_K": 600.0,
        "seed": 3,
        "md_status": "finished",
        "n_frames": 4,
        "length_ps": 120.0,
        "n_doubtful": 0,
        "mean_uncertainty_eV_A": 0.05,
        "largest_uncertainty_eV_A": 0.08,
        "uncertainties_eV_A": [0.02, 0.05, 0.05, 0.08],
        "diffusivity": DIFFUSIVITY,
        "last_structure": make_structure(Li=1, F=1),
    }
    return ExploredRun(**(usual | changes))


def make_exploration(*runs: ExploredRun, **changes: Any) -> ExplorationDoc:
    """An exploration; its totals are those of the runs."""
    runs = runs or (make_run(),)
    usual: dict[str, Any] = {
        "name": "loop round 0",
        "uuid": "exploration-uuid",
        "status": "converged",
        "provenance": PROVENANCE,
        "round": 0,
        "potentials": ["a", "b"],
        "training_set_uuid": "set-uuid",
        "committee": {"name": "committee of 2 CHGNet"},
        "uncertainty_scale": 2.1,
        "calibration": CALIBRATION,
        "runs": list(runs),
        "selected": [],
        "n_frames": sum(run.n_frames for run in runs),
        "n_doubtful": sum(run.n_doubtful for run in runs),
        "n_too_near": 0,
        "length_ps": sum(run.length_ps for run in runs),
        "settings": {"n_frames": 20},
    }
    return ExplorationDoc(**(usual | changes))


def make_round(index: int = 0, **changes: Any) -> ActiveLearningRoundDoc:
    """A round that labelled three frames."""
    usual: dict[str, Any] = {
        "name": f"loop round {index}",
        "uuid": f"round-{index}",
        "status": "not_converged",
        "provenance": PROVENANCE,
        "round": index,
        "exploration_uuid": "exploration-uuid",
        "potentials": ["a", "b"],
        "training_set_uuid": "set-uuid",
        "length_ps": 120.0,
        "n_frames": 100,
        "n_doubtful": 20 // (index + 1),
        "doubtful_percent": 20.0 / (index + 1),
        "n_stopped_runs": 1,
        "uncertainty_scale": 2.1,
        "scale_error": 0.2,
        "rank_correlation": 0.7,
        "n_selected": 4,
        "n_labelled": 3,
        "failed_labels": ["loop round 0 1-7: not converged"],
        "label_uuids": ["l1", "l2", "l3"],
        "diffusivities": {"run-1": DIFFUSIVITY},
    }
    return ActiveLearningRoundDoc(**(usual | changes))


def make_loop_document(*rounds: ActiveLearningRoundDoc, **changes: Any) -> ActiveLearningDoc:
    """A loop of these rounds, two by default."""
    rounds = rounds or (make_round(0), make_round(1))
    usual: dict[str, Any] = {
        "name": "loop",
        "status": "not_converged",
        "reasons": ["max_rounds is 2"],
        "provenance": PROVENANCE,
        "rounds": list(rounds),
        "potentials": ["a", "b"],
        "training_set_uuid": "set-uuid",
        "uncertainty_scale": 2.1,
        "n_labelled": 6,
        "n_failed_labels": 2,
        "stop_rule": {"max_doubtful_percent": 1.0},
    }
    return ActiveLearningDoc(**(usual | changes))
