"""A campaign: a validated file, the candidates it makes, and the flow that runs it."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from jobflow import Flow
from pydantic import ValidationError

from perolyte.campaigns.messages import describe_validation_error
from perolyte.campaigns.reading import parse_yaml, read_bytes
from perolyte.campaigns.spec import CampaignSpec, ConductivitySpec
from perolyte.errors import InputError
from perolyte.flows import (
    BatchMDMaker,
    BvseFilter,
    ConductivityMaker,
    Doping,
    DopingScreenMaker,
    GrainBoundary,
    ParentRecipe,
    Vacancy,
    build_relax_maker,
)
from perolyte.jobs import build_candidates
from perolyte.potentials import resolve_potential
from perolyte.schemas import BvseSettings, CandidateSetDoc
from perolyte.structures import ParsedStructure, assign_oxidation_states, read_structure

__all__ = ["Campaign", "load_campaign"]

MAX_SITES = 10_000
"""Arrangements are compared by a matrix of pair energies: beyond this it takes gigabytes."""


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
    """

    path: Path
    sha256: str
    spec: CampaignSpec
    parent: ParsedStructure

    @property
    def name(self) -> str:
        """Name of the campaign."""
        return self.spec.name

    @property
    def potential(self) -> str:
        """Name of the potential; a checkpoint's path is relative to the file."""
        beside = self.path.parent / self.spec.potential.name
        return str(beside) if beside.is_file() else self.spec.potential.name

    @property
    def store_location(self) -> str | None:
        """Store the file asks for: an address as it is, a path relative to the file."""
        store = self.spec.store
        if store is None or "://" in store:
            return store
        return str(self.path.parent / store)

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
        flow = maker.make(
            self.parent.structure,
            self._recipe(),
            dopings=self._dopings(),
            vacancies=self._vacancies(),
            bvse=self._bvse_filter(),
            grain_boundary=None if boundary is None else GrainBoundary(**boundary.model_dump()),
            grain_sizes=spec.boundaries,
            warnings=tuple(str(warning) for warning in self.parent.warnings),
            structure_sha256=self.parent.sha256,
            campaign_file_sha256=self.sha256,
        )
        flow.update_metadata(
            {"campaign": self.name, "campaign_file_sha256": self.sha256}, dynamic=True
        )
        return flow

    def count_md_steps(self) -> int:
        """Count the MD steps of the whole campaign, if every selected candidate is run."""
        section = self.spec.conductivity
        if section is None:
            return 0
        documents = self.preview().candidates
        n_parents = sum(doc.kind == "parent" for doc in documents)
        n_dopings = len({(doc.formula, doc.doping.scheme) for doc in documents if doc.doping})
        n_runs = (n_parents + min(section.n_best, n_dopings)) * len(section.temperatures_K)
        maker = self._conductivity_maker()
        return n_runs * (maker.n_steps if maker is not None else 0)

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
            md_maker=BatchMDMaker(
                potential=self.potential,
                calculator_kwargs=dict(spec.potential.kwargs),
                temperatures_per_job=section.temperatures_per_job,
                wall_time_limit_s=section.wall_time_limit_s,
            ),
            campaign=spec.name,
        )


def load_campaign(path: str | Path) -> Campaign:
    """Read a campaign file and everything it names, and check that each candidate can be made.

    Raises
    ------
    InputError
        One line: the value, what is allowed, what to do.

    Examples
    --------
    >>> load_campaign("no_such_file.yaml")
    Traceback (most recent call last):
        ...
    perolyte.errors.InputError: campaign file no_such_file.yaml does not exist; check the path
    """
    path = Path(path)
    data = read_bytes(path)
    content = parse_yaml(data, path)
    try:
        spec = CampaignSpec.model_validate(content)
    except ValidationError as err:
        raise InputError(f"{path}: {describe_validation_error(err, CampaignSpec)}") from None
    try:
        parent = read_structure(path.parent / spec.parent.structure)
        campaign = Campaign(path, hashlib.sha256(data).hexdigest(), spec, parent)
        resolve_potential(campaign.potential, spec.potential.kwargs)
        _check_size(campaign)
        campaign.preview()
    except InputError as err:
        # names from the file are quoted in messages: whatever they hold, the message is one line
        raise InputError(f"{path}: {' '.join(str(err).split())}") from err
    return campaign


def _check_size(campaign: Campaign) -> None:
    repeats = campaign.spec.parent.supercell
    if repeats == "auto":
        return  # max_atoms bounds it
    n_sites = len(campaign.parent.structure) * math.prod(repeats)
    if n_sites > MAX_SITES:
        raise InputError(
            f"supercell {list(repeats)} has {n_sites} sites, more than {MAX_SITES}; use a smaller "
            "one"
        )


def _shared_fields() -> set[str]:
    return set(ConductivitySpec.model_fields) - {
        "n_best",
        "temperatures_per_job",
        "wall_time_limit_s",
    }
