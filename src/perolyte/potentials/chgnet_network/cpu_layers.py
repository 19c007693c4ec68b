"""Layers of the fast pass, each with its way forward and its way back.

A layer keeps, in named buffers, the inputs of its gates between the two; all else on the way back
lives for a block of rows, within the caches. "slope" means the gradient of the total energy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from perolyte.potentials.chgnet_network import kernels
from perolyte.potentials.chgnet_network.cpu_rows import GateMatrices, UpdateMatrices

if TYPE_CHECKING:
    from torch import Tensor

    from perolyte.potentials.chgnet_network.cpu_rows import Rows, Slopes
    from perolyte.potentials.chgnet_network.weights import (
        GatedWeights,
        NetworkWeights,
        UpdateWeights,
    )

__all__ = ["AngleLayer", "AtomLayer", "BondLayer"]


class AtomLayer(UpdateMatrices):
    """Update of atoms by messages along edges."""

    def __init__(self, weights: NetworkWeights, update: UpdateWeights, index: int) -> None:
        super().__init__(update)
        self.index = index
        self.from_basis = weights.bond_embedding @ update.message.inputs[1]
        self.from_basis_transposed = self.from_basis.T.contiguous()

    def forward(self, rows: Rows, atoms: Tensor, bonds: Tensor, weights: Tensor) -> Tensor:
        """Return new atom features from those of atoms and bonds and the weights of edges."""
        n_bonds, width, take = rows.graph.n_bonds, rows.width, rows.buffers.take
        along = take(f"edges {self.index}", rows.graph.n_edges, 2 * width)
        torch.mm(rows.edge_basis.values, self.from_basis, out=along)
        if self.index > 0:  # bonds, and no other edges, have changed
            torch.mm(bonds, self.inputs[1], out=along[:n_bonds])
        of_centre, of_neighbour = (
            torch.addmm(self.bias, atoms, self.inputs[0]),
            atoms @ self.inputs[2],
        )
        self.gated = take(f"edge gates {self.index}", 2, rows.n_edge_rows, width)
        self.joined = (
            of_centre.numpy(),
            of_neighbour.numpy(),
            along.numpy(),
            rows.centres,
            rows.neighbours,
            rows.edges,
        )
        self.weighing = (
            self.gated.numpy(),
            self.norms,
            weights.numpy(),
            rows.centres,
            rows.edges,
        )
        summed = torch.zeros_like(atoms)
        target = summed.numpy()
        for start, stop in rows.cut_edges():
            hidden = take("hidden", 2, stop - start, width)
            kernels.hide_edges(*self.joined, hidden.numpy(), start, stop)
            for side in (0, 1):
                torch.mm(hidden[side], self.hidden[side], out=self.gated[side, start:stop])
            kernels.gate_edges(*self.weighing, target, start, stop)
        return torch.addmm(atoms, summed, self.out)

    def backward(self, rows: Rows, slopes: Slopes) -> None:
        """Add the gradient by atoms, bonds, edge weights and the edges' basis."""
        width, take, n_bonds = rows.width, rows.buffers.take, rows.graph.n_bonds
        by_sum = (slopes.atoms @ self.out_transposed).numpy()
        by_centre = torch.zeros(rows.graph.n_atoms, 2 * width)
        by_neighbour = torch.zeros_like(by_centre)
        by_edge = take("slopes of edges", rows.graph.n_edges, 2 * width).zero_()
        targets = (by_centre.numpy(), by_neighbour.numpy(), by_edge.numpy())
        by_weight = slopes.edge_weights.numpy()
        for start, stop in rows.cut_edges():
            hidden, by_gated = (
                take(name, 2, stop - start, width) for name in ("hidden", "slopes of gates")
            )
            kernels.gate_edges_backward(
                *self.weighing, by_sum, by_weight, by_gated.numpy(), start, stop
            )
            for side in (0, 1):
                torch.mm(by_gated[side], self.hidden_transposed[side], out=hidden[side])
            kernels.hide_edges_backward(*self.joined, hidden.numpy(), *targets, start, stop)
        slopes.atoms.addmm_(by_centre, self.transposed[0])
        slopes.atoms.addmm_(by_neighbour, self.transposed[2])
        from_basis = slice(n_bonds if self.index > 0 else 0, None)
        slopes.edge_basis[from_basis].addmm_(by_edge[from_basis], self.from_basis_transposed)
        if self.index > 0:
            slopes.bonds.addmm_(by_edge[:n_bonds], self.transposed[1])


