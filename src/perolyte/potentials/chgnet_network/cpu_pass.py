"""The fast pass on the CPU: forward and hand-written backward, in float32, with fused row kernels.

Matrix products are torch's, on blocks of rows that stay in the processor's cache; everything
between them is in ``kernels``. No graph of operations is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from perolyte.potentials.chgnet_network.cpu_layers import AngleLayer, AtomLayer, BondLayer
from perolyte.potentials.chgnet_network.cpu_rows import Buffers, Rows, Slopes
from perolyte.potentials.chgnet_network.kernels import WIDTH
from perolyte.potentials.chgnet_network.network import NetworkOutput, read_out

if TYPE_CHECKING:
    from torch import Tensor

    from perolyte.potentials.chgnet_network.weights import NetworkWeights
    from perolyte.potentials.graph import Graph

__all__ = ["CpuPass", "is_supported"]


def is_supported(weights: NetworkWeights) -> bool:
    """Whether the fast pass computes this form of CHGNet (that of 0.3.0), type and device."""
    updates = (*weights.atom_updates, *weights.bond_updates)
    gates = (*(update.message for update in updates), *weights.angle_updates)
    return (
        weights.embedding.dtype == torch.float32
        and weights.width == WIDTH
        and weights.embedding.device.type == "cpu"
        and all(update.out_bias is None for update in updates)
        and all(update.message.hidden_core is not None for update in updates)
        and all(gate.hidden_core is None for gate in weights.angle_updates)
        and all(gate.norm_core is not None and gate.norm_gate is not None for gate in gates)
    )


class CpuPass:
    """Evaluates one CHGNet for one graph after another; see the module."""

    def __init__(self, weights: NetworkWeights) -> None:
        self.weights = weights
        # the last layers act on atoms only: in float64 they cost nothing and halve the error of
        # the energy
        self._wide_weights = weights.to("cpu", torch.float64)
        self._buffers = Buffers()
        self._atom_layers = [
            AtomLayer(weights, update, index) for index, update in enumerate(weights.atom_updates)
        ]
        self._bond_layers = [
            BondLayer(weights, update, index) for index, update in enumerate(weights.bond_updates)
        ]
        self._angle_layers = [
            AngleLayer(weights, gate, index) for index, gate in enumerate(weights.angle_updates)
        ]

    def differentiate(self, graph: Graph, elements: Tensor, *, magmoms: bool) -> NetworkOutput:
        """Evaluate the network and its gradient; arguments as of ``network.differentiate``."""
        with torch.no_grad():
            rows = Rows(self.weights, graph, self._buffers)
            atoms, moments = self._forward(rows, elements)
            with torch.enable_grad():
                features = atoms.double().requires_grad_(True)
                energies = read_out(self._wide_weights, features)
                (by_atoms,) = torch.autograd.grad(energies.sum(), features)
            gradient = self._backward(rows, Slopes(rows, by_atoms.float()))
        return NetworkOutput(energies.detach(), gradient, moments if magmoms else None)

    def _forward(self, rows: Rows, elements: Tensor) -> tuple[Tensor, Tensor]:
        """Return the last atom features, and the magnetic moments."""
        weights, graph = self.weights, rows.graph
        atoms = weights.embedding[elements]
        bonds = rows.edge_basis.values[: graph.n_bonds] @ weights.bond_embedding
        angles = rows.buffers.take("angles", graph.n_angles, rows.width)
        edge_weights = rows.edge_basis.values @ weights.edge_weights
        bond_weights = rows.bond_basis.values @ weights.bond_weights
        for layer in self._atom_layers:
            moments = (atoms @ weights.site_matrix + weights.site_bias).abs()[:, 0]
            atoms = layer.forward(rows, atoms, bonds, edge_weights)
            if graph.n_angles == 0:
                continue
            if layer.index < len(self._bond_layers):
                bond_layer = self._bond_layers[layer.index]
                bonds = bond_layer.forward(rows, atoms, bonds, angles, bond_weights)
            if layer.index < len(self._angle_layers):
                self._angle_layers[layer.index].forward(rows, atoms, bonds, angles)
        return atoms, moments

    def _backward(self, rows: Rows, slopes: Slopes) -> Tensor:
        """Return the (n_edges, 3) float64 gradient by the edges' vectors."""
        weights, graph = self.weights, rows.graph
        for layer in reversed(self._atom_layers):
            if graph.n_angles > 0 and layer.index < len(self._angle_layers):
                self._angle_layers[layer.index].backward(rows, slopes)
            if graph.n_angles > 0 and layer.index < len(self._bond_layers):
                self._bond_layers[layer.index].backward(rows, slopes)
            layer.backward(rows, slopes)
        slopes.edge_basis[: graph.n_bonds].addmm_(slopes.bonds, weights.bond_embedding.T)
        slopes.edge_basis.addmm_(slopes.edge_weights, weights.edge_weights.T)
        by_length = rows.edge_basis.pull_back(slopes.edge_basis)
        by_length[: graph.n_bonds] += rows.bond_basis.pull_back(
            slopes.bond_weights @ weights.bond_weights.T
        )
        gradient = (by_length / rows.lengths_A)[:, None] * graph.vectors_A
        gradient[: graph.n_bonds] += rows.angle_basis.pull_back(slopes.angle_basis)
        return gradient
