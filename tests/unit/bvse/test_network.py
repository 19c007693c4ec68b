"""Periodic graphs with known percolation, and radii of known bottlenecks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from perolyte.bvse.bottleneck import choose_radii, measure_bottleneck
from perolyte.bvse.network import find_network_thresholds
from perolyte.errors import InputError

DISTANCE_A = 1e-9


def test_hops_that_close_no_loop_around_the_cell_do_not_percolate():
    there_and_back = [(0, 1, (0, 0, 0), 0.1), (1, 0, (0, 0, 0), 0.2), (0, 1, (0, 0, 0), 0.3)]
    assert find_network_thresholds(2, there_and_back) == {1: math.inf, 2: math.inf, 3: math.inf}


def test_a_chain_needs_its_highest_hop():
    chain = [(0, 1, (0, 0, 0), 0.1), (1, 2, (0, 0, 0), 0.7), (2, 0, (0, 0, 1), 0.3)]
    assert find_network_thresholds(3, chain)[1] == 0.7


def test_parallel_chains_are_one_dimensional_until_they_join():
    along_a, along_b = (0, 0, (1, 0, 0), 0.1), (1, 1, (0, 1, 0), 0.2)
    assert find_network_thresholds(2, [along_a, along_b])[2] == math.inf
    joined = find_network_thresholds(2, [along_a, along_b, (0, 1, (0, 0, 0), 0.6)])
    assert joined == {1: 0.1, 2: 0.6, 3: math.inf}


def test_one_hop_may_give_several_dimensions():
    layers = [(0, 0, (1, 0, 0), 0.1), (1, 1, (0, 1, 0), 0.1), (2, 2, (1, 1, 1), 0.1)]
    links = [(0, 1, (0, 0, 0), 0.5), (1, 2, (0, 0, 0), 0.5)]
    assert find_network_thresholds(3, layers + links) == {1: 0.1, 2: 0.5, 3: 0.5}


images = st.tuples(*[st.integers(-2, 2)] * 3)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), images, st.floats(0, 1)), max_size=12),
    st.lists(images, min_size=5, max_size=5),
)
def test_the_choice_of_cell_for_each_site_does_not_matter(edges, shifts):
    moved = [
        (i, j, tuple(int(x) for x in np.array(image) + shifts[j] - np.array(shifts[i])), energy)
        for i, j, image, energy in edges
    ]
    assert find_network_thresholds(5, moved) == find_network_thresholds(5, edges)


def test_an_edge_to_nowhere_is_refused():
    with pytest.raises(InputError, match="must lie in 0 to 1"):
        find_network_thresholds(2, [(0, 2, (0, 0, 0), 0.1)])


def test_a_square_window_is_formed_by_its_four_corners():
    # The centre of a face of a cube of oxygen: half a face diagonal less the radius.
    cage = Structure(Lattice.cubic(4.0), ["O2-"], [[0, 0, 0]])
    radii_A, kind = choose_radii(cage)
    window = measure_bottleneck(cage, radii_A, [0.5, 0.5, 0.0])
    assert kind == "ionic"
    assert window.radius_A == pytest.approx(4.0 / math.sqrt(2) - radii_A[0], abs=DISTANCE_A)
    assert {atom.image[:2] for atom in window.atoms} == {(0, 0), (1, 0), (0, 1), (1, 1)}


def test_the_nearest_surface_counts_and_not_the_nearest_centre():
    cage = Structure(
        Lattice.cubic(20.0), ["Li+", "Cs+"], [[0, 0, 0], [0.5, 0, 0]]
    )  # 0.90 and 1.81 Å
    radii_A, _ = choose_radii(cage)
    narrow = measure_bottleneck(cage, radii_A, [0.24, 0, 0])  # 4.8 Å from Li, 5.2 Å from Cs
    assert [atom.element for atom in narrow.atoms] == ["Cs"]
    assert narrow.radius_A == pytest.approx(5.2 - radii_A[1], abs=DISTANCE_A)


def test_a_point_far_from_all_atoms_still_finds_the_nearest():
    sparse = Structure(Lattice.cubic(30.0), ["O2-"], [[0, 0, 0]])
    window = measure_bottleneck(sparse, choose_radii(sparse)[0], [0.5, 0.5, 0.5])
    assert len(window.atoms) == 8
    assert window.radius_A == pytest.approx(15.0 * math.sqrt(3) - 1.26, abs=DISTANCE_A)


def test_radii_are_all_of_one_kind():
    # Shannon gives no crystal radius for H+, so that all radii are covalent.
    hydroxide = Structure(Lattice.cubic(5.0), ["O2-", "H+"], [[0, 0, 0], [0.2, 0, 0]])
    radii_A, kind = choose_radii(hydroxide)
    assert kind == "covalent"
    assert radii_A == pytest.approx([0.66, 0.31])


def test_a_mixed_site_has_the_mean_radius_of_what_is_on_it():
    mixed = Structure(Lattice.cubic(5.0), [{"La3+": 0.4, "Sr2+": 0.2}], [[0, 0, 0]])
    pure = [
        choose_radii(Structure(Lattice.cubic(5.0), [name], [[0, 0, 0]]))[0][0]
        for name in ("La3+", "Sr2+")
    ]
    assert choose_radii(mixed)[0][0] == pytest.approx((2 * pure[0] + pure[1]) / 3)
