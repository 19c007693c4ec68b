"""GPAW with the settings of labels, as an ASE calculator that needs no structure to be built.

GPAW is an optional engine (``pip install gpaw``, GPL-3): it is imported when a calculation begins.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator, SCFError, all_changes

from perolyte.dft.checks import STRESS_CUTOFF_EV
from perolyte.dft.setting_names import check_setting_names
from perolyte.dft.theory import LevelOfTheory
from perolyte.errors import ExecutionError, InputError
from perolyte.parsing import shorten_error

__all__ = ["GPAW_ADVICE", "GpawCalculator", "GpawSettings", "check_gpaw", "count_kpoints"]

GPAW_ADVICE = (
    "install libxc and OpenBLAS with their headers (Debian: apt-get install libxc-dev "
    "libopenblas-dev g++), write siteconfig.py with mpi=False, compiler='g++', "
    "libraries=['xc','openblas'], noblas=False, nolibxc=False, then run "
    "'GPAW_CONFIG=$PWD/siteconfig.py pip install gpaw'"
)
"""How to get GPAW with its PAW data: without the file the build fails where an MPI compiler is."""

_GRACE = 0.1
"""Of a k-point: a length just below a whole division needs no further one."""


@dataclass(frozen=True)
class GpawSettings:
    """Settings of a GPAW calculation of labels; the defaults are those of a training set.

    Parameters
    ----------
    plane_wave_cutoff_eV
        eV. 600 converges forces on Ti in a distorted SrTiO3 to 0.1 meV/Å; with 400 they are off by
        0.09 eV/Å.
    functional
        As GPAW names it.
    kpoint_length_A
        Å: k-points times length of the cell, along each axis, at least; the mesh holds Γ. Half of
        the default puts forces in a hot cell of 10 atoms off by 0.4 eV/Å, the default by 6 meV/Å.
    smearing_eV
        Width of the Fermi-Dirac distribution, eV.
    energy_tolerance_eV
        Change of the energy between iterations, eV for each valence electron.
    force_tolerance_eV_A
        Change of the forces between iterations, eV/Å.
    max_iterations
        Before the calculation counts as not converged.
    spin_polarised
        Whether spins may differ; needed with d electrons that are not paired.

    Raises
    ------
    InputError
        For numbers out of range.
    """

    plane_wave_cutoff_eV: float = 600.0
    functional: str = "PBE"
    kpoint_length_A: float = 15.0
    smearing_eV: float = 0.05
    energy_tolerance_eV: float = 1e-5
    force_tolerance_eV_A: float = 1e-3
    max_iterations: int = 120
    spin_polarised: bool = False

    def __post_init__(self) -> None:
        units = {
            "plane_wave_cutoff_eV": "eV",
            "kpoint_length_A": "Å",
            "smearing_eV": "eV",
            "energy_tolerance_eV": "eV",
            "force_tolerance_eV_A": "eV/Å",
            "max_iterations": "iterations",
        }
        for name, unit in units.items():
            value = getattr(self, name)
            if not (isinstance(value, int | float) and math.isfinite(value) and value > 0):
                raise InputError(f"{name} is {value!r} {unit}; give a number above 0")

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> GpawSettings:
        """Read settings by name, as a maker or a campaign holds them.

        Raises
        ------
        InputError
            For a name that is not known.
        """
        check_setting_names("GPAW", settings, cls)
        return cls(**settings)

    @property
    def theory(self) -> LevelOfTheory:
        """Level of theory of the labels that are made with them."""
        return LevelOfTheory(
            engine="gpaw",
            functional=self.functional,
            cutoff_eV=float(self.plane_wave_cutoff_eV),
            pseudopotentials={"*": "GPAW PAW data"},
            numerics={
                "kpoint_length_A": float(self.kpoint_length_A),
                "smearing": "Fermi-Dirac",
                "smearing_eV": float(self.smearing_eV),
                "energy_tolerance_eV_electron": float(self.energy_tolerance_eV),
                "force_tolerance_eV_A": float(self.force_tolerance_eV_A),
                "spin_polarised": bool(self.spin_polarised),
            },
        )


def count_kpoints(lengths_A: Sequence[float], kpoint_length_A: float) -> tuple[int, int, int]:
    """Return the divisions of a Γ-centred mesh.

    Parameters
    ----------
    lengths_A
        ``(3,)``, lengths of the cell vectors, Å.
    kpoint_length_A
        k-points times length, at least, less a tenth of a k-point.

    Returns
    -------
    tuple of int
        Along each axis, at least 1.

    Examples
    --------
    >>> count_kpoints([3.9, 4.05, 7.8], 7.8)
    (2, 2, 1)
    """
    a, b, c = (max(1, math.ceil(kpoint_length_A / length - _GRACE)) for length in lengths_A)
    return a, b, c


def check_gpaw() -> str:
    """Return the version of GPAW.

    Raises
    ------
    ExecutionError
        If it is not installed, with the way to get it.
    """
    try:
        return version("gpaw")
    except PackageNotFoundError as err:
        raise ExecutionError(f"GPAW is not installed; {GPAW_ADVICE}") from err


class GpawCalculator(Calculator):
    """GPAW with a mesh that follows from the first cell it is given.

    The mesh stays while atoms move and the cell is relaxed, so that energies are comparable; other
    atoms, or :meth:`forget`, begin anew.

    Parameters
    ----------
    txt
        File for GPAW's log, None for none.
    **settings
        Fields of :class:`GpawSettings`.

    Raises
    ------
    InputError
        For unknown settings, or numbers out of range.

    Examples
    --------
    >>> GpawCalculator(plane_wave_cutoff_eV=400).settings.theory.describe()
    'gpaw, PBE, 400 eV, GPAW PAW data'
    """

    implemented_properties = [  # noqa: RUF012 (ASE's own form)
        "energy",
        "free_energy",
        "forces",
        "stress",
        "magmoms",
    ]

    def __init__(self, txt: str | None = None, **settings: Any) -> None:
        super().__init__()
        self.settings = GpawSettings.from_dict(settings)
        self._txt = txt
        self._inner: Any = None
        self._numbers: np.ndarray | None = None

    @property
    def theory(self) -> LevelOfTheory:
        """Level of theory of what it computes."""
        return self.settings.theory

    def check_stress(self, purpose: str) -> None:
        """Refuse a cutoff that is too low for stresses.

        Raises
        ------
        InputError
            Naming what needs them, ``purpose``.
        """
        least_eV, cutoff_eV = STRESS_CUTOFF_EV["gpaw"], self.settings.plane_wave_cutoff_eV
        if cutoff_eV < least_eV:
            raise InputError(
                f"{purpose} with plane_wave_cutoff_eV {cutoff_eV:g} eV: stresses converge from "
                f"{least_eV:g} eV on; raise the cutoff, or keep the cell"
            )

    def forget(self) -> None:
        """Begin anew with the next atoms, wave functions and mesh; give the memory back."""
        self._inner = self._numbers = None
        self.reset()
        # GPAW's parts refer to each other in circles: a worker would keep those of many labels
        gc.collect()

    def calculate(
        self,
        atoms: Any = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Compute everything at once: forces and stress cost little beside the energy.

        Raises
        ------
        ExecutionError
            If GPAW, or its data for one of the elements, is not installed.
        ase.calculators.calculator.SCFError
            If the electrons do not converge.
        """
        super().calculate(atoms, properties, system_changes)
        computed: Any = atoms.copy()
        if not self.settings.spin_polarised:  # moments of an earlier calculation
            computed.set_initial_magnetic_moments(None)
        numbers = computed.get_atomic_numbers()
        known = self._numbers
        if self._inner is None or known is None or not np.array_equal(numbers, known):
            self._inner, self._numbers = self._build(computed), numbers
        computed.calc = self._inner
        self.results = _compute(
            computed,
            has_spins=self.settings.spin_polarised,
            max_iterations=self.settings.max_iterations,
        )

    def _build(self, atoms: Any) -> Any:
        check_gpaw()
        from gpaw import GPAW, PW, FermiDirac

        settings = self.settings
        mesh = count_kpoints(atoms.cell.lengths(), settings.kpoint_length_A)
        return GPAW(
            mode=PW(settings.plane_wave_cutoff_eV),
            xc=settings.functional,
            kpts={"size": mesh, "gamma": True},
            occupations=FermiDirac(settings.smearing_eV),
            convergence={
                "energy": settings.energy_tolerance_eV,
                "forces": settings.force_tolerance_eV_A,
            },
            maxiter=settings.max_iterations,
            txt=self._txt,
            spinpol=settings.spin_polarised,
        )


def _compute(atoms: Any, *, has_spins: bool, max_iterations: int) -> dict[str, Any]:
    from gpaw import ConvergenceError

    try:
        results = {
            "energy": atoms.get_potential_energy(),
            "free_energy": atoms.get_potential_energy(force_consistent=True),
            "forces": atoms.get_forces(),
            "stress": atoms.get_stress(),
        }
        if has_spins:
            results["magmoms"] = atoms.get_magnetic_moments()
    except ConvergenceError as err:
        raise SCFError(f"no self-consistent density after {max_iterations} iterations") from err
    except FileNotFoundError as err:
        raise ExecutionError(
            f"GPAW has no PAW data for an element of {atoms.get_chemical_formula()} "
            f"({shorten_error(err)}); run 'pip install gpaw-data', or set GPAW_SETUP_PATH"
        ) from err
    return results
