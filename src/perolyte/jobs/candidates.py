"""Make the candidates of a screen: the ordered parent cells, their dopings, their vacancies."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jobflow import job
from pymatgen.core import Structure

from perolyte.jobs.arrangement_text import describe_arrangement, describe_doping
from perolyte.jobs.identity import identify_structure
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.jobs.recipe import ParentRecipe, order_parents
from perolyte.schemas import (
    LARGE_KEY,
    ArrangementDescription,
    CandidateDoc,
    CandidateSetDoc,
    DopingDescription,
    Provenance,
)
from perolyte.structures import (
    Doping,
    DopingResult,
    OrderedParentResult,
    PerovskiteResult,
    Vacancy,
    VacancyResult,
    classify_perovskite,
    enumerate_vacancies,
    find_site_distance,
    generate_dopings,
    read_oxidation_states,
    remove_states,
    score_structure,
)

__all__ = ["build_candidates", "generate_candidates"]


@dataclass
class _CellDocuments:
    """The documents made from one ordered parent cell."""

    index: int
    ordered: OrderedParentResult
    mobile_ion: str
    provenance: Provenance
    campaign: str | None
    uuid: str | None
    documents: list[CandidateDoc] = field(default_factory=list)

    @cached_property
    def parent_counts(self) -> dict[str, int]:
        """Atoms of each element in the parent cell."""
        return _count_elements(self.ordered.structure)

    @cached_property
    def parent_states(self) -> dict[str, int]:
        """Oxidation states in the parent cell."""
        return read_oxidation_states(self.ordered.structure)

    def add(self, name: str, structure: Structure, **specific: Any) -> None:
        undecorated = remove_states(structure)
        counts = _count_elements(undecorated)
        parent = self.parent_counts
        change = {el: counts.get(el, 0) - parent.get(el, 0) for el in counts | parent}
        scores = score_structure(structure)
        self.documents.append(
            CandidateDoc(
                uuid=self.uuid,
                campaign=self.campaign,
                status="converged",
                provenance=self.provenance,
                name=name if self.index == 0 else f"{name}-c{self.index}",
                cell=self.index,
                candidate_uuid=identify_structure(structure),
                formula=scores.formula.replace(" ", ""),
                structure=undecorated,
                n_atoms=len(undecorated),
                mobile_ion=self.mobile_ion,
                composition_change={el: n for el, n in change.items() if n},
                oxidation_states={**self.parent_states, **read_oxidation_states(structure)},
                min_distance_A=scores.min_distance_A,
                global_instability_index_vu=scores.global_instability_index,
                **specific,
            )
        )

    def add_parent(self) -> None:
        ordered = self.ordered
        self.add(
            "parent",
            ordered.structure,
            kind="parent",
            warnings=list(ordered.warnings),
            ewald_energy_eV=ordered.ewald_energy_eV,
            arrangement=ArrangementDescription(
                method="sampled" if ordered.counts else "fixed",
                reason=ordered.reason,
                kept_as=f"ordered by {ordered.method}, seed {ordered.seed}",
                rank=0,
                n_compared=ordered.n_distinct,
            ),
            n_arrangements_sampled=ordered.n_samples,
        )

    def add_changed(
        self,
        result: DopingResult | VacancyResult,
        kind: str,
        doping: DopingDescription | None = None,
    ) -> None:
        self.add(
            result.name,
            result.structure,
            kind=kind,
            doping=doping,
            warnings=list(result.warnings),
            ewald_energy_eV=result.placement.ewald_energy_eV,
            arrangement=describe_arrangement(result.placement, result.arrangements),
            n_arrangements_sampled=result.arrangements.n_compared,
        )


def build_candidates(
    structure: Structure,
    recipe: ParentRecipe,
    *,
    dopings: list[Doping],
    vacancies: list[Vacancy],
    seed: int,
    campaign: str | None = None,
    warnings: list[str] | None = None,
    input_hash: str | None = None,
) -> CandidateSetDoc:
    """Build every candidate, outside or inside a job.

    Raises
    ------
    InputError
        When the parent cannot be neutral or lacks the mobile ion, or a doping or vacancy is
        impossible in its cell.
    """
    parents = order_parents(structure, recipe, dopings, seed=seed)
    provenance = make_provenance(seed=seed, input_hash=input_hash)
    documents: list[CandidateDoc] = []
    for index, ordered in enumerate(parents.cells):
        cell = _CellDocuments(
            index, ordered, recipe.mobile_ion, provenance, campaign, current_uuid()
        )
        cell.add_parent()
        empty = parents.empty_sublattice
        for doped in generate_dopings(
            ordered.structure,
            dopings,
            roles=parents.sublattices,
            empty_sites_frac={} if empty is None else {empty: ordered.vacancy_sites_frac},
            rule=recipe.rule,
            seed=seed,
        ):
            cell.add_changed(doped, "doping", describe_doping(doped))
        for emptied in enumerate_vacancies(
            ordered.structure, vacancies, rule=recipe.rule, seed=seed
        ):
            cell.add_changed(emptied, "vacancy")
        documents += cell.documents
    first = parents.cells[0]
    found = classify_perovskite(structure)
    return CandidateSetDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name="candidates",
        status="converged",
        warnings=[*(warnings or []), _describe_parent(found), *parents.notes],
        provenance=provenance,
        candidates=documents,
        family=None if found.is_perovskite == "no" else found.family,
        hop_distance_A=find_site_distance(
            first.structure,
            parents.list_mobile_sublattice(recipe.mobile_ion),
            first.vacancy_sites_frac,
        ),
    )


@job(output_schema=CandidateSetDoc, data=LARGE_KEY)
def generate_candidates(
    structure: Structure,
    recipe: dict[str, Any],
    *,
    dopings: list[dict[str, Any]],
    vacancies: list[dict[str, Any]],
    seed: int,
    campaign: str | None = None,
    warnings: list[str] | None = None,
    input_hash: str | None = None,
) -> CandidateSetDoc:
    """Build every candidate as a job; inputs as plain data, see :func:`build_candidates`."""
    return build_candidates(
        structure,
        ParentRecipe(**recipe),
        dopings=[Doping(**item) for item in dopings],
        vacancies=[Vacancy(**item) for item in vacancies],
        seed=seed,
        campaign=campaign,
        warnings=warnings,
        input_hash=input_hash,
    )


def _count_elements(structure: Structure) -> dict[str, int]:
    return dict(Counter(next(iter(site.species)).symbol for site in structure))


def _describe_parent(found: PerovskiteResult) -> str:
    """Say what the parent is, by topology: a typing error in a CIF shows here first."""
    if found.is_perovskite == "no":
        return f"the parent is not a perovskite: {'; '.join(found.evidence) or 'no BX6 net'}"
    kind = found.family.replace("_", " ")
    if found.tolerance is None:
        return f"the parent is a perovskite ({kind})"
    factors = found.tolerance
    return (
        f"the parent is a perovskite ({kind}), tolerance factor {factors.goldschmidt:.3f}, "
        f"octahedral factor {factors.octahedral:.3f}"
    )
