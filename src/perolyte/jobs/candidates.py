"""Make the candidates of a screen: the ordered parent, its dopings, its vacancies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from jobflow import job
from pymatgen.core import Structure

from perolyte.errors import InputError
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import CandidateDoc, CandidateSetDoc, DopingDescription, Provenance
from perolyte.structures import (
    Doping,
    DopingResult,
    OrderedParentResult,
    Vacancy,
    VacancyResult,
    build_ordered_parent,
    classify_perovskite,
    enumerate_dopings,
    enumerate_vacancies,
    find_site_distance,
    read_oxidation_states,
)

__all__ = ["ParentRecipe", "build_candidates", "generate_candidates"]


@dataclass(frozen=True)
class ParentRecipe:
    """How an ordered, neutral parent cell is made from a crystal structure.

    Parameters
    ----------
    roles
        Elements on the sublattices, ``{"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]}``; ``"mobile"``
        and ``"host"`` name the A cations that compensate where charges do not tell.
    mobile_ion
        Element whose transport is asked for.
    supercell
        Repeats along a, b and c.
    composition
        Atoms per supercell on the disordered sites; None for the nearest neutral choice.
    oxidation_states
        In e, by element; None for those declared in the file, or the common ones.
    n_samples
        Random arrangements compared for each structure.
    """

    roles: Mapping[str, Sequence[str] | str]
    mobile_ion: str
    supercell: tuple[int, int, int] = (1, 1, 1)
    composition: dict[str, int] | None = None
    oxidation_states: dict[str, int] | None = None
    n_samples: int = 200

    def as_inputs(self) -> dict[str, Any]:
        """Return the recipe as plain data, which is what travels between jobs."""
        return {**asdict(self), "supercell": list(self.supercell)}


@dataclass
class _Context:
    """What all documents of one set share."""

    parent: Structure
    states: dict[str, int]
    mobile_ion: str
    provenance: Provenance
    campaign: str | None
    uuid: str | None
    documents: list[CandidateDoc] = field(default_factory=list)

    def add(self, structure: Structure, **specific: Any) -> None:
        undecorated = structure.copy()
        undecorated.remove_oxidation_states()
        change = undecorated.composition.get_el_amt_dict()
        for element, amount in self.parent.composition.get_el_amt_dict().items():
            change[element] = change.get(element, 0) - amount
        self.documents.append(
            CandidateDoc(
                uuid=self.uuid,
                campaign=self.campaign,
                status="converged",
                provenance=self.provenance,
                formula=undecorated.composition.formula.replace(" ", ""),
                structure=undecorated,
                n_atoms=len(undecorated),
                mobile_ion=self.mobile_ion,
                composition_change={el: round(n) for el, n in change.items() if round(n) != 0},
                oxidation_states={**self.states, **read_oxidation_states(structure)},
                **specific,
            )
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
    ordered = build_ordered_parent(
        structure,
        supercell=(recipe.supercell[0], recipe.supercell[1], recipe.supercell[2]),
        composition=recipe.composition,
        oxidation_states=recipe.oxidation_states,
        n_samples=recipe.n_samples,
        seed=seed,
    )
    states = read_oxidation_states(ordered.structure)
    if recipe.mobile_ion not in states:
        raise InputError(
            f"mobile ion {recipe.mobile_ion!r} is not in the parent cell, which holds "
            f"{', '.join(states)}; name one of these"
        )
    parent = ordered.structure.copy()
    parent.remove_oxidation_states()
    context = _Context(
        parent=parent,
        states=states,
        mobile_ion=recipe.mobile_ion,
        provenance=make_provenance(seed=seed, input_hash=input_hash),
        campaign=campaign,
        uuid=current_uuid(),
    )
    context.add(
        ordered.structure,
        name="parent",
        kind="parent",
        warnings=list(ordered.warnings),
        ewald_energy_eV=ordered.ewald_energy_eV,
        n_arrangements_sampled=ordered.n_samples,
    )
    doped = enumerate_dopings(
        ordered.structure,
        dopings,
        roles=recipe.roles,
        vacancy_sites_frac=ordered.vacancy_sites_frac,
        n_samples=recipe.n_samples,
        seed=seed,
    )
    defective = enumerate_vacancies(
        ordered.structure, vacancies, n_samples=recipe.n_samples, seed=seed
    )
    for doping in doped:
        context.add(doping.structure, kind="doping", **_describe(doping), doping=_doping(doping))
    for vacancy in defective:
        context.add(vacancy.structure, kind="vacancy", **_describe(vacancy))
    hop_A = find_site_distance(
        ordered.structure, _sublattice_of(recipe), ordered.vacancy_sites_frac
    )
    return CandidateSetDoc(
        uuid=context.uuid,
        campaign=campaign,
        name="candidates",
        status="converged",
        warnings=[*(warnings or []), _describe_parent(structure), _describe_counts(ordered)],
        provenance=context.provenance,
        candidates=context.documents,
        hop_distance_A=hop_A,
    )


@job(output_schema=CandidateSetDoc)
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


def _describe_parent(structure: Structure) -> str:
    """Say what the parent is, by topology: a typing error in a CIF shows here first."""
    found = classify_perovskite(structure)
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


def _describe_counts(ordered: OrderedParentResult) -> str:
    """Say how far the ordered cell is from the occupancies of the file."""
    if not ordered.counts:
        return "the parent is ordered in the file"
    held = ", ".join(f"{ion} {n}" for ion, n in ordered.counts.items())
    nominal = ", ".join(f"{ion} {n:.2f}" for ion, n in ordered.nominal_counts.items())
    return f"the cell holds {held}; the file's occupancies give {nominal} ({ordered.reason})"


def _describe(result: DopingResult | VacancyResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "warnings": list(result.warnings),
        "ewald_energy_eV": result.ewald_energy_eV,
        "n_arrangements_sampled": result.n_samples,
    }


def _doping(result: DopingResult) -> DopingDescription:
    return DopingDescription(
        element=result.doping.element,
        scheme=result.doping.scheme,
        reaction=result.reaction,
        n_dopants=result.dopant_count,
        basis=result.basis,
        fraction_requested=result.requested_fraction,
        fraction_achieved=result.achieved_fraction,
    )


def _sublattice_of(recipe: ParentRecipe) -> list[str]:
    """Elements that share the mobile ion's sublattice."""
    for site in ("A", "B", "X"):
        elements = recipe.roles.get(site, ())
        if recipe.mobile_ion in elements:
            return list(elements)
    return [recipe.mobile_ion]
