"""Ab initio molecular dynamics with any engine, stored as that of a potential is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jobflow import Flow, Job, Maker, OutputReference
from pymatgen.core import Structure

from perolyte.dft.vasp_md import ENSEMBLES, VaspDynamics
from perolyte.errors import InputError
from perolyte.flows.batch_md import BatchMDMaker
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.md_settings import MDLengths, Thermostat
from perolyte.jobs.seeds import derive_seed
from perolyte.jobs.vasp_runs import collect_vasp_runs, prepare_vasp_start
from perolyte.potentials import resolve_potential
from perolyte.schemas import PotentialProvenance

__all__ = ["AIMD_ENGINES", "AimdMaker"]

_CALCULATORS = {
    "cp2k": "perolyte.dft.cp2k.build_cp2k",
    "espresso": "perolyte.dft.espresso.build_espresso",
    "gpaw": "perolyte.dft.gpaw_md.GpawDynamics",
}
AIMD_ENGINES = ("gpaw", "vasp", "espresso", "cp2k")
"""Engines with a name; any other is the import path of an ASE calculator."""

_CHUNK_STEPS = 500


@dataclass
class AimdMaker(MDLengths, Maker):
    """Equilibrate and run a structure ab initio at several temperatures.

    With GPAW, Quantum ESPRESSO, CP2K or any ASE calculator, perolyte's own engine moves the atoms:
    guards, checkpoints every few steps, and a run that goes on after a kill from the last of them.
    With VASP, atomate2's ``MultiMDMaker`` runs stretches of some hundred steps, each a VASP job
    with custodian, and a last job puts their frames together. Either way the output is a
    :class:`~perolyte.schemas.TrajectorySetDoc` with frames in the same files, so that it stands
    where a :class:`~perolyte.flows.BatchMDMaker` does, in a
    :class:`~perolyte.flows.ConductivityMaker` too.

    Parameters
    ----------
    engine
        "gpaw", "vasp", "espresso", "cp2k", or the import path of an ASE calculator.
    engine_kwargs
        Settings of the engine: fields of :class:`~perolyte.dft.gpaw.GpawSettings`, of
        :class:`~perolyte.dft.vasp_md.VaspDynamics`, or the arguments of the calculator. One
        k-point, Γ, unless they say otherwise.
    thermostat
        "nose-hoover", "langevin" (not VASP), or "none".
    n_replicas
        Runs of each temperature, from different seeds.
    checkpoint_interval_steps
        Steps between checkpoints (not VASP: its stretches are jobs of their own). After each one
        the engine begins from the atoms alone, which costs about one further step.
    wall_time_limit_s
        s, after which the job ends at a checkpoint and another one goes on (not VASP).
    guards
        Limits of :class:`~perolyte.potentials.dynamics.Guards` other than its own (not VASP).
    temperatures_per_job
        Temperatures in one job; None for all. One after the other, so that 1 is best.
    campaign
        Name that the documents carry.
    **kwargs
        The lengths of :class:`~perolyte.jobs.md_settings.MDLengths`, shorter by default than with a
        potential.

    Raises
    ------
    InputError
        For an engine that is not known, settings it does not have, and numbers out of range.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> rocksalt = Structure.from_spacegroup(
    ...     "Fm-3m", Lattice.cubic(5.13), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    ... )
    >>> settings = {"temperatures_K": [900.0], "mobile_ion": "Li", "hop_distance_A": 3.6}
    >>> flow = AimdMaker(engine="vasp", production_ps=2.0).make(rocksalt, **settings)
    >>> [job.name for job in flow.jobs]
    ['AIMD start 900K-1', 'AIMD 900K-1', 'AIMD frames']
    """

    name: str = "AIMD"
    time_step_fs: float = 2.0
    frame_interval_fs: float = 10.0
    cell_equilibration_ps: float = 0.0
    equilibration_ps: float = 2.0
    production_ps: float = 20.0
    engine: str = "gpaw"
    engine_kwargs: dict[str, Any] = field(default_factory=dict)
    thermostat: Thermostat = "nose-hoover"
    n_replicas: int = 1
    checkpoint_interval_steps: int = 5
    wall_time_limit_s: float | None = None
    guards: dict[str, float | bool] = field(default_factory=dict)
    temperatures_per_job: int | None = 1
    campaign: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.engine != "vasp" and "." not in self.engine and self.engine not in _CALCULATORS:
            raise InputError(
                f"engine {self.engine!r} is not known; use {', '.join(AIMD_ENGINES)}, or the "
                "import path of an ASE calculator"
            )
        if self.engine == "gpaw":
            from perolyte.dft.gpaw import GpawCalculator

            GpawCalculator(**self.engine_kwargs)  # refuses what it does not know
        if self.engine == "vasp":
            VaspDynamics.from_dict(self.engine_kwargs)
            if self.thermostat not in ENSEMBLES:
                raise InputError(
                    f"thermostat {self.thermostat!r} is not offered with VASP; use "
                    f"{' or '.join(ENSEMBLES)}"
                )
        else:
            self._md_maker()

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
    ) -> Job | Flow:
        """Build the job, or with VASP the flow; its output is a TrajectorySetDoc.

        Parameters
        ----------
        structure, temperatures_K, mobile_ion, hop_distance_A, charge, seed, label
            As :meth:`perolyte.flows.BatchMDMaker.make`.

        Raises
        ------
        InputError
            For numbers out of range, no temperature, a calculator that is not known, and lengths
            that VASP does not offer.
        """
        self.check()
        if self.engine == "vasp":
            return self._make_vasp(
                structure, [float(T) for T in temperatures_K], mobile_ion, seed, label
            )
        job = self._md_maker().make(
            structure,
            temperatures_K=temperatures_K,
            mobile_ion=mobile_ion,
            hop_distance_A=hop_distance_A,
            charge=charge,
            seed=seed,
            label=label,
        )
        job.function_kwargs["potential"] = self.describe_engine()
        job.metadata["job_class"] = "dft"
        return job

    def check(self) -> None:
        """Refuse what no structure could be run with.

        Raises
        ------
        InputError
            For a calculator that is not known or does not take its settings, and for lengths that
            VASP does not offer.
        """
        if self.engine == "vasp":
            self._check_vasp()
        else:
            maker = self._md_maker()
            resolve_potential(maker.potential, maker.calculator_kwargs)
        if self.engine == "gpaw" and self.cell_equilibration_ps > 0:
            from perolyte.dft.gpaw import GpawCalculator

            purpose = f"cell_equilibration_ps {self.cell_equilibration_ps:g} ps"
            GpawCalculator(**self.engine_kwargs).check_stress(purpose)

    def describe_engine(self) -> PotentialProvenance:
        """Return what the documents say of the engine; the version is in what the run says."""
        text = json.dumps(self.engine_kwargs, sort_keys=True, default=str)
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return PotentialProvenance(
            name=self.engine, version=f"settings {digest}", dtype="float64", device="cpu"
        )

    def _md_maker(self) -> BatchMDMaker:
        return BatchMDMaker(
            name=self.name,
            potential=_CALCULATORS.get(self.engine, self.engine),
            calculator_kwargs=self.engine_kwargs,
            thermostat=self.thermostat,
            framework_interval=1,
            n_replicas=self.n_replicas,
            checkpoint_interval_steps=self.checkpoint_interval_steps,
            chunk_interval_steps=max(_CHUNK_STEPS, self.checkpoint_interval_steps),
            wall_time_limit_s=self.wall_time_limit_s,
            guards=self.guards,
            temperatures_per_job=self.temperatures_per_job,
            campaign=self.campaign,
            **self.lengths,
        )

    def _make_vasp(
        self,
        structure: Structure | OutputReference,
        temperatures_K: list[float],
        mobile_ion: str,
        seed: int,
        label: str | None,
    ) -> Flow:
        if not temperatures_K or not all(T > 0 for T in temperatures_K):
            raise InputError(f"temperatures_K is {temperatures_K}; give at least one above 0 K")
        engine = VaspDynamics.from_dict(self.engine_kwargs)
        where = f"{self.name} {label}" if label else self.name
        jobs: list[Job | Flow] = []
        replicas: list[dict[str, Any]] = []
        for index, temperature_K in enumerate(temperatures_K):
            for number in range(self.n_replicas):
                replica = f"{temperature_K:g}K-{number + 1}"
                own_seed = derive_seed(seed, index * self.n_replicas + number)
                start = prepare_vasp_start(
                    structure, mobile_ion=mobile_ion, temperature_K=temperature_K, seed=own_seed
                )
                start.name = f"{where} start {replica}"
                runs, segments = self._chain(engine, start, temperature_K, f"{where} {replica}")
                jobs += [start, runs]
                replicas.append(
                    {
                        "replica": replica,
                        "temperature_K": temperature_K,
                        "seed": own_seed,
                        "start": start.output,
                        "segments": segments,
                    }
                )
        frames = collect_vasp_runs(
            replicas,
            name=label or self.name,
            mobile_ion=mobile_ion,
            settings=self._describe_settings(engine),
            seed=seed,
            potential=self.describe_engine(),
            campaign=self.campaign,
        )
        frames.name = f"{where} frames"
        flow = Flow([*jobs, frames], output=frames.output, name=where)
        return assign_identities(flow)

    def _chain(
        self, engine: VaspDynamics, start: Job, temperature_K: float, name: str
    ) -> tuple[Flow, list[dict[str, Any]]]:
        """Return VASP jobs, each going on where the last one ended, and where their frames are."""
        reference: Any = start.output
        flow = engine.build_maker(
            temperature_K=temperature_K,
            time_step_fs=self.time_step_fs,
            n_steps=self.n_steps,
            thermostat=self.thermostat,
            name=name,
        ).make(reference)
        *runs, last = flow.jobs
        for number, run in enumerate(runs, start=1):
            run.name = f"{name} part {number} of {len(runs)}"
        last.name = f"{name} parts"
        runs[0].metadata["n_evaluations"] = self.n_steps
        segments = [
            {"trajectory": run.output.vasp_objects["trajectory"], "folder": run.output.dir_name}
            for run in runs
        ]
        return flow, segments

    def _check_vasp(self) -> None:
        if self.cell_equilibration_ps > 0:
            raise InputError(
                f"cell_equilibration_ps is {self.cell_equilibration_ps:g} ps; with VASP the cell "
                "that is given is kept: set it to 0"
            )
        if self.max_production_ps is not None:
            raise InputError(
                f"max_production_ps is {self.max_production_ps:g} ps; with VASP a run is not "
                "extended: leave it out, and give the whole length as production_ps"
            )

    def _describe_settings(self, engine: VaspDynamics) -> dict[str, Any]:
        return {
            **self.lengths,
            "thermostat": self.thermostat,
            "n_replicas": self.n_replicas,
            "engine": "vasp",
            "engine_kwargs": dataclasses.asdict(engine),
        }
