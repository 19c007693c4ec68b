"""Training of potentials on labelled frames. Importing this package loads torch."""

from perolyte.potentials.training.errors import FrameErrors, evaluate_frames, fit_softening_slope
from perolyte.potentials.training.graphs import hash_frames
from perolyte.potentials.training.references import ReferenceShifts, correct_atom_references
from perolyte.potentials.training.run import TrainingOutcome, train_potential
from perolyte.potentials.training.settings import TrainingSettings, TrainingStage
from perolyte.potentials.training.state import EpochErrors

__all__ = [
    "EpochErrors",
    "FrameErrors",
    "ReferenceShifts",
    "TrainingOutcome",
    "TrainingSettings",
    "TrainingStage",
    "correct_atom_references",
    "evaluate_frames",
    "fit_softening_slope",
    "hash_frames",
    "train_potential",
]
