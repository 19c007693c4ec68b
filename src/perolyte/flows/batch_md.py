"""Molecular dynamics with perolyte's own engine: batched, guarded, restartable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jobflow import Job, Maker, OutputReference
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.md_settings import MDSettings, Thermostat
from perolyte.jobs.molecular_dynamics import run_molecular_dynamics
from perolyte.potentials import describe_potential, resolve_potential
from perolyte.schemas import PotentialProvenance

__all__ = ["BatchMDMaker"]


@dataclass
class BatchMDMaker(Maker):
    """Follow a structure at several temperatures, as one job.

    The job writes checkpoints and frames to ``$PEROLYTE_RUN_FOLDER/<uuid of the job>`` (default:
    ``md`` in its working directory), goes on there when it is run again after a kill, and hands
    everything to the store when it ends. With ``wall_time_limit_s`` it ends at a checkpoint before
    that time and replaces itself by a job that goes on, on any machine. With
    ``max_production_ps`` a run that does not know its diffusivity to ``target_relative_error`` is
    extended up to that length.

    Parameters
    ----------
    potential, calculator_kwargs
        "chgnet", the path of a fine-tuned CHGNet, or the import path of an ASE calculator, with
        its options.
    thermostat
        "nose-hoover" or "langevin", or "none" for constant energy.
    friction_per_ps, framework_interval, cell_equilibration_ps, n_replicas
        As :class:`~perolyte.jobs.md_settings.MDSettings`.
    checkpoint_interval_steps, max_batch_atoms, wall_time_limit_s, guards
        As :class:`~perolyte.jobs.md_settings.MDSettings`.
    temperatures_per_job
        How a :class:`~perolyte.flows.ConductivityMaker` spreads its temperatures over jobs: all in
        one (None), which a GPU follows as one batch, or 1, so that several CPU workers share them.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> rocksalt = Structure.from_spacegroup(
    ...     "Fm-3m", Lattice.cubic(5.13), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    ... )
    >>> job = BatchMDMaker(production_ps=100.0).make(
    ...     rocksalt, temperatures_K=[600.0, 800.0], mobile_ion="Li", hop_distance_A=3.6
    ... )
    >>> job.metadata["n_evaluations"]
    110000
    """

    name: str = "MD"
    potential: str = "chgnet"
    calculator_kwargs: dict[str, Any] = field(default_factory=dict)
    thermostat: Thermostat = "nose-hoover"
    friction_per_ps: float = 1.0
    time_step_fs: float = 2.0
    frame_interval_fs: float = 100.0
    framework_interval: int = 10
    cell_equilibration_ps: float = 5.0
    equilibration_ps: float = 10.0
    production_ps: float = 1000.0
    target_relative_error: float = 0.1
    max_production_ps: float | None = None
    n_replicas: int = 1
    checkpoint_interval_steps: int | None = None
    max_batch_atoms: int | None = None
    wall_time_limit_s: float | None = None
    guards: dict[str, float | bool] = field(default_factory=dict)
    temperatures_per_job: int | None = None
    campaign: str | None = None

    @property
    def settings(self) -> MDSettings:
        """What the job is told.

        Raises
        ------
        InputError
            For numbers out of range.
        """
        own = {name: getattr(self, name) for name in _SHARED}
        return MDSettings(
            potential=self.potential, potential_kwargs=dict(self.calculator_kwargs), **own
        )

    def make(
        self,
        structure: Structure | OutputReference,
        *,
        temperatures_K: Sequence[float],
        mobile_ion: str,
        hop_distance_A: float,
        charge: float = 1.0,
        seed: int = 0,
        label: str | None = None,
    ) -> Job:
        """Build the job; its output is a :class:`~perolyte.schemas.TrajectorySetDoc`.

        Parameters
        ----------
        structure
            Ordered and relaxed, or a reference to one.
        temperatures_K
            K.
        mobile_ion, charge, hop_distance_A
            Element, elementary charges, Å: to store its paths and judge when they are long enough.
        seed
            Each replica derives its own.
        label
            Name of the documents; by default that of the maker.

        Raises
        ------
        InputError
            For numbers out of range, no temperature, or a potential that is not known.
        """
        settings = self.settings
        if not temperatures_K or not all(T > 0 for T in temperatures_K):
            raise InputError(
                f"temperatures_K is {list(temperatures_K)}; give at least one above 0 K"
            )
        job = run_molecular_dynamics(
            structure,
            name=label or self.name,
            temperatures_K=[float(T) for T in temperatures_K],
            mobile_ion=mobile_ion,
            charge=charge,
            hop_distance_A=hop_distance_A,
            settings=asdict(settings),
            seed=seed,
            potential=self.provenance(),
            campaign=self.campaign,
        )
        job.name = f"{self.name} {label}" if label else self.name
        job.metadata["n_evaluations"] = settings.n_steps * len(temperatures_K) * settings.n_replicas
        return job

    def provenance(self) -> PotentialProvenance:
        """Say which potential it uses.

        Raises
        ------
        InputError
            Where there is none of this name.
        """
        from pathlib import Path

        options = self.calculator_kwargs
        if Path(self.potential).is_file():
            from perolyte.potentials import load_potential

            known = load_potential(self.potential, device="cpu").describe()
            name, version = str(known["name"]), known.get("version")
            sha256 = known.get("weights_sha256")
        else:
            resolve_potential(self.potential)
            described = describe_potential(self.potential)
            name, version = str(described["name"]), described["version"]
            sha256 = described["weights_sha256"]
        return PotentialProvenance(
            name=name,
            version=version,
            weights_sha256=sha256,
            dtype=str(options.get("dtype") or ("float32" if sha256 else "float64")),
            device=str(options.get("device") or "automatic"),
        )


_SHARED = (
    "thermostat",
    "friction_per_ps",
    "time_step_fs",
    "frame_interval_fs",
    "framework_interval",
    "cell_equilibration_ps",
    "equilibration_ps",
    "production_ps",
    "target_relative_error",
    "max_production_ps",
    "n_replicas",
    "checkpoint_interval_steps",
    "max_batch_atoms",
    "wall_time_limit_s",
    "guards",
)
