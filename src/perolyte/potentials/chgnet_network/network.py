"""The reference pass: plain torch operations, differentiated by torch.

It runs in any type and on any device; the fast pass on the CPU is tested against it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Tensor

    from perolyte.potentials.chgnet_network.weights import (
        GatedWeights,
        NetworkWeights,
        NormWeights,
        UpdateWeights,
    )
    from perolyte.potentials.graph import Graph

__all__ = [
    "COSINE_SCALE",
    "NetworkOutput",
    "compute_site_energies",
    "compute_site_features",
    "differentiate",
    "read_out",
]

COSINE_SCALE = 1 - 1e-6
"""CHGNet's factor on cosines, which keeps the arccosine of straight angles differentiable."""


@dataclass(frozen=True, eq=False)
class NetworkOutput:
    """What a pass through the network gives.

    Parameters
    ----------
    site_energies_eV
        (n_atoms,) without the references of the elements, eV.
    gradient_eV_A
        (n_edges, 3) derivative of the total energy by the vector of each edge, eV/Å.
    magmoms_muB
        (n_atoms,); None unless asked for.
    """

    site_energies_eV: Tensor
    gradient_eV_A: Tensor
    magmoms_muB: Tensor | None


def differentiate(
    weights: NetworkWeights, graph: Graph, elements: Tensor, *, magmoms: bool
) -> NetworkOutput:
    """Evaluate the network and its gradient with torch's differentiation.

    Parameters
    ----------
    weights
        On the graph's device; their type is that of the network's arithmetic.
    graph
        Edges, bonds and angles.
    elements
        (n_atoms,) int64: atomic numbers less 1.
    magmoms
        Whether magnetic moments are wanted.
    """
    vectors = graph.vectors_A.detach().requires_grad_(True)
    with torch.enable_grad():
        energies, moments = compute_site_energies(
            weights, graph, elements, vectors, magmoms=magmoms
        )
        (gradient,) = torch.autograd.grad(energies.sum(), vectors)
    return NetworkOutput(energies.detach(), gradient, None if moments is None else moments.detach())


def compute_site_energies(
    weights: NetworkWeights, graph: Graph, elements: Tensor, vectors_A: Tensor, *, magmoms: bool
) -> tuple[Tensor, Tensor | None]:
    """Return (n_atoms,) energies (eV) and, if wanted, magnetic moments (Bohr magnetons).

    Geometry is in the type of the vectors, features in that of the weights.
    """
    atoms, moments = _pass_messages(weights, graph, elements, vectors_A, magmoms=magmoms)
    return read_out(weights, atoms), moments


def compute_site_features(weights: NetworkWeights, graph: Graph, elements: Tensor) -> Tensor:
    """Return (n_atoms, width) features of the atoms, as the last layers take them."""
    with torch.no_grad():
        atoms, _ = _pass_messages(weights, graph, elements, graph.vectors_A, magmoms=False)
        return _normalise(atoms, weights.readout_norm)


def _pass_messages(
    weights: NetworkWeights, graph: Graph, elements: Tensor, vectors_A: Tensor, *, magmoms: bool
) -> tuple[Tensor, Tensor | None]:
    n_bonds = graph.n_bonds
    lengths = torch.linalg.norm(vectors_A, dim=1)
    edge_basis = _expand_lengths(
        lengths, weights.radial_frequencies, weights.cutoff_A, weights.envelope_power
    )
    bond_basis = _expand_lengths(
        lengths[:n_bonds],
        weights.bond_radial_frequencies,
        weights.bond_cutoff_A,
        weights.envelope_power,
    )
    edges = edge_basis @ weights.bond_embedding
    edge_weights = edge_basis @ weights.edge_weights
    bond_weights = bond_basis @ weights.bond_weights
    units = vectors_A[:n_bonds] / lengths[:n_bonds, None]
    angles = (_expand_angles(graph, units, weights) @ weights.angle_embedding)[graph.pair_of_angle]
    atoms = weights.embedding[elements]
    moments = None
    for layer, update in enumerate(weights.atom_updates):
        if layer == len(weights.atom_updates) - 1 and magmoms:
            moments = (atoms @ weights.site_matrix + weights.site_bias).abs()[:, 0]
        atoms = _update_atoms(update, graph, atoms, edges, edge_weights)
        if layer < len(weights.bond_updates) and graph.n_angles > 0:
            bond_update = weights.bond_updates[layer]
            edges = _update_bonds(bond_update, graph, atoms, edges, angles, bond_weights)
        if layer < len(weights.angle_updates) and graph.n_angles > 0:
            gate = weights.angle_updates[layer]
            angles = angles + _gate(gate, _join(gate, graph, atoms, edges, angles))
    return atoms, moments


