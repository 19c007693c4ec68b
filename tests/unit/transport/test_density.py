from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure
from pymatgen.io.common import VolumetricData

from perolyte.errors import InputError
from perolyte.transport.density import format_density, map_density
from perolyte.transport.free_energy import find_free_energy_barriers, map_free_energy
from perolyte.transport.hop_free_energy import find_hop_free_energies
from perolyte.transport.jumps import jump_statistics
from perolyte.transport.site_search import find_density_sites
from perolyte.transport.sites import assign_sites, define_sites
from perolyte.units import BOLTZMANN_EV_PER_K

CELL_A = np.array([[6.0, 0.0, 0.0], [1.5, 5.0, 0.0], [0.0, -1.0, 7.0]])
THERMAL_EV = BOLTZMANN_EV_PER_K * 600.0


@pytest.fixture
def positions():
    return np.random.default_rng(0).normal(0.0, 8.0, (40, 6, 3))


def test_the_density_integrates_to_the_number_of_ions(positions):
    density = map_density(positions, CELL_A)
    voxel_A3 = np.linalg.det(CELL_A) / density.counts.size
    assert density.values_per_A3.sum() * voxel_A3 == pytest.approx(6.0)
    assert density.counts.sum() == 40 * 6
    assert density.n_frames == 40
    # No voxel edge is longer than 0.2 Å.
    edges = np.linalg.norm(CELL_A, axis=1) / density.counts.shape
    assert (edges <= 0.2).all()
    assert (edges > 0.19).all()


def test_an_ion_is_counted_in_the_voxel_whose_middle_is_nearest():
    cell = 4.0 * np.eye(3)
    place = np.array([[[3.6, 0.4, 1.4]], [[-0.4, 4.4, 0.6]]])
    density = map_density(place, cell, spacing_A=1.0)
    assert np.argwhere(density.counts).tolist() == [[0, 0, 1]]
    assert density.counts[0, 0, 1] == 2


def test_chunks_give_the_same_density_as_one_array(positions):
    whole = map_density(positions, CELL_A)
    chunks = map_density((positions[start : start + 8] for start in range(0, 40, 8)), CELL_A)
    np.testing.assert_array_equal(chunks.block_counts, whole.block_counts)


def test_edges_of_a_whole_number_of_spacings_are_divided_so():
    assert map_density(np.zeros((2, 1, 3)), 4.2 * np.eye(3)).counts.shape == (21, 21, 21)


def test_other_programs_read_the_density(positions, tmp_path):
    density = map_density(positions, CELL_A, spacing_A=1.0)
    structure = Structure(Lattice(CELL_A), ["O"], [[0.5, 0.5, 0.5]])
    path = tmp_path / "density.cube"
    path.write_text("".join(format_density(density, structure, "cube")))
    found = VolumetricData.from_cube(path)
    # Six digits are written.
    np.testing.assert_allclose(found.data["total"], density.values_per_A3, rtol=1e-6)
    turned = Structure(Lattice.from_parameters(*Lattice(CELL_A).parameters), ["O"], [[0, 0, 0]])
    with pytest.raises(InputError, match="turned against one another"):
        format_density(density, turned, "cube")


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"spacing_A": 0.0}, "spacing_A is 0"),
        ({"spacing_A": 1e-4}, "more than 2147483647 in all"),
        ({"divisions": (4, 0, 4)}, r"divisions is \(4, 0, 4\)"),
        ({"fold": (1.5, 1, 1)}, "fold is"),
        ({"n_blocks": 1}, "n_blocks is 1"),
    ],
)
def test_wrong_grids_are_refused(positions, kwargs, message):
    with pytest.raises(InputError, match=message):
        map_density(positions, CELL_A, **kwargs)


def test_no_frames_are_refused():
    with pytest.raises(InputError, match="holds no frames"):
        map_density(iter([]), CELL_A)
    with pytest.raises(InputError, match="it must be an array"):
        map_density(3.0, CELL_A)


def fill_channel(counts):
    """Ions in a channel along a, so many visits in each of its voxels."""
    x = np.repeat(np.arange(len(counts)), counts)
    x = np.random.default_rng(1).permutation(x)
    positions = x[:, None, None] * np.array([1.0, 0.0, 0.0])
    return map_density(positions, len(counts) * np.eye(3), spacing_A=1.0)


