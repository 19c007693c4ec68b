"""Narrowest place of a hop: how far the critical point is from the ions around it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from perolyte.bvse.parameters import find_covalent_radius

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["Bottleneck", "BottleneckAtom", "RadiusKind", "choose_radii", "measure_bottleneck"]

RadiusKind = Literal["ionic", "covalent"]

_WINDOW_A = 0.3
"""Atoms whose surface lies at most this much farther than the nearest one form the bottleneck."""


@dataclass(frozen=True)
class BottleneckAtom:
    """Atom that forms a bottleneck.

    Attributes
    ----------
    index : int
        Index in the framework.
    element : str
        Symbol; of the species with the highest share on a mixed site.
    image : tuple of int
        Cell it lies in.
    distance_A : float
        From the critical point to its centre, Å.
    """

    index: int
    element: str
    image: tuple[int, int, int]
    distance_A: float


@dataclass(frozen=True)
class Bottleneck:
    """Narrowest place of a hop.

    Attributes
    ----------
    fractional : tuple of float
        Critical point (the highest voxel of the path), in the cell of the path; not wrapped.
    radius_A : float
        Distance to the nearest surface of a framework atom, Å.
    atoms : tuple of BottleneckAtom
        Atoms whose surface is within 0.3 Å of the nearest one, nearest surface first.
    """

    fractional: tuple[float, float, float]
    radius_A: float
    atoms: tuple[BottleneckAtom, ...]


def choose_radii(framework: Structure) -> tuple[NDArray[np.float64], RadiusKind]:
    """Return a radius for each atom of the framework, all of one kind.

    Shannon's crystal radii for the oxidation state of each species (coordination 6 where tabulated;
    doi 10.1107/S0567739476001551, as in pymatgen), when all species have one. Otherwise covalent
    radii (Cordero et al., doi 10.1039/b801115j) for all of them: the two kinds are not mixed,
    because a crystal radius of an anion is about twice its covalent radius. Mixed sites take the
    mean by occupancy.

    Parameters
    ----------
    framework : pymatgen.core.Structure
        Decorated with oxidation states.

    Returns
    -------
    tuple
        Radii (n_atoms,) in Å, and "ionic" or "covalent".

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cage = Structure(Lattice.cubic(3.9), ["Ti4+", "O2-"], [[0, 0, 0], [0.5, 0, 0]])
    >>> radii, kind = choose_radii(cage)
    >>> radii.round(3).tolist(), kind
    ([0.745, 1.26], 'ionic')
    """
    found = {species: _find_ionic_radius(species) for species in framework.composition}
    radii = {species: radius for species, radius in found.items() if radius is not None}
    kind: RadiusKind = "ionic" if len(radii) == len(found) else "covalent"
    if kind == "covalent":
        radii = {species: find_covalent_radius(species.symbol) for species in found}
    means = [
        sum(float(amount) * radii[species] for species, amount in site.species.items())
        / float(site.species.num_atoms)
        for site in framework
    ]
    return np.array(means, dtype=np.float64), kind


def measure_bottleneck(
    framework: Structure, radii_A: NDArray[np.float64], fractional: ArrayLike
) -> Bottleneck:
    """Measure the sphere that fits between the framework atoms at a point.

    Parameters
    ----------
    framework : pymatgen.core.Structure
        Structure without the mobile ion.
    radii_A : ndarray
        (n_atoms,), Å, from :func:`choose_radii`.
    fractional : array_like
        (3,), critical point.

    Returns
    -------
    Bottleneck
        Radius and atoms; the radius is negative when the point lies inside an atom.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cage = Structure(Lattice.cubic(4.0), ["O2-"], [[0, 0, 0]])
    >>> radii, _ = choose_radii(cage)
    >>> window = measure_bottleneck(cage, radii, [0.5, 0.5, 0.0])
    >>> round(window.radius_A, 3), len(window.atoms)
    (1.568, 4)
    """
    point = np.asarray(fractional, dtype=np.float64)
    cartesian = point @ framework.lattice.matrix
    # Any atom beyond the diagonal of the cell has an image nearer than itself.
    reach = float(np.linalg.norm(framework.lattice.matrix, axis=1).sum())
    found: list[tuple[float, float, int, tuple[int, int, int]]] = []
    radius = 3.0
    while True:
        hits = framework.lattice.get_points_in_sphere(
            framework.frac_coords, cartesian, radius, zip_results=True
        )
        found = [
            (float(distance - radii_A[int(index)]), float(distance), int(index), _image(image))
            for _, distance, index, image in hits
        ]
        nearest = min((gap for gap, *_ in found), default=np.inf)
        # Beyond the sphere no surface is nearer than its radius less the largest atom.
        if nearest + _WINDOW_A <= radius - radii_A.max() or radius > 2.0 * reach:
            break
        radius *= 1.5
    window = sorted(item for item in found if item[0] <= nearest + _WINDOW_A)
    return Bottleneck(
        fractional=(float(point[0]), float(point[1]), float(point[2])),
        radius_A=nearest,
        atoms=tuple(
            BottleneckAtom(index, _name_element(framework, index), image, distance)
            for _, distance, index, image in window
        ),
    )


def _find_ionic_radius(species: Any) -> float | None:
    import warnings

    with warnings.catch_warnings():
        # pymatgen warns and returns None where Shannon has no radius: that is what is asked here.
        warnings.simplefilter("ignore", UserWarning)
        radius = getattr(species, "ionic_radius", None)
    return None if radius is None else float(radius)


def _name_element(framework: Structure, index: int) -> str:
    species = framework[index].species
    return str(max(species.items(), key=lambda item: (item[1], item[0].symbol))[0].symbol)


def _image(values: Iterable[float]) -> tuple[int, int, int]:
    a, b, c = (round(float(value)) for value in values)
    return a, b, c
