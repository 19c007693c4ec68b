"""Chains of images: who moves, who stays, and how far each step goes."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from perolyte.bvse.neb_images import neb_images
from perolyte.bvse.paths import migration_paths
from perolyte.errors import InputError
from support.energy_maps import make_map

LATTICE = Lattice.orthorhombic(8.0, 6.0, 6.0)
FRAMEWORK = [("O2-", (0.0, 0.5, 0.5)), ("O2-", (0.5, 0.5, 0.5))]
OCCUPIED_A = 1.0


@pytest.fixture(scope="module")
def network():
    """Two wells along a, at 0 and 1/2; the hop over the face of the cell has the lower saddle."""
    u = 2 * np.pi * np.arange(24) / 24
    along = -0.5 * np.cos(2 * u) - 0.2 * np.sin(u) * np.sin(2 * u) ** 2 - 0.1 * np.sin(u)
    across = 1 - np.cos(2 * np.pi * np.arange(18) / 18)
    energies = along[:, None, None] + across[:, None] + across
    return migration_paths(make_map(energies, LATTICE, FRAMEWORK), energy_limit_eV=1.5)


@pytest.fixture(scope="module")
def edge(network):
    """The hop that crosses the face of the cell."""
    (found,) = [e for e in network.edges if e.start != e.end and e.image[0] != 0]
    return found


def build(sites, *, decorated=True):
    species = [name for name, _ in FRAMEWORK] + ["Li+"] * len(sites)
    structure = Structure(LATTICE, species, [place for _, place in FRAMEWORK] + list(sites))
    if not decorated:
        structure.remove_oxidation_states()
    return structure


def place_ions(network):
    return [np.array(site.fractional) for site in network.sites[:2]]


def test_a_hop_into_a_vacancy_takes_one_ion_out(network, edge):
    full = build(place_ions(network))
    images = neb_images(network, edge, full, n_images=3)
    assert len(images) == 5
    assert {len(image) for image in images} == {len(full) - 1}
    assert all(image[-1].species_string == "Li+" for image in images)


def test_the_ends_are_the_refined_minima_and_the_steps_are_equal(network, edge):
    images = neb_images(network, edge, build(place_ions(network)), n_images=6)
    places = np.array([image[-1].frac_coords for image in images])
    start, end = network.sites[edge.start], network.sites[edge.end]
    assert places[0] == pytest.approx(start.fractional)
    assert places[-1] == pytest.approx(np.add(end.fractional, edge.image))
    steps_A = np.linalg.norm(np.diff(places, axis=0) @ LATTICE.matrix, axis=1)
    # The path is straight here, so that equal steps along it are equal distances.
    assert steps_A == pytest.approx(np.full(7, steps_A.mean()), rel=1e-6)
    assert steps_A.sum() == pytest.approx(4.0, abs=0.5)  # half of a; the wells are a bit off 1/2


def test_coordinates_run_on_across_the_face_of_the_cell(network, edge):
    images = neb_images(network, edge, build(place_ions(network)), n_images=9)
    along = np.array([image[-1].frac_coords[0] for image in images])
    assert along.min() < 0.0 or along.max() > 1.0
    assert np.abs(np.diff(along)).max() < 0.1


def test_only_the_moving_ion_differs_between_images(network, edge):
    other = (0.25, 0.0, 0.5)
    images = neb_images(network, edge, build([*place_ions(network), other]))
    first = images[0].frac_coords[:-1]
    assert all(np.array_equal(image.frac_coords[:-1], first) for image in images)
    assert any(np.allclose(place, other) for place in first)


@pytest.mark.parametrize("occupied", [0, 1])
def test_one_ion_hops_into_an_empty_site(network, edge, occupied):
    structure = build([place_ions(network)[occupied]])
    images = neb_images(network, edge, structure)
    assert {len(image) for image in images} == {len(structure)}


def test_other_ions_can_be_removed(network, edge):
    structure = build([*place_ions(network), (0.25, 0.0, 0.5)])
    images = neb_images(network, edge, structure, other_ions="remove")
    assert {len(image) for image in images} == {len(FRAMEWORK) + 1}


def test_an_undecorated_structure_stays_undecorated(network, edge):
    images = neb_images(network, edge, build(place_ions(network), decorated=False))
    assert images[0][-1].species_string == "Li"


def test_an_ion_in_the_way_is_named(network, edge):
    middle = edge.path_fractional[len(edge.path_fractional) // 2]
    with pytest.raises(InputError, match=r"moving Li is 0\.\d\d Å from Li"):
        neb_images(network, edge, build([*place_ions(network), middle]))


def test_a_framework_atom_in_the_way_is_named(network, edge):
    blocked = build(place_ions(network))
    middle = edge.path_fractional[len(edge.path_fractional) // 2]
    blocked.append("O2-", middle)
    with pytest.raises(InputError, match="from O"):
        neb_images(network, edge, blocked, other_ions="remove")


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (lambda s: s, {"n_images": 0}, "n_images is 0"),
        (lambda s: s, {"other_ions": "freeze"}, "'freeze'"),
        (lambda s: s.apply_strain(0.1), {}, "the cell differs"),
        (lambda s: s.replace_species({"O2-": {"O2-": 0.9}}), {}, "partly occupied"),
        (lambda s: s.remove_species(["Li+"]), {}, "no Li"),
    ],
)
def test_what_makes_no_chain_is_refused(network, edge, change, settings, message):
    structure = build(place_ions(network))
    change(structure)
    with pytest.raises(InputError, match=message):
        neb_images(network, edge, structure, **settings)
