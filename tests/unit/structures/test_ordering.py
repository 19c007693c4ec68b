"""Ordered parents: counts, layers, refusals, determinism."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures._integer_counts import DisorderedSites, find_neutral_counts, split_counts
from perolyte.structures.ordering import (
    ORDERING_METHODS,
    build_ordered_parent,
    build_ordered_parents,
)


def test_the_quickstart_parent(ordered_llto):
    assert ordered_llto.structure.composition.get_el_amt_dict() == {
        "Li": 3, "La": 7, "Ti": 12, "O": 36,
    }  # fmt: skip
    assert ordered_llto.structure.is_ordered
    assert ordered_llto.structure.charge == 0
    assert ordered_llto.counts == {"La": 7, "Li": 3, "vacancy": 2}
    assert ordered_llto.nominal_counts == pytest.approx(
        {"La": 20 / 3, "Li": 4.0, "vacancy": 4 / 3}, rel=1e-4
    )
    assert "nearest neutral" in ordered_llto.reason
    assert ordered_llto.vacancy_sites_frac.shape == (2, 3)


def test_vacancies_are_the_a_sites_without_ions(ordered_llto):
    cell = ordered_llto.structure
    a_sites = [s.frac_coords for s in cell if s.specie.symbol in ("Li", "La")]
    grid = np.vstack([a_sites, ordered_llto.vacancy_sites_frac]) * [2, 2, 3]
    assert np.allclose(grid, np.round(grid), atol=1e-8)
    assert len({tuple(point) for point in np.round(grid).astype(int) % [2, 2, 3]}) == 12


def test_same_seed_same_cell_and_more_samples_never_worse(cubic_llto):
    first = build_ordered_parent(cubic_llto, n_samples=40, seed=3)
    again = build_ordered_parent(cubic_llto, n_samples=40, seed=3)
    assert first.structure == again.structure
    assert np.array_equal(first.vacancy_sites_frac, again.vacancy_sites_frac)
    more = build_ordered_parent(cubic_llto, n_samples=400, seed=3)
    assert more.ewald_energy_eV <= first.ewald_energy_eV
    assert more.n_distinct > first.n_distinct


def test_a_given_composition_is_kept(cubic_llto):
    result = build_ordered_parent(cubic_llto, composition={"Li": 6, "La": 6}, n_samples=5)
    assert result.counts == {"La": 6, "Li": 6, "vacancy": 0}
    assert result.reason == "as given"
    assert result.vacancy_sites_frac.shape == (0, 3)


@pytest.mark.parametrize(
    ("composition", "parts"),
    [
        ({"Li": 3, "La": 8}, ["+3 e", "La 7, Li 3, vacancy 2"]),
        ({"Li": 9, "La": 5}, ["14 ions on 12 sites", "nearest neutral"]),
        ({"Sr": 1, "La": 7}, ["Sr", "La, Li"]),
        ({"Li": -1, "La": 7}, ["-1", "integers from 0"]),
    ],
)
def test_impossible_compositions_are_refused(cubic_llto, composition, parts):
    with pytest.raises(InputError) as caught:
        build_ordered_parent(cubic_llto, composition=composition, n_samples=5)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"supercell": (2, 0, 1)}, "supercell"),
        ({"supercell": (2, 2)}, "supercell"),
        ({"supercell": (2, 2, 1.5)}, "supercell"),
        ({"supercell": "2x2x3"}, "supercell"),
        ({"supercell": [[1, 0, 0], [0, 1, 0], [1, 1, 0]]}, "determinant 0"),
        ({"supercell": [[0, 1, 0], [1, 0, 0], [0, 0, 1]]}, "determinant -1"),
        ({"method": "guess"}, "method is 'guess', allowed are ewald, monte_carlo, sqs, random"),
        ({"seed": -1}, "seed"),
        ({"n_samples": 0}, "n_samples"),
    ],
)
def test_impossible_settings_are_refused(cubic_llto, arguments, part):
    with pytest.raises(InputError, match=part):
        build_ordered_parent(cubic_llto, **arguments)


def test_an_ordered_parent_is_only_repeated():
    sites = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]
    cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"], sites)
    result = build_ordered_parent(cell, supercell=(2, 1, 1))
    assert result.structure.composition.reduced_formula == "SrTiO3"
    assert len(result.structure) == 10
    assert (result.counts, len(result.vacancy_sites_frac)) == ({}, 0)
    with pytest.raises(InputError, match="leave composition out"):
        build_ordered_parent(cell, composition={"Sr": 1})
    with pytest.raises(InputError, match=r"net charge of \+6 e"):
        build_ordered_parent(cell, supercell=(3, 1, 1), oxidation_states={"Ti": 6})


def test_layers_keep_their_occupancies(layered_llto):
    """P4/mmm LLTO: the La-rich layer keeps more La than the La-poor one, and holds no Li."""
    result = build_ordered_parent(layered_llto, supercell=(2, 2, 2), n_samples=50)
    rich = [s for s in result.structure if s.specie.symbol in ("Li", "La")
            and abs((s.frac_coords[2] * 4) % 2 - 0) < 1e-6]  # fmt: skip
    assert {s.specie.symbol for s in rich} == {"La"}
    n_la_rich, n_la = len(rich), result.counts["La"]
    assert n_la_rich > n_la - n_la_rich
    assert result.structure.charge == 0


def test_split_sites_are_never_occupied_together():
    """Li on split sites 0.5 Å apart: a kept arrangement has no such pair."""
    lattice = Lattice.cubic(4.0)
    species = [{"Li": 0.5}, {"Li": 0.5}, "Cl"]
    cell = Structure(lattice, species, [[0, 0, 0], [0.125, 0, 0], [0.5, 0.5, 0.5]])
    result = build_ordered_parent(cell, supercell=(2, 1, 1), n_samples=50)
    assert np.min(result.structure.distance_matrix[np.triu_indices(4, 1)]) > 1.0
    with pytest.raises(InputError, match="nearer than"):
        build_ordered_parent(cell, supercell=(1, 1, 1), composition={"Li": 2},
                             oxidation_states={"Li": 1, "Cl": -2})  # fmt: skip


@pytest.fixture
def layered_llto():
    """P4/mmm: a layer rich in La and without Li, and a poor one."""
    species = [{"La": 0.75}, {"La": 0.38, "Li": 0.61}, "Ti", "O", "O", "O"]
    sites = [[0, 0, 0], [0, 0, 0.5], [0.5, 0.5, 0.25], [0.5, 0.5, 0], [0.5] * 3, [0, 0.5, 0.25]]
    return Structure.from_spacegroup("P4/mmm", Lattice.tetragonal(3.87, 7.75), species, sites)


@pytest.mark.parametrize("method", ORDERING_METHODS)
def test_every_method_makes_several_neutral_cells_and_keeps_the_layers(layered_llto, method):
    if method == "sqs":
        pytest.importorskip("icet")
    cells = build_ordered_parents(
        layered_llto, supercell=(3, 2, 2), method=method, n_cells=3, n_samples=60, seed=5
    )
    assert len(cells) == 3
    assert len({cell.seed for cell in cells}) == 3
    assert cells[0].seed == 5
    assert len({cell.ewald_energy_eV for cell in cells}) == 3
    n_rich = set()
    for cell in cells:
        assert (cell.method, cell.n_samples, cell.structure.charge) == (method, 60, 0)
        assert cell.counts == cells[0].counts
        amounts = cell.structure.composition.get_el_amt_dict()
        assert [amounts[e] for e in ("La", "Li")] == [cell.counts[e] for e in ("La", "Li")]
        heights = [round(s.frac_coords[2] * 4) % 2 for s in cell.structure
                   if s.specie.symbol in ("La", "Li")]  # fmt: skip
        elements = [s.specie.symbol for s in cell.structure if s.specie.symbol in ("La", "Li")]
        rich = [e for e, h in zip(elements, heights, strict=True) if h == 0]
        assert set(rich) == {"La"}
        n_rich.add(len(rich))
        assert (cell.correlation_mismatch is not None) == (method == "sqs")
    assert n_rich in ({8}, {9}, {10})  # three of four on twelve sites, and neutral
    again = build_ordered_parents(
        layered_llto, supercell=(3, 2, 2), method=method, n_cells=3, n_samples=60, seed=5
    )
    assert [cell.structure for cell in cells] == [cell.structure for cell in again]


@pytest.mark.parametrize("method", ["ewald", "monte_carlo", "random"])
def test_the_first_cell_does_not_depend_on_the_others(cubic_llto, method):
    arguments = {"method": method, "n_samples": 30, "seed": 2}
    several = build_ordered_parents(cubic_llto, n_cells=3, **arguments)
    alone = build_ordered_parent(cubic_llto, **arguments)
    assert alone.structure == several[0].structure
    assert alone.ewald_energy_eV == several[0].ewald_energy_eV


def test_hotter_is_less_ordered_and_random_least(cubic_llto):
    def mean_energy(method, **arguments):
        cells = build_ordered_parents(cubic_llto, method=method, n_cells=6, **arguments)
        return np.mean([cell.ewald_energy_eV for cell in cells])

    cold = mean_energy("monte_carlo", temperature_K=1500.0)
    hot = mean_energy("monte_carlo", temperature_K=15000.0)
    unscreened = mean_energy("monte_carlo", temperature_K=1500.0, relative_permittivity=1.0)
    assert unscreened < cold < hot
    assert cold < mean_energy("random")


def test_fewer_cells_than_asked_are_announced(cubic_llto):
    """Two Li and one La with one empty site on four: all arrangements but three are equivalent."""
    cells = build_ordered_parents(
        cubic_llto, supercell=(2, 2, 1), composition={"Li": 1, "La": 1}, n_cells=9,
        oxidation_states={"Ti": 4, "O": -2, "Li": 1, "La": 7}, n_samples=50,
    )  # fmt: skip
    assert 1 <= len(cells) < 9
    note = f"9 cells were asked and {len(cells)} different ones found"
    assert all(any(note in warning for warning in cell.warnings) for cell in cells)


def test_elements_of_equal_charge_make_different_cells():
    """La and Nd: every arrangement has the same point-charge energy, but not the same crystal."""
    sites = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]
    species = [{"La": 0.5, "Nd": 0.5}, "Al", "O"]
    cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.8), species, sites)
    cells = build_ordered_parents(cell, supercell=(2, 2, 2), method="random", n_cells=4)
    assert len(cells) == 4
    assert len({c.ewald_energy_eV for c in cells}) == 1


def test_a_matrix_is_a_supercell(cubic_llto):
    doubled = build_ordered_parent(
        cubic_llto, supercell=[[1, 1, 0], [-1, 1, 0], [0, 0, 6]], n_samples=20
    )
    assert doubled.counts == {"La": 7, "Li": 3, "vacancy": 2}
    assert doubled.structure.lattice.abc == pytest.approx((3.87 * 2**0.5, 3.87 * 2**0.5, 23.22))
    plain = build_ordered_parent(cubic_llto, supercell=(2, 2, 3), n_samples=20)
    matrix = build_ordered_parent(cubic_llto, supercell=np.diag([2, 2, 3]), n_samples=20)
    assert matrix.ewald_energy_eV == plain.ewald_energy_eV


def test_an_ordered_parent_is_one_cell():
    sites = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]
    cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"], sites)
    cells = build_ordered_parents(cell, supercell=(2, 1, 1), n_cells=3, method="monte_carlo")
    assert len(cells) == 1
    assert (cells[0].n_samples, cells[0].n_distinct) == (1, 1)
    assert any("1 different ones" in warning for warning in cells[0].warnings)


def test_monte_carlo_keeps_split_sites_apart():
    """Nine pairs of sites 0.5 Å apart, half filled: random draws would nearly never do."""
    species = [{"Li": 0.5}, {"Li": 0.5}, "Cl"]
    cell = Structure(Lattice.cubic(4.0), species, [[0, 0, 0], [0.125, 0, 0], [0.5, 0.5, 0.5]])
    found = build_ordered_parent(cell, supercell=(3, 3, 1), method="monte_carlo", n_samples=50)
    lithium = [i for i, s in enumerate(found.structure) if s.specie.symbol == "Li"]
    assert len(lithium) == 9
    distances_A = found.structure.distance_matrix[np.ix_(lithium, lithium)]
    assert distances_A[~np.eye(9, dtype=bool)].min() > 2.0
    with pytest.raises(InputError, match="use the method monte_carlo"):
        build_ordered_parent(cell, supercell=(3, 3, 1), method="random", n_samples=20)


@settings(max_examples=60, deadline=None)
@given(
    n_rich=st.integers(1, 12),
    n_poor=st.integers(1, 12),
    li=st.floats(0.05, 0.9),
    la=st.floats(0.05, 0.9),
    shift=st.floats(-0.04, 0.04),
)
def test_whole_numbers_fill_every_group_and_are_neutral(n_rich, n_poor, li, la, shift):
    occupancies = []
    for d in (shift, -shift):
        total = max(li + la, 1.0)
        row = np.array([li / total + d, la / total - d])
        occupancies.append([*row, max(1.0 - row.sum(), 0.0)])
    disordered = DisorderedSites(
        elements=("Li", "La"),
        groups=(tuple(range(n_rich)), tuple(range(n_rich, n_rich + n_poor))),
        occupancies=np.clip(np.array(occupancies), 0.0, 1.0),
    )
    states = {"Li": 1, "La": 3}
    fixed_charge = -round(float(disordered.nominal[0] + 3 * disordered.nominal[1]))
    try:
        counts = find_neutral_counts(disordered, fixed_charge=fixed_charge, states=states)
    except InputError:
        return
    assert counts[0] + 3 * counts[1] + fixed_charge == 0
    assert sum(counts) == n_rich + n_poor
    table = split_counts(disordered, counts)
    assert table is not None
    assert table.sum(axis=0).tolist() == list(counts)
    assert table.sum(axis=1).tolist() == [n_rich, n_poor]
    assert (table >= 0).all()