def _join(
    gate: GateMatrices, rows: Rows, atoms: Tensor, bonds: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """Return what an angle takes from its first bond with the centre, and from its second bond."""
    here = (bonds @ gate.inputs[0])[rows.graph.bond_of_directed]
    here += torch.addmm(gate.bias, atoms, gate.inputs[3])[rows.graph.centre_of_directed]
    return here.numpy(), (bonds @ gate.inputs[1]).numpy()


def _separate(
    gate: GateMatrices, rows: Rows, slopes: Slopes, by_here: Tensor, by_there: Tensor
) -> None:
    """Add the gradient through ``_join``."""
    graph = rows.graph
    by_there_first = torch.zeros_like(by_there).index_add_(0, graph.bond_of_directed, by_here)
    by_centre = by_here.new_zeros((graph.n_atoms, by_here.shape[1]))
    by_centre.index_add_(0, graph.centre_of_directed, by_here)
    slopes.bonds.addmm_(by_there_first, gate.transposed[0])
    slopes.bonds.addmm_(by_there, gate.transposed[1])
    slopes.atoms.addmm_(by_centre, gate.transposed[3])


def _new_slopes(rows: Rows) -> tuple[Tensor, Tensor]:
    """Return zeros for the gradient by what ``_join`` returns."""
    by_here = rows.buffers.take("slopes here", len(rows.angles[0]), 2 * rows.width)
    by_there = rows.buffers.take("slopes there", rows.graph.n_bonds, 2 * rows.width)
    return by_here.zero_(), by_there.zero_()


class _AnglePart:
    """What the messages along angles take from the angles themselves.

    In the first layer both orders of a pair have the same features: that part is computed per
    unordered pair, from the basis. Later it is computed per angle, from its features.
    """

    def __init__(self, weights: NetworkWeights, gate: GateMatrices, name: str, index: int) -> None:
        self.per_pair = index == 0
        self.name = f"{name} {index}"
        self.matrix = weights.angle_embedding @ gate.inputs[2] if index == 0 else gate.inputs[2]
        self.transposed = self.matrix.T.contiguous()

    def prepare(self, rows: Rows) -> Tensor:
        """Return the array of the parts; filled if they are per pair."""
        n_parts = len(rows.graph.pair_first) if self.per_pair else rows.graph.n_angles
        parts = rows.buffers.take(self.name, n_parts, 2 * rows.width)
        if self.per_pair:
            torch.mm(rows.angle_basis.values, self.matrix, out=parts)
        return parts

    def fill(self, parts: Tensor, angles: Tensor, block: slice) -> None:
        """Fill in the parts of a block of angles from their features."""
        if not self.per_pair:
            torch.mm(angles[block], self.matrix, out=parts[block])

    def new_slopes(self, rows: Rows) -> Tensor:
        """Return zeros for the gradient by parts per pair."""
        n_pairs = len(rows.graph.pair_first) if self.per_pair else 0
        return rows.buffers.take("slopes of pairs", n_pairs, 2 * rows.width).zero_()

    def slopes_of(self, rows: Rows, by_pairs: Tensor, block: slice) -> Tensor:
        """Return the array for the gradient by the parts of a block of angles."""
        if self.per_pair:
            return by_pairs
        return rows.buffers.take("slopes of parts", block.stop - block.start, 2 * rows.width)

    def add_slopes(self, slopes: Slopes, by_parts: Tensor, block: slice) -> None:
        """Add the gradient by the features of a block of angles."""
        if not self.per_pair:
            target, kept = slopes.angles[block], 1.0 if slopes.angles_begun else 0.0
            torch.addmm(target, by_parts, self.transposed, beta=kept, out=target)


class BondLayer(UpdateMatrices):
    """Update of bonds by messages along angles."""

    def __init__(self, weights: NetworkWeights, update: UpdateWeights, index: int) -> None:
        super().__init__(update)
        self.index = index
        self.part = _AnglePart(weights, self, "bond parts", index)

    def forward(
        self, rows: Rows, atoms: Tensor, bonds: Tensor, angles: Tensor, weights: Tensor
    ) -> Tensor:
        """Return new bond features from those of atoms, bonds, angles and the bonds' weights."""
        width, take = rows.width, rows.buffers.take
        self.parts = self.part.prepare(rows)
        self.joined = (
            *_join(self, rows, atoms, bonds),
            *rows.angles,
            self.parts.numpy(),
            rows.pairs,
            self.part.per_pair,
        )
        self.gated = take(f"bond gates {self.index}", 2, rows.graph.n_angles, width)
        self.weighing = (self.gated.numpy(), self.norms, weights.numpy(), *rows.angles)
        summed = torch.zeros_like(bonds)
        target = summed.numpy()
        for start, stop, block in rows.cut_angles():
            self.part.fill(self.parts, angles, block)
            hidden = take("hidden", 2, block.stop - block.start, width)
            kernels.hide_bonds(*self.joined, hidden.numpy(), start, stop)
            for side in (0, 1):
                torch.mm(hidden[side], self.hidden[side], out=self.gated[side, block])
            kernels.gate_bonds(*self.weighing, target, start, stop)
        return torch.addmm(bonds, summed, self.out)

    def backward(self, rows: Rows, slopes: Slopes) -> None:
        """Add the gradient by atoms, bonds, their weights and angles."""
        width, take = rows.width, rows.buffers.take
        by_sum = (slopes.bonds @ self.out_transposed).numpy()
        by_here, by_there = _new_slopes(rows)
        by_pairs = self.part.new_slopes(rows)
        targets = (by_here.numpy(), by_there.numpy())
        by_weight = slopes.bond_weights.numpy()
        for start, stop, block in rows.cut_angles():
            hidden, by_gated = (
                take(name, 2, block.stop - block.start, width)
                for name in ("hidden", "slopes of gates")
            )
            kernels.gate_bonds_backward(
                *self.weighing, by_sum, by_weight, by_gated.numpy(), start, stop
            )
            for side in (0, 1):
                torch.mm(by_gated[side], self.hidden_transposed[side], out=hidden[side])
            by_parts = self.part.slopes_of(rows, by_pairs, block)
            kernels.hide_bonds_backward(
                *self.joined, hidden.numpy(), by_parts.numpy(), *targets, start, stop
            )
            self.part.add_slopes(slopes, by_parts, block)
        slopes.angles_begun |= not self.part.per_pair
        if self.part.per_pair:
            slopes.angle_basis.addmm_(by_pairs, self.part.transposed)
        _separate(self, rows, slopes, by_here, by_there)


class AngleLayer(GateMatrices):
    """Update of angles."""

    def __init__(self, weights: NetworkWeights, gate: GatedWeights, index: int) -> None:
        super().__init__(gate)
        self.index = index
        self.part = _AnglePart(weights, self, "angle parts", index)
        self.embedding = weights.angle_embedding
        self.embedding_transposed = weights.angle_embedding.T.contiguous()

    def forward(self, rows: Rows, atoms: Tensor, bonds: Tensor, angles: Tensor) -> None:
        """Overwrite the (n_angles, width) features with the new ones."""
        self.parts = self.part.prepare(rows)
        self.joined = (
            *_join(self, rows, atoms, bonds),
            *rows.angles,
            self.parts.numpy(),
            rows.pairs,
            self.part.per_pair,
            self.norms,
        )
        n_pairs = len(rows.graph.pair_first) if self.part.per_pair else 0
        features_of_pairs = rows.buffers.take("features of pairs", n_pairs, rows.width)
        torch.mm(rows.angle_basis.values[:n_pairs], self.embedding, out=features_of_pairs)
        features = (features_of_pairs.numpy(), angles.numpy())
        for start, stop, block in rows.cut_angles():
            self.part.fill(self.parts, angles, block)
            kernels.gate_angles(*self.joined, *features, start, stop)

    def backward(self, rows: Rows, slopes: Slopes) -> None:
        """Add the gradient by atoms, bonds and angles."""
        by_here, by_there = _new_slopes(rows)
        by_pairs = self.part.new_slopes(rows)
        by_features = rows.buffers.take("features of pairs", len(by_pairs), rows.width).zero_()
        targets = (by_features.numpy(), by_here.numpy(), by_there.numpy())
        by_angle = slopes.angles.numpy()
        for start, stop, block in rows.cut_angles():
            by_parts = self.part.slopes_of(rows, by_pairs, block)
            kernels.gate_angles_backward(
                *self.joined, by_angle, by_parts.numpy(), *targets, start, stop
            )
            self.part.add_slopes(slopes, by_parts, block)
        if self.part.per_pair:
            slopes.angle_basis.addmm_(by_pairs, self.part.transposed)
            slopes.angle_basis.addmm_(by_features, self.embedding_transposed)
        _separate(self, rows, slopes, by_here, by_there)
