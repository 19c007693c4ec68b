"""Stress in one unit and one sign: GPa, positive where the cell is stretched.

Every conversion that labels need is here. ASE and CHGNet have this sign; VASP, and with it
pymatgen and atomate2, write kbar with the opposite one (positive where the cell is compressed).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from perolyte.errors import InputError
from perolyte.units import EV_PER_A3_TO_GPA, KBAR_PER_GPA

__all__ = [
    "find_outer_work_eV",
    "find_pressure_GPa",
    "stress_from_ase",
    "stress_from_vasp_kbar",
    "stress_from_virial",
    "stress_to_ase",
    "stress_to_vasp_kbar",
]

_VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""Places of the six components as ASE orders them: xx, yy, zz, yz, xz, xy."""


def stress_from_ase(stress_eV_A3: ArrayLike) -> np.ndarray:
    """Convert a stress of ASE.

    Parameters
    ----------
    stress_eV_A3
        ``(6,)`` in ASE's order xx, yy, zz, yz, xz, xy, or ``(3, 3)``, or its nine numbers; eV/Å³,
        positive where the cell is stretched.

    Returns
    -------
    numpy.ndarray
        ``(3, 3)``, GPa, same sign, symmetric.

    Raises
    ------
    InputError
        For another shape.

    Examples
    --------
    >>> stress_from_ase([0.01, 0, 0, 0, 0, 0.02]).round(3).tolist()
    [[1.602, 3.204, 0.0], [3.204, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    return _as_matrix(stress_eV_A3) * EV_PER_A3_TO_GPA


def stress_to_ase(stress_GPa: ArrayLike) -> np.ndarray:
    """Return ``(6,)`` in eV/Å³ with ASE's order and sign: the inverse of :func:`stress_from_ase`.

    Examples
    --------
    >>> stress_to_ase(stress_from_ase([1, 2, 3, 4, 5, 6])).round(12).tolist()
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    """
    matrix = _as_matrix(stress_GPa) / EV_PER_A3_TO_GPA
    return np.array([matrix[place] for place in _VOIGT])


def stress_from_vasp_kbar(stress_kbar: ArrayLike) -> np.ndarray:
    """Convert a stress of VASP, pymatgen or atomate2.

    Parameters
    ----------
    stress_kbar
        ``(3, 3)`` or ``(6,)``, kbar, positive where the cell is compressed.

    Returns
    -------
    numpy.ndarray
        ``(3, 3)``, GPa, positive where the cell is stretched.

    Examples
    --------
    >>> stress_from_vasp_kbar([10, 0, 0, 0, 0, 0]).round(6).tolist()[0]
    [-1.0, -0.0, -0.0]
    """
    return -_as_matrix(stress_kbar) / KBAR_PER_GPA


def stress_to_vasp_kbar(stress_GPa: ArrayLike) -> np.ndarray:
    """Return ``(3, 3)`` in kbar with VASP's sign: the inverse of :func:`stress_from_vasp_kbar`.

    Examples
    --------
    >>> stress_to_vasp_kbar(stress_from_vasp_kbar([10, 0, 0, 0, 0, 0])).tolist()[0]
    [10.0, 0.0, 0.0]
    """
    return -_as_matrix(stress_GPa) * KBAR_PER_GPA


def stress_from_virial(virial_eV: ArrayLike, volume_A3: float) -> np.ndarray:
    """Convert a virial, which is minus the stress times the volume.

    Parameters
    ----------
    virial_eV
        ``(3, 3)`` or nine numbers or ``(6,)``, eV.
    volume_A3
        Å³.

    Returns
    -------
    numpy.ndarray
        ``(3, 3)``, GPa, positive where the cell is stretched.

    Examples
    --------
    >>> stress_from_virial([1, 1, 1, 0, 0, 0], 160.2176634).diagonal().tolist()
    [-1.0, -1.0, -1.0]
    """
    return -_as_matrix(virial_eV) / volume_A3 * EV_PER_A3_TO_GPA


def find_outer_work_eV(pressure_kbar: float, volume_A3: float) -> float:
    """Return pressure times volume, which VASP adds to the energies of a run with ``PSTRESS``.

    Parameters
    ----------
    pressure_kbar
        ``PSTRESS``, kbar.
    volume_A3
        Å³.

    Examples
    --------
    >>> round(find_outer_work_eV(10.0, 160.2176634), 6)
    1.0
    """
    return pressure_kbar / KBAR_PER_GPA / EV_PER_A3_TO_GPA * volume_A3


def find_pressure_GPa(stress_GPa: ArrayLike) -> float:
    """Return minus a third of the trace, GPa: positive where the cell is compressed.

    Examples
    --------
    >>> find_pressure_GPa([-3, -3, -3, 0, 0, 0])
    3.0
    """
    return float(-np.trace(_as_matrix(stress_GPa)) / 3.0)


def _as_matrix(stress: ArrayLike) -> np.ndarray:
    array = np.asarray(stress, dtype=float)
    if array.shape == (6,):
        matrix = np.zeros((3, 3))
        for value, (row, column) in zip(array, _VOIGT, strict=True):
            matrix[row, column] = matrix[column, row] = value
        return matrix
    if array.shape in ((3, 3), (9,)):
        matrix = array.reshape(3, 3)
        return (matrix + matrix.T) / 2.0
    raise InputError(
        f"a stress has shape {array.shape}; give (3, 3) or (6,): xx, yy, zz, yz, xz, xy"
    )
