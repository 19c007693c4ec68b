"""How much a candidate is doped, in a few words."""

from __future__ import annotations

from perolyte.schemas import CandidateDoc

__all__ = ["describe_amounts"]

_BASIS_WORDS = {
    "A_sites": "A sites",
    "B_sites": "B sites",
    "element": "host",
    "formula_unit": "formula units",
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
