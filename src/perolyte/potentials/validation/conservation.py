"""Energy conservation and collapse of molecular dynamics without a thermostat."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.potentials.dynamics import NVE, Guards, Replica, ReplicaOutcome, run_md_batch
from perolyte.potentials.dynamics.manifest import read_manifest
from perolyte.potentials.validation.result import (
    CheckOutcome,
    Limit,
    judge_check,
    judge_quantity,
)
from perolyte.units import FS_PER_PS

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from perolyte.potentials.batch import BatchPotential

__all__ = ["DynamicsSettings", "EnergyDrift", "check_conservation", "fit_drift"]

FloatArray = NDArray[np.float64]

DRIFT_LIMIT: Final = Limit(1e-4, 1e-3, "at most")
"""Heat of 0.4 K/ps, which a thermostat takes out without a trace."""
DISTANCE_LIMIT: Final = Limit(0.70, 0.55, "at least")
"""Of the shortest distance at rest: thermal motion of oxides shortens it by a fifth at 1000 K."""
_STORE_INTERVAL: Final = 5
_N_BLOCKS: Final = 10


@dataclass(frozen=True)
class DynamicsSettings:
    """The run whose energy is followed.

    Attributes
    ----------
    time_ps, time_step_fs
        Length, of which the first fifth settles, and step.
    temperature_K
        Of the first velocities, in a crystal at rest: half of it is left when they have settled.
    seed
        Of the first velocities.
    """

    time_ps: float = 2.0
    time_step_fs: float = 1.0
    temperature_K: float = 1200.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, unit in (("time_ps", "ps"), ("time_step_fs", "fs"), ("temperature_K", "K")):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} is {value} {unit}; it must be above zero")
        if self.n_steps < _STORE_INTERVAL * 5 * _N_BLOCKS:
            raise InputError(
                f"time_ps is {self.time_ps:g} ps of {self.time_step_fs:g} fs, {self.n_steps} "
                f"steps; give at least {_STORE_INTERVAL * 5 * _N_BLOCKS} steps"
            )

    @property
    def n_steps(self) -> int:
        """Steps, a multiple of the interval of stored frames."""
        n_stored = round(self.time_ps * FS_PER_PS / self.time_step_fs / _STORE_INTERVAL)
        return n_stored * _STORE_INTERVAL


@dataclass(frozen=True)
class EnergyDrift:
    """Slope of the total energy.

    Attributes
    ----------
    drift, error
        Per time, with the error that the slopes of blocks have.
    fluctuation
        Standard deviation about the line, in the unit of the energy.
    """

    drift: float
    error: float
    fluctuation: float


def fit_drift(times: FloatArray, energies: FloatArray) -> EnergyDrift:
    """Fit a line through energies whose neighbours are correlated.

    The error is that of a line through the means of ten blocks.

    Parameters
    ----------
    times, energies
        (n,), n at least 20, times evenly spaced.

    Raises
    ------
    InputError
        For fewer points.

    Examples
    --------
    >>> times = np.arange(100.0)
    >>> fit_drift(times, 3.0 + 0.5 * times + 0.1 * (-1.0) ** times).drift.__round__(3)
    0.5
    """
    t, e = np.asarray(times, float), np.asarray(energies, float)
    if t.shape != e.shape or len(t) < 2 * _N_BLOCKS:
        raise InputError(f"{len(t)} times and {len(e)} energies; give at least {2 * _N_BLOCKS}")
    slope, offset = np.polyfit(t - t.mean(), e, 1)
    length = len(t) // _N_BLOCKS
    blocks_t = t[: length * _N_BLOCKS].reshape(_N_BLOCKS, length).mean(axis=1)
    blocks_e = e[: length * _N_BLOCKS].reshape(_N_BLOCKS, length).mean(axis=1)
    _, covariance = np.polyfit(blocks_t, blocks_e, 1, cov=True)
    residuals = e - offset - slope * (t - t.mean())
    return EnergyDrift(float(slope), float(np.sqrt(covariance[0, 0])), float(residuals.std()))


def check_conservation(
    potential: BatchPotential,
    structure: Structure,
    *,
    subject: str,
    mobile_ion: str,
    settings: DynamicsSettings | None = None,
    folder: str | Path | None = None,
) -> CheckOutcome:
    """Follow a relaxed cell at constant energy; look at its drift and its shortest distance.

    Parameters
    ----------
    structure
        Ordered and relaxed.
    subject
        What it is called.
    mobile_ion
        Element; any that it holds.
    settings
        Of the run.
    folder
        Where the run is kept, and goes on after a kill; by default it goes with the check.
    """
    chosen = settings or DynamicsSettings()
    replica = Replica(
        "nve",
        structure,
        mobile_ion,
        temperature_K=chosen.temperature_K,
        seed=chosen.seed,
        time_step_fs=chosen.time_step_fs,
    )
    with tempfile.TemporaryDirectory(prefix="perolyte-") as scratch:
        where = Path(scratch if folder is None else folder)
        outcome = run_md_batch(
            potential,
            [replica],
            ensemble=NVE(),
            n_steps=chosen.n_steps,
            store_interval_steps=_STORE_INTERVAL,
            folder=where,
            framework_interval=1,
            guards=Guards(stop_melting=False),
        )[0]
        return _judge_run(outcome, structure, subject, chosen)


def _judge_run(
    outcome: ReplicaOutcome, structure: Structure, subject: str, settings: DynamicsSettings
) -> CheckOutcome:
    described = {
        "run": f"{settings.n_steps * settings.time_step_fs / FS_PER_PS:g} ps of "
        f"{settings.time_step_fs:g} fs, velocities of {settings.temperature_K:g} K, "
        f"seed {settings.seed}",
        "cell": f"{len(structure)} atoms",
        "drift": "line through all but the first fifth, error from blocks",
    }
    if outcome.status != "finished":
        failures = [f"the run {outcome.status}: {outcome.reason}"]
        return judge_check("conservation", subject, (), settings=described, failures=failures)
    energies, temperatures_K, positions_A = _read_run(outcome.folder)
    energies = energies / len(structure)
    step_ps = _STORE_INTERVAL * settings.time_step_fs / FS_PER_PS
    times_ps: FloatArray = step_ps * np.arange(len(energies), dtype=np.float64)
    settled = slice(len(energies) // 5, None)
    drift = fit_drift(times_ps[settled], energies[settled])
    at_rest = _find_shortest_A(np.asarray(structure.cart_coords)[None], structure.lattice.matrix)
    with_motion = _find_shortest_A(positions_A, structure.lattice.matrix)
    quantities = (
        judge_quantity("drift", drift.drift, "eV/atom/ps", error=drift.error),
        # a short run does not prove that there is no drift: what it allows is judged
        judge_quantity(
            "drift that the run allows",
            abs(drift.drift) + 2 * drift.error,
            "eV/atom/ps",
            limit=DRIFT_LIMIT,
        ),
        judge_quantity("fluctuation", 1000 * drift.fluctuation, "meV/atom"),
        judge_quantity("mean temperature", float(temperatures_K[settled].mean()), "K"),
        judge_quantity("shortest distance", with_motion, "Å"),
        judge_quantity(
            "shortest distance over that at rest",
            with_motion / at_rest,
            "",
            limit=DISTANCE_LIMIT,
        ),
    )
    curves = {
        "time (ps)": times_ps,
        "total energy (meV/atom)": 1000 * (energies - energies[settled].mean()),
    }
    return judge_check("conservation", subject, quantities, settings=described, curves=curves)


def _read_run(folder: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return energies (n,), eV, temperatures (n,), K, and positions (n, n_atoms, 3), Å."""
    import h5py

    keys = (
        "observables/conserved_energy/value",
        "observables/temperature/value",
        "particles/all/position/value",
    )
    parts: list[list[FloatArray]] = [[], [], []]
    manifest = read_manifest(folder) or {"chunks": []}
    for chunk in manifest["chunks"]:
        with h5py.File(folder / chunk["file"], "r") as file:
            for part, key in zip(parts, keys, strict=True):
                part.append(np.asarray(file[key][()], dtype=np.float64))
    energies, temperatures, positions = (np.concatenate(part) for part in parts)
    return energies, temperatures, positions


def _find_shortest_A(positions_A: FloatArray, cell_A: FloatArray) -> float:
    """Return the shortest distance of two atoms in any frame; (n_frames, n_atoms, 3), Å.

    Differences are rounded in scaled coordinates, which is exact up to half the width of the cell.
    """
    inverse = np.linalg.inv(cell_A)
    first, second = np.triu_indices(positions_A.shape[1], k=1)
    shortest = math.inf
    for frame in positions_A:
        apart = (frame @ inverse)[first] - (frame @ inverse)[second]
        squares = (((apart - np.round(apart)) @ cell_A) ** 2).sum(axis=1)
        shortest = min(shortest, float(squares.min()))
    return math.sqrt(shortest)
