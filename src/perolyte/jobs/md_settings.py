"""How a structure is followed: what a job of molecular dynamics needs beside the structure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from perolyte.errors import InputError
from perolyte.potentials.dynamics import NVE, Ensemble, Guards, Langevin, NoseHooverChain
from perolyte.potentials.dynamics.run_settings import choose_checkpoint_interval
from perolyte.units import FS_PER_PS

__all__ = ["MDLengths", "MDSettings", "Thermostat"]

Thermostat = Literal["nose-hoover", "langevin", "none"]
_THERMOSTATS = ("nose-hoover", "langevin", "none")
_DAMPING_STEPS = 100


@dataclass
class MDLengths:
    """How long a run is, and how often it is looked at.

    Parameters
    ----------
    time_step_fs, frame_interval_fs
        fs; mobile ions are stored at the interval.
    cell_equilibration_ps
        ps of MD at constant pressure before the run, for the mean cell at its temperature; its
        first fifth is left out. 0 keeps the cell that is given, which shifts activation energies
        by some 10 meV per per cent of volume.
    equilibration_ps, production_ps
        ps; the first is not analysed.
    target_relative_error, max_production_ps
        The run goes on until the relative error of D is below the target, or to the longest
        length; None ends at ``production_ps``.

    Raises
    ------
    InputError
        For numbers out of range.
    """

    time_step_fs: float = 2.0
    frame_interval_fs: float = 100.0
    cell_equilibration_ps: float = 5.0
    equilibration_ps: float = 10.0
    production_ps: float = 1000.0
    target_relative_error: float = 0.1
    max_production_ps: float | None = None

    def __post_init__(self) -> None:
        positive = {"time_step_fs": "fs", "frame_interval_fs": "fs", "production_ps": "ps"}
        positive["target_relative_error"] = "(standard error over D)"
        for name, unit in positive.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} is {value} {unit}; it must be above 0")
        for name in ("equilibration_ps", "cell_equilibration_ps"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise InputError(f"{name} is {value} ps; it must be 0 or more")
        longest = self.max_production_ps
        if longest is not None and not longest >= self.production_ps:
            raise InputError(
                f"max_production_ps is {longest} ps, below production_ps {self.production_ps:g} "
                "ps; give a longer one, or None to end at production_ps"
            )
        interval = self.frame_interval_fs / self.time_step_fs
        if abs(interval - round(interval)) > 1e-6 or interval < 1:
            raise InputError(
                f"frame_interval_fs {self.frame_interval_fs:g} is not a multiple of time_step_fs "
                f"{self.time_step_fs:g}; use for example {10 * self.time_step_fs:g}"
            )

    @property
    def lengths(self) -> dict[str, Any]:
        """These numbers by name."""
        return {item.name: getattr(self, item.name) for item in fields(MDLengths)}

    @property
    def store_interval_steps(self) -> int:
        """Steps between stored frames."""
        return round(self.frame_interval_fs / self.time_step_fs)

    @property
    def n_steps(self) -> int:
        """Steps of a run that is not extended, a whole number of stored frames."""
        return self.count_steps(self.production_ps)

    @property
    def max_steps(self) -> int:
        """Steps of the longest run."""
        return self.count_steps(self.max_production_ps or self.production_ps)

    def count_steps(self, production_ps: float) -> int:
        """Return the steps of a production of some ps, with equilibration, in whole frames."""
        frames = (self.equilibration_ps + production_ps) * FS_PER_PS / self.frame_interval_fs
        return max(1, math.ceil(frames - 1e-6)) * self.store_interval_steps


@dataclass
class MDSettings(MDLengths):
    """Settings of one job of molecular dynamics: lengths and engine.

    Parameters
    ----------
    potential, calculator_kwargs
        As :func:`perolyte.potentials.choosing.build_batch_potential`.
    thermostat
        "nose-hoover" (a chain, damping of 100 time steps), "langevin", or "none".
    friction_per_ps
        1/ps, of Langevin; 1/ps hardly slows ions down.
    framework_interval
        Stored frames between frames of all atoms.
    n_replicas
        Runs of each temperature, from different seeds.
    checkpoint_interval_steps
        Steps between checkpoints, rounded to frames with all atoms; about 2000 by default.
    chunk_interval_steps
        Steps in a file of frames, rounded up to what fits; by default one ends at each checkpoint.
        Where it is given, checkpoints may come at any interval.
    max_batch_atoms
        Atoms in one batch; measured by default.
    wall_time_limit_s
        s, after which the job ends at a checkpoint and another one goes on.
    guards
        Limits of :class:`~perolyte.potentials.dynamics.Guards` other than its own.

    Raises
    ------
    InputError
        For numbers out of range.
    """

    potential: str = "chgnet"
    calculator_kwargs: dict[str, Any] = field(default_factory=dict)
    thermostat: Thermostat = "nose-hoover"
    friction_per_ps: float = 1.0
    framework_interval: int = 10
    n_replicas: int = 1
    checkpoint_interval_steps: int | None = None
    chunk_interval_steps: int | None = None
    max_batch_atoms: int | None = None
    wall_time_limit_s: float | None = None
    guards: dict[str, float | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("n_replicas", "framework_interval"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; give at least 1")
        for name in ("checkpoint_interval_steps", "chunk_interval_steps", "max_batch_atoms"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is {value}; give at least 1, or None")
        self.make_guards()
        if self.thermostat not in _THERMOSTATS:
            raise InputError(
                f"thermostat {self.thermostat!r} is not known; use {', '.join(_THERMOSTATS)}"
            )

    @property
    def settings(self) -> dict[str, Any]:
        """These settings by name, as the job takes them."""
        return {item.name: getattr(self, item.name) for item in fields(MDSettings)}

    def find_checkpoint_interval(self) -> int:
        """Return the steps between checkpoints: those asked for, or near them at all atoms."""
        unit = self.store_interval_steps * self.framework_interval
        if self.checkpoint_interval_steps is None:
            return choose_checkpoint_interval(self.store_interval_steps, self.framework_interval)
        if self.chunk_interval_steps is not None:
            return self.checkpoint_interval_steps
        return max(1, round(self.checkpoint_interval_steps / unit)) * unit

    def find_chunk_interval(self) -> int | None:
        """Return the steps in a file of frames; None where each checkpoint ends one."""
        if self.chunk_interval_steps is None:
            return None
        frames = self.store_interval_steps * self.framework_interval
        unit = math.lcm(self.find_checkpoint_interval(), frames)
        return math.ceil(self.chunk_interval_steps / unit) * unit

    def ensemble(self) -> Ensemble:
        """Return the ensemble."""
        if self.thermostat == "langevin":
            return Langevin(friction_per_ps=self.friction_per_ps)
        if self.thermostat == "none":
            return NVE()
        return NoseHooverChain(damping_fs=_DAMPING_STEPS * self.time_step_fs)

    def make_guards(self) -> Guards:
        """Return the guards.

        Raises
        ------
        InputError
            For a limit that does not exist.
        """
        known = {item.name for item in fields(Guards)}
        wrong = sorted(set(self.guards) - known)
        if wrong:
            raise InputError(f"guard {wrong[0]!r} is not known; use {', '.join(sorted(known))}")
        limits: dict[str, Any] = dict(self.guards)
        return Guards(**limits)
