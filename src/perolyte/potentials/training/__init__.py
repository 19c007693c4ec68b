"""Training of potentials on labelled frames. Importing this package does not load torch."""

from typing import TYPE_CHECKING, Any

from perolyte.potentials.training.errors import FrameErrors, evaluate_frames, fit_softening_slope
from perolyte.potentials.training.references import ReferenceShifts, correct_atom_references
from perolyte.potentials.training.settings import TrainingSettings, TrainingStage

if TYPE_CHECKING:
    from perolyte.potentials.training.graphs import hash_frames
    from perolyte.potentials.training.run import TrainingOutcome, train_potential
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

_LAZY = {
    "EpochErrors": "perolyte.potentials.training.state",
    "TrainingOutcome": "perolyte.potentials.training.run",
    "hash_frames": "perolyte.potentials.training.graphs",
    "train_potential": "perolyte.potentials.training.run",
}


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is first asked for."""
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
