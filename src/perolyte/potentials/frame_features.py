"""Numbers that tell frames apart: of their sites, summarised element by element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

    from perolyte.potentials.chgnet_engine import ChgnetEngine

__all__ = ["describe_frames", "describe_sites", "summarise_sites"]

_CUTOFF_A = 6.0
_CENTRES_A = np.arange(1.0, 6.0, 0.5)
_WIDTH_A = 0.4

_FloatArray = NDArray[np.float64]


def describe_frames(
    structures: Sequence[Structure], *, engine: ChgnetEngine | None = None
) -> _FloatArray:
    """Return features of whole frames, comparable among these frames only.

    Each element that occurs in one of them has its own columns, so that compositions differ by a
    lot and geometries by a little.

    Parameters
    ----------
    structures
        Ordered.
    engine
        A CHGNet whose last layer describes the sites; by default radial functions do
        (:func:`describe_sites`).

    Returns
    -------
    numpy.ndarray
        (n_frames, n_features), without a unit.

    Raises
    ------
    InputError
        For no frame.
    PotentialError
        Where the engine refuses a frame.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure(Lattice.cubic(3.0), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> moved = salt.copy().translate_sites([0], [0.05, 0, 0])
    >>> found = describe_frames([salt, moved, salt.copy()])
    >>> bool(np.linalg.norm(found[0] - found[1]) > 0.01), bool(np.all(found[0] == found[2]))
    (True, True)
    """
    if not structures:
        raise InputError("no frames were given; give at least one")
    elements = sorted({int(site.specie.Z) for structure in structures for site in structure})
    rows = []
    for structure in structures:
        numbers = np.array([site.specie.Z for site in structure])
        if engine is None:
            sites = describe_sites(structure, elements)
        else:
            sites = _ask_engine(structure, engine)
        rows.append(summarise_sites(sites, numbers, elements))
    return np.stack(rows)


def summarise_sites(
    sites: _FloatArray, numbers: NDArray[np.int64], elements: Sequence[int]
) -> _FloatArray:
    """Return mean and standard deviation of site features over the atoms of each element.

    Both are weighted by the square root of the element's share, so that the squared distance of
    two frames is a mean over their atoms.

    Parameters
    ----------
    sites
        (n_atoms, width).
    numbers
        (n_atoms,) atomic numbers.
    elements
        Atomic numbers that have columns, whether they occur here or not.

    Returns
    -------
    numpy.ndarray
        (2 * width * n_elements,).
    """
    parts = []
    for element in elements:
        own = sites[numbers == element]
        if not len(own):
            parts.append(np.zeros(2 * sites.shape[1]))
            continue
        weight = np.sqrt(len(own) / len(sites))
        parts.append(weight * np.concatenate([own.mean(axis=0), own.std(axis=0)]))
    return np.concatenate(parts)


def describe_sites(structure: Structure, elements: Sequence[int]) -> _FloatArray:
    """Return Gaussians of the distances to neighbours of each element, within 6 Å.

    They are the radial symmetry functions G2 of doi 10.1103/PhysRevLett.98.146401.

    Parameters
    ----------
    structure
        Ordered.
    elements
        Atomic numbers, one group of columns for each.

    Returns
    -------
    numpy.ndarray
        (n_atoms, 10 * n_elements).
    """
    numbers = np.array([site.specie.Z for site in structure])
    first, second, _, distances = structure.get_neighbor_list(_CUTOFF_A)
    fade = 0.5 * (np.cos(np.pi * distances / _CUTOFF_A) + 1.0)
    bumps = np.exp(-0.5 * ((distances[:, None] - _CENTRES_A) / _WIDTH_A) ** 2) * fade[:, None]
    # added in an order that the neighbour search does not decide
    order = np.lexsort((distances, numbers[second], first))
    found = np.zeros((len(structure), len(elements), len(_CENTRES_A)))
    column = {element: index for index, element in enumerate(elements)}
    columns = np.array([column[int(z)] for z in numbers], dtype=np.int64)
    np.add.at(found, (first[order], columns[second[order]]), bumps[order])
    return found.reshape(len(structure), -1)


def _ask_engine(structure: Structure, engine: ChgnetEngine) -> _FloatArray:
    from perolyte.potentials.batch import SystemBatch

    batch, positions_A = SystemBatch.from_structures([structure], engine.device)
    found: _FloatArray = engine.find_site_features(batch, positions_A).double().cpu().numpy()
    return found
