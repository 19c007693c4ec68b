"""Continuous paths of all atoms of a file, in the frame of its framework."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError, PathError
from perolyte.trajectories.plausibility import OrderWatch, check_lengths
from perolyte.trajectories.source import TrajectorySource
from perolyte.trajectories.species import list_masses
from perolyte.transport.checks import FloatArray
from perolyte.transport.positions import DriftRemover, Unwrapper

__all__ = ["follow_paths"]


def follow_paths(
    source: TrajectorySource, mobile: NDArray[np.bool_], n_skipped: int, keep_drift: bool
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Follow all atoms from block to block, and see that the file holds what it seems to.

    Parameters
    ----------
    source
        The file.
    mobile
        (n_atoms,), bool.
    n_skipped
        Frames left out at the start.
    keep_drift
        Do not subtract the motion of the framework.

    Yields
    ------
    tuple
        Scaled paths (n_frames, n_atoms, 3) without drift, and cells (n_frames, 3, 3), Å.

    Raises
    ------
    InputError
        Naming the file, and frame and atom where there are some.
    """
    unwrapper = Unwrapper(first_frame=n_skipped)
    remover = None if keep_drift else _make_remover(source, mobile)
    order = OrderWatch(source.path, first_frame=n_skipped)
    is_first = True
    for block in source.blocks():
        start = max(0, n_skipped - block.first_frame)
        scaled, cells = block.scaled[start:], block.cells_A[start:]
        if not len(scaled):
            continue
        if is_first and not mobile.all():
            check_lengths(scaled[0, ~mobile], cells[0], source.path)
        is_first = False
        try:
            path = scaled if source.is_unwrapped else unwrapper.follow(scaled)
        except PathError as err:
            raise PathError(f"{source.path}: {err}") from err
        except InputError as err:
            raise InputError(f"{source.path}: {err}") from err
        if not source.has_fixed_order:
            order.follow(path[:, ~mobile], cells)
        yield (path if remover is None else remover.follow(path)), cells


def _make_remover(source: TrajectorySource, mobile: NDArray[np.bool_]) -> DriftRemover:
    if mobile.all():
        raise InputError(
            f"{source.path} holds nothing but the {mobile.size} mobile ions, and their motion is "
            "measured against a framework: give a file with all atoms, or keep_drift "
            "(--keep-drift) where the framework is known to rest"
        )
    return DriftRemover(list_masses(source.species), mobile)
