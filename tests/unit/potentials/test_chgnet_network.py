"""The passes through the network agree: plain, with kernels, on padded arrays.

Two float32 evaluations of CHGNet differ by some 1e-6 eV per atom and 4e-5 eV/Å where forces reach
40 eV/Å; float64 is the judge.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase.build import bulk

from perolyte.errors import PotentialError
from perolyte.potentials import SystemBatch
from perolyte.potentials.chgnet_network import NetworkWeights, differentiate, read_weights
from perolyte.potentials.chgnet_network.cpu_pass import CpuPass, is_supported
from perolyte.potentials.chgnet_network.geometry import AngleBasis, RadialBasis
from perolyte.potentials.chgnet_network.static_pass import Capacity, StaticPass, pad_graph
from perolyte.potentials.graph import Graph, build_graph
from perolyte.potentials.loading import load_chgnet_weights
from perolyte.potentials.neighbours import find_pairs
from support.diverse_structures import generate_structures

ENERGY_EV_ATOM = 2e-6
GRADIENT_EV_A = 5e-5
MAGMOM_MUB = 1e-5

STRUCTURES = generate_structures(25, seed=11)
"""Every kind, garnet excepted, twice: a garnet has 80 atoms."""


@pytest.fixture(scope="module")
def weights() -> NetworkWeights:
    torch.set_num_threads(1)
    return load_chgnet_weights("chgnet")[0]


@pytest.fixture(scope="module")
def fast(weights) -> CpuPass:
    return CpuPass(weights)


def make_graph(weights: NetworkWeights, *systems) -> tuple[Graph, torch.Tensor]:
    batch, positions_A = SystemBatch.from_structures(systems)
    cutoffs = {"cutoff_A": weights.cutoff_A, "bond_cutoff_A": weights.bond_cutoff_A}
    pairs = find_pairs(batch, positions_A, weights.cutoff_A)
    return build_graph(batch, positions_A, pairs, **cutoffs), batch.numbers - 1


@pytest.mark.parametrize("index", [i for i, (kind, _) in enumerate(STRUCTURES) if kind != "garnet"])
def test_kernels_agree_with_the_reference_in_float64(weights, fast, index):
    graph, elements = make_graph(weights, STRUCTURES[index][1])
    found = fast.differentiate(graph, elements, magmoms=True)
    expected = differentiate(weights.to("cpu", torch.float64), graph, elements, magmoms=True)
    n_atoms = graph.n_atoms
    difference = (found.site_energies_eV.sum() - expected.site_energies_eV.sum()) / n_atoms
    assert abs(float(difference)) < ENERGY_EV_ATOM
    assert float((found.gradient_eV_A - expected.gradient_eV_A).abs().max()) < GRADIENT_EV_A
    assert float((found.magmoms_muB - expected.magmoms_muB).abs().max()) < MAGMOM_MUB
    assert found.gradient_eV_A.dtype == torch.float64


def test_kernels_do_not_remember_the_graph_before(weights, fast):
    """Buffers are used again: a small graph after a large one, and back."""
    large, small = (STRUCTURES[i][1] for i in (0, 6))
    first = {}
    for _ in range(2):
        for name, atoms in (("large", large), ("small", small)):
            graph, elements = make_graph(weights, atoms)
            output = fast.differentiate(graph, elements, magmoms=False)
            kept = first.setdefault(name, output)
            assert torch.equal(kept.gradient_eV_A, output.gradient_eV_A)
            assert torch.equal(kept.site_energies_eV, output.site_energies_eV)
            assert output.magmoms_muB is None


def test_bases_and_their_derivatives(weights):
    """Central differences in float64; the reference pass has its own formulas."""
    graph, _ = make_graph(weights, STRUCTURES[2][1])
    wide = weights.to("cpu", torch.float64)
    generator = torch.Generator().manual_seed(0)
    lengths = torch.linspace(0.8, 5.99, 50, dtype=torch.float64)
    step = 1e-6
    basis = RadialBasis(lengths, wide.radial_frequencies, 6.0, 8.0)
    slopes = torch.randn(basis.values.shape, generator=generator, dtype=torch.float64)
    up, down = (
        (RadialBasis(lengths + d, wide.radial_frequencies, 6.0, 8.0).values * slopes).sum(1)
        for d in (step, -step)
    )
    assert basis.pull_back(slopes).numpy() == pytest.approx(
        ((up - down) / (2 * step)).numpy(), abs=1e-5, rel=1e-6
    )

    def energy(graph: Graph) -> float:
        lengths = graph.vectors_A.norm(dim=1)
        angles = AngleBasis(graph, lengths, wide.angular_frequencies)
        return float((angles.values * slopes).sum())

    angles = AngleBasis(graph, graph.vectors_A.norm(dim=1), wide.angular_frequencies)
    slopes = torch.randn(angles.values.shape, generator=generator, dtype=torch.float64)
    found = angles.pull_back(slopes)
    for bond, axis in [(0, 0), (3, 1), (graph.n_bonds - 1, 2)]:
        energies = []
        for sign in (1, -1):
            graph.vectors_A[bond, axis] += sign * step
            energies.append(energy(graph))
            graph.vectors_A[bond, axis] -= sign * step
        difference = (energies[0] - energies[1]) / (2 * step)
        assert float(found[bond, axis]) == pytest.approx(difference, abs=1e-4, rel=1e-5)


@pytest.mark.parametrize("index", [0, 5, 8, 9])
def test_padding_changes_nothing(weights, index):
    """In float64, so that only the order of sums is left; with and without angles and bonds."""
    wide = weights.to("cpu", torch.float64)
    graph, elements = make_graph(weights, STRUCTURES[index][1])
    expected = differentiate(wide, graph, elements, magmoms=True)
    static = StaticPass(wide, compiler=lambda function: function)
    found = static.differentiate(graph, elements, magmoms=True)
    for name in ("site_energies_eV", "gradient_eV_A", "magmoms_muB"):
        one, other = getattr(found, name).numpy(), getattr(expected, name).numpy()
        assert one == pytest.approx(other, abs=1e-10)


def test_padded_arrays_keep_their_sizes(weights):
    """Atoms that move do not change a shape, so that nothing is compiled anew."""
    atoms = bulk("MgO", "rocksalt", a=4.2, cubic=True)
    capacity, shapes, static = None, set(), StaticPass(weights, lambda function: function)
    for seed in range(4):
        moved = atoms.copy()
        moved.rattle(0.05, seed=seed)
        graph, elements = make_graph(weights, moved)
        capacity = capacity or Capacity.for_graph(graph)
        padded, kinds, places = pad_graph(graph, elements, capacity, weights.cutoff_A)
        shapes.add((padded.n_edges, padded.n_bonds, padded.n_angles, len(kinds)))
        assert torch.equal(padded.vectors_A[places], graph.vectors_A)
        static.differentiate(graph, elements, magmoms=False)
    assert len(shapes) == 1
    assert static.n_compilations == 1
    graph, elements = make_graph(weights, atoms, atoms)
    static.differentiate(graph, elements, magmoms=False)
    assert static.n_compilations == 2


def test_which_networks_the_kernels_compute(weights):
    assert is_supported(weights)
    assert not is_supported(weights.to("cpu", torch.float64))
    old = load_chgnet_weights("chgnet-0.2.0")[0]
    assert not is_supported(old), "it has no normalisation, and a bias after its sums"
    assert is_supported(load_chgnet_weights("chgnet-r2scan")[0])


def test_weights_are_frozen_and_of_one_type(weights):
    wide = weights.to("cpu", torch.float64)
    for tensor in (wide.embedding, wide.atom_updates[0].message.inputs[1], wide.readout[0][1]):
        assert tensor.dtype == torch.float64
        assert not tensor.requires_grad
    assert weights.n_elements == 94
    assert weights.width == 64
    assert (len(weights.atom_updates), len(weights.bond_updates)) == (4, 3)
    assert len(weights.angle_updates) == 2, "nothing reads the third"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"mlp_first": False}, "mlp_first=False is of a form"),
        ({"non_linearity": "relu"}, "only 'silu'"),
        ({"conv_norm": "batch"}, "conv_norm='batch'"),
        ({"update_angle": False}, "update_angle=False"),
        ({"n_conv": 7}, "incomplete or of another form"),
    ],
)
def test_networks_of_another_form(settings, expected):
    with pytest.raises(PotentialError, match=expected) as caught:
        read_weights({"atom_embedding.embedding.weight": torch.zeros(94, 64)}, settings)
    assert "\n" not in str(caught.value)


def test_sigmoid_of_the_kernels():
    """To the precision of float32, also where the exponential overflows."""
    from numba import njit

    from perolyte.potentials.chgnet_network.kernels import _sigmoid

    @njit
    def evaluate(x):
        out = np.empty_like(x)
        for k in range(len(x)):
            out[k] = _sigmoid(x[k])
        return out

    x = np.concatenate([np.linspace(-120, 120, 4001), [0.0, 1e-20]]).astype(np.float32)
    exact = 1 / (1 + np.exp(-np.clip(x.astype(float), -87, None)))
    assert evaluate(x) == pytest.approx(exact, rel=3e-7)
