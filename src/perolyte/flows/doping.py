"""Screen dopings and vacancies of one parent: candidates, relaxation, ranking, conductivity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from jobflow import Flow, Maker, OnMissing
from pymatgen.core import Structure

from perolyte.flows.conductivity import ConductivityMaker
from perolyte.flows.defaults import build_relax_maker
from perolyte.jobs.candidates import ParentRecipe, generate_candidates
from perolyte.jobs.conductivity import run_conductivities
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.ranking import rank_candidates
from perolyte.jobs.relaxation import relax_candidates
from perolyte.jobs.summary import GrainBoundary, summarise_screening
from perolyte.structures import Doping, Vacancy

__all__ = ["DopingScreenMaker"]


@dataclass
class DopingScreenMaker(Maker):
    """Make neutral dopings and vacancies of a parent, rank them, and run MD for the best.

    Candidates are ranked by the energy of the neutral reaction with binary oxides; the parent and
    the ``n_best`` dopings then go through ``conductivity_maker``.

    Parameters
    ----------
    relax_maker
        Any maker whose document has ``structure`` and ``output.energy``, ``output.forces``,
        ``output.stress``: atomate2's force-field, ASE and VASP relaxations do.
    conductivity_maker
        None stops after the ranking. Its ``hop_distance_A`` is filled in from the parent's
        sublattice when it is None.
    force_limit_eV_A
        A relaxation whose largest force is above it is not converged.
    n_best
        Dopings that MD is run for, besides the parent.
    seed
        Of the random arrangements.
    campaign
        Name that every document carries.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> parent = Structure.from_spacegroup(
    ...     "Pm-3m", Lattice.cubic(3.87), [{"Li": 0.3333, "La": 0.5556}, "Ti", "O"],
    ...     [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> recipe = ParentRecipe(
    ...     roles={"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]}, mobile_ion="Li",
    ...     supercell=(2, 2, 3), composition={"Li": 3, "La": 7})
    >>> flow = DopingScreenMaker().make(parent, recipe, dopings=[Doping("Sr", "S3", count=2)])
    >>> [job.name for job in flow.jobs]
    ['candidates', 'relaxations', 'ranking', 'conductivities', 'summary']
    """

    name: str = "doping screen"
    relax_maker: Maker = field(default_factory=build_relax_maker)
    conductivity_maker: Maker | None = field(default_factory=ConductivityMaker)
    force_limit_eV_A: float = 0.05
    n_best: int = 1
    seed: int = 0
    campaign: str | None = None

    def make(
        self,
        structure: Structure,
        recipe: ParentRecipe,
        *,
        dopings: Sequence[Doping],
        vacancies: Sequence[Vacancy] = (),
        grain_boundary: GrainBoundary | None = None,
        warnings: Sequence[str] = (),
        structure_sha256: str | None = None,
        campaign_file_sha256: str | None = None,
    ) -> Flow:
        """Build the flow; its output is a :class:`~perolyte.schemas.ScreeningSummaryDoc`.

        Parameters
        ----------
        structure
            The parent, disordered or ordered.
        recipe
            How its ordered cell is made.
        dopings, vacancies
            Candidates to make.
        grain_boundary
            Brick-layer parameters; None leaves the grain-size map out.
        warnings
            Of reading the structure; they go into the documents.
        structure_sha256, campaign_file_sha256
            Of the input files, for provenance.
        """
        candidates = generate_candidates(
            structure,
            recipe.as_inputs(),
            dopings=[asdict(doping) for doping in dopings],
            vacancies=[asdict(vacancy) for vacancy in vacancies],
            seed=self.seed,
            campaign=self.campaign,
            warnings=list(warnings),
            input_hash=structure_sha256,
        )
        candidates.name = "candidates"
        relaxed = relax_candidates(
            candidates.output,
            self.relax_maker,
            force_limit_eV_A=self.force_limit_eV_A,
            campaign=self.campaign,
        )
        relaxed.name = "relaxations"
        ranking = rank_candidates(relaxed.output, n_best=self.n_best, campaign=self.campaign)
        ranking.name = "ranking"
        jobs = [candidates, relaxed, ranking]
        conductivities = None
        if self.conductivity_maker is not None:
            conductivities = run_conductivities(
                ranking.output,
                self.conductivity_maker,
                hop_distance_A=candidates.output.hop_distance_A,
            )
            conductivities.name = "conductivities"
            jobs.append(conductivities)
        summary = summarise_screening(
            candidates.output,
            relaxed.output,
            ranking.output,
            conductivities.output if conductivities is not None else None,
            name=self.campaign or self.name,
            grain_boundary=None if grain_boundary is None else asdict(grain_boundary),
            campaign=self.campaign,
            campaign_file_sha256=campaign_file_sha256,
        )
        summary.name = "summary"
        summary.config.on_missing_references = OnMissing.NONE
        flow = Flow([*jobs, summary], output=summary.output, name=self.name)
        return assign_identities(flow)
