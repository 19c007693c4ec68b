"""Monte Carlo over arrangements: it stays in the space of the moves, and says when it is short."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice

from perolyte.errors import InputError
from perolyte.structures.arrangements import EMPTY, SYMBOL_DTYPE, SiteSet, SublatticeMove
from perolyte.structures.monte_carlo import (
    estimate_autocorrelation,
    sample_equilibrium,
    sample_low_energy,
)

STATES = {"Li": 1, "La": 3, "Sr": 2, "Ba": 2, "Ti": 4, "O": -2}
GRID = np.stack(np.meshgrid(*[np.arange(3) / 3] * 3, indexing="ij"), -1).reshape(-1, 3)


def make_sites(n_sites=12, a_A=11.0):
    return SiteSet(Lattice.orthorhombic(a_A, 1.03 * a_A, 1.07 * a_A), GRID[:n_sites])


def read_symbols(text):
    """One word for each site, "-" where it is empty."""
    return np.array([EMPTY if word == "-" else word for word in text.split()], SYMBOL_DTYPE)


@settings(max_examples=30, deadline=None)
@given(
    n_la=st.integers(0, 3),
    n_li=st.integers(0, 2),
    n_sr=st.integers(0, 3),
    n_ba=st.integers(0, 3),
    seed=st.integers(0, 1000),
)
def test_exactly_the_asked_ions_leave_and_enter(n_la, n_li, n_sr, n_ba, seed):
    start = read_symbols("La La La Li Li - - Ti Ti O O O")
    if n_sr + n_ba > n_la + n_li + 2:
        return
    move = SublatticeMove(tuple(range(7)), {"La": n_la, "Li": n_li}, {"Sr": n_sr, "Ba": n_ba})
    sample = sample_equilibrium(
        make_sites(), start, [move], states=STATES, temperature_K=1e6, n_sweeps=50, seed=seed
    )
    assert len(sample.arrangements) > 0
    for row in sample.arrangements:
        assert np.sum(row[start == "La"] != "La") == n_la
        assert np.sum(row[start == "Li"] != "Li") == n_li
        assert (np.sum(row == "Sr"), np.sum(row == "Ba")) == (n_sr, n_ba)
        assert set(row[:7]) <= {"La", "Li", "Sr", "Ba", EMPTY}
        assert not np.isin(row[start != "La"], "La").any()  # hosts never change places
        assert row[7:].tolist() == start[7:].tolist()


def test_all_of_a_small_space_is_reached():
    """La and Li lose one ion each to Sr, and one site stays empty: 3 x 2 x 3 places for Sr."""
    start = read_symbols("La La La Li Li - O O")
    move = SublatticeMove((0, 1, 2, 3, 4, 5), {"La": 1, "Li": 1}, {"Sr": 1})
    sample = sample_equilibrium(
        make_sites(8), start, [move], states=STATES, temperature_K=1e7, n_samples=3000,
        n_sweeps=9000,
    )  # fmt: skip
    assert len(np.unique(sample.arrangements, axis=0)) == 3 * 2 * 3


def test_two_sublattices_and_the_same_seed():
    start = read_symbols("La La La - Ti Ti Ti Ti O O O O")
    moves = [
        SublatticeMove((0, 1, 2, 3), {"La": 2}, {"Sr": 2}),
        SublatticeMove((8, 9, 10, 11), {"O": 1}, {}),
    ]
    found = [
        sample_low_energy(make_sites(), start, moves, states=STATES, n_keep=4, n_sweeps=40, seed=s)
        for s in (5, 5, 6)
    ]
    symbols = [np.array([k.symbols for k in f.kept]) for f in found]
    assert np.array_equal(symbols[0], symbols[1])
    for row in symbols[0]:
        assert sorted(row[:4]) == ["", "La", "Sr", "Sr"]
        assert sorted(row[8:]) == ["", "O", "O", "O"]
    energies_eV = [k.ewald_energy_eV for k in found[0].kept]
    assert np.all(np.diff(energies_eV) > 1e-6)
    assert energies_eV[0] == found[2].kept[0].ewald_energy_eV


def test_ions_that_are_too_near_never_meet():
    """Pairs of split sites 0.5 Å apart, half filled: of 252 draws one in eight is possible."""
    base = np.array([[x, 0, 0] for x in (0, 0.2, 0.4, 0.6, 0.8)])
    sites = SiteSet(Lattice.cubic(20.0), np.vstack([base, base + np.array([0.025, 0, 0])]))
    start = np.full(10, EMPTY, SYMBOL_DTYPE)
    move = SublatticeMove(tuple(range(10)), {}, {"Li": 5})
    sample = sample_equilibrium(
        sites, start, [move], states=STATES, n_samples=500, temperature_K=1e6, n_sweeps=4000
    )
    occupied = sample.arrangements != EMPTY
    assert np.all(occupied[:, :5] ^ occupied[:, 5:])
    low = sample_low_energy(sites, start, [move], states=STATES, n_keep=30, n_sweeps=50)
    assert all(np.all((k.symbols[:5] != EMPTY) ^ (k.symbols[5:] != EMPTY)) for k in low.kept)
    with pytest.raises(InputError, match=r"at least 0\.7 Å apart"):
        sample_equilibrium(
            sites, start, [SublatticeMove(tuple(range(10)), {}, {"Li": 6})], states=STATES
        )


def test_a_site_beside_an_ion_that_stays_is_avoided():
    sites = SiteSet(Lattice.cubic(20.0), np.array([[0, 0, 0], [0.02, 0, 0], [0.5, 0, 0]]))
    start = read_symbols("O - -")
    found = sample_low_energy(
        sites, start, [SublatticeMove((1, 2), {}, {"Li": 1})], states=STATES, n_sweeps=5
    )
    assert [k.symbols.tolist() for k in found.kept] == [["O", "", "Li"]]


def test_ions_that_clash_and_stay_are_refused():
    sites = SiteSet(Lattice.cubic(20.0), np.array([[0, 0, 0], [0.02, 0, 0], [0.5, 0, 0]]))
    with pytest.raises(InputError, match="no move touches"):
        sample_low_energy(
            sites, read_symbols("O O -"), [SublatticeMove((2,), {}, {"Li": 1})], states=STATES
        )


def test_one_arrangement_only():
    start = read_symbols("La La O")
    moves = [SublatticeMove((0, 1), {"La": 2}, {"Sr": 2})]
    found = sample_low_energy(make_sites(3), start, moves, states=STATES, n_chains=2)
    assert [k.symbols.tolist() for k in found.kept] == [["Sr", "Sr", "O"]]
    assert (found.n_accepted, found.n_chains_at_lowest) == (0, 2)
    sample = sample_equilibrium(make_sites(3), start, moves, states=STATES, n_samples=3)
    assert sample.arrangements.shape == (3, 3)
    assert sample.warnings == ()


def test_elements_of_equal_charge_are_exchanged_freely():
    start = np.full(4, EMPTY, SYMBOL_DTYPE)
    moves = [SublatticeMove((0, 1, 2, 3), {}, {"Sr": 2, "Ba": 2})]
    sample = sample_equilibrium(make_sites(4), start, moves, states=STATES, n_samples=400)
    assert np.ptp(sample.sweep_energies_eV) < 1e-9
    assert sample.autocorrelation_sweeps < 5.0
    assert len(np.unique(sample.arrangements, axis=0)) == 6


def test_energies_are_unscreened_and_only_the_product_of_both_parameters_counts():
    start = np.full(12, EMPTY, SYMBOL_DTYPE)
    moves = [SublatticeMove(tuple(range(12)), {}, {"Li": 4, "La": 4})]
    samples = [
        sample_equilibrium(
            make_sites(), start, moves, states=STATES, temperature_K=t, relative_permittivity=e
        )
        for t, e in ((3000.0, 10.0), (30000.0, 1.0), (100.0, 1.0))
    ]
    assert np.array_equal(samples[0].arrangements, samples[1].arrangements)
    assert np.mean(samples[2].sweep_energies_eV) < np.mean(samples[0].sweep_energies_eV)
    matrix = make_sites().ewald_matrix
    charges = np.array([[STATES.get(str(s), 0) for s in row] for row in samples[0].arrangements])
    full_eV = np.einsum("ij,jk,ik->i", charges, matrix, charges)
    assert samples[0].ewald_energies_eV == pytest.approx(full_eV, abs=1e-7)


def test_a_chain_that_is_too_short_says_so():
    start = np.full(27, EMPTY, SYMBOL_DTYPE)
    sites = SiteSet(Lattice.cubic(11.0), GRID)
    moves = [SublatticeMove(tuple(range(27)), {}, {"Li": 9, "La": 12})]
    short = sample_equilibrium(
        sites, start, moves, states=STATES, n_samples=50, n_sweeps=60, temperature_K=1000.0
    )
    assert len(short.arrangements) < 50
    assert any("raise n_sweeps" in warning for warning in short.warnings)


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_autocorrelation_of_a_process_with_known_memory(memory):
    """First-order autoregression: tau = (1 + a) / (2 (1 - a))."""
    rng = np.random.default_rng(1)
    series = np.zeros(200_000)
    noise = rng.normal(size=len(series))
    for t in range(1, len(series)):
        series[t] = memory * series[t - 1] + noise[t]
    expected = 0.5 * (1 + memory) / (1 - memory)
    # standard error of the windowed estimate: tau sqrt(2 (2 W + 1) / N), 2 % at W = 5 tau = 48
    assert estimate_autocorrelation(series) == pytest.approx(expected, rel=0.1)
    pair = np.column_stack([series, np.ones(len(series))])
    assert estimate_autocorrelation(pair) == pytest.approx(estimate_autocorrelation(series))
    assert estimate_autocorrelation(np.ones(10)) == np.inf


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"n_keep": 0}, "n_keep is 0"),
        ({"n_sweeps": 0}, "n_sweeps is 0"),
        ({"temperature_K": 0.0}, "temperature_K is 0.0 K"),
        ({"start_temperature_K": -5.0}, "start_temperature_K is -5.0 K"),
        ({"relative_permittivity": float("nan")}, "relative_permittivity is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"states": {"Li": 1}}, "La has no oxidation state"),
    ],
)
def test_impossible_numbers_are_refused(arguments, part):
    start = read_symbols("La La - Li")
    moves = [SublatticeMove((0, 1, 2), {}, {"Li": 1})]
    with pytest.raises(InputError, match=part):
        sample_low_energy(make_sites(4), start, moves, **{"states": STATES, **arguments})


@pytest.mark.parametrize(
    ("moves", "part"),
    [
        ([SublatticeMove((0, 1), {"La": 3}, {})], "removes 3 La, its sublattice holds 2"),
        ([SublatticeMove((0, 2), {"La": 1}, {"Sr": 3})], "adds 3 ions to 2 open sites"),
        ([SublatticeMove((0, 2), {"La": 1}, {"La": 1})], "removes and adds La"),
        ([SublatticeMove((0, 2), {"La": 1}, {}), SublatticeMove((2, 3), {}, {})], "site 2"),
    ],
)
def test_impossible_moves_are_refused(moves, part):
    with pytest.raises(InputError, match=part):
        sample_low_energy(make_sites(4), read_symbols("La La - Li"), moves, states=STATES)
