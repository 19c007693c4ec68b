"""The reference pass on arrays of fixed sizes, so that torch can compile it once.

Edges, bonds and angles are padded to capacities with ones at an atom that does not exist; they are
longer than the cutoff, so that their weights and derivatives are exactly zero. Capacities grow, and
the pass is compiled anew, only when a graph does not fit.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from perolyte.potentials.chgnet_network.network import NetworkOutput, compute_site_energies
from perolyte.potentials.graph import Graph

if TYPE_CHECKING:
    from torch import Tensor

    from perolyte.potentials.chgnet_network.weights import NetworkWeights

__all__ = ["Capacity", "StaticPass", "pad_graph"]

_ROOM = 1.1
_MULTIPLE = 64


@dataclass(frozen=True)
class Capacity:
    """Sizes that a padded graph is made to."""

    n_atoms: int
    n_bonds: int
    n_others: int
    n_pairs: int

    @classmethod
    def for_graph(cls, graph: Graph) -> Capacity:
        """Return sizes with some room; at least one of each kind is left for the padding."""
        counts = (graph.n_bonds, graph.n_edges - graph.n_bonds, len(graph.pair_first))
        sizes = (_MULTIPLE * math.ceil((_ROOM * count + 1) / _MULTIPLE) for count in counts)
        return cls(graph.n_atoms + 1, *sizes)

    def holds(self, graph: Graph) -> bool:
        """Whether a graph fits, without being so small that most of the work would be padding."""
        counts = (graph.n_bonds, graph.n_edges - graph.n_bonds, len(graph.pair_first))
        sizes = (self.n_bonds, self.n_others, self.n_pairs)
        fits = all(count < size for count, size in zip(counts, sizes, strict=True))
        return self.n_atoms == graph.n_atoms + 1 and fits and sum(sizes) < 2 * sum(counts) + 512


def pad_graph(
    graph: Graph, elements: Tensor, capacity: Capacity, cutoff_A: float
) -> tuple[Graph, Tensor, Tensor]:
    """Return the padded graph, padded elements, and where the (n_edges,) real edges are in it."""
    device, n_edges = graph.first.device, capacity.n_bonds + capacity.n_others
    nobody, n_bonds = capacity.n_atoms - 1, graph.n_bonds
    places = torch.arange(graph.n_edges, device=device)
    places[n_bonds:] += capacity.n_bonds - n_bonds
    vectors = torch.zeros((n_edges, 3), dtype=torch.float64, device=device)
    vectors[:, 0] = 2 * cutoff_A
    vectors[places] = graph.vectors_A
    first, second = (
        torch.full((n_edges,), nobody, device=device).index_copy_(0, places, end)
        for end in (graph.first, graph.second)
    )
    n_directed, n_pairs = 2 * capacity.n_bonds, capacity.n_pairs
    padded = Graph(
        n_atoms=capacity.n_atoms,
        first=first,
        second=second,
        vectors_A=vectors,
        n_bonds=capacity.n_bonds,
        bond_of_directed=_extend(graph.bond_of_directed, n_directed, capacity.n_bonds - 1),
        sign_of_directed=_extend(graph.sign_of_directed, n_directed, 1.0),
        centre_of_directed=_extend(graph.centre_of_directed, n_directed, nobody),
        directed_start=_extend(
            graph.directed_start, capacity.n_atoms + 1, len(graph.bond_of_directed)
        ),
        angle_start=_extend(graph.angle_start, n_directed + 1, graph.n_angles),
        angle_first=_extend(graph.angle_first, 2 * n_pairs, n_directed - 1),
        angle_second=_extend(graph.angle_second, 2 * n_pairs, n_directed - 1),
        pair_of_angle=_extend(graph.pair_of_angle, 2 * n_pairs, n_pairs - 1),
        pair_first=_extend(graph.pair_first, n_pairs, n_directed - 1),
        pair_second=_extend(graph.pair_second, n_pairs, n_directed - 1),
    )
    return padded, _extend(elements, capacity.n_atoms, 0), places


def _extend(values: Tensor, size: int, filling: float) -> Tensor:
    extended = torch.full((size,), filling, dtype=values.dtype, device=values.device)
    extended[: len(values)] = values
    return extended


class StaticPass:
    """The reference pass, padded and compiled.

    Parameters
    ----------
    weights
        Of the network.
    compiler
        Takes a function, returns one that does the same: ``torch.compile`` with its options.
    """

    def __init__(self, weights: NetworkWeights, compiler: Callable[..., Any]) -> None:
        self._weights, self._compiler = weights, compiler
        self._capacity: Capacity | None = None
        self._function: Callable[..., Any] | None = None
        self.n_compilations = 0

    def differentiate(self, graph: Graph, elements: Tensor, *, magmoms: bool) -> NetworkOutput:
        """Evaluate the network and its gradient; arguments as of ``network.differentiate``."""
        function, capacity = self._function, self._capacity
        if function is not None and capacity is not None and capacity.holds(graph):
            return self._run(function, capacity, graph, elements, magmoms=magmoms)
        self._capacity = Capacity.for_graph(graph)
        self._function = self._compiler(compute_site_energies)
        self.n_compilations += 1
        with warnings.catch_warnings():
            # torch's compiler warns of its own deprecations
            warnings.simplefilter("ignore")
            return self._run(self._function, self._capacity, graph, elements, magmoms=magmoms)

    def _run(
        self,
        function: Callable[..., Any],
        capacity: Capacity,
        graph: Graph,
        elements: Tensor,
        *,
        magmoms: bool,
    ) -> NetworkOutput:
        padded, kinds, places = pad_graph(graph, elements, capacity, self._weights.cutoff_A)
        vectors = padded.vectors_A.requires_grad_(True)
        with torch.enable_grad():
            energies, moments = function(self._weights, padded, kinds, vectors, magmoms=True)
            (gradient,) = torch.autograd.grad(energies[: graph.n_atoms].sum(), vectors)
        return NetworkOutput(
            energies[: graph.n_atoms].detach().clone(),
            gradient[places],
            moments[: graph.n_atoms].detach().clone() if magmoms else None,
        )
