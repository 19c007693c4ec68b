"""A tiny loop of active learning: CHGNets for PBE learn rock salts of a CHGNet for r2SCAN."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from monty.json import MontyDecoder
from pymatgen.core import Lattice, Structure

from perolyte.dft.evaluation import evaluate_structure
from perolyte.dft.labels import FrameGroup, RawLabel, build_label
from perolyte.flows import ActiveLearningMaker, LabelMaker, PotentialTrainingMaker
from perolyte.jobs.labels import describe_engine
from perolyte.jobs.training_set import assemble_training_set
from perolyte.potentials.choosing import build_calculator
from perolyte.schemas import TrainingSetDoc

TEACHER = "support.learning_salts.make_teacher"
COMMITTEE = ("chgnet", "chgnet-r2scan")
"""Who explores first: one of them is the teacher."""
GIVEN = "given.json"
CALLS_VARIABLE = "PEROLYTE_TEST_CALLS"


def make_teacher() -> Any:
    """An ASE calculator that writes down each calculation where the environment says."""
    calculator = build_calculator("chgnet", {"version": "r2scan", "device": "cpu"})
    calculate = calculator.calculate

    def count_and_calculate(atoms=None, *args, **kwargs):
        if CALLS_VARIABLE in os.environ:
            with Path(os.environ[CALLS_VARIABLE]).open("a", encoding="utf-8") as calls:
                calls.write(f"{np.round(atoms.positions, 6).tolist()}\n")
        return calculate(atoms, *args, **kwargs)

    calculator.calculate = count_and_calculate
    return calculator


def make_salt(seed: int | None = None, *, step_A: float = 0.08) -> Structure:
    """Lithium fluoride of four atoms, moved at random where there is a seed."""
    salt = Structure(
        Lattice.tetragonal(2.87, 4.06),
        ["Li", "Li", "F", "F"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0, 0, 0.5]],
    )
    if seed is None:
        return salt
    steps = np.random.default_rng(seed).normal(scale=step_A, size=(len(salt), 3))
    places = salt.cart_coords + steps
    return Structure(salt.lattice, salt.species, places, coords_are_cartesian=True)


def make_salt_set(n_train: int = 4, n_validation: int = 10) -> TrainingSetDoc:
    """Each frame its own trajectory; the fraction sends the right number to validation."""
    theory, version = describe_engine(TEACHER)
    calculator = make_teacher()
    n_frames = n_train + n_validation
    labels = []
    for seed in range(n_frames):
        salt = make_salt(seed)
        raw = RawLabel(
            name=f"salt {seed}",
            structure=salt,
            found=evaluate_structure(salt, calculator),
            theory=theory,
            engine_version=version,
            group=FrameGroup.from_dict(
                {"composition": "LiF", "trajectory": f"salt {seed}", "kind": "rattled"}
            ),
        )
        labels.append(build_label(raw))
    return assemble_training_set(
        labels,
        validation_fraction=n_validation / n_frames,
        held_out_fraction=0.0,
        name="salts",
    )


def make_loop(**changes: Any) -> ActiveLearningMaker:
    """Two members, one epoch, runs of 0.05 ps."""
    settings: dict[str, Any] = {
        "label_maker": LabelMaker(engine=TEACHER),
        "training_maker": PotentialTrainingMaker(
            settings={
                "stages": [{"epochs": 1, "learning_rate": 1e-3}],
                "batch_size": 3,
                "device": "cpu",
            }
        ),
        "n_members": 2,
        "exploration": {
            "temperatures_K": [600.0, 1200.0],
            "md": {
                "time_step_fs": 2.0,
                "frame_interval_fs": 10.0,
                "equilibration_ps": 0.0,
                "production_ps": 0.05,
            },
            "select_uncertainty_eV_A": 0.02,
            "stop_uncertainty_eV_A": 0.5,
            "n_frames": 3,
        },
        "max_rounds": 2,
        "hop_distance_A": 2.87,
        "seed": 5,
    }
    return ActiveLearningMaker(**(settings | changes))


def run_loop(folder: Path) -> None:
    """Run the loop with the training set in a folder, or go on with it; to be killed."""
    from perolyte.execution import run_flow
    from perolyte.stores import open_store

    salts = json.loads((folder / GIVEN).read_text(), cls=MontyDecoder)
    flow = make_loop().make([make_salt(99)], salts, committee=COMMITTEE)
    store = open_store(folder / "store")
    try:
        report = run_flow(flow, store, folder=folder / "jobs", n_workers=1)
    finally:
        store.close()
    if not report.ok:
        raise SystemExit(f"{report.failed} {report.blocked}")


if __name__ == "__main__":
    import sys

    run_loop(Path(sys.argv[1]))
