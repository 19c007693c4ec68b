"""The input files of a calculation, as text, without running it and without POTCARs."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pprint import pformat
from typing import TYPE_CHECKING, Any, Literal

from perolyte.dft.checks import STRESS_CUTOFF_EV
from perolyte.dft.gpaw import GpawCalculator, GpawSettings
from perolyte.dft.vasp import build_vasp_static_maker
from perolyte.dft.vasp_md import ENSEMBLES, VaspDynamics
from perolyte.errors import InputError

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["INPUT_KINDS", "InputKind", "InputSettings", "hash_files", "make_input_files"]

InputKind = Literal["static", "relax", "aimd"]
INPUT_KINDS: tuple[InputKind, ...] = ("static", "relax", "aimd")

_CALCULATORS = {
    "cp2k": "perolyte.dft.cp2k.build_cp2k",
    "espresso": "perolyte.dft.espresso.build_espresso",
    "gpaw": "perolyte.dft.gpaw.GpawCalculator",
}
_SCRIPT = {
    "static": """from ase.io import read, write

from perolyte.potentials.choosing import build_calculator

atoms = read("POSCAR", format="vasp")
atoms.calc = build_calculator(CALCULATOR, SETTINGS)
atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
write("result.extxyz", atoms)
""",
    "relax": """from ase.filters import FrechetCellFilter
from ase.io import read, write
from ase.optimize import LBFGS

from perolyte.potentials.choosing import build_calculator

atoms = read("POSCAR", format="vasp")
atoms.calc = build_calculator(CALCULATOR, SETTINGS)
LBFGS(FrechetCellFilter(atoms), trajectory="relax.traj").run(fmax=0.02, steps=300)
write("result.extxyz", atoms)
""",
    "aimd": """from jobflow import run_locally
from pymatgen.core import Structure

from perolyte.flows import AimdMaker, assign_identities

maker = AimdMaker(**MAKER)
job = assign_identities(maker.make(Structure.from_file("POSCAR"), **RUN))
# the same command again goes on from the last checkpoint, in the folder md
run_locally(job, create_folders=False, ensure_success=True)
""",
}


@dataclass(frozen=True)
class InputSettings:
    """What is asked for beside structure and kind.

    Parameters
    ----------
    engine
        "vasp", "gpaw", "espresso", "cp2k", or the import path of an ASE calculator.
    settings
        Of the engine: of :class:`~perolyte.dft.gpaw.GpawSettings`, the arguments of the calculator,
        or for VASP those of :class:`~perolyte.dft.vasp_md.VaspDynamics`; its ``incar`` stands above
        the tags of all kinds.
    mobile_ion, hop_distance_A, seed
        Of ab initio MD.
    time_step_fs, frame_interval_fs, equilibration_ps, production_ps, thermostat
        As :class:`~perolyte.flows.AimdMaker`.

    Raises
    ------
    InputError
        For settings that the engine does not have.
    """

    engine: str = "vasp"
    settings: dict[str, Any] = field(default_factory=dict)
    mobile_ion: str = "Li"
    hop_distance_A: float = 3.0
    seed: int = 0
    time_step_fs: float = 2.0
    frame_interval_fs: float = 10.0
    equilibration_ps: float = 2.0
    production_ps: float = 20.0
    thermostat: Literal["nose-hoover", "none"] = "nose-hoover"

    def __post_init__(self) -> None:
        known = ["vasp", *_CALCULATORS]
        if self.engine not in known and "." not in self.engine:
            raise InputError(
                f"engine {self.engine!r} is not known; use {', '.join(known)}, or the import path "
                "of an ASE calculator"
            )
        if self.thermostat not in ENSEMBLES:
            raise InputError(
                f"thermostat {self.thermostat!r} is not known; use {' or '.join(ENSEMBLES)}"
            )
        if self.engine == "vasp":
            VaspDynamics.from_dict(self.settings)
        if self.engine == "gpaw":
            GpawSettings.from_dict(self.settings)

    @property
    def calculator(self) -> str:
        """Import path of the ASE calculator."""
        return _CALCULATORS.get(self.engine, self.engine)

    @property
    def n_steps(self) -> int:
        """Steps of ab initio MD."""
        return round(1000.0 * (self.equilibration_ps + self.production_ps) / self.time_step_fs)

    def list_settings(self, kind: InputKind) -> dict[str, Any]:
        """Return the settings of a script: all of GPAW's, so that it hides none.

        A cell is relaxed with GPAW at a cutoff from which stresses converge, unless one is given.

        Raises
        ------
        InputError
            For one that is not known, or a cutoff that is too low to relax a cell.
        """
        if self.engine != "gpaw":
            return self.settings
        least = {"plane_wave_cutoff_eV": STRESS_CUTOFF_EV["gpaw"]} if kind == "relax" else {}
        calculator = GpawCalculator(**{**least, **self.settings})
        if kind == "relax":
            calculator.check_stress("relax")
        return asdict(calculator.settings)


def make_input_files(
    structure: Structure,
    kind: InputKind,
    asked: InputSettings,
    *,
    temperature_K: float | None = None,
) -> dict[str, str]:
    """Return the text of each input file by its name.

    Parameters
    ----------
    structure
        Ordered.
    kind
        "static", "relax" or "aimd".
    asked
        Engine and settings.
    temperature_K
        K, of ab initio MD.

    Returns
    -------
    dict
        VASP: INCAR, KPOINTS, POSCAR and POTCAR.spec, from which ``pmg`` or atomate2 makes the
        POTCAR; other engines: POSCAR and run.py, which runs as it is.

    Raises
    ------
    InputError
        For a disordered structure, MD without a temperature, or a cell to relax with GPAW at a
        cutoff that is too low for stresses.

    Examples
    --------
    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure(Lattice.cubic(4.1), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> sorted(make_input_files(salt, "static", InputSettings(engine="gpaw")))
    ['POSCAR', 'run.py']
    """
    if not structure.is_ordered:
        raise InputError(
            f"{structure.composition.reduced_formula} has partly occupied sites; order it first, "
            "with perolyte.structures or a campaign"
        )
    if kind == "aimd" and not (temperature_K and temperature_K > 0):
        raise InputError(f"temperature_K of MD is {temperature_K}; give one above 0 K")
    plain = structure.get_sorted_structure()
    plain.remove_oxidation_states()
    if asked.engine == "vasp":
        return _make_vasp_files(plain, kind, asked, temperature_K)
    from pymatgen.io.vasp import Poscar

    script = _make_script(kind, asked, temperature_K)
    return {"POSCAR": Poscar(plain).get_str(significant_figures=16), "run.py": script}


def hash_files(files: dict[str, str]) -> dict[str, str]:
    """Return the SHA-256 of each file's content."""
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}


