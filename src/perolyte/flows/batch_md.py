"""Molecular dynamics with perolyte's own engine: batched, guarded, restartable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobflow import Job, Maker, OutputReference
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.md_settings import MDSettings
from perolyte.jobs.molecular_dynamics import run_molecular_dynamics
from perolyte.jobs.provenance import describe_maker
from perolyte.potentials import resolve_potential
from perolyte.potentials.heartbeat import STEPS_KEY

__all__ = ["BatchMDMaker"]


@dataclass
class BatchMDMaker(MDSettings, Maker):
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
    temperatures_per_job
        How a :class:`~perolyte.flows.ConductivityMaker` spreads its temperatures over jobs: all in
        one (None), which a GPU follows as one batch, or 1, so that several CPU workers share them.
    campaign
        Name that the documents carry.
    **kwargs
        All else is of :class:`~perolyte.jobs.md_settings.MDSettings`.

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
    temperatures_per_job: int | None = None
    campaign: str | None = None

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
        if not temperatures_K or not all(T > 0 for T in temperatures_K):
            raise InputError(
                f"temperatures_K is {list(temperatures_K)}; give at least one above 0 K"
            )
        resolve_potential(self.potential, self.calculator_kwargs)
        job = run_molecular_dynamics(
            structure,
            name=label or self.name,
            temperatures_K=[float(T) for T in temperatures_K],
            mobile_ion=mobile_ion,
            charge=charge,
            hop_distance_A=hop_distance_A,
            settings=self.settings,
            seed=seed,
            potential=describe_maker(self),
            campaign=self.campaign,
        )
        job.name = f"{self.name} {label}" if label else self.name
        job.metadata[STEPS_KEY] = self.n_steps * len(temperatures_K) * self.n_replicas
        return job
