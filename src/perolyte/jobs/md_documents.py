"""What a replica of molecular dynamics became, as a document."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perolyte.jobs.md_convergence import ReplicaEnd
from perolyte.jobs.md_settings import MDSettings
from perolyte.jobs.md_starts import ReplicaStart
from perolyte.jobs.provenance import make_provenance
from perolyte.jobs.run_files import collect_files
from perolyte.potentials.dynamics.ensembles import describe_ensemble
from perolyte.schemas import PotentialProvenance, Status, TrajectoryDoc
from perolyte.trajectories.observables import read_observable
from perolyte.units import FS_PER_PS

__all__ = ["ReplicaWriter"]

_STATUS: dict[str, Status] = {"finished": "converged", "unfinished": "not_converged"}


@dataclass(frozen=True)
class ReplicaWriter:
    """Writes the documents of one job, with what they share.

    Attributes
    ----------
    name, campaign
        Of the job's documents; each adds its replica.
    """

    name: str
    mobile_ion: str
    settings: MDSettings
    potential: PotentialProvenance | None
    campaign: str | None

    def describe(
        self, start: ReplicaStart, end: ReplicaEnd, computed_on: dict[str, Any]
    ) -> TrajectoryDoc:
        """Return the document of a replica that ran.

        Parameters
        ----------
        start, end
            How it began and ended.
        computed_on
            What the engine says of itself.
        """
        outcome = end.outcome
        return TrajectoryDoc(
            **self._list_inputs(start),
            status=_STATUS.get(outcome.status, "unphysical"),
            reasons=[outcome.reason] if outcome.reason else [],
            warnings=list(outcome.warnings),
            first_velocities_A_fs=start.velocities_A_fs,
            mean_temperature_K=self._read_mean_temperature(outcome.folder),
            run_length_ps=outcome.n_steps * self.settings.time_step_fs / FS_PER_PS,
            n_steps=outcome.n_steps,
            n_frames=outcome.n_frames,
            md_status=outcome.status,
            stopped_by=end.stopped_by,
            relative_error=end.relative_error,
            mean_cell=start.cell,
            files=collect_files(outcome.folder, with_checkpoints=end.stopped_by == "wall_time"),
            computed_on={str(key): str(value) for key, value in computed_on.items()},
        )

    def describe_failure(self, start: ReplicaStart) -> TrajectoryDoc:
        """Return the document of a replica that did not survive the search for its mean cell."""
        return TrajectoryDoc(
            **self._list_inputs(start),
            status="unphysical",
            reasons=[start.failure or ""],
            run_length_ps=0.0,
            n_steps=0,
            n_frames=0,
            md_status="exploded",
            stopped_by="guard",
            files=[],
        )

    def _list_inputs(self, start: ReplicaStart) -> dict[str, Any]:
        settings = self.settings
        return {
            "campaign": self.campaign,
            "name": f"{self.name} {start.label}",
            "provenance": make_provenance(seed=start.seed, potential=self.potential),
            "replica": start.label,
            "formula": start.structure.composition.reduced_formula,
            "structure": start.structure,
            "mobile_ion": self.mobile_ion,
            "temperature_K": start.temperature_K,
            "replica_seed": start.seed,
            "ensemble": describe_ensemble(settings.ensemble()),
            "time_step_fs": settings.time_step_fs,
            "frame_interval_fs": settings.frame_interval_fs,
            "framework_interval": settings.framework_interval,
            "equilibration_ps": settings.equilibration_ps,
            "settings": asdict(settings),
        }

    def _read_mean_temperature(self, folder: Path) -> float | None:
        """Return the mean kinetic temperature after equilibration, K; None without frames there."""
        first = round(self.settings.equilibration_ps * FS_PER_PS / self.settings.frame_interval_fs)
        values = read_observable(folder, "temperature")[first:]
        return float(np.mean(values)) if len(values) else None
