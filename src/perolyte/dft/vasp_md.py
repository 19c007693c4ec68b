"""VASP's molecular dynamics: the inputs of one stretch of a run, and the stretches of a run.

The settings are those of pymatgen's MPRelaxSet (PBE, PBE+U where the Materials Project has it, its
POTCARs, 520 eV), so that energies lie on the surface of labels and of CHGNet, with what atomate2's
``MDSetGenerator`` changes for dynamics.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from perolyte.dft.setting_names import check_setting_names
from perolyte.errors import InputError

if TYPE_CHECKING:
    from atomate2.vasp.flows.md import MultiMDMaker
    from atomate2.vasp.sets.core import MDSetGenerator

__all__ = ["ENSEMBLES", "VaspDynamics"]

ENSEMBLES = {"nose-hoover": "nvt", "none": "nve"}
"""Thermostats that VASP has here, as atomate2 names them: Nosé-Hoover with a period of 40 steps."""

_FIXED = {"TEBEG", "TEEND", "NSW", "POTIM", "IBRION", "NBLOCK"}
"""What the maker decides; anything else may be given."""


@dataclass(frozen=True)
class VaspDynamics:
    """Settings of VASP's molecular dynamics beside temperature and length.

    Parameters
    ----------
    k_points
        Divisions of a Γ-centred mesh. Γ alone is for cells of 10 Å and more: in one of 8 Å it
        leaves forces off by 0.4 eV/Å (LiLaTi2O6).
    steps_per_job
        Steps of one VASP run. The next one goes on from its positions and velocities, so that a
        kill loses at most these.
    spin_polarized
        Two spin channels, at twice the cost; closed shells (Ti4+, La3+, Zr4+) need one.
    incar
        INCAR tags that stand above all others.
    run_vasp_kwargs
        Of atomate2's ``run_vasp``, such as ``vasp_cmd``; custodian's handlers stay atomate2's
        unless they are given.

    Raises
    ------
    InputError
        For numbers out of range, and for tags that the maker decides.

    Examples
    --------
    >>> VaspDynamics(steps_per_job=400).split(1000)
    [400, 400, 200]
    """

    k_points: tuple[int, int, int] = (1, 1, 1)
    steps_per_job: int = 1000
    spin_polarized: bool = False
    incar: dict[str, Any] = field(default_factory=dict)
    run_vasp_kwargs: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.k_points) != 3 or not all(isinstance(n, int) and n > 0 for n in self.k_points):
            raise InputError(
                f"k_points is {list(self.k_points)}; give three whole numbers of at least 1"
            )
        if self.steps_per_job < 1:
            raise InputError(f"steps_per_job is {self.steps_per_job}; give at least 1")
        taken = sorted(_FIXED & {tag.upper() for tag in self.incar})
        if taken:
            raise InputError(
                f"incar sets {taken[0]}, which temperatures, lengths and time step decide; leave "
                "it out"
            )

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> VaspDynamics:
        """Read settings by name, as a maker or a campaign holds them.

        Raises
        ------
        InputError
            For a name that is not known.
        """
        check_setting_names("VASP", settings, cls)
        given = dict(settings)
        if "k_points" in given:
            given["k_points"] = tuple(given["k_points"])
        return cls(**given)

    def split(self, n_steps: int) -> list[int]:
        """Return the steps of each VASP run."""
        whole, rest = divmod(n_steps, self.steps_per_job)
        return [self.steps_per_job] * whole + [rest] * (rest > 0)

    def build_inputs(
        self, *, temperature_K: float, time_step_fs: float, n_steps: int, thermostat: str
    ) -> MDSetGenerator:
        """Return atomate2's generator of the inputs of one stretch."""
        from atomate2.vasp.sets.core import MDSetGenerator
        from pymatgen.io.vasp import Kpoints
        from pymatgen.io.vasp.sets import MPRelaxSet

        config = copy.deepcopy(MPRelaxSet.CONFIG)
        # a relaxation does not need to conserve energy, for which its tolerance is too wide
        config["INCAR"]["EDIFF_PER_ATOM"] = 1e-5
        incar: dict[str, Any] = {
            "ISMEAR": 0,  # tetrahedra need more k-points
            "SIGMA": 0.05,
            "LREAL": "Auto",
            "NBLOCK": 1,
            "ISPIN": 2 if self.spin_polarized else 1,
            "LORBIT": None,
        }
        if not self.spin_polarized:
            incar["MAGMOM"] = None
        k_points: Any = Kpoints.gamma_automatic(self.k_points)
        return MDSetGenerator(
            ensemble=ENSEMBLES[thermostat],
            start_temp=temperature_K,
            end_temp=temperature_K,
            nsteps=n_steps,
            time_step=time_step_fs,
            auto_ispin=False,
            config_dict=config,
            user_kpoints_settings=k_points,
            user_incar_settings={**incar, **self.incar},
        )

    def build_maker(
        self,
        *,
        temperature_K: float,
        time_step_fs: float,
        n_steps: int,
        thermostat: str,
        name: str,
    ) -> MultiMDMaker:
        """Return atomate2's maker of a run as a chain of stretches."""
        from atomate2.vasp.flows.md import MultiMDMaker
        from atomate2.vasp.jobs.md import MDMaker

        makers: list[Any] = []
        for length in self.split(n_steps):
            maker = MDMaker(
                name=name,
                input_set_generator=self.build_inputs(
                    temperature_K=temperature_K,
                    time_step_fs=time_step_fs,
                    n_steps=length,
                    thermostat=thermostat,
                ),
            )
            maker.run_vasp_kwargs = {**maker.run_vasp_kwargs, **self.run_vasp_kwargs}
            makers.append(maker)
        return MultiMDMaker(name=name, md_makers=makers)