def test_a_channel_has_the_barrier_of_its_least_visited_voxel():
    result = find_free_energy_barriers(fill_channel([1000, 100, 10, 100]), temperature_K=600.0)
    assert result.barriers_eV[1] == pytest.approx(THERMAL_EV * np.log(100))
    assert result.percolation.critical_voxels[1] == (2, 0, 0)
    assert result.barriers_eV[2] is None
    assert result.barriers_eV[3] is None
    assert result.status == "not_converged"
    assert "in 2D and 3D" in result.reasons[0]
    # Leaving out fifths of 10 visits: about kT/sqrt(10).
    assert 0.3 < result.barriers_std_eV[1] / (THERMAL_EV / np.sqrt(10)) < 3
    assert result.lower_bound_eV == pytest.approx(THERMAL_EV * np.log(1000 / -np.log(0.05)))
    assert f"{result.lower_bound_eV:.3f} eV" in result.reasons[0]


def test_a_voxel_without_visits_is_closed():
    density = fill_channel([100, 10, 0, 10])
    assert np.isinf(map_free_energy(density, temperature_K=600.0)[2, 0, 0])
    result = find_free_energy_barriers(density, temperature_K=600.0)
    assert set(result.barriers_eV.values()) == {None}
    assert set(result.barriers_std_eV.values()) == {None}


def test_a_barrier_that_one_block_alone_has_seen_has_no_error():
    result = find_free_energy_barriers(fill_channel([100, 10, 1, 10]), temperature_K=600.0)
    assert result.barriers_eV[1] == pytest.approx(THERMAL_EV * np.log(100))
    assert result.barriers_std_eV[1] is None


def test_wrong_barrier_arguments_are_refused(positions):
    density = map_density(positions, CELL_A)
    with pytest.raises(InputError, match="temperature_K is -1"):
        find_free_energy_barriers(density, temperature_K=-1)
    with pytest.raises(InputError, match="connectivity is 18"):
        find_free_energy_barriers(density, temperature_K=300, connectivity=18)


def test_sites_are_found_in_a_skewed_cell_across_its_faces():
    rng = np.random.default_rng(2)
    centres = np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.02, 0.52, 0.97]])
    shake = 0.25 * rng.standard_normal((2000, 3, 3))
    density = map_density(centres @ CELL_A + shake, CELL_A)
    found = find_density_sites(density)
    assert len(found.fractional) == 3
    away = found.fractional[:, None] - centres[None]
    away -= np.round(away)
    # The mean of 2000 positions, 0.25 Å wide, on a grid of 0.2 Å.
    assert np.linalg.norm(away @ CELL_A, axis=2).min(axis=0) == pytest.approx([0, 0, 0], abs=0.03)
    # 1/(2π(σ² + 0.3²))^1.5 for Gaussians that are smoothed
    peak = (2 * np.pi * (0.25**2 + 0.3**2)) ** -1.5
    assert found.peak_per_A3 == pytest.approx(np.full(3, peak), rel=0.05)


def test_a_rare_site_and_a_near_one_are_left_out():
    x = np.concatenate([np.full(900, 1.0), np.full(80, 1.8), np.full(20, 5.0)])
    positions = x[:, None, None] * np.ones(3)
    density = map_density(positions, 8 * np.eye(3))
    assert len(find_density_sites(density).fractional) == 1
    assert len(find_density_sites(density, min_peak_fraction=0.01).fractional) == 2
    with pytest.raises(InputError, match="min_peak_fraction is 2"):
        find_density_sites(density, min_peak_fraction=2)
    with pytest.raises(InputError, match="smoothing_A is 0"):
        find_density_sites(density, smoothing_A=0)


def test_a_hop_that_was_not_seen_on_its_way_has_no_barrier():
    cell = np.diag([8.0, 5.0, 5.0])
    sites = define_sites([[0, 0, 0], [0.5, 0, 0]], cell, labels="AB")
    positions = np.repeat([0.0, 4.0, 0.0], 5)[:, None, None] * np.array([1.0, 0.0, 0.0])
    jumps = jump_statistics(assign_sites(positions, sites), frame_interval_ps=0.1)
    density = map_density(positions, cell, spacing_A=0.5)
    hops = find_hop_free_energies(density, sites, jumps.edges, temperature_K=600.0)
    assert [(hop.origin, hop.destination, hop.barrier_eV) for hop in hops] == [
        (0, 1, None),
        (1, 0, None),
    ]
    assert "no ion was seen all along" in hops[0].reason
    elsewhere = map_density(positions + 2.0, cell, spacing_A=0.5)
    hops = find_hop_free_energies(elsewhere, sites, jumps.edges, temperature_K=600.0)
    assert hops[0].reason == "no ion was seen in the core of site 0"
    with pytest.raises(InputError, match="is pooled over sites"):
        find_hop_free_energies(density, sites, jumps.label_edges, temperature_K=600.0)
    folded = map_density(positions, cell, spacing_A=0.5, fold=(2, 1, 1))
    with pytest.raises(InputError, match="different cells"):
        find_hop_free_energies(folded, sites, jumps.edges, temperature_K=600.0)
