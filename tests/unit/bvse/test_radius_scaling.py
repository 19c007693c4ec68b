"""The factor on bond lengths: one for an unstrained framework, and it follows strain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from perolyte.bvse import energy_map, morse_parameters
from perolyte.bvse.radius_scaling import find_radius_scaling
from perolyte.errors import InputError

SHELLS = 2e-3
"""Stretching a crystal moves distant shells over the cutoff, each worth less than 1e-3."""


def build_perovskite(length_A):
    """KTaO3 with Li on some of the sites of K."""
    return Structure.from_spacegroup(
        "Pm-3m",
        Lattice.cubic(length_A),
        [{"Li+": 0.3, "K+": 0.7}, "Ta5+", "O2-"],
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
    )


def build_pair(distance_A, charge, element):
    """One cation between two anions, far from everything else, and a lithium beside."""
    edge_A = 40.0
    share = distance_A / edge_A
    return Structure(
        Lattice.cubic(edge_A),
        [f"{element}{charge}+", "O2-", "O2-", "Li+"],
        [[0, 0, 0], [share, 0, 0], [-share, 0, 0], [0.5, 0.5, 0.5]],
    )


@pytest.mark.parametrize(("element", "charge"), [("Ti", 4), ("La", 3), ("Sr", 2)])
def test_a_framework_with_the_right_valence_sum_needs_no_scaling(element, charge):
    pair = morse_parameters(element, charge, "O", -2)
    distance_A = pair.r0_A - np.log(charge / 2) / pair.alpha_per_A
    factor = find_radius_scaling(build_pair(distance_A, charge, element), "Li+")["O"]
    assert factor == pytest.approx(1.0, abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.93, 1.08))
def test_a_stretched_framework_is_stretched_by_its_factor(stretch):
    plain = find_radius_scaling(build_perovskite(3.99), "Li+")["O"]
    stretched = find_radius_scaling(build_perovskite(3.99 * stretch), "Li+")["O"]
    assert stretched / plain == pytest.approx(stretch, abs=SHELLS)


def test_distortion_at_equal_valence_needs_no_scaling():
    # One bond longer, one shorter, the same sum: their mean is longer, the factor stays 1.
    pair = morse_parameters("Ti", 4, "O", -2)
    valences = np.array([2.6, 1.4])
    lengths_A = pair.r0_A - np.log(valences) / pair.alpha_per_A
    structure = build_pair(1.9, 4, "Ti")
    structure.translate_sites([1], [(lengths_A[0] - 1.9) / 40.0, 0, 0])
    structure.translate_sites([2], [-(lengths_A[1] - 1.9) / 40.0, 0, 0])
    mean_A = pair.r0_A - np.log(2.0) / pair.alpha_per_A
    assert lengths_A.mean() > mean_A
    assert find_radius_scaling(structure, "Li+")["O"] == pytest.approx(1.0, abs=1e-8)


def test_the_energy_map_takes_the_factors():
    structure = build_perovskite(4.2)
    scaling = find_radius_scaling(structure, "Li+")
    plain = energy_map(structure, "Li+", spacing_A=0.5)
    scaled = energy_map(structure, "Li+", spacing_A=0.5, radius_scaling=scaling)
    assert scaling["O"] > 1.0
    assert scaled.radius_scaling == scaling
    # Longer bonds suit the wide cage better.
    assert scaled.energies_eV.min() < plain.energies_eV.min()


def test_anions_without_framework_cations_are_left_as_tabulated():
    salt = Structure.from_spacegroup(
        "Pm-3m", Lattice.cubic(3.9), ["O2-", "Cl-", "Li+"], [[0.5] * 3, [0] * 3, [0, 0.5, 0.5]]
    )
    assert find_radius_scaling(salt, "Li+") == {}


def test_a_wrong_oxidation_state_is_found_out():
    structure = build_pair(1.2, 2, "Sr")
    with pytest.raises(InputError, match=r"Sr2\+ has the valence sum"):
        find_radius_scaling(structure, "Li+")


def test_mobile_anions_are_refused():
    with pytest.raises(InputError, match="O2- is an anion"):
        find_radius_scaling(build_perovskite(4.0), "O2-")
