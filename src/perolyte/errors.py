"""Exceptions of perolyte.

An exception means that no document can be trusted. A physical negative (a candidate that melts, a
run too short to resolve a diffusivity) is a result with a ``status``, not an exception.

Every message names the wrong value with its unit, what is allowed, and what to do next.
"""

from __future__ import annotations

__all__ = [
    "ConvergenceError",
    "ExecutionError",
    "InputError",
    "PathError",
    "PerolyteError",
    "PotentialError",
    "StoreError",
]


class PerolyteError(Exception):
    """Base class: catch this to catch everything that perolyte raises on purpose."""


class InputError(PerolyteError):
    """Something the user gave cannot be used: a file, a key, a value, a unit."""


class PathError(InputError):
    """Frames of a trajectory join to no continuous path: too far apart, or a run that broke."""


class ConvergenceError(PerolyteError):
    """An iteration ended without an answer that a document could hold."""


class PotentialError(PerolyteError):
    """A potential cannot be loaded, or does not cover the structure it was given."""


class StoreError(PerolyteError):
    """A store or database cannot be opened, read or written."""


class ExecutionError(PerolyteError):
    """A job or a worker process failed."""
