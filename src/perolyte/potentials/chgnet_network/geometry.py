"""The bases in which CHGNet sees lengths and angles, with their derivatives written out.

Geometry is in float64: arguments of the highest frequencies are of the order of 100, where float32
would leave an error of 1e-5. What the network gets is float32.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from perolyte.potentials.chgnet_network.network import COSINE_SCALE

if TYPE_CHECKING:
    from torch import Tensor

    from perolyte.potentials.graph import Graph

__all__ = ["AngleBasis", "RadialBasis"]


class RadialBasis:
    """Spherical Bessel functions of order 0 of lengths, under CHGNet's polynomial envelope.

    Attributes
    ----------
    values
        (n_lengths, n_frequencies), in the type of the frequencies.
    """

    def __init__(self, lengths_A: Tensor, frequencies: Tensor, cutoff_A: float, p: float) -> None:
        wide = frequencies.double()
        x = (lengths_A / cutoff_A)[:, None]
        phases = x * wide
        self._sines, self._cosines = torch.sin(phases), torch.cos(phases)
        a, b, c = -(p + 1) * (p + 2) / 2, p * (p + 2), -p * (p + 1) / 2
        power = x ** (p - 1)
        envelope = 1 + power * x * (a + b * x + c * x * x)
        envelope_slope = power * (a * p + b * (p + 1) * x + c * (p + 2) * x * x) / cutoff_A
        scale = math.sqrt(2 / cutoff_A) / lengths_A[:, None]
        self._height = envelope * scale
        self._height_slope = envelope_slope * scale - self._height / lengths_A[:, None]
        self._wavenumbers = wide / cutoff_A
        self.values = (self._height * self._sines).to(frequencies.dtype)

    def pull_back(self, slopes: Tensor) -> Tensor:
        """Return the (n_lengths,) gradient by length (per Å), float64, from that by the values."""
        wide = slopes.double()
        by_height = (wide * self._sines).sum(dim=1)
        by_phase = (wide * self._cosines) @ self._wavenumbers
        return by_height * self._height_slope[:, 0] + by_phase * self._height[:, 0]


class AngleBasis:
    """Fourier expansion of the angle of each unordered pair of directed bonds.

    Attributes
    ----------
    values
        (n_pairs, 1 + 2 * n_frequencies), in the type of the frequencies.
    """

    def __init__(self, graph: Graph, lengths_A: Tensor, frequencies: Tensor) -> None:
        units = graph.vectors_A[: graph.n_bonds] / lengths_A[: graph.n_bonds, None]
        directed = units[graph.bond_of_directed] * graph.sign_of_directed[:, None]
        self._graph, self._lengths_A = graph, lengths_A
        self._one, self._other = directed[graph.pair_first], directed[graph.pair_second]
        self._cosines = (self._one * self._other).sum(dim=1)
        angles = torch.acos(self._cosines * COSINE_SCALE)
        self._frequencies = frequencies.double()
        phases = angles[:, None] * self._frequencies
        self._sin_phases, self._cos_phases = torch.sin(phases), torch.cos(phases)
        constant = torch.full_like(angles, 1 / math.sqrt(2))[:, None]
        expansion = torch.cat([constant, self._sin_phases, self._cos_phases], dim=1)
        self.values = (expansion / math.sqrt(math.pi)).to(frequencies.dtype)

    def pull_back(self, slopes: Tensor) -> Tensor:
        """Return the (n_bonds, 3) gradient by the bonds' vectors, float64, from that by the values.

        The derivative of the cosine of two directions by the vector of the first, of length r, is
        (other - cosine * first) / r.
        """
        n = len(self._frequencies)
        wide = slopes.double() / math.sqrt(math.pi)
        by_phase = wide[:, 1 : n + 1] * self._cos_phases - wide[:, n + 1 :] * self._sin_phases
        sines = torch.sqrt(1 - (self._cosines * COSINE_SCALE) ** 2)
        by_cosine = -COSINE_SCALE * (by_phase @ self._frequencies) / sines
        graph = self._graph
        by_vector = torch.zeros((graph.n_bonds, 3), dtype=torch.float64, device=slopes.device)
        for side, here, there in (
            (graph.pair_first, self._one, self._other),
            (graph.pair_second, self._other, self._one),
        ):
            bonds = graph.bond_of_directed[side]
            factors = by_cosine * graph.sign_of_directed[side] / self._lengths_A[bonds]
            across = there - self._cosines[:, None] * here
            by_vector.index_add_(0, bonds, factors[:, None] * across)
        return by_vector