def _make_vasp_files(
    structure: Structure, kind: InputKind, asked: InputSettings, temperature_K: float | None
) -> dict[str, str]:
    engine = VaspDynamics.from_dict(asked.settings)
    if kind == "aimd":
        generator: Any = engine.build_inputs(
            temperature_K=temperature_K or 0.0,
            time_step_fs=asked.time_step_fs,
            n_steps=engine.split(asked.n_steps)[0],
            thermostat=asked.thermostat,
        )
    else:
        generator = _get_generator(kind)
    written = generator.get_input_set(structure, potcar_spec=True)
    incar = written["INCAR"]
    if kind != "aimd":
        incar.update(engine.incar)
    return {name: f"{str(content).rstrip()}\n" for name, content in written.items()}


@lru_cache(maxsize=2)
def _get_generator(kind: str) -> Any:
    """Return the input generator of labels, or that of the Materials Project's relaxations."""
    if kind == "static":
        return build_vasp_static_maker().input_set_generator
    from atomate2.vasp.jobs.mp import MPGGARelaxMaker

    return MPGGARelaxMaker().input_set_generator


def _make_script(kind: InputKind, asked: InputSettings, temperature_K: float | None) -> str:
    named: dict[str, Any]
    if kind == "aimd":
        maker = {
            "engine": asked.engine,
            "engine_kwargs": asked.settings,
            "thermostat": asked.thermostat,
            "time_step_fs": asked.time_step_fs,
            "frame_interval_fs": asked.frame_interval_fs,
            "equilibration_ps": asked.equilibration_ps,
            "production_ps": asked.production_ps,
        }
        run = {
            "temperatures_K": [temperature_K],
            "mobile_ion": asked.mobile_ion,
            "hop_distance_A": asked.hop_distance_A,
            "seed": asked.seed,
        }
        named = {"MAKER": maker, "RUN": run}
    else:
        named = {"CALCULATOR": asked.calculator, "SETTINGS": asked.list_settings(kind)}
    marker = "maker = " if kind == "aimd" else "atoms = "
    imports, _, rest = _SCRIPT[kind].partition(f"\n{marker}")
    values = "".join(
        f"{name} = {pformat(value, width=90, sort_dicts=False)}\n" for name, value in named.items()
    )
    title = f'"""{kind} with {asked.engine}: python run.py, in this folder."""\n\n'
    return f"{title}{imports}\n{values}\n{marker}{rest}"
