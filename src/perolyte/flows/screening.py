"""What every screen does: candidates, relaxation, ranking, conductivity, summary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from jobflow import Flow, Maker, OnMissing
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
    jobs = [candidates]
    barriers = None
    kept = candidates
    if bvse is not None:
        barriers = compute_candidate_barriers(
            candidates.output, settings=bvse.settings.model_dump(), campaign=maker.campaign
        )
        barriers.name = "bond valence barriers"
        jobs.append(barriers)
        if bvse.n_best is not None:
            kept = keep_best_by_barrier(
                candidates.output,
                barriers.output,
                n_best=bvse.n_best,
                dimensions=bvse.dimensions,
                campaign=maker.campaign,
            )
            kept.name = "kept candidates"
            jobs.append(kept)
    relaxed = relax_candidates(
        kept.output,
        maker.relax_maker,
        force_limit_eV_A=maker.force_limit_eV_A,
        campaign=maker.campaign,
    )
    relaxed.name = "relaxations"
    ranking = rank_candidates(relaxed.output, n_best=n_best, campaign=maker.campaign)
    ranking.name = "ranking"
    jobs += [relaxed, ranking]
    conductivities = None
    if maker.conductivity_maker is not None:
        conductivities = run_conductivities(
            ranking.output,
            maker.conductivity_maker,
            hop_distance_A=candidates.output.hop_distance_A,
        )
        conductivities.name = "conductivities"
        jobs.append(conductivities)
    grain_settings = None if grain_sizes is None else grain_sizes.model_dump()
    mapped = None
    simulated = None
    if grain_settings is not None and boundary_maker is not None and boundaries:
        simulated = run_boundaries(
            ranking.output,
            boundary_maker,
            list(boundaries),
            hop_distance_A=candidates.output.hop_distance_A,
            conductivities=None if conductivities is None else conductivities.output,
        )
        simulated.name = "boundaries"
        simulated.config.on_missing_references = OnMissing.NONE
        jobs.append(simulated)
    if grain_settings is not None:
        mapped = map_grain_sizes(
            conductivities.output if conductivities is not None else None,
            grain_settings,
            candidates=kept.output,
            boundaries=None if simulated is None else simulated.output,
            seed=maker.seed,
            campaign=maker.campaign,
        )
        mapped.name = "grain-size map"
        mapped.config.on_missing_references = OnMissing.NONE
        jobs.append(mapped)
    summary = summarise_screening(
        kept.output,
        relaxed.output,
        ranking.output,
        conductivities.output if conductivities is not None else None,
        barriers.output if barriers is not None else None,
        name=maker.campaign or maker.name,
        grain_boundary=None if grain_boundary is None else asdict(grain_boundary),
        grain_sizes=mapped.output if mapped is not None else None,
        grain_size_settings=grain_settings,
        campaign=maker.campaign,
        campaign_file_sha256=campaign_file_sha256,
    )
    summary.name = "summary"
    summary.config.on_missing_references = OnMissing.NONE
    flow = Flow([*jobs, summary], output=summary.output, name=maker.name)
    return assign_identities(flow)