def read_out(weights: NetworkWeights, atoms: Tensor) -> Tensor:
    """Return the (n_atoms,) energies of (n_atoms, width) features."""
    rows = _normalise(atoms, weights.readout_norm)
    for index, (matrix, bias) in enumerate(weights.readout):
        rows = rows @ matrix + bias
        if index < len(weights.readout) - 1:
            rows = functional.silu(rows)
    return rows[:, 0]


def _expand_lengths(lengths_A: Tensor, frequencies: Tensor, cutoff_A: float, p: float) -> Tensor:
    """Return spherical Bessel functions of order 0 under CHGNet's polynomial envelope."""
    x = (lengths_A / cutoff_A)[:, None]
    polynomial = -(p + 1) * (p + 2) / 2 + p * (p + 2) * x - p * (p + 1) / 2 * x * x
    envelope = torch.where(x < 1, 1 + x**p * polynomial, torch.zeros_like(x))
    scale = envelope * math.sqrt(2 / cutoff_A) / lengths_A[:, None]
    return (scale * torch.sin(frequencies.to(x.dtype) * x)).to(frequencies.dtype)


def _expand_angles(graph: Graph, units: Tensor, weights: NetworkWeights) -> Tensor:
    """Return the Fourier expansion of the angle of each unordered pair of directed bonds."""
    sides = [
        units[graph.bond_of_directed[side]] * graph.sign_of_directed[side][:, None].to(units.dtype)
        for side in (graph.pair_first, graph.pair_second)
    ]
    angles = torch.acos((sides[0] * sides[1]).sum(dim=1) * COSINE_SCALE)[:, None]
    phases = angles * weights.angular_frequencies.to(units.dtype)
    constant = torch.full_like(angles, 1 / math.sqrt(2))
    expansion = torch.cat([constant, torch.sin(phases), torch.cos(phases)], dim=1)
    return (expansion / math.sqrt(math.pi)).to(weights.embedding.dtype)


def _update_atoms(
    update: UpdateWeights, graph: Graph, atoms: Tensor, edges: Tensor, edge_weights: Tensor
) -> Tensor:
    of_centre, of_edge, of_neighbour = update.message.inputs
    centres, neighbours = atoms @ of_centre, atoms @ of_neighbour
    along = edges @ of_edge + update.message.bias
    summed = torch.zeros_like(atoms)
    for one, other in ((graph.first, graph.second), (graph.second, graph.first)):
        rows = _gate(update.message, centres[one] + neighbours[other] + along)
        summed = summed.index_add(0, one, rows * edge_weights)
    return atoms + _map_sum(update, summed)


def _update_bonds(
    update: UpdateWeights,
    graph: Graph,
    atoms: Tensor,
    edges: Tensor,
    angles: Tensor,
    bond_weights: Tensor,
) -> Tensor:
    """Return new features of all edges; those that are no bonds change by a bias at most."""
    rows = _gate(update.message, _join(update.message, graph, atoms, edges, angles))
    first = graph.bond_of_directed[graph.angle_first]
    second = graph.bond_of_directed[graph.angle_second]
    rows = rows * bond_weights[first] * bond_weights[second]
    return edges + _map_sum(update, torch.zeros_like(edges).index_add(0, first, rows))


def _map_sum(update: UpdateWeights, summed: Tensor) -> Tensor:
    mapped = summed @ update.out
    return mapped if update.out_bias is None else mapped + update.out_bias


def _join(gate: GatedWeights, graph: Graph, atoms: Tensor, edges: Tensor, angles: Tensor) -> Tensor:
    """Return the first linear layer on (first bond, second bond, angle, centre)."""
    of_first, of_second, of_angle, of_centre = gate.inputs
    bonds = edges[: graph.n_bonds]
    here = (bonds @ of_first)[graph.bond_of_directed] + (atoms @ of_centre)[
        graph.centre_of_directed
    ]
    there = (bonds @ of_second)[graph.bond_of_directed]
    return here[graph.angle_first] + there[graph.angle_second] + angles @ of_angle + gate.bias


def _gate(gate: GatedWeights, rows: Tensor) -> Tensor:
    """Return silu(core) * sigmoid(gate) of rows after the first linear layer."""
    width = rows.shape[1] // 2
    if gate.hidden_core is not None and gate.hidden_gate is not None:
        rows = functional.silu(rows)
        core, other = rows[:, :width] @ gate.hidden_core, rows[:, width:] @ gate.hidden_gate
        if gate.hidden_bias is not None:
            core, other = core + gate.hidden_bias[:width], other + gate.hidden_bias[width:]
    else:
        core, other = rows[:, :width], rows[:, width:]
    core, other = _normalise(core, gate.norm_core), _normalise(other, gate.norm_gate)
    return functional.silu(core) * torch.sigmoid(other)


def _normalise(rows: Tensor, norm: NormWeights | None) -> Tensor:
    if norm is None:
        return rows
    return functional.layer_norm(rows, (rows.shape[1],), norm.scale, norm.offset)
