"""A campaign: a validated file, the candidates it makes, and the flow that runs it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from jobflow import Flow

from perolyte.campaigns.boundary_plan import (
    BoundarySize,
    build_boundary_maker,
    list_recipes,
    measure_boundary_cells,
)
from perolyte.campaigns.spec import CampaignSpec, ConductivitySpec
from perolyte.flows import (
    AimdMaker,
    BatchMDMaker,
    BvseFilter,
    ConductivityMaker,
    Doping,
    DopingScreenMaker,
    GrainBoundary,
    GrainBoundaryConductivityMaker,
    ParentRecipe,
    Vacancy,
    build_relax_maker,
)
from perolyte.jobs import build_candidates
from perolyte.schemas import BvseSettings, CandidateSetDoc
from perolyte.structures import ParsedStructure, assign_oxidation_states

__all__ = ["Campaign", "locate_store"]


@dataclass(frozen=True)
class Campaign:
    """A campaign file that has been read and checked, with its parent structure.

    Attributes
    ----------
    path
        The file.
    sha256
        Of its content.
    spec
        What it says.
    parent
        The structure it names.
    fetched
        The weights of the trained potential that it names by a uuid.
    """

    path: Path
    sha256: str
    spec: CampaignSpec
    parent: ParsedStructure
    fetched: Path | None = None

    @property
    def name(self) -> str:
        """Name of the campaign."""
        return self.spec.name

    @property
    def potential(self) -> str:
        """Name of the potential; a checkpoint's path is relative to the file."""
        if self.fetched is not None:
            return str(self.fetched)
        beside = self.path.parent / self.spec.potential.name
        return str(beside) if beside.is_file() else self.spec.potential.name

    @property
    def store_location(self) -> str | None:
        """Store the file asks for: an address as it is, a path relative to the file."""
        return locate_store(self.spec.store, self.path)

    def count_candidates(self) -> int:
        """Count the candidates, the parent included."""
        return len(self.preview().candidates)

    def preview(self) -> CandidateSetDoc:
        """Make the candidates without running anything.

        Raises
        ------
        InputError
            When one of them is impossible: the flow's first job would fail in the same way.
        """
        return self._candidates

    @cached_property
    def _candidates(self) -> CandidateSetDoc:
        return build_candidates(
            self.parent.structure,
            self._recipe(),
            dopings=self._dopings(),
            vacancies=self._vacancies(),
            seed=self.spec.seed,
        )

    def to_flow(self) -> Flow:
        """Build the flow; the same file gives the same jobs with the same uuids."""
        spec = self.spec
        maker = DopingScreenMaker(
            name=spec.name,
            relax_maker=build_relax_maker(
                self.potential,
                calculator_kwargs=spec.potential.kwargs,
                force_limit_eV_A=spec.relaxation.force_limit_eV_A,
                max_steps=spec.relaxation.max_steps,
                relax_cell=spec.relaxation.relax_cell,
            ),
            conductivity_maker=self._conductivity_maker(),
            force_limit_eV_A=spec.relaxation.force_limit_eV_A,
            n_best=spec.conductivity.n_best if spec.conductivity else 0,
            seed=spec.seed,
            campaign=spec.name,
        )
        boundary = spec.grain_boundary
        atomistic = spec.boundaries.atomistic if spec.boundaries else None
        flow = maker.make(
            self.parent.structure,
            self._recipe(),
            dopings=self._dopings(),
            vacancies=self._vacancies(),
            bvse=self._bvse_filter(),
            grain_boundary=None if boundary is None else GrainBoundary(**boundary.model_dump()),
            grain_sizes=None if spec.boundaries is None else spec.boundaries.map_settings(),
            boundary_maker=self._boundary_maker(),
            boundaries=[] if atomistic is None else list_recipes(atomistic),
            warnings=tuple(str(warning) for warning in self.parent.warnings),
            structure_sha256=self.parent.sha256,
            campaign_file_sha256=self.sha256,
        )
        flow.update_metadata(
            {"campaign": self.name, "campaign_file_sha256": self.sha256}, dynamic=True
        )
        return flow

    def count_md_steps(self) -> int:
        """Count the MD steps of bulk cells, if every selected candidate is run."""
        section = self.spec.conductivity
        maker = self._conductivity_maker()
        if section is None or maker is None:
            return 0
        return self._count_selected() * len(section.temperatures_K) * maker.n_steps

    def count_boundary_steps(self) -> int:
        """Count the MD steps of boundary cells, annealing left out, as :meth:`count_md_steps`."""
        boundaries = self.spec.boundaries
        if boundaries is None or boundaries.atomistic is None:
            return 0
        return len(boundaries.atomistic.kinds) * self.count_md_steps()

    def preview_boundaries(self) -> list[BoundarySize]:
        """Build an unshifted cell of every kind of boundary of the parent.

        Raises
        ------
        InputError
            When one of them is impossible.
        """
        return self._boundary_sizes

    @cached_property
    def _boundary_sizes(self) -> list[BoundarySize]:
        boundaries = self.spec.boundaries
        if boundaries is None or boundaries.atomistic is None:
            return []
        parents = [doc for doc in self.preview().candidates if doc.kind == "parent"]
        return measure_boundary_cells(
            boundaries.atomistic, parents[0].structure, mobile_ion=self.spec.parent.mobile_ion
        )

    def _count_selected(self) -> int:
        documents = self.preview().candidates
        n_parents = sum(doc.kind == "parent" for doc in documents)
        n_dopings = len({(doc.formula, doc.doping.scheme) for doc in documents if doc.doping})
        section = self.spec.conductivity
        return n_parents + (min(section.n_best, n_dopings) if section else 0)

    def _boundary_maker(self) -> GrainBoundaryConductivityMaker | None:
        spec, maker = self.spec, self._conductivity_maker()
        if spec.boundaries is None or spec.boundaries.atomistic is None or maker is None:
            return None
        return build_boundary_maker(
            spec.boundaries.atomistic,
            maker,
            spec.relaxation,
            seed=spec.seed,
            campaign=spec.name,
        )

    def _recipe(self) -> ParentRecipe:
        parent = self.spec.parent
        settings = parent.model_dump(exclude={"structure", "supercell"})
        return ParentRecipe(
            supercell=None if parent.supercell == "auto" else parent.supercell,
            **settings,
        )

    def _dopings(self) -> list[Doping]:
        return [Doping(**item.model_dump()) for item in self.spec.dopings]

    def _vacancies(self) -> list[Vacancy]:
        return [Vacancy(**item.model_dump()) for item in self.spec.vacancies]

    def _bvse_filter(self) -> BvseFilter | None:
        section = self.spec.bvse
        if section is None:
            return None
        settings = section.model_dump(exclude={"n_best", "dimensions"})
        return BvseFilter(
            settings=BvseSettings(**settings),
            n_best=section.n_best,
            dimensions=section.dimensions,
        )

    def _conductivity_maker(self) -> ConductivityMaker | None:
        spec, section = self.spec, self.spec.conductivity
        if section is None:
            return None
        states = assign_oxidation_states(self.parent.structure, spec.parent.oxidation_states).states
        return ConductivityMaker(
            **section.model_dump(include=_shared_fields()),
            mobile_ion=spec.parent.mobile_ion,
            charge=states[spec.parent.mobile_ion],
            seed=spec.seed,
            md_maker=self._md_maker(section),
            campaign=spec.name,
            cell_equilibration_ps=self._cell_equilibration_ps(section),
        )

    def _md_maker(self, section: ConductivitySpec) -> BatchMDMaker | AimdMaker:
        engine = self.spec.aimd
        if engine is None:
            return BatchMDMaker(
                potential=self.potential,
                calculator_kwargs=dict(self.spec.potential.kwargs),
                temperatures_per_job=section.temperatures_per_job,
                wall_time_limit_s=section.wall_time_limit_s,
            )
        return AimdMaker(
            engine=engine.engine,
            engine_kwargs=dict(engine.settings),
            checkpoint_interval_steps=engine.checkpoint_interval_steps,
            temperatures_per_job=section.temperatures_per_job or 1,
            wall_time_limit_s=section.wall_time_limit_s,
        )

    def _cell_equilibration_ps(self, section: ConductivitySpec) -> float:
        """Return the length of the search for the mean cell: ab initio only where asked for."""
        is_default = "cell_equilibration_ps" not in section.model_fields_set
        skip = self.spec.aimd is not None and is_default
        return 0.0 if skip else section.cell_equilibration_ps

    def check_md(self) -> None:
        """Refuse an engine or lengths that the MD jobs would refuse.

        Raises
        ------
        InputError
            Naming them.
        """
        maker = self._conductivity_maker()
        if maker is not None and isinstance(maker.md_maker, AimdMaker):
            replace(maker.md_maker, **maker.lengths).check()


def locate_store(store: str | None, path: Path) -> str | None:
    """Return an address as it is, a path relative to the campaign file."""
    if store is None or "://" in store:
        return store
    return str(path.parent / store)


def _shared_fields() -> set[str]:
    return set(ConductivitySpec.model_fields) - {
        "cell_equilibration_ps",
        "n_best",
        "temperatures_per_job",
        "wall_time_limit_s",
    }
