"""Screen the vacancies of one parent: candidates, relaxation, ranking, conductivity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from jobflow import Flow, Maker
from pymatgen.core import Structure

from perolyte.flows.defaults import build_relax_maker
from perolyte.flows.screening import BvseFilter, build_screen
from perolyte.jobs.recipe import ParentRecipe
from perolyte.structures import Vacancy

__all__ = ["VacancyScreenMaker"]


@dataclass
class VacancyScreenMaker(Maker):
    """Make the neutral vacancies and interstitials of a parent, relax and rank them.

    Candidates are ranked by the energy of the neutral reaction with binary oxides. Where a vacancy
    names a defect ``pair``, the cells of its neighbour shells give binding energies. MD is run for
    the parent only: vacancies are no dopings that a screen selects.

    Parameters
    ----------
    relax_maker
        As of :class:`~perolyte.flows.DopingScreenMaker`.
    conductivity_maker
        For the parent; None, the default, stops after the ranking.
    force_limit_eV_A
        A relaxation whose largest force is above it is not converged.
    seed
        Of the random arrangements.
    campaign
        Name that every document carries.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> parent = Structure.from_spacegroup(
    ...     "Pm-3m", Lattice.cubic(3.91), ["Li", "O", "Cl"],
    ...     [[0.5, 0.5, 0], [0.5, 0.5, 0.5], [0, 0, 0]])
    >>> recipe = ParentRecipe(mobile_ion="Li", supercell=(2, 2, 2))
    >>> flow = VacancyScreenMaker().make(parent, recipe, vacancies=[Vacancy("Li", 1, "all")])
    >>> [job.name for job in flow.jobs]
    ['candidates', 'relaxations', 'ranking', 'summary']
    """

    name: str = "vacancy screen"
    relax_maker: Maker = field(default_factory=build_relax_maker)
    conductivity_maker: Maker | None = None
    force_limit_eV_A: float = 0.05
    seed: int = 0
    campaign: str | None = None

    def make(
        self,
        structure: Structure,
        recipe: ParentRecipe,
        *,
        vacancies: Sequence[Vacancy],
        bvse: BvseFilter | None = None,
        warnings: Sequence[str] = (),
        structure_sha256: str | None = None,
    ) -> Flow:
        """Build the flow; its output is a :class:`~perolyte.schemas.ScreeningSummaryDoc`.

        Parameters
        ----------
        structure
            The parent, disordered or ordered.
        recipe
            How its ordered cells are made.
        vacancies
            Candidates to make.
        bvse
            Bond valence barriers of all candidates; None leaves them out.
        warnings
            Of reading the structure; they go into the documents.
        structure_sha256
            Of the input file, for provenance.
        """
        return build_screen(
            self,
            structure,
            recipe,
            dopings=(),
            vacancies=vacancies,
            n_best=0,
            bvse=bvse,
            grain_boundary=None,
            grain_sizes=None,
            warnings=warnings,
            structure_sha256=structure_sha256,
            campaign_file_sha256=None,
        )
