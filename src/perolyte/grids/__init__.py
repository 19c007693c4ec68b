"""Values on a periodic grid, whatever they mean: percolation, and text for other programs."""

from perolyte.grids.percolation import PercolationResult, find_percolation
from perolyte.grids.text import GridFormat, format_grid

__all__ = ["GridFormat", "PercolationResult", "find_percolation", "format_grid"]
