"""What the analysis of paths starts from: frames that fit into memory, and sites of a crystal."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pymatgen.core import PeriodicSite, Structure

from perolyte.errors import InputError
from perolyte.trajectories import (
    MobileStream,
    MobileTrajectory,
    TrajectorySource,
    read_mobile,
    stream_mobile,
)
from perolyte.transport import SiteSet, define_sites
from perolyte.transport.periodic_cell import find_shortest_distances

__all__ = ["find_crystal_sites", "read_thinned"]

FloatArray = NDArray[np.float64]

MAX_POSITIONS = 8_000_000
"""Atoms times frames held at once, 190 MB: 26,000 frames of 300 atoms."""
_FEWEST_FRAMES = 2_000
_LARGE_FILE_BYTES = 2**28
"""Above it, a file may not fit into memory and is thinned as it is read, in two passes."""
_EDGE_TOLERANCE = 0.05
"""Relative; cells expand by this much at most between the crystal and a hot run."""
_ANGLE_TOLERANCE_DEG = 3.0
_SPLIT_SITE_A = 1.5
_SYMPREC_A = 0.1
"""Å; a relaxed cell is off its symmetry by less."""
_MAX_KINDS = 20


def read_thinned(
    source: TrajectorySource,
    ion: str,
    *,
    sites: Sequence[int | str] | None = None,
    skip_ps: float = 0.0,
    keep_drift: bool = False,
    max_frames: int | None = None,
) -> tuple[MobileTrajectory, int]:
    """Read the paths of mobile ions and framework, every n-th frame of a run that is too long.

    Parameters
    ----------
    source, ion, sites, skip_ps, keep_drift
        As :func:`perolyte.trajectories.read_mobile`.
    max_frames
        Frames kept at most; by default as many as hold 8 million positions, and 2,000 at least.

    Returns
    -------
    tuple of MobileTrajectory and int
        Paths, whose source has the time between the frames kept, and the n of "every n-th".

    Raises
    ------
    InputError
        As :func:`perolyte.trajectories.read_mobile`, or for fewer than 2 frames.
    """
    limit = max_frames
    if limit is None:
        limit = max(_FEWEST_FRAMES, MAX_POSITIONS // source.n_atoms)
    if limit < 2:
        raise InputError(f"max_frames is {limit}; it must be at least 2: leave it out")
    is_large = source.path.is_file() and source.path.stat().st_size > _LARGE_FILE_BYTES
    if not is_large:
        whole = read_mobile(source, ion, sites=sites, skip_ps=skip_ps, keep_drift=keep_drift)
        every = -(-whole.n_frames // limit)
        framework = whole.framework_positions_A
        kept = None if framework is None else framework[::every]
        return _gather(whole, whole.positions_A[::every], kept, every), every
    stream = stream_mobile(source, ion, sites=sites, skip_ps=skip_ps, keep_drift=keep_drift)
    every = -(-stream.n_frames // limit)
    ions, others = list[FloatArray](), list[FloatArray]()
    for block in stream.blocks():
        # copied, so that the block itself is let go
        chosen = slice(-block.first_frame % every, None, every)
        ions.append(block.positions_A[chosen].copy())
        others.append(block.framework_positions_A[chosen].copy())
    kept = np.concatenate(others)
    return _gather(stream, np.concatenate(ions), kept if kept.size else None, every), every


def _gather(
    run: MobileStream, positions_A: FloatArray, framework_A: FloatArray | None, every: int
) -> MobileTrajectory:
    """Make the frames kept a run of its own."""
    source = run.source
    if every > 1:
        source = replace(source, frame_interval_fs=source.frame_interval_fs * every)
    return MobileTrajectory(
        source=source,
        mobile=run.mobile,
        cell_A=run.cell_A,
        n_frames=len(positions_A),
        n_skipped=run.n_skipped,
        keeps_drift=run.keeps_drift,
        positions_A=positions_A,
        framework_positions_A=framework_A,
    )


def find_crystal_sites(
    structure: Structure, element: str, cell_A: FloatArray
) -> tuple[SiteSet, list[str]]:
    """Take the sites that an element has in a crystal, repeated to the cell of a run.

    Parameters
    ----------
    structure
        The cell of the run, or one that repeats in it along a, b and c; sites may be partly
        occupied. Its axes and its origin must be those of the run.
    element
        Symbol.
    cell_A
        (3, 3), Å, mean cell of the run; rows are the lattice vectors.

    Returns
    -------
    tuple of SiteSet and list of str
        Sites with the labels that the crystal gives them, or one for each kind that its symmetry
        makes, and what is doubtful about them.

    Raises
    ------
    InputError
        For a cell that does not fit, or a crystal without the element.

    Examples
    --------
    >>> from pymatgen.core import Lattice
    >>> salt = Structure(Lattice.cubic(4.0), ["Li", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> sites, notes = find_crystal_sites(salt, "Li", np.diag([8.2, 4.1, 4.1]))
    >>> sites.fractional.tolist(), sites.labels, notes
    ([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0]], ('Li1', 'Li1'), [])
    """
    repeats = _count_repeats(structure, cell_A)
    chosen = [index for index, site in enumerate(structure) if _holds(site, element)]
    if not chosen:
        raise InputError(
            f"the crystal {structure.composition.reduced_formula} has no {element}: give one with "
            "the sites of the mobile ion, or leave it out (sites are then found from the run)"
        )
    names, notes = _name_sites(structure, chosen, element)
    places, labels = list[FloatArray](), list[str]()
    for index, name in zip(chosen, names, strict=True):
        for cell in np.ndindex(*repeats):
            within = np.mod(structure[index].frac_coords, 1.0)
            places.append((within + cell) / np.array(repeats))
            labels.append(name)
    sites = define_sites(np.array(places), cell_A, labels=labels)
    shortest_A = float(find_shortest_distances(sites.fractional, sites.cell_A).min())
    if shortest_A < _SPLIT_SITE_A:
        notes.append(
            f"sites of the crystal are {shortest_A:.2f} Å apart: moves between parts of a split "
            "site count as jumps"
        )
    return sites, notes


def _holds(site: PeriodicSite, element: str) -> bool:
    return element in {getattr(kind, "symbol", str(kind)) for kind in site.species}


def _name_sites(
    structure: Structure, chosen: Sequence[int], element: str
) -> tuple[list[str], list[str]]:
    """Return a label for each site, and what is to be known about them.

    Where a reader has not kept the labels of the file, sites that symmetry makes equal are of one
    kind: Li1, Li2 and so on, in the order of the structure.
    """
    labels = [str(structure[index].label) for index in chosen]
    if all(
        label != structure[index].species_string
        for index, label in zip(chosen, labels, strict=True)
    ):
        return labels, []
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    with warnings.catch_warnings():
        # spglib announces a change of its error handling at every call
        warnings.simplefilter("ignore", DeprecationWarning)
        dataset = SpacegroupAnalyzer(structure, symprec=_SYMPREC_A).get_symmetry_dataset()
    orbits = [int(dataset.equivalent_atoms[index]) for index in chosen]
    order = list(dict.fromkeys(orbits))
    if len(order) <= _MAX_KINDS:
        return [f"{element}{order.index(orbit) + 1}" for orbit in orbits], []
    note = (
        f"the crystal has {len(order)} kinds of {element} sites by symmetry, more than "
        f"{_MAX_KINDS}: they are counted as one"
    )
    return [element] * len(chosen), [note]


def _count_repeats(structure: Structure, cell_A: FloatArray) -> tuple[int, int, int]:
    from pymatgen.core import Lattice

    own, run = structure.lattice, Lattice(cell_A)
    repeats = np.maximum(1, np.round(np.array(run.abc) / np.array(own.abc))).astype(int)
    stretch = np.array(run.abc) / (repeats * np.array(own.abc)) - 1
    turn = np.array(run.angles) - np.array(own.angles)
    if (abs(stretch) > _EDGE_TOLERANCE).any() or (abs(turn) > _ANGLE_TOLERANCE_DEG).any():
        edges, angles = (
            [", ".join(f"{u:.4g}" for u in values) for values in pair]
            for pair in ((own.abc, run.abc), (own.angles, run.angles))
        )
        raise InputError(
            f"the crystal has edges of {edges[0]} Å at {angles[0]}° and the run {edges[1]} Å at "
            f"{angles[1]}°; it must be the cell of the run or repeat in it along a, b and c: give "
            "such a cell, or leave it out (sites are then found from the run)"
        )
    return int(repeats[0]), int(repeats[1]), int(repeats[2])
