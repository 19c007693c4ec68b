"""What every screen does: candidates, relaxation, ranking, conductivity, summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from jobflow import Flow, Job, Maker, OnMissing, OutputReference
from pymatgen.core import Structure

from perolyte.jobs.boundary_runs import run_boundaries
from perolyte.jobs.bvse_screen import compute_candidate_barriers, keep_best_by_barrier
from perolyte.jobs.candidates import generate_candidates
from perolyte.jobs.conductivity import run_conductivities
from perolyte.jobs.grain_size import GrainBoundary
from perolyte.jobs.grain_size_map import map_grain_sizes
from perolyte.jobs.identity import assign_identities
from perolyte.jobs.ranking import rank_candidates
from perolyte.jobs.recipe import ParentRecipe
from perolyte.jobs.relaxation import relax_candidates
from perolyte.jobs.summary import summarise_screening
from perolyte.schemas import BvseSettings, GrainSizeSettings
from perolyte.structures import Doping, Vacancy

__all__ = ["BvseFilter", "ScreenSettings", "build_screen"]


class ScreenSettings(Protocol):
    """What a screening maker has, for those who write one of their own."""

    name: str
    relax_maker: Maker
    conductivity_maker: Maker | None
    force_limit_eV_A: float
    seed: int
    campaign: str | None


def _make_settings() -> BvseSettings:
    """Make settings for many large cells: half as fine as for a single one."""
    return BvseSettings(spacing_A=0.2)


@dataclass(frozen=True)
class BvseFilter:
    """Bond valence barriers of all candidates before anything is relaxed.

    Parameters
    ----------
    settings
        Convention, grid and limits.
    n_best
        Dopings of lowest barrier that go on; None keeps all.
    dimensions
        1, 2 or 3: the percolation barrier that orders them.
    """

    settings: BvseSettings = field(default_factory=_make_settings)
    n_best: int | None = None
    dimensions: int = 3


def build_screen(
    maker: ScreenSettings,
    structure: Structure,
    recipe: ParentRecipe,
    *,
    dopings: Sequence[Doping],
    vacancies: Sequence[Vacancy],
    n_best: int,
    bvse: BvseFilter | None,
    grain_boundary: GrainBoundary | None,
    grain_sizes: GrainSizeSettings | None,
    boundary_maker: Maker | None = None,
    boundaries: Sequence[Any] = (),
    warnings: Sequence[str],
    structure_sha256: str | None,
    campaign_file_sha256: str | None,
) -> Flow:
    """Wire the jobs of a screen; its output is a ScreeningSummaryDoc.

    Parameters
    ----------
    maker
        Child makers and numbers.
    n_best
        Dopings that MD is run for, besides the parent.
    bvse
        Bond valence barriers of all candidates; None leaves them out.
    structure, recipe, dopings, vacancies, grain_boundary, grain_sizes, boundary_maker, \
