"""The shortest distance of two atoms in each system."""

from __future__ import annotations

import torch
from torch import Tensor

from perolyte.potentials.dynamics.state import BatchState

__all__ = ["find_shortest_distances"]


def find_shortest_distances(state: BatchState) -> Tensor:
    """Return the shortest distance between different atoms of each system, (n_systems,), Å.

    Differences are rounded in scaled coordinates, which finds every pair closer than half the
    width of its cell.
    """
    cells = state.batch.cells_A
    parts = state.positions.split(state.counts.tolist())
    shortest = []
    for part, cell, inverse in zip(parts, cells, torch.linalg.inv(cells), strict=True):
        scaled = part @ inverse
        apart = scaled[:, None] - scaled[None]
        squares = ((apart - apart.round()) @ cell).square().sum(dim=2)
        squares.fill_diagonal_(torch.inf)
        shortest.append(squares.min())
    return torch.stack(shortest).sqrt()
