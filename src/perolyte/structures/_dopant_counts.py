"""From asked amounts to whole numbers of dopants in a cell."""

from __future__ import annotations

import math
from collections.abc import Sequence

from perolyte.errors import InputError
from perolyte.structures._counting import reach_count
from perolyte.structures._host import Host
from perolyte.structures.compensation import Compensation
from perolyte.structures.dopant import Dopant

__all__ = ["choose_units", "count_basis", "find_ratio"]


def count_basis(host: Host, dopant: Dopant, compensation: Compensation | None = None) -> int:
    """Count what the fraction of a dopant refers to, formula units where a count was asked.

    Raises
    ------
    InputError
        When the basis needs a sublattice or a host that is not known.
    """
    if dopant.basis in ("A_sites", "B_sites"):
        return host.count_sites(dopant.basis[0])
    if dopant.basis == "element":
        replaced = dopant.host
        if replaced is None and compensation is not None:
            replaced = compensation.replaced[dopant.element]
        if replaced is None or replaced.startswith("vacancy_"):
            raise InputError(
                f"dopant {dopant.element}: basis 'element' needs the element it replaces; "
                f"give host, one of {', '.join(host.sublattices.elements)}"
            )
        return host.count(replaced)
    return host.n_formula_units


def find_ratio(host: Host, dopants: Sequence[Dopant]) -> list[int] | None:
    """Numbers of co-dopants in this cell, which fix their ratio; None for a single dopant.

    Raises
    ------
    InputError
        When a fraction is nearest to no atom at all.
    """
    if len(dopants) == 1:
        return None
    counts = []
    for dopant in dopants:
        if dopant.count is not None:
            counts.append(dopant.count)
            continue
        n_basis, fraction = count_basis(host, dopant), dopant.fraction or 0.0
        count = reach_count(fraction, n_basis=n_basis, step=1, max_count=n_basis)
        if count is None:
            raise InputError(
                f"dopant {dopant.element}: fraction {fraction:g} of {dopant.basis} is below one "
                f"atom of {n_basis} in the cell; smallest is {1 / n_basis:.4f}: use it or a larger "
                "supercell"
            )
        counts.append(count)
    return counts


def choose_units(host: Host, dopants: Sequence[Dopant], compensation: Compensation) -> int:
    """Choose how many units of a compensation the cell gets: as asked, or the nearest possible.

    Raises
    ------
    InputError
        When a count is no multiple of the unit, the parent has too few ions or empty sites, or a
        fraction is not reachable.
    """
    available = {
        species: host.count(species) // -change
        for species, change in compensation.changes.items()
        if change < 0
    }
    scarce = min(available, key=lambda species: available[species])
    max_units = available[scarce]
    need = f"{-compensation.changes[scarce]} {_write(scarce)}"
    unit = " + ".join(f"{n} {element}" for element, n in compensation.dopants.items())
    what = f"doping {'+'.join(compensation.dopants)} with {compensation.name}"
    if max_units == 0:
        raise InputError(
            f"{what} needs {need} for {unit}, the cell has {host.count(scarce)}; use a larger "
            "supercell or another scheme"
        )
    first = dopants[0]
    step = compensation.dopants[first.element]
    if first.count is None and len(dopants) == 1:
        return _reach(host, first, compensation, max_units, what)
    asked = first.count if first.count is not None else (find_ratio(host, dopants) or [0])[0]
    compensation.apply(asked)  # names the nearest multiples when it is none
    if asked > max_units * step:
        raise InputError(
            f"{what}: {asked} {first.element} were asked, allowed are up to {max_units * step}, "
            f"because {unit} need {need} and the cell has {host.count(scarce)}; lower the number "
            "or use a larger supercell"
        )
    return asked // step


def _reach(
    host: Host, dopant: Dopant, compensation: Compensation, max_units: int, what: str
) -> int:
    """Units nearest to a fraction."""
    step, fraction = compensation.dopants[dopant.element], dopant.fraction or 0.0
    n_basis = count_basis(host, dopant, compensation)
    count = reach_count(fraction, n_basis=n_basis, step=step, max_count=max_units * step)
    if count is not None:
        return count // step
    counts = [step * n for n in range(1, max_units + 1)]
    nearest = sorted(counts, key=lambda n: abs(n / n_basis - fraction))[:3]
    reachable = ", ".join(f"{n / n_basis:.4f} ({n} {dopant.element})" for n in sorted(nearest))
    is_too_small = fraction * n_basis < step
    hint = f" with {math.ceil(step / fraction)} {dopant.basis}" if is_too_small else ""
    raise InputError(
        f"{what}: fraction {fraction:g} of {dopant.basis} is not reachable with {n_basis} in the "
        f"cell; nearest are {reachable}; choose one or use a larger supercell{hint}"
    )


def _write(species: str) -> str:
    if species.startswith("vacancy_"):
        return f"empty {species.removeprefix('vacancy_')} sites"
    return species
