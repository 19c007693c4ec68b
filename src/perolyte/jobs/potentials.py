"""Trained potentials that jobs have left in a store."""

from perolyte.potentials.stored import fetch_potential

__all__ = ["fetch_potential"]
