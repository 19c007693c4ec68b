"""From a parent to periodic cells with two grain boundaries."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from perolyte.errors import InputError
from perolyte.structures.boundaries.coincidence import (
    TILT_AXIS,
    OrientedCell,
    check_plane,
    find_tilt_angle,
    orient_cell,
)
from perolyte.structures.boundaries.filling import Filling, UnbalancedCellError, fill_sites
from perolyte.structures.boundaries.result import BoundaryCell, BoundarySet
from perolyte.structures.boundaries.shifts import (
    find_contact_distances,
    find_distinct_shifts,
    join_grains,
)
from perolyte.structures.boundaries.template import BoundaryTemplate, find_template

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["Overlaps", "grain_boundary"]

Overlaps = Literal["expand", "remove"]
_USUAL_IONS = ("Li", "Na", "K", "Ag", "Cu")


@dataclass(frozen=True)
class _Options:
    """What all cells of a set share."""

    name: str
    shifts: tuple[int, int]
    n_repeats: int
    in_plane: tuple[int, int]
    overlaps: Overlaps
    overlap_fraction: float
    mobile_ion: str | None
    n_samples: int
    seed: int


def grain_boundary(
    parent: Structure,
    sigma: int,
    plane: tuple[int, int, int],
    *,
    shifts: tuple[int, int] = (5, 5),
    min_separation_A: float = 25.0,
    n_repeats: int | None = None,
    min_width_A: float = 10.0,
    max_atoms: int = 2000,
    overlaps: Overlaps = "expand",
    overlap_fraction: float = 0.7,
    mobile_ion: str | None = None,
    oxidation_states: Mapping[str, int] | None = None,
    n_samples: int = 100,
    seed: int = 0,
) -> BoundarySet:
    """Build symmetric tilt boundaries about [001], with all terminations and distinct shifts.

    Each periodic cell holds two boundaries. Grains are cut from the parent where it is cubic, its
    partly occupied sites filled in whole numbers, and from the cubic average of an ordered
    perovskite; ions that have a choice of sites are placed by point-charge energy. Cells are
    neutral: what rounding and removed ions leave is balanced by mobile ions, which are counted.

    Parameters
    ----------
    parent : pymatgen.core.Structure
        Cubic, or an ordered three-dimensional perovskite.
    sigma : int
        Reciprocal density of coincidence sites; checked against the plane.
    plane : tuple of int
        (h k 0) of the cubic crystal.
    shifts : tuple of int
        Grid of rigid shifts of one grain, along the tilt axis and across it, over one period.
    min_separation_A : float
        Å, least distance between the two boundaries.
    n_repeats : int, optional
        Periods of each grain along the normal; by default as many as the separation needs.
    min_width_A : float
        Å, of the cell in the plane.
    max_atoms : int
        Largest cell allowed.
    overlaps : {"expand", "remove"}
        Whether ions that overlap are kept apart by a gap between the grains, which keeps the
        composition, or one of two equal ones is removed and mobile ions balance the charge.
    overlap_fraction : float
        Ions nearer than this share of their shortest distance in the crystal overlap.
    mobile_ion : str, optional
        That balances charge; by default the alkali, silver or copper ion that the parent holds.
    oxidation_states : mapping of str to int, optional
        Where the parent does not carry them.
    n_samples, seed : int
        Random arrangements of ions of each cell, and the seed they are drawn with.

    Returns
    -------
    BoundarySet
        Names follow from Sigma, plane, termination and shift; the same input gives the same cells.

    Raises
    ------
    InputError
        For a plane that is not of that Sigma, a parent that is neither cubic nor a perovskite,
        boundaries that would be nearer than ``min_separation_A``, or cells above ``max_atoms``.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure.from_spacegroup(
    ...     "Pm-3m", Lattice.cubic(3.905), ["Sr", "Ti", "O"],
    ...     [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> found = grain_boundary(cell, 5, (2, 1, 0), shifts=(1, 2), min_width_A=3.0)
    >>> sorted({cell.termination for cell in found.cells}), found.angle_degrees
    (['OSr', 'OTi'], 53.1301)
    """
    _check_numbers(shifts, min_separation_A, n_repeats, min_width_A, overlaps, overlap_fraction)
    chosen = check_plane(sigma, plane)
    template = find_template(parent, oxidation_states)
    grain = orient_cell(template.cell, chosen)
    repeats = _choose_repeats(grain, chosen, n_repeats, min_separation_A)
    in_plane = [max(1, math.ceil(min_width_A / length - 1e-6)) for length in grain.lengths_A[:2]]
    _check_size(2 * repeats * math.prod(in_plane) * len(grain.labels), max_atoms, in_plane, repeats)
    options = _Options(
        name=f"sigma{sigma}_{''.join(map(str, chosen))}",
        shifts=shifts,
        n_repeats=repeats,
        in_plane=(in_plane[0], in_plane[1]),
        overlaps=overlaps,
        overlap_fraction=overlap_fraction,
        mobile_ion=mobile_ion or _find_mobile_ion(template),
        n_samples=n_samples,
        seed=seed,
    )
    bulk = _fill(_repeat_grain(grain, 2 * repeats), template, options)
    cells: list[BoundaryCell] = []
    rejected: dict[str, str] = {}
    for start_A in grain.heights_A:
        _add_cells(grain.start_at(start_A), template, options, bulk, cells, rejected)
    return BoundarySet(
        sigma=sigma,
        plane=chosen,
        axis=TILT_AXIS,
        angle_degrees=round(find_tilt_angle(chosen), 4),
        template=template.description,
        cells=tuple(cells),
        rejected=rejected,
        bulk=bulk.structure,
        n_shifts_sampled=shifts[0] * shifts[1],
    )


def _add_cells(
    grain: OrientedCell,
    template: BoundaryTemplate,
    options: _Options,
    bulk: Filling,
    cells: list[BoundaryCell],
    rejected: dict[str, str],
) -> None:
    """Add the cells of one termination, and the shifts that give none."""
    shared = sorted(set(grain.labels[grain.coords_A[:, 2] < 1e-3].tolist()))
    termination = "".join(sorted(template.name_sublattice(label) for label in shared))
    contact_A = find_contact_distances(template.cell)
    for steps, n_equivalent in find_distinct_shifts(grain, options.shifts):
        name = f"{options.name}-{termination}-s{steps[0]:02d}-{steps[1]:02d}"
        shift = (steps[0] / options.shifts[0], steps[1] / options.shifts[1])
        joined = join_grains(
            grain,
            shift,
            n_repeats=options.n_repeats,
            contact_A=contact_A,
            overlap_fraction=options.overlap_fraction,
            remove=options.overlaps == "remove",
        )
        if joined is None:
            rejected[name] = "no gap up to 2.5 Å keeps the ions of both grains apart"
            continue
        try:
            filled = _fill(
                _Sites(joined.lattice.abc, joined.coords_A, joined.labels), template, options
            )
        except UnbalancedCellError as err:
            rejected[name] = str(err)
            continue
        structure = filled.structure
        elements = sorted(set(filled.counts) | set(bulk.counts))
        changes = {e: filled.counts.get(e, 0) - bulk.counts.get(e, 0) for e in elements}
        lattice = structure.lattice
        n_copies = math.prod(options.in_plane)
        cells.append(
            BoundaryCell(
                name=name,
                structure=structure,
                termination=termination,
                shift_frac=shift,
                n_equivalent_shifts=n_equivalent,
                gap_A=joined.gap_A,
                separation_A=lattice.c / 2,
                area_A2=lattice.a * lattice.b,
                n_removed={
                    template.name_sublattice(label): n * n_copies
                    for label, n in joined.n_removed.items()
                },
                charge_before_e=filled.charge_before_e,
                mobile_ions_added=filled.mobile_ions_added,
                excess={element: n for element, n in changes.items() if n},
                min_distance_A=_find_shortest(structure),
            )
        )


@dataclass(frozen=True, eq=False)
class _Sites:
    """Sites of one in-plane period: lengths of the cell in Å, coordinates in Å, sublattices."""

    lengths_A: tuple[float, float, float]
    coords_A: NDArray[np.float64]
    labels: NDArray[np.int64]


def _repeat_grain(grain: OrientedCell, n: int) -> _Sites:
    a, b, c = grain.lengths_A.tolist()
    coords = np.vstack([grain.coords_A + np.array([0.0, 0.0, k * c]) for k in range(n)])
    return _Sites((a, b, n * c), coords, np.tile(grain.labels, n))


def _fill(sites: _Sites, template: BoundaryTemplate, options: _Options) -> Filling:
    """Repeat sites in the plane and fill them."""
    from pymatgen.core.lattice import Lattice

    n_a, n_b = options.in_plane
    a, b, c = sites.lengths_A
    moves = [(i * a, j * b, 0.0) for i in range(n_a) for j in range(n_b)]
    return fill_sites(
        Lattice.orthorhombic(n_a * a, n_b * b, c),
        np.vstack([sites.coords_A + move for move in moves]),
        np.tile(sites.labels, len(moves)),
        template,
        mobile_ion=options.mobile_ion,
        n_samples=options.n_samples,
        seed=options.seed,
    )


def _choose_repeats(
    grain: OrientedCell, plane: tuple[int, ...], given: int | None, least_A: float
) -> int:
    period_A = float(grain.lengths_A[2])
    needed = max(1, math.ceil(least_A / period_A - 1e-9))
    if given is not None and given * period_A < least_A - 1e-6:
        raise InputError(
            f"{given} period(s) of {period_A:.2f} Å along ({' '.join(map(str, plane))}) put the "
            f"two boundaries {given * period_A:.1f} Å apart, allowed from {least_A:g} Å on; give "
            f"{needed} repeats, or lower min_separation_A (--separation)"
        )
    return given or needed


def _check_size(n_sites: int, max_atoms: int, in_plane: list[int], repeats: int) -> None:
    if n_sites > max_atoms:
        raise InputError(
            f"the cell of 2 x {repeats} periods along the normal and {in_plane[0]} x {in_plane[1]} "
            f"in the plane has {n_sites} sites, allowed are up to {max_atoms}; lower min_width_A "
            "(--width) or min_separation_A, choose a plane of smaller indices, or raise max_atoms"
        )


def _find_mobile_ion(template: BoundaryTemplate) -> str | None:
    present = {element for held in template.occupancies.values() for element in held}
    return next((ion for ion in _USUAL_IONS if ion in present), None)


def _find_shortest(structure: Structure) -> float:
    _, _, _, distances_A = structure.get_neighbor_list(3.5)
    return round(float(distances_A.min()), 4) if len(distances_A) else 3.5


def _check_numbers(
    shifts: tuple[int, int],
    min_separation_A: float,
    n_repeats: int | None,
    min_width_A: float,
    overlaps: str,
    overlap_fraction: float,
) -> None:
    if len(shifts) != 2 or min(shifts) < 1:
        raise InputError(f"shifts is {shifts}; give two whole numbers from 1, e.g. (5, 5)")
    for name, value in (("min_separation_A", min_separation_A), ("min_width_A", min_width_A)):
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"{name} is {value} Å; it must be above 0: give e.g. 25")
    if n_repeats is not None and n_repeats < 1:
        raise InputError(f"n_repeats is {n_repeats}; give at least 1, or None")
    if overlaps not in ("expand", "remove"):
        raise InputError(f"overlaps is {overlaps!r}; give 'expand' or 'remove'")
    if not 0.3 <= overlap_fraction < 1.0:
        raise InputError(
            f"overlap_fraction is {overlap_fraction}; allowed is 0.3 to below 1, e.g. 0.7"
        )
