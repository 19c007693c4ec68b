"""The energy correction of the Materials Project (MP2020): the one place where it is applied.

CHGNet's training energies carry it, so that labels that are compatible with its settings must carry
it too. Labels of another code, functional or U must not: their reference energies are fitted
instead. Method: doi 10.1038/s41598-021-94550-5.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from perolyte.errors import InputError
from perolyte.parsing import shorten_error

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["find_mp2020_correction_eV"]


@lru_cache(maxsize=1)
def _scheme() -> Any:
    from pymatgen.entries.compatibility import MaterialsProject2020Compatibility

    return MaterialsProject2020Compatibility()


def find_mp2020_correction_eV(
    structure: Structure, *, pseudopotentials: dict[str, str], hubbard_U_eV: dict[str, float]
) -> float:
    """Return what MP2020 adds to a VASP energy of PBE or PBE+U.

    Parameters
    ----------
    structure
        Ordered.
    pseudopotentials
        VASP's name for each element, as ``{"Ti": "Ti_pv"}``.
    hubbard_U_eV
        eV, by element.

    Returns
    -------
    float
        eV for the whole cell, to be added.

    Raises
    ------
    InputError
        Where the calculation does not fit the scheme: other pseudopotentials, or another U.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> cell = Structure.from_spacegroup("Pm-3m", Lattice.cubic(3.9), ["Sr", "Ti", "O"],
    ...                                  [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]])
    >>> round(find_mp2020_correction_eV(
    ...     cell, pseudopotentials={"Sr": "Sr_sv", "Ti": "Ti_pv", "O": "O"}, hubbard_U_eV={}), 3)
    -2.061
    """
    from pymatgen.entries.compatibility import CompatibilityError
    from pymatgen.entries.computed_entries import ComputedStructureEntry

    used = {element: u_eV for element, u_eV in hubbard_U_eV.items() if u_eV}
    entry = ComputedStructureEntry(
        structure,
        0.0,
        parameters={
            "run_type": "GGA+U" if used else "GGA",
            "hubbards": used,
            "potcar_symbols": [f"PAW_PBE {name}" for name in pseudopotentials.values()],
        },
    )
    try:
        with warnings.catch_warnings():
            # guesses of oxidation states that fail: only anions beside oxygen need them
            warnings.simplefilter("ignore")
            adjustments = _scheme().get_adjustments(entry)
    except (CompatibilityError, KeyError, ValueError) as err:
        raise InputError(
            f"MP2020 does not fit this calculation ({shorten_error(err)}); leave its energies as "
            "they are (energy_correction None, --raw-energies) and train with fitted references"
        ) from err
    return float(sum(adjustment.value for adjustment in adjustments))
