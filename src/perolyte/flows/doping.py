"""Screen dopings and vacancies of one parent: candidates, relaxation, ranking, conductivity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jobflow import Flow, Maker
from pymatgen.core import Structure

from perolyte.flows.conductivity import ConductivityMaker
from perolyte.flows.defaults import build_relax_maker
from perolyte.flows.screening import BvseFilter, build_screen
from perolyte.jobs.grain_size import GrainBoundary
from perolyte.jobs.recipe import ParentRecipe
from perolyte.schemas import GrainSizeSettings
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
    >>> from perolyte.structures import Dopant
    >>> parent = Structure.from_spacegroup(
    ...     "Pm-3m", Lattice.cubic(3.87), [{"Li": 0.3333, "La": 0.5556}, "Ti", "O"],
    ...     [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> recipe = ParentRecipe(
    ...     roles={"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]}, mobile_ion="Li",
    ...     supercell=(2, 2, 3), composition={"Li": 3, "La": 7})
    >>> doping = Doping(Dopant("Sr", count=2), "S3")
    >>> flow = DopingScreenMaker().make(parent, recipe, dopings=[doping])
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
        bvse: BvseFilter | None = None,
        grain_boundary: GrainBoundary | None = None,
        grain_sizes: GrainSizeSettings | None = None,
        boundary_maker: Maker | None = None,
        boundaries: Sequence[Any] = (),
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
        bvse
            Bond valence barriers of all candidates, and the choice by them; None leaves them out.
        grain_boundary
            Brick-layer parameters at one temperature; None leaves that map out.
        grain_sizes
            Boundaries and grid of the maps over grain size, temperature and dopant; None leaves
            them out.
        boundary_maker, boundaries
            A maker of simulated boundaries and what it is given, one by one, for every candidate
            that MD is run for (:func:`~perolyte.jobs.boundary_runs.run_boundaries`); they enter
            the maps, so that ``grain_sizes`` is needed too.
        warnings
            Of reading the structure; they go into the documents.
        structure_sha256, campaign_file_sha256
            Of the input files, for provenance.
        """
        return build_screen(
            self,
            structure,
            recipe,
            dopings=dopings,
            vacancies=vacancies,
            n_best=self.n_best,
            bvse=bvse,
            grain_boundary=grain_boundary,
            grain_sizes=grain_sizes,
            boundary_maker=boundary_maker,
            boundaries=boundaries,
            warnings=warnings,
            structure_sha256=structure_sha256,
            campaign_file_sha256=campaign_file_sha256,
        )
