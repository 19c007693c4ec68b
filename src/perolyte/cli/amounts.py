"""What is printed beside candidates: how much they are doped, and notes."""

from __future__ import annotations

from perolyte.schemas import CandidateDoc, CandidateSetDoc

__all__ = ["describe_amounts", "list_notes"]

_BASIS_WORDS = {
    "A_sites": "A sites",
    "B_sites": "B sites",
    "element": "host",
    "formula_unit": "f.u.",
}


def describe_amounts(doc: CandidateDoc) -> str:
    """Return the achieved fraction of every dopant; empty for what is not doped."""
    if doc.doping is None:
        return ""
    dopants = doc.doping.dopants
    amounts = [
        f"{'' if len(dopants) == 1 else dopant.element + ' '}{100 * dopant.fraction_achieved:.3g}"
        for dopant in dopants
    ]
    units = [f" % of {_BASIS_WORDS[dopant.basis]}" for dopant in dopants]
    if len(set(units)) == 1:
        return f"{', '.join(amounts)}{units[0]}"
    return ", ".join(amount + unit for amount, unit in zip(amounts, units, strict=True))


def list_notes(found: CandidateSetDoc) -> list[str]:
    """List warnings, each once, with the candidates it belongs to."""
    owners: dict[str, list[str]] = {}
    for doc in found.candidates:
        for text in doc.warnings:
            owners.setdefault(text, []).append(doc.name)
    notes = list(found.warnings)
    for text, names in owners.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        # What was left out is no candidate, so that no name goes with it.
        is_left_out = text.startswith("left out: ")
        notes.append(text if is_left_out else f"{names[0]}{others}: {text}")
    return list(dict.fromkeys(notes))
