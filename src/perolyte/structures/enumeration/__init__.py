"""Arrangements of ions on the sites of a supercell that symmetry tells apart."""

from perolyte.structures.enumeration.arrangement_set import ArrangementSet
from perolyte.structures.enumeration.complexes import enumerate_complexes
from perolyte.structures.enumeration.counting import count_arrangements, count_labelled
from perolyte.structures.enumeration.generation import arrange, enumerate_arrangements
from perolyte.structures.enumeration.permutations import SitePermutations, find_site_permutations
from perolyte.structures.enumeration.sampling import sample_arrangements
from perolyte.structures.enumeration.shells import (
    PairLabels,
    PairShells,
    find_pair_shells,
    label_pairs,
)

__all__ = [
    "ArrangementSet",
    "PairLabels",
    "PairShells",
    "SitePermutations",
    "arrange",
    "count_arrangements",
    "count_labelled",
    "enumerate_arrangements",
    "enumerate_complexes",
    "find_pair_shells",
    "find_site_permutations",
    "label_pairs",
    "sample_arrangements",
]
