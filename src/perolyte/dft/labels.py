"""Build the document of a label: judge it, name its level of theory and its group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from perolyte import __version__
from perolyte.dft.checks import check_evaluation, doubt_stress
from perolyte.dft.evaluation import Evaluation
from perolyte.dft.theory import LevelOfTheory
from perolyte.errors import InputError
from perolyte.schemas import LabelDoc, Provenance

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["FrameGroup", "RawLabel", "build_label"]

_GROUP_KEYS = ("composition", "trajectory", "temperature_K", "kind")


@dataclass(frozen=True)
class FrameGroup:
    """Where a frame comes from: what splits keep apart.

    Parameters
    ----------
    composition
        Name of all frames with these atoms; by default the formula.
    trajectory
        Name of all frames that follow each other; by default that of the frame itself.
    temperature_K
        Of the sampling, K; None or 0 where there was none.
    kind
        "md", "rattled", "strained", "reference", "active" or any other word.
    details
        Anything else, kept as it is.

    Examples
    --------
    >>> FrameGroup.from_dict({"temperature_K": 600, "strain": 0.01}).details
    {'strain': 0.01}
    """

    composition: str | None = None
    trajectory: str | None = None
    temperature_K: float | None = None
    kind: str = "unknown"
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, group: Mapping[str, Any] | None) -> FrameGroup:
        """Read a group; other keys than the fields become details.

        Raises
        ------
        InputError
            For a temperature that is none.
        """
        given = dict(group or {})
        details = {**dict(given.pop("details", None) or {})}
        details |= {str(key): given.pop(key) for key in list(given) if key not in _GROUP_KEYS}
        temperature = given.get("temperature_K")
        if temperature is not None:
            try:
                temperature = float(temperature)
            except (TypeError, ValueError) as err:
                raise InputError(
                    f"temperature_K is {temperature!r}; give a number in K, or leave it out"
                ) from err
            if not 0 <= temperature < float("inf"):
                raise InputError(f"temperature_K is {temperature} K; give 0 or more")
        words = {
            key: None if given.get(key) is None else str(given[key])
            for key in ("composition", "trajectory")
        }
        kind = str(given.get("kind") or "unknown")
        return cls(temperature_K=temperature, kind=kind, details=details, **words)


@dataclass(frozen=True, eq=False)
class RawLabel:
    """A label as a reader or an engine gives it, not judged yet.

    Parameters
    ----------
    name
        Of the frame.
    structure
        Ordered.
    found
        The numbers.
    theory
        Level of theory.
    engine_version
        None where it is not known.
    group
        Where the frame comes from.
    energy_correction_eV
        Of ``theory.energy_correction``.
    source
        File.
    """

    name: str
    structure: Structure
    found: Evaluation
    theory: LevelOfTheory = field(default_factory=LevelOfTheory)
    engine_version: str | None = None
    group: FrameGroup = field(default_factory=FrameGroup)
    energy_correction_eV: float = 0.0
    source: str | None = None


def build_label(raw: RawLabel, *, provenance: Provenance | None = None, **fields: Any) -> LabelDoc:
    """Judge a label and build its document.

    Parameters
    ----------
    raw
        As read or computed.
    provenance
        By default only that this version made the document.
    **fields
        ``uuid``, ``campaign`` and ``task_uuid`` of the document.

    Examples
    --------
    >>> import numpy as np
    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure(Lattice.cubic(3.0), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> label = build_label(RawLabel("salt", salt, Evaluation(-7.2, np.zeros((2, 3)))))
    >>> label.status, label.to_frame().energy_per_atom_eV
    ('converged', -3.6)
    """
    structure, found, group = raw.structure, raw.found, raw.group
    verdict = check_evaluation(found, len(structure))
    has_numbers = verdict.net_force_eV_A is not None
    doubt = "" if found.stress_GPa is None else doubt_stress(raw.theory)
    formula = structure.composition.reduced_formula
    return LabelDoc(
        name=raw.name,
        status=verdict.status,
        reasons=list(verdict.reasons),
        warnings=[*verdict.warnings, *([doubt] if doubt else [])],
        provenance=provenance or Provenance(perolyte_version=__version__),
        formula=formula,
        structure=structure,
        energy_eV=found.energy_eV if has_numbers else None,
        energy_correction_eV=raw.energy_correction_eV,
        forces_eV_A=_as_list(found.forces_eV_A) if has_numbers else None,
        stress_GPa=_as_list(found.stress_GPa) if has_numbers else None,
        stress_doubt=doubt or None,
        magmoms_muB=_as_list(found.magmoms_muB) if has_numbers else None,
        engine=raw.theory.engine,
        engine_version=raw.engine_version,
        settings=raw.theory.as_settings(),
        settings_sha256=raw.theory.sha256,
        net_force_eV_A=verdict.net_force_eV_A,
        max_force_eV_A=verdict.max_force_eV_A,
        pressure_GPa=verdict.pressure_GPa,
        scf_converged=found.scf_converged,
        composition=group.composition or formula,
        trajectory=group.trajectory or raw.name,
        temperature_K=group.temperature_K,
        kind=group.kind,
        details=group.details,
        source=raw.source,
        **fields,
    )


def reject(raw: RawLabel, reason: str) -> RawLabel:
    """Return the label with the reason why it cannot be used."""
    return replace(raw, found=Evaluation(failure=reason))


def _as_list(values: Any) -> Any:
    return None if values is None else [*map(_plain, values)]


def _plain(value: Any) -> Any:
    return [float(part) for part in value] if hasattr(value, "__len__") else float(value)
