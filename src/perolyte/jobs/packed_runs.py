"""Frames that another program computed, in the files of perolyte's own MD."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError, PathError
from perolyte.potentials.dynamics import Guards, Replica
from perolyte.potentials.dynamics.chunks import OBSERVABLES
from perolyte.potentials.dynamics.ensembles import Ensemble
from perolyte.potentials.dynamics.frames import FrameBuffer
from perolyte.potentials.dynamics.replica_folder import ReplicaFolder
from perolyte.potentials.dynamics.run_settings import RunSettings
from perolyte.potentials.dynamics.scales import MASS_PER_AMU
from perolyte.trajectories import TrajectorySource
from perolyte.transport.checks import FloatArray
from perolyte.units import BOLTZMANN_EV_PER_K

__all__ = ["PackedRun", "pack_run"]

_CHUNK_FRAMES = 1000
_CELL_TOLERANCE_A = 1e-3
_FASTEST_A_FS = 0.2
"""Thirty times the thermal velocity of lithium at 300 K: beyond it frames are missing."""
_LONGEST_FOR_VELOCITIES_FS = 4.0
"""Between frames: longer steps cut the vibrations of oxygen (20 THz), and so the temperature."""


@dataclass(frozen=True, eq=False)
class PackedRun:
    """A run that was packed.

    Attributes
    ----------
    folder
        With manifest and chunks.
    structure
        The first frame.
    n_frames, n_steps
        Stored, and followed by them.
    mean_temperature_K
        Kinetic, after what is left out, from velocities half-way between successive frames; None
        where frames are too far apart to know them.
    """

    folder: Path
    structure: Structure
    n_frames: int
    n_steps: int
    mean_temperature_K: float | None


def pack_run(
    sources: Sequence[TrajectorySource],
    folder: Path,
    *,
    name: str,
    mobile_ion: str,
    temperature_K: float,
    seed: int,
    time_step_fs: float,
    store_interval_steps: int,
    ensemble: Ensemble,
    engine: dict[str, Any],
    equilibration_ps: float = 0.0,
) -> PackedRun:
    """Write the frames of one run, in any number of parts, as a replica's folder.

    Parameters
    ----------
    sources
        Parts of the run in order, each beginning one frame after the end of the one before, with
        one frame for every time step, wrapped or not.
    folder
        Empty or not there.
    name, mobile_ion, temperature_K, seed
        Of the replica.
    time_step_fs, store_interval_steps
        fs; and which frames are kept.
    ensemble
        What moved the atoms.
    engine
        Its ``name`` and ``version``, for the manifest.
    equilibration_ps
        Not looked at for the mean temperature.

    Raises
    ------
    InputError
        For parts that do not fit together, or cells that change.
    PathError
        Where frames are missing: an atom would have moved faster than any does.
    """
    if not sources:
        raise InputError(f"{name} has no frames; give at least one trajectory")
    _check_parts(sources, time_step_fs)
    frames = _unwrap(sources, time_step_fs)
    first, cell_A = next(frames)
    structure = Structure(
        Lattice(cell_A), list(sources[0].species), first, coords_are_cartesian=True
    )
    replica = Replica(
        name,
        structure,
        mobile_ion,
        temperature_K=temperature_K,
        seed=seed,
        time_step_fs=time_step_fs,
    )
    writer = _Writer(folder, replica, store_interval_steps, ensemble, engine)
    writer.take(first)
    for positions, _ in frames:
        writer.take(positions)
    return writer.close(equilibration_ps)


def _check_parts(sources: Sequence[TrajectorySource], time_step_fs: float) -> None:
    for source in sources:
        if source.species != sources[0].species:
            raise InputError(
                f"{source.path} holds other atoms, or in another order, than {sources[0].path}; "
                "give the parts of one run"
            )
        if abs(source.frame_interval_fs - time_step_fs) > 1e-6:
            raise InputError(
                f"{source.path} has frames every {source.frame_interval_fs:g} fs, the run has "
                f"steps of {time_step_fs:g} fs; every step is needed: keep NBLOCK at 1"
            )


def _unwrap(
    sources: Sequence[TrajectorySource], time_step_fs: float
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield positions (n_atoms, 3) in Å as continuous paths, and the cell."""
    cell_A: FloatArray | None = None
    last: FloatArray | None = None
    furthest_A = _FASTEST_A_FS * time_step_fs
    for source in sources:
        for block in source.blocks():
            for number, (scaled, cell) in enumerate(zip(block.scaled, block.cells_A, strict=True)):
                if cell_A is None:
                    cell_A = np.array(cell, dtype=np.float64)
                change_A = np.abs(cell - cell_A).max()
                if change_A > _CELL_TOLERANCE_A:
                    raise InputError(
                        f"the cell changes by {change_A:.3f} Å in {source.path}; a run at constant "
                        "volume is needed"
                    )
                if last is None:
                    last = np.array(scaled, dtype=np.float64)
                else:
                    step = scaled - last
                    step -= np.round(step)
                    moved_A = np.linalg.norm(step @ cell_A, axis=1).max()
                    if moved_A > furthest_A:
                        raise PathError(
                            f"an atom moves {moved_A:.2f} Å in {time_step_fs:g} fs before frame "
                            f"{block.first_frame + number} of {source.path}: frames are missing, "
                            "or parts are in the wrong order"
                        )
                    last = last + step
                yield last @ cell_A, cell_A


