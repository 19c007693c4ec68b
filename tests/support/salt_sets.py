"""A training set of the labelled salts, as the jobs of training take it."""

from __future__ import annotations

from functools import cache

from perolyte.schemas import SPLITS, TrainingFrame, TrainingSetDoc
from perolyte.structures.labelled_frame import LabelledFrame
from support.documents import PROVENANCE
from support.labelled_salts import rattled_salts


@cache
def salt_set() -> TrainingSetDoc:
    """Return frames of MgO: to train on, two to choose by, two held out."""
    parts = {
        "train": rattled_salts(4, seed=1),
        "validation": rattled_salts(2, seed=2),
        "held_out_trajectory": rattled_salts(2, seed=3),
    }
    frames = [describe(frame, split) for split, own in parts.items() for frame in own]
    counts = {split: len(parts.get(split, [])) for split in SPLITS}
    return TrainingSetDoc(
        uuid="6f1d0c3e-9b0a-5a52-8f1e-3f6f3a0f7c11",
        name="salts",
        status="converged",
        provenance=PROVENANCE,
        frames=frames,
        n_frames=counts,
        n_atoms={split: 2 * n for split, n in counts.items()},
        n_trajectories=counts,
        compositions={"MgO": len(frames)},
        elements=["Mg", "O"],
        n_given=len(frames),
        n_duplicates=0,
        engine="a stiffer CHGNet",
        settings={},
        settings_sha256="0" * 64,
        data_sha256="1" * 64,
        seed=0,
        validation_fraction=0.25,
        held_out_fraction=0.25,
    )


def describe(frame: LabelledFrame, split: str) -> TrainingFrame:
    return TrainingFrame(
        name=frame.name,
        split=split,
        structure=frame.structure,
        energy_eV=frame.energy_eV,
        forces_eV_A=frame.forces_eV_A.tolist(),
        stress_GPa=frame.stress_GPa.tolist(),
        composition="MgO",
        trajectory=frame.name,
        kind="rattled",
    )
