"""Binding energies of defect pairs, from relaxed cells that differ in their distance only."""

from __future__ import annotations

from collections.abc import Iterable

from perolyte.schemas import BindingEnergy, PairDescription, RelaxDoc

__all__ = ["compute_binding_energies"]

_Family = tuple[str, str, int, str, str]


def compute_binding_energies(documents: Iterable[RelaxDoc]) -> list[BindingEnergy]:
    """Compare cells of one composition by the distance of a defect pair.

    The energy is E(pair at this shell) - E(pair at the farthest shell), each the lowest of the
    converged arrangements in that shell, in equal cells. It is a neutral, stoichiometric
    difference: potentials without charges can give it.

    Parameters
    ----------
    documents
        Relaxed candidates; those without a described pair are left out.

    Returns
    -------
    list of BindingEnergy
        One per shell of each family of equal composition, scheme, cell and pair; the farthest
        shell is the reference and has no entry of its own. A family with a single shell gives one
        entry without energy that says so.
    """
    families: dict[_Family, dict[int, list[tuple[RelaxDoc, PairDescription]]]] = {}
    for doc in documents:
        candidate = doc.candidate
        if candidate is None or candidate.arrangement is None:
            continue
        scheme = candidate.doping.scheme if candidate.doping else candidate.kind
        for pair in candidate.arrangement.pairs:
            key = (candidate.formula, scheme, candidate.cell, pair.first, pair.second)
            families.setdefault(key, {}).setdefault(pair.shell, []).append((doc, pair))
    return [entry for shells in families.values() for entry in _compare_shells(shells)]


def _compare_shells(
    shells: dict[int, list[tuple[RelaxDoc, PairDescription]]],
) -> list[BindingEnergy]:
    lowest = {shell: _find_lowest(shells[shell]) for shell in sorted(shells)}
    far = max(lowest)
    reference, far_pair = lowest[far]
    near = {shell: found for shell, found in lowest.items() if shell != far}
    if not near:
        return [
            _describe(reference, far_pair, None, None, "there is no other shell to compare with")
        ]
    entries = []
    for doc, pair in near.values():
        blocked = [d.name for d in (doc, reference) if d.status != "converged"]
        reason = f"relaxation not converged: {', '.join(blocked)}" if blocked else None
        entries.append(_describe(doc, pair, reference, far_pair, reason))
    return entries


def _find_lowest(
    found: list[tuple[RelaxDoc, PairDescription]],
) -> tuple[RelaxDoc, PairDescription]:
    """Find the converged document of lowest energy; any of them when none is converged."""

    def order(item: tuple[RelaxDoc, PairDescription]) -> tuple[bool, float, str]:
        doc = item[0]
        energy = doc.energy_eV if doc.energy_eV is not None else float("inf")
        return doc.status != "converged", energy, doc.name

    return min(found, key=order)


def _describe(
    doc: RelaxDoc,
    pair: PairDescription,
    reference: RelaxDoc | None,
    far: PairDescription | None,
    reason: str | None,
) -> BindingEnergy:
    energy = None
    if reason is None and reference is not None:
        if doc.energy_eV is None or reference.energy_eV is None:
            reason = "a converged relaxation has no energy"
        else:
            energy = doc.energy_eV - reference.energy_eV
    return BindingEnergy(
        name=doc.name,
        relax_uuid=doc.uuid,
        first=pair.first,
        second=pair.second,
        shell=pair.shell,
        distance_A=pair.distance_A,
        energy_eV=energy,
        reference=reference.name if reference else None,
        reference_distance_A=far.distance_A if far else None,
        reason=reason,
    )
