"""Neighbour pairs against ASE's list, and when a kept list may be used again."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk
from ase.neighborlist import primitive_neighbor_list
from hypothesis import given, settings
from hypothesis import strategies as st

from perolyte.errors import PotentialError
from perolyte.potentials import SystemBatch
from perolyte.potentials import neighbours as module
from perolyte.potentials.neighbours import NeighbourList, Pairs, find_pairs

RADIUS_A = 5.0


def make_system(seed: int, n_atoms: int, skew: float, edge_A: float) -> Atoms:
    """Atoms anywhere, also outside their skewed, sometimes left-handed cell."""
    rng = np.random.default_rng(seed)
    cell = np.diag(edge_A * rng.uniform(0.5, 1.6, 3)) @ (np.eye(3) + rng.uniform(-skew, skew))
    cell = cell + rng.uniform(-skew, skew, (3, 3)) * edge_A * 0.3
    positions = rng.uniform(-2, 3, (n_atoms, 3)) @ cell
    return Atoms(f"H{n_atoms}", positions=positions, cell=cell, pbc=True)


def list_both_ways(pairs: Pairs, batch: SystemBatch, positions_A: torch.Tensor) -> np.ndarray:
    """(2 * n_pairs, 5) rows of first, second and rounded vector, sorted."""
    vectors = pairs.vectors_A(batch, positions_A)
    ends = torch.stack([pairs.first, pairs.second], dim=1).double()
    rows = torch.cat([torch.cat([ends, vectors], 1), torch.cat([ends.flip(1), -vectors], 1)])
    return sort_rows(rows.numpy())


def sort_rows(rows: np.ndarray) -> np.ndarray:
    rows = np.round(rows, 6) + 0.0
    return rows[np.lexsort(rows.T[::-1])]


def list_with_ase(atoms: Atoms, radius_A: float, first_atom: int) -> np.ndarray:
    i, j, vectors = primitive_neighbor_list(
        "ijD", (True,) * 3, atoms.cell.array, atoms.positions, radius_A, self_interaction=False
    )
    return np.column_stack([i + first_atom, j + first_atom, -vectors])


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    sizes=st.lists(st.integers(1, 14), min_size=1, max_size=3),
    skew=st.floats(0, 0.8),
    edge_A=st.floats(2.5, 12.0),
)
def test_pairs_are_those_of_ase(seed, sizes, skew, edge_A):
    systems = [make_system(seed + k, n, skew, edge_A) for k, n in enumerate(sizes)]
    if min(cell_heights(atoms).min() for atoms in systems) < 0.8:
        return
    batch, positions_A = SystemBatch.from_structures(systems)
    found = list_both_ways(find_pairs(batch, positions_A, RADIUS_A), batch, positions_A)
    starts = np.cumsum([0, *sizes])
    expected = sort_rows(
        np.concatenate(
            [
                list_with_ase(atoms, RADIUS_A, start)
                for atoms, start in zip(systems, starts[:-1], strict=True)
            ]
        )
    )
    assert found.shape == expected.shape
    assert found == pytest.approx(expected, abs=2e-6)


def cell_heights(atoms: Atoms) -> np.ndarray:
    return 1 / np.linalg.norm(np.linalg.inv(atoms.cell.array), axis=0)


def test_each_pair_once_and_by_its_first_atom():
    batch, positions_A = SystemBatch.from_structures([make_system(3, 20, 0.2, 9.0)])
    pairs = find_pairs(batch, positions_A, RADIUS_A)
    assert bool((pairs.first <= pairs.second).all())
    assert bool((pairs.first[1:] >= pairs.first[:-1]).all())
    rows = torch.cat([torch.stack([pairs.first, pairs.second], 1).double(), pairs.shifts], 1)
    assert len(torch.unique(rows, dim=0)) == len(rows)


def test_a_search_in_parts_is_the_same(monkeypatch):
    batch, positions_A = SystemBatch.from_structures([make_system(5, 40, 0.3, 10.0)])
    whole = find_pairs(batch, positions_A, RADIUS_A)
    monkeypatch.setattr(module, "_CHUNK_PAIRS", 100)
    parts = find_pairs(batch, positions_A, RADIUS_A)
    assert all(
        torch.equal(getattr(whole, name), getattr(parts, name))
        for name in ("first", "second", "shifts")
    )


def count_missed(neighbours: NeighbourList, batch: SystemBatch, positions_A: torch.Tensor) -> int:
    """Pairs within the cutoff that the kept list lacks."""
    kept = neighbours.update(batch, positions_A)
    lengths = kept.vectors_A(batch, positions_A).norm(dim=1)
    needed = find_pairs(batch, positions_A, neighbours.cutoff_A)
    return len(needed.first) - int((lengths < neighbours.cutoff_A).sum())


def test_a_kept_list_misses_nothing_while_atoms_move():
    batch, positions_A = SystemBatch.from_structures(
        [make_system(1, 12, 0.3, 8.0), make_system(2, 9, 0.1, 7.0)]
    )
    neighbours = NeighbourList(RADIUS_A, 0.5)
    generator = torch.Generator().manual_seed(4)
    velocity = torch.randn(positions_A.shape, generator=generator, dtype=torch.float64)
    for step in range(15):
        assert count_missed(neighbours, batch, positions_A + 0.04 * step * velocity) == 0
    assert 2 <= neighbours.n_searches < 12


def test_a_kept_list_misses_nothing_while_the_cell_changes():
    """Small strains need no search; the criterion allows for how they stretch."""
    start = make_system(7, 15, 0.2, 8.0)
    neighbours = NeighbourList(RADIUS_A, 0.5)
    rng = np.random.default_rng(0)
    for step in range(20):
        atoms = start.copy()
        strain = np.eye(3) + 0.008 * step * np.array([[0.5, 0.3, 0], [0, -0.7, 0.2], [0, 0, 0.4]])
        atoms.set_cell(start.cell.array @ strain, scale_atoms=True)
        atoms.positions += rng.normal(0, 0.01, atoms.positions.shape)
        batch, positions_A = SystemBatch.from_structures([atoms])
        assert count_missed(neighbours, batch, positions_A) == 0
    assert 2 <= neighbours.n_searches < 16


def test_when_a_list_is_searched_anew():
    batch, positions_A = SystemBatch.from_structures([bulk("Cu", "fcc", a=3.6, cubic=True)])
    neighbours = NeighbourList(RADIUS_A, 0.5)
    shift = torch.zeros_like(positions_A)
    shift[1, 2] = 0.249
    neighbours.update(batch, positions_A)
    neighbours.update(batch, positions_A + shift)
    assert neighbours.n_searches == 1
    shift[1, 2] = 0.251
    neighbours.update(batch, positions_A + shift)
    assert neighbours.n_searches == 2
    neighbours.update(batch, positions_A + shift)
    neighbours.forget()
    neighbours.update(batch, positions_A + shift)
    assert neighbours.n_searches == 3
    other, other_positions_A = SystemBatch.from_structures([bulk("Cu", "fcc", a=3.6)] * 4)
    neighbours.update(other, other_positions_A)
    assert neighbours.n_searches == 4, "as many atoms, but in other systems"


def test_without_a_skin_every_move_is_a_search():
    batch, positions_A = SystemBatch.from_structures([bulk("Cu", "fcc", a=3.6, cubic=True)])
    neighbours = NeighbourList(RADIUS_A, 0.0)
    for step in range(3):
        moved = positions_A.clone()
        moved[0, 0] += 0.01 * step
        neighbours.update(batch, moved)
    assert neighbours.n_searches == 3


@pytest.mark.parametrize(
    ("atoms", "expected"),
    [
        (Atoms("Li2", [[0, 0, 0], [0, 0, np.nan]], cell=[5] * 3, pbc=True), r"atom 1 \(Li\) is at"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, np.inf]], cell=[5] * 3, pbc=True), "finite positions"),
        (Atoms("Li2", [[0, 0, 0], [0, 0, 2.5]]), "three lattice vectors"),
        (Atoms("Li", cell=[5, 5, 0.05], pbc=True), r"heights \[5.0, 5.0, 0.05\]"),
        (Atoms("Li", cell=[[5, 0, 0], [0, 5, 0], [5, 5, 0]], pbc=True), "three lattice vectors"),
        (Atoms("Li", cell=[5, 5, np.nan], pbc=True), "three lattice vectors"),
    ],
)
def test_geometry_that_cannot_be_searched(atoms, expected):
    good = bulk("Cu", "fcc", a=3.6)
    batch, positions_A = SystemBatch.from_structures([good, atoms])
    with pytest.raises(PotentialError, match=expected) as caught:
        find_pairs(batch, positions_A, RADIUS_A)
    assert caught.value.system == 1
    assert str(caught.value).startswith("system 1 of the batch: ")
    assert "\n" not in str(caught.value)
    # a list that was good before must not hide it
    neighbours = NeighbourList(RADIUS_A, 0.5)
    neighbours.update(*SystemBatch.from_structures([good]))
    with pytest.raises(PotentialError, match=expected):
        neighbours.update(*SystemBatch.from_structures([atoms]))
