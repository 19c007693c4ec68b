"""Edges, bonds and angles of a batch, as CHGNet takes them.

An edge joins two atoms closer than the network's cutoff; the bonds are the shorter edges that take
part in angles. Each edge exists once; directed bonds are bonds seen from each of their ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from perolyte.potentials.batch import BrokenSystemError
from perolyte.potentials.neighbours import name_atom

if TYPE_CHECKING:
    from torch import Tensor

    from perolyte.potentials.batch import SystemBatch
    from perolyte.potentials.neighbours import Pairs

__all__ = ["MIN_DISTANCE_A", "Graph", "build_graph"]

MIN_DISTANCE_A = 0.3
"""Atoms closer than this overlap: half the bond of H2, far outside what any potential learned."""


@dataclass(frozen=True, eq=False)
class Graph:
    """The graph of a batch; index tensors are int64.

    Parameters
    ----------
    n_atoms
        Number of atoms.
    first, second
        (n_edges,) atoms of each edge; bonds come first.
    vectors_A
        (n_edges, 3) float64, from the second to the first atom, Å.
    n_bonds
        Number of edges that are bonds.
    bond_of_directed, sign_of_directed, centre_of_directed
        (n_directed,) bond, direction (+1 where the centre is its first atom, else -1; float64) and
        centre of each directed bond; ascending by centre.
    directed_start
        (n_atoms + 1,) where the directed bonds of each centre begin.
    angle_start
        (n_directed + 1,) where the angles of each directed bond begin.
    angle_first, angle_second
        (n_angles,) directed bonds of each angle: every ordered pair of two at one centre.
    pair_of_angle
        (n_angles,) unordered pair of each angle: both orders have the same geometry.
    pair_first, pair_second
        (n_angles / 2,) directed bonds of each unordered pair.
    """

    n_atoms: int
    first: Tensor
    second: Tensor
    vectors_A: Tensor
    n_bonds: int
    bond_of_directed: Tensor
    sign_of_directed: Tensor
    centre_of_directed: Tensor
    directed_start: Tensor
    angle_start: Tensor
    angle_first: Tensor
    angle_second: Tensor
    pair_of_angle: Tensor
    pair_first: Tensor
    pair_second: Tensor

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return int(self.first.shape[0])

    @property
    def n_angles(self) -> int:
        """Number of ordered angles."""
        return int(self.angle_first.shape[0])


def build_graph(
    batch: SystemBatch, positions_A: Tensor, pairs: Pairs, *, cutoff_A: float, bond_cutoff_A: float
) -> Graph:
    """Keep the pairs within the cutoffs and list the angles between bonds.

    Raises
    ------
    BrokenSystemError
        If two atoms are closer than ``MIN_DISTANCE_A``, or an atom has no neighbour within the
        cutoff, which a network of messages between neighbours cannot describe.
    """
    vectors = pairs.vectors_A(batch, positions_A)
    squared = (vectors**2).sum(dim=1)
    is_bond = squared < bond_cutoff_A**2
    bonds = is_bond.nonzero()[:, 0]
    others = ((squared < cutoff_A**2) & ~is_bond).nonzero()[:, 0]
    kept = torch.cat([bonds, others])
    first, second = pairs.first[kept], pairs.second[kept]
    _check_distances(batch, first, second, squared[kept], cutoff_A)
    n_bonds = len(bonds)
    return Graph(
        n_atoms=batch.n_atoms,
        first=first,
        second=second,
        vectors_A=vectors[kept],
        n_bonds=n_bonds,
        **_list_angles(first[:n_bonds], second[:n_bonds], batch.n_atoms),
    )


def _check_distances(
    batch: SystemBatch, first: Tensor, second: Tensor, squared: Tensor, cutoff_A: float
) -> None:
    degrees = torch.bincount(first, minlength=batch.n_atoms)
    degrees += torch.bincount(second, minlength=batch.n_atoms)
    isolated = degrees == 0
    overlapping = squared < MIN_DISTANCE_A**2
    # one question to the device for both
    if not bool(isolated.any() | overlapping.any()):
        return
    if bool(isolated.any()):
        one = int(isolated.nonzero()[0])
        reason = (
            f"{name_atom(batch, one)} has no neighbour within {cutoff_A:g} Å, which CHGNet cannot "
            "describe; check the structure, or the time step if this happened during MD"
        )
    else:
        edge = int(overlapping.nonzero()[0])
        one, other = int(first[edge]), int(second[edge])
        partner = "its own image" if one == other else name_atom(batch, other)
        reason = (
            f"{name_atom(batch, one)} and {partner} overlap: they are "
            f"{float(squared[edge]) ** 0.5:.3f} Å apart, and at least {MIN_DISTANCE_A} Å are "
            "needed; check the structure, or the time step if this happened during MD"
        )
    raise BrokenSystemError(reason, int(batch.system_of_atom[one]), batch.n_systems)


def _list_angles(first: Tensor, second: Tensor, n_atoms: int) -> dict[str, Tensor]:
    """List directed bonds by centre, and their ordered and unordered pairs at each centre."""
    n_bonds, device = len(first), first.device
    ends = torch.cat([first, second])
    centres, order = torch.sort(ends, stable=True)
    signs = torch.where(order < n_bonds, 1.0, -1.0).to(torch.float64)
    degrees = torch.bincount(ends, minlength=n_atoms)
    starts = _cumulate(degrees)
    n_angles_each = degrees[centres] - 1
    angle_starts = _cumulate(n_angles_each)
    n_angles = int(angle_starts[-1])
    directed = torch.arange(2 * n_bonds, device=device)
    one = torch.repeat_interleave(directed, n_angles_each, output_size=n_angles)
    within = torch.arange(n_angles, device=device) - angle_starts[one]
    centre_start = starts[centres[one]]
    # the other bonds at the centre are all but this one
    other = centre_start + within + (centre_start + within >= one).to(torch.int64)
    low, high = torch.minimum(one, other) - centre_start, torch.maximum(one, other) - centre_start
    pair_starts = _cumulate(degrees * (degrees - 1) // 2)
    pairs = pair_starts[centres[one]] + high * (high - 1) // 2 + low
    ordered = (one < other).nonzero()[:, 0]
    pair_first = torch.empty(n_angles // 2, dtype=torch.int64, device=device)
    pair_second = torch.empty_like(pair_first)
    pair_first[pairs[ordered]] = one[ordered]
    pair_second[pairs[ordered]] = other[ordered]
    return {
        "bond_of_directed": order % max(n_bonds, 1),
        "sign_of_directed": signs,
        "centre_of_directed": centres,
        "directed_start": starts,
        "angle_start": angle_starts,
        "angle_first": one,
        "angle_second": other,
        "pair_of_angle": pairs,
        "pair_first": pair_first,
        "pair_second": pair_second,
    }


def _cumulate(counts: Tensor) -> Tensor:
    """Return where each of so many things begins, and their total at the end."""
    return torch.cat([counts.new_zeros(1), torch.cumsum(counts, 0)])