class _Writer:
    """Takes frame after frame, keeps those that are stored, and measures the temperature."""

    def __init__(
        self,
        folder: Path,
        replica: Replica,
        store_interval_steps: int,
        ensemble: Ensemble,
        engine: dict[str, Any],
    ) -> None:
        chunk = _CHUNK_FRAMES * store_interval_steps
        settings = RunSettings(
            ensemble=ensemble,
            n_steps=chunk,
            store_interval_steps=store_interval_steps,
            framework_interval=1,
            checkpoint_interval_steps=chunk,
            guards=Guards(),
        )
        self._folder = ReplicaFolder(folder, replica, settings, ensemble, engine)
        self._replica, self._interval = replica, store_interval_steps
        weights = np.where(replica.is_mobile, 0.0, replica.masses_amu)
        self._weights = weights / weights.sum() if weights.any() else np.full(len(weights), np.nan)
        self._frames = FrameBuffer()
        self._n_seen = 0
        self._last: FloatArray | None = None
        self._temperatures_K: list[float] = []

    def take(self, positions_A: FloatArray) -> None:
        """Take the next time step."""
        if self._last is not None:
            self._temperatures_K.append(self._measure(positions_A - self._last))
        self._last = positions_A
        if self._n_seen % self._interval == 0:
            self._store(positions_A)
        self._n_seen += 1

    def close(self, equilibration_ps: float) -> PackedRun:
        """Write what is left."""
        n_steps = (self._n_seen - 1) // self._interval * self._interval
        self._folder.close(self._frames, step=n_steps, status="finished")
        outcome = self._folder.outcome()
        dt_fs = self._replica.time_step_fs
        usable = self._temperatures_K[round(1000.0 * equilibration_ps / dt_fs) :]
        is_known = bool(usable) and dt_fs <= _LONGEST_FOR_VELOCITIES_FS
        structure: Any = self._replica.structure
        return PackedRun(
            folder=outcome.folder,
            structure=structure,
            n_frames=outcome.n_frames,
            n_steps=n_steps,
            mean_temperature_K=float(np.mean(usable)) if is_known else None,
        )

    def _store(self, positions_A: FloatArray) -> None:
        replica, frames = self._replica, self._frames
        moved = (positions_A - replica.positions_A)[replica.is_mobile]
        frames.displacements_A.append(moved.astype(np.float32))
        frames.centres_A.append(self._weights @ positions_A)
        # energies stay with the program's own documents
        frames.scalars.append(np.full(len(OBSERVABLES), np.nan))
        frames.all_positions_A.append(positions_A.astype(np.float32))
        if len(frames) == _CHUNK_FRAMES:
            self._folder.write_chunk(frames)
            frames.drop(len(frames))

    def _measure(self, step_A: FloatArray) -> float:
        """Return the kinetic temperature half-way through a step, less the motion of the centre."""
        masses = self._replica.masses_amu * MASS_PER_AMU
        velocities = step_A / self._replica.time_step_fs
        velocities = velocities - masses @ velocities / masses.sum()
        twice_eV = float(masses @ (velocities**2).sum(axis=1))
        return twice_eV / (3 * (len(masses) - 1) * BOLTZMANN_EV_PER_K)
