"""From results of the structures layer to what documents say about an arrangement."""

from __future__ import annotations

import math

from perolyte.schemas import (
    ArrangementDescription,
    DopantDescription,
    DopingDescription,
    PairDescription,
)
from perolyte.structures import DopingResult, Placement, PlacementResult

__all__ = ["describe_arrangement", "describe_doping"]

_LARGEST_STORED = 2**63 - 1  # documents hold whole numbers of 64 bits


def describe_arrangement(placement: Placement, among: PlacementResult) -> ArrangementDescription:
    """Say which arrangement a candidate is, of how many."""
    pair = placement.pair
    return ArrangementDescription(
        method="enumerated" if among.method == "enumerated" else "sampled",
        reason=among.reason,
        kept_as=placement.kept_as,
        rank=placement.rank,
        degeneracy=_store(placement.degeneracy),
        n_compared=among.n_compared,
        n_distinct=_store(among.n_distinct),
        log10_n_distinct=math.log10(among.n_distinct),
        pairs=[]
        if pair is None
        else [
            PairDescription(
                first=pair.first,
                second=pair.second,
                shell=pair.shell,
                n_shells=pair.n_shells,
                distance_A=pair.distance_A,
            )
        ],
    )


def describe_doping(result: DopingResult) -> DopingDescription:
    """Say what was doped, how much of it, and how the charge is balanced."""
    dopants = [
        DopantDescription(
            element=amount.dopant.element,
            oxidation_state=amount.dopant.charge,
            host=amount.dopant.host,
            n_dopants=amount.count,
            basis=amount.basis,
            fraction_requested=amount.dopant.fraction,
            fraction_achieved=amount.achieved_fraction,
        )
        for amount in result.amounts
    ]
    single = dopants[0] if len(dopants) == 1 else None
    return DopingDescription(
        element=result.doping.label,
        scheme=result.compensation.name,
        compensation=result.compensation.description,
        reaction=result.compensation.reaction,
        n_dopants=sum(dopant.n_dopants for dopant in dopants),
        basis=single.basis if single else None,
        fraction_requested=single.fraction_requested if single else None,
        fraction_achieved=single.fraction_achieved if single else None,
        dopants=dopants,
    )


def _store(n: int) -> int | None:
    return n if n <= _LARGEST_STORED else None
