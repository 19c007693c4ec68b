"""What each replica of a job starts with, kept on disk so that it is found only once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor

from perolyte.errors import ConvergenceError
from perolyte.folder_lock import lock_folder
from perolyte.jobs.md_settings import MDSettings
from perolyte.jobs.seeds import derive_seed
from perolyte.potentials.choosing import build_calculator
from perolyte.potentials.dynamics import Replica, equilibrate_cell
from perolyte.potentials.dynamics.atomic_files import write_atomically
from perolyte.schemas import MeanCellDescription, TrajectoryDoc
from perolyte.units import FS_PER_PS

__all__ = ["ReplicaStart", "find_starts", "keep_start"]

_FOLDER = "starts"
_CELL_SKIPPED = 0.2


@dataclass(frozen=True, eq=False)
class ReplicaStart:
    """One replica before its run.

    Attributes
    ----------
    label
        Temperature and number, the name of its folder.
    structure
        In the cell of the run.
    velocities_A_fs
        (n_atoms, 3), Å/fs, where the search for the mean cell gives them.
    cell
        The mean cell, where one was sought.
    failure
        Why there is no mean cell: the structure did not survive at this temperature.
    """

    label: str
    temperature_K: float
    seed: int
    structure: Structure
    velocities_A_fs: list[list[float]] | None = None
    cell: MeanCellDescription | None = None
    failure: str | None = None

    def to_replica(self, mobile_ion: str, time_step_fs: float) -> Replica:
        """Return what :func:`perolyte.potentials.dynamics.run_md_batch` takes."""
        return Replica(
            self.label,
            self.structure,
            mobile_ion,
            temperature_K=self.temperature_K,
            seed=self.seed,
            time_step_fs=time_step_fs,
            velocities_A_fs=self.velocities_A_fs,
        )


def find_starts(
    structure: Structure,
    temperatures_K: list[float],
    seed: int,
    settings: MDSettings,
    folder: Path,
) -> list[ReplicaStart]:
    """Return the start of every replica, temperature by temperature.

    Parameters
    ----------
    structure
        Ordered and relaxed.
    temperatures_K
        K.
    seed
        Each replica derives its own.
    folder
        Of the job: a mean cell that is found there is not sought again.

    Raises
    ------
    StoreError
        Where another process seeks cells there.
    """
    starts = []
    for index, temperature_K in enumerate(temperatures_K):
        for number in range(settings.n_replicas):
            label = f"{temperature_K:g}K-{number + 1}"
            own_seed = derive_seed(seed, index * settings.n_replicas + number)
            found: dict[str, Any] = {"structure": structure}
            if settings.cell_equilibration_ps > 0:
                with lock_folder(folder / _FOLDER):
                    found = _read(folder, label)
                    if not found:
                        found = _equilibrate(
                            structure,
                            temperature_K,
                            own_seed,
                            settings,
                            checkpoint=folder / _FOLDER / f"{label}.checkpoint",
                        )
                        _write(folder, label, found)
            starts.append(ReplicaStart(label, temperature_K, own_seed, **found))
    return starts


def keep_start(folder: Path, document: TrajectoryDoc) -> None:
    """Write down the start of a replica that another machine began."""
    if document.mean_cell is not None:
        found = {
            "structure": document.structure,
            "velocities_A_fs": document.first_velocities_A_fs,
            "cell": document.mean_cell,
        }
        _write(folder, document.replica, found)
    elif document.n_steps == 0 and document.status == "unphysical":
        failure = "; ".join(document.reasons)
        _write(folder, document.replica, {"structure": document.structure, "failure": failure})


def _equilibrate(
    structure: Structure,
    temperature_K: float,
    seed: int,
    settings: MDSettings,
    *,
    checkpoint: Path,
) -> dict[str, Any]:
    from ase import units

    n_steps = round(settings.cell_equilibration_ps * FS_PER_PS / settings.time_step_fs)
    try:
        mean = equilibrate_cell(
            build_calculator(settings.potential, settings.calculator_kwargs),
            structure,
            temperature_K,
            n_steps=n_steps,
            n_skipped_steps=round(_CELL_SKIPPED * n_steps),
            seed=seed,
            time_step_fs=settings.time_step_fs,
            checkpoint=checkpoint,
        )
    except ConvergenceError as err:
        # a cell that boils at this temperature is a result, and no reason to lose the others
        return {"structure": structure, "failure": str(err)}
    bare = mean.atoms.copy()
    bare.set_momenta(np.zeros((len(bare), 3)))
    return {
        "structure": AseAtomsAdaptor.get_structure(bare),
        "velocities_A_fs": (mean.atoms.get_velocities() * units.fs).tolist(),
        "cell": MeanCellDescription(
            cell_A=mean.cell_A.tolist(),
            cell_error_A=np.asarray(mean.cell_error_A).tolist(),
            volume_A3=mean.volume_A3,
            volume_error_A3=mean.volume_error_A3,
            temperature_K=mean.temperature_K,
            n_samples=mean.n_samples,
        ),
    }


def _read(folder: Path, label: str) -> dict[str, Any]:
    path = folder / _FOLDER / f"{label}.json"
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    found["structure"] = Structure.from_dict(found["structure"])
    if "cell" in found:
        found["cell"] = MeanCellDescription.model_validate(found["cell"])
    return found


def _write(folder: Path, label: str, found: dict[str, Any]) -> None:
    content = {**found, "structure": found["structure"].as_dict()}
    if "cell" in found:
        content["cell"] = found["cell"].model_dump()
    path = folder / _FOLDER / f"{label}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(content).encode())
    path.with_suffix(".checkpoint").unlink(missing_ok=True)
