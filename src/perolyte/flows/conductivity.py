"""From one structure to its ionic conductivity over temperature."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from ase import units as ase_units
from jobflow import Flow, Job, Maker, OnMissing
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.flows.aimd import AimdMaker
from perolyte.flows.batch_md import BatchMDMaker
from perolyte.jobs.conductivity import fit_conductivity
from perolyte.jobs.diffusion import analyse_diffusion, prepare_md_structure
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.md_settings import MDLengths
from perolyte.jobs.paths import analyse_paths
from perolyte.jobs.provenance import describe_maker
from perolyte.jobs.seeds import derive_seed
from perolyte.potentials.heartbeat import STEPS_KEY

__all__ = ["ConductivityMaker"]

THERMOSTAT_PERIOD_STEPS = 100

_OWN_MAKERS = (BatchMDMaker, AimdMaker)
"""Makers of all temperatures whose output is a TrajectorySetDoc."""


@dataclass
class ConductivityMaker(MDLengths, Maker):
    """Run NVT MD at several temperatures and turn it into a conductivity with its error.

    One MD job runs all temperatures, each with an analysis of its own; a last job fits the
    Arrhenius law to the temperatures that are converged. What is not resolved statistically carries
    the status ``not_converged`` with the reason and is not extrapolated.

    Parameters
    ----------
    temperatures_K
        One MD run each; at least three converged ones are needed for an activation energy.
    hop_distance_A
        Distance between neighbouring sites of the mobile ion, for example 3.87 Å between the A
        sites of LLTO. The rules of convergence count hops of this length.
    mobile_ion, charge
        Element symbol, and charge in elementary charges.
    extrapolate_to_K
        Temperature of the extrapolated conductivity.
    seed
        Each temperature derives its own seed from it.
    md_maker
        :class:`~perolyte.flows.BatchMDMaker` or :class:`~perolyte.flows.AimdMaker`, or any maker
        with the fields and outputs of atomate2's ``AseMDMaker`` (``temperature``, ``time_step``,
        ``n_steps``, ``traj_interval``, ``mb_velocity_seed``), which runs each temperature as a job
        of its own in the cell that is given and is not extended.
    paths
        Also say where the ions of each run go, as a document of its own.
    campaign
        Name that the documents carry.
    **kwargs
        The lengths of :class:`~perolyte.jobs.md_settings.MDLengths`; those of ``md_maker`` are not
        used.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> rocksalt = Structure.from_spacegroup(
    ...     "Fm-3m", Lattice.cubic(5.13), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    ... )
    >>> maker = ConductivityMaker(hop_distance_A=3.6, temperatures_K=[600.0, 700.0, 800.0])
    >>> len(maker.make(rocksalt).job_uuids)
    5
    """

    name: str = "conductivity"
    temperatures_K: list[float] = field(default_factory=lambda: [800.0, 1000.0, 1200.0])
    hop_distance_A: float | None = None
    mobile_ion: str = "Li"
    charge: int = 1
    extrapolate_to_K: float = 300.0
    seed: int = 0
    md_maker: Any = field(default_factory=BatchMDMaker)
    paths: bool = False
    campaign: str | None = None

    def make(
        self,
        structure: Structure,
        *,
        candidate: str | None = None,
        hop_distance_A: float | None = None,
    ) -> Flow:
        """Build the flow; its output is a :class:`~perolyte.schemas.ConductivityDoc`.

        Parameters
        ----------
        structure
            Ordered, relaxed structure (or a reference to one).
        candidate
            Name that the documents carry; default: the maker's name.
        hop_distance_A
            Overrides the maker's, for a flow that only learns it on the way.
        """
        hop_A = self.hop_distance_A if hop_distance_A is None else hop_distance_A
        if hop_A is None:
            raise InputError(
                "hop_distance_A is not set; give the distance between neighbouring sites of the "
                "mobile ion in Å, for example 3.87 for LLTO"
            )
        label = candidate or self.name
        if isinstance(self.md_maker, _OWN_MAKERS):
            jobs, analyses = self._run_together(structure, label, hop_A)
        else:
            jobs, analyses = self._run_apart(structure, label, hop_A)
        fit = fit_conductivity(
            [analysis.output for analysis in analyses],
            name=label,
            mobile_ion=self.mobile_ion,
            structure=structure,
            extrapolate_to_K=self.extrapolate_to_K,
            md_settings=self._settings(hop_A),
            campaign=self.campaign,
        )
        fit.name = f"conductivity {label}"
        flow = Flow([*jobs, fit], output=fit.output, name=f"{self.name} {label}")
        return assign_identities(flow)

    def _run_together(
        self, structure: Structure, label: str, hop_A: float
    ) -> tuple[list[Any], list[Job]]:
        """Return one MD job for all temperatures, and one analysis for each replica."""
        maker: BatchMDMaker | AimdMaker = dataclasses.replace(
            self.md_maker, **self.lengths, campaign=self.campaign
        )
        size = maker.temperatures_per_job or len(self.temperatures_K)
        jobs: list[Any] = []
        analyses: list[Job] = []
        for start in range(0, len(self.temperatures_K), size):
            temperatures_K = self.temperatures_K[start : start + size]
            alone = f" {temperatures_K[0]:g} K" if size == 1 else ""
            md = maker.make(
                structure,
                temperatures_K=temperatures_K,
                mobile_ion=self.mobile_ion,
                hop_distance_A=hop_A,
                charge=self.charge,
                seed=derive_seed(self.seed, start),
                label=label,
            )
            md.name += alone
            jobs.append(md)
            replicas = [(T, number) for T in temperatures_K for number in range(maker.n_replicas)]
            for position, (temperature_K, number) in enumerate(replicas):
                where = f"{label} {temperature_K:g} K"
                where += f", run {number + 1}" if maker.n_replicas > 1 else ""
                run = self._analyse(md, md.output, label, where, hop_A, temperature_K, position)
                jobs += run
                analyses.append(run[0])
        return jobs, analyses

    def _analyse(
        self,
        md: Job | Flow,
        run: Any,
        label: str,
        where: str,
        hop_A: float,
        temperature_K: float,
        position: int | None = None,
        seed: int | None = None,
    ) -> list[Job]:
        """Return the analysis of one run, and that of its paths where asked for."""
        common: dict[str, Any] = {
            "position": position,
            "name": label,
            "mobile_ion": self.mobile_ion,
            "temperature_K": temperature_K,
            "frame_interval_fs": self.frame_interval_fs,
            "equilibration_ps": self.equilibration_ps,
            "trajectory_uuid": md.output.uuid,
            "campaign": self.campaign,
        }
        diffusion = analyse_diffusion(
            run,
            charge=self.charge,
            hop_distance_A=hop_A,
            time_step_fs=self.time_step_fs,
            seed=seed,
            potential=describe_maker(self.md_maker),
            **common,
        )
        diffusion.name = f"diffusivity {where}"
        jobs = [diffusion]
        if self.paths:
            jobs.append(analyse_paths(run, **common))
            jobs[-1].name = f"paths {where}"
        for analysis in jobs:
            analysis.config.on_missing_references = OnMissing.NONE
        return jobs

    def _run_apart(
        self, structure: Structure, label: str, hop_A: float
    ) -> tuple[list[Any], list[Job]]:
        """Return preparation, MD and analysis of each temperature, for other engines."""
        jobs: list[Any] = []
        analyses: list[Job] = []
        for index, temperature_K in enumerate(self.temperatures_K):
            seed = derive_seed(self.seed, index)
            where = f"{label} {temperature_K:g} K"
            prepared = prepare_md_structure(
                structure, mobile_ion=self.mobile_ion, temperature_K=temperature_K, seed=seed
            )
            prepared.name = f"prepare {where}"
            md = self._configure(temperature_K, seed).make(prepared.output)
            md.name = f"MD {where}"
            md.metadata[STEPS_KEY] = self.n_steps
            trajectory = md.output.objects["trajectory"]
            run = self._analyse(md, trajectory, label, where, hop_A, temperature_K, seed=seed)
            jobs += [prepared, md, *run]
            analyses.append(run[0])
        return jobs, analyses

    def _configure(self, temperature_K: float, seed: int) -> Any:
        """Return a copy of the MD maker, set up for one temperature."""
        known = {item.name for item in dataclasses.fields(self.md_maker)}
        settings: dict[str, Any] = {
            "temperature": temperature_K,
            "time_step": self.time_step_fs,
            "n_steps": self.n_steps,
            "traj_interval": self.store_interval_steps,
            "mb_velocity_seed": seed,
        }
        missing = sorted(set(settings) - known)
        if missing:
            raise InputError(
                f"md_maker {type(self.md_maker).__name__} has no {', '.join(missing)}; use "
                "build_md_maker() or another maker with the fields of atomate2's AseMDMaker"
            )
        if getattr(self.md_maker, "dynamics", None) == "nose-hoover":
            period = THERMOSTAT_PERIOD_STEPS * self.time_step_fs * ase_units.fs
            given = self.md_maker.ase_md_kwargs or {}
            settings["ase_md_kwargs"] = {"ttime": period, "pfactor": None, **given}
        return dataclasses.replace(self.md_maker, **settings)

    def _settings(self, hop_distance_A: float) -> dict[str, float | int | str]:
        maker = self.md_maker
        is_batch = isinstance(maker, _OWN_MAKERS)
        thermostat = maker.thermostat if is_batch else getattr(maker, "dynamics", "")
        ensemble = "nvt" if is_batch else getattr(getattr(maker, "ensemble", ""), "value", "")
        settings: dict[str, float | int | str] = {
            "hop_distance_A": hop_distance_A,
            "extrapolate_to_K": self.extrapolate_to_K,
            "ensemble": str(ensemble),
            "thermostat": str(thermostat),
            "time_step_fs": self.time_step_fs,
            "equilibration_ps": self.equilibration_ps,
            "production_ps": self.production_ps,
            "frame_interval_fs": self.frame_interval_fs,
            "seed": self.seed,
        }
        if is_batch:
            settings["cell_equilibration_ps"] = self.cell_equilibration_ps
            settings["target_relative_error"] = self.target_relative_error
            settings["max_production_ps"] = self.max_production_ps or self.production_ps
        return settings