boundaries, warnings, structure_sha256, campaign_file_sha256
        As in :meth:`perolyte.flows.DopingScreenMaker.make`.
    """
    candidates = generate_candidates(
        structure,
        recipe.as_inputs(),
        dopings=[asdict(doping) for doping in dopings],
        vacancies=[asdict(vacancy) for vacancy in vacancies],
        seed=maker.seed,
        campaign=maker.campaign,
        warnings=list(warnings),
        input_hash=structure_sha256,
    )
    candidates.name = "candidates"
    screened = _screen_candidates(maker, candidates, bvse=bvse, n_best=n_best)
    simulated, mapped = _map_ceramics(maker, screened, grain_sizes, boundary_maker, boundaries)
    summary = _summarise(
        maker,
        screened,
        simulated,
        mapped,
        grain_boundary=grain_boundary,
        grain_sizes=grain_sizes,
        campaign_file_sha256=campaign_file_sha256,
    )
    jobs = [*screened.list_jobs(), simulated, mapped, summary]
    flow = Flow([job for job in jobs if job], output=summary.output, name=maker.name)
    return assign_identities(flow)


@dataclass(frozen=True)
class _Screened:
    """The jobs up to the conductivities; None for what is left out."""

    candidates: Job
    barriers: Job | None
    selection: Job | None
    relaxed: Job
    ranking: Job
    conductivities: Job | None

    @property
    def kept(self) -> Job:
        """The job whose candidates were relaxed: all, or those of lowest barrier."""
        return self.selection or self.candidates

    def list_jobs(self) -> list[Job | None]:
        """Return them in the order in which they run."""
        return [
            *(self.candidates, self.barriers, self.selection),
            *(self.relaxed, self.ranking, self.conductivities),
        ]


def _screen_candidates(
    maker: ScreenSettings, candidates: Job, *, bvse: BvseFilter | None, n_best: int
) -> _Screened:
    """From candidates to the conductivities of the best."""
    barriers, selection = _filter_candidates(maker, candidates, bvse)
    relaxed = relax_candidates(
        (selection or candidates).output,
        maker.relax_maker,
        force_limit_eV_A=maker.force_limit_eV_A,
        campaign=maker.campaign,
    )
    relaxed.name = "relaxations"
    ranking = rank_candidates(relaxed.output, n_best=n_best, campaign=maker.campaign)
    ranking.name = "ranking"
    conductivities = None
    if maker.conductivity_maker is not None:
        conductivities = run_conductivities(
            ranking.output,
            maker.conductivity_maker,
            hop_distance_A=candidates.output.hop_distance_A,
        )
        conductivities.name = "conductivities"
    return _Screened(
        candidates=candidates,
        barriers=barriers,
        selection=selection,
        relaxed=relaxed,
        ranking=ranking,
        conductivities=conductivities,
    )


def _filter_candidates(
    maker: ScreenSettings, candidates: Job, bvse: BvseFilter | None
) -> tuple[Job | None, Job | None]:
    """Return the job of the barriers, and the one that chooses by them; None where not asked."""
    if bvse is None:
        return None, None
    barriers = compute_candidate_barriers(
        candidates.output, settings=bvse.settings.model_dump(), campaign=maker.campaign
    )
    barriers.name = "bond valence barriers"
    if bvse.n_best is None:
        return barriers, None
    selection = keep_best_by_barrier(
        candidates.output,
        barriers.output,
        n_best=bvse.n_best,
        dimensions=bvse.dimensions,
        campaign=maker.campaign,
    )
    selection.name = "kept candidates"
    return barriers, selection


def _map_ceramics(
    maker: ScreenSettings,
    screened: _Screened,
    grain_sizes: GrainSizeSettings | None,
    boundary_maker: Maker | None,
    boundaries: Sequence[Any],
) -> tuple[Job | None, Job | None]:
    """Return the job of simulated boundaries and that of the maps; None where not asked."""
    if grain_sizes is None:
        return None, None
    simulated = None
    if boundary_maker is not None and boundaries:
        simulated = run_boundaries(
            screened.ranking.output,
            boundary_maker,
            list(boundaries),
            hop_distance_A=screened.candidates.output.hop_distance_A,
            conductivities=_output_of(screened.conductivities),
        )
        simulated.name = "boundaries"
        simulated.config.on_missing_references = OnMissing.NONE
    mapped = map_grain_sizes(
        _output_of(screened.conductivities),
        grain_sizes.model_dump(),
        candidates=screened.kept.output,
        boundaries=_output_of(simulated),
        seed=maker.seed,
        campaign=maker.campaign,
    )
    mapped.name = "grain-size map"
    mapped.config.on_missing_references = OnMissing.NONE
    return simulated, mapped


def _summarise(
    maker: ScreenSettings,
    screened: _Screened,
    simulated: Job | None,
    mapped: Job | None,
    *,
    grain_boundary: GrainBoundary | None,
    grain_sizes: GrainSizeSettings | None,
    campaign_file_sha256: str | None,
) -> Job:
    """Collect everything; what failed is missing, not an error."""
    # not named where there are none: finished campaigns keep the identity of their summary
    given = {} if simulated is None else {"boundaries": simulated.output}
    summary = summarise_screening(
        screened.kept.output,
        screened.relaxed.output,
        screened.ranking.output,
        _output_of(screened.conductivities),
        _output_of(screened.barriers),
        name=maker.campaign or maker.name,
        **given,
        grain_boundary=None if grain_boundary is None else asdict(grain_boundary),
        grain_sizes=_output_of(mapped),
        grain_size_settings=None if grain_sizes is None else grain_sizes.model_dump(),
        campaign=maker.campaign,
        campaign_file_sha256=campaign_file_sha256,
    )
    summary.name = "summary"
    summary.config.on_missing_references = OnMissing.NONE
    return summary


def _output_of(job: Job | None) -> OutputReference | None:
    return None if job is None else job.output
