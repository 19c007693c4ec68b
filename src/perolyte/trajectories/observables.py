"""Energies and temperatures that a run stores with its frames."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from perolyte.errors import InputError
from perolyte.trajectories.chunked import MANIFEST
from perolyte.trajectories.failures import refuse_damage
from perolyte.transport.checks import FloatArray

__all__ = ["OBSERVABLES", "read_observable"]

OBSERVABLES = (
    "potential_energy",
    "kinetic_energy",
    "temperature",
    "conserved_energy",
    "force_uncertainty",
)


def read_observable(folder: str | Path, name: str) -> FloatArray:
    """Read one number for each stored frame of a run of perolyte's MD.

    Parameters
    ----------
    folder
        Of one replica.
    name
        One of :data:`OBSERVABLES`; energies in eV of all atoms, temperature in K, the largest
        force uncertainty of an atom in eV/Å.

    Returns
    -------
    numpy.ndarray
        (n_frames,).

    Raises
    ------
    InputError
        For another name, one that this run has not, or a damaged file, which is named.
    """
    import h5py

    if name not in OBSERVABLES:
        raise InputError(f"observable {name!r} is not stored; use {', '.join(OBSERVABLES)}")
    where = Path(folder)
    with refuse_damage(f"{where / MANIFEST}", "it is no manifest of a run"):
        names = [
            str(chunk["file"]) for chunk in json.loads((where / MANIFEST).read_bytes())["chunks"]
        ]
    parts = []
    for file_name in names:
        with refuse_damage(f"{where / file_name}", "copy it again, or run anew"):
            content = io.BytesIO((where / file_name).read_bytes())
            with h5py.File(content, "r") as file:
                if name not in file["observables"]:
                    raise InputError(
                        f"{where / file_name} holds no {name}: not every ensemble conserves an "
                        "energy, and only a committee knows its uncertainty"
                    )
                parts.append(np.asarray(file[f"observables/{name}/value"][()], dtype=np.float64))
    return np.concatenate(parts) if parts else np.empty(0)
