"""Parents that the tests of the structures layer share."""

from __future__ import annotations

import pytest
from pymatgen.core import Lattice, Structure

from perolyte.structures import OrderedParentResult, SiteRoles, build_ordered_parent

PEROVSKITE_SITES = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]


@pytest.fixture
def cubic_llto() -> Structure:
    """Li1/3 La5/9 Ti O3: one A site shared by Li, La and vacancies."""
    species = [{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"]
    return Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.87), species, PEROVSKITE_SITES)


@pytest.fixture(scope="session")
def ordered_llto() -> OrderedParentResult:
    """Li3La7Ti12O36 with two empty A sites."""
    species = [{"Li": 1 / 3, "La": 5 / 9}, "Ti", "O"]
    cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.87), species, PEROVSKITE_SITES)
    return build_ordered_parent(cell, supercell=(2, 2, 3), n_samples=200, seed=1)


@pytest.fixture
def llto_roles() -> dict[str, list[str]]:
    return {"A": ["Li", "La"], "B": ["Ti"], "X": ["O"]}


@pytest.fixture
def llto_site_roles() -> SiteRoles:
    return SiteRoles(A=("Li", "La"), B=("Ti",), X=("O",), mobile="Li", host="La")


@pytest.fixture
def llto_states() -> dict[str, int]:
    return {"Li": 1, "La": 3, "Ti": 4, "O": -2}
