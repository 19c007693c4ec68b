"""Edges, bonds and angles: counted by hand, and by brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk

from perolyte.errors import PotentialError
from perolyte.potentials import SystemBatch
from perolyte.potentials.graph import Graph, build_graph
from perolyte.potentials.neighbours import find_pairs
from support.diverse_structures import generate_structures


def make_graph(*systems: Atoms, cutoff_A: float = 6.0, bond_cutoff_A: float = 3.0) -> Graph:
    batch, positions_A = SystemBatch.from_structures(systems)
    pairs = find_pairs(batch, positions_A, cutoff_A + 0.5)
    return build_graph(batch, positions_A, pairs, cutoff_A=cutoff_A, bond_cutoff_A=bond_cutoff_A)


def test_face_centred_copper():
    """12 neighbours at 2.546 Å, 6 at 3.6 Å; half of each as edges, 12 x 11 ordered angles."""
    graph = make_graph(bulk("Cu", "fcc", a=3.6), cutoff_A=4.0)
    assert (graph.n_bonds, graph.n_edges, graph.n_angles) == (6, 9, 132)
    assert graph.directed_start.tolist() == [0, 12]
    lengths = graph.vectors_A.norm(dim=1)
    assert lengths[:6].tolist() == pytest.approx([3.6 / 2**0.5] * 6)
    assert lengths[6:].tolist() == pytest.approx([3.6] * 3)


@pytest.mark.parametrize("index", range(12))
def test_angles_are_every_two_bonds_at_a_centre(index):
    _, atoms = generate_structures(12, seed=3)[index]
    graph = make_graph(atoms, atoms)
    bonds, signs = graph.bond_of_directed, graph.sign_of_directed
    ends = torch.where(signs > 0, graph.first[bonds], graph.second[bonds])
    assert torch.equal(ends, graph.centre_of_directed)
    assert sorted((bonds * 2 + (signs > 0)).tolist()) == list(range(2 * graph.n_bonds))
    expected = [
        (one, other)
        for start, stop in zip(graph.directed_start[:-1], graph.directed_start[1:], strict=True)
        for one in range(start, stop)
        for other in range(start, stop)
        if one != other
    ]
    found = list(zip(graph.angle_first.tolist(), graph.angle_second.tolist(), strict=True))
    assert found == expected
    assert torch.equal(
        graph.angle_start[graph.angle_first] <= torch.arange(len(found)),
        torch.ones(len(found), dtype=torch.bool),
    )
    pairs = graph.pair_of_angle.tolist()
    by_pair = list(zip(graph.pair_first.tolist(), graph.pair_second.tolist(), strict=True))
    assert [tuple(sorted(angle)) for angle in found] == [by_pair[pair] for pair in pairs]
    assert len(by_pair) * 2 == len(found)


def test_atoms_that_overlap_are_named():
    atoms = Atoms("LiO2", [[0, 0, 0], [0, 0, 2], [4.0, 0, 2.25]], cell=[4, 5, 6], pbc=True)
    with pytest.raises(PotentialError, match=r"atom 1 \(O\) and atom 2 \(O\) overlap") as caught:
        make_graph(bulk("Cu"), atoms)
    assert "0.250 Å apart" in str(caught.value)
    assert caught.value.system == 1
    assert "\n" not in str(caught.value)


def test_an_atom_on_its_own_image():
    with pytest.raises(PotentialError, match=r"atom 0 \(Li\) and its own image overlap"):
        make_graph(Atoms("Li", cell=[5, 5, 0.25], pbc=True))


def test_an_atom_without_neighbours_is_named():
    atoms = Atoms("LiNaK", [[0, 0, 0], [2, 0, 0], [15, 15, 15]], cell=[30] * 3, pbc=True)
    with pytest.raises(PotentialError, match=r"atom 2 \(K\) has no neighbour within 6 Å") as caught:
        make_graph(atoms)
    assert "\n" not in str(caught.value)


def test_no_bonds_at_all():
    graph = make_graph(bulk("Ar", "fcc", a=5.3))
    assert graph.n_bonds == graph.n_angles == 0
    assert graph.n_edges > 0
    assert graph.directed_start.tolist() == [0, 0]


def test_vectors_point_from_second_to_first():
    atoms = Atoms("HO", [[0, 0, 0], [1.0, 0, 0]], cell=[20] * 3, pbc=True)
    graph = make_graph(atoms)
    assert graph.vectors_A.tolist() == [[-1.0, 0.0, 0.0]]
    assert np.array([graph.first[0], graph.second[0]]).tolist() == [0, 1]
