"""Quasirandom cells: composition of every group, seeds, refusals."""

from __future__ import annotations

import random
import sys

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures.arrangements import EMPTY, SYMBOL_DTYPE, SiteSet, SublatticeMove
from perolyte.structures.special_quasirandom import sample_quasirandom


@pytest.fixture
def layered():
    """Two kinds of A layers in a 2 x 2 x 2 cell of layered ABX3, with their B and X sites."""
    cell = Structure.from_spacegroup(
        "P4/mmm",
        Lattice.tetragonal(3.87, 7.75),
        ["La", "Li", "Ti", "O", "O", "O"],
        [[0, 0, 0], [0, 0, 0.5], [0.5, 0.5, 0.26], [0.5, 0.5, 0], [0.5, 0.5, 0.5], [0, 0.5, 0.23]],
    )
    cell = cell * (2, 2, 2)
    symbols = np.array([site.specie.symbol for site in cell], SYMBOL_DTYPE)
    rich, poor = (np.flatnonzero(symbols == e) for e in ("La", "Li"))
    symbols[[*rich, *poor]] = EMPTY
    moves = [
        SublatticeMove(tuple(rich.tolist()), {}, {"La": 6}),
        SublatticeMove(tuple(poor.tolist()), {}, {"La": 3, "Li": 3}),
    ]
    return SiteSet(cell.lattice, cell.frac_coords), symbols, moves


def test_every_group_keeps_its_composition(layered):
    pytest.importorskip("icet")
    sites, symbols, moves = layered
    found = sample_quasirandom(sites, symbols, moves, seeds=(1, 2), n_steps=300)
    for cell in found.cells:
        rich, poor = (cell.symbols[list(move.sites)].tolist() for move in moves)
        assert (rich.count("La"), rich.count("")) == (6, 2)
        assert (poor.count("La"), poor.count("Li"), poor.count("")) == (3, 3, 2)
        ordered = symbols != EMPTY
        assert np.array_equal(cell.symbols[ordered], symbols[ordered])
        assert cell.mismatch < found.random_mismatch_mean
    assert not np.array_equal(found.cells[0].symbols, found.cells[1].symbols)
    assert found.n_correlations > 10
    assert [cell.seed for cell in found.cells] == [1, 2]


def test_same_seed_same_cell_and_no_trace_in_the_global_generator(layered):
    pytest.importorskip("icet")
    sites, symbols, moves = layered
    random.seed(11)
    before = random.getstate()
    first = sample_quasirandom(sites, symbols, moves, seeds=(4,), n_steps=100)
    assert random.getstate() == before
    random.seed(12)
    again = sample_quasirandom(sites, symbols, moves, seeds=(4,), n_steps=100)
    assert np.array_equal(first.cells[0].symbols, again.cells[0].symbols)
    assert first.cells[0].mismatch == again.cells[0].mismatch


def test_more_steps_come_nearer(layered):
    pytest.importorskip("icet")
    sites, symbols, moves = layered
    few, many = (
        np.mean(
            [c.mismatch for c in sample_quasirandom(sites, symbols, moves, seeds=range(5),
                                                    n_steps=n_steps).cells]
        )
        for n_steps in (5, 1000)
    )  # fmt: skip
    assert many < few


def test_a_group_without_a_choice_is_only_filled(layered):
    pytest.importorskip("icet")
    sites, symbols, moves = layered
    full = [SublatticeMove(moves[0].sites, {}, {"La": 8}), moves[1]]
    found = sample_quasirandom(sites, symbols, full, n_steps=50)
    assert set(found.cells[0].symbols[list(moves[0].sites)]) == {"La"}
    none = [SublatticeMove(move.sites, {}, {"La": 8}) for move in moves]
    assert sample_quasirandom(sites, symbols, none, n_steps=50).cells[0].mismatch == 0.0


def test_given_cutoffs_are_used(layered):
    pytest.importorskip("icet")
    sites, symbols, moves = layered
    pairs = sample_quasirandom(sites, symbols, moves, n_steps=10, cutoffs_A=(4.0,))
    assert pairs.cutoffs_A == (4.0,)
    more = sample_quasirandom(sites, symbols, moves, n_steps=10, cutoffs_A=(6.0,))
    assert more.n_correlations > pairs.n_correlations


def test_without_icet_the_message_says_how_to_get_it(layered, monkeypatch):
    monkeypatch.setitem(sys.modules, "icet", None)
    with pytest.raises(InputError, match=r'pip install "perolyte\[sqs\]"'):
        sample_quasirandom(*layered)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"n_steps": 0}, "n_steps is 0"),
        ({"seeds": ()}, "no seed"),
        ({"seeds": (-1,)}, "seed is -1"),
        ({"moves": [SublatticeMove((0, 1), {"La": 1}, {"Sr": 1})]}, "fills empty sites only"),
        ({"moves": [SublatticeMove((0, 1), {}, {"Li": 3})]}, "adds 3 ions to 2 sites"),
        ({"moves": [SublatticeMove((0, 1), {}, {"Li": 1})] * 2}, "belongs to two moves"),
    ],
)
def test_impossible_input_is_refused(layered, change, part):
    sites, symbols, moves = layered
    with pytest.raises(InputError, match=part):
        sample_quasirandom(sites, symbols, **{"moves": moves, **change})


def test_split_sites_are_refused():
    sites = SiteSet(Lattice.cubic(4.0), np.array([[0, 0, 0], [0.1, 0, 0]]))
    with pytest.raises(InputError, match=r"nearer than 0\.7 Å"):
        sample_quasirandom(
            sites, np.full(2, EMPTY, SYMBOL_DTYPE), [SublatticeMove((0, 1), {}, {"Li": 1})]
        )
