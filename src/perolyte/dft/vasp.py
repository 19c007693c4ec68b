"""VASP for labels: input that fits CHGNet's training data; the level of theory of its output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from perolyte.dft.compatibility import find_mp2020_correction_eV
from perolyte.dft.theory import LevelOfTheory
from perolyte.errors import InputError

if TYPE_CHECKING:
    from atomate2.vasp.jobs.base import BaseVaspMaker
    from pymatgen.core import Structure

__all__ = ["EnergyCorrection", "build_vasp_static_maker", "correct_energy", "find_vasp_theory"]

EnergyCorrection = Literal["MP2020"]

_LABEL_INCAR = {
    "ALGO": "Normal",
    "EDIFF": 1e-6,  # MPRelaxSet's grows with the cell: too loose for forces of 100 atoms
    "ISMEAR": 0,  # tetrahedra need four k-points, which large cells do not have
    "LCHARG": False,
    "LWAVE": False,
    "NELM": 200,
    "SIGMA": 0.05,
}
_TITLES = {"PAW_PBE": "PBE", "PAW_GGA": "PW91", "PAW": "LDA", "US": "LDA"}
"""Functional that a POTCAR was made with, which VASP uses where the INCAR names none."""
_GGA_TAGS = {"PE": "PBE", "PS": "PBEsol", "91": "PW91", "RP": "RPBE", "AM": "AM05", "CA": "LDA"}
_UNSET = ("", "--", "NONE")


def build_vasp_static_maker(
    *,
    name: str = "VASP static",
    user_incar_settings: Mapping[str, Any] | None = None,
    **maker_kwargs: Any,
) -> BaseVaspMaker:
    """Build atomate2's static maker with the settings of the Materials Project, for labels.

    PBE, and PBE+U on the oxides and fluorides for which the Materials Project has a U; 520 eV; its
    pseudopotentials; 100 k-points per Å⁻³ of reciprocal volume, Γ-centred. Beside ``MPStaticSet``
    the electrons converge to 1e-6 eV with Gaussian smearing, and nothing large is written.
    Custodian and its handlers are as atomate2 attaches them. Needs the ``POTCAR`` files of
    pymatgen's setting ``PMG_VASP_PSP_DIR``; without them,
    ``write_input_set_kwargs={"potcar_spec": True}`` writes their names instead.

    Parameters
    ----------
    name
        Of the maker.
    user_incar_settings
        Tags beside those; U, functional and cutoff are better left, because CHGNet's data and the
        MP2020 correction have them so.
    **maker_kwargs
        Other fields of atomate2's maker.

    Examples
    --------
    >>> maker = build_vasp_static_maker()
    >>> maker.input_set_generator.user_incar_settings["EDIFF"]
    1e-06
    """
    from atomate2.vasp.jobs.mp import MPGGAStaticMaker
    from pymatgen.io.vasp.sets import MPStaticSet

    settings = {**_LABEL_INCAR, **(user_incar_settings or {})}
    generator: Any = MPStaticSet(
        user_incar_settings=settings,
        force_gamma=True,
        auto_metal_kpoints=True,
        inherit_incar=False,
    )
    return MPGGAStaticMaker(name=name, input_set_generator=generator, **maker_kwargs)


def find_vasp_theory(
    parameters: Mapping[str, Any],
    titles: Sequence[str],
    hubbard_U_eV: Mapping[str, float] | None = None,
    *,
    kpoints: Sequence[int] | None = None,
) -> LevelOfTheory:
    """Return the level of theory of a VASP calculation.

    Parameters
    ----------
    parameters
        Of vasprun.xml, or the INCAR.
    titles
        Of the POTCARs, as "PAW_PBE Ti_pv 07Sep2000".
    hubbard_U_eV
        eV, by element.
    kpoints
        Divisions of the mesh.

    Raises
    ------
    InputError
        For POTCARs of several functionals, or that cannot be read.

    Examples
    --------
    >>> theory = find_vasp_theory({"ENMAX": 520.0, "GGA": "--"}, ["PAW_PBE O 08Apr2002"])
    >>> theory.functional, theory.cutoff_eV, theory.pseudopotentials
    ('PBE', 520.0, {'O': 'O'})
    """
    tags = {str(key).strip().upper(): value for key, value in parameters.items()}
    families, names = set(), {}
    for title in titles:
        words = str(title).split()
        if len(words) < 2:
            raise InputError(f"POTCAR title {title!r} names no element; give another source")
        families.add(words[0])
        names[words[1].split("_")[0].split(".")[0]] = words[1]
    functional = _find_functional(tags, families)
    used = {element: float(u) for element, u in (hubbard_U_eV or {}).items() if u}
    cutoff = tags.get("ENCUT", tags.get("ENMAX"))
    return LevelOfTheory(
        engine="vasp",
        functional=f"{functional}+U" if used and functional else functional,
        cutoff_eV=None if cutoff is None else float(cutoff),
        pseudopotentials=dict(sorted(names.items())),
        hubbard_U_eV=dict(sorted(used.items())),
        numerics={
            **({} if kpoints is None else {"kpoints": [int(n) for n in kpoints]}),
            **{
                key.lower(): tags[key]
                for key in ("ISMEAR", "SIGMA", "EDIFF", "ISPIN", "PREC")
                if key in tags
            },
        },
    )


def _find_functional(tags: Mapping[str, Any], families: set[str]) -> str | None:
    if len(families) > 1:
        raise InputError(
            f"POTCARs are of the families {', '.join(sorted(families))}; give calculations with one"
        )
    meta, gga = (str(tags.get(key, "")).strip().upper() for key in ("METAGGA", "GGA"))
    if meta not in _UNSET:
        base: str | None = meta
    elif gga not in _UNSET:
        base = _GGA_TAGS.get(gga, f"GGA={gga}")
    else:
        base = next((_TITLES.get(family) for family in families), None)
    if base is None:
        return None
    if str(tags.get("LHFCALC", "F")).strip(". ").upper().startswith("T"):
        base = f"hybrid of {base}"
    dispersion = int(float(tags.get("IVDW", 0) or 0))
    return f"{base}+vdW({dispersion})" if dispersion else base


def correct_energy(
    theory: LevelOfTheory, structure: Structure, correction: EnergyCorrection | None
) -> tuple[LevelOfTheory, float]:
    """Return the level of theory with the correction named, and its energy.

    Parameters
    ----------
    theory
        Of a VASP calculation.
    structure
        Whose energy is corrected.
    correction
        "MP2020", or None to leave energies as they are.

    Returns
    -------
    LevelOfTheory, float
        The correction in eV for the whole cell, 0 without one.

    Raises
    ------
    InputError
        Where the correction does not fit the level of theory.
    """
    if correction is None:
        return theory, 0.0
    if theory.functional not in ("PBE", "PBE+U"):
        raise InputError(
            f"MP2020 corrects PBE and PBE+U, not {theory.functional or 'an unknown functional'}; "
            "leave energies as they are (energy_correction None, --raw-energies) and train with "
            "fitted references"
        )
    value = find_mp2020_correction_eV(
        structure,
        pseudopotentials=theory.pseudopotentials,
        hubbard_U_eV=theory.hubbard_U_eV,
    )
    return replace(theory, energy_correction=correction), value
