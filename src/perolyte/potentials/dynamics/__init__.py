"""Molecular dynamics of many replicas at once: batched, guarded, restartable.

:func:`run_md_batch` follows :class:`Replica` objects in one of three ensembles and stores their
paths in chunks that :func:`perolyte.trajectories.open_trajectory` reads. Importing this package
does not load torch.
"""

from perolyte.potentials.dynamics.ensembles import NVE, Ensemble, Langevin, NoseHooverChain
from perolyte.potentials.dynamics.guards import Guards
from perolyte.potentials.dynamics.mean_cell import MeanCell, equilibrate_cell
from perolyte.potentials.dynamics.memory import measure_bytes_per_atom, plan_batches
from perolyte.potentials.dynamics.replica import Replica, ReplicaOutcome
from perolyte.potentials.dynamics.run import Progress, run_md_batch

__all__ = [
    "NVE",
    "Ensemble",
    "Guards",
    "Langevin",
    "MeanCell",
    "NoseHooverChain",
    "Progress",
    "Replica",
    "ReplicaOutcome",
    "equilibrate_cell",
    "measure_bytes_per_atom",
    "plan_batches",
    "run_md_batch",
]
