"""Index arrays, buffers and prepared weights of the fast pass."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import torch

from perolyte.potentials.chgnet_network import kernels
from perolyte.potentials.chgnet_network.geometry import AngleBasis, RadialBasis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from perolyte.potentials.chgnet_network.weights import (
        GatedWeights,
        NetworkWeights,
        UpdateWeights,
    )
    from perolyte.potentials.graph import Graph

__all__ = ["Buffers", "GateMatrices", "Rows", "Slopes", "UpdateMatrices"]

_BLOCK_ROWS = 2048
"""Rows of a block: its hidden layer and gates, 2 MB, stay in the processor's caches."""

_ROOM = 1.05
"""Buffers are this much larger than asked for, because edges come and go from step to step."""


class Buffers:
    """Float32 arrays that are kept from call to call."""

    def __init__(self) -> None:
        self._flat: dict[str, Tensor] = {}

    def take(self, name: str, *shape: int) -> Tensor:
        """Return an array of this shape with anything in it; one array lives under each name."""
        size = math.prod(shape)
        if name not in self._flat or self._flat[name].numel() < size:
            self._flat.pop(name, None)
            self._flat[name] = torch.empty(math.ceil(_ROOM * size), dtype=torch.float32)
        return self._flat[name][:size].view(*shape)


class Rows:
    """One graph as the kernels take it, its bases, and the buffers to work in."""

    def __init__(self, weights: NetworkWeights, graph: Graph, buffers: Buffers) -> None:
        self.graph, self.buffers, self.width = graph, buffers, weights.width
        self.n_edge_rows = 2 * graph.n_edges
        self.centres = np.empty(self.n_edge_rows, np.int64)
        self.neighbours, self.edges = np.empty_like(self.centres), np.empty_like(self.centres)
        starts = np.empty(graph.n_atoms + 1, np.int64)
        kernels.order_edges(
            graph.first.numpy(),
            graph.second.numpy(),
            starts,
            self.centres,
            self.neighbours,
            self.edges,
        )
        self.pairs = graph.pair_of_angle.numpy()
        self.angle_start = graph.angle_start.numpy()
        self.angles = (
            graph.bond_of_directed.numpy(),
            graph.directed_start.numpy(),
            graph.centre_of_directed.numpy(),
            self.angle_start,
        )
        lengths = torch.linalg.norm(graph.vectors_A, dim=1)
        self.lengths_A = lengths
        power = weights.envelope_power
        self.edge_basis = RadialBasis(lengths, weights.radial_frequencies, weights.cutoff_A, power)
        self.bond_basis = RadialBasis(
            lengths[: graph.n_bonds], weights.bond_radial_frequencies, weights.bond_cutoff_A, power
        )
        self.angle_basis = AngleBasis(graph, lengths, weights.angular_frequencies)

    def cut_edges(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of edge rows."""
        for start in range(0, self.n_edge_rows, _BLOCK_ROWS):
            yield start, min(start + _BLOCK_ROWS, self.n_edge_rows)

    def cut_angles(self) -> Iterator[tuple[int, int, slice]]:
        """Yield ranges of directed bonds and the slice of all their angles."""
        total, n_directed = self.graph.n_angles, len(self.angle_start) - 1
        wanted = np.arange(_BLOCK_ROWS, total + _BLOCK_ROWS, _BLOCK_ROWS)
        ends = np.unique(np.searchsorted(self.angle_start, np.minimum(wanted, total)))
        start = 0
        for end in ends:
            stop = min(int(end), n_directed)
            block = slice(int(self.angle_start[start]), int(self.angle_start[stop]))
            if block.stop > block.start:
                yield start, stop, block
            start = stop


class Slopes:
    """Gradients by features and bases, summed up on the way back.

    Parameters
    ----------
    rows
        Of the graph.
    by_atoms
        (n_atoms, width) by the atom features that are read out.
    """

    def __init__(self, rows: Rows, by_atoms: Tensor) -> None:
        width, graph = rows.width, rows.graph
        self.atoms = by_atoms
        self.bonds = torch.zeros(graph.n_bonds, width)
        self.edge_weights = torch.zeros(graph.n_edges, width)
        self.bond_weights = torch.zeros(graph.n_bonds, width)
        self.edge_basis = torch.zeros_like(rows.edge_basis.values)
        self.angle_basis = torch.zeros_like(rows.angle_basis.values)
        self.angles = rows.buffers.take("slopes of angles", graph.n_angles, width)
        self.angles_begun = False


class GateMatrices:
    """Weights of a gated layer, their transposes, and the rows that the kernels take."""

    def __init__(self, gate: GatedWeights) -> None:
        if gate.norm_core is None or gate.norm_gate is None:
            raise ValueError("a gate without normalisation has no fast pass")
        self.inputs = gate.inputs
        self.transposed = tuple(matrix.T.contiguous() for matrix in gate.inputs)
        self.bias = gate.bias
        shift = torch.zeros_like(gate.bias) if gate.hidden_bias is None else gate.hidden_bias
        core, other = shift.split(len(gate.norm_core.scale))
        rows = [core, gate.norm_core.scale, gate.norm_core.offset]
        rows += [other, gate.norm_gate.scale, gate.norm_gate.offset]
        self.norms = torch.stack(rows).numpy()


class UpdateMatrices(GateMatrices):
    """Weights of an update by weighted messages with a hidden layer."""

    def __init__(self, update: UpdateWeights) -> None:
        super().__init__(update.message)
        core, gate = update.message.hidden_core, update.message.hidden_gate
        if core is None or gate is None or update.out_bias is not None:
            raise ValueError("messages of one layer, or with a last bias, have no fast pass")
        self.hidden = (core, gate)
        self.hidden_transposed = (core.T.contiguous(), gate.T.contiguous())
        self.out = update.out
        self.out_transposed = update.out.T.contiguous()
