"""Builders: documents of a store made anew from what they rest on, where the analysis changed."""

from perolyte.builders.conductivity import ConductivityBuilder

__all__ = ["ConductivityBuilder"]
