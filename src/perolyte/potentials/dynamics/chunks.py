"""Chunks of frames as HDF5 in the H5MD layout (doi 10.1016/j.cpc.2014.01.018).

``particles/all`` holds the thinned frames of all atoms as ``position``, which any reader of H5MD
understands; ``particles/mobile`` holds the mobile ions of every frame as ``displacement`` from
``initial_position``; ``observables`` holds energies, temperature and the framework's centre.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from perolyte import __version__
from perolyte.potentials.dynamics.replica import Replica
from perolyte.potentials.dynamics.run_settings import RunSettings

__all__ = ["OBSERVABLES", "encode_chunk"]

OBSERVABLES = (
    "potential_energy",
    "kinetic_energy",
    "temperature",
    "conserved_energy",
    "force_uncertainty",
)
_UNITS = ("eV", "eV", "K", "eV", "eV/Angstrom")


def encode_chunk(
    replica: Replica, settings: RunSettings, first_frame: int, arrays: dict[str, NDArray]
) -> bytes:
    """Return the bytes of the file.

    Parameters
    ----------
    replica, settings
        What was run.
    first_frame
        Number of the first frame in the run.
    arrays
        From :meth:`FrameBuffer.to_arrays`, at least one frame.
    """
    import h5py

    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        _write_header(file)
        clock = _Clock(replica.time_step_fs, settings.store_interval_steps, first_frame)
        everything = file.create_group("particles/all")
        _write_cell(everything, replica)
        everything["species"] = np.array(replica.species, dtype="S2")
        everything["mass"] = replica.masses_amu
        everything["mass"].attrs["unit"] = "u"
        everything["initial_position"] = replica.positions_A
        everything["initial_position"].attrs["unit"] = "Angstrom"
        slow = settings.framework_interval
        positions = arrays["all_positions_A"]
        if len(positions):
            # the first frame of this chunk with all atoms is the first multiple of the interval
            wait = -first_frame % slow
            clock.write(everything, "position", positions, "Angstrom", every=slow, wait=wait)
            _mark_unwrapped(everything, positions.shape)
        mobile = file.create_group("particles/mobile")
        _write_cell(mobile, replica)
        mobile["species"] = np.array(replica.species, dtype="S2")[replica.is_mobile]
        mobile["id"] = np.flatnonzero(replica.is_mobile)
        mobile["initial_position"] = replica.positions_A[replica.is_mobile]
        mobile["initial_position"].attrs["unit"] = "Angstrom"
        clock.write(mobile, "displacement", arrays["displacements_A"], "Angstrom")
        observables = file.create_group("observables")
        for name, unit, values in zip(OBSERVABLES, _UNITS, arrays["scalars"].T, strict=True):
            if np.isfinite(values).all():
                clock.write(observables, name, values, unit)
        clock.write(observables, "framework_centre", arrays["centres_A"], "Angstrom")
    return memory.getvalue()


class _Clock:
    """Writes time-dependent data with the fixed intervals of H5MD."""

    def __init__(self, time_step_fs: float, steps_per_frame: int, first_frame: int) -> None:
        self._time_step_fs = time_step_fs
        self._steps_per_frame = steps_per_frame
        self._first_frame = first_frame

    def write(
        self, group: Any, name: str, values: NDArray, unit: str, *, every: int = 1, wait: int = 0
    ) -> None:
        """Write values of every so manieth frame, the first one ``wait`` frames on."""
        element = group.create_group(name)
        element["value"] = values
        element["value"].attrs["unit"] = unit
        interval = every * self._steps_per_frame
        start = (self._first_frame + wait) * self._steps_per_frame
        for key, factor in (("step", 1), ("time", self._time_step_fs)):
            element[key] = interval * factor
            element[key].attrs["offset"] = start * factor
        element["time"].attrs["unit"] = "fs"


def _write_header(file: Any) -> None:
    header = file.create_group("h5md")
    header.attrs["version"] = np.array([1, 1])
    header.create_group("author").attrs["name"] = "perolyte"
    creator = header.create_group("creator")
    creator.attrs["name"], creator.attrs["version"] = "perolyte", __version__


def _write_cell(group: Any, replica: Replica) -> None:
    box = group.create_group("box")
    box.attrs["dimension"] = 3
    box.attrs["boundary"] = ["periodic"] * 3
    box["edges"] = replica.cell_A
    box["edges"].attrs["unit"] = "Angstrom"


def _mark_unwrapped(group: Any, shape: tuple[int, ...]) -> None:
    """Say that no atom is to be moved by whole cells: images that are all 0, and take no space."""
    image = group.create_group("image")
    image.create_dataset("value", shape=shape, dtype="i1", chunks=shape, fillvalue=0)
    image["step"], image["time"] = group["position/step"], group["position/time"]
