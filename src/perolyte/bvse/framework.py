"""The crystal without its mobile ion: what the ion moves through, and whether it can exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["MobileIon", "decorate_structure", "parse_ion", "remove_ion"]

_OVERLAP_A = 0.5
_MAX_SHARED_OCCUPANCY = 1.25  # refined split sites overshoot 1; two full atoms make 2


@dataclass(frozen=True)
class MobileIon:
    """The ion that moves.

    Attributes
    ----------
    element : str
        Symbol of the element.
    charge : int
        Oxidation state, in e; not zero.
    """

    element: str
    charge: int

    @property
    def label(self) -> str:
        """The ion as pymatgen writes it: ``Li+``, ``O2-``."""
        size, sign = abs(self.charge), "+" if self.charge > 0 else "-"
        return f"{self.element}{size if size > 1 else ''}{sign}"


def parse_ion(ion: str) -> MobileIon:
    """Read an ion such as ``Li+``, ``Li1+`` or ``O2-``.

    Raises
    ------
    InputError
        When it is no element with an integer charge.

    Examples
    --------
    >>> parse_ion("Li1+").label
    'Li+'
    """
    from pymatgen.core.periodic_table import Species

    try:
        species = Species.from_str(ion)
    except (ValueError, TypeError, AttributeError):
        species = None
    charge = getattr(species, "oxi_state", None)
    if species is None or not charge or charge != round(charge):
        raise InputError(
            f"{ion!r} is no ion; write an element with its charge, such as Li1+ or O2-"
        )
    return MobileIon(species.symbol, round(charge))


def decorate_structure(
    structure: Structure, oxidation_states: Mapping[str, float] | None, *, charge_tolerance: float
) -> Structure:
    """Give every species an oxidation state and refuse what no crystal can be.

    Parameters
    ----------
    structure
        Ordered or disordered.
    oxidation_states
        State of each element, in e; None where the structure is decorated.
    charge_tolerance
        Largest net charge over the charge of all cations.

    Returns
    -------
    pymatgen.core.Structure
        A decorated copy.

    Raises
    ------
    InputError
        For an element without a state, a net charge, or two atoms on one place.
    """
    decorated = structure.copy()
    if oxidation_states is not None:
        missing = sorted({e.symbol for e in structure.elements} - set(oxidation_states))
        if missing:
            raise InputError(
                f"no oxidation state is given for {', '.join(missing)}; give one for each element"
            )
        states = {e.symbol: float(oxidation_states[e.symbol]) for e in structure.elements}
        decorated.remove_oxidation_states()
        decorated.add_oxidation_state_by_element(states)
    unknown = sorted({e.symbol for e in decorated.elements if not getattr(e, "oxi_state", None)})
    if unknown:
        raise InputError(
            f"the oxidation state of {', '.join(unknown)} is unknown or 0; decorate the structure "
            "or give oxidation_states, such as {'Ti': 4}"
        )
    _check_charge(decorated, charge_tolerance)
    _check_overlap(decorated)
    return decorated


def remove_ion(structure: Structure, ion: MobileIon) -> Structure:
    """Return a decorated structure without one ion.

    Other oxidation states of the same element stay. Sites that the ion shares keep their other
    occupants.

    Raises
    ------
    InputError
        When the ion is not in the structure, or nothing else is.
    """
    from pymatgen.core.structure import Structure

    kept_species: list[dict[Any, float]] = []
    kept_coords = []
    n_removed = 0.0
    for site in structure:
        others = {s: float(x) for s, x in sorted(site.species.items()) if not _is_ion(s, ion)}
        n_removed += sum(float(x) for s, x in site.species.items() if _is_ion(s, ion))
        if others:
            kept_species.append(others)
            kept_coords.append(site.frac_coords)
    if n_removed == 0.0:
        present = ", ".join(sorted({str(s) for s in structure.elements}))
        raise InputError(
            f"no {ion.label} is in {structure.composition.reduced_formula}, whose ions are "
            f"{present}; name one of them"
        )
    if not kept_species:
        raise InputError(f"the structure holds nothing but {ion.label}; give the whole crystal")
    return Structure(structure.lattice, kept_species, kept_coords)


def _is_ion(species: Any, ion: MobileIon) -> bool:
    return bool(species.symbol == ion.element and species.oxi_state == ion.charge)


def _check_charge(structure: Structure, tolerance: float) -> None:
    amounts: Any = structure.composition.items()
    charges = [float(species.oxi_state * amount) for species, amount in amounts]
    cationic, net = sum(q for q in charges if q > 0.0), sum(charges)
    if abs(net) > tolerance * cationic:
        raise InputError(
            f"{structure.composition.reduced_formula} has a net charge of {net:+.3g} e per cell, "
            f"allowed is {tolerance:g} of the {cationic:.4g} e of its cations; correct the "
            "oxidation states or occupancies, or raise charge_tolerance for a charged cell"
        )


def _check_overlap(structure: Structure) -> None:
    first, second, images, distances_A = structure.get_neighbor_list(_OVERLAP_A)
    occupancy = np.array([site.species.num_atoms for site in structure])
    for i, j, image, distance_A in zip(first, second, images, distances_A, strict=True):
        together = occupancy[i] + occupancy[j]
        if together > _MAX_SHARED_OCCUPANCY and (i < j or (i == j and tuple(image) > (0, 0, 0))):
            raise InputError(
                f"sites {i} ({structure[i].species_string}) and {j} "
                f"({structure[j].species_string}) are {distance_A:.2f} Å apart with occupancies "
                f"that sum to {together:.2f}; below {_OVERLAP_A} Å they may sum to "
                f"{_MAX_SHARED_OCCUPANCY}: remove one of them"
            )
