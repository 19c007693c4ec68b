"""A loop of active learning on one machine, without a DFT code: CHGNet for r2SCAN is the teacher.

Two members, which begin as the pretrained CHGNet for PBE, learn cells of lithium fluoride from its
labels. With ``LabelMaker(engine="gpaw")`` or ``engine="vasp"`` instead, the same loop labels with
DFT. Run it again after an interruption: everything that was finished is found.

    python examples/active_learning.py FOLDER

It takes about five minutes on two CPU cores, and less when it is given again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from jobflow import Flow
from pymatgen.core import Lattice, Structure

from perolyte.execution import run_flow
from perolyte.flows import (
    ActiveLearningMaker,
    LabelMaker,
    PotentialTrainingMaker,
    assign_identities,
)
from perolyte.jobs.training_set import build_training_set
from perolyte.reports.active_learning_plot import calibration_figure, learning_figure
from perolyte.schemas import ActiveLearningDoc, ExplorationDoc
from perolyte.stores import open_store

TEACHER = LabelMaker(engine="chgnet", engine_kwargs={"version": "r2scan", "device": "cpu"})
N_RUNS, N_FRAMES = 10, 2


def make_salt(seed: int | None = None) -> Structure:
    """Return lithium fluoride of four atoms, rattled by 0.1 Å where there is a seed."""
    salt = Structure(
        Lattice.tetragonal(2.87, 4.06),
        ["Li", "Li", "F", "F"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0, 0, 0.5]],
    )
    if seed is None:
        return salt
    places = salt.cart_coords + np.random.default_rng(seed).normal(scale=0.1, size=(4, 3))
    return Structure(salt.lattice, salt.species, places, coords_are_cartesian=True)


def make_flow() -> Flow:
    """Return the labels to begin with, and the loop."""
    labels = []
    for run in range(N_RUNS):
        for frame in range(N_FRAMES):
            name = f"rattled {run}-{frame}"
            group = {"composition": "LiF", "trajectory": f"rattled {run}", "kind": "rattled"}
            salt = make_salt(N_FRAMES * run + frame)
            labels.append(TEACHER.make(salt, name=name, group=group))
    first = build_training_set(
        [label.output for label in labels],
        validation_fraction=0.5,
        held_out_fraction=0.0,
        name="rattled salts",
    )
    first.name = "first training set"
    stages = [{"epochs": 2, "learning_rate": 1e-3}]
    loop = ActiveLearningMaker(
        label_maker=TEACHER,
        training_maker=PotentialTrainingMaker(settings={"stages": stages, "batch_size": 4}),
        n_members=2,
        exploration={
            "temperatures_K": [600.0, 1200.0],
            "md": {"production_ps": 0.2, "equilibration_ps": 0.0, "frame_interval_fs": 20.0},
            "n_frames": 5,
        },
        # a demonstration cannot resolve a diffusivity
        stop_rule={"min_length_ps": 1.0, "check_diffusivity": False},
        max_rounds=2,
        hop_distance_A=2.87,
        seed=1,
    ).make([make_salt()], first.output)
    return assign_identities(Flow([*labels, first, loop], output=loop.output, name="salts"))


def main() -> None:
    """Run the loop, or go on with it, and draw what came of it."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "active-learning")
    store = open_store(folder / "store")
    try:
        report = run_flow(make_flow(), store, folder=folder / "jobs", n_workers=1)
        if not report.ok:
            raise SystemExit(f"failed: {report.failed}; not run: {report.blocked}")
        outputs = {}
        for schema in ("ActiveLearningDoc", "ExplorationDoc"):
            query = {"output.schema_name": schema}
            outputs[schema] = store.query_one(query, sort={"completed_at": -1}, load=True)["output"]
    finally:
        store.close()
    loop = ActiveLearningDoc.model_validate(outputs["ActiveLearningDoc"])
    last = ExplorationDoc.model_validate(outputs["ExplorationDoc"])
    calibration_figure(last).savefig(folder / "calibration.png")
    learning_figure(loop).savefig(folder / "rounds.png")
    print(f"{loop.status}: {'; '.join(loop.reasons) or 'the rule is met'}")
    for one in loop.rounds:
        print(
            f"round {one.round}: {one.doubtful_percent:.1f} % of {one.n_frames} frames doubtful, "
            f"{one.n_labelled} labelled, uncertainties scaled by {one.uncertainty_scale:.2f}"
        )
    print(f"potentials: {', '.join(loop.potentials)}")
    print(f"figures: {folder / 'calibration.png'}, {folder / 'rounds.png'}")


if __name__ == "__main__":
    main()
