"""Order candidates by the energy of the reaction that makes them."""

from __future__ import annotations

from jobflow import job

from perolyte.errors import InputError
from perolyte.jobs.binding import compute_binding_energies
from perolyte.jobs.provenance import current_uuid, make_provenance
from perolyte.schemas import LARGE_KEY, RankedCandidate, RankingDoc, RelaxDoc
from perolyte.structures import oxide_reaction

__all__ = ["rank_candidates"]


@job(output_schema=RankingDoc, data=LARGE_KEY)
def rank_candidates(
    relaxed: dict[str, object], *, n_best: int, campaign: str | None = None
) -> RankingDoc:
    """Rank relaxed candidates and choose those that MD is run for.

    Energies per atom of different compositions cannot be compared. What can be compared is the
    neutral reaction ``parent + oxides -> candidate + oxides`` with every energy from the same
    potential, per dopant atom (or per vacancy).

    Parameters
    ----------
    relaxed
        Output of :func:`~perolyte.jobs.relaxation.relax_candidates`.
    n_best
        How many dopings go on to MD, besides the parent.

    Returns
    -------
    RankingDoc
        ``selected`` holds the parents first, then the best converged dopings: of each composition
        and scheme the arrangement of lowest energy only. ``binding_energies`` compares the cells
        that differ in the distance of a defect pair.
    """
    documents: list[RelaxDoc] = relaxed["candidates"]  # type: ignore[assignment]
    oxides: dict[str, RelaxDoc] = relaxed["oxides"]  # type: ignore[assignment]
    parents = [doc for doc in documents if doc.candidate and doc.candidate.kind == "parent"]
    parent_of_cell = {_cell(doc): doc for doc in parents}
    entries = [_rank_one(doc, parent_of_cell.get(_cell(doc)), oxides) for doc in documents]
    entries.sort(key=lambda entry: (_sort_energy(entry), entry.name))
    by_name = {doc.name: doc for doc in documents}
    best: dict[tuple[str, str], RelaxDoc] = {}
    for entry in entries:
        candidate = by_name[entry.name].candidate
        if entry.reaction_energy_eV is not None and candidate is not None and candidate.doping:
            key = (candidate.formula, candidate.doping.scheme)
            best.setdefault(key, by_name[entry.name])
    selected = [doc for doc in parents if doc.status == "converged"]
    selected += list(best.values())[:n_best]
    return RankingDoc(
        uuid=current_uuid(),
        campaign=campaign,
        name="ranking",
        status="converged" if selected else "not_converged",
        reasons=[] if selected else ["no relaxation converged, so nothing goes on to MD"],
        provenance=make_provenance(parent_uuids=[doc.uuid for doc in documents]),
        ranked=entries,
        binding_energies=compute_binding_energies(documents),
        selected=selected,
    )


def _cell(doc: RelaxDoc) -> int:
    return doc.candidate.cell if doc.candidate is not None else 0


def _sort_energy(entry: RankedCandidate) -> float:
    energy = entry.reaction_energy_eV_per_dopant
    return float("inf") if energy is None else energy


def _rank_one(
    doc: RelaxDoc, parent: RelaxDoc | None, oxides: dict[str, RelaxDoc]
) -> RankedCandidate:
    entry = RankedCandidate(name=doc.name, relax_uuid=doc.uuid)
    if doc.candidate is None or doc.candidate.kind == "parent":
        return entry.model_copy(update={"reason": "the reference itself"})
    blocked = [d.name for d in (doc, parent) if d is not None and d.status != "converged"]
    if parent is None or blocked:
        names = ", ".join(blocked) or "the parent"
        return entry.model_copy(update={"reason": f"relaxation not converged: {names}"})
    candidate = doc.candidate
    try:
        released = oxide_reaction(candidate.composition_change, candidate.oxidation_states)
    except InputError as err:
        return entry.model_copy(update={"reason": str(err)})
    energy = _energy(doc) - _energy(parent)
    for formula, amount in released.items():
        oxide = oxides.get(formula)
        if oxide is None or oxide.status != "converged":
            reason = f"reference oxide {formula} is not converged"
            return entry.model_copy(update={"reason": reason})
        energy += amount * _energy_per_formula_unit(oxide)
    n_defects = candidate.doping.n_dopants if candidate.doping else _n_removed(candidate)
    return entry.model_copy(
        update={
            "reaction_energy_eV": energy,
            "reaction_energy_eV_per_dopant": energy / n_defects,
            "reaction": _write_reaction(released),
        }
    )


def _energy(doc: RelaxDoc) -> float:
    if doc.energy_eV is None:
        raise InputError(f"{doc.name} has no energy, yet its status is {doc.status!r}")
    return doc.energy_eV


def _energy_per_formula_unit(oxide: RelaxDoc) -> float:
    if oxide.structure is None:
        raise InputError(f"{oxide.name} has no structure, yet its status is {oxide.status!r}")
    _, n_units = oxide.structure.composition.get_reduced_composition_and_factor()
    return _energy(oxide) / n_units


def _n_removed(candidate: object) -> int:
    change = candidate.composition_change  # type: ignore[attr-defined]
    return max(1, -change.get("O", 0) or -min(change.values(), default=-1))


def _write_reaction(released: dict[str, float]) -> str:
    def side(sign: int) -> list[str]:
        return [f"{abs(n):g} {formula}" for formula, n in released.items() if n * sign > 0]

    left, right = ["parent", *side(-1)], ["candidate", *side(1)]
    return f"{' + '.join(left)} → {' + '.join(right)}"
