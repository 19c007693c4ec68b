"""From one structure to the resistance of a grain boundary of it over temperature."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from jobflow import Flow, Job, Maker, OnMissing
from jobflow.core.reference import OutputReference
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.flows.batch_md import BatchMDMaker
from perolyte.flows.conductivity import ConductivityMaker
from perolyte.jobs.boundary_cells import BoundaryRecipe, build_boundary_cells
from perolyte.jobs.boundary_relaxation import AnnealSettings
from perolyte.jobs.boundary_screen import screen_boundary_cells
from perolyte.jobs.boundary_segregation import Segregant
from perolyte.jobs.boundary_transport import analyse_boundary
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.provenance import describe_maker
from perolyte.jobs.seeds import derive_seed
from perolyte.schemas import ConductivityDoc

__all__ = ["GrainBoundaryConductivityMaker"]

_BOUNDARY_SEED, _SCREEN_SEED, _MD_SEED = 101, 102, 103
"""Which children: their seeds do not depend on the temperatures of the bulk."""


@dataclass
class GrainBoundaryConductivityMaker(Maker):
    """Compare the conductivity across a boundary cell with that of the bulk.

    The bulk runs as a flow of its ``conductivity_maker`` unless its document is given. Boundary
    cells of all terminations and shifts are relaxed, the best annealed, and the lowest is followed
    at the same temperatures. The area resistance is that of the series law; what is not told apart
    from zero has bounds.

    Parameters
    ----------
    conductivity_maker
        For the bulk; its temperatures, lengths, mobile ion and MD maker are those of the boundary
        cell too.
    force_limit_eV_A, max_steps
        eV/Å and steps, of relaxations.
    anneal_temperature_K, anneal_ps, quench_ps, anneal_time_step_fs, n_annealed
        As :class:`~perolyte.jobs.boundary_relaxation.AnnealSettings`; 0 cells for none.
    thickness_A, slab_width_A
        Å, assumed between resistance and specific conductivity, and of slabs in profiles.
    seed
        Children derive their own.
    campaign
        Name that the documents carry.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> cell = Structure.from_spacegroup(
    ...     "Pm-3m", Lattice.cubic(3.9), ["O", "Cl", "Li"],
    ...     [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0.5, 0]])
    >>> flow = GrainBoundaryConductivityMaker(
    ...     ConductivityMaker(hop_distance_A=2.76)).make(cell, BoundaryRecipe(5, (2, 1, 0)))
    >>> [job.name.split()[0] for job in flow.jobs]
    ['conductivity', 'boundary', 'boundary', 'MD', 'resistance']
    """

    conductivity_maker: ConductivityMaker = field(default_factory=ConductivityMaker)
    name: str = "grain boundary"
    force_limit_eV_A: float = 0.05
    max_steps: int = 500
    anneal_temperature_K: float = 1200.0
    anneal_ps: float = 50.0
    quench_ps: float = 15.0
    anneal_time_step_fs: float = 1.0
    n_annealed: int = 3
    thickness_A: float = 10.0
    slab_width_A: float = 10.0
    seed: int = 0
    campaign: str | None = None

    def make(
        self,
        structure: Structure,
        boundary: BoundaryRecipe | None = None,
        *,
        segregants: Sequence[Segregant] = (),
        candidate: str | None = None,
        dopant: str | None = None,
        hop_distance_A: float | None = None,
        bulk: ConductivityDoc | OutputReference | None = None,
    ) -> Flow:
        """Build the flow; its output is a :class:`~perolyte.schemas.GrainBoundaryDoc`.

        Parameters
        ----------
        structure
            Ordered and relaxed, cubic or a perovskite (or a reference to one).
        boundary
            Which one; by default Sigma 5 (2 1 0).
        segregants
            Dopants whose energies at the boundary are computed.
        candidate, dopant
            Names that the document carries.
        hop_distance_A
            Overrides the conductivity maker's.
        bulk
            Conductivity of this very structure at the same temperatures, where it is known (or a
            reference to it): it is not computed again then.

        Raises
        ------
        InputError
            For an MD maker that is not :class:`~perolyte.flows.BatchMDMaker`, no hop distance, or
            numbers out of range.
        """
        recipe = boundary or BoundaryRecipe()
        maker = self.conductivity_maker
        if not isinstance(maker.md_maker, BatchMDMaker):
            raise InputError(
                f"md_maker is {type(maker.md_maker).__name__}; boundary cells are relaxed, "
                "annealed and followed by the batched engine: give a BatchMDMaker"
            )
        hop_A = hop_distance_A or maker.hop_distance_A
        if hop_A is None:
            raise InputError(
                "hop_distance_A is not set; give the distance between neighbouring sites of the "
                "mobile ion in Å, for example 3.87 for LLTO"
            )
        label = f"{candidate or self.name} sigma{recipe.sigma} ({_join(recipe.plane)})"
        jobs: list[Flow | Job] = []
        if bulk is None:
            own = dataclasses.replace(
                maker, seed=derive_seed(self.seed, 0), campaign=maker.campaign or self.campaign
            )
            bulk_flow = own.make(structure, candidate=f"{label} bulk", hop_distance_A=hop_A)
            jobs, bulk = [bulk_flow], bulk_flow.output
        cells, screen = self._find_lowest(structure, recipe, segregants, label)
        md_maker = dataclasses.replace(maker.md_maker, **maker.lengths, campaign=self.campaign)
        md = md_maker.make(
            screen.output.structure,
            temperatures_K=maker.temperatures_K,
            mobile_ion=maker.mobile_ion,
            hop_distance_A=hop_A,
            charge=maker.charge,
            seed=derive_seed(self.seed, _MD_SEED),
            label=label,
        )
        analysis = analyse_boundary(
            md.output,
            bulk,
            screen.output,
            name=label,
            mobile_ion=maker.mobile_ion,
            charge=maker.charge,
            temperatures_K=maker.temperatures_K,
            hop_distance_A=hop_A,
            equilibration_ps=maker.equilibration_ps,
            thickness_A=self.thickness_A,
            slab_width_A=self.slab_width_A,
            candidate=candidate,
            dopant=dopant,
            potential=describe_maker(maker.md_maker),
            campaign=self.campaign,
        )
        analysis.name = f"resistance {label}"
        analysis.config.on_missing_references = OnMissing.NONE
        jobs += [cells, screen, md, analysis]
        return assign_identities(Flow(jobs, output=analysis.output, name=f"{self.name} {label}"))

    def _find_lowest(
        self,
        structure: Structure,
        recipe: BoundaryRecipe,
        segregants: Sequence[Segregant],
        label: str,
    ) -> tuple[Job, Job]:
        """Return the job of the cells and that of their energies."""
        maker = self.conductivity_maker
        cells = build_boundary_cells(
            structure,
            recipe=recipe.options(),
            name=label,
            mobile_ion=maker.mobile_ion,
            seed=derive_seed(self.seed, _BOUNDARY_SEED),
            campaign=self.campaign,
        )
        cells.name = f"boundary cells {label}"
        screen = screen_boundary_cells(
            cells.output,
            name=label,
            potential=maker.md_maker.potential,
            calculator_kwargs=maker.md_maker.calculator_kwargs,
            anneal=dataclasses.asdict(self._anneal()),
            segregants=[dataclasses.asdict(segregant) for segregant in segregants],
            force_limit_eV_A=self.force_limit_eV_A,
            max_steps=self.max_steps,
            seed=derive_seed(self.seed, _SCREEN_SEED),
            provenance=describe_maker(maker.md_maker),
            campaign=self.campaign,
        )
        screen.name = f"boundary energies {label}"
        return cells, screen

    def _anneal(self) -> AnnealSettings:
        return AnnealSettings(
            temperature_K=self.anneal_temperature_K,
            anneal_ps=self.anneal_ps,
            quench_ps=self.quench_ps,
            time_step_fs=self.anneal_time_step_fs,
            n_cells=self.n_annealed,
        )


def _join(plane: Sequence[int]) -> str:
    return " ".join(str(index) for index in plane)
