"""Interatomic potentials. Importing this package does not load torch."""

from typing import TYPE_CHECKING, Any

from perolyte.potentials.registry import (
    PotentialSpec,
    describe_potential,
    name_of_potential,
    resolve_potential,
)

if TYPE_CHECKING:
    from perolyte.potentials.batch import (
        BatchPotential,
        BrokenSystemError,
        Evaluation,
        SystemBatch,
    )
    from perolyte.potentials.dynamics import run_md_batch
    from perolyte.potentials.loading import load_potential
    from perolyte.potentials.relaxation_batch import relax_batch
    from perolyte.potentials.training import (
        TrainingSettings,
        TrainingStage,
        evaluate_frames,
        train_potential,
    )

__all__ = [
    "BatchPotential",
    "BrokenSystemError",
    "Evaluation",
    "PotentialSpec",
    "SystemBatch",
    "TrainingSettings",
    "TrainingStage",
    "describe_potential",
    "evaluate_frames",
    "load_potential",
    "name_of_potential",
    "relax_batch",
    "resolve_potential",
    "run_md_batch",
    "train_potential",
]

_LAZY = {
    "BatchPotential": "perolyte.potentials.batch",
    "BrokenSystemError": "perolyte.potentials.batch",
    "Evaluation": "perolyte.potentials.batch",
    "SystemBatch": "perolyte.potentials.batch",
    "TrainingSettings": "perolyte.potentials.training",
    "TrainingStage": "perolyte.potentials.training",
    "evaluate_frames": "perolyte.potentials.training",
    "load_potential": "perolyte.potentials.loading",
    "relax_batch": "perolyte.potentials.relaxation_batch",
    "run_md_batch": "perolyte.potentials.dynamics",
    "train_potential": "perolyte.potentials.training",
}


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is first asked for."""
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
